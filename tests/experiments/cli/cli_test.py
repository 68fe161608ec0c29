#!/usr/bin/env python3
"""The program from outside. RHEOBASE names the binary; run from the root of the checkout."""

import gzip
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["RHEOBASE"]
ONNX = pathlib.Path("experiments/models/fashion-mnist-cnn-qcfs-L4.onnx").resolve()
IMAGES, STEPS = 12, 4

JSON_KEYS = [
    "schema", "model", "model_sha256", "data", "split", "samples", "device", "arithmetic", "steps", "slots", "threads",
    "lookahead", "stop", "accuracy", "mean_steps", "accuracy_by_step", "exit_histogram", "firing_rate", "Footprint",
    "ConnectionSparsity", "ActivationSparsity", "SynapticOperations", "energy_pJ", "synapses", "spike_hash", "seconds",
    "samples_per_second", "peak_memory_bytes"
]
# What a run finds out about the network; the rest says how it ran.
RESULTS = [
    "samples", "accuracy", "mean_steps", "accuracy_by_step", "exit_histogram", "firing_rate", "ActivationSparsity",
    "SynapticOperations", "energy_pJ", "spike_hash"
]


def rheobase(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=300, check=False)


def write_idx(folder, images=IMAGES, labels=None):
    """A data set in MNIST's files: seeded noise, all labels in turn."""
    folder.mkdir()
    draw = random.Random(1)
    labels = [i % 10 for i in range(images)] if labels is None else labels
    for name in ("train", "t10k"):
        pixels = bytes(draw.randrange(256) for _ in range(images * 28 * 28))
        image_file = struct.pack(">IIII", 0x803, images, 28, 28) + pixels
        (folder / f"{name}-images-idx3-ubyte").write_bytes(image_file)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    return folder


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="rheobase cli ")  # with spaces, as users' folders have
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.model = cls.folder / "model.h5"
        cls.data = f"mnist:{write_idx(cls.folder / 'data')}"
        cls.converted = rheobase("convert", ONNX, cls.model, "--normalize", "fashion-mnist")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def succeed(self, *words):
        result = rheobase(*words)
        self.assertEqual((result.returncode, result.stderr), (0, ""), words)
        return result.stdout

    def refuse(self, *words, naming=""):
        """Exit status 2, one line that names what is at fault, no result and no new file."""
        before = sorted(self.folder.rglob("*"))
        result = rheobase(*words)
        self.assertEqual(result.returncode, 2, (words, result.stderr))
        self.assertEqual(result.stdout, "", words)
        self.assertRegex(result.stderr, r"\Arheobase: [^\n]+\n\Z", words)
        for text in naming if isinstance(naming, list) else [naming]:
            self.assertIn(str(text), result.stderr, words)
        self.assertEqual(sorted(self.folder.rglob("*")), before, words)
        return result.stderr

    def run_words(self, *more):
        return ("run", self.model, "--data", self.data, "--steps", STEPS, *more)

    def run_json(self, *more):
        return json.loads(self.succeed(*self.run_words("--json", "-", *more)))


class Help(CliTest):
    COMMANDS = [["convert"], ["info"], ["run"], ["calibrate"], ["sweep"], ["report"], ["train"], ["export"],
                ["devices"], ["data", "info"]]

    def test_lists_the_commands(self):
        text = self.succeed("--help")
        for command in self.COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command[0]} ")

    def test_of_every_command(self):
        for command in self.COMMANDS:
            text = self.succeed(*command, "--help")
            self.assertTrue(text.startswith(f"usage: rheobase {' '.join(command)}"), text)
            for option in ("--help", "--quiet", "--threads"):
                self.assertIn(option, text)

    def test_version(self):
        self.assertRegex(self.succeed("--version"), r"\Arheobase \d+\.\d+\.\d+\n\Z")


class BadUsage(CliTest):
    def test_commands(self):
        self.refuse(naming="--help")
        self.refuse("fire", naming="fire")

    def test_words(self):
        self.refuse("info", naming="MODEL.h5")
        self.refuse("info", self.model, "more", naming="more")
        self.refuse("convert", ONNX, naming="OUT.h5")
        self.refuse("run", self.model, naming="--data")
        self.refuse("train", ONNX, naming="--out")
        self.refuse("train", "no.toml", "--out", "out.h5", naming="no.toml")
        self.refuse("train", "no.toml", "--out", "out.h5", "--log", "no/log.csv", naming="no/log.csv")
        self.refuse("devices", "--fast", naming="--fast")

    def test_options_of_run(self):
        for option, value in [("--steps", "0"), ("--steps", "-1"), ("--steps", "many"), ("--limit", "0"),
                              ("--offset", "-1"), ("--offset", IMAGES), ("--slots", "0"), ("--threads", "0"),
                              ("--split", "valid"), ("--coding", "morse"), ("--device", "abacus"), ("--seed", "-1"),
                              ("--stop", "sometimes"), ("--stop", "stored"), ("--kernel", "fast"), ("--kernel", ""),
                              ("--lookahead", "0"), ("--lookahead", "-1"), ("--lookahead", "far"),
                              ("--unknown", "1")]:
            words = ("run", self.model, "--data", self.data, option, value)
            self.refuse(*words, naming=option)

    def test_thresholds(self):
        for policy, threshold in [("confidence", 1.5), ("confidence", "nan"), ("entropy", -0.1), ("margin", -1),
                                  ("stable", 0.5), ("margin", "2,-1"), ("margin", "2;3"), ("margin", ""),
                                  ("margin", "2,"), ("stable", "1,2"), ("margin", "high")]:
            self.refuse(*self.run_words("--stop", policy, "--threshold", threshold), naming="--threshold")
        self.refuse(*self.run_words("--stop", "confidence"), naming="--threshold")
        self.refuse(*self.run_words("--stop", "confidence", "--threshold", 0.9, "--alpha", 0), naming="--alpha")

    def test_options_of_convert(self):
        target = self.folder / "never.h5"
        for option, value in [("--to", "bnn"), ("--normalize", "pastel"), ("--normalize", "0.5"),
                              ("--normalize", "0.5;0"), ("--threshold", "max"), ("--threshold", "low"),
                              ("--arithmetic", "float16"), ("--calibrate", "light")]:
            self.refuse("convert", ONNX, target, option, value)
        self.refuse("convert", ONNX, target, "--to", "ann", "--arithmetic", "fixed", naming="--arithmetic")
        self.refuse("convert", ONNX, target, "--normalize", "cifar10", naming="mean")


class BadInput(CliTest):
    def test_missing_files(self):
        gone = self.folder / "gone.h5"
        self.refuse("info", gone, naming=gone)
        self.refuse("run", gone, "--data", self.data, naming=gone)
        self.refuse("convert", self.folder / "gone.onnx", self.folder / "x.h5", naming="gone.onnx")

    def test_export(self):
        target = self.folder / "never.onnx"
        self.refuse("export", self.model, target, naming="spiking neuron")
        self.refuse("export", self.folder / "gone.h5", target, naming="gone.h5")
        for name in ("net.h5", "net"):
            self.refuse("export", self.model, self.folder / name, naming=[name, ".onnx or .nir"])
        self.refuse("export", self.model, target, "--dt", 1, naming="--dt")
        self.assertFalse(target.exists())

    def test_export_to_nir(self):
        target, fixed, graded, ann = (self.folder / name for name in ("never.nir", "fixed.h5", "graded.h5", "ann.h5"))
        self.succeed("convert", ONNX, fixed, "--normalize", "fashion-mnist", "--arithmetic", "fixed")
        self.succeed("convert", ONNX, graded, "--normalize", "fashion-mnist", "--method", "mt")
        self.succeed("convert", ONNX, ann, "--normalize", "fashion-mnist", "--to", "ann")
        self.refuse("export", fixed, target, naming=[fixed, "fixed arithmetic", "--arithmetic float32"])
        self.refuse("export", graded, target, naming=[graded, "graded spikes", "--method if"])
        self.refuse("export", ann, target, naming=[ann, "QCFS", ".onnx"])
        self.refuse("export", self.model, target, "--dt", 0, naming="--dt")
        self.refuse("export", self.folder / "gone.h5", target, naming="gone.h5")

    def test_wrong_magic(self):
        self.refuse("info", ONNX, naming=ONNX)
        self.refuse("convert", self.model, self.folder / "x.h5", naming=self.model)
        nir = self.folder / "net.nir"
        self.refuse("convert", nir, self.folder / "x.h5", naming="net.nir")
        nir.write_bytes(ONNX.read_bytes())
        self.refuse("convert", nir, self.folder / "x.h5", naming=["net.nir", "HDF5"])
        nir.unlink()
        self.refuse("convert", nir, self.folder / "x.h5", "--dialect", "brian", naming="snntorch")
        self.refuse("convert", nir, self.folder / "x.h5", "--dt", "0", naming="--dt")
        self.refuse("convert", ONNX, self.folder / "x.h5", "--dialect", "norse", naming="--dialect")
        self.refuse("convert", ONNX, self.folder / "x.h5", "--reset", "delayed", naming="--reset")
        self.refuse("convert", nir, self.folder / "x.h5", "--reset", "soft", naming="expected auto, zero, subtract or delayed")

    def test_truncated_files(self):
        cut = self.folder / "cut"
        cut.touch()
        for source, words in [(self.model, ("info", cut)), (ONNX, ("convert", cut, self.folder / "x.h5"))]:
            whole = source.read_bytes()
            for length in [0, 1, 7, 100, 2048, len(whole) // 2, len(whole) - 1]:
                cut.write_bytes(whole[:length])
                self.refuse(*words, naming=cut)

    def test_damaged_model(self):
        damaged = self.folder / "damaged.h5"
        data = bytearray(self.model.read_bytes())
        data[len(data) // 2] ^= 1
        damaged.write_bytes(data)
        self.refuse("info", damaged, naming=damaged)

    def test_data(self):
        def run_on(spec, naming):
            self.refuse("run", self.model, "--data", spec, naming=naming)

        run_on("mnist:/nowhere", "/nowhere")
        run_on("clouds:/nowhere", "clouds")
        run_on(f"cifar10:{self.folder}", str(self.folder))
        empty = self.folder / "empty"
        empty.mkdir()
        run_on(f"mnist:{empty}", str(empty))
        short = write_idx(self.folder / "short")
        images = short / "t10k-images-idx3-ubyte"
        images.write_bytes(images.read_bytes()[:-1])
        run_on(f"mnist:{short}", images.name)
        packed = write_idx(self.folder / "packed")
        images = packed / "t10k-images-idx3-ubyte"
        (packed / (images.name + ".gz")).write_bytes(gzip.compress(images.read_bytes())[:-20])
        images.unlink()
        run_on(f"mnist:{packed}", images.name)
        run_on(f"mnist:{write_idx(self.folder / 'labels', labels=[3] * (IMAGES - 1) + [10])}", "label")

    def test_shape_of_samples(self):
        batch = self.folder / "cifar"
        batch.mkdir()
        for name in ["test_batch.bin"] + [f"data_batch_{i}.bin" for i in range(1, 6)]:
            (batch / name).write_bytes(bytes(3073) * 10000)
        self.refuse("run", self.model, "--data", f"cifar10:{batch}", naming=["3x32x32", "1x28x28"])

    def test_unwritable_output(self):
        nowhere = self.folder / "no" / "such" / "folder" / "out"
        for target in [nowhere, self.folder, "/dev/null"]:
            self.refuse("convert", ONNX, target, naming=target)
            self.refuse("info", self.model, "--json", target, naming=target)
            self.refuse(*self.run_words("--json", target), naming=target)
            self.refuse(*self.run_words("--record", target), naming=target)

    def test_standard_output_that_takes_nothing(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([PROGRAM, "info", self.model], stdout=full, stderr=subprocess.PIPE, text=True,
                                    check=False)
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"\Arheobase: standard output[^\n]*\n\Z")

    def test_standard_error_that_takes_nothing(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([PROGRAM, "info", self.folder / "nofile.h5"], stderr=full, check=False)
        self.assertEqual(result.returncode, 2)

    def test_one_file_for_two_purposes(self):
        self.refuse("convert", ONNX, ONNX, naming="OUT.h5")
        self.refuse(*self.run_words("--json", self.model), naming="--json")
        both = self.folder / "both"
        self.refuse(*self.run_words("--json", both, "--record", both), naming="--record")
        self.assertFalse(both.exists())


class FullDisk(CliTest):
    """On a file system of 64 KiB, which only root can mount."""

    def setUp(self):
        self.disk = self.folder / "disk"
        self.disk.mkdir(exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(self.disk)]
        try:
            mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        except OSError:
            mounted = False
        if not mounted:
            self.skipTest("cannot mount a small file system here")
        self.addCleanup(subprocess.run, ["umount", str(self.disk)], check=True)

    def test_model(self):
        self.refuse("convert", ONNX, self.disk / "model.h5", naming=self.disk)

    def test_results(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            with self.assertRaises(OSError):
                while True:
                    filler.write(bytes(4096))
        self.refuse("info", self.model, "--json", self.disk / "info.json", naming=self.disk)
        result = rheobase(*self.run_words("--limit", 2, "--json", self.disk / "run.json"))
        self.assertEqual(result.returncode, 2, result.stderr)
        result = rheobase(*self.run_words("--limit", 2, "--record", self.disk / "run.h5"))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual([p.name for p in self.disk.iterdir()], ["filler"])


class FixedArithmetic(CliTest):
    """Integers: every way to run a fixed model finds out the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.float_model, cls.model = cls.model, cls.folder / "fixed.h5"
        cls.converted = rheobase("convert", ONNX, cls.model, "--normalize", "fashion-mnist", "--arithmetic", "fixed")

    WAYS = [("--device", "cpu", "--kernel", "event"), ("--kernel", "event", "--lookahead", 1),
            ("--kernel", "dense", "--lookahead", 8), ("--kernel", "dense", "--lookahead", 1, "--threads", 1),
            ("--lookahead", 1), ("--lookahead", 3), ("--lookahead", 8), ("--lookahead", 64),
            ("--threads", 1), ("--threads", 2), ("--slots", 1), ("--slots", 7),
            ("--slots", 7, "--threads", 2, "--lookahead", 8), ("--slots", 1, "--threads", 1, "--lookahead", 3)]

    def expect_one_result(self, *more):
        reference = self.run_json("--hash", "--device", "reference", *more)
        for way in self.WAYS:
            result = self.run_json("--hash", *more, *way)
            for key in RESULTS:
                self.assertEqual(result[key], reference[key], (key, way))
        return reference

    def test_convert_and_info(self):
        self.assertEqual((self.converted.returncode, self.converted.stderr), (0, ""))
        self.assertEqual(json.loads(self.succeed("info", self.model, "--json", "-"))["arithmetic"], "fixed")
        self.assertRegex(self.succeed("info", self.model), r"(?m)^arithmetic +fixed$")
        self.assertRegex(self.succeed("info", self.float_model), r"(?m)^arithmetic +float32$")
        self.assertEqual(self.run_json()["arithmetic"], "fixed")

    def test_is_far_smaller(self):
        self.assertLess(self.model.stat().st_size, 0.5 * self.float_model.stat().st_size)

    def test_conversion_is_reproducible(self):
        again = self.folder / "again.h5"
        self.succeed("convert", ONNX, again, "--normalize", "fashion-mnist", "--arithmetic", "fixed")
        self.assertEqual(again.read_bytes(), self.model.read_bytes())

    def test_one_result_whatever_the_device_kernel_lookahead_threads_and_slots(self):
        result = self.expect_one_result()
        self.assertNotEqual(result["spike_hash"], "0" * 16)
        self.assertGreater(result["firing_rate"]["/16"], 0)

    # What is computed ahead of a sample's exit and never taken must not count.
    def test_one_result_where_samples_stop_early(self):
        result = self.expect_one_result("--stop", "margin", "--threshold", 2)
        self.assertGreaterEqual(sum(count > 0 for count in result["exit_histogram"]), 3, result["exit_histogram"])

    def test_one_result_of_random_coding(self):
        self.expect_one_result("--coding", "poisson", "--seed", 5, "--stop", "margin", "--threshold", 2)

    def test_one_recording(self):
        recordings = set()
        for i, way in enumerate([("--kernel", "event", "--lookahead", 1), ("--kernel", "dense", "--lookahead", 8),
                                 ("--slots", 7, "--threads", 1, "--lookahead", 3)]):
            target = self.folder / f"recording{i}.h5"
            self.succeed(*self.run_words("--quiet", "--stop", "margin", "--threshold", 2, "--record", target, *way))
            recordings.add(target.read_bytes())
        self.assertEqual(len(recordings), 1)

    def test_lookahead_is_reported(self):
        self.assertEqual(self.run_json()["lookahead"], 4)  # no more than there are steps
        self.assertEqual(self.run_json("--lookahead", 3)["lookahead"], 3)
        self.assertEqual(self.run_json("--stop", "margin", "--threshold", 2)["lookahead"], 1)

    def test_kernels_are_reported(self):
        for kernel, share in [("event", 0.0), ("dense", 1.0)]:
            result = self.run_json("--kernel", kernel)
            self.assertEqual({use["dense_share"] for use in result["synapses"].values()}, {share}, kernel)
        self.assertNotIn("synapses", self.run_json("--device", "reference", "--limit", 1))

    def test_density_of_a_layer_is_the_rate_of_the_one_before(self):
        result = self.run_json()
        for layer, before in [("/5", "/2"), ("/12", "/9")]:
            self.assertAlmostEqual(result["synapses"][layer]["density"], result["firing_rate"][before])

    def test_density_of_a_layer_behind_a_pool(self):
        for layer, use in self.run_json()["synapses"].items():
            self.assertGreater(use["density"], 0.0, layer)

    def test_too_many_steps(self):
        self.refuse("run", self.model, "--data", self.data, "--steps", 1 << 20, naming=["overflow", "/2", 1 << 20])


class HappyPath(CliTest):
    def test_convert(self):
        self.assertEqual((self.converted.returncode, self.converted.stderr), (0, ""))
        self.assertRegex(self.converted.stdout, r"\Awrote .*: snn, 17 nodes, .*input 1x28x28, 10 classes\n\Z")
        self.assertEqual(self.succeed("convert", ONNX, self.folder / "quiet.h5", "--normalize", "none", "--quiet"), "")

    def test_conversion_is_reproducible(self):
        again = self.folder / "again.h5"
        self.succeed("convert", ONNX, again, "--normalize", "fashion-mnist")
        self.assertEqual(again.read_bytes(), self.model.read_bytes())

    def test_info(self):
        info = json.loads(self.succeed("info", self.model, "--json", "-"))
        self.assertEqual(info["provenance"]["source"], ONNX.name)
        self.assertEqual(info["provenance"]["conversion"], "snn")
        self.assertEqual(info["neurons"], 81536)
        self.assertAlmostEqual(info["nodes"][0]["mean"][0], 0.2860, places=6)
        text = self.succeed("info", self.model)
        for node in info["nodes"]:
            self.assertRegex(text, rf"(?m)^{re.escape(node['name'])} +{node['op']} ")

    def test_json_of_a_run(self):
        result = self.run_json("--stop", "confidence", "--threshold", 0.3, "--alpha", 2, "--hash")
        self.assertEqual(list(result), JSON_KEYS)
        self.assertEqual(result["schema"], 1)
        self.assertEqual(result["samples"], IMAGES)
        self.assertEqual(result["steps"], STEPS)
        self.assertEqual(result["stop"], {"policy": "confidence", "alpha": 2.0, "threshold": 0.3})
        self.assertEqual(len(result["accuracy_by_step"]), STEPS)
        self.assertEqual(len(result["exit_histogram"]), STEPS)
        self.assertEqual(result["lookahead"], 1)
        for use in result["synapses"].values():
            self.assertEqual(list(use), ["density", "dense_from", "dense_share"])
        self.assertEqual(sum(result["exit_histogram"]), IMAGES)
        self.assertEqual(result["accuracy"], result["accuracy_by_step"][-1])
        mean = sum((t + 1) * n for t, n in enumerate(result["exit_histogram"])) / IMAGES
        self.assertAlmostEqual(result["mean_steps"], mean)
        self.assertEqual(list(result["SynapticOperations"]), ["Effective_MACs", "Effective_ACs", "Dense"])
        self.assertEqual(list(result["energy_pJ"]), ["MAC", "AC", "estimate"])
        self.assertRegex(result["spike_hash"], r"\A[0-9a-f]{16}\Z")
        self.assertGreater(result["peak_memory_bytes"], 0)

    def test_json_file_and_table(self):
        target = self.folder / "run.json"
        text = self.succeed(*self.run_words("--json", target))
        result = json.loads(target.read_text())
        self.assertEqual(list(result), [key for key in JSON_KEYS if key != "spike_hash"])
        for t in (1, 2, 4):
            self.assertRegex(text, rf"(?m)^ +{t} +{100 * result['accuracy_by_step'][t - 1]:.2f} %")
        for layer in result["firing_rate"]:
            self.assertIn(layer, text)

    def test_slots_and_threads_change_nothing(self):
        changing = {"slots", "threads", "seconds", "samples_per_second", "peak_memory_bytes"}
        runs = [self.run_json("--hash", "--stop", "stable", "--threshold", 2, "--slots", slots, "--threads", threads)
                for slots, threads in [(1, 1), (5, 2), (64, 2)]]
        for result in runs:  # which path is the faster one is for each run to find
            for synapse in result["synapses"].values():
                del synapse["dense_share"]
        for result in runs[1:]:
            self.assertEqual({k: v for k, v in result.items() if k not in changing},
                             {k: v for k, v in runs[0].items() if k not in changing})

    def test_kernel_and_lookahead_change_nothing(self):
        runs = [self.run_json("--hash", "--stop", "stable", "--threshold", 2, "--kernel", kernel, "--lookahead", steps)
                for kernel, steps in [("auto", 1), ("event", 8), ("dense", 3)]]
        for result in runs[1:]:
            self.assertEqual([result[key] for key in RESULTS], [runs[0][key] for key in RESULTS])

    def test_thresholds_by_step(self):
        alike = self.run_json("--stop", "margin", "--threshold", 2)
        result = self.run_json("--stop", "margin", "--threshold", "2,2,2")
        self.assertEqual(result["exit_histogram"], alike["exit_histogram"])
        self.assertEqual(result["stop"], {"policy": "margin", "alpha": 1.0, "threshold": 2.0, "early_thresholds": [2, 2]})
        never_at_first = self.run_json("--stop", "margin", "--threshold", "1e30,0")["exit_histogram"]
        self.assertEqual(never_at_first[0], 0)

    def test_a_stopped_run_never_takes_longer(self):
        never = self.run_json()
        self.assertEqual(never["mean_steps"], STEPS)
        self.assertEqual(never["exit_histogram"], [0] * (STEPS - 1) + [IMAGES])
        at_once = self.run_json("--stop", "confidence", "--threshold", 0.05)
        self.assertEqual(at_once["mean_steps"], 1)
        self.assertEqual(at_once["accuracy"], never["accuracy_by_step"][0])

    def test_record(self):
        target = self.folder / "recording.h5"
        self.succeed(*self.run_words("--record", target, "--quiet"))
        self.assertIn(b"\x89HDF\r\n\x1a\n", target.read_bytes()[:4096])

    def test_part_of_the_data(self):
        result = self.run_json("--split", "train", "--offset", 3, "--limit", 5)
        self.assertEqual((result["split"], result["samples"]), ("train", 5))

    def test_source_network(self):
        ann = self.folder / "ann.h5"
        self.succeed("convert", ONNX, ann, "--to", "ann", "--normalize", "0.2860;0.3530")
        result = json.loads(self.succeed("run", ann, "--data", self.data, "--json", "-"))
        self.assertEqual((result["steps"], result["mean_steps"], result["firing_rate"]), (1, 1, {}))

    def test_export(self):
        ann, written, again = self.folder / "ann.h5", self.folder / "net.onnx", self.folder / "again.h5"
        self.succeed("convert", ONNX, ann, "--to", "ann", "--normalize", "none")
        self.assertIn(str(written), self.succeed("export", ann, written))
        first = written.read_bytes()
        self.succeed("export", ann, written, "--quiet")
        self.assertEqual(written.read_bytes(), first)
        self.succeed("convert", written, again, "--to", "ann", "--normalize", "none")
        runs = [json.loads(self.succeed("run", model, "--data", self.data, "--json", "-")) for model in (ann, again)]
        self.assertEqual(runs[0]["accuracy"], runs[1]["accuracy"])

    def test_export_to_nir_and_back(self):
        written, again = self.folder / "net.nir", self.folder / "back.h5"
        result = rheobase("export", self.model, written)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(str(written), result.stdout)
        for line in result.stderr.splitlines():
            self.assertTrue(line.startswith(f"rheobase: note: {written}: "), line)
        for kind in ("reset", "start", "normalisation"):
            self.assertEqual(result.stderr.count(f": {kind}: "), 1, result.stderr)
        first = written.read_bytes()
        self.assertEqual(rheobase("export", self.model, written, "--quiet").stdout, "")
        self.assertEqual(written.read_bytes(), first)
        self.refuse("convert", written, self.folder / "never.h5", "--normalize", "0.5;0.5", naming="--normalize")
        result = rheobase("convert", written, again)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"\Arheobase: note: [^\n]+: was written by rheobase [^\n]+\n\Z")
        nodes = [json.loads(self.succeed("info", model, "--json", "-"))["nodes"] for model in (self.model, again)]
        self.assertEqual(nodes[0], nodes[1])
        runs = [json.loads(self.succeed("run", model, "--data", self.data, "--steps", STEPS, "--hash", "--json", "-"))
                for model in (self.model, again)]
        self.assertEqual([runs[0][key] for key in RESULTS], [runs[1][key] for key in RESULTS])

    def test_devices(self):
        text = self.succeed("devices")
        for device in ("reference", "cpu", "cuda"):
            self.assertRegex(text, rf"(?m)^{device} ")
        self.assertIn("Conv2d", text)

    def test_data_info(self):
        text = self.succeed("data", "info", self.data)
        self.assertIn("1x28x28", text)
        self.assertIn(f"{IMAGES} samples", text)


class Calibrate(CliTest):
    """On images of noise the thresholds mean nothing; what is kept to, stored and refused can be seen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = f"mnist:{write_idx(cls.folder / 'more', images=40)}"
        cls.recording = cls.folder / "all.h5"
        rheobase("run", cls.model, "--data", cls.data, "--split", "train", "--steps", STEPS, "--quiet", "--record",
                 cls.recording)

    def setUp(self):
        self.copy = self.folder / "copy.h5"
        self.copy.write_bytes(self.model.read_bytes())

    def calibrate(self, *more):
        return json.loads(self.succeed("calibrate", self.copy, "--json", "-", *more))

    def test_reliability_by_step(self):
        words = ("--recording", self.recording, "--max-loss", 0.01, "--dry-run", "--reliability")
        rows = self.calibrate(*words)["reliability"]
        self.assertEqual([row["step"] for row in rows], [t for t in (1, 2, 4, 8, 16) if t < STEPS] + [STEPS])
        for row in rows:
            self.assertGreater(row["fitted_alpha"], 0)
            self.assertTrue(0 <= row["ECE"] <= 1)
        self.assertIn("fitted alpha", self.succeed("calibrate", self.copy, *words))

    def test_stores_the_rule_that_run_then_uses(self):
        chosen = self.calibrate("--data", self.data, "--steps", STEPS, "--max-steps", 3, "--stop", "margin")
        self.assertEqual((chosen["samples"], chosen["split"], chosen["steps"]), (40, "train", STEPS))
        self.assertLessEqual(chosen["chosen"]["mean_steps"], 3)
        info = json.loads(self.succeed("info", self.copy, "--json", "-"))
        calibration = info["stop"].pop("calibration")
        self.assertRegex(calibration.pop("network_sha256"), r"\A[0-9a-f]{64}\Z")
        self.assertEqual(calibration,
                         {"data": self.data, "split": "train", "first": 0, "samples": 40, "steps": STEPS,
                          "coding": "direct", "max_steps": 3.0, "sample_hashes": 40})
        self.assertEqual(info["stop"], chosen["stop"])
        run = ("run", self.copy, "--data", self.data, "--steps", STEPS, "--stop", "stored", "--json", "-")
        self.assertEqual(json.loads(self.succeed(*run))["stop"], chosen["stop"])
        same = json.loads(self.succeed(*run, "--split", "train", "--calibration-samples"))
        self.assertEqual(same["mean_steps"], chosen["chosen"]["mean_steps"])
        self.assertEqual(same["accuracy"], chosen["chosen"]["accuracy"])
        for key in ("Effective_ACs", "Effective_MACs"):
            self.assertAlmostEqual(same["SynapticOperations"][key], chosen["chosen"]["cost"][key], delta=0.01)

    def test_a_rule_is_not_judged_by_the_samples_it_was_chosen_on(self):
        self.calibrate("--data", self.data, "--steps", STEPS, "--max-loss", 0.01, "--limit", 20)
        run = ("run", self.copy, "--data", self.data, "--split", "train", "--steps", STEPS, "--stop", "stored")
        self.refuse(*run, "--offset", 10, "--limit", 15, naming=["--stop", "10 of these 15 samples", "10 to 19", "--calibration-samples"])
        self.succeed(*run, "--quiet", "--offset", 20)

    def test_a_recording_serves_without_simulating(self):
        simulated = self.calibrate("--data", self.data, "--steps", STEPS, "--max-loss", 0.02, "--by-step", "--dry-run")
        recorded = self.calibrate("--recording", self.recording, "--max-loss", 0.02, "--by-step")
        self.assertEqual(recorded, simulated)
        self.calibrate("--recording", self.recording, "--max-loss", 0.5)  # the model has a rule now, and is the same

    def test_a_recording_of_a_calibrated_model_serves_when_the_rule_has_changed(self):
        kept = self.folder / "later.h5"
        self.calibrate("--recording", self.recording, "--max-loss", 0.5)
        self.calibrate("--data", self.data, "--steps", STEPS, "--max-steps", 2, "--record", kept)
        self.calibrate("--recording", kept, "--max-loss", 0.2)
        self.calibrate("--recording", kept, "--max-loss", 0.02)

    def test_calibration_samples_are_known_by_their_contents(self):
        self.calibrate("--data", self.data, "--steps", STEPS, "--max-loss", 0.01)
        spelled = self.data + "/"
        self.refuse("run", self.copy, "--data", spelled, "--split", "train", "--stop", "stored", naming="0 to 39")

    def test_thresholds_by_step_run_under_the_budget_they_were_made_for(self):
        self.calibrate("--recording", self.recording, "--max-steps", 2, "--by-step")
        run = ("run", self.copy, "--data", self.data, "--stop", "stored")
        self.assertEqual(json.loads(self.succeed(*run, "--json", "-"))["steps"], STEPS)
        self.refuse(*run, "--steps", STEPS + 1, naming=["--steps", STEPS])

    def test_a_guarantee_that_the_samples_can_give(self):
        chosen = self.calibrate("--recording", self.recording, "--max-loss", 0.2, "--guarantee", 0.8, "--stop", "margin")
        self.assertEqual(chosen["guarantee"], 0.8)
        self.assertLessEqual(chosen["full"]["accuracy"] - chosen["chosen"]["accuracy"], 0.2)

    def test_a_conditional_guarantee_is_stored_and_said(self):
        words = ("--recording", self.recording, "--max-loss", 0.3, "--guarantee", 0.8)
        self.assertNotIn("conditional", self.calibrate(*words))
        chosen = self.calibrate(*words, "--conditional")
        self.assertIs(chosen["conditional"], True)
        by_step = chosen["stopped_by"]
        self.assertEqual((len(by_step), by_step[-1]["samples"]), (STEPS, 40))
        self.assertEqual([row["samples"] for row in by_step], sorted(row["samples"] for row in by_step))
        for row in by_step:
            self.assertLessEqual(row["lost"], row["samples"])
        calibration = json.loads(self.succeed("info", self.copy, "--json", "-"))["stop"]["calibration"]
        self.assertEqual((calibration["guarantee"], calibration["conditional"]), (0.8, True))
        said = "to lose at most 30 points with 80 % confidence, among the samples stopped by every step too"
        self.assertIn(said, self.succeed("info", self.copy))
        run = ("run", self.copy, "--data", self.data, "--stop", "stored")
        self.assertIn(f"the rule is calibrated {said}", self.succeed(*run))
        self.assertEqual(json.loads(self.succeed(*run, "--json", "-"))["stop"]["guarantee"],
                         {"max_loss": 0.3, "confidence": 0.8, "conditional": True})
        self.assertNotIn("guarantee", json.loads(self.succeed(*run[:-1], "never", "--json", "-"))["stop"])
        self.assertIn("and of those stopped by every step", self.succeed("calibrate", self.copy, *words, "--conditional"))

    def test_writes_through_a_link(self):
        link = self.folder / "link.h5"
        link.symlink_to(self.copy)
        self.succeed("calibrate", link, "--recording", self.recording, "--max-loss", 0.1, "--quiet")
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(self.copy.read_bytes(), self.model.read_bytes())
        link.unlink()

    def test_a_dry_run_leaves_the_model_alone(self):
        self.calibrate("--recording", self.recording, "--max-loss", 0.02, "--dry-run")
        self.assertEqual(self.copy.read_bytes(), self.model.read_bytes())

    def test_keeps_its_recording(self):
        target = self.folder / "kept.h5"
        kept = self.calibrate("--data", self.data, "--steps", STEPS, "--max-loss", 0.02, "--record", target)
        self.assertEqual(self.calibrate("--recording", target, "--max-loss", 0.02), kept)

    def test_tables_for_people(self):
        text = self.succeed("calibrate", self.copy, "--recording", self.recording, "--max-loss", 0.02)
        for words in ("mean steps", "at most 2 points lost", "points below", "95 % bootstrap"):
            self.assertIn(words, text)

    def test_refuses_what_leads_nowhere(self):
        words = ("calibrate", self.copy, "--recording", self.recording)
        self.refuse(*words, naming=["--max-loss", "--max-steps"])
        self.refuse(*words, "--max-loss", 0.1, "--max-steps", 3, naming=["--max-loss", "--max-steps"])
        self.refuse(*words, "--max-loss", 1, naming="--max-loss")
        self.refuse(*words, "--max-loss", -0.1, naming="--max-loss")
        self.refuse(*words, "--max-steps", 0.5, naming="--max-steps")
        self.refuse(*words, "--max-loss", 0.1, "--stop", "never", naming="--stop")
        self.refuse(*words, "--max-loss", 0.1, "--stop", "stable", "--by-step", naming="--by-step")
        self.refuse(*words, "--max-steps", 3, "--guarantee", 0.9, naming="--guarantee")
        self.refuse(*words, "--max-loss", 0.1, "--guarantee", 1, naming="--guarantee")
        self.refuse(*words, "--max-loss", 0.01, "--guarantee", 0.95, naming=["--guarantee", "374"])
        self.refuse(*words, "--max-loss", 0.1, "--conditional", naming=["--conditional", "--guarantee P"])
        self.refuse(*words, "--max-steps", 3, "--conditional", naming=["--conditional", "--guarantee P"])
        self.refuse(*words, "--max-loss", 0.1, "--guarantee", 0.9, "--conditional", "--by-step",
                    naming=["--by-step", "--conditional"])
        self.refuse(*words, "--max-loss", 0.01, "--guarantee", 0.95, "--conditional", naming=["--guarantee", "449"])
        for option, value in [("--data", self.data), ("--steps", 3), ("--limit", 9), ("--split", "test")]:
            self.refuse(*words, "--max-loss", 0.1, option, value, naming=[option, "--recording"])
        self.refuse("calibrate", self.copy, "--data", self.data, "--max-loss", 0.1, "--record", "/none/x.h5",
                    naming="/none")
        self.refuse("calibrate", self.copy, "--max-loss", 0.1, naming="--data")
        self.refuse("calibrate", self.copy, "--data", self.data, "--limit", 5, "--steps", STEPS, "--max-loss", 0.1,
                    naming="too few")

    def test_refuses_a_recording_of_another_network(self):
        other = self.folder / "other.h5"
        self.succeed("convert", ONNX, other, "--normalize", "none")
        self.refuse("calibrate", other, "--recording", self.recording, "--max-loss", 0.1,
                    naming=[self.recording, "another model"])


class Sweep(CliTest):
    """A sweep and its report, from outside; what is in the page stands in tests/experiments/report."""

    SPEC = 'models = "{model}"\ndata = "{data}"\nsteps = 4\n{more}[[policy]]\nname = "margin"\n'

    def spec(self, more=""):
        path = self.folder / "spec.toml"
        path.write_text(self.SPEC.format(model=self.model, data=self.data, more=more))
        return path

    def setUp(self):
        self.out = self.folder / "swept"
        shutil.rmtree(self.out, ignore_errors=True)

    def files(self):
        return {path.relative_to(self.out): path.read_bytes() for path in self.out.rglob("*") if path.is_file()}

    def test_writes_tables_recordings_and_a_page(self):
        printed = self.succeed("sweep", self.spec(), "--out", self.out)
        self.assertIn("report.html", printed)
        names = {str(name) for name in self.files()}
        self.assertLess({"results.csv", "results.h5", "manifest.json", "report.html", "spec.toml"}, names)
        for part in ("recordings/", "rasters/", "figures/"):
            self.assertTrue(any(name.startswith(part) for name in names), (part, names))

    def test_layers_of_an_onnx_model_are_compared_with_its_own(self):
        source = self.folder / "source.onnx"
        source.write_bytes(ONNX.read_bytes())
        spec = self.folder / "spec.toml"
        spec.write_text(self.SPEC.format(model=source, data=self.data, more='normalize = "fashion-mnist"\n'))
        self.succeed("sweep", spec, "--out", self.out)
        before = self.files()
        page = (self.out / "report.html").read_text()
        self.assertIn('"own_error"', page)
        self.assertIn("Error by layer", page)
        kept, = (self.out / "diagnoses").iterdir()
        found = json.loads(kept.read_text())
        self.assertEqual([layer["name"] for layer in found["layers"]], ["/2", "/5", "/9", "/12", "/16"])
        source.unlink()  # what is kept is enough
        self.succeed("report", self.out)
        self.assertEqual(self.files(), before)
        kept.write_text("{")
        source.write_bytes(ONNX.read_bytes() + b"\x32\x00")  # an empty doc_string
        self.succeed("report", self.out)
        self.assertIn("has changed since the sweep", (self.out / "report.html").read_text())
        source.write_bytes(ONNX.read_bytes())
        self.succeed("report", self.out)
        self.assertEqual(self.files(), before)

    def test_again_it_reuses_everything_and_changes_nothing(self):
        self.succeed("sweep", self.spec(), "--out", self.out)
        before = self.files()
        self.assertIn("reused", self.succeed("sweep", self.spec(), "--out", self.out, "--threads", 1))
        self.assertEqual(self.files(), before)

    def test_report_rebuilds_the_same_page_where_model_and_data_are_gone(self):
        model, data = self.folder / "gone.h5", self.folder / "gone"
        model.write_bytes(self.model.read_bytes())
        write_idx(data)
        spec = self.folder / "spec.toml"
        spec.write_text(self.SPEC.format(model=model, data=f"mnist:{data}", more=""))
        self.succeed("sweep", spec, "--out", self.out)
        before = self.files()
        model.unlink()
        shutil.rmtree(data)
        (self.out / "report.html").unlink()
        self.assertEqual(self.succeed("report", self.out), f"{self.out}/report.html\n")
        self.assertEqual(self.files(), before)
        self.refuse("report", self.out, "--sample", 1, naming=model)  # its spikes must be simulated

    def test_report_shows_the_sample_asked_for_until_another_is(self):
        self.succeed("sweep", self.spec(), "--out", self.out)
        for words in (["--sample", 2], []):
            self.succeed("report", self.out, *words)
            self.assertIn("Spikes of sample 2", (self.out / "report.html").read_text())

    def test_report_refuses_what_is_no_sweep(self):
        self.refuse("report", naming="DIR")
        self.refuse("report", self.folder / "nothing", naming="nothing")
        self.succeed("sweep", self.spec(), "--out", self.out)
        self.refuse("report", self.out, "--sample", -1, naming=["--sample", "-1"])
        self.refuse("report", self.out, "--sample", IMAGES, naming=IMAGES)
        self.refuse("report", self.out, "--max-loss", 2, naming=["--max-loss", "2"])
        (self.out / "manifest.json").write_text('{"cells": [{}]}')
        self.refuse("report", self.out, naming="manifest.json")

    def test_what_is_damaged_is_made_again(self):
        self.succeed("sweep", self.spec(), "--out", self.out)
        before = self.files()
        raster, = (self.out / "rasters").iterdir()
        raster.write_text("{")
        self.succeed("report", self.out)
        self.assertEqual(self.files(), before)
        recording = next(path for path in (self.out / "recordings").iterdir() if ".model." not in path.name)
        recording.write_bytes(recording.read_bytes()[:-9])
        self.succeed("report", self.out)
        self.assertIn("is not the recording that the manifest names", (self.out / "report.html").read_text())
        self.assertIn("recorded", self.succeed("sweep", self.spec(), "--out", self.out))
        self.assertEqual(self.files(), before)

    def test_figures_of_an_earlier_spec_go_and_nothing_else_does(self):
        self.succeed("sweep", self.spec(), "--out", self.out)
        ours = [self.out / "figures/9-gone-accuracy-T4.svg", self.out / "figures/overview.svg"]
        theirs = [self.out / "results.csv.backup", self.out / "report.html.sha256", self.out / "figures/mine.svg"]
        for path in ours + theirs:
            path.write_text("x")
        self.succeed("sweep", self.spec(), "--out", self.out)
        self.assertEqual([path for path in ours + theirs if path.exists()], theirs)

    def test_models_with_the_same_file_name_are_told_apart(self):
        paths = [self.folder / name / "net.h5" for name in ("one", "two")]
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(self.model.read_bytes())
        spec = self.spec()
        spec.write_text(spec.read_text().replace(f'"{self.model}"', f'["{paths[0]}", "{paths[1]}"]'))
        printed = self.succeed("sweep", spec, "--out", self.out)
        for path in paths:
            self.assertIn(str(path), printed)

    def test_a_failed_cell_is_reported_and_the_others_finish(self):
        spec = self.spec()
        spec.write_text(spec.read_text().replace(f'"{self.data}"', f'["mnist:{self.folder}/none", "{self.data}"]'))
        result = rheobase("sweep", spec, "--out", self.out)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("1 of 2 cells failed", result.stderr)
        self.assertRegex(result.stdout, r"(?m)^failed .*none")
        self.assertGreater((self.out / "results.csv").read_text().count("\n"), 5)

    def test_bad_specs(self):
        self.refuse("sweep", self.spec(), naming="--out")
        for more, named in [("stepz = 3\n", "stepz"), ("split = 3\n", "split"), ("seed = -1\n", "seed")]:
            self.refuse("sweep", self.spec(more), "--out", self.out, naming=["spec.toml", named])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""A promise holds where it was made, and is not judged on what it was made from. As cli_test.py."""

import gzip
import json
import random
import re
import shutil
import unittest

from cli_test import ONNX, STEPS, CliTest, rheobase, write_idx

IMAGES = 150  # 1 % of them is one and a half
SPEC = """network = "mlp_1w1a"
data = "{train}"
{test}epochs = 1
batch = 10
"""


def write_shuffled(folder, source, order, gzipped=False):
    """The test images of `source` in another order, as the test split of `folder`, the training split a new noise."""
    write_idx(folder, images=20)
    for name, head, size in (("images-idx3", 16, 28 * 28), ("labels-idx1", 8, 1)):
        whole = (source / f"t10k-{name}-ubyte").read_bytes()
        parts = [whole[head + i * size:head + (i + 1) * size] for i in order]
        data = whole[:4] + len(order).to_bytes(4, "big") + whole[8:head] + b"".join(parts)
        target = folder / f"t10k-{name}-ubyte"
        target.write_bytes(data)
        if gzipped:
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(data))
            target.unlink()
    return f"mnist:{folder}"


class Promises(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = write_idx(cls.folder / "many", images=IMAGES)
        cls.data = f"mnist:{cls.source}"
        cls.rule = cls.folder / "rule.h5"
        shutil.copy(cls.model, cls.rule)
        cls.calibrated = rheobase("calibrate", cls.rule, "--data", cls.data, "--split", "test", "--steps", STEPS,
                                  "--limit", 100, "--max-loss", 0.3, "--guarantee", 0.9, "--alpha", 1, "--json", "-")

    def setUp(self):
        self.assertEqual((self.calibrated.returncode, self.calibrated.stderr), (0, ""))

    def stored(self, *more, model=None, split="train"):
        return ("run", model or self.rule, "--data", self.data, "--split", split, "--limit", 5, "--stop", "stored",
                "--quiet", *more)

    def noted(self, *words):
        """Succeeds and says something on standard error: the notes, and the JSON."""
        result = rheobase(*words, "--json", "-")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"\A(rheobase: note: [^\n]+\n)+\Z")
        return result.stderr, json.loads(result.stdout)

    def test_a_rule_runs_under_the_coding_and_budget_it_was_calibrated_for(self):
        fitting = json.loads(self.succeed(*self.stored("--json", "-")))
        self.assertEqual((fitting["steps"], fitting["overlap"]), (STEPS, {"calibration": 0}))
        self.assertNotIn("beyond_calibration", fitting["stop"])
        self.refuse(*self.stored("--coding", "poisson"),
                    naming=["--coding poisson", "for coding direct", f"rheobase calibrate {self.rule}",
                            "--beyond-calibration"])
        for steps in (STEPS - 1, STEPS + 1):
            self.refuse(*self.stored("--steps", steps), naming=[f"--steps {steps}", f"for steps {STEPS}"])

    def test_use_beyond_the_calibration_is_asked_for_and_said(self):
        words = self.stored("--coding", "poisson", "--steps", STEPS + 1, "--beyond-calibration")
        beyond = json.loads(self.succeed(*words, "--json", "-"))["stop"]["beyond_calibration"]
        self.assertEqual(beyond, [{"condition": "coding", "calibrated": "direct", "used": "poisson"},
                                  {"condition": "steps", "calibrated": str(STEPS), "used": str(STEPS + 1)}])
        self.assertIn("the rule is calibrated for coding direct, used with poisson; ", self.succeed(*words))
        self.refuse("run", self.model, "--data", self.data, "--beyond-calibration", naming="--beyond-calibration")

    def test_a_rule_of_poisson_coding_runs_under_any_seed_of_it(self):
        model = self.folder / "poisson.h5"
        shutil.copy(self.model, model)
        recording = self.folder / "poisson recording.h5"
        self.succeed("run", self.model, "--data", self.data, "--limit", 50, "--steps", STEPS, "--coding", "poisson",
                     "--seed", 3, "--record", recording, "--quiet")
        self.succeed("calibrate", model, "--recording", recording, "--max-loss", 0.1, "--quiet")
        rule = json.loads(self.succeed("info", model, "--json", "-"))["stop"]["calibration"]
        self.assertEqual((rule["coding"], rule["seed"], rule["sample_hashes"]), ("poisson", 3, 50))
        self.succeed(*self.stored("--coding", "poisson", "--seed", 4, model=model))
        self.refuse(*self.stored(model=model), naming=["--coding direct", "for coding poisson"])

    def test_info_says_what_a_rule_is_for(self):
        rule = json.loads(self.succeed("info", self.rule, "--json", "-"))["stop"]["calibration"]
        self.assertEqual({key: rule[key] for key in ("coding", "steps", "max_loss", "guarantee", "sample_hashes")},
                         {"coding": "direct", "steps": STEPS, "max_loss": 0.3, "guarantee": 0.9, "sample_hashes": 100})
        self.assertIn(f"for {STEPS} steps of direct coding, to lose at most 30 points with 90 % confidence",
                      self.succeed("info", self.rule))

    def test_calibration_samples_are_known_in_every_file_order_and_part(self):
        run = ("run", self.rule, "--stop", "stored", "--quiet", "--data")
        order = list(range(100))
        random.Random(4).shuffle(order)
        copies = {
            "spelled": f"mnist:{self.folder}/./many/",
            "gzipped": write_shuffled(self.folder / "gzipped", self.source, range(IMAGES), gzipped=True),
            "shuffled": write_shuffled(self.folder / "shuffled", self.source, order),
            "a part": write_shuffled(self.folder / "a part", self.source, order[:30], gzipped=True),
        }
        for name, spec in copies.items():
            with self.subTest(name):
                self.refuse(*run, spec, naming=["--stop", "was calibrated on", "--calibration-samples"])
        allowed = (*run, copies["a part"], "--calibration-samples")
        self.assertEqual(json.loads(self.succeed(*allowed, "--json", "-"))["overlap"], {"calibration": 30})
        self.assertIn("30 of the samples are among those that the rule was calibrated on", self.succeed(*allowed))
        others = write_shuffled(self.folder / "others", self.source, range(100, IMAGES))
        self.assertEqual(json.loads(self.succeed(*run, others, "--json", "-"))["overlap"], {"calibration": 0})

    def test_a_duplicate_in_a_hundred_is_told_and_no_fault(self):
        spec = write_shuffled(self.folder / "duplicate", self.source, [*range(100, IMAGES), *range(100, IMAGES), 7])
        text, result = self.noted("run", self.rule, "--stop", "stored", "--quiet", "--data", spec)
        self.assertIn("1 of these 101 samples are among those that the rule was calibrated on", text)
        self.assertEqual(result["overlap"], {"calibration": 1})
        spec = write_shuffled(self.folder / "duplicates", self.source, [*range(100, IMAGES), 7])
        self.refuse("run", self.rule, "--stop", "stored", "--data", spec, naming="1 of these 51 samples")

    def test_a_recording_says_which_samples_it_holds(self):
        recording, model = self.folder / "part.h5", self.folder / "recorded.h5"
        self.succeed("run", self.model, "--data", self.data, "--limit", 40, "--steps", STEPS, "--quiet", "--record",
                     recording)
        shutil.copy(self.model, model)
        self.succeed("calibrate", model, "--recording", recording, "--max-loss", 0.1, "--quiet")
        copy = write_shuffled(self.folder / "copied", self.source, [39, 38, 0])
        self.refuse("run", model, "--data", copy, "--stop", "stored", naming="3 of these 3 samples")


class Trained(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = write_idx(cls.folder / "train", images=40)
        cls.trained = cls.folder / "trained.h5"
        cls.result = cls.train(f"mnist:{cls.source}")

    @classmethod
    def train(cls, train, test=None, out=None):
        spec = cls.folder / "train.toml"
        spec.write_text(SPEC.format(train=train, test=f'test_data = "{test}"\n' if test else ""))
        return rheobase("train", spec, "--out", out or cls.trained, "--quiet")

    def test_a_model_knows_what_it_was_trained_on(self):
        self.assertEqual((self.result.returncode, self.result.stderr), (0, ""))
        packed = self.folder / "packed.h5"
        self.succeed("convert", self.trained, packed, "--quiet")
        for model in (self.trained, packed):
            info = json.loads(self.succeed("info", model, "--json", "-"))
            self.assertEqual(info["training"], {"data": f"mnist:{self.source}", "samples": 40})
            self.assertIn("trained on  40 samples", self.succeed("info", model))
            result = rheobase("run", model, "--data", f"mnist:{self.source}", "--split", "train", "--json", "-")
            self.assertIn("40 of these 40 samples are among those that the network was trained on", result.stderr)
            self.assertEqual(json.loads(result.stdout)["overlap"], {"training": 40})
            fresh = json.loads(self.succeed("run", model, "--data", f"mnist:{self.source}", "--json", "-", "--quiet"))
            self.assertEqual(fresh["overlap"], {"training": 0})

    def test_what_is_trained_on_is_not_tested(self):
        copy = self.folder / "copy"
        copy.mkdir()
        for part in ("images-idx3", "labels-idx1"):
            packed = gzip.compress((self.source / f"train-{part}-ubyte").read_bytes())
            (copy / f"t10k-{part}-ubyte.gz").write_bytes(packed)
        result = self.train(f"mnist:{self.source}", f"mnist:{copy}", self.folder / "never.h5")
        self.assertEqual(result.returncode, 2)
        self.assertIn("40 of its 40 test samples are trained on", result.stderr)
        self.assertIn("'test_data'", result.stderr)
        self.assertFalse((self.folder / "never.h5").exists())

    def test_what_has_no_spikes_has_no_steps_to_choose(self):
        ann = self.folder / "ann.h5"
        self.succeed("convert", ONNX, ann, "--to", "ann", "--normalize", "fashion-mnist", "--quiet")
        self.refuse("calibrate", ann, "--data", self.data, "--max-loss", 0.1, "--steps", 4,
                    naming=[ann, "no spiking neurons", "rheobase convert"])
        spec = self.folder / "sweep.toml"
        spec.write_text(f'models = "{ann}"\ndata = "{self.data}"\nsteps = 4\n')
        result = rheobase("sweep", spec, "--out", self.folder / "swept")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"(?m)^failed .*no spiking neurons")

    def test_onnx_files_are_to_be_converted_first(self):
        for words in (("info", ONNX), ("run", ONNX, "--data", self.data)):
            self.refuse(*words, naming=f"is an ONNX file: convert it first: rheobase convert {ONNX}")


class Contents(CliTest):
    """What a cached recording stands for is what was read."""

    def sweep(self):
        spec = self.folder / "spec.toml"
        spec.write_text(f'models = "{self.model}"\ndata = "mnist:{self.folder / "set"}"\nsteps = {STEPS}\n')
        return self.succeed("sweep", spec, "--out", self.folder / "results")

    def test_a_recording_is_made_again_where_the_samples_changed_and_only_there(self):
        folder = write_idx(self.folder / "set")
        self.assertRegex(self.sweep(), r"(?m)^recorded ")
        for name in ("images-idx3", "labels-idx1"):
            path = folder / f"t10k-{name}-ubyte"
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        self.assertRegex(self.sweep(), r"(?m)^reused ")
        labels = folder / "t10k-labels-idx1-ubyte.gz"
        data = bytearray(gzip.decompress(labels.read_bytes()))
        data[-1] = (data[-1] + 1) % 10
        labels.write_bytes(gzip.compress(bytes(data)))
        self.assertRegex(self.sweep(), r"(?m)^recorded ")

    def test_what_never_ends_is_not_read(self):
        for words in (("info", "/dev/zero"), ("sweep", "/dev/zero", "--out", self.folder / "none"),
                      ("train", "/dev/zero", "--out", self.folder / "none.h5"),
                      ("convert", "/dev/zero", self.folder / "none.h5")):
            self.refuse(*words, naming=["/dev/zero", "not a regular file"])
        sparse = self.folder / "sparse.toml"
        with sparse.open("wb") as file:
            file.truncate(6 << 30)
        self.refuse("sweep", sparse, "--out", self.folder / "none", naming=["sparse.toml", "at most 16777216"])
        self.refuse("train", sparse, "--out", self.folder / "none.h5", naming=["sparse.toml", "at most 16777216"])
        onnx = self.folder / "sparse.onnx"
        sparse.rename(onnx)
        self.refuse("convert", onnx, self.folder / "none.h5", naming=["sparse.onnx", "2 GB"])
        self.refuse("info", onnx, naming="convert it first")


if __name__ == "__main__":
    unittest.main()

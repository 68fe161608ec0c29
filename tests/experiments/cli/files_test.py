#!/usr/bin/env python3
"""Nothing of the user's is lost: what the program reads it never replaces, what it replaces keeps its rights, and two
processes never write one output. RHEOBASE names the binary."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from cli_test import IMAGES, ONNX, PROGRAM, STEPS, CliTest, rheobase, write_idx

TRAIN = """network = "{network}"
data = "{data}"
{more}normalize = "fashion-mnist"
epochs = {epochs}
batch = 4
"""
SWEEP = 'models = {models}\ndata = "{data}"\nsteps = {steps}\n[[policy]]\nname = "margin"\n'


LONG = 100  # steps or epochs: work that does not end before it can be stopped


def partial_name(name):
    """A temporary name of this machine's, as a killed process leaves it."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return f"{name}.rheobase-partial-{host}-99999-aB3dE6"


class FilesTest(CliTest):
    def setUp(self):
        """Everything anew: what went wrong in one test is not there in the next."""
        self.place = self.folder / "place"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        self.images = write_idx(self.place / "images") / "t10k-images-idx3-ubyte"
        self.labels = self.images.with_name("t10k-labels-idx1-ubyte")
        self.own_data = f"mnist:{self.images.parent}"
        self.own_model = self.place / "own.h5"
        shutil.copy(self.model, self.own_model)

    def contents(self):
        return {path: path.read_bytes() for path in sorted(self.place.rglob("*")) if path.is_file()}

    def refuse_to_replace(self, *words, naming):
        before = self.contents()
        self.refuse(*words, naming=["would replace", "another name", *naming])
        self.assertEqual(self.contents(), before, words)

    def spellings(self, path):
        """The file itself, links to it and a second name of it."""
        link, chain, twin = (self.place / name for name in ("link", "chain", "twin"))
        for made in (link, chain, twin):
            made.unlink(missing_ok=True)
        link.symlink_to(path)
        chain.symlink_to(link)
        os.link(path, twin)
        return [path, path.parent / "." / ".." / path.parent.name / path.name, link, chain, twin]

    def train_spec(self, name="train.toml", network="mlp_1w1a", data=None, more="", epochs=1):
        spec = self.place / name
        spec.write_text(TRAIN.format(network=network, data=data or self.own_data, more=more, epochs=epochs))
        return spec

    def sweep_spec(self, path, models=None, data=None, steps=STEPS):
        path.write_text(SWEEP.format(models=json.dumps([str(m) for m in models or [self.own_model]]),
                                     data=data or self.own_data, steps=steps))
        return path


class Inputs(FilesTest):
    def test_run_never_replaces_what_it_reads(self):
        words = ("run", self.own_model, "--data", self.own_data, "--steps", STEPS)
        for read in (self.images, self.labels, self.own_model):
            for output in self.spellings(read):
                for option in ("--json", "--record"):
                    self.refuse_to_replace(*words, option, output, naming=[option, output])

    def test_run_never_replaces_a_batch_file_of_cifar(self):
        batches = self.place / "cifar"
        batches.mkdir()
        (batches / "test_batch.bin").write_bytes(bytes(3073) * 4)
        for name in ("test_batch.bin", "batches.meta.txt"):
            (batches / "batches.meta.txt").write_text("\n".join("abcdefghij"))
            self.refuse_to_replace("run", self.own_model, "--data", f"cifar10:{batches}", "--record", batches / name,
                                   naming=["--record", batches / name])

    def test_no_command_replaces_what_it_leaves_unread_of_a_data_set(self):
        batches, images = self.place / "cifar", self.place / "photos"
        batches.mkdir()
        for name in ("test_batch.bin", "data_batch_1.bin"):
            (batches / name).write_bytes(bytes(3073) * 4)
        for name in ("train/a/0.png", "test/a/0.png", "test/a/1.png"):
            (images / name).parent.mkdir(parents=True, exist_ok=True)
            (images / name).write_bytes(b"no image: only the first is looked at")
        other_split = self.images.with_name("train-labels-idx1-ubyte")
        other_split.write_bytes(b"of the user's")
        for data, unread in ((f"cifar10:{batches}", batches / "data_batch_1.bin"), (self.own_data, other_split),
                             (f"images:{images},resize=28x28", images / "train/a/0.png"),
                             (f"images:{images},resize=28x28", images / "test/a/1.png")):
            for option in ("--record", "--json"):
                self.refuse_to_replace("run", self.own_model, "--data", data, "--limit", 1, option, unread,
                                       naming=[option, unread])

    def test_calibrate_never_replaces_what_it_reads(self):
        recording = self.place / "recording.h5"
        run = ("run", self.own_model, "--data", self.own_data, "--split", "train", "--steps", STEPS)
        self.succeed(*run, "--record", recording)
        self.refuse_to_replace("calibrate", self.own_model, "--recording", recording, "--max-loss", 0.1, "--json",
                               recording, naming=["--json", recording])
        images = self.images.with_name("train-images-idx3-ubyte")
        for option in ("--json", "--record"):
            self.refuse_to_replace("calibrate", self.own_model, "--data", self.own_data, "--max-loss", 0.1, option,
                                   images, naming=[option, images])
            words = ["calibrate", self.own_model, "--data", self.own_data, "--max-loss", 0.1, option, self.own_model]
            self.refuse(*words, naming=[option, "MODEL.h5"])
            self.refuse_to_replace(*words, "--dry-run", naming=[option, self.own_model])

    def test_train_never_replaces_what_it_reads(self):
        network = self.place / "network.toml"
        shutil.copy("experiments/training/networks/cnn-1w-qcfs.toml", network)
        other = write_idx(self.place / "other")
        spec = self.train_spec(network="network.toml", more=f'test_data = "mnist:{other}"\n')
        reads = [spec, network, self.images.with_name("train-images-idx3-ubyte"), other / self.images.name]
        for read in reads:
            for output in self.spellings(read):
                self.refuse_to_replace("train", spec, "--out", output, naming=["--out", output])
                self.refuse_to_replace("train", spec, "--out", self.place / "new.h5", "--log", output,
                                       naming=["--log", output])

    def test_train_never_takes_an_input_for_its_checkpoint(self):
        spec = self.train_spec("net.h5.checkpoint")
        before = self.contents()
        self.refuse("train", spec, "--out", self.place / "net.h5", naming="net.h5.checkpoint")
        self.assertEqual(self.contents(), before)

    def test_convert_export_and_info_never_replace_what_they_read(self):
        network = self.place / "net.onnx"
        shutil.copy(ONNX, network)
        ann = self.place / "ann.onnx"  # exports take this name only
        self.succeed("convert", network, ann, "--to", "ann", "--normalize", "fashion-mnist")
        for output in self.spellings(network):
            self.refuse_to_replace("convert", network, output, naming=["OUT.h5", output])
        self.refuse_to_replace("export", ann, ann, naming=["OUT.onnx", ann])
        for output in self.spellings(self.own_model):
            self.refuse_to_replace("info", self.own_model, "--json", output, naming=["--json", output])

    def test_sweep_never_replaces_what_it_reads(self):
        out = self.place / "swept"
        for name in ("results.csv", "results.h5", "manifest.json", "report.html", "spec.toml"):
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            shutil.copy(self.own_model, out / name)
            spec = self.sweep_spec(self.place / "sweep.toml", [self.own_model, out / name])
            self.refuse_to_replace("sweep", spec, "--out", out, naming=["--out", out / name])
            link = self.place / "elsewhere.h5"
            link.unlink(missing_ok=True)
            link.symlink_to(out / name)
            self.refuse_to_replace("sweep", self.sweep_spec(spec, [link]), "--out", out, naming=["--out", link])
        spec = self.sweep_spec(out / "results.csv")
        self.refuse_to_replace("sweep", spec, "--out", out, naming=["--out", spec])

    def test_sweep_takes_no_input_from_the_folders_that_it_writes(self):
        out = self.place / "swept"
        for folder in ("recordings", "figures", "rasters", "diagnoses"):
            (out / folder).mkdir(parents=True)
            model = out / folder / "net.h5"
            shutil.copy(self.own_model, model)
            data = write_idx(self.place / f"data-{folder}")
            for file in data.iterdir():
                shutil.copy(file, out / folder)
            spec = self.place / "sweep.toml"
            before = self.contents()
            for words in ({"models": [model]}, {"data": f"mnist:{out / folder}"}):
                self.refuse("sweep", self.sweep_spec(spec, **words), "--out", out, naming=[folder, "copy it elsewhere"])
            self.refuse("sweep", self.sweep_spec(out / folder / "sweep.toml"), "--out", out, naming=folder)
            after = self.contents()
            for path in (spec, out / folder / "sweep.toml"):
                before.pop(path, None), after.pop(path, None)
            self.assertEqual(after, before)

    def test_a_sweep_can_be_done_again_from_the_spec_in_its_folder(self):
        out = self.place / "swept"
        self.succeed("sweep", self.sweep_spec(self.place / "sweep.toml"), "--out", out)
        before, inode = self.contents(), (out / "spec.toml").stat().st_ino
        self.assertIn("reused", self.succeed("sweep", out / "spec.toml", "--out", out))
        self.assertEqual(self.contents(), before)
        self.assertEqual((out / "spec.toml").stat().st_ino, inode, "the spec was written over itself")

    def test_report_never_replaces_what_it_reads(self):
        out = self.place / "swept"
        spec = self.sweep_spec(self.place / "sweep.toml")
        self.succeed("sweep", spec, "--out", out)
        (out / "report.html").unlink()
        os.link(out / "manifest.json", out / "report.html")
        self.refuse_to_replace("report", out, naming=["DIR", "report.html"])

    def test_outputs_are_told_apart(self):
        link = self.place / "link"
        link.symlink_to("both")  # which is not there yet
        words = ("run", self.own_model, "--data", self.own_data)
        for one, other in (("both", "both"), ("both", "link"), ("link", "./both")):
            self.refuse(*words, "--json", self.place / one, "--record", self.place / other,
                        naming=["--record", "is the file given as --json"])
        spec = self.train_spec()
        self.refuse("train", spec, "--out", self.place / "a", "--log", self.place / "a.checkpoint", naming="--log")

    def test_only_text_goes_to_standard_output(self):
        self.refuse("run", self.own_model, "--data", self.own_data, "--record", "-", naming="--record")


class Rights(FilesTest):
    def writers(self):
        """Every way to write a file: the words, up to the file's name."""
        ann = self.place / "ann.h5"
        self.succeed("convert", ONNX, ann, "--to", "ann", "--normalize", "fashion-mnist")
        run = ("run", self.own_model, "--data", self.own_data, "--steps", STEPS)
        return {
            "convert": ("convert", ONNX, "--normalize", "fashion-mnist"),
            "export": ("export", ann),
            "info": ("info", ann, "--json"),
            "run --json": (*run, "--json"),
            "run --record": (*run, "--record"),
            "calibrate --json": ("calibrate", self.own_model, "--data", self.own_data, "--max-loss", 0.1, "--json"),
            "train": ("train", self.train_spec(), "--out"),
            "train --log": ("train", self.train_spec(), "--out", self.place / "trained.h5", "--log"),
        }

    def test_a_file_that_is_replaced_keeps_its_mode(self):
        for name, words in self.writers().items():
            target = self.place / "out.onnx"
            for mode in (0o600, 0o660):
                target.write_bytes(b"old")
                target.chmod(mode)
                self.succeed(*words, target)
                self.assertEqual(target.stat().st_mode & 0o7777, mode, name)
                self.assertNotEqual(target.read_bytes(), b"old", name)

    def test_a_new_file_gets_what_the_umask_leaves(self):
        before = os.umask(0o027)
        try:
            for name, words in self.writers().items():
                target = self.place / "out.onnx"
                self.succeed(*words, target)
                self.assertEqual(target.stat().st_mode & 0o7777, 0o640, name)
                target.unlink()
        finally:
            os.umask(before)

    def test_links_are_written_through(self):
        for name, words in self.writers().items():
            target, link = self.place / "far" / "out.onnx", self.place / "link.onnx"
            target.parent.mkdir(exist_ok=True)
            link.symlink_to(target)
            for there in (False, True):
                self.assertEqual(target.exists(), there, name)
                self.succeed(*words, link)
                self.assertTrue(link.is_symlink(), name)
                self.assertGreater(target.stat().st_size, 0, name)
            target.unlink()
            link.unlink()

    def test_calibrate_keeps_mode_and_link_of_its_model(self):
        link = self.place / "link.h5"
        link.symlink_to(self.own_model)
        self.own_model.chmod(0o600)
        before = self.own_model.read_bytes()
        self.succeed("calibrate", link, "--data", self.own_data, "--steps", STEPS, "--max-loss", 0.1)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(self.own_model.read_bytes(), before)
        self.assertEqual(self.own_model.stat().st_mode & 0o7777, 0o600)

    def test_a_sweep_writes_through_the_links_in_its_folder(self):
        out, far = self.place / "swept", self.place / "far.csv"
        out.mkdir()
        (out / "results.csv").symlink_to(far)
        self.succeed("sweep", self.sweep_spec(self.place / "sweep.toml"), "--out", out)
        self.assertTrue((out / "results.csv").is_symlink())
        self.assertIn("accuracy", far.read_text())

    def test_a_folder_that_cannot_be_written_to_is_one_clear_line(self):
        for words in self.writers().values():
            target = self.own_model / "out.onnx"  # a file is no folder, for root neither
            self.refuse(*words, target, naming=[target, "Not a directory"])
            target = self.place / "none" / "out.onnx"
            self.refuse(*words, target, naming=[target, "No such file or directory"])


class TwoProcesses(FilesTest):
    """The first is stopped in the middle of its work, so that the second surely meets it."""

    def start(self, *words):
        process = subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def stopped(self, lock, *words):
        process = self.start(*words)
        deadline = time.monotonic() + 60
        while not (lock.exists() and lock.read_text() == f"{process.pid}\n"):
            self.assertIsNone(process.poll(), process.poll() is not None and process.stderr.read())
            self.assertLess(time.monotonic(), deadline, f"{lock} never came")
        process.send_signal(signal.SIGSTOP)
        return process

    def finish(self, process):
        process.send_signal(signal.SIGCONT)
        message = process.communicate(timeout=120)[1].decode()
        self.assertEqual(process.returncode, 0, message)

    def kill(self, process):
        process.kill()
        process.communicate(timeout=60)

    def leftovers(self):
        return [path for path in self.place.rglob("*") if re.search(r"rheobase-(lock|partial)", path.name)]

    def test_the_second_sweep_into_a_folder_is_refused(self):
        spec, out = self.sweep_spec(self.place / "sweep.toml", steps=LONG), self.place / "swept"
        first = self.stopped(out / ".rheobase-lock", "sweep", spec, "--out", out)
        before = self.contents()
        for words in (["sweep", spec, "--out", out], ["report", out]):
            self.refuse(*words, naming=[out, f"process {first.pid}"])
        self.assertEqual(self.contents(), before)
        self.finish(first)
        self.assertIn("reused", self.succeed("sweep", spec, "--out", out))
        self.assertEqual(self.leftovers(), [])

    def test_the_second_training_into_a_file_is_refused(self):
        out, log = self.place / "net.h5", self.place / "log.csv"
        spec = self.train_spec(epochs=LONG)
        first = self.stopped(self.place / ".log.csv.rheobase-lock", "train", spec, "--out", out, "--log", log)
        link = self.place / "link.h5"
        link.symlink_to(out)
        for words in (["--out", out], ["--out", link], ["--out", self.place / "b.h5", "--log", log]):
            self.refuse("train", spec, *words, naming=f"process {first.pid}")
        self.finish(first)
        self.succeed("info", out)
        self.assertEqual(self.leftovers(), [])

    def test_the_second_calibration_of_a_model_is_refused(self):
        words = ("calibrate", self.own_model, "--data", self.own_data, "--steps", LONG, "--max-loss", 0.1)
        first = self.stopped(self.place / ".own.h5.rheobase-lock", *words)
        self.refuse(*words, naming=[self.own_model, f"process {first.pid}"])
        self.refuse("convert", ONNX, self.own_model, naming=f"process {first.pid}")
        self.succeed(*words, "--dry-run")
        self.finish(first)
        self.succeed(*words)
        self.assertEqual(self.leftovers(), [])

    def test_the_lock_of_a_killed_process_is_free(self):
        out = self.place / "swept"
        runs = {
            out / ".rheobase-lock":
                ("sweep", self.sweep_spec(self.place / "sweep.toml", steps=LONG), "--out", out),
            self.place / ".net.h5.rheobase-lock":
                ("train", self.train_spec(epochs=LONG), "--out", self.place / "net.h5"),
            self.place / ".own.h5.rheobase-lock":
                ("calibrate", self.own_model, "--data", self.own_data, "--steps", LONG, "--max-loss", 0.1),
        }
        for lock, words in runs.items():
            self.kill(self.stopped(lock, *words))
            self.assertTrue(lock.exists())
            self.succeed(*words)
            self.assertEqual(self.leftovers(), [])

    def test_leftovers_of_the_killed_go_and_nothing_else_does(self):
        out = self.place / "swept"
        spec, training = self.sweep_spec(self.place / "sweep.toml"), self.train_spec()
        self.succeed("sweep", spec, "--out", out)
        ours = [out / partial_name("results.csv"), out / "recordings" / partial_name("0123.h5"),
                out / "rasters" / partial_name("x.json"), out / "figures" / partial_name("overview.svg"),
                self.place / partial_name("net.h5"), self.place / partial_name("net.h5.checkpoint")]
        theirs = [out / "notes.partial-abcdef", out / "results.csv.partial-a1B2c3", self.place / "net.h5.partial-aB3dE6",
                  out / "figures/drawing.svg.rheobase-partial", out / (partial_name("results.csv") + "~"),
                  self.place / partial_name("other.h5")]
        for path in ours + theirs:
            path.write_text("x")
        self.succeed("sweep", spec, "--out", out)
        self.succeed("train", training, "--out", self.place / "net.h5")
        self.assertEqual([path for path in ours + theirs if path.exists()], theirs)

    def test_a_link_to_the_checkpoint_stays(self):
        far, link = self.place / "far.checkpoint", self.place / "net.h5.checkpoint"
        link.symlink_to(far)
        self.succeed("train", self.train_spec(), "--out", self.place / "net.h5")
        self.assertTrue(link.is_symlink())
        self.assertFalse(far.exists())


class WhatIsNeeded(FilesTest):
    def run_words(self, *more):
        return ("run", self.own_model, "--data", self.own_data, "--steps", STEPS, *more)

    def test_options_that_do_nothing_are_refused(self):
        for more, named in ((["--threshold", 0.9], "--threshold"), (["--alpha", 2], "--alpha"),
                            (["--stop", "never", "--alpha", 2], "--alpha"),
                            (["--calibration-samples"], "--calibration-samples"),
                            (["--stop", "margin", "--threshold", 1, "--calibration-samples"], "--calibration-samples"),
                            (["--stop", "stable", "--threshold", 2, "--alpha", 2], "--alpha")):
            self.refuse(*self.run_words(*more), naming=[named, "--stop"])
        self.refuse("calibrate", self.own_model, "--data", self.own_data, "--max-loss", 0.1, "--stop", "stable",
                    "--alpha", 2, naming="--alpha")

    def test_slots_are_no_more_than_samples(self):
        many = self.run_json("--slots", 1 << 16, "--limit", 3, "--hash")
        few = self.run_json("--slots", 3, "--limit", 3, "--hash")
        self.assertEqual((many["slots"], many["spike_hash"]), (3, few["spike_hash"]))
        self.assertLess(many["peak_memory_bytes"], 1.5 * few["peak_memory_bytes"])
        self.assertEqual(self.run_json("--slots", 64, "--offset", IMAGES - 2)["slots"], 2)

    def test_threads_are_those_of_the_affinity_mask(self):
        cpu = min(os.sched_getaffinity(0))
        words = [PROGRAM, *map(str, self.run_words("--json", "-"))]
        one = subprocess.run(words, capture_output=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual(json.loads(one.stdout)["threads"], 1)
        self.assertEqual(self.run_json()["threads"], len(os.sched_getaffinity(0)))

    @unittest.skipUnless(os.path.exists("/proc/self/status"), "no /proc here")
    def test_peak_memory_is_the_process_own_when_its_parent_is_large(self):
        large = bytearray(1 << 29)
        large[::4096] = bytes(len(large) // 4096)[:len(large[::4096])].replace(b"\0", b"x")
        peak = self.run_json()["peak_memory_bytes"]
        self.assertLess(peak, len(large) // 2)
        self.assertGreater(peak, 1 << 20)


if __name__ == "__main__":
    unittest.main()

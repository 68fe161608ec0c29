#!/usr/bin/env python3
"""Networks of ReLUs, made spiking without training, from outside. As cli_test.py."""

import json
import struct
import unittest
import zipfile

from cli_test import CliTest, rheobase
from images_test import npy, png

NETWORK = """layers = [
  {op = "Conv2d", channels = 16}, {op = "BatchNorm"}, {op = "ReLU", name = "first"}, {op = "MaxPool2d", kernel = 2},
  {op = "Conv2d", channels = 16}, {op = "BatchNorm"}, {op = "ReLU", name = "second"},
  {op = "AvgPool2d", global = true}, {op = "Flatten"}, {op = "Linear"},
]
"""
TRAIN = """network = "relu.toml"
data = "{data}"
normalize = "fashion-mnist"
epochs = 1
batch = 4
"""


class Relu(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "relu.toml").write_text(NETWORK)
        spec = cls.folder / "train.toml"
        spec.write_text(TRAIN.format(data=cls.data))
        cls.ann, cls.out = cls.folder / "ann.h5", cls.folder / "snn.h5"
        cls.trained = rheobase("train", spec, "--out", cls.ann, "--quiet")
        cls.colour = cls.colour_network()
        cls.samples = ["--data", cls.data, "--samples", 32]

    @classmethod
    def colour_network(cls):
        """The same of three channels, trained on noise."""
        images = cls.folder / "noise"
        for split in "train", "test":
            for i in range(8):
                folder = images / split / f"class{i % 2}"
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{i}.png").write_bytes(png(28, 28, bytes((i * j + (split == "test")) % 249 for j in range(3 * 28 * 28))))
        spec = cls.folder / "colour.toml"
        spec.write_text(TRAIN.format(data=f"images:{images}").replace("fashion-mnist", "cifar10"))
        trained = rheobase("train", spec, "--out", cls.folder / "colour.h5", "--quiet")
        assert trained.returncode == 0, trained.stderr
        return cls.folder / "colour.h5"

    def setUp(self):
        self.assertEqual(self.trained.returncode, 0, self.trained.stderr)
        self.out.unlink(missing_ok=True)

    def convert(self, *more):
        return self.succeed("convert", self.ann, self.out, *self.samples, *more)

    def nodes(self):
        return json.loads(self.succeed("info", self.out, "--json", "-"))["nodes"]

    def run_snn(self, *more):
        return json.loads(self.succeed("run", self.out, "--data", self.data, "--steps", 8, "--hash", "--quiet", "--json", "-", *more))

    def test_every_method_gives_its_neurons(self):
        for words, op in ([], "SigmaDelta"), (["--method", "mt", "--levels", 3], "MTIF"), (["--method", "signed"], "SignedIF"), \
                (["--method", "if", "--threshold", "99.9%"], "IF"):
            self.convert(*words)
            neurons = [node for node in self.nodes() if "v_threshold" in node]
            self.assertEqual([node["op"] for node in neurons], [op, op])
            self.assertEqual(len(neurons[0]["v_threshold"]), 16)

    def test_local_balancing_finds_other_thresholds_and_the_same_again(self):
        found = []
        for rule in "ltb", "ltb", "max":
            self.convert("--method", "if", "--threshold", rule)
            found.append([node["v_threshold"] for node in self.nodes() if "v_threshold" in node])
        self.assertEqual(found[0], found[1])
        for balanced, largest in zip(found[0], found[2]):
            self.assertNotEqual(balanced, largest)
            self.assertTrue(all(0 < value for value in balanced))

    def test_what_converges_answers_as_the_source_network(self):
        said = self.convert()
        self.assertRegex(said, r"after 8 steps|8 steps: [\d.]+ % of the answers")
        self.assertRegex(self.convert("--diagnose"), r"(?m)^second +\d+ ")

    def test_spikes_are_the_same_on_every_device_and_with_any_slots(self):
        for arithmetic in "float32", "fixed":
            self.convert("--arithmetic", arithmetic)
            hashes = {self.run_snn(*words)["spike_hash"] for words in
                      ([], ["--device", "reference"], ["--slots", 1], ["--threads", 1], ["--kernel", "dense"], ["--lookahead", 1])}
            self.assertEqual(len(hashes), 1)

    def test_stop_rules_are_calibrated_and_stored(self):
        self.convert()
        calibrated = rheobase("calibrate", self.out, "--data", self.data, "--steps", 8, "--max-loss", 0.5, "--quiet")
        self.assertEqual(calibrated.returncode, 0, calibrated.stderr)
        result = self.run_snn("--stop", "stored", "--calibration-samples")
        self.assertLessEqual(result["mean_steps"], 8)

    def test_without_samples_every_activation_is_named_with_the_way_out(self):
        text = rheobase("convert", self.ann, self.out).stderr
        for named in "first", "second", "--data":
            self.assertIn(named, text)
        self.assertFalse(self.out.exists())

    def test_words_that_mean_nothing_are_refused(self):
        for words, naming in ((["--method", "rate"], "--method"), (["--levels", 9], "--levels"), (["--method", "if", "--levels", 2], "--levels"),
                              (["--threshold", "101%"], "--threshold"), (["--threshold", "low"], "--threshold"), (["--steps", 0], "--steps"),
                              (["--to", "ann", "--method", "if"], "--method")):
            self.refuse("convert", self.ann, self.out, *self.samples, *words, naming=naming)

    def test_samples_of_another_shape_are_refused(self):
        self.refuse("convert", self.ann, self.out, "--data", "fashion-mnist:/nowhere", naming="/nowhere")

    def test_pixels_that_are_none_set_no_thresholds(self):
        values = [255 * (i % 7) / 6 for i in range(40 * 28 * 28)]
        archive = self.folder / "bytes as floats.npz"
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("images.npy", npy("<f4", "(40, 1, 28, 28)", struct.pack(f"<{len(values)}f", *values)))
            members.writestr("labels.npy", npy("<i8", "(40,)", struct.pack("<40q", *range(40))))
        self.refuse("convert", self.ann, self.out, "--data", f"npz:{archive}", "--samples", 32, naming=[archive, "255"])

    def test_a_broken_image_in_the_middle_of_a_set_is_named(self):
        images = self.folder / "images"
        for i in range(40):
            folder = images / "train" / f"class{i % 4}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{i:02}.png").write_bytes(png(28, 28, bytes((i * j) % 251 for j in range(3 * 28 * 28))))
        broken = images / "train" / "class2" / "18.png"
        broken.write_bytes(broken.read_bytes()[:60])
        self.refuse("convert", self.colour, self.out, "--data", f"images:{images}", "--samples", 40, naming=broken)

    def test_no_output_lands_on_a_calibration_sample(self):
        images = self.folder / "data" / "train-images-idx3-ubyte"
        before = images.read_bytes()
        self.refuse("convert", self.ann, images, *self.samples, naming=images)
        self.assertEqual(images.read_bytes(), before)

    def test_a_full_disk_leaves_nothing(self):
        result = rheobase("convert", self.ann, "/dev/full", *self.samples)
        self.assertEqual(result.returncode, 2, result.stderr)

    def test_running_values_take_direct_coding_alone(self):
        self.convert()
        self.refuse("run", self.out, "--data", self.data, "--coding", "poisson", naming="direct")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What convert says of rounding and of normalisation. RHEOBASE names the binary."""

import json
import random
import re
import struct
import tempfile
import unittest

from cli_test import CliTest, ONNX, rheobase

FASHION = "fashion-mnist"
H_FIRST, V_SECOND = 0.19249788, 0.46841562  # heights of the spikes of the first two layers
DEAD = 5  # a channel of the first layer


def length(data, at):
    """A varint, and where it ends."""
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


class Weights:
    """Tensors of an ONNX file, changed where they lie: a name (field 8), then raw data (field 9)."""

    def __init__(self):
        self.data = bytearray(ONNX.read_bytes())

    def place(self, name):
        key = b"\x42" + bytes([len(name)]) + name.encode() + b"\x4a"
        bytes_, start = length(self.data, self.data.index(key) + len(key))
        return start, bytes_ // 4

    def get(self, name):
        start, count = self.place(name)
        return list(struct.unpack_from(f"<{count}f", self.data, start))

    def set(self, name, values):
        start, count = self.place(name)
        struct.pack_into(f"<{count}f", self.data, start, *values)


def with_dead_channel(path, provable):
    """The shipped network with a channel that never fires, read by weights of 100 thresholds."""
    weights = Weights()
    first, bias, second = (weights.get(f"onnx::Conv_{n}") for n in (116, 117, 119))
    taps = range(DEAD * 9, DEAD * 9 + 9)
    # Pixels are within +-4 in fixed arithmetic, but within 2.03 as they come.
    bias[DEAD] = -1.0 if provable else -2.4 * sum(abs(first[i]) for i in taps)
    for i in taps:
        first[i] *= 0.0 if provable else 1.0
    draw = random.Random(1)
    for o in range(32):
        for tap in range(9):
            i = (o * 32 + DEAD) * 9 + tap
            second[i] = 100 * V_SECOND / H_FIRST * draw.uniform(-1, 1)
    for n, values in ((116, first), (117, bias), (119, second)):
        weights.set(f"onnx::Conv_{n}", values)
    path.write_bytes(weights.data)
    return path


class Convert(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.out = cls.folder / "out.h5"
        cls.provable = with_dead_channel(cls.folder / "provable.onnx", True)
        cls.hidden = with_dead_channel(cls.folder / "hidden.onnx", False)
        spec = cls.folder / "train.toml"
        spec.write_text(f'network = "mlp_1w1a"\ndata = "{cls.data}"\nnormalize = "{FASHION}"\nepochs = 1\nbatch = 4\n')
        cls.trained = cls.folder / "trained.h5"
        result = rheobase("train", spec, "--out", cls.trained, "--quiet")
        assert result.returncode == 0, result.stderr

    def tearDown(self):
        self.out.unlink(missing_ok=True)

    def convert(self, source, *more):
        """Exit status 0; what it wrote on standard error."""
        result = rheobase("convert", source, self.out, *more)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def fixed(self, *more):
        return ("--normalize", FASHION, "--arithmetic", "fixed", *more)

    def agreement(self, source, *more):
        text = self.succeed("convert", source, self.out, *self.fixed("--data", FASHION, "--samples", 64, *more))
        return float(re.search(r"(?m)^([\d.]+) % of the answers to 64 ", text).group(1))

    def test_measures_the_agreement_on_samples(self):
        text = self.succeed("convert", ONNX, self.out, *self.fixed("--data", FASHION, "--samples", 64, "--steps", 8))
        self.assertRegex(text, r"(?m)^[\d.]+ % of the answers to 64 train samples of fashion-mnist after 8 steps are "
                         r"those of float32 \(accuracy [\d.]+ %, float32 [\d.]+ %\)$")
        self.assertGreaterEqual(self.agreement(ONNX), 95)
        self.assertGreaterEqual(self.agreement(ONNX, "--split", "test"), 95)

    def test_the_samples_change_no_byte_of_the_model(self):
        self.convert(ONNX, *self.fixed())
        alone = self.out.read_bytes()
        self.convert(ONNX, *self.fixed("--data", FASHION, "--samples", 32, "--steps", 1))
        self.assertEqual(self.out.read_bytes(), alone)

    def test_a_channel_that_never_fires_costs_nothing(self):
        self.assertGreaterEqual(self.agreement(self.provable), 95)

    def test_a_network_that_rounding_ruins_is_refused(self):
        self.refuse("convert", self.hidden, self.out, *self.fixed(),
                    naming=[self.hidden, "/3/Conv", f"channel {DEAD} of '/2'", "--arithmetic float32"])
        self.refuse("convert", self.hidden, self.out, *self.fixed("--data", FASHION, "--samples", 64),
                    naming=[self.hidden, "only", "--arithmetic float32"])
        self.assertEqual(self.convert(self.hidden, "--normalize", FASHION), "")

    def test_data_compare_the_network_with_its_source_in_three_lines(self):
        words = ("convert", ONNX, self.out, "--normalize", FASHION, "--data", FASHION, "--samples", 64, "--steps", 4)
        lines = self.succeed(*words).splitlines()
        self.assertEqual(len(lines), 4)  # the first says what was written
        self.assertRegex(lines[1], r"^float32, 64 train samples of fashion-mnist, 4 steps: [\d.]+ % of the answers are "
                         r"those of the source network \(accuracy [\d.]+ %, source [\d.]+ %\), correlation of the logits 0\.")
        self.assertRegex(lines[2], r"^5 layers: decoded activations are wrong by [\d.]+ % at most \(rms, in '/\d+'")
        self.assertRegex(lines[3], r"^the loss starts in '/\d+', whose own error is [\d.]+ %; ")
        self.assertGreaterEqual(float(re.search(r"4 steps: ([\d.]+) %", lines[1]).group(1)), 90)

    def test_diagnose_shows_every_layer(self):
        words = ("convert", ONNX, self.out, "--normalize", FASHION, "--data", FASHION, "--samples", 64, "--steps", 4)
        text = self.succeed(*words, "--diagnose")
        self.assertTrue(text.endswith("".join(self.succeed(*words).splitlines(True)[1:])))
        row = r"(?m)^%s +%d +-?[\d.]+ +([\d.]+) %% +([\d.]+) %% +[01]\.\d+ +[\d.]+ %% +[\d.]+ %% +[\d.]+ %% +[\d.]+$"
        for name, neurons in [("/2", 25088), ("/5", 25088), ("/9", 12544), ("/12", 12544), ("/16", 6272)]:
            self.assertRegex(text, row % (name, neurons))
        # The image is the same at every step, so as many steps as levels are exact in the first layer.
        self.assertLess(float(re.search(row % ("/2", 25088), text).group(1)), 0.1)
        self.assertRegex(text, r"(?m)^error, T = +1 +2 +4$")
        self.assertEqual(self.succeed(*words, "--diagnose", "--quiet"), "")

    def test_fixed_arithmetic_is_diagnosed_in_float32(self):
        words = ("--data", FASHION, "--samples", 32, "--steps", 2, "--diagnose")
        fixed = self.succeed("convert", ONNX, self.out, *self.fixed(*words)).splitlines()
        plain = self.succeed("convert", ONNX, self.out, "--normalize", FASHION, *words).splitlines()
        self.assertIn("are those of float32", fixed[1])
        self.assertEqual(fixed[2:], plain[1:])

    def test_only_spiking_networks_are_diagnosed(self):
        self.refuse("convert", ONNX, self.out, "--diagnose", naming=["--diagnose", "--data"])
        self.refuse("convert", ONNX, self.out, "--to", "ann", "--data", self.data, naming=["--data", "--to snn"])
        self.refuse("convert", self.trained, self.out, "--data", self.data, naming=["--data", "spiking", self.trained])
        self.assertFalse(self.out.exists())

    def test_samples_go_with_data(self):
        self.refuse("convert", ONNX, self.out, *self.fixed("--samples", 64), naming=["--samples", "--data"])
        for option, value in [("--samples", 31), ("--samples", -1), ("--steps", 0), ("--split", "both")]:
            self.refuse("convert", ONNX, self.out, *self.fixed("--data", self.data, option, value), naming=option)
        self.refuse("convert", ONNX, self.out, *self.fixed("--data", "mnist:/none"), naming="/none")

    def test_numbers_of_another_kind_of_image_are_refused(self):
        self.refuse("convert", ONNX, self.out, "--normalize", "cifar10", naming=["3 means", "1 channel"])
        self.refuse("convert", ONNX, self.out, "--normalize", "72.9;90", naming=["mean 72.9", "255"])
        self.assertIn("mean -0.2 is unlikely", self.convert(ONNX, "--normalize", "-0.2;0.5"))

    def test_no_normalisation_at_all_is_said(self):
        self.assertRegex(self.convert(ONNX), r"\Arheobase: note: [^\n]*: normalization: none[^\n]*--normalize[^\n]*\n\Z")
        self.assertEqual(self.convert(ONNX, "--normalize", "none"), "")
        self.assertEqual(self.convert(ONNX, "--normalize", FASHION), "")

    def test_a_file_that_normalises_by_itself_is_not_done_twice_in_silence(self):
        self.convert(ONNX, "--to", "ann", "--normalize", FASHION)
        written = self.folder / "written.onnx"
        self.succeed("export", self.out, written, "--quiet")
        self.assertEqual(self.convert(written), "")
        self.assertIn("scales and shifts its pixels itself", self.convert(written, "--normalize", FASHION))

    def test_a_trained_network_keeps_its_normalisation(self):
        for more in ([], ["--normalize", FASHION]):
            self.assertEqual(self.convert(self.trained, *more), "")
            node = json.loads(self.succeed("info", self.out, "--json", "-"))["nodes"][0]
            self.assertAlmostEqual(node["mean"][0], 0.2860, 6)
            self.out.unlink()
        for other in ("mnist", "none", "0.2860;0.3"):
            self.refuse("convert", self.trained, self.out, "--normalize", other,
                        naming=[self.trained, "--normalize", "mean 0.286, std 0.353", "leave"])

    def test_training_refuses_numbers_of_another_kind_of_image(self):
        spec = self.folder / "wrong.toml"
        spec.write_text(f'network = "mlp_1w1a"\ndata = "{self.data}"\nnormalize = "cifar10"\nepochs = 1\nbatch = 4\n')
        self.refuse("train", spec, "--out", self.folder / "never.h5", naming=["3 means", "1 channel"])

    def test_a_sweep_says_whose_normalisation_it_takes(self):
        spec = self.folder / "sweep.toml"
        for model, more, said in [(self.model, 'normalize = "mnist"\n', "has its own, mean 0.286, std 0.353"),
                                  (self.model, f'normalize = "{FASHION}"\n', ""), (self.model, "", ""),
                                  (ONNX, "", "normalization: none"), (ONNX, 'normalize = "none"\n', "")]:
            spec.write_text(f'models = "{model}"\ndata = "{self.data}"\nsteps = 2\n{more}'
                            '[[policy]]\nname = "margin"\nthreshold = 1\n')
            with tempfile.TemporaryDirectory(dir=self.folder) as out:
                result = rheobase("sweep", spec, "--out", out, "--quiet")
                self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stderr == "", said == "", result.stderr)

    def test_info_shows_the_normalisation(self):
        self.convert(ONNX, "--normalize", FASHION)
        self.assertRegex(self.succeed("info", self.out), r"(?m)^normalize +mean 0\.286, std 0\.353$")
        self.convert(ONNX, "--normalize", "none")
        self.assertRegex(self.succeed("info", self.out), r"(?m)^normalize +none: pixels as they are$")


if __name__ == "__main__":
    unittest.main()

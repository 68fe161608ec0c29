#!/usr/bin/env python3
"""Networks of ReLUs, made spiking without training, from outside. As cli_test.py."""

import csv
import json
import shutil
import struct
import unittest
import zipfile

from cli_test import ONNX, CliTest, rheobase
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


def jpeg(side):
    """A gray image, all blocks of 8 x 8 of one brightness."""
    def segment(marker, body):
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body

    def table(number, symbols):  # codes of two bits
        return bytes([number, 0, len(symbols)]) + bytes(14) + bytes(symbols)

    blocks = ((side + 7) // 8) ** 2
    bits = "01" + "10000" + "00" + "0000" * (blocks - 1)  # a difference of 16, then none; no details
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    return (b"\xff\xd8" + segment(0xdb, b"\0" + bytes([16] * 64)) + segment(0xc0, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0)) +
            segment(0xc4, table(0, [0, 5])) + segment(0xc4, table(0x10, [0])) + segment(0xda, bytes([1, 1, 0, 0, 63, 0])) + scan + b"\xff\xd9")


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

    def test_light_calibration_leaves_thresholds_alone_and_finds_the_same_again(self):
        def model(*words):
            self.convert("--method", "if", "--steps", 4, *words)
            return self.out.read_bytes(), [node.get("v_threshold") for node in self.nodes()]

        models = {way: model("--calibrate", way) for way in ("none", "light", "potential")}
        self.assertEqual(len({found for found, _ in models.values()}), 3)
        for way, (found, thresholds) in models.items():
            self.assertEqual(thresholds, models["none"][1])
            self.assertEqual(model("--calibrate", way)[0], found)
            self.convert("--method", "if", "--steps", 4, "--calibrate", way, "--arithmetic", "fixed")

    def test_corrections_that_mean_nothing_are_refused(self):
        words = ("convert", self.ann, self.out)
        for more, naming in (([*self.samples, "--calibrate", "potential"], ["--calibrate", "sigma-delta", "use light"]),
                             ([*self.samples, "--calibrate", "heavy"], ["--calibrate", "none, light or potential"]),
                             (["--calibrate", "light"], ["--calibrate", "--data"]),
                             (["--to", "ann", "--calibrate", "light"], ["--calibrate", "--to snn"])):
            self.refuse(*words, *more, naming=naming)

    def test_a_delayed_readout_is_calibrated_stored_and_the_same_everywhere(self):
        self.convert("--method", "if", "--steps", 8, "--arithmetic", "fixed")
        whole = self.run_snn()
        ways = ([], ["--device", "reference"], ["--slots", 1], ["--threads", 1], ["--lookahead", 1], ["--kernel", "dense"])
        results = [self.run_snn("--readout-delay", 3, *way) for way in ways]
        for result in results:
            self.assertEqual(result["spike_hash"], whole["spike_hash"])
            self.assertEqual(result["accuracy_by_step"], results[0]["accuracy_by_step"])
            self.assertEqual(result["accuracy_by_step"][:3], whole["accuracy_by_step"][:3])
            self.assertEqual(result["stop"]["readout_delay"], 3)
        words = ("calibrate", self.out, "--data", self.data, "--split", "test", "--steps", 8, "--readout-delay", 3, "--max-loss", 0.5)
        chosen = json.loads(self.succeed(*words, "--json", "-"))
        self.assertGreaterEqual(chosen["chosen"]["mean_steps"], 4)
        self.assertEqual(chosen["stop"]["readout_delay"], 3)
        self.assertIn("read from step 4 on", self.succeed("info", self.out))
        stored = self.run_snn("--stop", "stored", "--calibration-samples")
        self.assertEqual(stored["mean_steps"], chosen["chosen"]["mean_steps"])
        self.assertEqual(sum(stored["exit_histogram"][:3]), 0)
        self.refuse("run", self.out, "--data", self.data, "--stop", "stored", "--readout-delay", 2, naming=["--readout-delay", "stored"])

    def test_delays_that_leave_nothing_to_read_are_refused(self):
        self.convert("--method", "if")
        run = ("run", self.out, "--data", self.data, "--steps", 4)
        for delay in 4, 5, -1:
            self.refuse(*run, "--readout-delay", delay, naming=["--readout-delay", delay])
        calibrate = ("calibrate", self.out, "--data", self.data, "--steps", 4, "--max-loss", 0.5)
        self.refuse(*calibrate, "--readout-delay", 3, naming=["--readout-delay", "nothing to stop"])
        self.convert()
        for words in run, calibrate:
            self.refuse(*words, "--readout-delay", 1, naming=["--readout-delay", "running values"])

    def sweep_spec(self, top, calibration=""):
        onnx, spec = self.folder / "relu.onnx", self.folder / "sweep.toml"
        if not onnx.exists():  # without a normalisation of its own, which running values could not pad
            train = self.folder / "raw.toml"
            train.write_text(TRAIN.format(data=self.data).replace("fashion-mnist", "none"))
            self.succeed("train", train, "--out", self.folder / "raw.h5", "--quiet")
            self.succeed("export", self.folder / "raw.h5", onnx, "--quiet")
        spec.write_text(f'models = "{onnx}"\ndata = "{self.data}"\nnormalize = "none"\nsteps = [3, 4]\n{top}\n[calibration]\ndata = "{self.data}"\n'
                        f'{calibration}\n[[policy]]\nname = "margin"\n')
        return spec

    def sweep(self, spec):
        result = rheobase("sweep", spec, "--out", self.folder / "swept")
        self.assertEqual(result.returncode, 0, (result.stdout, result.stderr))
        return result.stdout

    def test_a_sweep_compares_methods_of_a_network_of_relus(self):
        out = self.folder / "swept"
        shutil.rmtree(out, ignore_errors=True)
        top = 'method = ["if", "signed", "mt", "sigma-delta"]\nlevels = 6\ncalibrate = ["none", "light"]\nreadout_delay = [0, 1]'
        spec = self.sweep_spec(top, "steps = 4")
        self.assertEqual(self.sweep(spec).count("recorded"), 3 * 2 * 2 + 2)
        with (out / "results.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        cells = {(row["method"], row["levels"], row["calibrate"], row["readout_delay"]) for row in rows}
        self.assertEqual(len(cells), 14)
        self.assertIn(("mt", "6", "light", "1"), cells)
        self.assertIn(("if", "0", "none", "0"), cells)
        for row in rows:
            if row["policy"] == "margin":
                self.assertGreater(float(row["mean_steps"]), int(row["readout_delay"]))
        before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
        self.assertEqual(self.sweep(spec).count("reused"), 14)
        self.assertEqual({path: path.read_bytes() for path in out.rglob("*") if path.is_file()}, before)
        # The model of a cell is the one that convert writes.
        self.succeed("convert", self.folder / "relu.onnx", self.out, "--normalize", "none", "--data", self.data, "--method", "mt", "--levels", 6, "--steps", 4,
                     "--calibrate", "light", "--quiet")
        models = {path.read_bytes() for path in (out / "recordings").glob("*.model.h5")}
        self.assertIn(self.out.read_bytes(), models)

    def test_what_changes_results_makes_another_cell(self):
        shutil.rmtree(self.folder / "swept", ignore_errors=True)
        self.assertIn("recorded", self.sweep(self.sweep_spec('method = "if"')))
        for top, calibration in (('method = "signed"', ""), ('method = "if"\nthreshold = "max"', ""), ('method = "if"', "samples = 5"),
                                 ('method = "if"', "steps = 3"), ('method = "if"', 'split = "test"\nsamples = 4'),
                                 ('method = "if"\ncalibrate = "potential"', ""), ('method = "if"\nreadout_delay = 1', "")):
            self.assertIn("recorded", self.sweep(self.sweep_spec(top, calibration)), (top, calibration))
        self.assertIn("reused", self.sweep(self.sweep_spec('method = "if"')))
        self.assertIn("reused", self.sweep(self.sweep_spec('method = "if"', "samples = 100")))  # all there are

    def test_a_sweep_without_samples_names_the_activations(self):
        spec = self.sweep_spec("")
        spec.write_text(spec.read_text().split("[calibration]")[0])
        result = rheobase("sweep", spec, "--out", self.folder / "failed", "--quiet")
        self.assertEqual(result.returncode, 1)
        manifest = json.loads((self.folder / "failed" / "manifest.json").read_text())
        self.assertIn("[calibration] data", manifest["cells"][0]["error"])

    def test_a_report_is_rebuilt_with_its_conversions(self):
        out = self.folder / "again"
        spec = self.sweep_spec('method = ["if", "mt"]\ncalibrate = "light"')
        self.succeed("sweep", spec, "--out", out, "--quiet")
        page = (out / "report.html").read_bytes()
        self.assertIn(b"if, calibrated light", page)
        self.succeed("report", out, "--quiet")
        self.assertEqual((out / "report.html").read_bytes(), page)

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

    def test_samples_that_are_not_there_are_refused(self):
        self.refuse("convert", self.ann, self.out, "--data", "fashion-mnist:/nowhere", naming="/nowhere")

    def images(self, name, side=28):
        """Forty images of four classes."""
        images = self.folder / name
        for i in range(40):
            folder = images / "train" / f"class{i % 4}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{i:02}.png").write_bytes(png(side, side, bytes((i * j) % 251 for j in range(3 * side * side))))
        return images

    def test_samples_of_another_shape_are_refused(self):
        small = self.images("small", 20)
        for words in ([], ["--threshold", "ltb"], ["--method", "if", "--calibrate", "light"], ["--arithmetic", "fixed"]):
            self.refuse("convert", self.colour, self.out, "--data", f"images:{small}", "--samples", 32, *words,
                        naming=["--data", "3x20x20", "3x28x28", "--resize 28x28"])
        self.refuse("convert", self.ann, self.out, "--data", f"images:{small}", "--samples", 32, naming=["--data", "3x20x20", "1x28x28"])
        # Of trained thresholds, which need no samples: what is compared does.
        self.refuse("convert", ONNX, self.out, "--normalize", "fashion-mnist", "--data", f"images:{small}", "--samples", 32,
                    naming=["--data", "3x20x20", "1x28x28"])

    def test_a_class_without_images_is_named(self):
        images = self.images("holes")
        for path in (images / "train" / "class2").iterdir():
            path.unlink()
        self.out.write_text("mine")
        self.refuse("convert", self.colour, self.out, "--data", f"images:{images}", "--samples", 32,
                    naming=[images, "class2", "without a JPEG or PNG"])
        self.assertEqual(self.out.read_text(), "mine")

    def test_a_broken_jpeg_in_the_middle_of_a_set_is_named(self):
        images = self.images("photographs")
        broken = images / "train" / "class2" / "19.jpg"
        whole = jpeg(28)
        broken.write_bytes(whole)
        self.succeed("convert", self.colour, self.out, "--data", f"images:{images}", "--samples", 41, "--quiet")
        self.out.unlink()
        broken.write_bytes(whole[:-6])
        for words in ([], ["--threshold", "ltb"], ["--method", "if", "--calibrate", "light"]):
            self.refuse("convert", self.colour, self.out, "--data", f"images:{images}", "--samples", 41, *words,
                        naming=[broken, "cannot be read", "end of JPEG"])
        broken.write_bytes(b"\xff\xd8\xff\xe0 no photograph")
        self.refuse("convert", self.colour, self.out, "--data", f"images:{images}", "--samples", 41, naming=broken)

    def test_thresholds_of_nothing_or_less_are_refused(self):
        for rule in "0%", "-5%", "0", "-1", "nan%":
            self.refuse("convert", self.ann, self.out, *self.samples, "--threshold", rule, naming=["--threshold", rule])
        self.convert("--method", "if")
        for threshold in -0.5, "nan":
            self.refuse("run", self.out, "--data", self.data, "--stop", "margin", "--threshold", threshold, naming=["--threshold", threshold])

    def test_steps_beyond_what_integers_hold_are_refused(self):
        self.convert("--method", "if", "--arithmetic", "fixed")
        record = self.folder / "record.h5"
        for steps in 0, -3, 1 << 21:
            self.refuse("run", self.out, "--data", self.data, "--steps", steps, "--record", record, naming=["--steps", steps])
            self.refuse("convert", self.ann, self.out, *self.samples, "--steps", steps, naming=["--steps", steps])
        most = 1 << 20
        self.refuse("run", self.out, "--data", self.data, "--steps", most, "--record", record, naming=["may overflow after", most])
        self.refuse("calibrate", self.out, "--data", self.data, "--steps", most, "--max-loss", 0.1, "--record", record,
                    naming=["may overflow after", most])

    def test_pixels_that_are_none_set_no_thresholds(self):
        values = [255 * (i % 7) / 6 for i in range(40 * 28 * 28)]
        archive = self.folder / "bytes as floats.npz"
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("images.npy", npy("<f4", "(40, 1, 28, 28)", struct.pack(f"<{len(values)}f", *values)))
            members.writestr("labels.npy", npy("<i8", "(40,)", struct.pack("<40q", *range(40))))
        self.refuse("convert", self.ann, self.out, "--data", f"npz:{archive}", "--samples", 32, naming=[archive, "255"])

    def test_a_broken_image_in_the_middle_of_a_set_is_named(self):
        images = self.images("images")
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

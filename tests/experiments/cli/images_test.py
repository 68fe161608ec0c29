#!/usr/bin/env python3
"""Data sets of images in folders and of NumPy archives, from outside. As cli_test.py."""

import json
import random
import struct
import unittest
import zipfile
import zlib

from cli_test import CliTest, rheobase

SIDE = 16
CLASSES = ("cat", "dog", "eel")
COUNTS = {"train": 12, "test": 7}  # images a class
TRAIN = """network = "cnn_qcfs"
data = "images:{folder},resize={side}x{side}"
epochs = 1
batch = 6
L = 4
"""


def png(width, height, rows):
    """An RGB image of 8 bits, unfiltered."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    lines = b"".join(b"\0" + rows[y * 3 * width:(y + 1) * 3 * width] for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def npy(kind, shape, values):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + values


def write_npz(path, images, labels, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("images.npy", npy("|u1", f"({len(images)}, 3, {SIDE}, {SIDE})", b"".join(images)))
        archive.writestr("labels.npy", npy("<i8", f"({len(labels)},)", struct.pack(f"<{len(labels)}q", *labels)))


class Images(CliTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        draw = random.Random(1)
        cls.set = cls.folder / "animals, as found"  # a comma belongs to the name
        cls.planes = {"train": [], "test": []}  # channel by channel, as npz has them
        for split, count in COUNTS.items():
            for name in CLASSES:
                folder = cls.set / split / name
                folder.mkdir(parents=True)
                for i in range(count):
                    rows = bytes(draw.randrange(256) for _ in range(3 * SIDE * SIDE))
                    (folder / f"{i:03}.png").write_bytes(png(SIDE, SIDE, rows))
                    cls.planes[split].append(b"".join(rows[channel::3] for channel in range(3)))
        cls.data = f"images:{cls.set}"
        spec = cls.folder / "train.toml"
        spec.write_text(TRAIN.format(folder=cls.set, side=SIDE))
        cls.trained, cls.net = cls.folder / "trained.h5", cls.folder / "net.h5"
        cls.results = [rheobase("train", spec, "--out", cls.trained, "--quiet"),
                       rheobase("convert", cls.trained, cls.net, "--quiet")]

    def setUp(self):
        for result in self.results:
            self.assertEqual(result.returncode, 0, result.stderr)

    def labels(self, split):
        return [label for label in range(len(CLASSES)) for _ in range(COUNTS[split])]

    def run_json(self, data, *more):
        text = self.succeed("run", self.net, "--data", data, "--steps", 4, "--hash", "--quiet", "--json", "-", *more)
        return json.loads(text)

    def results_of(self, data, *more):
        found = self.run_json(data, *more)
        return {key: found[key] for key in ("samples", "accuracy", "accuracy_by_step", "spike_hash", "firing_rate")}

    def test_a_folder_and_an_archive_of_the_same_images_are_the_same_samples(self):
        of_folder = self.results_of(self.data)
        self.assertEqual(of_folder["samples"], 3 * COUNTS["test"])
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            archive = self.folder / f"images{method}.npz"
            write_npz(archive, self.planes["test"], self.labels("test"), method)
            self.assertEqual(self.results_of(f"npz:{archive}"), of_folder)

    def test_options_and_spec_say_the_same(self):
        larger = self.folder / "larger"
        for i, (width, height) in enumerate([(40, 23), (23, 40), (64, 64)]):
            folder = larger / CLASSES[i]
            folder.mkdir(parents=True)
            (folder / "x.png").write_bytes(png(width, height, bytes(i * 7 % 256 for i in range(3 * width * height))))
        crop = self.run_json(f"images:{larger}", "--resize", 20, "--crop", SIDE)
        self.assertEqual(crop["data"], f"images:{larger},resize=20,crop={SIDE}")
        again = self.run_json(crop["data"])
        self.assertEqual(again["spike_hash"], crop["spike_hash"])
        squash = self.run_json(f"images:{larger}", "--resize", f"{SIDE}x{SIDE}")
        self.assertEqual(squash["samples"], 3)
        self.assertNotEqual(squash["spike_hash"], crop["spike_hash"])
        text = self.succeed("data", "info", f"images:{larger},resize={SIDE}x{SIDE}")
        self.assertRegex(text, r"(?m)^ +0 +1 +1 +cat$")
        self.refuse("run", self.net, "--data", f"images:{larger}", "--resize", SIDE, "--crop", 17, naming="crop: 17")
        self.refuse("run", self.net, "--data", f"images:{larger}", naming=["3x23x40", "3x16x16", "--resize 16x16"])
        wide = self.folder / "wide"
        for i, (width, height) in enumerate([(SIDE, SIDE), (SIDE, SIDE + 1)]):
            (wide / CLASSES[i]).mkdir(parents=True)
            (wide / CLASSES[i] / "x.png").write_bytes(png(width, height, bytes(3 * width * height)))
        self.refuse("run", self.net, "--data", f"images:{wide}", naming=["dog/x.png", "sample 1", "16x17", "--crop"])

    def test_the_samples_of_a_rule_are_known_in_another_file(self):
        rule = self.folder / "rule.h5"
        rule.write_bytes(self.net.read_bytes())
        result = rheobase("calibrate", rule, "--data", self.data, "--resize", SIDE, "--split", "test", "--steps", 4,
                          "--max-loss", 0.5, "--quiet")
        self.assertEqual(result.returncode, 0, result.stderr)
        archive = self.folder / "copy.npz"
        write_npz(archive, self.planes["test"], self.labels("test"))
        self.refuse("run", rule, "--data", f"npz:{archive}", "--stop", "stored", naming="calibrat")

    def test_convert_compares_both_arithmetics_on_them(self):
        out = self.folder / "fixed.h5"
        words = ("convert", self.trained, out, "--arithmetic", "fixed", "--data", self.data, "--steps", 4)
        self.refuse(*words, "--resize", "8x8", naming=["3x8x8", "3x16x16", "--resize 16x16"])
        result = rheobase(*words, "--resize", SIDE, "--samples", 36)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"% of the answers to 36 train samples of {self.data},resize={SIDE}", result.stdout)

    def test_a_sweep_takes_them(self):
        spec = self.folder / "sweep.toml"
        spec.write_text(f'models = ["{self.net}"]\ndata = ["{self.data},resize={SIDE}"]\nsteps = [2]\n')
        out = self.folder / "sweep"
        result = rheobase("sweep", spec, "--out", out, "--quiet")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("resize=16", (out / "results.csv").read_text())

    def test_a_broken_image_is_named_and_nothing_is_written(self):
        broken = self.folder / "broken"
        for name in CLASSES:
            (broken / name).mkdir(parents=True)
            for i in range(3):
                source = self.set / "test" / name / f"{i:03}.png"
                (broken / name / source.name).write_bytes(source.read_bytes())
        damaged = broken / "dog" / "001.png"
        damaged.write_bytes(damaged.read_bytes()[:-40])
        record = self.folder / "record.h5"
        self.refuse("run", self.net, "--data", f"images:{broken}", "--record", record,
                    naming=[damaged, "sample 4", "cannot be read: cut short", "take it out"])
        damaged.write_text("no image")
        self.refuse("calibrate", self.net, "--data", f"images:{broken}", "--max-loss", 0.1,
                    naming=[damaged, "sample 4", "neither JPEG nor PNG"])
        for path in (broken / "dog").iterdir():
            path.unlink()
        self.refuse("run", self.net, "--data", f"images:{broken}", naming=[broken, "dog", "without a JPEG or PNG"])
        (broken / "labels.txt").write_text("cat/000.png 0\ncat/gone.png 1\ncat/001.png -1\n")
        self.refuse("run", self.net, "--data", f"images:{broken}",
                    naming=["labels.txt", "line 2", "gone.png", "line 3", "label '-1'"])

    def test_an_image_is_never_replaced(self):
        image = self.set / "test" / "cat" / "000.png"
        before = image.read_bytes()
        self.refuse("run", self.net, "--data", self.data, "--record", image, naming=[image, "--record"])
        self.assertEqual(image.read_bytes(), before)

    def test_options_of_images_go_with_images(self):
        for option, value in (("--resize", 8), ("--crop", 8)):
            self.refuse("run", self.net, "--data", "mnist:x", option, value, naming=[option, "images:DIR", "mnist:x"])
        self.refuse("run", self.net, "--data", self.data, "--resize", "8x", naming=["resize", "'8x'", "HxW"])
        self.refuse("convert", self.trained, self.folder / "out.h5", "--crop", 8, naming=["--crop", "--data"])

    def test_numpy_archives_that_are_none(self):
        archive = self.folder / "bad.npz"
        archive.write_bytes(b"PK")
        self.refuse("run", self.net, "--data", f"npz:{archive}", naming=[archive, "zip"])
        write_npz(archive, self.planes["test"], self.labels("test")[1:])
        self.refuse("run", self.net, "--data", f"npz:{archive}", naming=[archive, "21 images, but 20 labels"])


if __name__ == "__main__":
    unittest.main()

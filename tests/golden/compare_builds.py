#!/usr/bin/env python3
"""Shows that two builds of rheobase behave alike: the same answers, spike hashes and files, byte for byte.

usage: compare_builds.py OLD NEW [--quick] [--models DIR] [--cases DIR] [--cifar10 DIR] [--images N] [--steps T]

OLD and NEW are two programs. Both do the same work in folders of their own, one command after the other: convert every
network there is, show, export, simulate (fixed and float32, direct and poisson coding, with stop rules and without,
every kernel path), record, calibrate, sweep, draw, train and pack. One line a command; exits with 1 if an answer, an exit
status or a file differs, or if a command fails that should not. Left out are measured quantities: seconds, rates,
memory, and the density from which a layer is dense, which a plan finds out by the clock. Where the programs' versions
differ, these and what is hashed from them are left out too; they must be of equal length.

MODELS holds the networks that are too large for this project (.onnx or .onnx.xz, by default ../shared/models beside the
checkout), CASES others that are only converted, to a network or to an error (../shared/cases), CIFAR10 the standard binary
batches (../shared/data/cifar10). What is not there is skipped and said so. --quick: the network that comes with the
project alone, on 500 images.
"""
import argparse, gzip, lzma, pathlib, shutil, struct, sys, tempfile, time

import build_answers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared"
DEFAULT = ROOT / "experiments" / "models" / "fashion-mnist-cnn-qcfs-L4.onnx"
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
PRESETS = {"fashion-mnist": "fashion-mnist", "cifar10-resnet20-relu": "imagenet", "cifar10": "cifar10", "imagenet": "imagenet"}
COMMANDS = (["convert"], ["info"], ["run"], ["calibrate"], ["sweep"], ["report"], ["train"], ["export"], ["devices"],
            ["data", "info"])
RULES = {"confidence": ("--threshold", 0.9), "margin": ("--threshold", "9,4,2,1"), "stable": ("--threshold", 3),
         "entropy": ("--threshold", 0.2, "--alpha", 2)}
WAYS = (("--kernel", "dense"), ("--kernel", "event"), ("--slots", 1), ("--slots", 7, "--threads", 1), ("--lookahead", 1),
        ("--lookahead", 3), ("--device", "reference", "--limit", 10))
UNSAID = {"--quiet", "--hash", "--json", "-"}  # of a command, when it is named

SWEEP = """models = ["{model}"]
data = "{data}"
normalize = "fashion-mnist"
arithmetic = ["float32", "fixed"]
coding = ["direct", "poisson"]
steps = [4, 8]
limit = {limit}
[[policy]]
name = "confidence"
alpha = [1, 2]
[[policy]]
name = "margin"
by_step = true
[[policy]]
name = "entropy"
[[policy]]
name = "stable"
"""
TRAINING = """network = "{network}"
data = "mnist:small"
normalize = "fashion-mnist"
epochs = 2
batch = 50
[optimizer]
name = "{optimizer}"
[augment]
crop_padding = 2
flip = true
"""


class Builds:
    """Both programs, and how many of their commands were not alike."""

    def __init__(self, programs, folder):
        self.sides = [build_answers.Side(program, folder / name) for program, name in zip(programs, ("old", "new"))]
        versions = [side.version for side in self.sides]
        if versions[0] != versions[1]:
            if len(versions[0]) != len(versions[1]):
                sys.exit(f"compare_builds: versions {versions[0]} and {versions[1]} differ in length, so files do too")
            print(f"versions {versions[0]} and {versions[1]}: left out wherever they stand")
            for side in self.sides:
                side.mask_versions(versions)
        self.count = self.faults = 0

    def line(self, verdict, title, more):
        print(f"{verdict:<10} {title}{f': {more}' if more else ''}", flush=True)

    def compare(self, *words, may_fail=False):
        """Runs a command with both; true if they did the same."""
        words = [str(word) for word in words]
        old, new = (side.run(words) for side in self.sides)
        title = " ".join(pathlib.Path(word).name if word.startswith("/") else word
                         for i, word in enumerate(words) if i == 0 or word not in UNSAID)
        self.count += 1
        where = build_answers.difference(old, new)
        if where:
            self.line("DIFFERENT", title, where)
        elif old.status and not may_fail:
            self.line("FAILED", title, f"both with status {old.status}: {old.err.strip()}")
        else:
            self.line("same", title, build_answers.summary(old))
        self.faults += bool(where) or bool(old.status and not may_fail)
        return not where and not old.status

    def write(self, name, text):
        for side in self.sides:
            (side.folder / name).write_text(text)


def preset(path):
    return next((value for name, value in PRESETS.items() if path.name.startswith(name)), "none")


def networks(folder, unpacked):
    """Every .onnx and .onnx.xz of a folder, unpacked."""
    for path in sorted(folder.glob("*.onnx*")):
        if path.suffix == ".onnx":
            yield path
        elif path.suffix == ".xz":
            target = unpacked / path.stem
            with lzma.open(path) as source, open(target, "wb") as out:
                shutil.copyfileobj(source, out)
            yield target


def small_data(folder, images=100):
    """Fashion-MNIST's first images in MNIST's files: what a test trains on."""
    folder.mkdir()
    for split in ("train", "t10k"):
        pixels = gzip.open(FASHION / f"{split}-images-idx3-ubyte.gz").read()[16:][:images * 784]
        labels = gzip.open(FASHION / f"{split}-labels-idx1-ubyte.gz").read()[8:][:images]
        (folder / f"{split}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, images, 28, 28) + pixels)
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, images) + labels)


def compare_texts(builds):
    builds.compare("--help")
    for command in COMMANDS:
        builds.compare(*command, "--help")
    builds.compare("devices")


def compare_conversions(builds, path, may_fail):
    """In every form; a network of one step also back to ONNX."""
    name, normalize = path.name.removesuffix(".onnx"), preset(path)
    for to, more in (("float32", ()), ("fixed", ("--arithmetic", "fixed")), ("ann", ("--to", "ann"))):
        model = f"{name}-{to}.h5"
        if builds.compare("convert", path, model, "--normalize", normalize, *more, may_fail=may_fail):
            builds.compare("info", model, "--json", "-")
    if (builds.sides[0].folder / f"{name}-ann.h5").exists():
        builds.compare("export", f"{name}-ann.h5", f"{name}-again.onnx", may_fail=may_fail)


def compare_runs(builds, name, data, limit, steps):
    """Each arithmetic, coding and with and without a rule, recorded."""
    window = ("--data", data, "--limit", limit, "--quiet", "--hash", "--json", "-")
    for arithmetic in ("fixed", "float32"):
        for coding in ("direct", "poisson"):
            for rule in ((), ("--stop", "confidence", "--threshold", 0.6)):
                record = f"{name}-{arithmetic}-{coding}-{'stopped' if rule else 'full'}.h5"
                builds.compare("run", f"{name}-{arithmetic}.h5", *window, "--steps", steps, "--coding", coding, *rule,
                               "--record", record)
    builds.compare("run", f"{name}-ann.h5", *window)


def compare_ways(builds, name, data):
    """Rules, kernel paths, slots, lookahead and devices; the table that people read."""
    for arithmetic in ("fixed", "float32"):
        words = ("run", f"{name}-{arithmetic}.h5", "--data", data, "--offset", 7, "--steps", 6, "--hash", "--quiet")
        few = ("--limit", 100)
        builds.compare(*words, *few)
        for rule, settings in RULES.items():
            builds.compare(*words, *few, "--stop", rule, *settings, "--json", "-")
        for way in WAYS:
            limit = () if "--limit" in way else few
            builds.compare(*words, *limit, "--stop", "margin", "--threshold", 3, *way, "--json", "-")


def compare_calibration(builds, name, data):
    model, window = f"{name}-fixed.h5", ("--data", data, "--limit", 500, "--steps", 8, "--json", "-")
    for goal in (("--max-loss", 0.002, "--reliability"), ("--max-steps", 2, "--stop", "entropy"),
                 ("--max-loss", 0.05, "--guarantee", 0.95), ("--max-loss", 0.05, "--guarantee", 0.9, "--stop", "margin"),
                 ("--max-loss", 0.01, "--stop", "margin", "--by-step", "--record", "calibration.h5")):
        builds.compare("calibrate", model, *window, *goal)
        builds.compare("run", model, "--data", data, "--limit", 200, "--steps", 8, "--stop", "stored", "--hash", "--json", "-")
    builds.compare("calibrate", model, "--recording", "calibration.h5", "--max-loss", 0.01)
    builds.compare("info", model)


def compare_sweep(builds, data, limit):
    builds.write("sweep.toml", SWEEP.format(model=DEFAULT, data=data, limit=limit))
    builds.compare("sweep", "sweep.toml", "--out", "swept", "--quiet")
    builds.compare("report", "swept", "--sample", 3, "--quiet")


def compare_training(builds, quick):
    """Binary networks, one with binary weights under spikes, one to convert: trained, packed, run, exported."""
    for side in builds.sides:
        small_data(side.folder / "small")
    one_bit_weights = ROOT / "experiments" / "training" / "networks" / "cnn-1w-qcfs.toml"
    trained = [("cnn_1w1a", "adam"), (one_bit_weights, "adam")]
    if not quick:
        trained += [("resnet20_bireal_1w1a", "sgd"), ("cnn_qcfs", "sgd")]
    for network, optimizer in trained:
        name = pathlib.Path(network).stem
        builds.write(f"{name}.toml", TRAINING.format(network=network, optimizer=optimizer))
        builds.compare("train", f"{name}.toml", "--out", f"{name}.h5", "--log", f"{name}.csv", "--quiet")
        builds.compare("info", f"{name}.h5", "--json", "-")
        builds.compare("export", f"{name}.h5", f"{name}.onnx", may_fail=True)
        forms = {"packed": ()} if "qcfs" not in name else {"float32": (), "fixed": ("--arithmetic", "fixed")}
        for form, more in forms.items():
            model = f"{name}-{form}.h5"
            builds.compare("convert", f"{name}.h5", model, *more, may_fail=form == "fixed")
            if (builds.sides[0].folder / model).exists():
                builds.compare("info", model, "--json", "-")
                steps = () if form == "packed" else ("--steps", 8)
                for way in (("--limit", 50), ("--slots", 3, "--threads", 1, "--limit", 30),
                            ("--device", "reference", "--limit", 5)):
                    builds.compare("run", model, "--data", "mnist:small", *steps, *way, "--hash", "--json", "-",
                                   "--record", f"{form}-run.h5", "--quiet")


def compare_default(builds, args):
    compare_conversions(builds, DEFAULT, may_fail=False)
    if not FASHION.exists():
        builds.line("skipped", "runs of the default network", f"no {FASHION} (apt-get install dataset-fashion-mnist)")
        return
    name = DEFAULT.name.removesuffix(".onnx")
    compare_runs(builds, name, "fashion-mnist", 500 if args.quick else 10000, 8 if args.quick else args.steps)
    compare_ways(builds, name, "fashion-mnist")
    compare_calibration(builds, name, "fashion-mnist")
    compare_sweep(builds, "fashion-mnist", 60 if args.quick else 500)
    compare_training(builds, args.quick)


def compare_others(builds, args, unpacked):
    for folder in (args.models, args.cases):
        if not folder.is_dir():
            builds.line("skipped", f"networks of {folder}", "no such folder")
            continue
        found = [path for path in networks(folder, unpacked) if path.name != DEFAULT.name]
        for path in found:
            compare_conversions(builds, path, may_fail=True)
    batches = args.cifar10 / "test_batch.bin"
    for name in ("cifar10-resnet20-qcfs-L4", "cifar10-resnet18-qcfs-L4"):
        if not (builds.sides[0].folder / f"{name}-fixed.h5").exists() or not batches.exists():
            builds.line("skipped", f"runs of {name}", f"the network is not in {args.models} or there is no {batches}")
        else:
            compare_runs(builds, name, f"cifar10:{args.cifar10}", args.images, args.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--models", type=pathlib.Path, default=BESIDE / "models")
    parser.add_argument("--cases", type=pathlib.Path, default=BESIDE / "cases")
    parser.add_argument("--cifar10", type=pathlib.Path, default=BESIDE / "data" / "cifar10")
    parser.add_argument("--images", type=int, default=200, help="of CIFAR-10")
    parser.add_argument("--steps", type=int, default=8)
    args = parser.parse_args()
    args.cifar10 = args.cifar10.resolve()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="compare builds ") as name:
        folder = pathlib.Path(name)
        (folder / "unpacked").mkdir()
        builds = Builds((args.old, args.new), folder)
        compare_texts(builds)
        compare_default(builds, args)
        if not args.quick:
            compare_others(builds, args, folder / "unpacked")
    verdict = f"{builds.faults} not alike" if builds.faults else "all the same"
    print(f"{builds.count} commands compared in {time.monotonic() - began:.0f} s: {verdict}")
    sys.exit(1 if builds.faults else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast one build of rheobase is beside another: both run the same work in turns, and the ratio of each pair counts.

usage: compare_builds_speed.py OLD NEW [--rounds R] [--models DIR] [--cifar10 DIR] [--only WORDS] [--scale S]

OLD and NEW are two programs. Simulated are ResNet-18 in fixed arithmetic (1 and 2 threads, with a stop rule and
without) and ResNet-20, converted from MODELS (by default ../shared/models beside the checkout) on CIFAR10's binary batches
(../shared/data/cifar10); a binary ResNet-18 as `rheobase train` begins it, packed into bits; and the default network.
Trained is the default binary network, cnn_1w1a, for some steps. The seconds are those that the programs report of
their loops, without loading and planning; processor time is the whole program's. Rounds take turns in who goes first. A
row says new over old, the median of the pairs and the smallest and largest: below 1 the new build is faster. What is
missing is skipped and said so; --scale 0.5 halves the images. Only a quiet machine tells 3 % apart, and only over several
rounds: OLD beside itself shows how far ratios stray. Processor time strays less where other programs run.
"""
import argparse, csv, gzip, json, lzma, pathlib, resource, shutil, statistics, struct, subprocess, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared"
DEFAULT = ROOT / "experiments" / "models" / "fashion-mnist-cnn-qcfs-L4.onnx"
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
RESNETS = {"ResNet-18": 160, "ResNet-20": 640}  # images with two threads and without a stop rule
STOP = ("--stop", "margin", "--threshold", "3")
TRAINING = """network = "{network}"
data = "{data}"
normalize = "{normalize}"
epochs = {epochs}
batch = {batch}
limit = {limit}
[optimizer]
name = "{optimizer}"
"""


def call(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"compare_builds_speed: {program} {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def processor_seconds():
    """Of the programs that ran so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Simulation:
    """Seconds of a run of a model that each build has converted for itself."""

    def __init__(self, models, data, images, steps, *more):
        self.models = models
        self.words = ("--data", data, "--limit", images, "--steps", steps, *more, "--quiet", "--json", "-")

    def seconds(self, side, program):
        return json.loads(call(program, "run", self.models[side], *self.words))["seconds"]


class Training:
    """Seconds an image, of the best epoch but the first."""

    def __init__(self, spec, folder):
        self.spec, self.folder = spec, folder

    def seconds(self, side, program):
        out, log = self.folder / f"{side}-trained.h5", self.folder / f"{side}.csv"
        for old in (out, out.with_name(out.name + ".checkpoint")):
            old.unlink(missing_ok=True)
        call(program, "train", self.spec, "--out", out, "--log", log, "--quiet")
        with open(log, encoding="utf-8") as file:
            return 1 / max(float(row["images_per_second"]) for row in list(csv.DictReader(file))[1:])


def first_images(path, count, folder):
    """A few records of CIFAR-10 in as many files as it has, those to test on apart from those to train on."""
    folder.mkdir()
    records = path.read_bytes()[:3073 * 2 * count]
    (folder / "test_batch.bin").write_bytes(records[3073 * count:])
    for number in range(1, 6):
        (folder / f"data_batch_{number}.bin").write_bytes(records[:3073 * count])
    return f"cifar10:{folder}"


def first_idx(folder, count):
    """The first of Fashion-MNIST's images in MNIST's files, so that testing costs little."""
    folder.mkdir()
    for split in ("train", "t10k"):
        for kind, size, head in (("images-idx3", 784, struct.pack(">IIII", 0x803, count, 28, 28)),
                                 ("labels-idx1", 1, struct.pack(">II", 0x801, count))):
            packed = gzip.open(FASHION / f"{split}-{kind}-ubyte.gz").read()[len(head):]
            (folder / f"{split}-{kind}-ubyte").write_bytes(head + packed[:size * count])
    return f"mnist:{folder}"


class Work:
    """What there is to measure: {name: Simulation | Training}, and what is missing."""

    def __init__(self, args, folder):
        self.args, self.folder, self.all, self.programs = args, folder, {}, (args.old, args.new)

    def wanted(self, name):
        return self.args.only in name

    def images(self, count):
        return max(8, round(count * self.args.scale))

    def converted(self, source, name, *options):
        models = [self.folder / f"{side}-{name}.h5" for side in ("old", "new")]
        for program, model in zip(self.programs, models):
            call(program, "convert", source, model, *options, "--quiet")
        return models

    def find(self, name):
        plain = self.args.models / f"{name}.onnx"
        if plain.exists():
            return plain
        if not plain.with_name(plain.name + ".xz").exists():
            return None
        with lzma.open(plain.with_name(plain.name + ".xz")) as source, open(self.folder / plain.name, "wb") as out:
            shutil.copyfileobj(source, out)
        return self.folder / plain.name

    def trained(self, network, data, normalize, **numbers):
        spec = self.folder / f"{network}.toml"
        spec.write_text(TRAINING.format(network=network, data=data, normalize=normalize, optimizer="adam", **numbers))
        return spec

    def add_resnets(self):
        batches = self.args.cifar10 / "test_batch.bin"
        sources = {name: self.find(f"cifar10-{name.lower().replace('-', '')}-qcfs-L4") for name in RESNETS}
        if not batches.exists() or None in sources.values():
            print(f"skipped: ResNets ({batches} or the networks of {self.args.models} are not here)")
            return
        data, options = f"cifar10:{self.args.cifar10}", ("--normalize", "cifar10", "--arithmetic", "fixed")
        for name, images in RESNETS.items():
            models = None
            for threads in (1, 2):
                for rule, more, factor in (("all steps", (), 1), ("stopped", STOP, 2)):
                    label = f"{name} fixed, {rule}, {threads} threads"
                    if self.wanted(label):
                        models = models or self.converted(sources[name], name, *options)
                        self.all[label] = Simulation(models, data, self.images(images * factor * threads // 2), 16,
                                                     "--threads", threads, *more)
        if self.wanted("binary ResNet-18, 2 threads"):
            few = first_images(batches, 32, self.folder / "few")
            begun = self.folder / "begun.h5"
            spec = self.trained("resnet18_1w1a", few, "cifar10", epochs=1, batch=32, limit=32)
            call(self.args.old, "train", spec, "--out", begun, "--quiet")
            models = self.converted(begun, "binary")
            self.all["binary ResNet-18, 2 threads"] = Simulation(models, data, self.images(600), 1, "--threads", 2)

    def add_fashion(self):
        if not FASHION.exists():
            print(f"skipped: the default network and training (no {FASHION})")
            return
        for arithmetic in ("fixed", "float32"):
            label = f"default network {arithmetic}, all steps, 2 threads"
            if self.wanted(label):
                models = self.converted(DEFAULT, arithmetic, "--normalize", "fashion-mnist", "--arithmetic", arithmetic)
                self.all[label] = Simulation(models, "fashion-mnist", self.images(2000), 16, "--threads", 2)
        if self.wanted("training cnn_1w1a"):
            data = first_idx(self.folder / "idx", 2048)
            limit = max(128, self.images(1024))
            spec = self.trained("cnn_1w1a", data, "fashion-mnist", epochs=3, batch=128, limit=limit)
            self.all["training cnn_1w1a, 2 threads"] = Training(spec, self.folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", type=pathlib.Path, default=BESIDE / "models")
    parser.add_argument("--cifar10", type=pathlib.Path, default=BESIDE / "data" / "cifar10")
    parser.add_argument("--only", default="", help="of the rows those whose name holds this")
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of images")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Work(args, pathlib.Path(name))
        work.add_resnets()
        work.add_fashion()
        pairs = {label: [] for label in work.all}
        for number in range(args.rounds):
            for label, task in work.all.items():
                order = (0, 1) if number % 2 == 0 else (1, 0)
                seconds, processor = {}, {}
                for side in order:
                    before = processor_seconds()
                    seconds[side] = task.seconds(side, work.programs[side])
                    processor[side] = processor_seconds() - before
                pairs[label].append((seconds[1] / seconds[0], processor[1] / processor[0]))
            print(f"round {number + 1} of {args.rounds} done", flush=True)
    head = "".join(f"{title:>8}" for title in ("median", "from", "to"))
    print(f"\n{'new over old':48}{'time':>8}{'':16}{'processor time':>16}\n{'':48}{head}{head}{'pairs':>7}")
    for label, ratios in pairs.items():
        cells = [of(part) for part in zip(*ratios) for of in (statistics.median, min, max)]
        print(f"{label:48}{''.join(f'{cell:8.3f}' for cell in cells)}{len(ratios):7}")


main()

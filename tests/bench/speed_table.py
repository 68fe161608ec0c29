#!/usr/bin/env python3
"""A converted network beside its source ANN in ONNX Runtime and the same spiking network, dense, in PyTorch.

usage: speed_table.py RHEOBASE MODEL.onnx CIFAR10 [--images N] [--threads N] [--rounds R] [--steps T]
                      [--normalize PRESET] [--convert OPTIONS] [--stop confidence|margin --alpha A --threshold X] [--json FILE] [--skip-peer NAME]...

(a)   ONNX Runtime fp32 on the source ANN: as exported, and with one Clip in place of every QCFS chain (a-clip)
(a8)  the same two after ONNX Runtime's own static int8 quantisation
(b)   the spiking network, dense, T steps: PyTorch step by step, layer by layer, compiled, SpikingJelly's IFNode
(c)   rheobase run, T steps for every sample
(d)   rheobase run with --stop; only where --threshold is given

Rounds alternate between the sides, so that a busy machine disturbs all. A side has several settings (batch or slots,
form of quantisation); its fastest counts. Times exclude loading, planning and compiling; joules are the package's over
the time measured, for (c) and (d) over the whole process. Needs numpy, onnx and onnxruntime from PyPI, for (b) torch
and spikingjelly.
"""
import argparse, json, os, pathlib, shlex, statistics, subprocess, tempfile, time

import numpy as np

BUSY = os.getloadavg()[0] > 0.5
if BUSY:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads

from speed_peers import ann
from speed_peers.meter import PACKAGES, Meter

NORMALIZATION = {"cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)), "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}
PEERS = ("int8", "torch", "spikingjelly", "compiled")
CALIBRATION = 128
CLOSE = 1.25  # after two rounds a setting slower than this times its side's best is dropped


def images(path, count, first=0, normalize="cifar10"):
    records = np.fromfile(path, np.uint8, count * 3073, offset=first * 3073).reshape(-1, 3073)
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    mean, std = (np.float32(values).reshape(3, 1, 1) for values in NORMALIZATION[normalize])
    return (pixels - mean) / std, records[:, 0]


class Rheobase:
    """A setting is the number of slots."""

    def __init__(self, label, args, model, out, stop):
        self.label, self.out, self.steps = label, out, args.steps
        self.settings = [slots for slots in args.slots or (1, 8, 16, 64) if slots <= args.images] or [args.images]
        self.command = [args.rheobase, "run", model, "--data", f"cifar10:{args.cifar10}", "--offset", str(args.offset),
                        "--limit", str(args.images),
                        "--steps", str(args.steps), "--threads", str(args.threads), "--quiet", "--json", out, *stop]

    def run(self, slots):
        with Meter() as meter:
            subprocess.run(self.command + ["--slots", str(slots)], check=True, stdout=subprocess.DEVNULL)
        result = json.loads(pathlib.Path(self.out).read_text())
        meter.seconds, self.steps = result["seconds"], result["mean_steps"]
        return meter, result["samples"], round(result["accuracy"] * result["samples"])


def fastest(runs):
    return min(meter.seconds / samples for meter, samples, _ in runs)


def measure(sides, rounds):
    """{key: {setting: [(meter, samples, right)]}}"""
    trials = {key: {setting: [] for setting in side.settings} for key, side in sides.items()}
    for number in range(1, rounds + 1):
        for key, side in sides.items():
            for setting, runs in trials[key].items():
                time.sleep(0.1)  # the threads of the side before stop spinning
                runs.append(side.run(setting))
            best = min(map(fastest, trials[key].values()))
            if number == 2:
                trials[key] = {name: runs for name, runs in trials[key].items() if fastest(runs) <= CLOSE * best}
            print(f"round {number} of {rounds}: ({key}) {1e3 * best:.2f} ms an image", flush=True)
    return trials


def summary(side, trials):
    runs = {setting: [meter.seconds / samples for meter, samples, _ in found] for setting, found in trials.items()}
    setting = min(runs, key=lambda name: min(runs[name]))
    pick = {"best": min(runs[setting]), "median": statistics.median(runs[setting])}
    taken = trials[setting]
    joules = [meter.joules / samples for meter, samples, _ in taken if meter.joules is not None]
    row = {"label": side.label, "setting": " ".join(map(str, setting if isinstance(setting, tuple) else [setting])),
           "images_per_second": {how: 1 / value for how, value in pick.items()},
           "ms_per_image": {how: 1e3 * value for how, value in pick.items()},
           "images": sum(samples for _, samples, _ in taken),
           "accuracy": sum(right for *_, right in taken) / sum(samples for _, samples, _ in taken),
           "joules_per_image": statistics.median(joules) if joules else None,
           "seconds_per_image": {str(name): values for name, values in runs.items()}}
    if side.steps:
        row["mean_steps"] = side.steps
        row["ms_per_image_step"] = {how: 1e3 * value / side.steps for how, value in pick.items()}
    return row


def ratios(rows):
    """{what: {best, median}}; of several peers of a kind the strongest is marked."""
    kinds = {"fp32": [key for key in rows if key in ("a", "a-clip")], "int8": [key for key in rows if key[:2] == "a8"],
             "dense": [key for key in rows if key[0] == "b"]}
    found = {}

    def compare(ours, what, kind, unit):
        if ours not in rows or not kinds[kind]:
            return
        strongest = max(kinds[kind], key=lambda key: rows[key]["images_per_second"]["best"])
        for key in kinds[kind]:
            name = what.format(key) + (f", the strongest {kind}" if key == strongest else "")
            found[name] = {how: unit * rows[ours]["images_per_second"][how] / rows[key]["images_per_second"][how]
                           for how in ("best", "median")}

    compare("c", "image-steps of (c) in the time of one image of ({})", "fp32", rows["c"]["mean_steps"])
    compare("c", "image-steps of (c) in the time of one image of ({})", "int8", rows["c"]["mean_steps"])
    compare("d", "images/s of (d) over ({})", "fp32", 1)
    compare("d", "images/s of (d) over ({})", "int8", 1)
    compare("c", "images/s of (c) over ({})", "dense", 1)
    compare("d", "images/s of (d) over ({})", "dense", 1)
    return found


def report(rows, table):
    head = [f"{title:>16}" for title in ("images/s", "ms/image", "ms/image-step")]
    print(f"\n{'':53}{'setting':16}{''.join(head)}{'accuracy':>10}{'steps':>7}{'J/image':>9}\n{'':69}" +
          f"{'best':>8}{'median':>8}" * 3)
    for key, row in rows.items():
        cells = [f"{value:8.{digits}f}" for unit, digits in
                 (("images_per_second", 1), ("ms_per_image", 2), ("ms_per_image_step", 3)) if unit in row
                 for value in (row[unit]["best"], row[unit]["median"])]
        steps = f"{row['mean_steps']:7.2f}" if "mean_steps" in row else ""
        energy = "" if row["joules_per_image"] is None else f"{row['joules_per_image']:9.4f}"
        print(f"({key})".ljust(17) + f"{row['label']:36}{row['setting']:16}{''.join(cells):48}"
              f"{100 * row['accuracy']:8.2f} %{steps:7}{energy}")
    if not PACKAGES:
        print("energy: not readable here")
    print(f"\n{'ratio':84}{'best':>8}{'median':>8}")
    for name, values in table.items():
        print(f"{name:84}{values['best']:8.2f}{values['median']:8.2f}")


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("cifar10", type=pathlib.Path, help="folder of test_batch.bin and data_batch_1.bin")
    parser.add_argument("--images", type=int, default=256, help="in a trial of (a), (c) and (d)")
    parser.add_argument("--offset", type=int, default=0, help="first test image of (a), (c) and (d)")
    parser.add_argument("--dense-images", type=int, default=32, help="in a trial of (b), other ones each time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cores", help="of all sides, as 0,2; without: whatever the system gives")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--slots", type=int, action="append", help="of (c) and (d), repeatable; without: 1, 8, 16, 64")
    parser.add_argument("--arithmetic", choices=("fixed", "float32"), default="fixed")
    parser.add_argument("--normalize", choices=NORMALIZATION, default="cifar10")
    parser.add_argument("--convert", default="", help="options of convert, in one word: --method, --data, ...")
    parser.add_argument("--stop", choices=("confidence", "margin"), default="confidence")
    parser.add_argument("--alpha", default="1")
    parser.add_argument("--threshold", help="of (d), or those of steps 1, 2, ... separated by commas")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--skip-peer", action="append", default=[], choices=PEERS)
    return parser.parse_args()


def all_sides(args, folder):
    test = args.cifar10 / "test_batch.bin"
    of = lambda *which: images(*which, normalize=args.normalize)
    sides = ann.sides(args.model, folder, of(test, args.images, args.offset), of(test, ann.CHECKED),
                      of(args.cifar10 / "data_batch_1.bin", CALIBRATION)[0], args.threads,
                      "int8" not in args.skip_peer)
    versions = {"onnxruntime": ann.onnxruntime.__version__}
    if "torch" not in args.skip_peer:
        try:
            from speed_peers import dense_snn
            sides |= dense_snn.sides(args.model, of(test, 10000), args.dense_images, args.steps, args.threads,
                                     args.skip_peer)
            versions["torch"] = dense_snn.torch.__version__
        except ImportError as error:
            print(f"(b) left out: {error}")
    model, out = f"{folder}/model.h5", f"{folder}/run.json"
    subprocess.run([args.rheobase, "convert", args.model, model, "--normalize", args.normalize, "--arithmetic",
                    args.arithmetic, *shlex.split(args.convert)], check=True, stdout=subprocess.DEVNULL)
    sides["c"] = Rheobase(f"Rheobase {args.arithmetic}, all steps", args, model, out, ["--stop", "never"])
    if args.threshold:
        sides["d"] = Rheobase(f"Rheobase {args.arithmetic}, {args.stop}", args, model, out,
                              ["--stop", args.stop, "--alpha", args.alpha, "--threshold", args.threshold])
    return sides, versions


def main():
    args = parse()
    if args.cores:
        os.sched_setaffinity(0, map(int, args.cores.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        load = [os.getloadavg()[0]]
        if BUSY:
            print(f"busy machine (load {load[0]:.2f}): unfair to sides whose threads spin, PyTorch above all")
        sides, versions = all_sides(args, pathlib.Path(folder))
        print(f"{args.model.name}, {args.threads} threads, T = {args.steps}; {processor()}; " +
              ", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)
        trials = measure(sides, args.rounds)
        load.append(os.getloadavg()[0])
    rows = {key: summary(side, trials[key]) for key, side in sides.items()}
    table = ratios(rows)
    report(rows, table)
    if args.json:
        setup = {name: str(value) if isinstance(value, pathlib.Path) else value for name, value in vars(args).items()}
        args.json.write_text(json.dumps({"setup": setup, "processor": processor(), "versions": versions, "load": load,
                                         "sides": rows, "ratios": table}, indent=1) + "\n")


main()

#!/usr/bin/env python3
"""Whole test sets through the program, against the golden results of an independent PyTorch simulation.

usage: full_runs.py RHEOBASE MODELS CIFAR10 [--only NAME]... [--threads N]

MODELS holds the networks and their *.golden.json, CIFAR10 the binary batches. Prints one line a check and exits 1 if
one fails: the source ANN's accuracy within 0.15 points; the SNN's at T = 1, 2, 4, 8, 16, 32 within 0.3 points (0.5 at
T <= 2); every layer's firing rate at T = 64 or the golden run's length within 2 % relative.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

FASHION, CIFAR = "fashion-mnist", "cifar10"
RUNS = [  # name, data, normalisation, ANN accuracy, is there an SNN
    ("fashion-mnist-cnn-qcfs-L4", FASHION, FASHION, 0.9400, True),
    ("cifar10-resnet20-qcfs-L4", CIFAR, CIFAR, 0.9164, True),
    ("cifar10-resnet20-relu-akamaster", CIFAR, "imagenet", 0.9173, False),
    ("cifar10-resnet18-qcfs-L4", CIFAR, CIFAR, 0.9532, True),
]
failures = 0


def check(what, value, expected, margin):
    global failures
    good = abs(value - expected) <= margin
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {what}: {value:.5f}, expected {expected:.5f} +- {margin:.5f}", flush=True)


def run(program, *arguments):
    subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def simulate(args, model, data, steps, out):
    run(args.rheobase, "run", model, "--data", data, "--stop", "never", "--steps", steps,
        "--threads", args.threads, "--json", out, "--quiet")
    return json.loads(out.read_text())


def check_network(args, work, name, data, preset, ann_accuracy, spiking):
    source = args.models / f"{name}.onnx"
    spec = data if data == FASHION else f"{data}:{args.cifar10}"
    model, out = work / "model.h5", work / "run.json"
    run(args.rheobase, "convert", source, model, "--to", "ann", "--normalize", preset)
    check(f"{name} ANN", simulate(args, model, spec, 1, out)["accuracy"], ann_accuracy, 0.0015)
    if not spiking:
        return
    golden = json.loads((args.models / f"{name}.golden.json").read_text())
    run(args.rheobase, "convert", source, model, "--normalize", preset)
    steps = args.steps or len(golden["accuracy_by_step"])
    result = simulate(args, model, spec, steps, out)
    for t in (1, 2, 4, 8, 16, 32):
        if t <= steps:
            check(f"{name} T={t}", result["accuracy_by_step"][t - 1], golden["accuracy_by_step"][t - 1],
                  0.005 if t <= 2 else 0.003)
    if steps == len(golden["accuracy_by_step"]):
        assert len(result["firing_rate"]) == len(golden["firing_rate_by_layer"])
        for layer, expected in zip(result["firing_rate"].items(), golden["firing_rate_by_layer"]):
            check(f"{name} rate of {layer[0]}", layer[1], expected, 0.02 * expected)
    print(f"     {result['seconds']:.1f} s, {result['samples_per_second']:.1f} images/s, "
          f"{result['seconds'] * 1e3 / (result['samples'] * steps):.3f} ms per image and step, "
          f"peak memory {result['peak_memory_bytes'] / 2**20:.0f} MiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("cifar10", type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="fewer than the golden run's; firing rates are then not compared")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for entry in RUNS:
            if not args.only or entry[0] in args.only:
                check_network(args, pathlib.Path(folder), *entry)
    sys.exit(failures > 0)


main()

#!/usr/bin/env python3
"""Fixed arithmetic on trained networks: one spike hash whatever runs it, and its accuracy beside float32.

usage: fixed_runs.py RHEOBASE MODELS CIFAR10 [--fashion DIR] [--steps T] [--images N] [--equality | --accuracy]

MODELS holds cifar10-resnet{20,18}-qcfs-L4.onnx and fashion-mnist-cnn-qcfs-L4.onnx. Equality: every way to run N images
(200) of the CIFAR-10 networks and all 10,000 of Fashion-MNIST gives the spike hash, the accuracy at every step and the
counts of the reference device. Accuracy: the whole CIFAR-10 test set at 32 steps in both arithmetics. The reference
device makes this an hour of work; exits with 1 if anything differs.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

EQUAL = ("spike_hash", "accuracy_by_step", "exit_histogram", "firing_rate", "SynapticOperations")


def run(rheobase, model, data, *options):
    words = [rheobase, "run", model, "--data", data, "--quiet", "--hash", "--json", "-", *map(str, options)]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def convert(rheobase, source, target, normalize, arithmetic):
    subprocess.run([rheobase, "convert", source, target, "--normalize", normalize, "--arithmetic", arithmetic,
                    "--quiet"], check=True)
    return target


def simd_targets(rheobase):
    text = subprocess.run([rheobase, "devices"], check=True, capture_output=True, text=True).stdout
    return next(line.split()[1:] for line in text.splitlines() if line.split()[:1] == ["simd:"])


def ways(rheobase):
    for kernel in ("dense", "event", "auto"):
        for threads in (1, 2):
            yield ("--kernel", kernel, "--threads", threads)
    for slots in (1, 7, 64):
        yield ("--slots", slots)
    for lookahead in (1, 3, 8):
        yield ("--lookahead", lookahead)
    for target in simd_targets(rheobase):
        for kernel in ("dense", "event"):
            yield ("--simd", target, "--kernel", kernel)


def check_equality(rheobase, name, model, data, window):
    expected = run(rheobase, model, data, "--device", "reference", *window)
    different, count = [], 0
    for way in ways(rheobase):
        result = run(rheobase, model, data, "--device", "cpu", *window, *way)
        count += 1
        if any(result[key] != expected[key] for key in EQUAL):
            different.append(" ".join(map(str, way)))
    print(f"{name}: {expected['samples']} images, {expected['steps']} steps, spike hash {expected['spike_hash']}: "
          f"{count} ways on cpu, {len(different)} differ from reference {different or ''}", flush=True)
    return not different


def check_accuracy(rheobase, name, source, data, folder):
    results = {}
    for arithmetic in ("float32", "fixed"):
        model = convert(rheobase, source, f"{folder}/{name}-{arithmetic}.h5", "cifar10", arithmetic)
        results[arithmetic] = run(rheobase, model, data, "--steps", 32)
    passed = True
    for step, allowed in ((1, None), (2, None), (4, 0.5), (8, None), (16, None), (32, 0.3)):
        real, fixed = (100 * results[a]["accuracy_by_step"][step - 1] for a in ("float32", "fixed"))
        passed = passed and (allowed is None or abs(fixed - real) <= allowed)
        print(f"{name}, T = {step}: float32 {real:.2f} %, fixed {fixed:.2f} %", flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("cifar10")
    parser.add_argument("--fashion", default="fashion-mnist")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--equality", action="store_true")
    parser.add_argument("--accuracy", action="store_true")
    args = parser.parse_args()
    everything = args.equality == args.accuracy
    cifar10 = f"cifar10:{args.cifar10}"
    networks = [("ResNet-20", "cifar10-resnet20-qcfs-L4.onnx"), ("ResNet-18", "cifar10-resnet18-qcfs-L4.onnx")]
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        if everything or args.equality:
            model = convert(args.rheobase, args.models / "fashion-mnist-cnn-qcfs-L4.onnx", f"{folder}/fashion.h5",
                            "fashion-mnist", "fixed")
            passed &= check_equality(args.rheobase, "Fashion-MNIST", model, args.fashion, ("--steps", args.steps))
            for name, file in networks:
                model = convert(args.rheobase, args.models / file, f"{folder}/{name}.h5", "cifar10", "fixed")
                window = ("--steps", args.steps, "--limit", args.images)
                passed &= check_equality(args.rheobase, name, model, cifar10, window)
        if everything or args.accuracy:
            for name, file in networks:
                passed &= check_accuracy(args.rheobase, name, args.models / file, cifar10, folder)
    sys.exit(0 if passed else 1)


main()

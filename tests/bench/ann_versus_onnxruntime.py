#!/usr/bin/env python3
"""The source ANN in float32 beside ONNX Runtime running the same file, same cores, one run.

usage: ann_versus_onnxruntime.py RHEOBASE MODEL.onnx SPEC [--normalize MEANS STDS] [--images N] [--slots B]... [--rounds R] [--threads N]
                                 [--snn OPTIONS --steps T]
       e.g. SPEC = images:DIR,resize=224x224

Needs numpy and onnxruntime from PyPI. Rounds alternate between the two sides, so that a busy machine disturbs both. Of each side the best
number of images at once counts (ONNX Runtime: batches, which its file must allow), the best round and the median. Times exclude loading and planning.
ONNX Runtime reads random pixels, as its time does not depend on them. With --snn the spiking network that `convert` makes with these options
(in one word) is a third side: milliseconds of an image-step, and of the T steps of an image.
"""
import argparse, json, pathlib, shlex, statistics, subprocess, tempfile, time

import numpy as np
import onnxruntime


def session_of(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def batches_of(session):
    first = session.get_inputs()[0].shape[0]
    return (first,) if isinstance(first, int) else (1, 4, 16)


def onnxruntime_ms(session, batch, images):
    entry = session.get_inputs()[0]
    pixels = np.random.default_rng(1).normal(size=[batch, *entry.shape[1:]]).astype(np.float32)
    session.run(None, {entry.name: pixels})
    runs = max(1, images // batch)
    start = time.perf_counter()
    for _ in range(runs):
        session.run(None, {entry.name: pixels})
    return (time.perf_counter() - start) * 1e3 / (runs * batch)


def rheobase_ms(args, model, slots, out, steps=1):
    subprocess.run([args.rheobase, "run", model, "--data", args.spec, "--limit", str(args.images), "--steps", str(steps), "--stop", "never",
                    "--slots", str(slots), "--threads", str(args.threads), "--quiet", "--json", out], check=True, stdout=subprocess.DEVNULL)
    result = json.loads(pathlib.Path(out).read_text())
    return result["seconds"] * 1e3 / result["samples"] / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("spec")
    parser.add_argument("--normalize", default="imagenet")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slots", type=int, action="append")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--snn", help="options of convert, in one word")
    parser.add_argument("--steps", type=int, default=4)
    args = parser.parse_args()
    session = session_of(args.model, args.threads)
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        model, out = f"{folder}/model.h5", f"{folder}/run.json"
        subprocess.run([args.rheobase, "convert", args.model, model, "--to", "ann", "--normalize", *args.normalize.split()], check=True,
                       stdout=subprocess.DEVNULL)
        if args.snn:
            snn = f"{folder}/snn.h5"
            subprocess.run([args.rheobase, "convert", args.model, snn, "--normalize", *args.normalize.split(), *shlex.split(args.snn)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(args.rounds):
            for batch in batches_of(session):
                times.setdefault(("ONNX Runtime", batch), []).append(onnxruntime_ms(session, batch, args.images))
            for slots in args.slots or (4, 32):
                times.setdefault(("rheobase", slots), []).append(rheobase_ms(args, model, slots, out))
                if args.snn:
                    times.setdefault(("image-step", slots), []).append(rheobase_ms(args, snn, slots, out, args.steps))
    print(f"{args.model.name}; onnxruntime {onnxruntime.__version__}, {args.threads} threads, {args.images} images; ms an image, best (median)")
    for (side, at_once), ms in times.items():
        print(f"{side}, {at_once} at once: {min(ms):.2f} ({statistics.median(ms):.2f}), {1e3 / min(ms):.1f} images/s")
    best = {side: min(min(ms) for (s, _), ms in times.items() if s == side) for side, _ in times}
    if args.snn:
        print(f"ms of an image-step over those of ONNX Runtime's image: {best['image-step'] / best['ONNX Runtime']:.2f}; "
              f"T = {args.steps}: {args.steps * best['image-step']:.1f} ms an image")
    print(f"images/s of rheobase over ONNX Runtime: {best['ONNX Runtime'] / best['rheobase']:.2f}")


main()

#!/usr/bin/env python3
"""One simulated step of a converted network beside ONNX Runtime running the source ANN once, same cores, one run.

usage: versus_onnxruntime.py RHEOBASE MODEL.onnx CIFAR10 [--images N] [--steps T] [--rounds R] [--threads N]...

Needs numpy and onnxruntime from PyPI. Rounds alternate between the two sides, so that a busy machine disturbs both; the
best round of each counts, and for ONNX Runtime the best of several batch sizes. Times exclude loading and planning.
"""
import argparse, json, pathlib, subprocess, tempfile, time

import numpy as np
import onnxruntime

BATCHES = (1, 8, 32)
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def images(folder, count):
    records = np.fromfile(folder / "test_batch.bin", np.uint8, count * 3073).reshape(count, 3073)
    pixels = records[:, 1:].reshape(count, 3, 32, 32).astype(np.float32) / 255
    return (pixels - np.float32(MEAN).reshape(3, 1, 1)) / np.float32(STD).reshape(3, 1, 1)


def ann_session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def ann_ms(session, pixels):
    name = session.get_inputs()[0].name
    best = {}
    for batch in BATCHES:
        part = pixels[:max(batch, 32) // batch * batch]
        session.run(None, {name: part[:batch]})
        start = time.perf_counter()
        for i in range(0, len(part), batch):
            session.run(None, {name: part[i:i + batch]})
        best[batch] = (time.perf_counter() - start) * 1e3 / len(part)
    return best


def snn_ms(args, model, threads, out):
    subprocess.run([args.rheobase, "run", model, "--data", f"cifar10:{args.cifar10}", "--limit", str(args.images),
                    "--steps", str(args.steps), "--stop", "never", "--threads", str(threads), "--quiet",
                    "--json", out], check=True, stdout=subprocess.DEVNULL)
    result = json.loads(pathlib.Path(out).read_text())
    return result["seconds"] * 1e3 / (result["samples"] * args.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("cifar10", type=pathlib.Path)
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, action="append")
    args = parser.parse_args()
    pixels = images(args.cifar10, 32)
    print(f"{args.model.name}; onnxruntime {onnxruntime.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        model, out = f"{folder}/model.h5", f"{folder}/run.json"
        subprocess.run([args.rheobase, "convert", args.model, model, "--normalize", "cifar10"], check=True,
                       stdout=subprocess.DEVNULL)
        for threads in args.threads or (1, 2):
            session = ann_session(args.model, threads)
            ann, snn = {}, []
            for _ in range(args.rounds):
                for batch, ms in ann_ms(session, pixels).items():
                    ann[batch] = min(ms, ann.get(batch, ms))
                snn.append(snn_ms(args, model, threads, out))
            print(f"threads {threads}: ONNX Runtime " + ", ".join(f"batch {b}: {ms:.2f}" for b, ms in ann.items()) +
                  f" ms an image; rheobase {min(snn):.2f} ms an image and step "
                  f"({min(snn):.2f} to {max(snn):.2f}); ratio {min(snn) / min(ann.values()):.2f}", flush=True)


main()

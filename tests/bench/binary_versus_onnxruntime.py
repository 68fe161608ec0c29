#!/usr/bin/env python3
"""Binary convolutions and whole binary networks beside ONNX Runtime (fp32) on the same shapes, cores and run.

usage: binary_versus_onnxruntime.py RHEOBASE BINARY_BENCH CIFAR10 [--rounds R] [--images N] [--threads N]...

Layers: one thread each; ours is the layer with the Sign behind it, from binary_bench. Networks: untrained, from
`rheobase train` on a few images; ours packed, theirs what `rheobase export` writes. Rounds alternate between the two
sides, so that a busy machine disturbs both; the best round of each counts, and for ONNX Runtime the best batch size.
Needs numpy, onnx and onnxruntime from PyPI.
"""
import argparse, json, pathlib, subprocess, tempfile, time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BATCHES = (1, 4, 16)
LAYERS = {  # inputs, outputs, extent: the 3x3 layers of stride 1
    "resnet18_1w1a": [(64, 64, 32), (128, 128, 16), (256, 256, 8), (512, 512, 4)],
    "vgg_small_1w1a": [(128, 128, 32), (128, 256, 16), (256, 256, 16), (256, 512, 8), (512, 512, 8)],
    "resnet20_1w1a": [(16, 16, 32), (32, 32, 16), (64, 64, 8)],
}
SPEC = """network = "{name}"
data = "cifar10:{data}"
normalize = "imagenet"
epochs = 1
batch = 16
limit = 16

[optimizer]
name = "sgd"

[learning_rate]
rate = 0.01
"""


def session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def convolution(inputs, outputs, extent):
    random = np.random.default_rng(1)
    weight = np.sign(random.standard_normal((outputs, inputs, 3, 3))).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "layer",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", inputs, extent, extent])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", outputs, extent, extent])],
                              [numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model.SerializeToString()


def milliseconds(run, shape):
    """An image's, the best of several batch sizes."""
    best = float("inf")
    for batch in BATCHES:
        images = np.sign(np.random.default_rng(1).standard_normal((batch, *shape))).astype(np.float32)
        run(images)
        repeats = max(1, int(0.1 / max(1e-4, timed(run, images))))
        best = min(best, min(timed(run, images, repeats) for _ in range(3)) * 1e3 / (repeats * batch))
    return best


def timed(run, images, repeats=1):
    start = time.perf_counter()
    for _ in range(repeats):
        run(images)
    return time.perf_counter() - start


def bench_rows(bench):
    text = subprocess.run([bench, "--benchmark_format=json", "--benchmark_min_time=0.2"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {row["name"]: row["Gop"] for row in json.loads(text)["benchmarks"]}, json.loads(text)["benchmarks"][0]["label"]


def layers(args):
    sessions = {shape: session(convolution(*shape), 1) for shapes in LAYERS.values() for shape in shapes}
    ours, theirs, peaks = {}, {}, {}
    for _ in range(args.rounds):
        rows, target = bench_rows(args.bench)
        for name, gop in rows.items():
            ours[name] = max(gop, ours.get(name, 0.0))
        for (i, o, e), s in sessions.items():
            ms = milliseconds(lambda x, s=s: s.run(None, {"x": x}), (i, e, e))
            theirs[i, o, e] = min(ms, theirs.get((i, o, e), ms))
    method = "words" if "DL" in target else "table"
    for which in ("table", "words"):
        peaks[which] = ours[f"peak/{which}"]
    print(f"one thread, {target}; the counting instructions alone, in registers: "
          f"table {peaks['table']:.0f}, words {peaks['words']:.0f} Gop/s")
    print("| network | in, out, extent | fp32, ms | binary, ms | times | Gop/s | of the peak |\n|---|---|---|---|---|---|---|")
    for network, shapes in LAYERS.items():
        total = [0.0, 0.0]
        for i, o, e in shapes:
            gop = ours[f"layer/{method}/in:{i}/out:{o}/extent:{e}"]
            ms = 2e-6 * 9 * i * o * e * e / gop
            total = [total[0] + theirs[i, o, e], total[1] + ms]
            print(f"| {network} | {i}, {o}, {e} | {theirs[i, o, e]:.3f} | {ms:.4f} | {theirs[i, o, e] / ms:.1f} | "
                  f"{gop:.0f} | {100 * gop / peaks[method]:.0f} % |")
        print(f"| {network} | all of these | {total[0]:.3f} | {total[1]:.4f} | {total[0] / total[1]:.1f} | | |", flush=True)


def small_cifar(source, folder, records):
    folder.mkdir()
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        (folder / name).write_bytes(np.fromfile(source / name, np.uint8, 3073 * records).tobytes())
    return folder


def packed_ms(args, model, data, threads, out):
    subprocess.run([args.rheobase, "run", model, "--data", f"cifar10:{data}", "--threads", str(threads), "--quiet",
                    "--json", out], check=True, stdout=subprocess.DEVNULL)
    result = json.loads(out.read_text())
    return result["seconds"] * 1e3 / result["samples"]


def networks(args, folder):
    data = small_cifar(args.cifar10, folder / "cifar", args.images)
    print("| network | threads | fp32, ms an image | packed, ms | times |\n|---|---|---|---|---|")
    for name in LAYERS:
        spec, trained = folder / f"{name}.toml", folder / f"{name}.h5"
        packed, exported = folder / f"{name}-packed.h5", folder / f"{name}.onnx"
        spec.write_text(SPEC.format(name=name, data=data))
        for words in (["train", spec, "--out", trained], ["convert", trained, packed], ["export", trained, exported]):
            subprocess.run([args.rheobase, *map(str, words), "--quiet"], check=True, stdout=subprocess.DEVNULL)
        for threads in args.threads or (1, 2):
            run = session(str(exported), threads)
            name_of_input = run.get_inputs()[0].name
            ann, bits = [], []
            for _ in range(args.rounds):
                ann.append(milliseconds(lambda x: run.run(None, {name_of_input: x}), (3, 32, 32)))
                bits.append(packed_ms(args, packed, data, threads, folder / "run.json"))
            print(f"| {name} | {threads} | {min(ann):.2f} | {min(bits):.3f} | {min(ann) / min(bits):.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("bench", help="binary_bench")
    parser.add_argument("cifar10", type=pathlib.Path)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, action="append")
    args = parser.parse_args()
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
    layers(args)
    with tempfile.TemporaryDirectory() as folder:
        networks(args, pathlib.Path(folder))


main()

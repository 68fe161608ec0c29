#!/usr/bin/env python3
"""Networks of graded neurons beside an independent simulation, step by step, on the same images.

usage: graded_peer.py RHEOBASE NET.onnx IMAGES.npz [--normalize MEAN;STD] [--steps T] [--rounding] [--rows 'OPTIONS' ...]

Needs h5py, numpy, onnx and onnxruntime from PyPI. IMAGES.npz: `images` float32 [N, C, H, W] in [0, 1] and `labels`, which also calibrate.

The other simulation knows nothing of events that travel: ONNX Runtime evaluates what lies between two activations on the *decoded*
activations of the neurons before it - their sums so far, or their means for a rate -, and the neuron's rule is applied to the difference of
what comes out and what the neuron has said. In exact arithmetic the two are the same network; in float32 an event that lies on the edge
comes a step earlier in one of them. Max pools are evaluated where they stand, behind the activation; that their sums are equal is what
the cumulative max pool promises. Thresholds are read from `rheobase info`. A row says the share of equal answers at T, and the median and
the largest difference of the logits at T over the largest logit. --rounding says the same of the other simulation beside itself with its
currents off by a float32 rounding: what a network makes of that alone. Exits with 1 where fewer than 95 % of the answers are equal or the
median is above 1e-2.
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)
DEFAULT_ROWS = ["--method signed", "--method mt --levels 4", "--method sigma-delta --levels 6", "--method sigma-delta --levels 8"]


class Activation:
    """A Relu or a Clip of the file, with what computes its input as a session of its own."""

    def __init__(self, model, node, known, folder):
        self.name, self.output = node.name, node.output[0]
        self.read = node.input[0]
        caps = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer if t.name in node.input[2:]]
        caps += [onnx.numpy_helper.to_array(a.t) for n in model.graph.node if n.output[0] in node.input[2:] for a in n.attribute if a.name == "value"]
        self.cap = float(caps[0]) if caps else np.inf
        self.session, self.inputs = segment(model, known, self.read, folder)


def segment(model, known, output, folder):
    """What lies between the values `known` and `output`."""
    inputs, stack = [], [output]
    producers = {name: node for node in model.graph.node for name in node.output}
    seen = set()
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        if value in known:
            inputs.append(value)
        elif value in producers:
            stack.extend(producers[value].input)
    needed = [node for node in model.graph.node if any(name in seen and name not in known for name in node.output)]
    info = {v.name: v for v in list(model.graph.value_info) + list(model.graph.input)}
    constants = [t for t in model.graph.initializer if any(t.name in node.input for node in needed)]
    unknown = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        needed, "segment",
        [info[name] if name in info else onnx.helper.make_tensor_value_info(name, unknown, None) for name in inputs],
        [onnx.helper.make_tensor_value_info(output, unknown, None)], constants)
    part = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    path = str(pathlib.Path(folder) / "segment.onnx")
    onnx.save(part, path)
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]), inputs


def rheobase(program, *words):
    quiet = [] if words[0] == "info" else ["--quiet"]
    return subprocess.run([program, *words, *quiet], check=True, capture_output=True, text=True).stdout


def events(v, net, unit, levels, trigger, ceiling):
    """The rule of docs/reference/graph.md, in whole numbers of the unit."""
    event = np.zeros_like(net)
    room = np.where(v < 0, net, ceiling - net)
    for k in range(levels):
        size = 2 ** k
        event = np.where((np.abs(v) >= np.float32(trigger) * unit * size) & (room >= size), size, event)
    return np.where(v < 0, -event, event)


def simulate(activations, readout, nodes, images, steps, noise=None):
    """Logits by step [T, N, K], as accumulated values."""
    running = nodes["/running"]
    said = {a.name: None for a in activations}
    logits = []
    for t in range(1, steps + 1):
        times = 1 if running else t
        values = {"image": images}
        for a in activations:
            z = a.session.run(None, {name: values[name if name in values else "image"] for name in a.inputs})[0].astype(np.float64)
            if noise is not None:
                z *= 1 + 2.0 ** -24 * noise.standard_normal(z.shape)
            node = nodes[a.name]
            shape = (1, -1) + (1,) * (z.ndim - 2)
            levels = node.get("levels", 1)
            unit = np.asarray(node["v_threshold"], np.float64).reshape(shape) / 2 ** (levels - 1)
            if said[a.name] is None:
                said[a.name] = np.zeros(z.shape)
            net = said[a.name]
            ceiling = np.round(a.cap / unit) if running and np.isfinite(a.cap) else np.inf
            net = net + events(times * z - net * unit, net, unit, levels, 0.75 if levels_of(node) else 0.5, ceiling)
            said[a.name] = net
            values[a.output] = (net * unit / times).astype(np.float32)
        session, inputs = readout
        logits.append(t * session.run(None, {name: values[name if name in values else "image"] for name in inputs})[0])
    return np.stack(logits)


def levels_of(node):
    return node["op"] != "SignedIF"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("net")
    parser.add_argument("images")
    parser.add_argument("--normalize", default="none")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounding", action="store_true")
    parser.add_argument("--rows", nargs="*", default=DEFAULT_ROWS)
    arguments = parser.parse_args()
    model = onnx.shape_inference.infer_shapes(onnx.load(arguments.net))
    images = np.load(arguments.images)["images"].astype(np.float32)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        initial = {t.name for t in model.graph.initializer}
        image = next(v.name for v in model.graph.input if v.name not in initial)
        extent = next(v for v in model.graph.input if v.name == image).type.tensor_type.shape.dim[0].dim_value
        at_once = extent or len(images)  # some files take one image
        known, activations = {image}, []
        for node in model.graph.node:
            if node.op_type in ("Relu", "Clip"):
                activations.append(Activation(model, node, known, folder))
                known.add(node.output[0])
        readout = segment(model, known, model.graph.output[0].name, folder)
        for row in arguments.rows:
            snn, record = (str(pathlib.Path(folder) / name) for name in ("snn.h5", "record.h5"))
            data = f"npz:{pathlib.Path(arguments.images).resolve()}"
            rheobase(arguments.program, "convert", arguments.net, snn, *shlex.split(row), "--normalize", arguments.normalize, "--data", data,
                     "--split", "test")
            rheobase(arguments.program, "run", snn, "--data", data, "--steps", str(arguments.steps), "--stop", "never", "--record", record)
            facts = json.loads(rheobase(arguments.program, "info", snn, "--json", "-"))
            nodes = {node["name"]: node for node in facts["nodes"]}
            for node in facts["nodes"]:
                node["levels"] = node.get("largest_event", 1).bit_length()
            nodes["/running"] = "sigma-delta" in row
            given = next(node for node in facts["nodes"] if node["op"] == "Input")
            mean = np.asarray(given.get("mean", [0.0]), np.float32).reshape(1, -1, 1, 1)
            std = np.asarray(given.get("std", [1.0]), np.float32).reshape(1, -1, 1, 1)
            normal = (images - mean) / std
            peer = lambda noise: np.concatenate([simulate(activations, readout, nodes, normal[i:i + at_once], arguments.steps, noise)[-1]
                                                 for i in range(0, len(normal), at_once)])
            theirs = peer(None)
            with h5py.File(record) as file:
                ours = file["logits"][:, -1, :]
            difference = np.abs(ours - theirs) / np.abs(theirs).max()
            equal = (ours.argmax(1) == theirs.argmax(1)).mean()
            if arguments.rounding:
                other = peer(np.random.default_rng(1))
                apart = np.abs(other - theirs) / np.abs(theirs).max()
                print(f"     the other simulation beside itself, rounded otherwise: {100 * (other.argmax(1) == theirs.argmax(1)).mean():6.2f} % equal, "
                      f"logits differ by {np.median(apart):.1e}, at most {apart.max():.1e}")
            good = equal >= 0.95 and np.median(difference) <= 1e-2
            bad += not good
            print(f"{'ok  ' if good else 'FAIL'} {row:<34} T={arguments.steps}: {100 * equal:6.2f} % of {len(ours)} answers equal, logits differ by "
                  f"{np.median(difference):.1e}, at most {difference.max():.1e}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

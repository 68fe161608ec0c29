#!/usr/bin/env python3
"""Forms of ONNX that Rheobase rewrites while it reads them, beside ONNX Runtime on the same inputs.

usage: onnx_forms_peer.py RHEOBASE [--samples N] [--seed S] [FILE.onnx ...]

Needs h5py, numpy, onnx and onnxruntime from PyPI. Networks with random weights: channels last as tf2onnx writes it, 1-D,
clips and stairs of every kind, a softmax at the end, QONNX's quantisers (for ONNX Runtime spelled out in ONNX's own ops),
and int8 files, QDQ and QOperator, quantised by ONNX Runtime. The files named are compared as well.

A row says how many predictions are equal, how many samples have logits equal to 1e-5 of the largest, and by how much the
others differ (a rounded sum that meets a step comes out one level away). Exits with 1 if more than 2 % of the samples
differ; of int8 files, which are read as their float network, 90 % of the predictions have to be equal.
"""
import argparse, pathlib, subprocess, sys, tempfile

import h5py
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

onnxruntime.set_default_logger_severity(3)
TOLERANCE, DIFFERENT, INT8_EQUAL = 1e-5, 0.02, 0.9
failures = 0


def row(name, ours, theirs, is_int8=False):
    global failures
    error = np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max()
    equal = (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean()
    good = equal >= INT8_EQUAL if is_int8 else (error > TOLERANCE).mean() <= DIFFERENT
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {name:<52} {equal * 100:>7.1f} % {(error <= TOLERANCE).sum():>6}/{len(error)} "
          f"{error.max():>9.1e}", flush=True)


class Net:
    """An ONNX network written op by op; `value` is what the next op reads."""

    def __init__(self, shape, random, opset=17):
        self.nodes, self.constants, self.value, self.random, self.opset = [], [], "x", random, opset
        self.shape = shape

    def constant(self, array, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weight(self, *shape):
        return self.constant(self.random.normal(size=shape) / np.sqrt(np.prod(shape[1:])))

    def op(self, op, *inputs, domain="", before=(), **attributes):
        output = f"v{len(self.nodes)}"
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        self.nodes.append(helper.make_node(op, [*before, self.value, *names], [output], f"n{len(self.nodes)}", domain=domain,
                                           **attributes))
        self.value = output
        return self

    def conv(self, outputs, inputs, size=3, **attributes):
        return self.op("Conv", self.weight(outputs, inputs, size, size), self.constant(self.random.normal(size=outputs) / 4),
                       **attributes)

    def linear(self, outputs, inputs):
        return self.op("Gemm", self.weight(outputs, inputs), self.constant(self.random.normal(size=outputs)), transB=1)

    def model(self):
        end = helper.make_node("Identity", [self.value], ["y"])
        graph = helper.make_graph([*self.nodes, end], "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *self.shape])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", None])], self.constants)
        domains = [helper.make_opsetid("", self.opset), helper.make_opsetid("qonnx.custom_op.general", 2)]
        return helper.make_model(graph, opset_imports=domains, ir_version=8)


def spelled_out(model):
    """QONNX's ops in ONNX's own, for ONNX Runtime."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    nodes, graph = list(model.graph.node), result.graph
    constants = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    del graph.node[:]

    def add(op, *inputs, out=None, **attributes):
        names = []
        for value in inputs:
            if not isinstance(value, str):
                graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), f"k{len(graph.initializer)}"))
                value = graph.initializer[-1].name
            names.append(value)
        name = out or f"s{len(graph.node)}"
        graph.node.append(helper.make_node(op, names, [name], **attributes))
        return name

    for node in nodes:
        get = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "BipolarQuant":
            at_least = add("GreaterOrEqual", node.input[0], 0.0)
            add("Mul", add("Where", at_least, 1.0, -1.0), node.input[1], out=node.output[0])
        elif node.op_type == "Quant":
            bits, signed, narrow = constants[node.input[3]].item(), get.get("signed", 1), get.get("narrow", 0)
            low = -2 ** (bits - 1) + narrow if signed else 0
            high = 2 ** (bits - 1) - 1 if signed else 2 ** bits - 1 - narrow
            u = add("Add", add("Div", node.input[0], node.input[1]), node.input[2])
            mode = {"ROUND": "Round", "FLOOR": "Floor", "CEIL": "Ceil"}[get.get("rounding_mode", b"ROUND").decode()]
            rounded = add(mode, add("Clip", u, low, high))
            add("Mul", add("Sub", rounded, node.input[2]), node.input[1], out=node.output[0])
        elif node.op_type == "MultiThreshold":
            steps = constants[node.input[1]]
            counts = [add("Cast", add("GreaterOrEqual", node.input[0], steps[:, k].reshape(1, -1, 1, 1)), to=1)
                      for k in range(steps.shape[1])]
            total = add("Sum", *counts)
            add("Add", add("Mul", total, get.get("out_scale", 1.0)), get.get("out_bias", 0.0), out=node.output[0])
        else:
            graph.node.append(node)
    return result


def networks(random):
    """Name and network; the third says that its samples are channels last."""
    def image(channels=3, **options):
        return Net((channels, 12, 12), random, **options)

    def ended(net, channels, pixels):
        return net.op("Flatten").linear(10, channels * pixels)

    def activation(name, *steps):
        net = image().conv(8, 3, pads=[1] * 4, strides=[2, 2])
        for op, *inputs in steps:
            net.op(op, *inputs)
        return name, ended(net.conv(8, 8, pads=[1] * 4), 8, 36), False

    def flattened_last(net):
        net.op("Transpose", perm=[0, 2, 3, 1]).op("Reshape", net.constant([-1, 288], np.int64))
        return net.op("MatMul", net.weight(288, 10)).op("Add", net.weight(10))

    def per_channel(values):
        return np.asarray(values, np.float32).reshape(1, -1, 1, 1)

    for opset in (22, 23, 24):
        yield f"opset {opset}", ended(image(opset=opset).conv(8, 3, strides=[2, 2]).op("Relu"), 8, 25), False
    for op in ("Softmax", "LogSoftmax"):
        yield op, ended(image().conv(8, 3, strides=[2, 2]).op("Relu"), 8, 25).op(op, axis=-1), False
    yield activation("clip(-1, 1)", ("Clip", -1.0, 1.0))
    yield activation("clip(-0.3, 0.8)", ("Clip", -0.3, 0.8))
    yield activation("max(z, -0.2)", ("Max", -0.2))
    yield activation("min(z, 0.3)", ("Min", 0.3))
    yield activation("bounds per channel", ("Max", per_channel(np.linspace(-1, 0, 8))), ("Min", per_channel(np.linspace(0.1, 1, 8))))
    for label, scale in (("QCFS, lambda < 0", [-0.7]), ("QCFS, lambda of both signs", np.linspace(-0.9, 1, 8))):
        scale = per_channel(scale)
        yield activation(label, ("Div", scale), ("Mul", 4.0), ("Add", 0.5), ("Floor",), ("Clip", 0.0, 4.0), ("Div", 4.0), ("Mul", scale))
    yield activation("stair without a shift", ("Clip", 0.0, 1.0), ("Mul", 4.0), ("Floor",), ("Div", 4.0))
    yield activation("stair from -1 to 1/2", ("Mul", 2.0), ("Add", 0.25), ("Floor",), ("Clip", -2.0, 1.0), ("Div", 2.0))
    net = Net((4, 32), random)
    net.op("Conv", net.weight(8, 4, 5), net.weight(8), pads=[2, 1], strides=[2]).op("BatchNormalization", *(abs(random.normal(size=8)) for _ in range(4)))
    net.op("Relu").op("MaxPool", kernel_shape=[2], strides=[2])
    net.op("Conv", net.weight(8, 8, 3), auto_pad="SAME_UPPER").op("Relu").op("Flatten")
    yield "1-D", net.linear(10, 64), False
    for channels in (3, 1):
        net = Net((12, 12, channels), random)
        net.op("Sub", np.linspace(0.1, 0.3, channels)).op("Transpose", perm=[0, 3, 1, 2]).conv(8, channels, auto_pad="SAME_UPPER", strides=[2, 2])
        yield f"channels last, {channels} in", flattened_last(net.op("Relu")), True
    net = image().conv(8, 3, pads=[1] * 4, strides=[2, 2]).op("Transpose", perm=[0, 2, 3, 1]).op("Add", np.linspace(-1, 1, 8)).op("Relu")
    net.op("Pad", net.constant([0, 1, 0, 0, 0, 1, 0, 0], np.int64)).op("Slice", *(net.constant(v, np.int64) for v in ([0], [6], [1])))
    net.op("Concat", net.value, axis=3).op("Transpose", perm=[0, 3, 1, 2]).conv(8, 16, pads=[1] * 4)
    yield "transposes around pads, slices and joins", flattened_last(net), False

    def qonnx(name, op, *inputs, **attributes):
        net = image().conv(8, 3, pads=[1] * 4, strides=[2, 2])
        net.op(op, *inputs, domain="qonnx.custom_op.general", **attributes)
        return f"QONNX, {name}", ended(net.conv(8, 8, pads=[1] * 4), 8, 36), False

    yield qonnx("BipolarQuant", "BipolarQuant", 0.4)
    yield qonnx("Quant of 4 bits, signed", "Quant", 0.1, 0.0, 4.0)
    yield qonnx("Quant of 3 bits, signed, narrow", "Quant", 0.2, 0.0, 3.0, narrow=1)
    yield qonnx("Quant of 2 bits, unsigned", "Quant", per_channel(np.linspace(0.1, 0.4, 8)), 0.0, 2.0, signed=0)
    yield qonnx("Quant, a zero point", "Quant", 0.1, 3.0, 4.0, signed=0)
    yield qonnx("Quant, FLOOR", "Quant", 0.1, 0.0, 4.0, rounding_mode="FLOOR")
    yield qonnx("Quant, CEIL", "Quant", 0.1, 0.0, 4.0, rounding_mode="CEIL")
    yield qonnx("MultiThreshold, one", "MultiThreshold", random.normal(size=(8, 1)) / 4, out_scale=2.0, out_bias=-1.0)
    steps = np.linspace(0.05, 0.2, 8)[:, None] * (np.arange(7) + 0.5) - 0.3
    yield qonnx("MultiThreshold, seven", "MultiThreshold", steps, out_scale=0.1, out_bias=-0.2)


class Programs:
    def __init__(self, rheobase, folder, random, samples):
        self.rheobase, self.folder, self.random, self.samples = rheobase, folder, random, samples

    def call(self, *words):
        result = subprocess.run([self.rheobase, *map(str, words), "--quiet"], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            sys.exit(result.stderr)

    def ours(self, path, samples):
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["images"], file["labels"] = samples, np.zeros(len(samples), np.int64)
        self.call("convert", path, self.folder / "net.h5", "--to", "ann")
        self.call("run", self.folder / "net.h5", "--data", f"hdf5:{self.folder / 'data.h5'}", "--record", self.folder / "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            return file["logits"][:].reshape(len(samples), -1)

    def theirs(self, model, inputs):
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        tensor = session.get_inputs()[0]
        if not isinstance(tensor.shape[0], int):
            return session.run(None, {tensor.name: inputs})[0]
        return np.concatenate([session.run(None, {tensor.name: x[None]})[0] for x in inputs])

    def inputs(self, shape):
        return self.random.random((self.samples, *shape), np.float32)

    def compare(self, name, model, is_last, is_int8=False):
        path = self.folder / "net.onnx"
        onnx.save(model, path)
        tensor = next(i for i in model.graph.input if i.name not in {t.name for t in model.graph.initializer})
        inputs = self.inputs([d.dim_value for d in tensor.type.tensor_type.shape.dim[1:]])
        theirs = self.theirs(spelled_out(model), inputs)
        ours = self.ours(path, np.moveaxis(inputs, -1, 1) if is_last else inputs)
        if "Softmax" in name:  # the logits behind it, up to what is the same for all
            theirs = np.log(theirs) if name == "Softmax" else theirs
            ours = ours - np.log(np.exp(ours).sum(axis=1, keepdims=True))
        row(name, ours, theirs, is_int8)

    def compare_int8(self):
        """A float network, quantised by ONNX Runtime in both formats."""
        net = Net((3, 12, 12), self.random)
        net.conv(8, 3, pads=[1] * 4, strides=[2, 2]).op("Relu")
        inner = net.value
        net.conv(8, 8, pads=[1] * 4).op("Relu").conv(8, 8, pads=[1] * 4).op("Add", inner).op("Relu").op("GlobalAveragePool").op("Flatten").linear(10, 8)
        source, target = self.folder / "float.onnx", self.folder / "int8.onnx"
        onnx.save(net.model(), source)

        class Reader(quantization.CalibrationDataReader):
            def __init__(self, batches):
                self.batches = iter(batches)

            def get_next(self):
                return next(self.batches, None)

        for format in (quantization.QuantFormat.QDQ, quantization.QuantFormat.QOperator):
            for type in (quantization.QuantType.QUInt8, quantization.QuantType.QInt8):
                batches = [{"x": self.inputs((3, 12, 12))} for _ in range(2)]
                quantization.quantize_static(source, target, Reader(batches), quant_format=format, activation_type=type,
                                             weight_type=quantization.QuantType.QInt8, per_channel=True)
                self.compare(f"int8, {format}, {type}", onnx.load(target), False, is_int8=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    print(f"{'':<57}{'predictions':>9} {'logits':>10} {'largest':>9}")
    with tempfile.TemporaryDirectory() as name:
        programs = Programs(args.rheobase, pathlib.Path(name), random, args.samples)
        for label, net, is_last in networks(random):
            programs.compare(label, net.model(), is_last)
        programs.compare_int8()
        for path in args.files:
            programs.compare(path.name, onnx.load(path), "nhwc" in path.name)
    sys.exit(failures > 0)


main()

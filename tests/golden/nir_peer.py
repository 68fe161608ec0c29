#!/usr/bin/env python3
"""NIR files beside the `nir` package: what it writes we read, what we write it reads, and both mean the same.

usage: nir_peer.py RHEOBASE [--samples N] [--steps T] [--seed S]

Needs h5py, nir and numpy from PyPI.

`theirs`: networks of all nodes that have a counterpart both ways, written by nir.write(), converted, exported again and read by
nir.read(): the same nodes, edges, shapes and parameters (to 1e-6 of float32; geometry exactly). `ours`: a converted network,
exported and read by nir.read(): every tensor of the model file is there. Then a simulation in numpy runs the graph that
nir.read() gave, with what other readers have to be told (reset, start, several spikes) from the file's attributes, beside
`rheobase run` on the same images: how many predictions are equal, and the median and the largest difference of logits over the
largest logit; where sums that are rounded in another order meet a threshold, a neuron fires elsewhere. Exits with 1 where a graph
differs, a prediction in 50 does, or the median is above 1e-4.
"""
import argparse, pathlib, subprocess, sys, tempfile

import h5py
import nir
import numpy as np

SHIPPED = pathlib.Path(__file__).parents[2] / "experiments" / "models" / "fashion-mnist-cnn-qcfs-L4.onnx"
DT = 1e-4
failures = 0


def expect(good, what):
    global failures
    failures += not good
    print(f"  {'same' if good else 'OTHER'}: {what}")


def f32(values):
    return np.asarray(values, np.float32)


# Networks in their package

class Network:
    def __init__(self, seed, shape):
        self.random, self.nodes, self.edges = np.random.default_rng(seed), {"input": nir.Input(np.array(shape))}, []

    def normal(self, *shape):
        return f32(self.random.normal(0, 0.35, shape))

    def add(self, name, node, *sources):
        self.nodes[name] = node
        self.edges += [(source, name) for source in sources]
        return name

    def conv(self, name, source, shape, outputs, groups=1):
        return self.add(name, nir.Conv2d(tuple(shape[1:]), self.normal(outputs, shape[0] // groups, 3, 3), (1, 1), (1, 1), (1, 1), groups,
                                         self.normal(outputs)), source)

    def graph(self):
        return nir.NIRGraph(self.nodes, self.edges, type_check=False)


def full(shape, value):
    return np.full(shape, value, np.float32)


def lif(shape, decay, threshold, leak=0.0, reset=0.0):
    """As snnTorch writes it: Euler's rule gives decay * v + x."""
    tau = DT / (1 - decay)
    return nir.LIF(full(shape, tau), full(shape, tau / DT), full(shape, leak), full(shape, threshold), full(shape, reset))


def image_network(seed):
    """Convolutions, both pools, a residual join, groups, leaks."""
    n = Network(seed, [2, 8, 8])
    n.conv("conv1", "input", (2, 8, 8), 4)
    n.add("if1", nir.IF(full((4, 8, 8), 1), full((4, 8, 8), 0.75)), "conv1")
    n.conv("conv2", "if1", (4, 8, 8), 4, groups=4)
    n.add("lif2", lif((4, 8, 8), 0.75, 0.5), "conv2", "if1")
    n.add("sum", nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), "lif2")
    n.conv("conv3", "sum", (4, 4, 4), 6)
    n.add("lif3", lif((6, 4, 4), 0.5, 0.5, leak=0.125, reset=-0.25), "conv3")
    n.add("mean", nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])), "lif3")
    n.add("flat", nir.Flatten(np.array([6, 2, 2]), 0, -1), "mean")
    n.add("fc", nir.Affine(n.normal(10, 24), n.normal(10)), "flat")
    tau = full((10,), DT / 0.25)
    n.add("li", nir.LI(tau, tau / np.float32(DT), full((10,), 0.5)), "fc")
    n.add("output", nir.Output(np.array([10])), "li")
    return n.graph()


def vector_network(seed):
    n = Network(seed, [1, 4, 4])
    n.add("flat", nir.Flatten(np.array([1, 4, 4]), 0, -1), "input")
    n.add("gain", nir.Scale(f32(np.linspace(0.5, 2, 16))), "flat")
    n.add("fc1", nir.Linear(n.normal(12, 16)), "gain")
    n.add("on", nir.Threshold(full((12,), 0.25)), "fc1")
    n.add("fc2", nir.Linear(n.normal(10, 12)), "on")
    n.add("sums", nir.I(full((10,), 1)), "fc2")
    n.add("output", nir.Output(np.array([10])), "sums")
    return n.graph()


def recurrent_network(seed):
    """As snnTorch writes RLeaky: the neuron and its weights read each other."""
    n = Network(seed, [1, 4, 4])
    n.add("flat", nir.Flatten(np.array([1, 4, 4]), 0, -1), "input")
    n.add("fc1", nir.Affine(n.normal(12, 16), n.normal(12)), "flat")
    n.add("lif", lif((12,), 0.75, 0.5), "fc1", "lif.w_rec")
    n.add("lif.w_rec", nir.Linear(n.normal(12, 12)), "lif")
    n.add("fc2", nir.Linear(n.normal(10, 12)), "lif")
    n.add("output", nir.Output(np.array([10])), "fc2")
    return n.graph()


def burst_network(seed):
    """As Sinabs' IAF and LIF are written: steps of 1."""
    n = Network(seed, [2, 8, 8])
    n.conv("conv1", "input", (2, 8, 8), 4)
    n.add("iaf", nir.IF(full((4, 8, 8), 1), full((4, 8, 8), 0.25)), "conv1")
    n.add("flat", nir.Flatten(np.array([4, 8, 8]), 0, -1), "iaf")
    n.add("fc1", nir.Affine(n.normal(20, 256) / 4, n.normal(20)), "flat")
    n.add("lif", nir.LIF(full((20,), 8), full((20,), 1), full((20,), 0), full((20,), 0.5)), "fc1")
    n.add("fc2", nir.Linear(n.normal(10, 20)), "lif")
    n.add("output", nir.Output(np.array([10])), "fc2")
    return n.graph()


# The same graph

def parameters(node):
    ignored = {"input_type", "output_type", "metadata"}
    return {key: np.asarray(value) for key, value in vars(node).items() if key not in ignored and value is not None}


def compare(found, wanted):
    expect(set(found.nodes) == set(wanted.nodes), f"nodes, {len(wanted.nodes)}")
    expect(sorted(found.edges) == sorted(wanted.edges), f"edges, {len(wanted.edges)}")
    faults, count = [], 0
    for name, node in wanted.nodes.items():
        other = found.nodes.get(name)
        if type(other) is not type(node):
            faults.append(f"{name} is a {type(other).__name__}")
            continue
        theirs = parameters(other)
        for key, value in parameters(node).items():
            count += 1
            if value.dtype.kind == "f":
                good = theirs[key].shape == value.shape and np.allclose(theirs[key], value, rtol=1e-6, atol=0)
            else:
                good = np.array_equal(np.broadcast_to(theirs[key], np.broadcast_shapes(theirs[key].shape, value.shape)), value)
            if not good:
                faults.append(f"{name}.{key}")
        if isinstance(node, (nir.Input, nir.Output)) and not np.array_equal(other.output_type["output"], node.output_type["output"]):
            faults.append(f"{name}'s shape")
    expect(not faults, f"parameters, {count} {faults or ''}")


# What it computes

def windows(x, kernel, stride, padding, dilation=(1, 1)):
    """[N, C, H', W', kh, kw]"""
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    span = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    view = np.lib.stride_tricks.sliding_window_view(x, span, axis=(2, 3))
    return view[:, :, ::stride[0], ::stride[1], ::dilation[0], ::dilation[1]]


def pair(value):
    return [int(v) for v in np.broadcast_to(value, (2,))]


def conv(node, x):
    groups, outputs = int(node.groups), node.weight.shape[0] // int(node.groups)
    view = windows(x, node.weight.shape[2:], pair(node.stride), pair(node.padding), pair(node.dilation))
    parts = [np.einsum("nchwyx,ocyx->nohw", part, node.weight[g * outputs:(g + 1) * outputs], optimize=True)
             for g, part in enumerate(np.split(view, groups, axis=1))]
    return f32(np.concatenate(parts, axis=1)) + node.bias[:, None, None]


def pooled(node, x, reduce):
    return reduce(windows(x, pair(node.kernel_size), pair(node.stride), pair(node.padding)), axis=(4, 5), dtype=np.float32)


class Neuron:
    """One neuron node; `told`: the attributes that other readers do not see."""

    def __init__(self, node, told, dt):
        self.node, self.told, self.dt, self.v = node, told, np.float32(dt), None

    def own(self, name):
        """One number a channel, over the node's shape."""
        values = f32(self.told[f"rheobase.{name}"])
        return values.reshape((-1,) + (1,) * (len(self.node.output_type["output"]) - 1))

    def step(self, x):
        node, bursts = self.node, self.told.get("rheobase.op") == b"BurstLIF"
        if isinstance(node, nir.Threshold):
            return f32(x > node.threshold)
        if self.v is None:
            start = "v_init" if "rheobase.v_init" in self.told else "v_leak" if "rheobase.v_leak" in self.told else None
            self.v = np.zeros_like(x) + (self.own(start) if start else 0)
        if bursts:
            return self.burst(x)
        if isinstance(node, (nir.IF, nir.I)):
            self.v = self.v + node.r * x
        else:
            self.v = self.v + self.dt / f32(node.tau) * (node.v_leak - self.v + node.r * x)
        if isinstance(node, (nir.LI, nir.I)):
            return self.v
        spikes = self.v > node.v_threshold
        after = node.v_reset
        if self.told.get("rheobase.reset") == b"subtract":
            after = self.v - np.nextafter(node.v_threshold, np.float32(np.inf))
        self.v = f32(np.where(spikes, after, self.v))
        return f32(spikes)

    def burst(self, x):
        node = self.node
        decay = np.exp(-self.dt / node.tau) if isinstance(node, nir.LIF) else np.float32(1)
        self.v = f32(self.v * decay + x)
        spikes = np.maximum(np.floor(self.v / node.v_threshold), 0)
        self.v = self.v - spikes * node.v_threshold
        if "rheobase.v_min" in self.told:
            self.v = np.maximum(self.v, self.own("v_min"))
        return spikes


def simulate(path, images, steps):
    graph = nir.read(path, type_check=False)
    with h5py.File(path) as file:
        told = {name: dict(group.attrs) for name, group in file["node/nodes"].items()}
        dt = file.attrs["rheobase.dt"]
    neurons = {name: Neuron(node, told[name], dt) for name, node in graph.nodes.items() if hasattr(nir.ir.neuron, type(node).__name__)
               and isinstance(node, (nir.IF, nir.LIF, nir.LI, nir.I)) or isinstance(node, nir.Threshold)}
    image = f32(images)
    first, last = (next(name for name, node in graph.nodes.items() if isinstance(node, kind)) for kind in (nir.Input, nir.Output))
    if "rheobase.mean" in told[first]:
        mean, std = (f32(told[first][f"rheobase.{key}"]).reshape(-1, 1, 1) for key in ("mean", "std"))
        image = (image - mean) / std
    order = []
    for _, target in graph.edges:  # sorted, and a node's edges stand together
        if target not in order:
            order.append(target)
    total, values = 0, {first: image}
    for name, node in graph.nodes.items():  # what closes a cycle is read a step later, and 0 at first
        if isinstance(node, (nir.IF, nir.LIF)):
            values[name] = np.zeros((len(image), *node.output_type["output"]), np.float32)
    for _ in range(steps):
        for name in order:
            node, x = graph.nodes[name], sum(values[source] for source, target in graph.edges if target == name)
            values[name] = {
                nir.Output: lambda: x,
                nir.Scale: lambda: x * node.scale,
                nir.Linear: lambda: x @ node.weight.T,
                nir.Affine: lambda: x @ node.weight.T + node.bias,
                nir.Flatten: lambda: x.reshape(len(x), -1),
                nir.Conv2d: lambda: conv(node, x),
                nir.SumPool2d: lambda: pooled(node, x, np.sum),
                nir.AvgPool2d: lambda: pooled(node, x, np.mean),
            }.get(type(node), lambda: neurons[name].step(x))()
        total = total + values[last]
    return total


class Program:
    def __init__(self, rheobase, folder):
        self.rheobase, self.folder = rheobase, folder

    def call(self, *words):
        subprocess.run([self.rheobase, *map(str, words), "--quiet"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def logits(self, model, images, steps):
        with h5py.File(self.folder / "images.h5", "w") as file:
            file["images"], file["labels"] = images, np.arange(len(images)) % 10
        self.call("run", model, "--data", f"hdf5:{self.folder / 'images.h5'}", "--steps", steps, "--record", self.folder / "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            return file["logits"][:, -1]

    def expect_same_answers(self, model, exported, images, steps):
        ours, theirs = self.logits(model, images, steps), simulate(exported, images, steps)
        error = np.abs(ours - theirs).max(axis=1) / np.abs(theirs).max()
        equal = int((ours.argmax(1) == theirs.argmax(1)).sum())
        expect(equal >= 0.98 * len(images) and np.median(error) < 1e-4 and np.abs(theirs).max() > 0,
               f"answers, {equal} of {len(images)} after {steps} steps; logits differ by {np.median(error):.1e}, at most {error.max():.1e}")


def check_theirs(program, name, graph, args, *options):
    print(f"theirs: {name}")
    source, model, exported, again = (program.folder / file for file in ("theirs.nir", "model.h5", "exported.nir", "again.h5"))
    nir.write(source, graph)
    program.call("convert", source, model, *options)
    program.call("export", model, exported)
    compare(nir.read(exported, type_check=False), graph)
    shape = graph.nodes["input"].output_type["output"]
    images = f32(np.random.default_rng(args.seed).random((args.samples, *shape)))
    program.expect_same_answers(model, exported, images, args.steps)
    program.call("convert", exported, again)
    expect(np.array_equal(program.logits(model, images, args.steps), program.logits(again, images, args.steps)), "logits of the way back, bit for bit")


def tensors(model):
    with h5py.File(model) as file:
        return [(node.attrs["op"].decode(), {key: value[:] for key, value in node["tensors"].items()})
                for node in file["graph/nodes"].values()]


def check_ours(program, args):
    print("ours: the shipped network")
    model, exported = program.folder / "ours.h5", program.folder / "ours.nir"
    program.call("convert", SHIPPED, model, "--normalize", "fashion-mnist")
    program.call("export", model, exported)
    graph = nir.read(exported)  # with its own check of shapes
    with h5py.File(exported) as file:  # before what spikes are worth went into them
        kept = {name: values[:] for name, values in file["rheobase.weights"].items()}
    found = [node for node in graph.nodes.values() if not isinstance(node, (nir.Input, nir.Output, nir.Scale, nir.Flatten))]
    wanted = [(op, values) for op, values in tensors(model) if op in ("Conv2d", "Linear", "IF", "AvgPool2d")]
    order = {name: i for i, name in enumerate(dict.fromkeys(target for _, target in graph.edges))}
    found.sort(key=lambda node: next(order[name] for name, other in graph.nodes.items() if other is node))
    expect(len(found) == len(wanted), f"nodes, {len(wanted)}")
    faults = []
    for node, (op, values) in zip(found, wanted):
        if op == "IF":
            above = np.nextafter(node.v_threshold, np.float32(np.inf))
            wide = values["v_threshold"].reshape((-1,) + (1,) * (above.ndim - 1))
            good = isinstance(node, nir.IF) and np.array_equal(above, np.broadcast_to(wide, above.shape)) and np.all(node.r == 1)
        else:
            name = next(name for name, other in graph.nodes.items() if other is node)
            good = all(np.array_equal(kept.get(name, node.weight) if key == "weight" else node.bias, value) for key, value in values.items())
        if not good:
            faults.append(op)
    expect(not faults, f"parameters {faults or ''}")
    blocks = np.random.default_rng(args.seed).random((args.samples, 1, 7, 7)).repeat(4, axis=2).repeat(4, axis=3)
    program.expect_same_answers(model, exported, f32(blocks), args.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"nir {nir.version}")
    with tempfile.TemporaryDirectory() as name:
        program = Program(args.rheobase, pathlib.Path(name))
        check_theirs(program, "images, snnTorch's neurons", image_network(args.seed), args)
        check_theirs(program, "vectors", vector_network(args.seed), args)
        check_theirs(program, "recurrent", recurrent_network(args.seed), args)
        check_theirs(program, "several spikes, Sinabs' neurons", burst_network(args.seed), args, "--dialect", "sinabs")
        check_ours(program, args)
    sys.exit(failures > 0)


main()

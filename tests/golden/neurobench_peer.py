#!/usr/bin/env python3
"""The metrics of `rheobase run --json` beside those of the package `neurobench` on the same network in PyTorch.

usage: neurobench_peer.py RHEOBASE [--samples N] [--steps T] [--seed S]

Needs h5py, numpy, onnx, torch, snntorch and neurobench (2.x) from PyPI. A small ONNX classifier is made and converted;
PyTorch simulates the network that the model file holds, on the same images. Weights, thresholds and pixels are short
binary fractions (or integers, in fixed arithmetic), so every sum is exact whatever its order: both sides must agree on
every logit, and counts are compared to 1e-9 relative. Where NeuroBench has another rule, its number is worked out by
that rule from what Rheobase recorded, and the row says so. Exits with 1 if a row differs.
"""
import argparse, json, pathlib, subprocess, sys, tempfile

import h5py
import numpy as np
import onnx
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint
from neurobench.metrics.workload import (ActivationSparsity, ActivationSparsityByLayer, ClassificationAccuracy,
                                         SynapticOperations)
from neurobench.models import SNNTorchModel
from torch.nn import functional

CHANNELS, EXTENT, CLASSES, LEVELS = 2, 12, 5, 4
MEAN, STD = 0.5, 0.25
BATCH = 4
STOP = ("--stop", "confidence", "--alpha", "4", "--threshold", "0.6")
failures = 0


def row(metric, rheobase, neurobench):
    global failures
    difference = abs(rheobase - neurobench)
    good = difference <= 1e-9 * max(abs(rheobase), abs(neurobench))
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {metric:<68} {rheobase:>14.8g} {neurobench:>14.8g} {difference:>10.2g}")


# The network and the images

def weights(random, *shape):
    """Eighths; about a third of them are zero."""
    return (random.integers(-6, 7, shape) * (random.random(shape) > 0.3) / 8).astype(np.float32)


def qcfs(name, source, scale):
    """QCFS as a chain of operators; scale is lambda. Returns nodes and constants; the last node's output is `name`."""
    constants = {f"{name}.lambda": scale, f"{name}.low": 0.0, f"{name}.high": 1.0, f"{name}.levels": float(LEVELS),
                 f"{name}.half": 0.5}
    chain = [("Div", "lambda"), ("Clip", "low", "high"), ("Mul", "levels"), ("Add", "half"), ("Floor",),
             ("Div", "levels"), ("Mul", "lambda")]
    nodes = []
    for i, (op, *operands) in enumerate(chain):
        target = name if i + 1 == len(chain) else f"{name}.{i}"
        inputs = [source, *(f"{name}.{operand}" for operand in operands)]
        nodes.append(onnx.helper.make_node(op, inputs, [target], name=f"{name}/{op}.{i}"))
        source = target
    return nodes, constants


def write_onnx(path, random):
    """A strided convolution, a grouped and dilated one, average pooling and two linear layers."""
    quarters = lambda *values: np.array(values, np.float32).reshape(-1, 1, 1)
    constants = {"conv1.w": weights(random, 6, CHANNELS, 3, 3), "conv1.b": weights(random, 6),
                 "conv2.w": weights(random, 8, 3, 3, 3), "conv2.b": weights(random, 8),
                 "fc1.w": weights(random, 20, 72), "fc1.b": weights(random, 20),
                 "fc2.w": weights(random, CLASSES, 20), "fc2.b": weights(random, CLASSES)}
    nodes = []

    def add(op, source, name, operands=(), **attributes):
        nodes.append(onnx.helper.make_node(op, [source, *operands], [name], name=name, **attributes))

    def activate(name, source, scale):
        chain, numbers = qcfs(name, source, scale)
        nodes.extend(chain)
        constants.update(numbers)

    add("Conv", "image", "conv1", ("conv1.w", "conv1.b"), strides=[2, 2], pads=[1, 1, 1, 1])
    activate("act1", "conv1", quarters(1.5, 0.75, 1.25, 2.5, 1.75, 0.5))
    add("Conv", "act1", "conv2", ("conv2.w", "conv2.b"), group=2, dilations=[2, 2], pads=[2, 2, 2, 2])
    activate("act2", "conv2", quarters(1.5))
    add("AveragePool", "act2", "pool", kernel_shape=[2, 2], strides=[2, 2])
    add("Flatten", "pool", "flat")
    add("Gemm", "flat", "fc1", ("fc1.w", "fc1.b"), transB=1)
    activate("act3", "fc1", np.float32(1.25))
    add("Gemm", "act3", "fc2", ("fc2.w", "fc2.b"), transB=1)
    value = lambda name, *shape: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    graph = onnx.helper.make_graph(
        nodes, "peer", [value("image", 1, CHANNELS, EXTENT, EXTENT)], [value("fc2", 1, CLASSES)],
        [onnx.numpy_helper.from_array(np.asarray(number, np.float32), name) for name, number in constants.items()])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_images(path, random, count):
    """Eighths; the first batch, and every third image, hold only values that are normalised to -1, 0 and 1."""
    shape = (count, CHANNELS, EXTENT, EXTENT)
    plain = np.arange(count) % 3 == 0
    plain[:BATCH] = True
    images = np.where(plain.reshape(-1, 1, 1, 1), random.integers(1, 4, shape) / 4, random.integers(0, 9, shape) / 8)
    with h5py.File(path, "w") as file:
        file["images"] = images.astype(np.float32)
        file["labels"] = random.integers(0, CLASSES, count)


# What Rheobase says

def plain(value):
    return value.decode() if isinstance(value, bytes) else value.tolist()


def read_nodes(path):
    """(name, op, settings, tensors) of every node of a model file, which must be a chain. The integers of fixed
    arithmetic are held as float64."""
    nodes = []
    with h5py.File(path) as file:
        number = torch.float64 if plain(file.attrs["arithmetic"]) == "fixed" else torch.float32
        for _, group in sorted(file["graph/nodes"].items()):
            inputs = [name.decode() for name in group.attrs["inputs"]]
            assert inputs == [node[0] for node in nodes[-1:]], "not a chain"
            nodes.append((group.attrs["name"].decode(), group.attrs["op"].decode(),
                          {key: plain(value) for key, value in group["attributes"].attrs.items()},
                          {key: torch.tensor(value[()], dtype=number) for key, value in group["tensors"].items()}))
    return nodes


class Runs:
    """One model file and one data set, through the program."""

    def __init__(self, rheobase, folder, to, arithmetic="float32"):
        self.rheobase, self.folder = rheobase, folder
        self.model, self.data = folder / f"{to}-{arithmetic}.h5", folder / "images.h5"
        normalization = f"{MEAN},{MEAN};{STD},{STD}"
        subprocess.run([rheobase, "convert", folder / "peer.onnx", self.model, "--to", to, "--normalize",
                        normalization, "--arithmetic", arithmetic, "--quiet"], check=True)

    def run(self, steps, *options):
        """The results, and the recording's datasets and attributes."""
        record = self.folder / "run.h5"
        words = [self.rheobase, "run", self.model, "--data", f"hdf5:{self.data}", "--steps", str(steps), "--quiet",
                 "--record", record, "--json", "-", *options]
        results = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        with h5py.File(record) as file:
            recording = {name: file[name][()] for name in file} | dict(file.attrs)
        return results, recording

    def calls(self, steps):
        """ACs and MACs of every call of a layer, [N, T, S, 2]: what a run of t steps has more than one of t - 1."""
        sums = [self.run(t)[1]["synapse_costs"].astype(np.int64) for t in range(1, steps + 1)]
        return np.diff(np.stack(sums, axis=1), axis=1, prepend=0)


# The same network in PyTorch

class IF(torch.nn.Module):
    """Fires 0 or 1: the height of the spike belongs to the readers. The potential is state, not a buffer."""

    def __init__(self, settings, tensors):
        super().__init__()
        assert settings.get("reset", "subtract") == "subtract", "another reset"
        for name, values in tensors.items():
            self.register_buffer(name, values)
        self.v = None

    def forward(self, x):
        threshold = across(self.v_threshold, x)
        self.v = (across(self.v_init, x) if self.v is None else self.v) + x
        spikes = (self.v >= threshold).to(x.dtype)
        self.v = self.v - spikes * threshold
        return spikes


class QCFS(torch.nn.Module):
    def __init__(self, settings, tensors):
        super().__init__()
        self.levels = settings["L"]
        self.register_buffer("scale", tensors["lambda"])

    def forward(self, x):
        scale = across(self.scale, x)
        return torch.floor(torch.clip(x / scale, 0, 1) * self.levels + 0.5) / self.levels * scale


class Shift(torch.nn.Module):
    """The rounding shift of a synapse in fixed arithmetic."""

    def __init__(self, bits):
        super().__init__()
        self.bits = bits

    def forward(self, x):
        return torch.floor((x + 2 ** (self.bits - 1)) / 2 ** self.bits)


class Pool(torch.nn.Module):
    """Averages spikes at their height; in fixed arithmetic, counts them."""

    def __init__(self, settings, height, fixed):
        super().__init__()
        self.kernel, self.stride = settings["kernel"], settings["stride"]
        self.height = height * (np.prod(self.kernel) if fixed else 1)
        assert not any(settings.get("padding", [])) and not settings.get("ceil_mode"), "pooling with borders"

    def forward(self, x):
        return functional.avg_pool2d(x * across(self.height, x), self.kernel, self.stride)


class Height(torch.nn.Module):
    def __init__(self, height):
        super().__init__()
        self.height = height

    def forward(self, x):
        return x * across(self.height, x)


def across(values, x):
    """One number, or one a channel, against a batch."""
    return values.reshape(1, -1, *[1] * (x.dim() - 2))


def convolution(settings, tensors, height):
    weight, groups = tensors["weight"], settings.get("groups", 1)
    top, left, bottom, right = settings.get("padding", [0, 0, 0, 0])
    assert (top, left) == (bottom, right), "asymmetric padding"
    outputs, inputs, *kernel = weight.shape
    layer = torch.nn.Conv2d(inputs * groups, outputs, kernel, settings.get("stride", 1), (top, left),
                            settings.get("dilation", 1), groups, bias="bias" in tensors)
    by_group = height.expand(inputs * groups).reshape(groups, 1, inputs, 1, 1)
    return fill(layer, (weight.reshape(groups, -1, inputs, *kernel) * by_group).reshape(weight.shape), tensors)


def linear(tensors, height):
    outputs, inputs = tensors["weight"].shape
    return fill(torch.nn.Linear(inputs, outputs, bias="bias" in tensors), tensors["weight"] * height, tensors)


def fill(layer, weight, tensors):
    layer.weight.data = weight
    if "bias" in tensors:
        layer.bias.data = tensors["bias"]
    return layer


class Network(torch.nn.Module):
    """The chain of a model file. With fold, spikes are 0 or 1 and their height is part of what reads them, as in
    Rheobase; without, they are sent at their height. In fixed arithmetic that height is 1, and the image's numbers
    are its pixels at a height of 2^fraction_bits."""

    def __init__(self, nodes, fold=True):
        super().__init__()
        bits = nodes[0][2].get("fraction_bits")
        self.fixed, one = bits is not None, torch.ones(1)
        height = one * 2.0 ** (bits or 0)
        for name, op, settings, tensors in nodes[1:-1]:
            make = {"Conv2d": lambda: convolution(settings, tensors, height), "Linear": lambda: linear(tensors, height),
                    "AvgPool2d": lambda: Pool(settings, height, self.fixed), "QCFS": lambda: QCFS(settings, tensors),
                    "IF": lambda: IF(settings, tensors), "Flatten": torch.nn.Flatten}
            self.add_module(name, make[op]())
            if settings.get("shift"):
                self.add_module(f"{name}_shift", Shift(settings["shift"]))
            height = height if op == "Flatten" else one
            if op == "IF" and not self.fixed:
                height = tensors["v_threshold"].reshape(-1)
                if not fold:
                    self.add_module(f"{name}_height", Height(height))
                    height = one
        self.register_buffer("unit", nodes[-1][3].get("unit"))

    def reset(self):
        for module in self.children():
            if isinstance(module, IF):
                module.v = None

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x, None


# What NeuroBench says

def peer(nodes, samples, batch, fold=True):
    """NeuroBench's results and the summed logits after each step, sample by sample; samples are (image, label, steps),
    of equal steps within a batch."""
    network = Network(nodes, fold)
    model = SNNTorchModel(network)
    for neuron in (IF, QCFS):
        model.add_activation_module(neuron)
    logits = []

    def answer(outputs):
        unit = network.unit if network.fixed else 1
        logits.extend((outputs.cumsum(dim=1) * unit).float().numpy())
        return outputs.sum(dim=1).argmax(dim=1)

    number = torch.float64 if network.fixed else torch.float32
    frames = [((image.to(number) - MEAN) / STD).expand(steps, *image.shape) for image, _, steps in samples]
    data = [(frame, torch.tensor(label)) for frame, (_, label, _) in zip(frames, samples)]
    benchmark = Benchmark(model, torch.utils.data.DataLoader(data, batch), [], [answer],
                          [[Footprint, ConnectionSparsity],
                           [ClassificationAccuracy, ActivationSparsity, ActivationSparsityByLayer, SynapticOperations]])
    with torch.no_grad():
        return benchmark.run(quiet=True), logits


# Side by side

def title(text):
    print(f"\n{text}\n     {'metric':<68} {'rheobase':>14} {'neurobench':>14} {'difference':>10}")


def compare_logits(recording, logits):
    different = sum(not np.array_equal(ours[:len(theirs)], theirs)
                    for ours, theirs in zip(recording["logits"], logits, strict=True))
    row("samples with another logit at some step", different, 0)


def compare_operations(what, ours, theirs):
    for key, value in zip(("Effective_MACs", "Effective_ACs", "Dense"), ours):
        row(f"{key}{what}", value, theirs["SynapticOperations"][key])


def compare_run(results, recording, theirs, logits):
    """Every metric that has one rule."""
    compare_logits(recording, logits)
    row("accuracy", results["accuracy"], theirs["ClassificationAccuracy"])
    row("Footprint", results["Footprint"], theirs["Footprint"])
    row("ConnectionSparsity, rounded to 4 decimals as NeuroBench does", round(results["ConnectionSparsity"], 4),
        theirs["ConnectionSparsity"])
    for layer, rate in results["firing_rate"].items():
        row(f"ActivationSparsityByLayer, 1 - firing_rate of {layer}", 1 - rate,
            theirs["ActivationSparsityByLayer"][layer])
    compare_operations("", results["SynapticOperations"].values(), theirs)


def by_batch(calls, size):
    """MACs and ACs a sample if a call is judged by its whole batch: MACs where any sample has other inputs than -1, 0
    and 1. (A call whose only such inputs lead nowhere would be missed; the network has none.)"""
    batches = calls.reshape(-1, size, *calls.shape[1:])
    operations, judged = batches.sum(axis=(1, 4)), batches[..., 1].any(axis=1)
    return operations[judged].sum() / len(calls), operations[~judged].sum() / len(calls)


def check_spiking(runs, samples, steps):
    nodes = read_nodes(runs.model)
    results, recording = runs.run(steps)
    calls = runs.calls(steps)
    dense = results["SynapticOperations"]["Dense"]
    whole = [(*sample, steps) for sample in samples]

    title(f"spiking network, {len(samples)} samples, {steps} steps, batches of 1")
    theirs, logits = peer(nodes, whole, 1)
    compare_run(results, recording, theirs, logits)
    row("ActivationSparsity", results["ActivationSparsity"], theirs["ActivationSparsity"])

    title(f"the same in batches of {BATCH}: NeuroBench judges a call by all samples of its batch")
    theirs, logits = peer(nodes, whole, BATCH)
    compare_logits(recording, logits)
    compare_operations(f", calls judged by batches of {BATCH}", (*by_batch(calls, BATCH), dense), theirs)
    row("Effective_MACs + Effective_ACs", calls.sum() / len(samples),
        sum(theirs["SynapticOperations"][key] for key in ("Effective_MACs", "Effective_ACs")))

    title("the same with spikes sent at their height: not 0 or 1, so NeuroBench counts what reads them as MACs")
    theirs, logits = peer(nodes, whole, 1, fold=False)
    compare_logits(recording, logits)
    first = calls[:, :, 0].sum(axis=(0, 1)) / len(samples)  # reads the image: as before
    compare_operations(", spikes of other heights than 1", (calls.sum() / len(samples) - first[0], first[0], dense),
                       theirs)
    return calls


def check_stopping(runs, samples, steps):
    nodes = read_nodes(runs.model)
    results, recording = runs.run(steps, *STOP)
    exits = recording["exit_step"]
    title(f"samples that stop early, after {exits.min()} to {exits.max()} steps, batches of 1")
    theirs, logits = peer(nodes, [(*sample, int(taken)) for sample, taken in zip(samples, exits)], 1)
    compare_run(results, recording, theirs, logits)
    silent = 1 - recording["spike_counts"].sum(axis=1) / (recording["layer_neurons"].sum() * exits)
    row("ActivationSparsity, averaged over samples whatever they ran", silent.mean(), theirs["ActivationSparsity"])
    neurons = dict(zip(results["firing_rate"], recording["layer_neurons"].tolist(), strict=True))
    by_layer = theirs["ActivationSparsityByLayer"]
    row("ActivationSparsity over all steps; NeuroBench's by layer, put together", results["ActivationSparsity"],
        sum(by_layer[layer] * count for layer, count in neurons.items()) / sum(neurons.values()))
    return exits


def check_fixed(runs, samples, steps):
    nodes = read_nodes(runs.model)
    results, recording = runs.run(steps)
    title("fixed arithmetic, batches of 1; Footprint: the 8 bytes of PyTorch's numbers taken as 4, of weights as 1")
    theirs, logits = peer(nodes, [(*sample, steps) for sample in samples], 1)
    synapses = sum(tensors["weight"].numel() for _, _, _, tensors in nodes if "weight" in tensors)
    theirs["Footprint"] = theirs["Footprint"] // 2 - 3 * synapses
    compare_run(results, recording, theirs, logits)
    row("ActivationSparsity", results["ActivationSparsity"], theirs["ActivationSparsity"])


def check_ann(runs, samples):
    nodes = read_nodes(runs.model)
    results, recording = runs.run(1)
    title("the source network with its QCFS activations, batches of 1")
    theirs, logits = peer(nodes, [(*sample, 1) for sample in samples], 1)
    compare_run(results, recording, theirs, logits)
    row("ActivationSparsity", results["ActivationSparsity"], theirs["ActivationSparsity"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("--samples", type=int, default=24, help=f"a multiple of {BATCH}")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    if args.samples % BATCH:
        parser.error(f"--samples must be a multiple of {BATCH}")
    torch.set_num_threads(1)
    random = np.random.default_rng(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_onnx(folder / "peer.onnx", random)
        write_images(folder / "images.h5", random, args.samples)
        with h5py.File(folder / "images.h5") as file:
            samples = list(zip(torch.tensor(file["images"][:]), file["labels"][:].tolist()))
        spiking = Runs(args.rheobase, folder, "snn")
        calls = check_spiking(spiking, samples, args.steps)
        exits = check_stopping(spiking, samples, args.steps)
        check_ann(Runs(args.rheobase, folder, "ann"), samples)
        check_fixed(Runs(args.rheobase, folder, "snn", "fixed"), samples, args.steps)
    first = calls[:, 0, 0].any(axis=0)  # ACs and MACs of the layer that reads the image
    met = first.all() and len(set(exits)) > 1
    if not met:
        print("these samples do not meet every rule: take another seed")
    sys.exit(failures > 0 or not met)


main()

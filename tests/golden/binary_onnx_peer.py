#!/usr/bin/env python3
"""Networks that Rheobase reads from ONNX and writes to it, beside ONNX Runtime on the same images.

usage: binary_onnx_peer.py RHEOBASE [--samples N] [--images DIR] [--seed S]

Needs h5py, numpy, onnx, onnxruntime and torch from PyPI; with onnxscript PyTorch's newer exporter is used as well. The
images are Fashion-MNIST's (the files of DIR, by default where Debian's package puts them), random ones without them.

Import: binary networks in PyTorch with random weights, in every form of sign and of binary weights that docs/reference/
onnx.md lists, exported with and without folding, converted and run. Export: networks that `rheobase train` has trained
for a moment, and the shipped one, exported, and read back.

A row says how many predictions are equal, how many samples have logits equal to 1e-5 of the largest, by how much the
others differ (where sums that are rounded in another order meet a threshold, a neuron flips), and how many layers were
packed into bits. Exits with 1 if a prediction differs, more than 2 % of the samples have a flip or one of the three
binary layers is not packed.
"""
import argparse, gzip, importlib.util, pathlib, struct, subprocess, sys, tempfile, warnings

import h5py
import numpy as np
import onnxruntime
import torch
from torch import nn
from torch.nn import functional

TOLERANCE, FLIPS = 1e-5, 0.02
SHIPPED = pathlib.Path(__file__).parents[2] / "experiments" / "models" / "fashion-mnist-cnn-qcfs-L4.onnx"
failures = 0


def row(name, ours, theirs, layers=""):
    """`layers`: how many of the 3 binary ones are packed."""
    global failures
    scale = np.abs(theirs).max()
    error = np.abs(ours - theirs).max(axis=1) / scale
    equal = (ours.argmax(axis=1) == theirs.argmax(axis=1)).sum()
    flips = (error > TOLERANCE).sum()
    good = equal == len(theirs) and flips <= FLIPS * len(theirs) and scale > 0 and layers in ("", 3)
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {name:<58} {equal:>6}/{len(theirs)} {len(theirs) - flips:>6} {error.max():>9.1e} "
          f"{layers:>6}", flush=True)


# Binary networks, each activation and each weight as someone writes them

def approx_sign(x):
    """ReActNet's and Bi-Real's: forward sign(x), backward a polynomial."""
    below, negative, inside = ((x < bound).type(torch.float32) for bound in (-1, 0, 1))
    out = (-1) * below + (x * x + 2 * x) * (1 - below)
    out = out * negative + (-x * x + 2 * x) * (1 - negative)
    out = out * inside + 1 * (1 - inside)
    return torch.sign(x).detach() - out.detach() + out


class SignFunction(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.sign()

    @staticmethod
    def backward(context, gradient):
        return gradient


def clipped_sum(x):
    clipped = torch.clamp(x, -1, 1)
    return clipped - clipped.detach() + torch.sign(x).detach()


# t: one threshold a channel
ACTIVATIONS = {
    "sign": lambda x, t: torch.sign(x),
    "sign, autograd function": lambda x, t: SignFunction.apply(x),
    "sign(hardtanh(x))": lambda x, t: torch.sign(functional.hardtanh(x)),
    "sign(x + b), RSign": lambda x, t: torch.sign(x + t),
    "sign(sign(x) + 0.1)": lambda x, t: torch.sign(torch.sign(x) + 0.1),
    "x + (sign(x) - x).detach()": lambda x, t: x + (torch.sign(x) - x).detach(),
    "c - c.detach() + sign(x).detach()": lambda x, t: clipped_sum(x),
    "sign - p.detach() + p, ApproxSign": lambda x, t: approx_sign(x),
    "where(x >= 0, 1, -1)": lambda x, t: torch.where(x >= 0, 1.0, -1.0),
    "where(x < t, -1, 1)": lambda x, t: torch.where(x < t, -1.0, 1.0),
    "where(t <= x, a, -a)": lambda x, t: torch.where(t <= x, 0.5, -0.5),
    "2 * (x > 0).float() - 1": lambda x, t: 2 * (x > 0).float() - 1,
    "(x > t).int() * 2 - 1": lambda x, t: ((x > t).int() * 2 - 1).float(),
}


def binary(weight, style):
    """Latent weights to what the layer uses."""
    others = tuple(range(1, weight.dim()))
    if style == "plain":
        return torch.where(weight >= 0, 1.0, -1.0)
    if style == "layer":
        return weight.abs().mean() * torch.sign(weight)
    alpha = weight.abs().mean(dim=others, keepdim=True)
    if style == "channel":
        return alpha.detach() * (2 * (weight > 0).float() - 1)
    if style == "norm":
        return torch.sign(weight) * (weight.norm(1, dim=others, keepdim=True) / weight[0].numel())
    clipped = torch.clamp(weight, -1, 1)
    return (alpha * torch.sign(weight)).detach() - clipped.detach() + clipped


WEIGHTS = ("plain", "layer", "channel", "norm", "sum")


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        return functional.conv2d(x, binary(self.weight, self.style), self.bias, self.stride, self.padding)


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return functional.linear(x, binary(self.weight, self.style), self.bias)


class Network(nn.Module):
    """A block with a residual join and RPReLU, one of XNOR-Net's order, and a binary linear layer."""

    def __init__(self, activation, style):
        super().__init__()
        self.activation = activation
        self.stem, self.norm0 = nn.Conv2d(1, 12, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(12)
        self.conv1, self.norm1 = BinaryConv(12, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12)
        self.prelu = nn.PReLU(12)
        self.move = nn.Parameter(torch.randn(2, 12, 1, 1) * 0.3)
        self.norm2, self.conv2 = nn.BatchNorm2d(12), BinaryConv(12, 16, 3, padding=1)
        self.norm3, self.fc1 = nn.BatchNorm1d(16 * 49), BinaryLinear(16 * 49, 32)
        self.norm4, self.fc2 = nn.BatchNorm1d(32), nn.Linear(32, 10)
        self.threshold = nn.ParameterList([torch.randn(*shape) * 0.2 for shape in [(1, 12, 1, 1)] * 2 + [(1, 784)]])
        for layer in (self.conv1, self.conv2, self.fc1):
            layer.style = style

    def forward(self, x):
        x = self.norm0(self.stem(x))
        y = self.norm1(self.conv1(self.activation(x, self.threshold[0])))
        x = x + self.prelu(y + self.move[0]) + self.move[1]
        y = functional.max_pool2d(functional.relu(self.conv2(self.activation(self.norm2(x), self.threshold[1]))), 2)
        y = self.fc1(self.activation(self.norm3(torch.flatten(y, 1)), self.threshold[2]))
        return self.fc2(self.norm4(y))


def random_network(activation, style, images):
    network = Network(activation, style)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.tensor(images[:100]))  # statistics of the layers' own values
    return network.eval()


def write_onnx(network, path, exporter):
    names, example = {"input_names": ["x"], "output_names": ["y"]}, torch.zeros(2, 1, 28, 28)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            torch.onnx.export(network, (example,), path, dynamo=True, external_data=False, verbose=False, **names,
                              dynamic_shapes={"x": {0: torch.export.Dim("n")}})
        else:
            torch.onnx.export(network, (example,), path, dynamo=False, do_constant_folding=exporter == "folded",
                              dynamic_axes={"x": {0: "n"}}, opset_version=17, **names)


# The two programs

class Programs:
    def __init__(self, rheobase, folder, images, labels):
        self.rheobase, self.folder, self.images = rheobase, folder, images
        with h5py.File(folder / "images.h5", "w") as file:
            file["images"], file["labels"] = images, labels

    def call(self, *words):
        subprocess.run([self.rheobase, *map(str, words), "--quiet"], check=True, stdout=subprocess.DEVNULL)

    def run(self, model):
        self.call("run", model, "--data", f"hdf5:{self.folder / 'images.h5'}", "--steps", 1, "--record",
                  self.folder / "run.h5")
        with h5py.File(self.folder / "run.h5") as file:
            return file["logits"][:].reshape(len(self.images), -1)

    def read(self, source, *options):
        self.call("convert", source, self.folder / "read.h5", *options)
        return self.run(self.folder / "read.h5")

    def onnxruntime(self, path):
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: self.images})[0]


def binary_layers(path):
    """How many layers of a model file are packed into bits."""
    with h5py.File(path) as file:
        return sum(node.attrs["op"].startswith(b"Binary") for node in file["graph/nodes"].values())


def check_import(programs, exporters):
    print(f"{'import':<64}{'predictions':>11}{'logits':>7}{'largest':>10} {'layers':>6}")
    path = programs.folder / "net.onnx"
    for i, (form, activation) in enumerate(ACTIVATIONS.items()):
        for j, exporter in enumerate(exporters):
            style = WEIGHTS[(i + j) % len(WEIGHTS)]
            write_onnx(random_network(activation, style, programs.images), path, exporter)
            theirs, name = programs.onnxruntime(path), f"{form}; {style}; {exporter}"
            row(name, programs.read(path, "--to", "ann"), theirs)
            row(f"{name}; bits", programs.read(path), theirs, binary_layers(programs.folder / "read.h5"))


def check_export(programs, networks):
    print(f"\n{'export':<64}{'predictions':>11}{'logits':>7}{'largest':>10}")
    folder = programs.folder
    model, path = folder / "trained.h5", folder / "trained.onnx"
    for network in networks:
        spec = folder / "train.toml"
        spec.write_text(f'network = "{network}"\ndata = "mnist:{folder}"\nnormalize = "fashion-mnist"\nepochs = 2\n'
                        'batch = 32\n[optimizer]\nname = "adam"\n[learning_rate]\nrate = 2e-3\n')
        programs.call("train", spec, "--out", model)
        programs.call("export", model, path)
        row(f"{network}, trained", programs.run(model), programs.onnxruntime(path))
        row(f"{network}, read back", programs.read(path, "--to", "ann"), programs.onnxruntime(path))
        if network.endswith("1w1a"):
            programs.call("convert", model, folder / "packed.h5")
            programs.call("export", folder / "packed.h5", path)
            row(f"{network}, packed", programs.run(folder / "packed.h5"), programs.onnxruntime(path))
    programs.call("convert", SHIPPED, model, "--to", "ann")
    programs.call("export", model, path)
    row("the shipped network, read and exported", programs.onnxruntime(path), programs.onnxruntime(SHIPPED))


def write_idx(path, values):
    path.write_bytes(struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes())


def read_images(folder, count, random):
    """Bytes and labels; random blocks where there is no data set."""
    try:
        pixels = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
        return np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)[:count], np.frombuffer(labels, np.uint8)[:count]
    except FileNotFoundError:
        print(f"no Fashion-MNIST in {folder}: random images")
        blocks = random.integers(0, 256, (count, 7, 7), dtype=np.uint8)
        return blocks.repeat(4, axis=1).repeat(4, axis=2), random.integers(0, 10, count, dtype=np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--images", type=pathlib.Path, default=pathlib.Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    pixels, labels = read_images(args.images, args.samples, np.random.default_rng(args.seed))
    exporters = ["folded", "unfolded"]
    if importlib.util.find_spec("onnxscript"):
        exporters.append("dynamo")
    else:
        print("onnxscript is not here: the newer exporter is left out")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for split in ("train", "t10k"):
            write_idx(folder / f"{split}-images-idx3-ubyte", pixels)
            write_idx(folder / f"{split}-labels-idx1-ubyte", labels)
        programs = Programs(args.rheobase, folder, (pixels / np.float32(255))[:, None], labels.astype(np.int64))
        check_import(programs, exporters)
        check_export(programs, ("mlp_1w1a", "cnn_1w1a", "resnet20_bireal_1w1a", "resnet20_1w32a", "cnn_qcfs"))
    sys.exit(failures > 0)


main()

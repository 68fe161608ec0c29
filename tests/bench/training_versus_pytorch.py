#!/usr/bin/env python3
"""Training resnet20_1w1a with ReSTE beside PyTorch: the same network, batch, optimiser and cores, in one run.

usage: training_versus_pytorch.py RHEOBASE CIFAR10 [--batch B] [--rounds R] [--threads N]

Both crop, flip, normalise, go forward and back and take a step of SGD with momentum and weight decay; images a second
of the best epoch (ours) and of the best eight steps (theirs, contiguous and channels last). Rounds alternate. Needs
numpy and torch.
"""
import argparse, csv, os, pathlib, subprocess, tempfile, time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning at barriers is unfair on a shared machine

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

STEPS = 8
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SPEC = """network = "resnet20_1w1a"
data = "cifar10:{data}"
normalize = "imagenet"
epochs = 3
batch = {batch}
limit = {limit}

[optimizer]
name = "sgd"
weight_decay = 1e-4

[augment]
crop_padding = 4
flip = true
"""


class ReSTE(torch.autograd.Function):
    """sign(x), going back by Wu et al., ICCV 2023, at o = 2."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(context, gradient):
        x, = context.saved_tensors
        size, o, m = x.abs(), 2.0, 0.1
        slope = torch.where(size <= m, m**(1 / o) / m, size.clamp(min=m)**((1 - o) / o) / o)
        return gradient * slope.masked_fill(size > 1.5, 0.0)


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        weight = ReSTE.apply(self.weight) * self.weight.abs().mean()
        return F.conv2d(ReSTE.apply(x), weight, None, self.stride, self.padding)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = BinaryConv(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = BinaryConv(outputs, outputs, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.more, self.stride = (outputs - inputs) // 2, stride

    def forward(self, x):
        skip = x if self.more == 0 else F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more, self.more))
        x = self.bn1(F.relu(self.conv1(x)))
        return self.bn2(F.relu(self.conv2(x))) + skip


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        widths = [16] * 3 + [32] * 3 + [64] * 3
        self.blocks = nn.Sequential(*[Block(before, width, 1 if before == width else 2)
                                      for before, width in zip([16] + widths, widths)])
        self.bn2, self.linear = nn.BatchNorm1d(64), nn.Linear(64, 10)

    def forward(self, x):
        x = self.blocks(self.bn(F.relu(self.conv(x))))
        return self.linear(self.bn2(x.mean((2, 3))))


def augmented(images):
    padded = F.pad(images, (4, 4, 4, 4))
    rows = []
    for image, (y, x, flip) in zip(padded, torch.randint(0, 9, (len(images), 3)).tolist()):
        part = image[:, y:y + 32, x:x + 32]
        rows.append(part.flip(2) if flip % 2 else part)
    return (torch.stack(rows) - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def theirs(images, labels, batch, memory_format):
    torch.manual_seed(1)
    model = ResNet20().to(memory_format=memory_format)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, 0.9, weight_decay=1e-4)

    def epoch():
        start = time.perf_counter()
        for i in range(STEPS):
            part = slice(i * batch, (i + 1) * batch)
            optimizer.zero_grad()
            x = augmented(images[part]).contiguous(memory_format=memory_format)
            F.cross_entropy(model(x), labels[part]).backward()
            optimizer.step()
        return STEPS * batch / (time.perf_counter() - start)

    epoch()
    return max(epoch(), epoch())


def ours(args, folder, data):
    spec, log, out = folder / "spec.toml", folder / "log.csv", folder / "net.h5"
    spec.write_text(SPEC.format(data=data, batch=args.batch, limit=STEPS * args.batch))
    subprocess.run([args.rheobase, "train", spec, "--out", out, "--log", log, "--threads", str(args.threads),
                    "--quiet"], check=True, stdout=subprocess.DEVNULL)
    with open(log, encoding="utf-8") as file:
        return max(float(row["images_per_second"]) for row in csv.DictReader(file))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("rheobase")
    parser.add_argument("cifar10", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    count = STEPS * args.batch
    records = np.fromfile(args.cifar10 / "data_batch_1.bin", np.uint8, 3073 * count).reshape(-1, 3073)
    images = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    labels = torch.from_numpy(records[:, 0].astype(np.int64))
    best = {"rheobase": 0.0, "torch, contiguous": 0.0, "torch, channels last": 0.0}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        data = folder / "cifar"
        data.mkdir()
        for i in range(1, 6):
            (data / f"data_batch_{i}.bin").write_bytes(records.tobytes())
        (data / "test_batch.bin").write_bytes(records[:args.batch].tobytes())
        for _ in range(args.rounds):
            best["rheobase"] = max(best["rheobase"], ours(args, folder, data))
            for form, layout in (("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)):
                rate = theirs(images, labels, args.batch, layout)
                best[f"torch, {form}"] = max(best[f"torch, {form}"], rate)
    peer = max(rate for side, rate in best.items() if side != "rheobase")
    print(f"torch {torch.__version__}, batch {args.batch}, {args.threads} threads, images/s: " +
          ", ".join(f"{side} {rate:.0f}" for side, rate in best.items()) +
          f"; ratio {best['rheobase'] / peer:.2f}")


main()

#!/usr/bin/env python3
"""From a torchvision network to a spiking one that stops early, and a report of it.

usage: torchvision_to_report.py RHEOBASE IMAGES OUT [--network NAME] [--weights FILE.pth] [--steps T]

Needs torch, torchvision and onnx from PyPI. IMAGES has a folder a class, or images/ and a labels.txt (docs/reference/data.md), with the
classes numbered as the network's are. OUT is a new folder. Without --weights, torchvision downloads its default ones.

PyTorch -> ONNX -> `rheobase convert`, which finds thresholds on a few of the images -> `rheobase sweep`, which simulates once and reads every
budget and stop rule from it -> OUT/sweep/report.html. Networks of convolutions, batch norm, ReLU or ReLU6, pools, residual and concat joins
convert: resnet18, resnet50, mobilenet_v2, squeezenet1_1, vgg16_bn, densenet121, googlenet and others. What does not is refused by the name
of the node that is in the way.
"""

import argparse
import pathlib
import subprocess

import torch
import torchvision

# What every torchvision classifier was trained with: the shorter edge to 256, the 224 x 224 in the middle, ImageNet's mean and deviation.
RESIZE, CROP, NORMALIZE = "256", "224", "imagenet"

SWEEP = """\
models = ["{model}"]
data = "images:{images},resize={resize},crop={crop}"
steps = {steps}
offset = {offset}

[[policy]]
name = "confidence"
alpha = [1, 2]

[[policy]]
name = "margin"
"""


def trained(name, weights):
    """The network in evaluation mode."""
    if weights is None:
        return torchvision.models.get_model(name, weights="DEFAULT").eval()
    network = torchvision.models.get_model(name, weights=None)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


def export(network, path):
    """As ONNX, one image at once, batch norm already folded where PyTorch folds it."""
    image = torch.zeros(1, 3, int(CROP), int(CROP))
    torch.onnx.export(network, image, str(path), input_names=["image"], output_names=["logits"], dynamo=False)


def rheobase(program, *words):
    print("$ rheobase", *words, flush=True)
    subprocess.run([program, *map(str, words)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="RHEOBASE")
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--network", default="mobilenet_v2")
    parser.add_argument("--weights", help="a state dict of the network, where torchvision's own are not wanted")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--calibration-images", type=int, default=64)
    arguments = parser.parse_args()

    arguments.out.mkdir()
    onnx, model = arguments.out / f"{arguments.network}.onnx", arguments.out / f"{arguments.network}.h5"
    export(trained(arguments.network, arguments.weights), onnx)

    # Thresholds, and at once how far the spiking network agrees with the source network, layer by layer.
    images = ["--data", f"images:{arguments.images}", "--resize", RESIZE, "--crop", CROP, "--split", "test"]
    rheobase(arguments.program, "convert", onnx, model, "--normalize", NORMALIZE, *images, "--samples", arguments.calibration_images,
             "--steps", arguments.steps, "--arithmetic", "fixed", "--diagnose")

    # One simulation for every budget and stop rule. Thresholds do not know labels; who wants samples that conversion has not seen
    # gives it a folder of its own.
    spec = arguments.out / "sweep.toml"
    spec.write_text(SWEEP.format(model=model, images=arguments.images, resize=RESIZE, crop=CROP, steps=arguments.steps, offset=0))
    rheobase(arguments.program, "sweep", spec, "--out", arguments.out / "sweep")
    print(f"open {arguments.out / 'sweep' / 'report.html'}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Accuracy and mean steps of Dynamic Confidence for a range of thresholds, from one recorded run.

usage: threshold_sweep.py RECORDING.h5 [--alpha A]     needs numpy and h5py

The recording is that of `rheobase run --stop never --record RECORDING.h5`. Every policy's exits follow from the logits it
holds, so nothing is simulated again.
"""
import argparse

import h5py
import numpy as np

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("recording")
parser.add_argument("--alpha", type=float, default=1.0)
args = parser.parse_args()

with h5py.File(args.recording) as recording:
    logits, labels = recording["logits"][:], recording["labels"][:]  # accumulated, [N, T, K]
budget = logits.shape[1]
correct = logits.argmax(axis=2) == labels[:, None]
scaled = logits / args.alpha
confidence = 1 / np.exp(scaled - scaled.max(axis=2, keepdims=True)).sum(axis=2)

print(f"{len(labels)} samples, T = {budget}, alpha {args.alpha:g}: {100 * correct[:, -1].mean():.2f} % at the end")
print("threshold  accuracy  mean steps")
for threshold in (0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.997, 0.998, 0.999, 0.9995, 0.9999, 0.99999):
    stops = confidence[:, :-1] > threshold
    exits = np.where(stops.any(axis=1), stops.argmax(axis=1), budget - 1)
    accuracy = correct[np.arange(len(labels)), exits].mean()
    print(f"{threshold:9g}  {100 * accuracy:8.2f}  {1 + exits.mean():10.2f}")

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
    logits, labels = recording["logits"][:], recording["label"][:]  # accumulated, [N, T, K]
budget = logits.shape[1]
correct = logits.argmax(axis=2) == labels[:, None]
scaled = (logits - logits.max(axis=2, keepdims=True)) / args.alpha
others = np.exp(scaled.astype(np.float64)).sum(axis=2) - 1  # of the classes that lose
doubt = others / (1 + others)

print(f"{len(labels)} samples, T = {budget}, alpha {args.alpha:g}: {100 * correct[:, -1].mean():.2f} % at the end")
print("1 - threshold  accuracy  mean steps")
for exponent in np.arange(0.5, 14.5, 0.5):
    stops = doubt[:, :-1] < 10**-exponent
    exits = np.where(stops.any(axis=1), stops.argmax(axis=1), budget - 1)
    accuracy = correct[np.arange(len(labels)), exits].mean()
    print(f"{10**-exponent:13.2g}  {100 * accuracy:8.2f}  {1 + exits.mean():10.2f}")

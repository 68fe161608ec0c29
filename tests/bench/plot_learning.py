#!/usr/bin/env python3
"""Draws docs/reference/learning.svg from the logs of `rheobase train --log`, joins them to learning.csv beside it, and
prints the tables of training.md.

usage: plot_learning.py OUT.svg NAME=LOG.csv ...                                       (pip install matplotlib)
"""
import csv, sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

out, *arguments = sys.argv[1:]
runs = {}
for argument in arguments:
    name, path = argument.split("=", 1)
    with open(path, newline="") as file:
        runs[name] = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

columns = ["epoch", "learning_rate", "loss", "train_accuracy", "test_accuracy", "estimating_error", "gradient_instability"]
with open(out.removesuffix(".svg") + ".csv", "w") as file:
    file.write(",".join(["run", *columns]) + "\n")
    for name, rows in runs.items():
        for row in rows:
            file.write(",".join([name, *(f"{row[column]:.6g}" for column in columns)]) + "\n")

panels = [("test_accuracy", "test accuracy, %", 100, "linear"), ("estimating_error", "estimating error", 1, "linear"),
          ("gradient_instability", "gradient instability", 1, "log")]
figure, axes = plt.subplots(1, 3, figsize=(11, 3.4))
for axis, (column, label, factor, scale) in zip(axes, panels):
    for name, rows in runs.items():
        axis.plot([row["epoch"] for row in rows], [factor * row[column] for row in rows], label=name, linewidth=1.2)
    axis.set(xlabel="epoch", ylabel=label, yscale=scale)
    axis.grid(alpha=0.3)
axes[0].legend(fontsize=8)
figure.tight_layout()
figure.savefig(out, metadata={"Date": None})

for name, rows in runs.items():
    last, best = rows[-1], max(rows, key=lambda row: row["test_accuracy"])
    error = sum(row["estimating_error"] for row in rows) / len(rows)  # as Wu et al. print them: mean and sum
    instability = sum(row["gradient_instability"] for row in rows)
    print(f"| `{name}` | {100 * last['test_accuracy']:.2f} % | {100 * best['test_accuracy']:.2f} % ({best['epoch']:.0f}) "
          f"| {100 * last['train_accuracy']:.2f} % | {last['loss']:.3f} | {error:.0f} | {instability:.2e} |")
print()
for name, rows in runs.items():
    print(f"| {name} | " + " | ".join(f"{100 * row['test_accuracy']:.2f}" for row in rows) + " |")

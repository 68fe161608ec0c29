#!/usr/bin/env python3
"""Draws docs/reference/density.svg from synapse_bench's JSON, and prints the table of performance.md.

usage: synapse_bench --benchmark_repetitions=5 --benchmark_format=json > RUN.json
       plot_density.py RUN.json OUT.svg                                       (pip install matplotlib)
"""
import json, re, sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

UNIT = {"ns": 1e-6, "us": 1e-3, "ms": 1.0}
best = {}
for run in json.load(open(sys.argv[1]))["benchmarks"]:
    match = re.match(r"(\w+)_(\w+)/channels:(\d+)/density%:(\d+)", run["name"])
    if match and run["run_type"] == "iteration":
        key = (match[1], match[2], int(match[3]), int(match[4]))
        best[key] = min(best.get(key, float("inf")), run["real_time"] * UNIT[run["time_unit"]])

images = 4
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
for axis, channels, size in zip(axes, (64, 256), (32, 8)):
    for arithmetic, path, style in (("fixed", "event", "C0-o"), ("fixed", "dense", "C0--s"), ("float32", "event", "C1-o"),
                                    ("float32", "dense", "C1--s")):
        row = sorted((d, v / images) for (a, p, c, d), v in best.items() if (a, p, c) == (arithmetic, path, channels))
        axis.plot(*zip(*row), style, label=f"{arithmetic}, {path}", markersize=4)
        print(f"| {arithmetic}, {path}, {channels} channels at {size}x{size} | " + " | ".join(f"{v:.3f}" for _, v in row) + " |")
    axis.set(title=f"3x3, {channels} channels at {size}x{size}", xlabel="inputs that spike, %", yscale="log")
    axis.grid(alpha=0.3)
axes[0].set_ylabel("ms an image and step")
axes[0].legend(fontsize=8)
print("at 10 %, fixed, event: " + ", ".join(f"{c}: {v / images:.3f}" for (a, p, c, d), v in sorted(best.items())
                                            if (a, p, d) == ("fixed", "event", 10)))
figure.tight_layout()
figure.savefig(sys.argv[2], metadata={"Date": None})

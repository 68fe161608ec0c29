#!/usr/bin/env python3
"""Accuracy by step of a network converted by several methods, beside its ANN: a Markdown table (docs/reference/accuracy.md).

Needs h5py and numpy from PyPI. Each row is `rheobase convert` with its options and `rheobase run --stop never`; rows that LOG holds already are not run again, so a table
that is interrupted goes on. Cells: accuracy, and the share of answers that are the ANN's, in percent. Events: spikes a neuron, of any size,
in all T steps.

usage: conversion_table.py RHEOBASE NET.onnx DATA LOG.jsonl --steps 16 [--normalize P] [--limit N] [--data-options '--resize 256 --crop 224'] [--threads N]
                           [--row 'OPTIONS']...
"""

import argparse
import json
import pathlib
import shlex
import subprocess
import tempfile

import h5py

DEFAULT_ROWS = ["--method if", "--method signed", "--method mt", "--method sigma-delta --levels 6", "--method sigma-delta",
                "--method sigma-delta --arithmetic fixed"]
THREADS = []  # words of every command that works


def rheobase(program, *words):
    """What a command prints."""
    quiet = [] if words[0] == "info" else ["--quiet", *THREADS]
    return subprocess.run([program, *words, *quiet], check=True, capture_output=True, text=True).stdout


def run(program, model, data, options, *words):
    return json.loads(rheobase(program, "run", model, "--data", data, *options, *words, "--json", "-"))


def answers(path):
    """[N, T]: the class with the largest accumulated logit."""
    with h5py.File(path) as file:
        return file["logits"][:].argmax(axis=2)


def row_of(arguments, row, options, folder):
    """The results of one row, measured."""
    model, record = (str(pathlib.Path(folder) / name) for name in ("model.h5", "record.h5"))
    limits = ["--limit", str(arguments.limit)] if arguments.limit else []
    normalize = ["--normalize", arguments.normalize] if arguments.normalize else []
    if row == "ANN":
        rheobase(arguments.program, "convert", arguments.net, model, "--to", "ann", *normalize)
        found = run(arguments.program, model, arguments.data, options, *limits, "--record", record)
        found["answers"] = answers(record)[:, -1].tolist()
        return found
    calibration = ["--data", arguments.calibration or arguments.data, *options, "--split", arguments.calibration_split]
    rheobase(arguments.program, "convert", arguments.net, model, *shlex.split(row), *normalize, *calibration)
    found = run(arguments.program, model, arguments.data, options, *limits, "--steps", str(arguments.steps), "--stop", "never",
                "--record", record)
    found["answers"] = answers(record).tolist()
    neurons = {node["name"]: node["neurons"] for node in json.loads(rheobase(arguments.program, "info", model, "--json", "-"))["nodes"]}
    spikes = sum(rate * neurons[name] for name, rate in found["firing_rate"].items())
    found["events"] = arguments.steps * spikes / sum(neurons[name] for name in found["firing_rate"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program")
    parser.add_argument("net")
    parser.add_argument("data")
    parser.add_argument("log", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--normalize")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--data-options", default="")
    parser.add_argument("--calibration", help="data set of the calibration samples (default: DATA)")
    parser.add_argument("--calibration-split", default="train")
    parser.add_argument("--threads", type=int, help="of every command (default: all)")
    parser.add_argument("--row", action="append", help="options of convert; may be repeated")
    arguments = parser.parse_args()
    options = shlex.split(arguments.data_options)
    THREADS.extend(["--threads", str(arguments.threads)] if arguments.threads else [])

    known = {}
    if arguments.log.exists():
        known = {tuple(entry["key"]): entry["result"] for entry in map(json.loads, arguments.log.read_text().splitlines())}
    shown = [t for t in (1, 2, 3, 4, 6, 8, 12, 16, 32, 64) if t <= arguments.steps]
    print("| conversion | " + " | ".join(f"T={t}" for t in shown) + " | events a neuron |")
    print("|" + "---|" * (len(shown) + 2))
    for row in ["ANN", *(arguments.row or DEFAULT_ROWS)]:
        key = (pathlib.Path(arguments.net).name, arguments.data, arguments.data_options, arguments.limit or 0, arguments.steps, row)
        if key not in known:
            with tempfile.TemporaryDirectory() as folder:
                found = row_of(arguments, row, options, folder)
            known[key] = {name: found[name] for name in ("accuracy", "accuracy_by_step", "events", "answers", "samples", "seconds", "spike_hash")
                          if name in found}
            with arguments.log.open("a") as log:
                log.write(json.dumps({"key": key, "result": known[key]}) + "\n")
        result = known[key]
        if row == "ANN":
            source = result["answers"]
            print(f"| ANN, {result['samples']} images | " + f"**{100 * result['accuracy']:.2f}** |" + " |" * len(shown), flush=True)
            continue
        by_step = result["accuracy_by_step"]
        same = [sum(a[t - 1] == b for a, b in zip(result["answers"], source)) / len(source) for t in shown]
        print(f"| `{row}` | " + " | ".join(f"{100 * by_step[t - 1]:.2f} ({100 * a:.1f})" for t, a in zip(shown, same)) +
              f" | {result['events']:.2f} |", flush=True)


if __name__ == "__main__":
    main()

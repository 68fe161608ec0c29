#!/usr/bin/env python3
"""Recordings a second of an N-MNIST network: Rheobase beside Sinabs, on the same files, cores and spikes.

    python3 tests/bench/events_versus_sinabs.py PROGRAM NETWORK.nir N-MNIST-DIR [RECORDINGS]

NETWORK.nir is the network of the NIR paper (or another that Sinabs wrote), N-MNIST-DIR the small set with its
test100.txt. Wants nir, sinabs and torch (PyPI). Sinabs runs one recording at a time and in batches, whichever is
faster; reading and binning are not part of its time, and are of ours. Ratios are of one run of this script.
"""

import json
import subprocess
import sys
import tempfile
import time

import nir
import numpy as np
import sinabs.nir
import torch

BATCHES = (1, 10, 30)


def recording(path):
    """[steps, 2, 34, 34]: counts of a millisecond each from the first event on."""
    raw = np.frombuffer(open(path, "rb").read(), np.uint8).reshape(-1, 5).astype(np.int64)
    times = (raw[:, 2] & 127) << 16 | raw[:, 3] << 8 | raw[:, 4]
    steps = (times - times[0]) // 1000
    counts = np.zeros((steps.max() + 1, 2, 34, 34), np.float32)
    np.add.at(counts, (steps, raw[:, 2] >> 7, raw[:, 1], raw[:, 0]), 1)
    return counts, len(raw)


def sinabs_rate(network, samples, batch):
    seconds = 0.0
    for first in range(0, len(samples), batch):
        some = samples[first:first + batch]
        steps = max(map(len, some))
        frames = np.zeros((len(some), steps, 2, 34, 34), np.float32)
        for i, sample in enumerate(some):
            frames[i, :len(sample)] = sample
        model = sinabs.nir.from_nir(network, batch_size=len(some))
        frames = torch.from_numpy(frames).flatten(0, 1)
        start = time.perf_counter()
        model(frames)
        seconds += time.perf_counter() - start
    return len(samples) / seconds


def our_run(program, model, folder, count, *options):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([program, "run", model, "--data", f"nmnist:{folder}", "--limit", str(count), "--json", file.name,
                        "--quiet", *options], check=True, stdout=subprocess.DEVNULL)
        return json.load(open(file.name))


def main(program, path, folder, count=100):
    rows = [line.split() for line in open(f"{folder}/test100.txt") if not line.startswith("#")][:int(count)]
    samples, events = zip(*(recording(f"{folder}/{number}.bs2") for number, _ in rows))
    network = nir.read(path)
    torch.set_grad_enabled(False)
    print(f"{len(rows)} recordings, {sum(events)} events, {sum(map(len, samples))} steps of 1 ms")
    print(f"{'threads':>7}  {'Sinabs':>20}  {'all steps':>22}  {'margin, stopped':>26}")
    with tempfile.TemporaryDirectory() as work:
        model = f"{work}/net.h5"
        subprocess.run([program, "convert", path, model, "--dialect", "sinabs", "--quiet"], check=True)
        for threads in (1, 2):
            torch.set_num_threads(threads)
            theirs, batch = max((sinabs_rate(network, samples, batch), batch) for batch in BATCHES)
            whole = our_run(program, model, folder, len(rows), "--threads", str(threads))
            stopped = our_run(program, model, folder, len(rows), "--threads", str(threads), "--stop", "margin",
                              "--threshold", "124.5")
            rate = whole["samples_per_second"]
            early = stopped["samples_per_second"]
            print(f"{threads:>7}  {theirs:>8.1f} (batch {batch:>2})  {rate:>8.1f}, {rate / theirs:>6.1f} x  "
                  f"{early:>8.1f}, {early / theirs:>6.1f} x  accuracy {100 * whole['accuracy']:.0f} and "
                  f"{100 * stopped['accuracy']:.0f} %, {rate * sum(events) / len(rows) / 1e6:.2f} M events/s")


if __name__ == "__main__":
    main(*sys.argv[1:])

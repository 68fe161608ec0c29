#!/usr/bin/env python3
"""What Python costs: the same sample through Engine.step() in Python and in C++, and run() beside the program.

usage: python_versus_cpp.py MODEL.h5 STEP_BENCH RHEOBASE [--threads N] [--steps T] [--images I] [--turns N]

STEP_BENCH is built from step_bench.cpp, RHEOBASE is the program, both of the same build as the package. Each turn takes 30
samples on each side and one run of I images on each; shown are the least, the lowest tenth and the median. Steps are told in
processor time, runs in the seconds that both report. A step of a small network is where Python costs most; what a call
costs that finds nothing to do is what lies between Python and the engine.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy

import rheobase

SAMPLES = 30


def in_cpp(arguments, image_file):
    words = [arguments.step_bench, arguments.model, image_file, arguments.threads, arguments.steps, 1, SAMPLES]
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=True)
    return [float(seconds) / arguments.steps for seconds in done.stdout.split()]


def in_python(arguments, engine, image):
    start = time.process_time()
    engine.load(0, image, 0)
    for _ in range(arguments.steps):
        engine.step()
        engine.logits(0)
    engine.release(0)
    return (time.process_time() - start) / arguments.steps


def by_program(arguments, data):
    words = [arguments.rheobase, "run", arguments.model, "--data", f"npz:{data}", "--steps", arguments.steps, "--threads",
             arguments.threads, "--json", "-", "--quiet"]
    return json.loads(subprocess.run([*map(str, words)], capture_output=True, text=True, check=True).stdout)["seconds"]


def idle_call(model, calls=1000, rounds=50):
    """Seconds of a step() without a sample."""
    engine = rheobase.Engine(model, threads=1)
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            engine.step()
        least = min(least, (time.perf_counter() - start) / calls)
    return least


def row(name, seconds):
    least, tenth, median = (1e6 * value for value in numpy.quantile(seconds, (0, 0.1, 0.5)))
    print(f"{name:<40}{least:>10.1f}{tenth:>10.1f}{median:>10.1f}")


def main():
    parser = argparse.ArgumentParser()
    for word in ("model", "step_bench", "rheobase"):
        parser.add_argument(word)
    for word, value in (("threads", 1), ("steps", 16), ("images", 64), ("turns", 20)):
        parser.add_argument(f"--{word}", type=int, default=value)
    arguments = parser.parse_args()
    model = rheobase.load(arguments.model)
    engine = rheobase.Engine(model, threads=arguments.threads)
    draw = numpy.random.default_rng(1)
    images = draw.random((arguments.images, *model.input_shape), dtype=numpy.float32)
    steps = {"C++": [], "Python": []}
    runs = {"rheobase run": [], "rheobase.run()": []}
    with tempfile.TemporaryDirectory() as folder:
        image_file, data = pathlib.Path(folder) / "image.f32", pathlib.Path(folder) / "images.npz"
        image_file.write_bytes(images[0].tobytes())
        numpy.savez(data, images=images, labels=numpy.zeros(len(images), numpy.int64))
        for _ in range(arguments.turns):
            steps["C++"] += in_cpp(arguments, image_file)
            steps["Python"] += [in_python(arguments, engine, images[0]) for _ in range(SAMPLES)]
            runs["rheobase run"].append(by_program(arguments, data))
            result = rheobase.run(model, images, steps=arguments.steps, threads=arguments.threads)
            runs["rheobase.run()"].append(result.seconds)
    print(f"a step() that has nothing to do: {idle_call(model) * 1e6:.2f} us")
    print(f"{'us a step of an image':<40}{'least':>10}{'tenth':>10}{'median':>10}")
    for side, seconds in steps.items():
        row(f"one at a time, {side}", seconds)
    for side, seconds in runs.items():
        row(side, numpy.array(seconds) / (arguments.steps * len(images)))


if __name__ == "__main__":
    main()

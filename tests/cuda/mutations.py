#!/usr/bin/env python3
"""Breaks the device cuda on purpose, one barrier, guard or atomic at a time, and shows that some test of the emulated
device notices. Exits with 1 where none does.

usage: mutations.py BUILD [--asan BUILD] [--tsan BUILD] [--only WORD]   the first of preset ci or dev, in which results show
the fault; the others of presets asan and tsan, for faults that a sanitizer alone shows (left out, and said so, without
them). All with cuda_test built.
"""

import argparse
import os
import pathlib
import resource
import shlex
import signal
import subprocess
import sys
import tempfile

PRODUCT, ELEMENTS, IF = "sim/cuda/kernels/product.cuh", "sim/cuda/kernels/elements.cuh", "neurons/if_cuda.cu"
SCHEDULE, LOOK, STRUCTURAL, SYNAPSE = (f"sim/cuda/{name}.cu" for name in (
    "executor/schedule", "executor/look", "kernels/structural", "kernels/synapse"))
UNITS = {PRODUCT: [SYNAPSE, IF], ELEMENTS: [SYNAPSE, STRUCTURAL, IF]}  # of headers: what takes them in

# (what, file, text, in its place, tests that may notice); which of equal texts: the first, or the one behind "... ".
MUTATIONS = [
    ("no barrier before the product reads its tile", PRODUCT, "      __syncthreads();\n      for (int unit", "      for (int unit", "CudaParity.*"),
    ("no barrier before the tile is filled again", PRODUCT, "      __syncthreads();  // all have read", "      // all have read", "CudaParity.*"),
    ("rows beyond the last are gathered", PRODUCT, "if (index < total && word", "if (word", "CudaParity.*"),
    ("rows beyond the last are finished", PRODUCT, "const bool valid = index < total;", "const bool valid = true;", "CudaParity.*"),
    ("words of rows beyond the last are written", PRODUCT, "if (valid && lane % 4 == 0)", "if (lane % 4 == 0)", "CudaParity.*"),
    ("bits of two of four threads are joined", PRODUCT, "word |= __shfl_xor_sync(0xffffffffU, word, 2);", "", "CudaParity.*"),
    ("a shuffle that some lanes leave out", PRODUCT, "word |= __shfl_xor_sync(0xffffffffU, word, 2);", "if (valid) word |= __shfl_xor_sync(0xffffffffU, word, 2);", "CudaParity.*"),
    ("channels beyond the last are stored", PRODUCT, "if (place.channel + i < channels) out[i]", "out[i]", "CudaParity.*"),
    ("padding to the right is the next row", PRODUCT, "x >= 0 && x < shape.width", "x >= 0", "CudaParity.*"),
    ("padding below is what follows", PRODUCT, "y >= 0 && y < shape.height", "y >= 0", "CudaParity.*"),
    ("the loop over tiles ends after one", PRODUCT, "first < total;", "first < total && first == static_cast<std::int32_t>(blockIdx.x) * tile_rows;", "CudaParity.*"),
    ("the loop over outputs ends after one", ELEMENTS, "       i += step) {", "       i += total) {", "CudaParity.*"),
    ("channels beyond the last are computed", ELEMENTS, "here ? body(place) : 0", "body(place)", "CudaParity.*"),
    ("channels beyond the last are stored by themselves", ELEMENTS, "} else if (here) {", "} else {", "CudaParity.*"),
    ("the second half of a pixel's last word is left", ELEMENTS, "if (last && word + 1 < output.words)", "if (false)", "CudaParity.*"),
    ("potentials beyond the channels move", IF, "if (place.channel >= neurons.row) return 0;", "", "CudaParity.*"),
    ("a joined current reads beyond its channels", IF, "if (place.channel + i < from.channels) x[i]", "x[i]", "asan:CudaParity.Joins*"),
    ("a fused neuron starts with what is there", IF, "place.fresh ? four(neurons.v_init, place.channel) : *v", "*v", "CudaEngine.*"),
    ("a neuron alone starts with what is there", IF, "place.fresh ? neurons.v_init[place.channel] : *v", "*v", "CudaParity.*"),
    ("an empty window keeps the last maximum", STRUCTURAL, "any && most > n ? most : n", "most > n ? most : n", "CudaParity.*"),
    ("no barrier before counts of warps are added", SCHEDULE, "  __syncthreads();\n  std::int32_t before", "  std::int32_t before", "CudaEngine.*"),
    ("no barrier before counts of warps are written again", SCHEDULE, "  __syncthreads();  // all have read the counts", "  // all have read the counts", "CudaEngine.Many*"),
    ("free slots take what is not staged", SCHEDULE, "&& number < staged)", ")", "CudaEngine.Results*"),
    ("slots beyond the last take samples", SCHEDULE, "const bool here = slot < run.slots;", "const bool here = true;", "CudaEngine.*"),
    ("slots beyond the last are concluded", SCHEDULE, "const bool done = slot < run.slots && ", "const bool done = ", "CudaEngine.*"),
    ("counts of the sample before stay", SCHEDULE, "      clear_slot(run, slot);", "", "CudaEngine.*"),
    ("a sample goes on at its neighbour's time", SCHEDULE, "  run.time[slot] = 0;\n", "", "CudaEngine.*"),
    ("an image that the host put is overwritten", SCHEDULE, "if (entry >= 0)\n", "if (true)\n", "CudaEngine.*"),
    ("sums of the sample before stay", SCHEDULE, "(t == 1 ? 0 : sums[k])", "sums[k]", "CudaEngine.*"),
    ("running values are sums", SCHEDULE, "readout.running != 0 ? t : 1", "1", "CudaEngine.*"),
    ("work of the step before stays", SCHEDULE, "work[i] = 0;\n}", ";\n}", "CudaEngine.*"),
    ("what does not change counts once", SCHEDULE, "run.counted.image_once == 0);", "false);", "CudaEngine.*"),
    ("a stopped sample keeps its slot", SCHEDULE, "  own.occupied = 0;", "", "CudaEngine.*"),
    ("a rule may stop the last step", SCHEDULE, "t < own.limit && stops(", "stops(", "CudaEngine.*"),
    ("numbers that are no units are ACs", LOOK, "if (value != look.one && value != -look.one) ++others;", "", "CudaEngine.*"),
    ("cells of the next warp are counted too", LOOK, "cells < (part + 1) * cells_of_warp ? cells : (part + 1) * cells_of_warp", "cells", "CudaParity.Products*"),
    ("counts without an atomic", LOOK, "atomic_add(run.counts + std::int64_t{slot} * run.spiking + look.spiking, events);", "run.counts[std::int64_t{slot} * run.spiking + look.spiking] += events;", "tsan:CudaParity.Products*"),
    ("hashes without an atomic", LOOK, "atomic_add(&run.slot[slot].hash, hash);", "run.slot[slot].hash += hash;", "tsan:CudaParity.Products*"),
    ("tiles of two blocks overlap", PRODUCT, "first += static_cast<std::int32_t>(gridDim.x) * tile_rows", "first += tile_rows", "CudaParity.Products*"),
]


CPU_SECONDS = 150  # several times what any of these tests takes, sanitizers included


def commands(build):
    """(flags of a .cu file, words that link cuda_test), both as the build has them."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", "cuda_test"], capture_output=True, text=True, check=True).stdout
    lines = listed.splitlines()
    unit = shlex.split(next(line for line in lines if line.endswith("neurons/if_cuda.cu")))
    words = unit[next(i for i, word in enumerate(unit) if word.endswith("c++")):]
    drop = {"-MD", "-MT", "-MF", "-o", "-c"}
    flags = [w for i, w in enumerate(words) if w not in drop and (i == 0 or words[i - 1] not in drop - {"-MD"})]
    link = next(line for line in reversed(lines) if " -o tests/cuda/cuda_test " in line)
    return flags, shlex.split(link.split("&&")[1])


def mutated(build, folder, path, text):
    """The test program with another `path`; None where it does not compile."""
    overlay = folder / path
    overlay.parent.mkdir(parents=True, exist_ok=True)
    overlay.write_text(text)
    flags, link = commands(build)
    objects = []
    for unit in UNITS.get(path, [path]):
        objects.append(folder / (pathlib.Path(unit).stem + ".o"))
        source = overlay if unit == path else pathlib.Path(unit).resolve()
        # The overlay is searched first, so that includes find it.
        done = subprocess.run([flags[0], "-I", folder, *flags[1:], "-w", "-Wno-error", "-x", "c++", "-c", source, "-o", objects[-1]],
                              cwd=build, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{path} does not compile:\n{done.stderr}")
    # Objects come before the library, whose own are then not taken.
    at = link.index("-o")
    program = folder / "cuda_test"
    done = subprocess.run([*link[:at], *objects, "-o", program, *link[at + 2:]], cwd=build, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{path} does not link:\n{done.stderr}")
    return program


def notice(program, tests):
    """What a run of these tests says: the first that failed, how it crashed, or nothing."""
    done = subprocess.run([program, f"--gtest_filter={tests}", "--gtest_fail_fast"], capture_output=True, text=True,
                          env=os.environ | {"TSAN_OPTIONS": "halt_on_error=1"},
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS)))
    if done.returncode == 0:
        return ""
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return "does not end"
    if done.returncode < 0:
        return f"ends by signal {-done.returncode}"
    text = done.stdout + done.stderr
    for mark in ("ThreadSanitizer: data race", "runtime error: signed integer overflow", "AddressSanitizer: ", "deadlock", "meet in different operations"):
        if mark in text:
            return mark
    failed = [line.split()[3] for line in text.splitlines() if line.startswith("[  FAILED  ] Cuda")]
    return failed[0] if failed else f"exit status {done.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--asan")
    parser.add_argument("--tsan")
    parser.add_argument("--only", default="", help="mutations with this word alone")
    arguments = parser.parse_args()
    missed = 0
    for what, path, old, new, tests in MUTATIONS:
        if arguments.only not in what:
            continue
        preset, _, tests = tests.rpartition(":")
        build = getattr(arguments, preset or "build")
        if build is None:
            print(f"{what}: left out, needs a build of preset {preset}", flush=True)
            continue
        text = pathlib.Path(path).read_text()
        if text.count(old) != 1:
            sys.exit(f"{what}: {path} has its text {text.count(old)} times")
        with tempfile.TemporaryDirectory() as folder:
            found = notice(mutated(build, pathlib.Path(folder), path, text.replace(old, new)), tests)
        missed += not found
        print(f"{what}: {found or 'NOT NOTICED'}", flush=True)
    print(f"{missed} mutations were not noticed" if missed else "every mutation was noticed")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

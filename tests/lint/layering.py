#!/usr/bin/env python3
"""Includes follow the arrows of the rooms: nothing points up."""

import re

import sources

CORE, GRAPH, DEVICE, OP, STOP, ENGINE, HDF5, FORMAT = (
    f"sim/{room}" for room in ("core", "graph", "device", "op", "stop", "engine", "hdf5", "format"))
CUDA_DEVICE, CUDA_KERNELS, CUDA_EXECUTOR = (f"sim/cuda/{room}" for room in ("device", "kernels", "executor"))

# Folder -> what it may include besides itself.
ARROWS = {
    CORE: [],
    GRAPH: [CORE],
    DEVICE: [CORE],
    STOP: [CORE],
    OP: [CORE, GRAPH, DEVICE],
    ENGINE: [CORE, GRAPH, DEVICE, OP, STOP],
    HDF5: [CORE, GRAPH],
    FORMAT: [CORE, GRAPH, STOP, HDF5],
    CUDA_DEVICE: [CORE],
    CUDA_KERNELS: [CORE, GRAPH, DEVICE, OP, CUDA_DEVICE],
    CUDA_EXECUTOR: [CORE, GRAPH, DEVICE, OP, STOP, ENGINE, CUDA_DEVICE, CUDA_KERNELS],
    "neurons": [CORE, GRAPH, DEVICE, OP, CUDA_DEVICE, CUDA_KERNELS],
    "binarize": [CORE, GRAPH, DEVICE, OP, *(f"neurons/{name}.h" for name in (
        "if", "qcfs", "relu", "sign", "schemas", "qcfs_step", "sign_step"))],
    # Converters know neurons by their parameters and schemas only.
    "converters": [CORE, GRAPH, HDF5, "neurons/burst_lif.h", "neurons/general_lif.h", "neurons/if.h", "neurons/li.h", "neurons/lif.h", "neurons/multi_threshold.h", "neurons/qcfs.h", "neurons/relu.h",
                   "neurons/schemas.h",
                   "neurons/sign.h"],
    "experiments": ["sim", "neurons", "binarize", "converters"],
    # Bindings: not the program, nor what stands behind the parts of the library that they call.
    "python": [CORE, GRAPH, DEVICE, OP, STOP, ENGINE, FORMAT, "neurons/multi_threshold.h", "converters/passes/spiking.h",
               *(f"experiments/{room}" for room in ("data", "library", "metrics", "simulation"))],
}


def room_of(path):
    return next((room for room in ARROWS if path == room or path.startswith(room + "/")), None)


def allowed(room, included):
    return any(included == target or included.startswith(target + "/") for target in [room, *ARROWS[room]])


def check(path, text):
    """Faults of one file."""
    room = room_of(path)
    if room is None:
        yield f"{path}: is in no room (tests/lint/layering.py lists them)"
        return
    for number, line in enumerate(sources.without_comments(text).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not match:
            continue
        included = match.group(1)
        if room_of(included) is None:
            yield f"{path}:{number}: includes \"{included}\", which is not spelled from the root"
        elif not allowed(room, included):
            yield f"{path}:{number}: {room} may not include {included}"


if __name__ == "__main__":
    sources.finish("layering", [f for p in sources.sources() for f in check(str(p), p.read_text())])

#!/usr/bin/env python3
"""What nvcc makes of the kernels of the device cuda: the tensor instructions that are planned, nothing spilled, nothing in
local memory, no float contracted. Needs nvcc and cuobjdump; without them the test is skipped and says so."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import shared_equations

ARCHITECTURES = ("80", "90")
# A product kernel of 8 NT channels multiplies 2 x NT times for each unit of 32 rows (sim/cuda/kernels/product.cuh).
PRODUCT = re.compile(r"product_kernelILNS0_11ProductFormE\d+ELi(\d+)E")
TENSOR = "IMMA.16832.S8.S8"
# One block between two steps, which divides, by a subroutine: no loop of a step is in it.
MAY_SPILL = re.compile(r"conclude_kernel")


def sources():
    return [*sorted(pathlib.Path("sim/cuda").rglob("*.cu")), pathlib.Path("neurons/if_cuda.cu")]


def compile_source(compiler, options, source, architecture, folder):
    """(cubin, what ptxas says of each kernel)"""
    cubin = pathlib.Path(folder) / f"{source.stem}_{architecture}.cubin"
    command = [compiler, "-cubin", f"-arch=sm_{architecture}", "-std=c++20", "-O2", "-I.", "-Xptxas=-v", *options, "-o", cubin, source]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"cuda_sass: {source} does not compile for sm_{architecture}:\n{done.stderr}")
    return cubin, done.stderr


def resource_faults(source, text):
    """Of what ptxas says: kernels that keep something in memory of the thread."""
    name = source
    for line in text.splitlines():
        entry = re.search(r"Compiling entry function '(\w+)'", line)
        name = entry.group(1) if entry else name
        frame = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line)
        if frame and any(int(number) for number in frame.groups()) and not MAY_SPILL.search(name):
            yield f"{source}: {name}: {frame.group(0)}"


def kernels(sass):
    """(name, instructions) of each kernel of a listing."""
    return re.findall(r"Function : (\S+)\n(.*?)(?=Function : |\Z)", sass, re.S)


def sass_faults(source, sass):
    for name, body in kernels(sass):
        for found in sorted(set(re.findall(r"\b(?:LDL|STL)\b", body)) if not MAY_SPILL.search(name) else []):
            yield f"{source}: {name} has {found}: local memory"
        product = PRODUCT.search(name)
        planned, found = 2 * int(product.group(1)) if product else 0, body.count(TENSOR)
        if found < planned or (found > 0 and not product) or (product and found % planned != 0):
            yield f"{source}: {name} has {found} {TENSOR}, planned are {planned}"


def main():
    compiler = shared_equations.nvcc()
    if compiler is None:
        print("cuda_sass: SKIPPED, nvcc is not here")
        sys.exit(77)
    dump = shutil.which("cuobjdump") or shutil.which(os.environ.get("CUOBJDUMP", ""))
    options = shared_equations.flags(shared_equations.FLAGS.read_text())
    faults, products = [], 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(s, a) for s in sources() for a in ARCHITECTURES]
        for (source, architecture), (cubin, said) in zip(jobs, pool.map(lambda j: compile_source(compiler, options, *j, folder), jobs)):
            where = f"{source} (sm_{architecture})"
            faults += resource_faults(where, said)
            if dump is not None:
                sass = subprocess.run([dump, "-sass", cubin], capture_output=True, text=True, check=True).stdout
                faults += sass_faults(where, sass)
                products += sum(1 for name, _ in kernels(sass) if PRODUCT.search(name))
    if dump is not None and products != 8 * len(ARCHITECTURES):
        faults.append(f"{products} product kernels, expected 8 for each of {ARCHITECTURES}")
    for fault in faults:
        print(fault)
    if not faults and dump is None:
        print("cuda_sass: nothing is spilled; SKIPPED: cuobjdump, which shows the instructions, is not here")
        sys.exit(77)
    print(f"cuda_sass: {len(faults)} faults" if faults else f"cuda_sass: sound, {products} product kernels")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

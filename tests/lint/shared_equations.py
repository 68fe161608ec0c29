#!/usr/bin/env python3
"""What host and device share needs light headers, and nvcc makes of it what is written: nothing fused or approximate."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

SOURCE, FLAGS = "tests/parity/shared_equations.cu", pathlib.Path("tests/support/rooms.cmake")
HEAVY = {"functional", "map", "optional", "unordered_map", "variant"}
# Their sources call no fma; those of stop_scores do, and mean it.
UNFUSED = {"qcfs", "if_float", "if_fixed", "lif_float", "general_lif_float", "lif_fixed", "readout", "signals"}
FUSED = re.compile(r"\b(?:fma|mad)\.(?:\w+\.)*f(?:32|64)\b")
INEXACT = re.compile(r"\b\w+(?:\.\w+)*\.(?:approx|ftz|full)(?:\.\w+)*\b")


def nvcc():
    places = [os.environ.get("CUDACXX", ""), "nvcc", "/usr/local/cuda/bin/nvcc"]
    return next(filter(None, map(shutil.which, filter(None, places))), None)


def flags(text):
    """What our targets tell nvcc, whatever the preset."""
    return re.search(r"COMPILE_LANGUAGE:CUDA>:([^>\"]*)", text).group(1).split(";")


def ptx(compiler, options):
    command = [compiler, "-ptx", "-std=c++20", "-O2", "-I.", *options, "-o", "-", SOURCE]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def reached(path, seen):
    """The headers that a file takes in, ours and theirs."""
    for header in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', pathlib.Path(path).read_text(), re.M):
        if header not in seen:
            seen.add(header)
            if pathlib.Path(header).exists():
                reached(header, seen)
    return seen


def heavy(headers):
    return [f"{SOURCE}: takes in {header}" for header in sorted(headers) if header.startswith("sim/graph/") or header in HEAVY]


def faults(text):
    kernels = dict(re.findall(r"\.entry (\w+)\((.*?)(?=\.entry |\Z)", text, re.S))
    for name in UNFUSED - kernels.keys():
        yield f"{SOURCE}: no kernel {name}"
    for name, body in kernels.items():
        rules = [INEXACT, FUSED] if name in UNFUSED else [INEXACT]
        for found in sorted({match for rule in rules for match in rule.findall(body)}):
            yield f"{SOURCE}: {name} has {found}"


def main():
    found = heavy(reached(SOURCE, set()))
    compiler = nvcc()
    if compiler is None and not found:
        print("shared_equations: SKIPPED, nvcc is not here")
        sys.exit(77)
    if compiler is not None:
        options = flags(FLAGS.read_text())
        found += faults(ptx(compiler, options))
        # What nvcc does when it is not told: if that is no fault, this rule sees nothing.
        if not any("qcfs has fma" in fault for fault in faults(ptx(compiler, [o for o in options if "fmad" not in o]))):
            found.append("nvcc fuses nothing by itself, so this rule shows nothing")
    for fault in found:
        print(fault)
    print(f"shared_equations: {len(found)} faults" if found else "shared_equations: sound")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Files, functions and interfaces stay small: sources 400 lines, headers 150, 95 % of functions 40; 10 virtual functions."""

import re
import shutil
import subprocess
import sys

import sources

MAX_SOURCE, MAX_HEADER, MAX_FUNCTION, FUNCTION_SHARE = 400, 150, 40, 0.95
MAX_VIRTUAL = 10  # of a class, its destructor apart


def functions(paths):
    """(length, file:line name) of every function."""
    command = ["ctags", "--sort=no", "--languages=C++", "--langmap=C++:.cpp.h.cu.cuh", "--kinds-C++=f",
               "--fields=+ne", "-x", "--_xformat=%{line} %{end} %{name} %F", "-L", "-"]
    listed = subprocess.run(command, input="\n".join(map(str, paths)), capture_output=True, text=True, check=True)
    for row in listed.stdout.splitlines():
        line, end, name, path = row.split(" ", 3)
        if end.isdigit():
            yield int(end) - int(line) + 1, f"{path}:{line}: {name}"


def interfaces(text):
    """(virtual functions that a class introduces, line, name); its destructor and classes within it count apart."""
    text = sources.without_comments(text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    for match in re.finditer(r"\b(?:class|struct)\s+(\w+)(?:\s+final)?(?:\s*:[^;{()]*)?\s*\{", text):
        depth, count = 1, 0
        for token in re.finditer(r"[{}]|\bvirtual\b(?!\s*~)", text[match.end():]):
            depth += {"{": 1, "}": -1}.get(token.group(), 0)
            if depth == 0:
                break
            count += token.group() == "virtual" and depth == 1
        if count:
            yield count, text.count("\n", 0, match.start()) + 1, match.group(1)


def interface_faults(path, text):
    for count, line, name in interfaces(text):
        if count > MAX_VIRTUAL:
            yield f"{path}:{line}: {name} has {count} virtual functions, the budget is {MAX_VIRTUAL}"


def file_faults(path, lines):
    limit = MAX_HEADER if path.suffix == ".h" else MAX_SOURCE
    if lines > limit:
        yield f"{path}: {lines} lines, the budget is {limit}"


def function_faults(lengths):
    long = sorted((entry for entry in lengths if entry[0] > MAX_FUNCTION), reverse=True)
    if len(long) > (1 - FUNCTION_SHARE) * len(lengths):
        yield f"{len(long)} of {len(lengths)} functions have more than {MAX_FUNCTION} lines:"
        for length, where in long:
            yield f"  {where} has {length}"


if __name__ == "__main__":
    if shutil.which("ctags") is None:
        print("budgets: SKIPPED, ctags (universal-ctags) is not here")
        sys.exit(77)
    files = sources.sources()
    found = [f for p in files for f in file_faults(p, p.read_text().count("\n"))]
    found += [f for p in files for f in interface_faults(p, p.read_text())]
    sources.finish("budgets", found + list(function_faults(list(functions(files)))))

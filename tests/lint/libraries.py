#!/usr/bin/env python3
"""Libraries neither print nor end the process: only experiments/cli does."""

import re

import sources

FORBIDDEN = re.compile(
    r"\bstd::(cout|cerr|clog|abort|exit|terminate|quick_exit)\b"
    r"|\b(printf|fprintf|puts|fputs|putchar|perror|abort|exit|_exit|assert)\s*\("
    r"|\bfmt::print\b|#\s*include\s*<(iostream|cassert|assert\.h)>")


def check(path, text):
    if path.startswith("experiments/cli/"):
        return
    for number, line in enumerate(sources.without_comments(text).split("\n"), 1):
        match = FORBIDDEN.search(re.sub(r'"(?:\\.|[^"\\])*"', '""', line))
        if match:
            yield f"{path}:{number}: a library neither prints nor exits: {match.group(0)}"


if __name__ == "__main__":
    sources.finish("libraries", [f for p in sources.sources() for f in check(str(p), p.read_text())])

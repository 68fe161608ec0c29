#!/usr/bin/env python3
"""No file of the user's is opened behind the back of sim/core/file_use.h: whoever reads says so, and only AtomicFile
writes."""

import re

import sources

READS = re.compile(r"\bifstream\b|\bgzopen\s*\(|\bH5Fopen\s*\(|::open(at)?\s*\(")
WRITES = re.compile(r"\bo?fstream\b|\bf(re)?open\s*\(|\bH5Fcreate\s*\(|::(creat|mkstemp|mkostemp|rename)\s*\(|"
                    r"\bcopy_file\s*\(|\bresize_file\s*\(")
# What opens files of another sort.
WRITERS = {
    "sim/core/atomic_file.cpp": "is where files are written",
    "sim/core/output_lock.cpp": "opens lock files of its own",
    "sim/hdf5/handle.cpp": "has its files in memory",
}
OF_THE_SYSTEM = {"sim/device/device.cpp", "experiments/cli/peak_memory.cpp"}  # /proc


def check(path, text):
    """Faults of one file."""
    if path in WRITERS or path in OF_THE_SYSTEM:
        return
    text = re.sub(r"#\s*include[^\n]*", "", sources.without_comments(text))
    says_so = "will_read(" in text
    for number, line in enumerate(text.split("\n"), 1):
        if WRITES.search(line):
            yield f"{path}:{number}: writes a file other than by AtomicFile"
        elif READS.search(line) and not says_so:
            yield f"{path}:{number}: opens a file without will_read()"


if __name__ == "__main__":
    sources.finish("files", [f for p in sources.sources() for f in check(str(p), p.read_text())])

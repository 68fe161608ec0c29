"""The files that lint rules look at, and their text without comments."""

import pathlib
import re
import subprocess
import sys

SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}
ROOMS = ("sim", "neurons", "binarize", "converters", "experiments", "python")


def tracked():
    """Files of the checkout that git knows or would add; all files where this is no checkout."""
    # The checkout may belong to somebody else than the user who runs the tests (sudo).
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True).stdout.decode()
        paths = [pathlib.Path(name) for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p for p in pathlib.Path(".").rglob("*") if p.parts[0] not in {"build", "out", ".git"}]
    return sorted(p for p in set(paths) if p.is_file())


def sources(roots=ROOMS):
    return [p for p in tracked() if p.suffix in SUFFIXES and p.parts[0] in roots]


def without_comments(text):
    """Comments become spaces, line for line; string and character literals stay."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found

    return token.sub(blank, text)


def finish(rule, faults):
    """Prints every fault and leaves with the verdict."""
    for fault in faults:
        print(fault)
    print(f"{rule}: {len(faults)} faults" if faults else f"{rule}: sound")
    sys.exit(1 if faults else 0)

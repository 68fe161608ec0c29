#!/usr/bin/env python3
"""compare_builds.py tells builds apart that differ, and only those. Programs that only play rheobase stand in for builds."""
import contextlib, io, pathlib, sys, tempfile, unittest
from unittest import mock

import compare_builds

# Answers every command and writes what it is asked to; FAULT says where it goes wrong, VERSION who it is.
PROGRAM = '''#!{python}
import hashlib, json, pathlib, sys, time
FAULT, VERSION = "{fault}", "{version}"
words = sys.argv[1:]
if words == ["--version"]:
    sys.exit(print("rheobase", VERSION))
def value(name):
    return words[words.index(name) + 1] if name in words else None
def answer(*more):
    return hashlib.sha256(" ".join((*words, *more)).encode()).hexdigest()
def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(exist_ok=True, parents=True)
    body = ("the body, by " + VERSION + " " + text).encode()
    seal = b"RHEOBASE" + bytes(16) + hashlib.sha256(body).hexdigest().encode() + bytes(424)
    path.write_bytes(seal + body)
command = words[0] if "--help" not in words else ""
if FAULT == "status" and "fixed.h5" in words and command == "run":
    sys.exit("rheobase: cannot")
if FAULT == "broken" and command == "export":
    sys.exit("rheobase: cannot")
if FAULT == "note" and command == "train":
    print("rheobase: note: other", file=sys.stderr)
if command in ("convert", "export"):
    write(words[2], answer("tensor" if FAULT == "model" and command == "convert" else "weight"))
if value("--record") and FAULT != "no recording":
    write(value("--record"), answer("logit" if FAULT == "recording" else "spike"))
if command == "train":
    write(value("--out"), answer())
    rate = time.monotonic_ns()
    pathlib.Path(value("--log")).write_text(f"epoch,loss,images_per_second\\n1,{{0.5 if FAULT == 'loss' else 0.4}},{{rate}}\\n")
if command == "sweep":
    folder = pathlib.Path(value("--out"))
    key = hashlib.sha256(VERSION.encode()).hexdigest()[:16]
    write(folder / "recordings" / f"{{key}}.h5", "logits")
    whole = hashlib.sha256((folder / "recordings" / f"{{key}}.h5").read_bytes()).hexdigest()
    cells = [{{"recording": f"recordings/{{key}}.h5", "sha256": whole, "key": {{"tool_version": VERSION}}}}]
    (folder / "manifest.json").write_text(json.dumps({{"cells": cells}}))
    (folder / "results.csv").write_text("policy,accuracy\\nnever,0.94" + ("1" if FAULT == "sweep" else "0") + "\\n")
    if FAULT == "figure":
        (folder / "extra.svg").write_text("<svg/>")
if value("--json"):
    run = {{"samples": 500, "accuracy": 0.9, "mean_steps": 8.0, "seconds": time.monotonic(), "spike_hash": answer()[:16]}}
    if FAULT == "hash" and "poisson" in words:
        run["spike_hash"] = "0123456789abcdef"
    if FAULT == "type":
        run["mean_steps"] = 8
    print(json.dumps(run))
else:
    print("accuracy 94 %" + (" or so" if FAULT == "text" and "info" in words else ""))
    print(f"{{time.monotonic()}} images/s ({{time.monotonic()}} s), peak memory 5 MiB")
'''


COMMANDS = (["info", "--help"], ["convert", "a.onnx", "fixed.h5"], ["export", "a.h5", "a.onnx"],
            ["run", "float32.h5", "--coding", "poisson", "--record", "full.h5", "--json", "-"], ["run", "fixed.h5"],
            ["train", "a.toml", "--out", "a.h5", "--log", "a.csv"], ["sweep", "a.toml", "--out", "swept"])


class CompareBuilds(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder, self.count = pathlib.Path(temporary.name), 0

    def program(self, fault, version):
        self.count += 1
        path = self.folder / f"program{self.count}"
        path.write_text(PROGRAM.format(python=sys.executable, fault=fault, version=version))
        path.chmod(0o755)
        return path

    def compare(self, fault, version="0.1.0", both=False):
        """How many faults are found, and the lines that say so."""
        programs = self.program(fault if both else "", "0.1.0"), self.program(fault, version)
        self.count += 1
        folder = self.folder / f"work{self.count}"
        folder.mkdir()
        lines = io.StringIO()
        with contextlib.redirect_stdout(lines):
            builds = compare_builds.Builds(programs, folder)
            for words in COMMANDS:
                builds.compare(*words)
        return builds.faults, [line for line in lines.getvalue().splitlines() if not line.startswith(("same", "versions"))]

    def test_calls_a_build_like_itself(self):
        self.assertEqual(self.compare(""), (0, []))

    def test_overlooks_another_version_and_nothing_else(self):
        self.assertEqual(self.compare("", version="0.2.0"), (0, []))
        self.assertEqual(self.compare("recording", version="0.2.0")[0], 1)

    def test_notices_every_difference(self):
        for fault, where in (("hash", ".spike_hash"), ("type", ".mean_steps: 8.0, then 8"), ("text", "or so"),
                             ("status", "exit status 0, then 1: rheobase: cannot"), ("note", "standard error"),
                             ("model", "fixed.h5: byte"), ("recording", "full.h5: byte"),
                             ("no recording", "files written"), ("loss", "loss=0.5"), ("sweep", "accuracy=0.941"),
                             ("figure", "swept/extra.svg")):
            with self.subTest(fault):
                faults, lines = self.compare(fault)
                self.assertEqual((faults, lines[0].split()[0]), (1, "DIFFERENT"), lines)
                self.assertIn(where, lines[0])

    def test_takes_a_failure_of_both_for_none_of_the_same(self):
        faults, lines = self.compare("broken", both=True)
        self.assertEqual((faults, lines), (1, ["FAILED     export a.h5 a.onnx: both with status 1: rheobase: cannot"]))

    def test_leaves_with_1_at_a_difference(self):
        for fault, status in (("", 0), ("hash", 1)):
            words = ["compare_builds", str(self.program("", "0.1.0")), str(self.program(fault, "0.1.0")), "--quick"]
            with (mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(io.StringIO()),
                  mock.patch.object(compare_builds, "compare_texts", lambda builds: None),
                  mock.patch.object(compare_builds, "compare_default", lambda builds, _: builds.compare(*COMMANDS[3])),
                  self.assertRaises(SystemExit) as left):
                compare_builds.main()
            self.assertEqual(left.exception.code, status)


unittest.main()

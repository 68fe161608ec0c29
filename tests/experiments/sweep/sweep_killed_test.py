#!/usr/bin/env python3
"""A sweep that is killed at random moments and started again ends with the results of one that was not.

usage: sweep_killed_test.py RHEOBASE [KILLS [IMAGES]]      run from the root of the checkout
"""
import hashlib, pathlib, random, signal, struct, subprocess, sys, tempfile, time

PROGRAM, KILLS, IMAGES = sys.argv[1], *(int(x) for x in (sys.argv[2:] + ["20", "120"][len(sys.argv) - 2:]))


def write_idx(folder):
    folder.mkdir()
    draw = random.Random(3)
    for name in ("train", "t10k"):
        pixels = bytes(draw.randrange(256) for _ in range(IMAGES * 28 * 28))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, IMAGES, 28, 28) + pixels)
        labels = bytes(i % 10 for i in range(IMAGES))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, IMAGES) + labels)


SPEC = """
models = "experiments/models/fashion-mnist-cnn-qcfs-L4.onnx"
data = "mnist:{data}"
normalize = "fashion-mnist"
arithmetic = ["float32", "fixed"]
coding = ["direct", "poisson"]
steps = [4, 8]
seed = 5
[[policy]]
name = "margin"
by_step = true
[[policy]]
name = "confidence"
alpha = [1, 4]
"""


def command(spec, out):
    return [PROGRAM, "sweep", str(spec), "--out", str(out)]


def results(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def main():
    draw = random.Random()
    seed = draw.randrange(1 << 30)
    draw.seed(seed)
    print("seed", seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_idx(folder / "data")
        spec = folder / "spec.toml"
        spec.write_text(SPEC.format(data=folder / "data"))
        start = time.monotonic()
        whole = subprocess.run(command(spec, folder / "whole"), check=True, capture_output=True, text=True).stdout
        seconds = time.monotonic() - start
        assert whole.count("recorded") == 4, whole
        killed = 0
        while killed < KILLS:
            process = subprocess.Popen(command(spec, folder / "cut"), stdout=subprocess.DEVNULL)
            done = {path.name: path.stat().st_mtime_ns for path in (folder / "cut").rglob("*.h5")
                    if path.parent.name == "recordings" and ".model." not in path.name}
            time.sleep(draw.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            for path, changed in done.items():  # what was complete is not touched again
                assert (folder / "cut/recordings" / path).stat().st_mtime_ns == changed, path
            if draw.random() < 0.3:  # from the start, so that kills also meet early moments
                for path in (folder / "cut").rglob("*.h5"):
                    path.unlink()
        again = subprocess.run(command(spec, folder / "cut"), check=True, capture_output=True, text=True).stdout
        assert again.count("recorded") + again.count("reused") == 4, again
        expected, found = results(folder / "whole"), results(folder / "cut")
        assert found == expected, (set(found) ^ set(expected), [k for k in found if found[k] != expected.get(k)])
        print(f"{killed} kills, {len(found)} equal files, {again.count('reused')} cells reused at the end")


main()

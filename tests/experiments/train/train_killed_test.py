#!/usr/bin/env python3
"""Training that is killed at random moments and started again writes the model of one that was not; that model
converts and runs.

usage: train_killed_test.py RHEOBASE [KILLS]      run from the root of the checkout
"""
import hashlib, json, pathlib, random, signal, struct, subprocess, sys, tempfile, time

PROGRAM, KILLS = sys.argv[1], int((sys.argv[2:] + ["10"])[0])
TRAIN, TEST, SIDE = 256, 64, 12


def write_idx(folder):
    """Images whose class is the place of a bright square."""
    folder.mkdir()
    draw = random.Random(3)
    for name, count in (("train", TRAIN), ("t10k", TEST)):
        labels = [i % 9 for i in range(count)]
        pixels = bytes(200 if (y // 4, x // 4) == divmod(label, 3) else draw.randrange(80)
                       for label in labels for y in range(SIDE) for x in range(SIDE))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, SIDE, SIDE) + pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + bytes(labels))


SPEC = """
network = "cnn_qcfs"
data = "mnist:{data}"
epochs = 4
batch = 16
lambda = 2.0
[learning_rate]
rate = 0.05
[augment]
crop_padding = 1
"""


def command(spec, out):
    return [PROGRAM, "train", str(spec), "--out", str(out), "--checkpoint-seconds", "0.05"]


def rheobase(*words):
    return subprocess.run([PROGRAM, *map(str, words)], check=True, capture_output=True, text=True).stdout


def main():
    draw = random.Random()
    seed = draw.randrange(1 << 30)
    draw.seed(seed)
    print("seed", seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_idx(folder / "data")
        spec, whole, cut = folder / "spec.toml", folder / "whole.h5", folder / "cut.h5"
        spec.write_text(SPEC.format(data=folder / "data"))
        start = time.monotonic()
        text = subprocess.run(command(spec, whole), check=True, capture_output=True, text=True).stdout
        seconds = time.monotonic() - start
        assert len(text.splitlines()) == 6, text
        for _ in range(KILLS):
            process = subprocess.Popen(command(spec, cut), stdout=subprocess.DEVNULL)
            time.sleep(draw.uniform(0, seconds / 3))
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command(spec, cut) + ["--threads", "1"], check=True, capture_output=True)
        assert hashlib.sha256(whole.read_bytes()).digest() == hashlib.sha256(cut.read_bytes()).digest()
        assert sorted(p.suffix for p in folder.iterdir() if p.is_file()) == [".h5", ".h5", ".toml"], list(folder.iterdir())

        accuracy = float(text.splitlines()[-1].split()[-2])
        data = f"mnist:{folder / 'data'}"
        ann = json.loads(rheobase("run", whole, "--data", data, "--json", "-"))
        assert abs(100 * ann["accuracy"] - accuracy) < 0.01, (ann["accuracy"], accuracy)
        snn = folder / "snn.h5"
        rheobase("convert", whole, snn, "--arithmetic", "fixed")
        spiking = json.loads(rheobase("run", snn, "--data", data, "--steps", 32, "--json", "-"))
        assert spiking["accuracy"] > 0.8, spiking["accuracy"]
        print(f"{KILLS} kills, the same model; accuracy {accuracy} %, {100 * spiking['accuracy']:.2f} % in 32 steps")


main()

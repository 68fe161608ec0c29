"""The source ANN in ONNX Runtime: fp32, and its own static int8 quantisation."""
import contextlib, io, itertools, logging

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from .graph import clipped
from .meter import Meter

BATCHES = (1, 8, 32, 64)
CHECKED, MAY_LOSE = 512, 1.0  # images and points: an int8 network that loses more is no opponent
onnxruntime.set_default_logger_severity(3)
logging.getLogger().setLevel(logging.ERROR)


class Calibration(CalibrationDataReader):
    def __init__(self, name, pixels):
        self.batches = iter([{name: pixels[i:i + 32]} for i in range(0, len(pixels), 32)])

    def get_next(self):
        return next(self.batches, None)


def session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class Ann:
    """One network in one or more sessions {name: session}; a setting is (name, batch size)."""
    steps = None

    def __init__(self, label, sessions, images):
        self.label, self.sessions = label, sessions
        self.pixels, self.classes = images
        self.settings = [(name, batch) for name in sessions for batch in BATCHES if batch <= len(self.pixels)]

    def run(self, setting):
        name, batch = setting
        runner = self.sessions[name]
        source = runner.get_inputs()[0].name
        parts = [self.pixels[i:i + batch] for i in range(0, len(self.pixels) - batch + 1, batch)]
        runner.run(None, {source: parts[0]})
        with Meter() as meter:
            logits = [runner.run(None, {source: part})[0] for part in parts]
        found = np.concatenate(logits).argmax(axis=1)
        return meter, len(found), int((found == self.classes[:len(found)]).sum())


def accuracy(runner, images):
    source, right = runner.get_inputs()[0].name, 0
    for i in range(0, len(images[0]), 32):
        right += int((runner.run(None, {source: images[0][i:i + 32]})[0].argmax(axis=1) == images[1][i:i + 32]).sum())
    return 100 * right / len(images[0])


def quantised(path, folder, calibration, threads):
    """Every static quantisation worth a trial, {name: session}: 7-bit weights cannot saturate where VNNI is missing."""
    source = session(path, threads).get_inputs()[0].name
    prepared = folder / f"{path.stem}-prepared.onnx"
    with contextlib.redirect_stdout(io.StringIO()):
        quant_pre_process(str(path), str(prepared))
    made = {}
    for form, bits in itertools.product((QuantFormat.QDQ, QuantFormat.QOperator), (8, 7)):
        out = folder / f"{path.stem}-{form.name}-{bits}.onnx"
        quantize_static(str(prepared), str(out), Calibration(source, calibration), quant_format=form, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, reduce_range=bits == 7)
        made[f"{form.name} w{bits}"] = session(out, threads)
    return made


def sides(path, folder, images, checked, calibration, threads, int8):
    """{key: side}: the network as it is and, where it has QCFS, with Clip for that, in fp32 and int8."""
    forms = [("a", path, "as exported")]
    try:
        plain = folder / "clip.onnx"
        onnx.save(clipped(path), plain)
        forms.append(("a-clip", plain, "Clip for QCFS"))
    except ValueError:
        pass  # no QCFS in it
    found = {}
    for key, source, what in forms:
        whole = session(source, threads)
        found[key] = Ann(f"ONNX Runtime fp32, {what}", {"fp32": whole}, images)
        if not int8:
            continue
        least = accuracy(whole, checked)
        print(f"({key}) accuracy on {len(checked[0])} test images: fp32 {least:.2f} %", end="")
        ways = quantised(source, folder, calibration, threads)
        kept = {}
        for name, runner in ways.items():
            right = accuracy(runner, checked)
            if right >= least - MAY_LOSE:
                kept[name] = runner
            print(f", {name} {right:.2f} %{'' if name in kept else ' (left out)'}", end="")
        print(flush=True)
        if kept:
            found[key.replace("a", "a8", 1)] = Ann(f"ONNX Runtime int8, {what}", kept, images)
    return found

"""Bad input: one line that names what is wrong, and never an option of the command line."""

import re
import subprocess

import numpy
import pytest

import rheobase
from conftest import quietly


def refused(error, call, *naming):
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    assert not re.search(r"(^|[\s'(])--[a-z]", text), text
    for word in naming:
        assert word in text, text
    return text


def test_input_errors_are_value_errors():
    assert issubclass(rheobase.InputError, ValueError)
    assert f"{rheobase.InputError.__module__}.{rheobase.InputError.__name__}" == "rheobase.InputError"


def test_files_that_cannot_be_read_are_named(tmp_path):
    missing, other = tmp_path / "missing.h5", tmp_path / "other.h5"
    other.write_text("not a model")
    refused(rheobase.InputError, lambda: rheobase.load(missing), str(missing))
    refused(rheobase.InputError, lambda: rheobase.load(other), str(other))
    refused(rheobase.InputError, lambda: rheobase.convert(tmp_path / "missing.onnx"), "missing.onnx")
    with pytest.raises(TypeError):
        rheobase.load(3)


def test_the_line_is_the_programs(model, program, tmp_path):
    other = tmp_path / "other --model.h5"
    other.write_text("not a model")
    said = subprocess.run([program, "info", other], capture_output=True, text=True, check=False).stderr
    assert said == f"rheobase: {refused_line(other)}\n"


def refused_line(path):
    with pytest.raises(rheobase.InputError) as caught:
        rheobase.load(path)
    return str(caught.value)


def test_a_model_that_cannot_be_written_is_said(model, tmp_path):
    refused(rheobase.InputError, lambda: model.save(tmp_path / "none" / "model.h5"), "model.h5")


@pytest.mark.parametrize(
    "arguments, naming",
    [
        ({"arithmetic": "float64"}, ["arithmetic", "float64", "fixed"]),
        ({"to": "cnn"}, ["to", "cnn", "snn"]),
        ({"method": "best"}, ["method", "best", "sigma-delta"]),
        ({"levels": 9, "method": "mt"}, ["levels", "9", "1 to 8"]),
        ({"to": "ann", "arithmetic": "fixed"}, ["arithmetic", "ann"]),
        ({"to": "ann", "method": "if"}, ["method", "ann"]),
        ({"dialect": "nirvana"}, ["dialect", "nirvana"]),
        ({"dialect": "norse"}, ["dialect", ".nir"]),
        ({"reset": "delayed"}, ["reset", ".nir"]),
        ({"dt": 0.1}, ["dt", ".nir"]),
        ({"dt": -1.0}, ["dt", "-1"]),
        ({"strict": True}, ["strict", ".nir"]),
        ({"normalize": "cifar11"}, ["cifar11"]),
        ({"normalize": ([0.1, 0.2], [0.3, 0.4])}, []),
        ({"normalize": ([0.2], [0.0])}, []),
    ],
    ids=str,
)
def test_conversions_that_cannot_be(onnx, arguments, naming):
    refused(rheobase.InputError, lambda: quietly(onnx, **arguments), *naming)


@pytest.mark.parametrize(
    "arguments, naming",
    [
        (("sometimes", 0.5), ["sometimes", "confidence"]),
        (("confidence",), ["threshold", "missing"]),
        (("confidence", 1.5), ["1.5", "0 to 1"]),
        (("confidence", []), ["threshold"]),
        (("stable", 2.5), ["2.5"]),
        (("stable", 2, 2.0), ["alpha", "stable"]),
        (("never", 0.5), ["threshold", "never"]),
        (("margin", 1.0, 0.0), ["alpha"]),
    ],
    ids=str,
)
def test_rules_that_cannot_be(arguments, naming):
    refused(rheobase.InputError, lambda: rheobase.StopRule(*arguments), *naming)


def test_rules_say_what_they_are():
    rule = rheobase.StopRule("confidence", [0.9, 0.8], 2.0)
    assert (rule.policy, rule.threshold, rule.alpha) == ("confidence", [0.9, 0.8], 2.0)
    assert repr(rule) == "rheobase.StopRule('confidence', threshold=[0.9, 0.8], alpha=2)"
    assert rule == rheobase.StopRule("confidence", [0.9, 0.8], 2.0) != rheobase.StopRule("confidence", 0.9)
    assert rheobase.StopRule("never").threshold == 0.0
    with pytest.raises(AttributeError):
        rule.alpha = 3.0


@pytest.mark.parametrize(
    "arguments, naming",
    [
        ({"slots": 0}, ["slots", "0", "1 to"]),
        ({"threads": -1}, ["threads", "-1"]),
        ({"lookahead": 65}, ["lookahead", "65", "1 to 64"]),
        ({"device": "gpu"}, ["device", "gpu", "cpu"]),
        ({"device": "cuda"}, ["device", "cuda"]),
        ({"coding": "rate"}, ["coding", "rate", "poisson"]),
        ({"coding": "events"}, ["normalises"]),
    ],
    ids=str,
)
def test_engines_that_cannot_be(model, arguments, naming):
    refused(rheobase.InputError, lambda: rheobase.Engine(model, **arguments), *naming)


@pytest.mark.parametrize(
    "change, naming",
    [
        (lambda image: image.tolist(), ["list", "numpy.array"]),
        (lambda image: image.astype(numpy.float64), ["float64", "float32", "astype"]),
        (lambda image: (image * 255).astype(numpy.uint8), ["uint8", "255"]),
        (lambda image: image[:, :, ::-1], ["ascontiguousarray"]),
        (lambda image: image.transpose(0, 2, 1), ["ascontiguousarray"]),
        (lambda image: None, ["NoneType"]),
    ],
)
def test_arrays_of_another_kind_are_told_the_way_out(model, images, change, naming):
    engine = rheobase.Engine(model)
    refused(TypeError, lambda: engine.load(0, change(images[0])), "array", *naming)
    assert not engine.occupied(0)
    if change(images[0]) is not None:
        refused(TypeError, lambda: rheobase.run(model, change(images[0])), "images", *naming)


def test_tensors_that_cannot_be_read_are_told_the_way_out(model):
    class OnAnotherDevice:
        def __dlpack__(self, **words):
            raise BufferError("Can't export tensors that require gradient")

        def __dlpack_device__(self):
            return (1, 0)

    refused(TypeError, lambda: rheobase.Engine(model).load(0, OnAnotherDevice()), "detach().cpu()")


def test_shapes_that_do_not_fit_are_named(model, images):
    engine = rheobase.Engine(model)
    refused(rheobase.InputError, lambda: engine.load(0, images[0, :, :27].copy()), "27", "28")
    refused(rheobase.InputError, lambda: rheobase.run(model, images[0, 0]), "images", "28")
    refused(rheobase.InputError, lambda: rheobase.run(model, images[:0]), "images")


def test_pixels_that_are_none_are_refused(model, images):
    refused(rheobase.InputError, lambda: rheobase.run(model, numpy.full_like(images, 255)), "images", "pixel", "255")
    refused(rheobase.InputError, lambda: rheobase.Engine(model).load(0, numpy.full_like(images[0], 255)), "pixel", "255")


def test_slots_are_checked(model, images):
    engine = rheobase.Engine(model, slots=2)
    for call in (engine.time, engine.logits, engine.spike_counts):
        refused(rheobase.InputError, lambda call=call: call(0), "slot", "load()")
    for slot in (-1, 2):
        for call in (engine.time, engine.release, engine.occupied, lambda slot: engine.load(slot, images[0])):
            refused(rheobase.InputError, lambda call=call, slot=slot: call(slot), "slot", str(slot), "0 to 1")
    engine.load(0, images[0])
    refused(rheobase.InputError, lambda: engine.load(0, images[1]), "slot", "release()")
    refused(rheobase.InputError, lambda: engine.spike_hash(0), "hash=True")
    refused(rheobase.InputError, lambda: engine.step(0), "n", "0")


@pytest.mark.parametrize(
    "arguments, naming",
    [
        ({"steps": 0}, ["steps", "0"]),
        ({"labels": [1]}, ["labels", "1", "6"]),
        ({"labels": [0, 1, 2, 3, 4, 10]}, ["labels", "sample 5", "10"]),
        ({"labels": [0, 1, 2, 3, 4, -1]}, ["labels", "sample 5", "-1"]),
        ({"coding": "events"}, ["events", "Engine"]),
        ({"slots": 0}, ["slots"]),
    ],
    ids=str,
)
def test_runs_that_cannot_be(model, images, arguments, naming):
    refused(rheobase.InputError, lambda: rheobase.run(model, images, **arguments), *naming)


def test_events_that_cannot_be(raw_model):
    engine = rheobase.Engine(raw_model, coding="events")
    refused(TypeError, lambda: engine.load(0, numpy.zeros((3, 2), numpy.int64)), "int32")
    refused(TypeError, lambda: engine.load(0, numpy.zeros(4, numpy.int32)), "(N, 2)")
    refused(rheobase.InputError, lambda: engine.load(0, numpy.array([(0, 1)], numpy.int32)), "step 1")
    refused(rheobase.InputError, lambda: engine.load(0, numpy.array([(2, 1), (1, 1)], numpy.int32)), "order")
    refused(rheobase.InputError, lambda: engine.load(0, numpy.array([(1, 784)], numpy.int32)), "outside")


def test_steps_beyond_fixed_arithmetic_are_refused(model, images):
    text = refused(rheobase.InputError, lambda: rheobase.run(model, images, steps=(1 << 20) + 1), "steps")
    assert "1 to 1048576" in text

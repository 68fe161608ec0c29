"""Models: converting, storing, describing."""

import json
import subprocess
import warnings

import numpy
import pytest

import rheobase
from conftest import quietly


def test_a_saved_model_is_the_same_when_loaded(model, tmp_path):
    path = tmp_path / "model.h5"
    model.save(path)
    again = rheobase.load(str(path))
    assert again.info() == model.info()
    again.save(tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_a_model_says_what_it_is(models):
    model = models["float32"]
    assert (model.input_shape, model.classes) == ((1, 28, 28), 10)
    assert (model.arithmetic, models["fixed"].arithmetic, model.kind) == ("float32", "fixed", "snn")
    assert model.stop is None
    first, last = model.nodes[0], model.nodes[-1]
    assert (first.op, first.shape, last.op) == ("Input", (1, 28, 28), "Output")
    assert last.inputs == [model.nodes[-2].name]
    spiking = [node for node in model.nodes if node.spiking]
    assert {node.op for node in spiking} == {"IF"} and all(node.neurons > 0 for node in spiking)
    assert sum(node.parameters for node in model.nodes) == model.info()["parameters"]


def test_info_is_what_the_program_says(model, program, tmp_path):
    path = tmp_path / "model.h5"
    model.save(path)
    said = subprocess.run([program, "info", path, "--json", "-"], capture_output=True, text=True, check=True).stdout
    said = json.loads(said)
    for of_file in ("schema", "model", "model_sha256", "cpu"):
        del said[of_file]
    assert model.info() == said


def test_the_program_reads_what_python_writes_and_writes_the_same(onnx, program, tmp_path):
    mine, theirs = tmp_path / "mine.h5", tmp_path / "theirs.h5"
    quietly(onnx, arithmetic="fixed", normalize="fashion-mnist").save(mine)
    words = ["convert", onnx, theirs, "--arithmetic", "fixed", "--normalize", "fashion-mnist", "--quiet"]
    subprocess.run([program, *words], check=True, capture_output=True)
    assert mine.read_bytes() == theirs.read_bytes()


def test_a_rule_that_is_calibrated_is_the_models_own(model, program, tmp_path):
    path, data = tmp_path / "model.h5", tmp_path / "data.npz"
    model.save(path)
    images = numpy.random.default_rng(2).random((40, 1, 28, 28), dtype=numpy.float32)
    answers = rheobase.run(model, images, steps=8).answers
    numpy.savez(data, images=images, labels=answers)
    words = ["calibrate", path, "--data", f"npz:{data}", "--steps", "8", "--max-loss", "0.5", "--quiet"]
    subprocess.run([program, *words], check=True, capture_output=True)
    calibrated = rheobase.load(path)
    assert calibrated.stop is not None and calibrated.info()["stop"]["calibration"]["steps"] == 8
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rheobase.run(calibrated, images, stop=calibrated.stop).steps == 8
    with pytest.warns(rheobase.Note, match="calibrated for steps 8, used with 4"):
        rheobase.run(calibrated, images, stop=calibrated.stop, steps=4)


def test_normalisation_by_name_or_by_numbers_is_the_same(onnx, models):
    numbers = quietly(onnx, normalize=([0.2860], [0.3530]))
    assert [node.name for node in numbers.nodes] == [node.name for node in models["float32"].nodes]
    assert numbers.info()["nodes"][0]["mean"] == models["float32"].info()["nodes"][0]["mean"]


def test_what_is_worth_knowing_is_a_warning_without_options(onnx):
    with pytest.warns(rheobase.Note, match="pixels enter as they are") as issued:
        rheobase.convert(onnx)
    assert issued[0].filename == __file__
    for warning in issued:
        assert "--" not in str(warning.message)


def test_the_source_network_runs_for_one_step(onnx, images):
    source = quietly(onnx, to="ann", normalize="fashion-mnist")
    assert source.kind == "ann"
    assert rheobase.run(source, images).logits.shape == (6, 1, 10)


def test_a_method_chooses_the_neurons(onnx):
    signed = quietly(onnx, method="signed", normalize="fashion-mnist")
    assert {node.op for node in signed.nodes if node.spiking} == {"SignedIF"}

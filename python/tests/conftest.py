"""Models and images that tests share. RHEOBASE names the program, for tests that compare with it."""

import os
import pathlib
import warnings

import numpy
import pytest

import rheobase

ROOT = pathlib.Path(__file__).resolve().parents[2]
ONNX = ROOT / "experiments" / "models" / "fashion-mnist-cnn-qcfs-L4.onnx"


def quietly(path, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rheobase.Note)
        return rheobase.convert(path, **arguments)


@pytest.fixture(scope="session")
def onnx():
    return ONNX


@pytest.fixture(scope="session")
def models():
    """The network that comes with the project, by arithmetic."""
    return {kind: quietly(ONNX, arithmetic=kind, normalize="fashion-mnist") for kind in ("float32", "fixed")}


@pytest.fixture(scope="session")
def model(models):
    return models["fixed"]


@pytest.fixture(scope="session")
def raw_model():
    """The same without normalisation, which events need."""
    return quietly(ONNX, normalize="none")


@pytest.fixture
def images():
    return numpy.random.default_rng(1).random((6, 1, 28, 28), dtype=numpy.float32)


@pytest.fixture
def labels():
    return [3, 1, 4, 1, 5, 9]


@pytest.fixture(scope="session")
def program():
    found = os.environ.get("RHEOBASE")
    if not found:
        pytest.skip("RHEOBASE does not name the program to compare with")
    return str(pathlib.Path(found).resolve())

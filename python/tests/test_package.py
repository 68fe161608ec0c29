"""The package as a whole."""

import importlib.metadata
import pathlib
import subprocess
import sys

import rheobase


def test_the_version_is_that_of_the_package():
    assert rheobase.__version__ == importlib.metadata.version("rheobase")


def test_the_cpu_is_a_device_and_cuda_says_why_it_is_not():
    devices = {device.name: device for device in rheobase.devices()}
    assert devices["cpu"].available and devices["reference"].available
    assert not devices["cuda"].available and "CUDA" in devices["cuda"].description
    assert "cpu" in repr(devices["cpu"])


def test_types_come_with_the_package():
    folder = pathlib.Path(rheobase.__file__).parent
    assert (folder / "py.typed").exists()
    stub = (folder / "_native.pyi").read_text()
    for name in ("class Engine", "class Model", "class StopRule", "def devices", "def load"):
        assert name in stub


def test_everything_public_is_documented():
    for name in rheobase.__all__:
        thing = getattr(rheobase, name)
        assert thing.__doc__, name
        for member, value in vars(thing).items() if isinstance(thing, type) else ():
            if not member.startswith("_") and callable(value):
                assert value.__doc__, f"{name}.{member}"


def test_import_takes_no_library_of_arrays():
    code = "import sys, rheobase; assert not {'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

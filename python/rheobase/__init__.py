"""Spiking networks, converted from trained ones and stopped as soon as they are sure.

>>> model = rheobase.convert("net.onnx", normalize="cifar10")
>>> result = rheobase.run(model, images, labels, steps=32, stop=rheobase.StopRule("confidence", 0.99))
>>> result.accuracy, result.mean_steps
"""

from ._convert import convert as convert
from ._errors import InputError as InputError, Note as Note
from ._native import (
    Device as Device,
    Engine as Engine,
    Model as Model,
    Node as Node,
    StopRule as StopRule,
    devices as devices,
    load as load,
    version as _version,
)
from ._run import Result as Result, run as run

__version__ = _version

__all__ = [
    "Device",
    "Engine",
    "InputError",
    "Model",
    "Node",
    "Note",
    "Result",
    "StopRule",
    "convert",
    "devices",
    "load",
    "run",
]

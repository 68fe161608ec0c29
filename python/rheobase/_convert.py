"""From trained networks to models."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

from . import _native
from ._errors import Note


def convert(
    path: str | os.PathLike[str],
    *,
    arithmetic: str = "float32",
    normalize: str | tuple[Sequence[float], Sequence[float]] | None = None,
    to: str | None = None,
    method: str | None = None,
    levels: int | None = None,
    dialect: str = "auto",
    dt: float | None = None,
    reset: str = "auto",
    strict: bool = False,
) -> _native.Model:
    """Turns a trained network into a model to simulate, without samples.

    path        an ONNX file, a NIR file (.nir), or a model that ``rheobase train`` wrote (.h5)
    arithmetic  ``float32``, or ``fixed``: integers alone, for spiking networks
    normalize   what the network does with pixels in [0, 1]: ``cifar10``, ``cifar100``, ``mnist``, ``fashion-mnist``,
                ``imagenet``, ``none``, or means and deviations, one a channel each; None: what the file says
    to          ``snn``, ``bnn`` or ``ann`` (the source network, for one step); None: what fits the network
    method      neurons that stand for its activations: ``if``, ``signed``, ``mt`` or ``sigma-delta``
    levels      sizes of the spikes of ``mt`` and ``sigma-delta``, 1 to 8
    dialect     of a NIR file, whose meaning its neurons have: ``auto``, or a framework's name
    dt          of a NIR file, length of a step in the unit of its tau
    reset       of a NIR file, what a spike does, which the file may not say: ``auto``, ``zero``, ``subtract`` or
                ``delayed`` (subtract a step later)
    strict      of a NIR file: refuse what can mean different things

    Networks of ReLU activations need samples to find thresholds from, which this function does not take: convert them
    with the program. What is worth knowing of the result is issued as a warning of the class Note. Raises InputError
    with every node that stands in the way.
    """
    model, notes = _native.convert(path, arithmetic, normalize, to, method, levels, dialect, dt, reset, strict)
    for note in notes:
        warnings.warn(f"{os.fspath(path)}: {note}", Note, stacklevel=2)
    return model

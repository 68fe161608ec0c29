"""Running a model over images in memory."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from . import _native
from ._arrays import Array
from ._errors import Note

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What a run found out. N samples in the order given, T steps, K classes, L spiking layers."""

    logits: NDArray[numpy.float32]
    """float32 (N, T, K): the logits summed over steps 1 to t; not a number (NaN) after the sample's exit."""
    exits: NDArray[numpy.int64]
    """int64 (N,): the step after which each sample ended, 1 to T."""
    stopped: NDArray[numpy.bool_]
    """bool (N,): whether the stop rule ended it before its last step."""
    answers: NDArray[numpy.int64]
    """int64 (N,): the class with the largest summed logit at the exit, the first of equals."""
    spike_counts: NDArray[numpy.uint64]
    """uint64 (N, L): spikes of each layer over the steps that the sample ran."""
    layers: list[str]
    """The L nodes that spike, in running order."""
    firing_rate: dict[str, float]
    """Spikes per neuron and step of each layer, over all samples and the steps that they ran."""
    steps: int
    """T, the budget."""
    stop: _native.StopRule
    """The rule that ended samples."""
    mean_steps: float
    """Steps of a sample on average."""
    exit_histogram: list[int]
    """How many samples ended after 1, ..., T steps."""
    accuracy: float | None
    """Share of samples whose answer is their label; None without labels."""
    accuracy_by_step: list[float] | None
    """The same of samples read after at most 1, ..., T steps."""
    spike_hash: int | None
    """Sum modulo 2^64 over all spikes of all samples; None without ``hash=True``."""
    seconds: float
    """How long the simulation took, without planning."""

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain Python objects, under the names that ``rheobase run --json`` gives them."""
        stop: dict[str, Any] = {"policy": self.stop.policy, "alpha": self.stop.alpha, "threshold": self.stop.threshold}
        if isinstance(self.stop.threshold, list):
            stop["early_thresholds"], stop["threshold"] = self.stop.threshold[:-1], self.stop.threshold[-1]
        figures: dict[str, Any] = {"samples": len(self.exits), "steps": self.steps, "stop": stop}
        if self.accuracy is not None:
            figures["accuracy"] = self.accuracy
        figures["mean_steps"] = self.mean_steps
        if self.accuracy_by_step is not None:
            figures["accuracy_by_step"] = list(self.accuracy_by_step)
        figures["exit_histogram"] = list(self.exit_histogram)
        figures["firing_rate"] = dict(self.firing_rate)
        if self.spike_hash is not None:
            figures["spike_hash"] = f"{self.spike_hash:016x}"
        figures["seconds"] = self.seconds
        return figures

    def __repr__(self) -> str:
        accuracy = "" if self.accuracy is None else f", accuracy {100 * self.accuracy:.2f} %"
        return f"<rheobase.Result of {len(self.exits)} samples: {self.mean_steps:.2f} of {self.steps} steps{accuracy}>"


def run(
    model: _native.Model,
    images: Array,
    labels: Iterable[int] | None = None,
    *,
    steps: int | None = None,
    stop: _native.StopRule | None = None,
    slots: int | None = None,
    threads: int = 0,
    device: str = "cpu",
    coding: str = "direct",
    lookahead: int | None = None,
    seed: int = 0,
    hash: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Result:
    """Runs every image through the model, each until it is done. The results are those of ``rheobase run``, bit for bit.

    images      float32 in row-major order, (N, C, H, W) or (N, ...) as the network takes them, pixels in [0, 1] before
                normalisation; a NumPy array, a CPU tensor or whatever speaks DLPack. Read where it lies, not copied:
                leave it as it is meanwhile.
    labels      N whole numbers from 0 to K - 1; None: nothing is known of accuracy
    steps       T, the budget of every image; None: 32, or 1 for a network without spikes, or what the model's own stop
                rule was calibrated for where that is ``stop``
    stop        when an image is done before that; None: never. ``model.stop`` is the model's own.
    slots       images held at once; None: 32, or fewer where those take more than 512 MiB
    threads     0: one per CPU that the process may run on
    device      ``cpu``, or ``reference``, plain loops to compare with
    coding      how an image enters: ``direct``, at every step; ``poisson``, spikes drawn with its pixels as probabilities
    lookahead   steps of an image computed at once, 1 to 64; None: 8, or 1 under a stop rule
    seed        of poisson coding
    hash        whether spikes are hashed
    progress    called with 1 for every image that ends, as ``tqdm.tqdm(total=len(images)).update`` takes it; what it
                raises ends the run

    Runs without the GIL; a signal's handler runs between steps, so that Ctrl-C ends it within a step. What is worth
    knowing is issued as a warning of the class Note. Raises TypeError for images of another kind, InputError for those of
    another shape, for pixels that cannot be in [0, 1] where the network normalises, and for what it cannot do.
    """
    numbers = None if labels is None else [int(label) for label in getattr(labels, "tolist", lambda: labels)()]
    fields, notes = _native.run(
        model, images, numbers, steps, stop, slots, threads, device, coding, lookahead, seed, hash, progress
    )
    for note in notes:
        warnings.warn(note, Note, stacklevel=2)
    return Result(**fields)

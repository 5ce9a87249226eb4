"""Running a model one sample at a time, on cached states instead of all past samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from nlac._errors import UsageError
from nlac._typing import I64, AnyArray, FloatSamples

if TYPE_CHECKING:
    from torch import Tensor


class Stepper(ABC):
    """Runs a model sample by sample, for a number of sequences side by side.

    Its outputs are those of the model's ``forward``, up to rounding. They are a function of the
    inputs only, whether these come one by one or many at once: what `advance` gives for ten samples
    is bit for bit what ten calls of `step` give on the same machine.

    Attributes
    ----------
    outputs : int
        Outputs for each sample.
    batch : int
        Number of sequences.
    """

    outputs: int
    batch: int

    @abstractmethod
    def reset(self, batch: int = 1, condition: I64 | None = None) -> FloatSamples:
        """Begin new sequences.

        Parameters
        ----------
        batch : int
            Number of sequences.
        condition : (batch,) int64 array, optional
            Class of each, for models that take one.

        Returns
        -------
        (batch, outputs) float32 array
            Outputs for the first samples, which nothing precedes.
        """

    @abstractmethod
    def advance(self, x: AnyArray) -> FloatSamples:
        """Feed (batch, times) inputs; return outputs for the sample after each.

        Parameters
        ----------
        x : (batch, times) int64 or float array
            Codes, or samples in -1 to 1, as the model takes them.

        Returns
        -------
        (batch, times, outputs) float32 array
            Outputs at t are for the sample that follows x[:, t].
        """

    def step(self, x: AnyArray) -> FloatSamples:
        """Feed one input of each sequence; return the (batch, outputs) for the next."""
        return self.advance(np.asarray(x)[:, None])[:, 0]

    def outputs_for(self, x: AnyArray, condition: I64 | None = None) -> FloatSamples:
        """Outputs for all samples of (batch, times) sequences, as ``forward`` gives them."""
        first = self.reset(len(x), condition)
        return np.concatenate([first[:, None], self.advance(x[:, :-1])], axis=1)


def checked_classes(classes: int, batch: int, condition: I64 | None) -> I64 | None:
    """Return the classes of sequences, or raise `UsageError` where they do not fit a model."""
    if classes == 0 and condition is None:
        return None
    allowed = f"{batch} classes from 0 to {classes - 1}" if classes else "this model takes none"
    values = np.asarray([] if condition is None else condition)
    if values.shape != (batch,) or values.min() < 0 or values.max() >= classes:
        raise UsageError(f"condition: {condition}; {allowed}")
    return values.astype(np.int64)


def exported(tensor: Tensor) -> FloatSamples:
    """Copy weights to a contiguous float32 array."""
    return np.array(tensor.detach().float().cpu().numpy(), np.float32, order="C")

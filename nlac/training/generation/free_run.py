"""Free runs: each value that a model draws becomes its next input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nlac._errors import UsageError
from nlac._typing import I64, AnyArray, FloatSamples
from nlac.training.generation.sampling import Sampler, Sampling

if TYPE_CHECKING:
    from nlac.training.recipes.predictor import SamplePredictor
    from nlac.training.recipes.stepper import Stepper

Report = Callable[[int], None]
Hear = Callable[[AnyArray], None]
_EVERY = 1024  # steps between two reports


def prime(
    stepper: Stepper, x: AnyArray, condition: I64 | None = None, report: Report | None = None
) -> FloatSamples:
    """Begin sequences with given inputs.

    Parameters
    ----------
    stepper : Stepper
        Of the model.
    x : (batch, times) int64 or float array
        Inputs, as the model's representation makes them; `times` may be 0.
    condition : (batch,) int64 array, optional
        Class of each sequence, for models that take one.
    report : callable, optional
        Called with the number of inputs after each piece.

    Returns
    -------
    (batch, outputs) float32 array
        Outputs for what follows.
    """
    outputs = stepper.reset(len(x), condition)
    for begin in range(0, x.shape[1], _EVERY):
        piece = x[:, begin : begin + _EVERY]
        outputs = stepper.advance(piece)[:, -1]
        if report is not None:
            report(piece.shape[1])
    return outputs


def generate(
    model: SamplePredictor,
    length: int,
    sampling: Sampling | None = None,
    start: AnyArray | None = None,
    condition: I64 | None = None,
    batch: int = 1,
    stepper: Stepper | None = None,
    report: Report | None = None,
    hear: Hear | None = None,
) -> AnyArray:
    """Let a model go on by itself.

    Parameters
    ----------
    model : SamplePredictor
        The model.
    length : int
        Number of values to draw.
    sampling : Sampling, optional
        How to draw; `Sampling()` if None.
    start : (batch, times) int64 or float array, optional
        Inputs to begin with (priming). They are not part of the result.
    condition : (batch,) int64 array, optional
        Class of each sequence, for models that take one.
    batch : int
        Number of sequences, where nothing is given to begin with.
    stepper : Stepper, optional
        Of the model, if there is one already.
    report : callable, optional
        Called with the number of values after some of them, first those of `start`.
    hear : callable, optional
        Called with (batch, times) values as they are drawn; joined, they are the result.

    Returns
    -------
    (batch, length) int64 or float64 array
        Levels, bytes or samples; `model.representation.decode` makes samples of them.

    Raises
    ------
    UsageError
        The length is negative, or the condition does not fit the model.

    Examples
    --------
    >>> from nlac.training.recipes.recurrent.gru import Gru, GruSettings
    >>> model = Gru(GruSettings(units=8))
    >>> levels = generate(model, 100, Sampling(temperature=0.8, top_k=64, seed=42))
    >>> model.representation.decode(levels).shape
    (1, 100)
    """
    if length < 0:
        raise UsageError(f"length: {length}; at least 0")
    stepper = stepper if stepper is not None else model.stepper()
    sampler = Sampler(model, sampling if sampling is not None else Sampling())
    kind = np.int64 if model.kind == "categorical" else np.float64
    start = np.zeros((batch, 0), kind) if start is None else start
    outputs = prime(stepper, start, condition, report)
    drawn = np.empty((len(start), length), kind)
    for t in range(length):
        drawn[:, t] = sampler.draw(outputs)
        if t + 1 < length:
            outputs = stepper.step(drawn[:, t])
        count = t % _EVERY + 1
        if count < _EVERY and t + 1 < length:
            continue
        if report is not None:
            report(count)
        if hear is not None:
            hear(drawn[:, t + 1 - count : t + 1])
    return drawn

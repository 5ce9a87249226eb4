"""Linear prediction by autocorrelation and the Levinson-Durbin recursion.

Each frame, or the whole recording, is predicted by weights of its own, which a codec would have to
store. So they are rounded, and their bits are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, I64, IntSamples
from nlac.training.recipes.settings import ModelSettings, number, setting

# a recording of rounded samples has this much noise below its loudest part, in power; without it
# the recursion would divide by nearly nothing
_WHITE = 1e-9


class Recursion(NamedTuple):
    """What the Levinson-Durbin recursion finds.

    Attributes
    ----------
    weights : (order,) float64 array
        Weights of the last sample, of the one before, and so on.
    reflections : (order,) float64 array
        Reflection coefficients, within -1 to 1.
    errors : (order + 1,) float64 array
        Energy of the error after each order; first that of the signal.
    """

    weights: F64
    reflections: F64
    errors: F64


def autocorrelation(x: F64, order: int) -> F64:
    """Sums of products of a signal and itself, shifted by 0 to `order` samples.

    Parameters
    ----------
    x : (times,) float64 array
        Signal, windowed if it is part of a longer one.
    order : int
        Largest shift.

    Returns
    -------
    (order + 1,) float64 array
    """
    products = np.zeros(order + 1)
    for lag in range(min(order + 1, len(x))):
        products[lag] = x[: len(x) - lag] @ x[lag:]
    return products


def levinson_durbin(products: F64) -> Recursion:
    """Solve for the weights of linear prediction, order by order.

    The weights of order i follow from those of order i - 1. What these leave of the correlation at
    lag i, relative to the energy of their error, is the reflection coefficient: the weight of the
    oldest sample. The others are corrected by their own mirror image.

    Parameters
    ----------
    products : (order + 1,) float64 array
        From `autocorrelation`.

    Returns
    -------
    Recursion
        The recursion stops where nothing is left to predict; further weights are 0.

    References
    ----------
    Durbin, The fitting of time-series models, 1960.
    """
    order = len(products) - 1
    weights, reflections = np.zeros(order), np.zeros(order)
    errors = np.full(order + 1, products[0])
    error = products[0]
    for i in range(order):
        if error <= 0:
            errors[i + 1 :] = max(error, 0.0)
            break
        # lag i + 1, less what the present weights explain of it
        unexplained = products[i + 1] - weights[:i] @ products[i:0:-1]
        reflection = unexplained / error
        weights[:i] -= reflection * weights[:i][::-1]
        weights[i] = reflection
        error *= 1 - reflection * reflection
        reflections[i], errors[i + 1] = reflection, error
    return Recursion(weights, reflections, errors)


@dataclass(frozen=True, slots=True)
class LpcSettings(ModelSettings):
    """Settings of the baseline.

    Attributes
    ----------
    order : int
        Past samples that predict the next one; 8, 16 and 32 are usual.
    frame : int
        Samples that have weights of their own; 0 for one set of weights for all.
    precision : int
        Bits of a stored weight.
    """

    order: int = number(32, 1, 256)
    frame: int = setting(4096, "0, or from 16 to 1048576", lambda n: n == 0 or 16 <= n <= 1 << 20)
    precision: int = number(14, 4, 20)


class Prediction(NamedTuple):
    """A recording predicted.

    Attributes
    ----------
    predicted : (frames, channels) int64 array
        Predicted samples, rounded.
    residual : (frames, channels) int64 array
        Samples less predicted ones.
    side_bits : int
        Bits of all weights together.
    """

    predicted: I64
    residual: I64
    side_bits: int


def predict(samples: IntSamples, settings: LpcSettings) -> Prediction:
    """Predict each channel of a recording from its own past.

    Parameters
    ----------
    samples : (frames, channels) integer array
        Recording.
    settings : LpcSettings
        Order and frame.
    """
    if samples.ndim != 2 or not samples.size:
        raise UsageError(f"samples of shape {samples.shape}; (frames, channels), not empty")
    order, length = settings.order, settings.frame or len(samples)
    predicted = np.zeros(samples.shape, np.int64)
    side_bits = 0
    for channel in range(samples.shape[1]):
        x = samples[:, channel].astype(np.float64)
        past = np.lib.stride_tricks.sliding_window_view(np.pad(x, (order, 0)), order)[:-1, ::-1]
        for begin in range(0, len(x), length):
            frame = x[begin : begin + length]
            products = autocorrelation(frame * _window(len(frame)), order)
            products[0] *= 1 + _WHITE
            weights, bits = rounded(levinson_durbin(products).weights, settings.precision)
            side_bits += bits
            guess = past[begin : begin + length] @ weights
            predicted[begin : begin + length, channel] = np.rint(guess)
    return Prediction(predicted, samples - predicted, side_bits)


def rounded(weights: F64, precision: int) -> tuple[F64, int]:
    """Round weights as FLAC stores them: integers of `precision` bits, and a common shift.

    Returns
    -------
    weights : (order,) float64 array
        Rounded weights.
    bits : int
        Bits that they take, and 5 for the shift.
    """
    largest = float(np.abs(weights).max())
    whole = int(np.floor(np.log2(largest))) + 1 if largest > 0 else 0
    step = 2.0 ** (whole - precision + 1)
    top = (1 << (precision - 1)) - 1
    return np.clip(np.rint(weights / step), -top - 1, top) * step, len(weights) * precision + 5


def _window(size: int) -> F64:
    """Hann window over the ends, flat in the middle half (a Tukey window)."""
    taper = max(size // 4, 1)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(taper) + 0.5) / taper)
    window = np.ones(size)
    window[:taper] *= rise
    window[-taper:] *= rise[::-1]
    return window

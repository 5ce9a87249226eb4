"""Least squares over both channels of a stereo recording, by the codec's own solver.

The first channel is predicted from the past of both, the second also from the present sample of
the first. The covariance is that of the frame itself, without a window; the codec's Cholesky
factorisation solves for the weights, and its nearest-plane rounding makes them multiples of a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, IntSamples
from nlac.codec.encoder.lpc.least_squares import (
    factorise,
    new_factor,
    padded,
    project,
    round_weights,
)
from nlac.kernels.jit import kernel
from nlac.training.recipes.baseline.lpc import Prediction
from nlac.training.recipes.settings import ModelSettings, number

_SHIFT_BITS = 5  # that tell how many bits of the weights of a frame are fraction bits


@dataclass(frozen=True, slots=True)
class JointSettings(ModelSettings):
    """Settings of the joint least squares.

    Attributes
    ----------
    own, other : int
        Past samples of the channel itself, and of the other one.
    frame : int
        Samples that have weights of their own.
    precision : int
        Bits of a stored weight. As many of them as the largest weight allows are fraction bits.
    """

    own: int = number(24, 1, 128)
    other: int = number(8, 0, 128)
    frame: int = number(4096, 64, 1 << 20)
    precision: int = number(15, 4, 20)


def predict_jointly(samples: IntSamples, settings: JointSettings) -> Prediction:
    """Predict the channels of a recording from their past together.

    Parameters
    ----------
    samples : (frames, channels) integer array
        Recording, of one or two channels; a single one is predicted from itself.
    settings : JointSettings
        Numbers of samples.
    """
    if samples.ndim != 2 or samples.shape[1] not in (1, 2) or not samples.size:
        raise UsageError(f"samples of shape {samples.shape}; (frames, 1 or 2), not empty")
    x = samples.astype(np.float64)
    predicted = np.zeros(samples.shape, np.int64)
    side_bits = 0
    for channel in range(samples.shape[1]):
        taps = _taps(x, channel, settings)
        for begin in range(0, len(x), settings.frame):
            rows = taps[begin : begin + settings.frame]
            wanted = x[begin : begin + settings.frame, channel]
            weights = _solve(rows, wanted, settings.precision)
            side_bits += len(weights) * settings.precision + _SHIFT_BITS
            predicted[begin : begin + settings.frame, channel] = np.rint(rows @ weights)
    return Prediction(predicted, samples - predicted, side_bits)


def _taps(x: F64, channel: int, settings: JointSettings) -> F64:
    """(times, taps): what predicts each sample of a channel, the latest of each channel first."""
    parts = [_past(x[:, channel], settings.own)]
    if x.shape[1] == 2:
        other = x[:, 1 - channel]
        parts.append(_past(other, settings.other))
        if channel == 1:
            parts.insert(0, other[:, None])
    return np.concatenate(parts, axis=1)


def _past(x: F64, count: int) -> F64:
    if not count:
        return np.zeros((len(x), 0))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, (count, 0)), count)
    return windows[:-1, ::-1]


def _solve(rows: F64, wanted: F64, precision: int) -> F64:
    weights = np.zeros(rows.shape[1], np.int64)
    shift = _weights(rows.T @ rows, rows.T @ wanted, precision, weights)
    # too large for any shift: the frame is better off without
    return np.zeros(len(weights)) if shift < 0 else weights.astype(np.float64) * 2.0**-shift


@kernel
def _weights(gram, product, precision, weights):
    """Least squares' rounded weights; returns their shift, or -1 where they are too large."""
    count = len(weights)
    factor, solution = new_factor(count), np.zeros(padded(count))
    usable = factorise(gram, count, factor, 0)
    solution[:usable] = product[:usable]
    project(factor, usable, solution)
    limit = (1 << (precision - 1)) - 1
    for shift in range(precision, -1, -1):
        if round_weights(factor, solution, usable, 2.0**-shift, limit, weights):
            return shift
    return -1

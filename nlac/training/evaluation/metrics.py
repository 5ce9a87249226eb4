"""Figures over arrays of samples: errors, ratios in dB, bits.

Signals have time along their last axis. Ratios are over all of an array together, unless they say
otherwise. A ratio over nothing is infinite: the SNR of an exact prediction is inf.
"""

from __future__ import annotations

import math

import numpy as np

from nlac._errors import UsageError
from nlac._typing import F64, AnyArray

_LEAST_DB, _MOST_DB = -10.0, 35.0  # of a segment, Deller et al., Discrete-Time Processing of Speech


def mean_squared_error(reference: AnyArray, estimate: AnyArray) -> float:
    """Mean of squared differences, in squared units of the signals."""
    return float(np.mean(_difference(reference, estimate) ** 2))


def mean_absolute_error(reference: AnyArray, estimate: AnyArray) -> float:
    """Mean of absolute differences, in units of the signals."""
    return float(np.mean(np.abs(_difference(reference, estimate))))


def snr(reference: AnyArray, estimate: AnyArray) -> float:
    """Signal-to-noise ratio in dB: energy of the reference over that of the difference."""
    error = _difference(reference, estimate)
    return ratio_db(float(np.sum(np.asarray(reference, np.float64) ** 2)), float(np.sum(error**2)))


def segmental_snr(reference: AnyArray, estimate: AnyArray, frame: int = 256) -> float:
    """Mean over frames of their signal-to-noise ratios in dB.

    Each is limited to -10 to 35 dB; frames in which the reference is silent do not count, nor does
    an incomplete one at the end.

    Parameters
    ----------
    reference, estimate : (..., times) arrays
        Signals.
    frame : int
        Samples of a frame.

    Returns
    -------
    float
        dB; NaN if no frame counts.
    """
    error = _difference(reference, estimate)
    signal_energy, error_energy = (
        (_framed(np.asarray(x, np.float64), frame) ** 2).sum(-1).ravel() for x in (reference, error)
    )
    counts = signal_energy > 0
    if not counts.any():
        return math.nan
    ratios = [
        ratio_db(float(s), float(e))
        for s, e in zip(signal_energy[counts], error_energy[counts], strict=True)
    ]
    return float(np.mean(np.clip(ratios, _LEAST_DB, _MOST_DB)))


def prediction_gain(samples: AnyArray, residual: AnyArray) -> float:
    """Variance of samples over that of the residual, in dB.

    Six dB are one bit for each sample, where the shapes of the distributions are alike.
    """
    return ratio_db(float(np.var(samples)), float(np.var(residual)))


def residual_entropy(residual: AnyArray) -> float:
    """Entropy in bits of the histogram of integers.

    What an ideal code would take that knows how often each value occurs, and nothing else.

    Raises
    ------
    UsageError
        The residual is not integer; round it first.
    """
    values = np.asarray(residual)
    if values.dtype.kind not in "iu":
        raise UsageError("residual: not integers")
    _, counts = np.unique(values, return_counts=True)
    shares = counts / max(values.size, 1)
    return float(-np.sum(shares * np.log2(shares))) + 0.0


def cross_entropy(nats: AnyArray, num_samples: int | None = None) -> float:
    """Bits for each sample, of code lengths in nats.

    Parameters
    ----------
    nats : float array
        As from `SamplePredictor.nll`.
    num_samples : int, optional
        Number of samples, where it is not the number of code lengths, as with bytes.
    """
    values = np.asarray(nats, np.float64)
    return float(values.sum() / math.log(2) / (num_samples or max(values.size, 1)))


def level_bits(nats: AnyArray, sizes: AnyArray) -> float:
    """Bits for each sample where its level is coded first, and then the sample within the level.

    Parameters
    ----------
    nats : float array
        Code lengths of levels.
    sizes : int array of the same shape
        Integers in each level, as from `nlac.training.signal.companding.integers_in_level`; within
        it all are taken to be equally likely.
    """
    return cross_entropy(nats) + float(np.mean(np.log2(sizes)))


def accuracy(codes: AnyArray, predicted: AnyArray) -> float:
    """Share of codes that were predicted, 0 to 1."""
    if np.shape(codes) != np.shape(predicted):
        raise UsageError(f"shapes {np.shape(codes)} and {np.shape(predicted)} differ")
    return float(np.mean(np.equal(codes, predicted)))


def ratio_db(a: float, b: float) -> float:
    """``10 log10(a / b)``; inf where b is 0, -inf where only a is."""
    if b == 0:
        return math.inf
    return 10 * math.log10(a / b) if a > 0 else -math.inf


def _difference(reference: AnyArray, estimate: AnyArray) -> F64:
    if np.shape(reference) != np.shape(estimate):
        raise UsageError(f"shapes {np.shape(reference)} and {np.shape(estimate)} differ")
    if np.size(reference) == 0:
        raise UsageError("no samples to compare")
    # float64 first: integers would wrap around
    return np.asarray(reference, np.float64) - np.asarray(estimate, np.float64)


def _framed(x: F64, frame: int) -> F64:
    count = x.shape[-1] // frame
    return x[..., : count * frame].reshape(*x.shape[:-1], count, frame)

"""Design prefilters, and choose whether a block gets them.

A trial on a few spans decides: they are coded quickly with and without. What repeats, or keeps to a
grid of values, gets no prefilter, since rounded residuals do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.covariance import covariance, room
from nlac.codec.encoder.lpc.least_squares import (
    factorise,
    new_factor,
    padded,
    project,
    round_weights,
)
from nlac.codec.encoder.value_sets.choice import FoundSets
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.jit import kernel
from nlac.predictors.lpc.parameters import SPAN
from nlac.predictors.prefilter import MAX_SUM, PREFILTERED, Prefilter, residual, write_prefilters

_FILTERS = ((4, 12), (18, 24), (34, 24))  # taps and fraction bits; the first for any spectrum
_WIDE = 1 << 17  # range of samples from which the spectrum may be wide
_SPANS = 2  # of a trial; a block has as many at least
_UNITS, _UNIT = 64, 1024  # units that prefilters are designed on, and the frames of each
_BEFORE = 64  # zeros before a channel
_ROUNDS = 3  # of weighting units
_FEW_BITS = 5.5  # bits a sample below which rounded residuals cost too much
_QUIET, _QUIET_SHARE = 4, 0.45  # mean residual of quiet units, and what share they may have
_LEAST_GAIN = 2.5e-3  # of the size of a trial, which tells a little too much


class Prefiltered(NamedTuple):
    """Channels after their prefilters.

    Attributes
    ----------
    head : bytes
        Kind of the block and its prefilters; the block of the residuals follows.
    channels : (channels, frames) int32
        The residuals.
    wide : bool
        The spectrum is wide, so that prefilters gain much.
    taps : tuple of int
        Coefficients of the prefilter of each channel.
    """

    head: bytes
    channels: NDArray[np.int32]
    wide: bool
    taps: tuple[int, ...]


@kernel
def _sum_weighted(covs, weights, taps, total, cross):
    """Weighted sums of the covariances of taps, and of taps and target."""
    total[:, :] = 0.0
    cross[:] = 0.0
    for u in range(len(covs)):
        for i in range(taps):
            cross[i] += weights[u] * covs[u, 0, i + 1]
            for j in range(i, taps):
                total[i, j] += weights[u] * covs[u, i + 1, j + 1]


@kernel
def _error_energy(cov, solution, taps):
    """Error energy of a unit."""
    energy = cov[0, 0]
    for i in range(taps):
        inner = cov[i + 1, i + 1] * solution[i] - 2.0 * cov[0, i + 1]
        for j in range(i + 1, taps):
            inner += 2.0 * cov[i + 1, j + 1] * solution[j]
        energy += solution[i] * inner
    return energy


@kernel
def _design(samples, starts, taps, shift, quantised):
    """Find the coefficients of a prefilter; returns whether they are within the limit.

    Units are weighted by the inverse of their error energy, so that quiet ones count as loud ones
    do.
    """
    lags, only, delays = np.array([taps + 1]), np.array([0]), np.array([0])
    covs = np.zeros((len(starts), taps + 1, room(taps + 1)))
    for u in range(len(starts)):
        covariance(samples, only, delays, lags, starts[u], starts[u] + _UNIT, covs[u], 0)
    weights = np.ones(len(starts))
    total, cross = np.zeros((taps, taps)), np.zeros(padded(taps))
    factor, solution = new_factor(taps), np.zeros(taps)
    usable = 0
    for round in range(_ROUNDS):
        _sum_weighted(covs, weights, taps, total, cross)
        noise = 0.0
        for u in range(len(starts)):
            noise += weights[u] * _UNIT / 12.0
        usable = factorise(total, taps, factor, 0, 0.3 * noise)
        project(factor, usable, cross)
        if round == _ROUNDS - 1:
            break
        solution[:] = 0.0
        for i in range(usable - 1, -1, -1):
            value = cross[i]
            for k in range(i + 1, usable):
                value -= factor[i, k] * solution[k]
            solution[i] = value / factor[i, i]
        largest = 0.0
        for u in range(len(starts)):
            weights[u] = 1.0 / (max(_error_energy(covs[u], solution, taps), 0.0) + _UNIT / 12.0)
            largest = max(largest, weights[u])
        for u in range(len(starts)):
            weights[u] /= largest
    quantised[:] = 0
    return round_weights(factor, cross, usable, 0.5**shift, MAX_SUM, quantised)


def design(channels: NDArray[np.int32], taps: int, shift: int) -> list[Prefilter]:
    """Design a prefilter for each channel, by weighted least squares on units of the block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least ``taps + 1024`` frames.
    taps, shift : int
        Number of coefficients, and their fraction bits; fewer where they would be too large.

    Returns
    -------
    list of Prefilter
        Without coefficients where they would be too large at any precision.
    """
    frames = channels.shape[1]
    count = min(_UNITS, (frames - taps) // _UNIT)
    starts = _BEFORE + taps + np.linspace(0, frames - taps - _UNIT, count).astype(np.int64)
    prefilters = []
    padded_channel = np.zeros((1, _BEFORE + frames))
    for x in channels:
        padded_channel[0, _BEFORE:] = x
        coefficients = np.zeros(taps, np.int64)
        for fraction in range(shift, -1, -1):
            good = _design(padded_channel, starts, taps, fraction, coefficients)
            if good and int(np.abs(coefficients).sum()) < MAX_SUM:
                prefilters.append(Prefilter(fraction, coefficients))
                break
        else:
            # no precision will do: none is better than one that no decoder takes
            prefilters.append(Prefilter(0, np.zeros(0, np.int64)))
    return prefilters


def choose(
    channels: NDArray[np.int32],
    found_sets: Sequence[FoundSets],
    trial: Callable[[NDArray[np.int32]], int],
    wide_only: bool = False,
    least_gain: float = _LEAST_GAIN,
) -> Prefiltered | None:
    """Design prefilters for a block, and try them.

    Parameters
    ----------
    channels : (channels, frames) int32
        The channels of the block.
    found_sets : sequence of FoundSets
        Their value sets, to see whether all are plain.
    trial : callable
        Size in bytes of channels, coded quickly. It is given excerpts.
    wide_only : bool, optional
        Try blocks only whose samples have a range for wide spectra.
    least_gain : float, optional
        Fraction that prefilters must save.

    Returns
    -------
    Prefiltered, optional
        None where prefilters gain too little.
    """
    frames = channels.shape[1]
    wide = any(int(x.max()) - int(x.min()) >= _WIDE for x in channels)
    if frames < _SPANS * SPAN or (wide_only and not wide):
        return None
    if any(entry.kind != PLAIN for found in found_sets for entry in found.sets):
        return None
    picked = [frames // SPAN * (2 * i + 1) // (2 * _SPANS) * SPAN for i in range(_SPANS)]
    excerpt = np.concatenate([np.arange(begin, begin + SPAN) for begin in picked])
    size = trial(channels[:, excerpt])
    if 8 * size < _FEW_BITS * len(channels) * len(excerpt):
        return None
    best, limit = None, (1 - least_gain) * size
    for taps, shift in _FILTERS if wide else _FILTERS[:1]:
        prefilters = design(channels, taps, shift)
        errors = residual(prefilters, channels)
        if errors is None or _quiet_share(errors) > _QUIET_SHARE:
            continue
        size = trial(errors[:, excerpt])
        if size < limit:
            best, limit = (prefilters, errors), size
    if best is None:
        return None
    prefilters, errors = best
    head = bytes([PREFILTERED]) + write_prefilters(prefilters, channels)
    return Prefiltered(head, errors, wide, tuple(len(f.coefficients) for f in prefilters))


def _quiet_share(errors: NDArray[np.int32]) -> float:
    """Share of the units in which residuals are so small that rounding them costs."""
    count = errors.shape[1] // _UNIT
    units = np.abs(errors[:, : count * _UNIT]).reshape(len(errors), count, _UNIT)
    return float(np.mean(units.mean(axis=2) < _QUIET))

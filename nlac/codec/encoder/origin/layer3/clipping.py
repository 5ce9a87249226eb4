"""Samples that a decoder clipped: what they were, and what noise the guess leaves.

An encoder leaves out the highest lines. The excess of clipped samples over the rail is first taken
so that the energy there vanishes, and later from the synthesis of what was fitted.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES

_REACH = 576  # taps of the high-pass filter on either side
_BEYOND = 6  # lines between the last one in use and the filter's stop band
_TOGETHER = 200  # clipped samples that are solved for at once
_LOADING = 1e-7
_MOST = 0.03  # share of clipped samples above which nothing tells their excess
_SILENT = 6.0  # squared line in most granules that is only noise, in variances of it
_WORST = 400.0  # largest variance of noise that is assumed, in variances of rounding
_CAUTION = 1.3
_LARGER = {1: 1.0, 2: 1.637}  # mean of the larger of some squares of noise, by their number


def rails_of(channels: NDArray[np.int32], bits_per_sample: int) -> NDArray[np.int8]:
    """Return 1 where samples are at the upper end of their range, -1 at the lower, else 0."""
    top = (1 << (bits_per_sample - 1)) - 1
    return (channels >= top).astype(np.int8) - (channels <= -top - 1).astype(np.int8)


def granules_of(rails: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which granules reach clipped samples, shape (G,); none if these are too many."""
    count = (rails.shape[1] - SUPPORT) // LINES + 1
    if np.count_nonzero(rails) > _MOST * rails.size:
        return np.zeros(count, np.bool_)
    touched = np.zeros(count + 3, np.bool_)
    frames = np.flatnonzero(rails.any(axis=0)) // LINES
    touched[np.minimum(frames, count + 2)] = True
    return touched[:count] | touched[1 : count + 1] | touched[2 : count + 2]


@kernel
def energies_from(slots: Floats, begin: int, bank: Bank) -> tuple[Floats, Floats]:
    """Return squared lines of long blocks from one on, the largest of all channels; their means."""
    count = slots.shape[1] // SUBBAND_LINES - 1
    energies = np.zeros((count, LINES - begin))
    means = np.zeros(count)
    lines = np.empty(LINES)
    for g in range(count):
        for channel in range(len(slots)):
            at = SUBBAND_LINES * g
            lines_of(slots[channel, at : at + 36], LONG, lines, bank)
            for i in range(begin, LINES):
                energies[g, i - begin] = max(energies[g, i - begin], lines[i] * lines[i])
        for i in range(LINES - begin):
            means[g] += energies[g, i] / (LINES - begin)
    return energies, means


def cut_of(slots: Floats, touched: NDArray[np.bool_], variance: float, bank: Bank) -> int:
    """Return the line from which on an encoder left out all, as far as unclipped granules tell."""
    energies, _ = energies_from(slots, 0, bank)
    if not touched.all():
        energies = energies[~touched]
    # some granules have energy there: at edges, or where something else is wrong
    typical = np.sort(energies, axis=0)[len(energies) * 9 // 10]
    used = np.flatnonzero(typical > _SILENT * variance)
    return int(used[-1]) + 1 if len(used) else 0


@cache
def _taps(cut: int) -> Floats:
    """Return the high-pass filter that begins at a line, from its centre on."""
    distance = np.arange(_REACH)
    phase = np.pi * distance / _REACH
    taper = (
        0.35875
        + 0.48829 * np.cos(phase)
        + 0.14128 * np.cos(2 * phase)
        + 0.01168 * np.cos(3 * phase)
    )
    edge = cut / LINES
    taps = -edge * np.sinc(edge * distance)
    taps[0] += 1
    return rounded(taps * taper)


@kernel
def _fill(samples: Floats, rails: NDArray[np.int8], taps: Floats) -> None:
    """Move clipped samples of a channel beyond the rails, so that the high-passed energy is least.

    Parameters
    ----------
    samples : (n,) float64
        Changed in place.
    rails : (n,) int8
        Where and at which end they were clipped.
    taps : (D,) float64
        Symmetric filter from its centre on.
    """
    length = len(samples)
    reach = len(taps)
    places = np.empty(_TOGETHER, np.int64)
    matrix = np.empty((_TOGETHER, _TOGETHER))
    right = np.empty(_TOGETHER)
    at = 0
    while at < length:
        count = 0
        while at < length and count < _TOGETHER:
            if rails[at] != 0:
                places[count] = at
                count += 1
            elif count > 0 and at - places[count - 1] > reach // 2:
                break
            at += 1
        for row in range(count):
            place = places[row]
            total = taps[0] * samples[place]
            for distance in range(1, reach):
                if place >= distance:
                    total += taps[distance] * samples[place - distance]
                if place + distance < length:
                    total += taps[distance] * samples[place + distance]
            right[row] = -total
            for column in range(row + 1):
                distance = place - places[column]
                matrix[row, column] = taps[distance] if distance < reach else 0.0
            matrix[row, row] += _LOADING
        # Cholesky decomposition; where it breaks down, samples stay at the rail
        for row in range(count):
            for column in range(row + 1):
                total = matrix[row, column]
                for i in range(column):
                    total -= matrix[row, i] * matrix[column, i]
                if row == column:
                    matrix[row, row] = np.sqrt(total) if total > 1e-9 else 1e9
                else:
                    matrix[row, column] = total / matrix[column, column]
        for row in range(count):
            total = right[row]
            for i in range(row):
                total -= matrix[row, i] * right[i]
            right[row] = total / matrix[row, row]
        for row in range(count - 1, -1, -1):
            total = right[row]
            for i in range(row + 1, count):
                total -= matrix[i, row] * right[i]
            right[row] = total / matrix[row, row]
        for row in range(count):
            place = places[row]
            if right[row] * rails[place] > 0:
                samples[place] += right[row]


def unclipped(samples: Floats, rails: NDArray[np.int8], cut: int) -> Floats:
    """Return samples with the clipped ones as the empty band above a line tells, if there is one.

    Parameters
    ----------
    samples, rails : (C, n)
        Samples, and where and at which end they were clipped.
    cut : int
        First line that is not in use.
    """
    result = samples.copy()
    if cut + 2 * _BEYOND < LINES:
        for channel, ends in zip(result, rails, strict=True):
            if ends.any():
                _fill(channel, ends, _taps(cut + _BEYOND))
    return result


def replaced(samples: Floats, rails: NDArray[np.int8], given: Floats) -> Floats:
    """Return samples with the clipped ones as a synthesis gives them, where it is beyond."""
    beyond = np.where(rails > 0, np.maximum(given, samples), np.minimum(given, samples))
    return np.where(rails != 0, beyond, samples)


def noise_above(
    slots: Floats, touched: NDArray[np.bool_], cut: int, variance: float, bank: Bank
) -> Floats:
    """Return the variance of each granule's noise, from its lines that are not in use."""
    variances = np.full(len(touched), variance)
    if cut + 2 * _BEYOND < LINES:
        _, energies = energies_from(slots, cut + 1, bank)
        energies = energies / _LARGER[len(slots)]
        around = energies.copy()
        around[1:] = np.maximum(around[1:], energies[:-1])
        around[:-1] = np.maximum(around[:-1], energies[1:])
        noisy = touched & (around > 1.5 * variance)
        variances[noisy] = np.minimum(_CAUTION * around[noisy], _WORST * variance)
    return variances


@kernel
def errors_of(
    samples: Floats, rails: NDArray[np.int8], given: Floats, begin: int, end: int
) -> Floats:
    """Return the mean squared error of each 576 samples, and of what is left, shape (G + 2,).

    Samples before a first and from a last one on do not count, and a sample at a rail is right
    where the synthesis is beyond.
    """
    channels, length = samples.shape
    errors = np.zeros((length - 1) // LINES + 1)
    counts = np.zeros(len(errors))
    for channel in range(channels):
        for i in range(max(begin, 0), min(end, length)):
            error = samples[channel, i] - given[channel, i]
            if error * rails[channel, i] >= 0.0:
                errors[i // LINES] += error * error
            counts[i // LINES] += 1.0
    for i in range(len(errors)):
        errors[i] /= max(counts[i], 1.0)
    return errors

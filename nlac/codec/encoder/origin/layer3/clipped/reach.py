"""Granules that reach clipped samples: where an encoder cut, and what noise a guess leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import MOST_CLIPPED
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES

_BEYOND = 6  # lines between the last one in use and the filter's stop band
_SILENT = 6.0  # squared line in most granules that is only noise, in variances of it
_WORST = 400.0  # largest variance of noise that is assumed, in variances of rounding
_CAUTION = 1.3
_LARGER = {1: 1.0, 2: 1.637}  # mean of the larger of some squares of noise, by their number


def granules_of(rails: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which granules reach clipped samples, shape (G,); none if these are too many."""
    count = (rails.shape[1] - SUPPORT) // LINES + 1
    if np.count_nonzero(rails) > MOST_CLIPPED * rails.size:
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


def edge_of(cut: int) -> float:
    """Return where the filter that hears nothing in use begins, as a part of the bandwidth."""
    return (cut + _BEYOND) / LINES


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

"""Granules that reach clipped samples, where an encoder cut, and how well a synthesis fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import MOST_CLIPPED
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES

_SILENT = 6.0  # squared line in most granules that is only noise, in variances of it


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
def energies_from(slots: Floats, begin: int, bank: Bank) -> Floats:
    """Return squared lines of long blocks from one on, the largest of all channels."""
    count = slots.shape[1] // SUBBAND_LINES - 1
    energies = np.zeros((count, LINES - begin))
    lines = np.empty(LINES)
    for g in range(count):
        for channel in range(len(slots)):
            at = SUBBAND_LINES * g
            lines_of(slots[channel, at : at + 36], LONG, lines, bank)
            for i in range(begin, LINES):
                energies[g, i - begin] = max(energies[g, i - begin], lines[i] * lines[i])
    return energies


def cut_of(slots: Floats, touched: NDArray[np.bool_], variance: float, bank: Bank) -> int:
    """Return the line from which on an encoder left out all, as far as unclipped granules tell."""
    energies = energies_from(slots, 0, bank)
    if not touched.all():
        energies = energies[~touched]
    # some granules have energy there: at edges, or where something else is wrong
    typical = np.sort(energies, axis=0)[len(energies) * 9 // 10]
    used = np.flatnonzero(typical > _SILENT * variance)
    return int(used[-1]) + 1 if len(used) else 0


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

"""Values that rounding hid: moves by one that bring the synthesis within half a step of samples.

Where a band's step is about as large as that of the samples, the nearest values are not always the
true ones. With the true ones every sample is within one half of the synthesis; so the squares of
what goes beyond are made less, by the moves that they are most correlated with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import add_lines, lines_of, project, unproject
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank, Ladder, Layout
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    MAX_VALUE,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SUBBANDS,
)

_BOX = 0.5  # largest error of rounding
_SLACK = 0.02  # what decoders add to it
_CLEAN = 0.01  # sum of squares beyond the box, that needs no moves
_HOPELESS = 0.1  # mean squared error of a granule with too much wrong
_TRIED = 6  # moves that are tried for each correlation
_ROUNDS = 16  # correlations of a granule
_LARGEST = 3.2  # size of a move in steps of the samples
_LEAST = 1e-3
_HALF = 0.7071067811865476
_SWEEPS = 2


@kernel
def _beyond(error: float, rail: int) -> float:
    """Return how far an error is outside of the box, with its sign."""
    if error * rail < 0.0:
        return 0.0
    if error > _BOX + _SLACK:
        return error - _BOX - _SLACK
    if error < -_BOX - _SLACK:
        return error + _BOX + _SLACK
    return 0.0


@kernel
def _gain_of(
    errors: Floats, rails: NDArray[np.int8], channel: int, begin: int, shape: Floats, size: float
) -> float:
    """Return by how much squares beyond the box fall when a shape is taken off the errors."""
    total = 0.0
    for i in range(SUPPORT):
        error = errors[channel, begin + i]
        rail = rails[channel, begin + i]
        before = _beyond(error, rail)
        after = _beyond(error - size * shape[i], rail)
        total += before * before - after * after
    return total


@kernel
def _size_of(value: int, exponent: int, kind: int, gain: float, ladder: Ladder) -> float:
    size = gain * ladder.unit[kind] * ladder.steps[exponent - MIN_STEP] * ladder.powers[abs(value)]
    return float(size) if value >= 0 else -float(size)


@kernel
def refine(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: NDArray[np.uint8],
    types: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    budget: int,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> int:
    """Move values of granules, as long as that helps and the budget lasts.

    Parameters
    ----------
    errors : (C, 576 (G - 1) + 1632) float64
        Samples less synthesis, in steps of the samples; changed with the values.
    rails : (C, 576 (G - 1) + 1632) int8
        1 and -1 where samples may have been clipped.
    gain : float
        What the synthesis was multiplied by.
    mid_side, types, steps, values : as of `Granules`
        Granules; values are changed in place.
    budget : int
        Correlations to compute at most.
    layout, ladder, bank : Layout, Ladder, Bank
        Tables.

    Returns
    -------
    int
        Number of moves.
    """
    count, channels = types.shape
    beyond = np.empty(SUPPORT)
    lines = np.empty((channels, LINES))
    slots = np.empty((36, SUBBANDS))
    single = np.zeros(LINES)
    shape = np.empty(SUPPORT)
    best = np.empty(_TRIED)
    best_at = np.empty(_TRIED, np.int64)
    moves = 0
    for _ in range(_SWEEPS):
        for g in range(count):
            begin = LINES * g
            for _ in range(_ROUNDS):
                outside = 0.0
                energy = 0.0
                violated = 0.0
                for channel in range(channels):
                    for i in range(SUPPORT):
                        error = errors[channel, begin + i]
                        beyond[i] = _beyond(error, rails[channel, begin + i])
                        outside += beyond[i] * beyond[i]
                        energy += error * error
                        if beyond[i] != 0.0:
                            violated += 1.0
                    slots[:] = 0.0
                    project(beyond, slots, bank)
                    lines_of(slots, types[g, channel], lines[channel], bank)
                size = float(channels * SUPPORT)
                if outside < _CLEAN or energy > _HOPELESS * size:
                    break
                if budget <= 0:
                    return moves
                budget -= 1
                if mid_side[g]:
                    for i in range(LINES):
                        total = (lines[0, i] + lines[1, i]) * _HALF
                        lines[1, i] = (lines[0, i] - lines[1, i]) * _HALF
                        lines[0, i] = total
                best[:] = 0.0
                for channel in range(channels):
                    kind = int(types[g, channel])
                    which = 1 if kind == SHORT else 0
                    for i in range(LINES):
                        exponent = int(steps[g, channel, layout.bands[which, i]])
                        if exponent == NO_STEP:
                            continue
                        value = int(values[g, channel, i])
                        moved = value + (1 if lines[channel, i] > 0 else -1)
                        if abs(moved) > MAX_VALUE:
                            continue
                        change = _size_of(moved, exponent, kind, gain, ladder) - _size_of(
                            value, exponent, kind, gain, ladder
                        )
                        if abs(change) > _LARGEST:
                            continue
                        promise = change * (2 * lines[channel, i] - change * violated / size)
                        if promise > best[_TRIED - 1]:
                            at = _TRIED - 1
                            while at > 0 and promise > best[at - 1]:
                                best[at] = best[at - 1]
                                best_at[at] = best_at[at - 1]
                                at -= 1
                            best[at] = promise
                            best_at[at] = LINES * channel + i
                improved = False
                for number in range(_TRIED):
                    if best[number] <= 0.0:
                        break
                    channel, i = best_at[number] // LINES, best_at[number] % LINES
                    kind = int(types[g, channel])
                    which = 1 if kind == SHORT else 0
                    exponent = int(steps[g, channel, layout.bands[which, i]])
                    value = int(values[g, channel, i])
                    moved = value + (1 if lines[channel, i] > 0 else -1)
                    change = _size_of(moved, exponent, kind, gain, ladder) - _size_of(
                        value, exponent, kind, gain, ladder
                    )
                    single[i] = 1.0
                    slots[:] = 0.0
                    add_lines(single, kind, slots, bank)
                    single[i] = 0.0
                    shape[:] = 0.0
                    unproject(slots, shape, bank)
                    if mid_side[g]:
                        own = change * _HALF
                        other = own if channel == 0 else -own
                        gained = _gain_of(errors, rails, 0, begin, shape, own)
                        gained += _gain_of(errors, rails, 1, begin, shape, other)
                    else:
                        own = other = change
                        gained = _gain_of(errors, rails, channel, begin, shape, change)
                    if gained <= _LEAST:
                        continue
                    improved = True
                    moves += 1
                    values[g, channel, i] = moved
                    if mid_side[g]:
                        for j in range(SUPPORT):
                            errors[0, begin + j] -= own * shape[j]
                            errors[1, begin + j] -= other * shape[j]
                    else:
                        for j in range(SUPPORT):
                            errors[channel, begin + j] -= change * shape[j]
                if not improved:
                    break
    return moves

"""Values of a granule decided together, by what the box of rounding tells of all samples.

The likelihood of the samples has a slope, which tells how lines should move; where few are wrong,
that is far surer than the nearest values are. As approximate message passing detects (Rangan,
"Generalized approximate message passing for estimation with random linear mixing", 2011), with
decisions in place of means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.box import ROUNDING, measure, pull_of
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import (
    add_lines,
    lines_of,
    project,
    unproject,
)
from nlac.codec.encoder.origin.layer3.rounding.moves import line_of, nearest
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank, Ladder, Layout
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, SHORT, SUBBANDS

_FEW = 0.01  # sum of squares beyond the box below which single moves are enough
_LEAST_SPREAD = 0.0004  # variance that wrong lines add, at least
# of the difference of the bits of two values: how much rarer one is than the other, in nats
_PRIOR = 0.35
_HALF = 0.7071067811865476


@kernel
def granule_lines(samples: Floats, kind: int, lines: Floats, bank: Bank) -> None:
    """Write the lines of the samples that a granule reaches.

    Parameters
    ----------
    samples : (1632,) float64
    kind : int
        Block type.
    lines : (576,) float64
        Overwritten.
    bank : Bank
        Tables.
    """
    slots = np.zeros((36, SUBBANDS))
    project(samples, slots, bank)
    lines_of(slots, kind, lines, bank)


@kernel
def mix(lines: Floats) -> None:
    """Make sum and difference, over the square root of 2, of two channels' lines, in place."""
    for i in range(LINES):
        total = (lines[0, i] + lines[1, i]) * _HALF
        lines[1, i] = (lines[0, i] - lines[1, i]) * _HALF
        lines[0, i] = total


@kernel
def decide(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: int,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
    table: Floats,
) -> tuple[int, int]:
    """Move all values of a granule to where the slope of the likelihood points, if that helps.

    Parameters
    ----------
    errors : (C, 1632) float64
        Samples less synthesis, in steps of the samples; changed with the values.
    rails : (C, 1632) int8
        1 and -1 where samples may have been clipped.
    gain : float
        What the synthesis was multiplied by.
    mid_side, kinds, steps, values : as of `Granules`
        Those of one granule; values are changed in place.
    layout, ladder, bank, table : Layout, Ladder, Bank, float64
        Tables, the last of `slopes`.

    Returns
    -------
    int
        Number of moves.
    int
        Transforms of the granule that it took.
    """
    channels = len(kinds)
    size = channels * SUPPORT
    pulls = np.empty((channels, LINES))
    pull = np.empty(SUPPORT)
    squares, energy = 0.0, 0.0
    for channel in range(channels):
        own = measure(errors[channel], rails[channel], 0.0, pull)
        squares += own[0]
        energy += own[2]
    if squares < _FEW:
        return 0, 0
    spread = np.sqrt(max(energy / size - ROUNDING, _LEAST_SPREAD))
    curvature = 0.0
    for channel in range(channels):
        curvature += pull_of(errors[channel], rails[channel], spread, pull, table)
        granule_lines(pull, kinds[channel], pulls[channel], bank)
    variance = size / curvature
    if mid_side:
        mix(pulls)
    changes = np.zeros((channels, LINES))
    moved = values.copy()
    moves = 0
    for channel in range(channels):
        kind = int(kinds[channel])
        bands = layout.bands[1 if kind == SHORT else 0]
        for i in range(LINES):
            step = int(steps[channel, bands[i]])
            value = int(values[channel, i])
            before = line_of(value, step, kind, gain, ladder)
            wish = before + pulls[channel, i] * variance
            after = nearest(wish, step, kind, gain, ladder)
            if after == value:
                continue
            after = value + (1 if after > value else -1)
            change = line_of(after, step, kind, gain, ladder) - before
            rarer = ladder.bits[abs(after)] - ladder.bits[abs(value)]
            if change * (wish - before - 0.5 * change) < _PRIOR * rarer * variance:
                continue
            moved[channel, i] = after
            changes[channel, i] = change
            moves += 1
    if not moves:
        return 0, 1
    if mid_side:
        mix(changes)
    tried = np.empty((channels, SUPPORT))
    slots = np.empty((36, SUBBANDS))
    for channel in range(channels):
        slots[:] = 0.0
        tried[channel] = 0.0
        add_lines(changes[channel], kinds[channel], slots, bank)
        unproject(slots, tried[channel], bank)
        for i in range(SUPPORT):
            tried[channel, i] = errors[channel, i] - tried[channel, i]
        own = measure(tried[channel], rails[channel], 0.0, pull)
        squares -= own[0]
    if squares <= 0.0:
        return 0, 2
    errors[:] = tried
    values[:] = moved
    return moves, 2

"""Moves that may be right where samples lie outside of the box of rounding.

A move changes one value by one, or all values of a band to those of another step. How much of what
is outside it takes away is told by its correlation with that: a change d of lines whose pull is p
lowers the sum of squares by about ``2 d p - d**2 s``, where s is the share of samples outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.tables import NUM_STEPS, Ladder, Layout
from nlac.codec.encoder.origin.step_costs import size_index
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    LONG_BANDS,
    MAX_VALUE,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SHORT_BANDS,
)

MOST = 12  # moves that are tried for each correlation
BAND_BITS = 6.0  # that another step for a band must save
_LARGEST = 3.2  # size of a move in steps of the samples
_FINEST = 0.15  # step of a band in those
_FURTHEST = 16  # between steps
_NARROW = 12  # lines of a band whose own pull tells where they belong
# that a band's lines are wrong by e takes a pull of this times e**2: half of three times the sum of
# the cubes of the shape of a line over its 1,632 samples
_CUBES = 0.024


@kernel
def _keep(
    promise: float, move: tuple[int, int, int, int], promises: Floats, moves: NDArray[np.int64]
) -> None:
    """Add a move to the best ones, which are sorted."""
    at = MOST - 1
    if promise <= promises[at]:
        return
    while at > 0 and promise > promises[at - 1]:
        promises[at] = promises[at - 1]
        for i in range(4):
            moves[at, i] = moves[at - 1, i]
        at -= 1
    promises[at] = promise
    moves[at, 0], moves[at, 1], moves[at, 2], moves[at, 3] = move


@kernel
def line_of(value: int, step: int, kind: int, gain: float, ladder: Ladder) -> float:
    """Return the size of a value in steps of the samples, with its sign."""
    if step == NO_STEP:
        return 0.0
    size = gain * ladder.unit[kind] * ladder.steps[step - MIN_STEP] * ladder.powers[abs(value)]
    return float(size) if value >= 0 else -float(size)


@kernel
def nearest(line: float, step: int, kind: int, gain: float, ladder: Ladder) -> int:
    """Return the value nearest to a line that is given in steps of the samples."""
    if step == NO_STEP:
        return 0
    size = abs(line) / (gain * ladder.unit[kind])
    value = size_index(size, np.sqrt(size * np.sqrt(size)), step - MIN_STEP, ladder)
    return int(value) if line >= 0 else -int(value)


@kernel
def find_value_moves(
    pulls: Floats,
    share: float,
    gain: float,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    promises: Floats,
    moves: NDArray[np.int64],
    layout: Layout,
    ladder: Ladder,
) -> None:
    """Find the moves of single values by one that promise most.

    Parameters
    ----------
    pulls : (C, 576) float64
        Lines of what is outside of the box.
    share : float
        Share of the samples that are outside.
    gain : float
        What the synthesis was multiplied by.
    kinds, steps, values : as `types`, `steps` and `values` of `Granules`
        Those of one granule.
    promises : (MOST,) float64
        By how much the squares may fall, the most first; 0 where there is no move. Overwritten.
    moves : (MOST, 4) int64
        Channel, line, new value, and 0. Overwritten.
    layout, ladder : Layout, Ladder
        Tables.
    """
    promises[:] = 0.0
    for channel in range(len(pulls)):
        kind = int(kinds[channel])
        which = 1 if kind == SHORT else 0
        for i in range(LINES):
            step = int(steps[channel, layout.bands[which, i]])
            if step == NO_STEP:
                continue
            pull = pulls[channel, i]
            value = int(values[channel, i])
            moved = value + (1 if pull > 0 else -1)
            if abs(moved) > MAX_VALUE:
                continue
            change = line_of(moved, step, kind, gain, ladder)
            change -= line_of(value, step, kind, gain, ladder)
            if abs(change) <= _LARGEST:
                promise = change * (2 * pull - change * share)
                _keep(promise, (channel, i, moved, 0), promises, moves)


@kernel
def ask(
    given: Floats,
    pulls: Floats,
    wanted: Floats,
    kinds: NDArray[np.uint8],
    layout: Layout,
) -> None:
    """Write where the pull of bands asks their lines to be.

    Parameters
    ----------
    given : (C, 576) float64
        Lines as they are, in steps of the samples.
    pulls : (C, 576) float64
        Lines of what is outside of the box.
    wanted : (2, C, 576) float64
        The lines of the samples; then half way from these to what the pull of their band asks for,
        overwritten.
    kinds : (C,) uint8
        Block types.
    layout : Layout
        Order of lines.
    """
    for channel in range(len(given)):
        which = 1 if kinds[channel] == SHORT else 0
        count = SHORT_BANDS if which else LONG_BANDS
        for band in range(count):
            begin, end = layout.starts[which, band], layout.starts[which, band + 1]
            energy = 0.0
            for at in range(begin, end):
                pull = pulls[channel, layout.order[which, at]]
                energy += pull * pull
            # of a pull of that norm, lines are wrong by the root of its quotient
            factor = 1.0 / np.sqrt(_CUBES * np.sqrt(energy)) if energy > 0.0 else 0.0
            for at in range(begin, end):
                i = layout.order[which, at]
                asked = given[channel, i] + factor * pulls[channel, i]
                wanted[1, channel, i] = 0.5 * (wanted[0, channel, i] + asked)


@kernel
def find_band_moves(
    pulls: Floats,
    wanted: Floats,
    share: float,
    worth: float,
    gain: float,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    promises: Floats,
    moves: NDArray[np.int64],
    layout: Layout,
    ladder: Ladder,
) -> None:
    """Find the steps for bands that promise most.

    Parameters
    ----------
    pulls, share, gain, kinds, steps, values, layout, ladder
        See `find_value_moves`.
    wanted : (2, C, 576) float64
        Of `ask`.
    worth : float
        Bits that a fall of the squares by 1 saves.
    promises : (MOST,) float64
        Bits that may be saved, the most first; 0 where there is no move. Overwritten.
    moves : (MOST, 4) int64
        Channel, band, new step, and which of the wanted lines. Overwritten.
    """
    promises[:] = 0.0
    for channel in range(len(pulls)):
        kind = int(kinds[channel])
        which = 1 if kind == SHORT else 0
        count = SHORT_BANDS if which else LONG_BANDS
        unit = gain * ladder.unit[kind]
        parities = np.zeros(2, np.int64)
        for band in range(count):
            if steps[channel, band] != NO_STEP:
                parities[int(steps[channel, band]) & 1] += 1
        for band in range(count):
            begin, end = layout.starts[which, band], layout.starts[which, band + 1]
            energy = 0.0
            largest = 0.0
            for at in range(begin, end):
                i = layout.order[which, at]
                energy += pulls[channel, i] * pulls[channel, i]
                largest = max(largest, abs(wanted[0, channel, i]))
            # no change saves more
            if worth * energy < BAND_BITS * share:
                continue
            old = int(steps[channel, band])
            for index in range(-1, NUM_STEPS):
                step = NO_STEP if index < 0 else index + MIN_STEP
                if step == old or (old != NO_STEP and index >= 0 and abs(step - old) > _FURTHEST):
                    continue
                if index >= 0:
                    size = unit * ladder.steps[index]
                    if size > 2 * largest:
                        break
                    if size < _FINEST or largest > size * ladder.powers[MAX_VALUE]:
                        continue
                    # all steps of a channel are even, or all odd
                    own = 1 if old != NO_STEP and (old ^ step) & 1 else 0
                    if parities[1 - (step & 1)] > own:
                        continue
                for variant in range(2 if end - begin <= _NARROW else 1):
                    promise = 0.0
                    bits = 0.0
                    for at in range(begin, end):
                        i = layout.order[which, at]
                        value = int(values[channel, i])
                        moved = nearest(wanted[variant, channel, i], step, kind, gain, ladder)
                        change = line_of(moved, step, kind, gain, ladder)
                        change -= line_of(value, old, kind, gain, ladder)
                        promise += change * (2 * pulls[channel, i] - change * share)
                        bits += ladder.bits[abs(moved)] - ladder.bits[abs(value)]
                    if promise > 0.0:
                        promise = promise * worth - bits
                        _keep(promise, (channel, band, step, variant), promises, moves)

"""How near the loudest lines of long blocks are to quantised values, on each of the 576 grids.

Finely quantised granules have few zeros, and on other grids as many. But values are the further
apart the larger they are: even where a step is below that of the samples, those of loud lines are
wider apart than noise is.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.layer3.tables import Bank, Layout, ladder
from nlac.codec.encoder.origin.logarithm import log2
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES

_LANES = 4  # lowest subbands
_LINES = 64  # of these that need no others
_FIRST = 6  # band
_SLOTS = 3 * SUBBAND_LINES - 1
LATTICE_WINDOW = 32 * (_SLOTS + 15) + 31  # samples of a window
_LEAST = 3.0  # magnitude of lines that are looked at
_FINEST = 1.5  # distance of the values that is still looked at
_WEIGHT = 8.656170245333781  # bits of a squared misfit of 1, for noise of rounding
_FAR = 12.0  # bits of a line's misfit at most
_SPACING = 0.88  # log2(4/3 / sqrt(2 pi / 12))
_NONE = -6.0  # least evidence of a band


class Rungs(NamedTuple):
    """What is needed of each step.

    Attributes
    ----------
    steps : (steps,) float64
        Size of the value 1.
    apart : (steps,) float64
        How far values at a line are apart that is 1 large; the power 1/4 of it is a factor.
    told : (steps,) float64
        Logarithm of this to base 2, less a constant.
    inverse : (steps,) float64
        What the power 3/4 of a line is multiplied by to be a value.
    weights : (steps,) float64
        Bits of a squared misfit of one value at a line that is 1 large.
    """

    steps: Floats
    apart: Floats
    told: Floats
    inverse: Floats
    weights: Floats


@kernel
def lattice_scores(samples: Floats, layout: Layout, rungs: Rungs, bank: Bank) -> Floats:
    """Return evidence against quantised lines, on each grid.

    Parameters
    ----------
    samples : (LATTICE_WINDOW,) float64
        Samples.
    layout, rungs, bank : Layout, Rungs, Bank
        Tables.

    Returns
    -------
    (576,) float64
        Bits; low where lines are near to values. A granule of grid o begins at sample o of the
        window.
    """
    scores = np.zeros(LINES)
    slots = np.empty((_SLOTS, _LANES))
    sums = np.empty((SUBBAND_LINES, _LANES))
    lines = np.empty(SUBBAND_LINES * _LANES)
    roots = np.empty(LINES)
    apart = np.empty(LINES)
    for phase in range(32):
        _project_lowest(samples, phase, slots, bank)
        for shift in range(SUBBAND_LINES):
            _lowest_lines(slots, shift, sums, lines, bank)
            total = 0.0
            band = _FIRST
            while layout.starts[0, band + 1] <= _LINES:
                total += _evidence(
                    lines, layout.starts[0, band], layout.starts[0, band + 1], roots, apart, rungs
                )
                band += 1
            scores[32 * shift + phase] = -total
    return scores


@kernel
def _project_lowest(samples: Floats, phase: int, slots: Floats, bank: Bank) -> None:
    window, cosines = bank.window, bank.cosines
    sums = np.empty(64)
    folded = np.empty(32)
    for slot in range(_SLOTS):
        for i in range(64):
            sums[i] = 0.0
        for b in range(0, 16, 2):
            base = 32 * (slot + b) + phase
            for i in range(64):
                sums[i] += window[32 * b + i] * samples[base + i]
        folded[0] = sums[0] - sums[32]
        folded[16] = sums[48]
        for i in range(1, 16):
            folded[i] = sums[i] - sums[32 - i]
            folded[16 + i] = sums[48 + i] + sums[48 - i]
        for lane in range(_LANES):
            slots[slot, lane] = 0.0
        for i in range(32):
            for lane in range(_LANES):
                slots[slot, lane] += folded[i] * cosines[i, lane]


@kernel
def _lowest_lines(slots: Floats, shift: int, sums: Floats, lines: Floats, bank: Bank) -> None:
    """Write the magnitudes of the lowest lines of a long block that begins at a slot."""
    blocks, alias = bank.blocks, bank.alias
    sums[:] = 0.0
    for slot in range(2 * SUBBAND_LINES):
        sign = -1.0 if slot & 1 else 1.0
        for line in range(SUBBAND_LINES):
            factor = blocks[LONG, line, slot]
            other = factor * sign
            for lane in range(0, _LANES, 2):
                sums[line, lane] += factor * slots[shift + slot, lane]
                sums[line, lane + 1] += other * slots[shift + slot, lane + 1]
    for lane in range(_LANES - 1):
        for i in range(8):
            low, high = sums[17 - i, lane], sums[i, lane + 1]
            sums[17 - i, lane] = low * alias[0, i] + high * alias[1, i]
            sums[i, lane + 1] = high * alias[0, i] - low * alias[1, i]
    for lane in range(_LANES):
        for line in range(SUBBAND_LINES):
            lines[SUBBAND_LINES * lane + line] = abs(sums[line, lane])


@kernel
def _evidence(
    lines: Floats, begin: int, end: int, roots: Floats, apart: Floats, rungs: Rungs
) -> float:
    """Return the evidence for the step that has the most, of the lines of a band."""
    count = 0
    largest = 0.0
    smallest = 1e9
    product = 1.0
    for i in range(begin, end):
        size = lines[i]
        if size >= _LEAST:
            half = np.sqrt(size)
            roots[count] = np.sqrt(size * half)
            apart[count] = half
            product *= half
            largest = max(largest, size)
            smallest = min(smallest, size)
            count += 1
    if count < 2:
        return 0.0
    told = count * _SPACING + 0.5 * log2(product)
    finest = _FINEST / np.sqrt(np.sqrt(largest))
    found = _NONE
    for index in range(len(rungs.steps)):
        if rungs.apart[index] < finest:
            continue
        if rungs.steps[index] > 1.5 * smallest:
            break
        limit = told + count * rungs.told[index] - found
        inverse = rungs.inverse[index]
        weight = rungs.weights[index]
        misfit = 0.0
        for i in range(count):
            value = roots[i] * inverse
            off = value - np.floor(value + 0.5)
            misfit += min(off * off * apart[i] * weight, _FAR)
            if misfit > limit:
                break
        found = max(found, found + limit - misfit)
    return found


@cache
def rungs() -> Rungs:
    """Return what the scores take of each step."""
    tables = ladder()
    steps = tables.steps * tables.unit[LONG]
    roots = np.sqrt(steps * np.sqrt(steps))
    apart = 4 / 3 * roots
    weights = _WEIGHT * apart**2
    told = rounded(np.log2(roots))
    return Rungs(rounded(steps), rounded(apart), rounded(told), rounded(1 / roots), weights)

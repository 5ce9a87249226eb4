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

_PHASES = 32  # of slots, which are computed together
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
    slots = np.empty((_SLOTS, _LANES, _PHASES))
    lines = np.empty((_LANES * SUBBAND_LINES, _PHASES))
    total = np.empty(_PHASES)
    _project_lowest(samples, slots, bank)
    for shift in range(SUBBAND_LINES):
        _lowest_lines(slots, shift, lines, bank)
        total[:] = 0.0
        band = _FIRST
        while layout.starts[0, band + 1] <= _LINES:
            begin, end = layout.starts[0, band], layout.starts[0, band + 1]
            _add_evidence(lines, begin, end, total, rungs)
            band += 1
        for phase in range(_PHASES):
            scores[_PHASES * shift + phase] = -total[phase]
    return scores


@kernel
def _project_lowest(samples: Floats, slots: Floats, bank: Bank) -> None:
    """Write slots of the lowest subbands that begin at any sample: by slot, subband and phase."""
    window, cosines = bank.window, bank.cosines
    sums = np.empty((64, _PHASES))
    folded = np.empty((32, _PHASES))
    for slot in range(_SLOTS):
        for i in range(64):
            row = sums[i]
            for p in range(_PHASES):
                row[p] = 0.0
            for b in range(0, 16, 2):
                factor = window[32 * b + i]
                base = 32 * (slot + b) + i
                for p in range(_PHASES):
                    row[p] += factor * samples[base + p]
        for p in range(_PHASES):
            folded[0, p] = sums[0, p] - sums[32, p]
            folded[16, p] = sums[48, p]
        for i in range(1, 16):
            for p in range(_PHASES):
                folded[i, p] = sums[i, p] - sums[32 - i, p]
                folded[16 + i, p] = sums[48 + i, p] + sums[48 - i, p]
        for lane in range(_LANES):
            row = slots[slot, lane]
            for p in range(_PHASES):
                row[p] = 0.0
            for i in range(32):
                factor = cosines[i, lane]
                for p in range(_PHASES):
                    row[p] += factor * folded[i, p]


@kernel
def _lowest_lines(slots: Floats, shift: int, lines: Floats, bank: Bank) -> None:
    """Write the magnitudes of the lowest lines of long blocks that begin at a slot."""
    blocks, alias = bank.blocks, bank.alias
    for lane in range(_LANES):
        for line in range(SUBBAND_LINES):
            row = lines[SUBBAND_LINES * lane + line]
            for p in range(_PHASES):
                row[p] = 0.0
            for slot in range(2 * SUBBAND_LINES):
                factor = blocks[LONG, line, slot]
                # every second slot of every second subband is inverted
                if lane & slot & 1:
                    factor = -factor
                given = slots[shift + slot, lane]
                for p in range(_PHASES):
                    row[p] += factor * given[p]
    for edge in range(SUBBAND_LINES, _LANES * SUBBAND_LINES, SUBBAND_LINES):
        for i in range(8):
            below, above = lines[edge - 1 - i], lines[edge + i]
            for p in range(_PHASES):
                low, high = below[p], above[p]
                below[p] = low * alias[0, i] + high * alias[1, i]
                above[p] = high * alias[0, i] - low * alias[1, i]
    for i in range(_LANES * SUBBAND_LINES):
        row = lines[i]
        for p in range(_PHASES):
            row[p] = abs(row[p])


@kernel
def _add_evidence(lines: Floats, begin: int, end: int, total: Floats, rungs: Rungs) -> None:
    """Add the evidence for the step that has the most, of the lines of a band, for each phase."""
    count = end - begin
    roots = np.zeros((count, _PHASES))
    apart = np.zeros((count, _PHASES))
    used = np.zeros(_PHASES)
    smallest = np.full(_PHASES, 1e9)
    largest = np.zeros(_PHASES)
    product = np.ones(_PHASES)
    for i in range(count):
        row = lines[begin + i]
        for p in range(_PHASES):
            size = row[p]
            if size >= _LEAST:
                half = np.sqrt(size)
                roots[i, p] = np.sqrt(size * half)
                apart[i, p] = half
                product[p] *= half
                used[p] += 1.0
                smallest[p] = min(smallest[p], size)
                largest[p] = max(largest[p], size)
    finest = np.empty(_PHASES)
    told = np.empty(_PHASES)
    found = np.full(_PHASES, _NONE)
    coarsest = 0.0
    for p in range(_PHASES):
        if used[p] < 2.0:
            # nothing is found where none of the steps is fine enough
            smallest[p] = finest[p] = told[p] = found[p] = 0.0
            continue
        told[p] = used[p] * _SPACING + 0.5 * log2(product[p])
        finest[p] = _FINEST / np.sqrt(np.sqrt(largest[p]))
        smallest[p] *= 1.5
        coarsest = max(coarsest, smallest[p])
    least = finest.max()
    for p in range(_PHASES):
        if used[p] >= 2.0:
            least = min(least, finest[p])
    misfit = np.empty(_PHASES)
    for index in range(len(rungs.steps)):
        step = rungs.steps[index]
        if rungs.apart[index] < least:
            continue
        if step > coarsest:
            break
        inverse = rungs.inverse[index]
        weight = rungs.weights[index]
        for p in range(_PHASES):
            misfit[p] = 0.0
        for i in range(count):
            root, square = roots[i], apart[i]
            for p in range(_PHASES):
                value = root[p] * inverse
                off = value - np.floor(value + 0.5)
                misfit[p] += min(off * off * square[p] * weight, _FAR)
        for p in range(_PHASES):
            if step <= smallest[p] and rungs.apart[index] >= finest[p]:
                found[p] = max(found[p], told[p] + used[p] * rungs.told[index] - misfit[p])
    for p in range(_PHASES):
        total[p] += found[p]


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

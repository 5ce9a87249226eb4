"""How sparse the lines of long blocks are on each of the 576 grids, as kernels.

Many lines of a decoded granule are zeros, so on its own grid they are nothing but rounding noise.
The 32 phases of a grid have their own slots, which its 18 shifts share; eight subbands are looked
at.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of, project
from nlac.codec.encoder.origin.layer3.tables import MEMORY, Bank
from nlac.codec.encoder.origin.logarithm import log2, mean_log
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES, SUBBANDS

GRANULES = 2  # that a window holds on each grid
_SLOTS = SUBBAND_LINES * (GRANULES + 2) - 1
WINDOW = 32 * (_SLOTS + MEMORY) + 31  # samples of a window
SCORED = 8  # subbands
_LANES = 16  # subbands that are computed, so that whole vectors are
_MARGIN = 4  # of them below the scored ones


@kernel
def band_levels(samples: Floats, bank: Bank) -> Floats:
    """Return the mean log2(abs(line) + 1/2) of each subband of a window, on any grid.

    Parameters
    ----------
    samples : (WINDOW,) float64
        Samples.
    bank : Bank
        Tables.

    Returns
    -------
    (32,) float64
    """
    slots = np.zeros((SUBBAND_LINES * (GRANULES + 1), SUBBANDS))
    project(samples, slots, bank)
    lines = np.empty(LINES)
    levels = np.zeros(SUBBANDS)
    for g in range(GRANULES):
        begin = SUBBAND_LINES * g
        lines_of(slots[begin : begin + 36], LONG, lines, bank)
        for band in range(SUBBANDS):
            begin = SUBBAND_LINES * band
            levels[band] += mean_log(lines, begin, begin + SUBBAND_LINES, 1.0) / GRANULES
    return levels


@kernel
def _project_some(samples: Floats, phase: int, first: int, slots: Floats, bank: Bank) -> None:
    """Write slots of 16 subbands from a first one on; zeros beyond the last."""
    window, cosines = bank.window, bank.cosines
    sums = np.empty(64)
    folded = np.empty(32)
    columns = np.zeros((32, _LANES))
    for i in range(32):
        for lane in range(min(_LANES, SUBBANDS - first)):
            columns[i, lane] = cosines[i, first + lane]
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
        row = slots[slot]
        for lane in range(_LANES):
            row[lane] = 0.0
        for i in range(32):
            value = folded[i]
            for lane in range(_LANES):
                row[lane] += value * columns[i, lane]


@inline_kernel
def _combine(factors: Floats, rows: Floats, result: Floats) -> None:
    """Write the sum of 18 rows times factors: six at a time, which saves reads of the sum."""
    for lane in range(_LANES):
        result[lane] = 0.0
    for i in range(0, SUBBAND_LINES, 6):
        f0, f1, f2 = factors[i], factors[i + 1], factors[i + 2]
        f3, f4, f5 = factors[i + 3], factors[i + 4], factors[i + 5]
        r0, r1, r2, r3, r4, r5 = (
            rows[i],
            rows[i + 1],
            rows[i + 2],
            rows[i + 3],
            rows[i + 4],
            rows[i + 5],
        )
        for lane in range(_LANES):
            result[lane] += (
                (f0 * r0[lane] + f1 * r1[lane])
                + (f2 * r2[lane] + f3 * r3[lane])
                + (f4 * r4[lane] + f5 * r5[lane])
            )


@kernel
def grid_scores(samples: Floats, band: int, bank: Bank) -> Floats:
    """Return the mean log2(abs(line) + 1/2) of eight subbands, on each grid.

    Parameters
    ----------
    samples : (WINDOW,) float64
        Samples.
    band : int
        First of the subbands, 1 to 23.
    bank : Bank
        Tables.

    Returns
    -------
    (576,) float64
        Granules of grid o begin at sample o of the window.
    """
    first = max(0, min(band - _MARGIN, SUBBANDS - _LANES))
    low = band - first
    blocks, alias = bank.blocks, bank.alias
    # the windowed cosines are those of 18 sums and differences
    kernels = np.empty((SUBBAND_LINES, SUBBAND_LINES))
    weights = np.empty((SUBBAND_LINES, 2, _LANES))
    for i in range(9):
        near = blocks[LONG, 0, 17 - i] / blocks[LONG, 0, i]
        far = blocks[LONG, 0, 35 - i] / blocks[LONG, 0, 18 + i]
        for line in range(SUBBAND_LINES):
            kernels[line, i] = blocks[LONG, line, i]
            kernels[line, 9 + i] = blocks[LONG, line, 18 + i]
        for lane in range(_LANES):
            # odd slots of odd subbands are inverted
            odd = -1.0 if (first + lane) & 1 else 1.0
            weights[i, 0, lane] = odd if i & 1 else 1.0
            weights[i, 1, lane] = near if i & 1 else near * odd
            weights[9 + i, 0, lane] = weights[i, 0, lane]
            weights[9 + i, 1, lane] = far if i & 1 else far * odd
    slots = np.empty((_SLOTS, _LANES))
    folded = np.empty((SUBBAND_LINES, _LANES))
    lines = np.empty((SUBBAND_LINES, _LANES))
    scores = np.zeros(32 * SUBBAND_LINES)
    for phase in range(32):
        _project_some(samples, phase, first, slots, bank)
        for shift in range(SUBBAND_LINES):
            total = 0.0
            for g in range(GRANULES):
                begin = shift + SUBBAND_LINES * g
                for i in range(9):
                    for lane in range(_LANES):
                        folded[i, lane] = (
                            weights[i, 0, lane] * slots[begin + i, lane]
                            + weights[i, 1, lane] * slots[begin + 17 - i, lane]
                        )
                        folded[9 + i, lane] = (
                            weights[9 + i, 0, lane] * slots[begin + 18 + i, lane]
                            + weights[9 + i, 1, lane] * slots[begin + 35 - i, lane]
                        )
                for line in range(SUBBAND_LINES):
                    _combine(kernels[line], folded, lines[line])
                for lane in range(low - 1, low + SCORED):
                    if lane + 1 < _LANES:
                        for i in range(8):
                            before, after = lines[17 - i, lane], lines[i, lane + 1]
                            lines[17 - i, lane] = before * alias[0, i] + after * alias[1, i]
                            lines[i, lane + 1] = after * alias[0, i] - before * alias[1, i]
                for lane in range(low, low + SCORED):
                    product = 1.0
                    for line in range(SUBBAND_LINES):
                        product *= abs(lines[line, lane]) + 0.5
                    total += log2(product)
            scores[32 * shift + phase] = total / (GRANULES * SCORED * SUBBAND_LINES)
    return scores

"""How sparse the lines of long blocks are on each of the 576 grids, as kernels.

Many lines of a decoded granule are zeros, so on its own grid they are nothing but rounding noise.
The 32 phases of a grid have their own slots, which its 18 shifts share; eight subbands are looked
at.
The window of a long block is a difference of two exponentials, so a line is a sum of two bins of a
Fourier transform without a window over 36 slots, and a rotation moves these on by a slot.

Numbers of 24 bits suffice here and are twice as fast. Rows hold all lanes of some phases; lane l
of phase p is number ``l * _PHASES + p``.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of, project
from nlac.codec.encoder.origin.layer3.tables import MEMORY, Bank, bank
from nlac.codec.encoder.origin.logarithm import add_logs, mean_log, mean_of_logs
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, LONG, SUBBAND_LINES, SUBBANDS

GRANULES = 2  # that a window holds on each grid
_SLOTS = SUBBAND_LINES * (GRANULES + 2) - 1
WINDOW = 32 * (_SLOTS + MEMORY) + 31  # samples of a window
SCORED = 8  # subbands
_LANES = SCORED + 2  # subbands that are computed: alias reaches the next ones
_BINS = SUBBAND_LINES + 1
_PHASES = 16  # that are computed at a time
_ROW = _LANES * _PHASES
_BUTTERFLIES = 8
_BATCHES = 3  # of six factors, whose product is a number of 24 bits


class Slides(NamedTuple):
    """Tables of the scores.

    Attributes
    ----------
    window : (512,) float32
    cosines : (32, 32) float32
        As in `Bank`.
    turns : (2, 19) float32
        Cosines and sines by which bins turn in a slot.
    entries : (2, 19) float32
        What a number of 1 that enters the transform adds to bins.
    alias : (2, 8) float32
        Cosines and sines of the alias reduction.
    """

    window: NDArray[np.float32]
    cosines: NDArray[np.float32]
    turns: NDArray[np.float32]
    entries: NDArray[np.float32]
    alias: NDArray[np.float32]


@cache
def slides() -> Slides:
    """Return the tables of the scores."""
    bins = np.arange(_BINS)
    turn = -np.pi / 18 * bins
    enter = np.pi / 36 * bins + np.pi / 4 * (2 * bins - 1)
    tables = (
        bank().window,
        bank().cosines,
        rounded(np.stack([np.cos(turn), np.sin(turn)])),
        rounded(np.stack([np.cos(enter), np.sin(enter)]) / 6),
        bank().alias,
    )
    return Slides(*(table.astype(np.float32) for table in tables))


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
def _project_phases(
    samples: NDArray[np.float32],
    begin: int,
    first: int,
    sums: NDArray[np.float32],
    folded: NDArray[np.float32],
    slot: NDArray[np.float32],
    tables: Slides,
) -> None:
    """Write the slot that begins at a sample, and at those after it, in all lanes."""
    window, cosines = tables.window, tables.cosines
    for i in range(64):
        w0, w1, w2, w3 = window[i], window[64 + i], window[128 + i], window[192 + i]
        w4, w5, w6, w7 = window[256 + i], window[320 + i], window[384 + i], window[448 + i]
        heard = samples[begin + i :]
        for p in range(_PHASES):
            sums[i * _PHASES + p] = (
                (w0 * heard[p] + w1 * heard[p + 64]) + (w2 * heard[p + 128] + w3 * heard[p + 192])
            ) + (
                (w4 * heard[p + 256] + w5 * heard[p + 320])
                + (w6 * heard[p + 384] + w7 * heard[p + 448])
            )
    # the cosines repeat with signs, see `project`
    for p in range(_PHASES):
        folded[p] = sums[p] - sums[32 * _PHASES + p]
        folded[16 * _PHASES + p] = sums[48 * _PHASES + p]
    for i in range(1, 16):
        for p in range(_PHASES):
            j, k = i * _PHASES + p, (32 - i) * _PHASES + p
            folded[j] = sums[j] - sums[k]
            folded[16 * _PHASES + j] = sums[48 * _PHASES + j] + sums[48 * _PHASES - j + 2 * p]
    for lane in range(_LANES):
        row = lane * _PHASES
        for p in range(_PHASES):
            slot[row + p] = 0.0
        for i in range(0, 32, 8):
            c0, c1 = cosines[i, first + lane], cosines[i + 1, first + lane]
            c2, c3 = cosines[i + 2, first + lane], cosines[i + 3, first + lane]
            c4, c5 = cosines[i + 4, first + lane], cosines[i + 5, first + lane]
            c6, c7 = cosines[i + 6, first + lane], cosines[i + 7, first + lane]
            at = i * _PHASES
            for p in range(_PHASES):
                j = at + p
                slot[row + p] += (
                    (c0 * folded[j] + c1 * folded[j + _PHASES])
                    + (c2 * folded[j + 2 * _PHASES] + c3 * folded[j + 3 * _PHASES])
                ) + (
                    (c4 * folded[j + 4 * _PHASES] + c5 * folded[j + 5 * _PHASES])
                    + (c6 * folded[j + 6 * _PHASES] + c7 * folded[j + 7 * _PHASES])
                )


@kernel
def _slide(
    change: NDArray[np.float32],
    re: NDArray[np.float32],
    im: NDArray[np.float32],
    tables: Slides,
) -> None:
    """Move all bins on by a slot that changes what is in the transform."""
    for k in range(_BINS):
        cosine, sine = tables.turns[0, k], tables.turns[1, k]
        enter_re, enter_im = tables.entries[0, k], tables.entries[1, k]
        at = k * _ROW
        for j in range(_ROW):
            a = re[at + j] + change[j] * enter_re
            b = im[at + j] + change[j] * enter_im
            re[at + j] = a * cosine - b * sine
            im[at + j] = a * sine + b * cosine


@kernel
def _multiply_lines(
    re: NDArray[np.float32],
    im: NDArray[np.float32],
    shift: int,
    products: NDArray[np.float32],
    tables: Slides,
) -> None:
    """Write products of the lines' magnitudes plus 1/2, in batches for each lane and phase."""
    half = np.float32(0.5)
    for i in range(_BATCHES * _ROW):
        products[i] = np.float32(1.0)
    for i in range(_BUTTERFLIES):
        cosine, sine = tables.alias[0, i], tables.alias[1, i]
        if shift & 1:
            sine = -sine  # odd slots of odd subbands are inverted, from the granule's first one on
        low, high = i * _ROW, (SUBBAND_LINES - 1 - i) * _ROW
        at = i // 3 * _ROW
        for j in range(_PHASES, _ROW - _PHASES):
            before = im[high + _ROW + j] - re[high + j]
            above = im[low + _ROW + j + _PHASES] - re[low + j + _PHASES]
            after = im[low + _ROW + j] - re[low + j]
            below = im[high + _ROW + j - _PHASES] - re[high + j - _PHASES]
            one = abs(before * cosine + above * sine) + half
            other = abs(after * cosine - below * sine) + half
            products[at + j] *= one * other
    middle, at = _BUTTERFLIES * _ROW, (_BATCHES - 1) * _ROW
    for j in range(_ROW):
        one = abs(im[middle + _ROW + j] - re[middle + j]) + half
        other = abs(im[middle + 2 * _ROW + j] - re[middle + _ROW + j]) + half
        products[at + j] *= one * other


@kernel
def grid_scores(samples: NDArray[np.float32], band: int, tables: Slides) -> Floats:
    """Return the mean log2(abs(line) + 1/2) of eight subbands, on each grid.

    Parameters
    ----------
    samples : (WINDOW,) float32
        Samples.
    band : int
        First of the subbands, 1 to 23.
    tables : Slides
        Tables.

    Returns
    -------
    (576,) float64
        Granules of grid o begin at sample o of the window.
    """
    first = band - 1
    slots = np.zeros((_SLOTS, _ROW), np.float32)
    change = np.zeros(_ROW, np.float32)
    sums, folded = np.empty(64 * _PHASES, np.float32), np.empty(32 * _PHASES, np.float32)
    products = np.empty(_BATCHES * _ROW, np.float32)
    scores = np.zeros(32 * SUBBAND_LINES)
    factors = GRANULES * SCORED * SUBBAND_LINES
    totals = np.zeros((SUBBAND_LINES, _ROW), np.int64)
    for phase in range(0, 32, _PHASES):
        re, im = np.zeros(_BINS * _ROW, np.float32), np.zeros(_BINS * _ROW, np.float32)
        totals[:] = 0
        for slot in range(_SLOTS):
            row = slots[slot]
            _project_phases(samples, 32 * slot + phase, first, sums, folded, row, tables)
            if slot & 1:
                for lane in range(1 - (first & 1), _LANES, 2):
                    for j in range(lane * _PHASES, (lane + 1) * _PHASES):
                        row[j] = -row[j]
            for j in range(_ROW):
                change[j] = row[j]
            if slot >= 2 * SUBBAND_LINES:
                for j in range(_ROW):
                    change[j] -= slots[slot - 2 * SUBBAND_LINES, j]
            _slide(change, re, im, tables)
            shift = slot - 2 * SUBBAND_LINES + 1
            if shift >= 0:
                _multiply_lines(re, im, shift, products, tables)
                add_logs(products, totals[shift % SUBBAND_LINES])
        for shift in range(SUBBAND_LINES):
            for p in range(_PHASES):
                total = 0
                for lane in range(1, _LANES - 1):
                    total += totals[shift, lane * _PHASES + p]
                scores[32 * shift + phase + p] = mean_of_logs(
                    total, GRANULES * SCORED * _BATCHES, factors
                )
    return scores

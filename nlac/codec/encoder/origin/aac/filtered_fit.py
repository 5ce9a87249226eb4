"""Fits of long windows whose lines a decoder filtered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.filters import (
    apply_filter,
    find_filter,
    remove_filter,
    taps_of,
)
from nlac.codec.encoder.origin.aac.frame_fit import fit_long, forget, write_long
from nlac.codec.encoder.origin.aac.part_fit import MOST_BANDS, Part
from nlac.codec.encoder.origin.aac.tables import Ladder, Layout
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import log2, mean_log
from nlac.codec.encoder.origin.step_costs import BITS
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, MAX_ORDER, Frames

_DEAR = 1.3  # bits a line that a band costs more than log2 of its lines where no step fits
_LOUD = 1.5  # mean log2 of its lines: noise hides the steps of softer ones
_LINES = 60  # lines that must have failed
_NEAR = 3  # bands by which the edges of filters of one stream seem to differ
_RESIDUAL = 0.3  # bits a line of a doubled residual; by trial, as other frames share it
_GAIN = 25.0  # bits that filters must save
_FILTER = 8.0  # bits of a filter
# credit at first, for each window and channel, and for each found filter; a search takes so much
_CREDIT, _INCOME, _REWARD, _PRICE = 120, 1, 16, 4
_FINE = 1  # row of the reflection coefficients of four bits


class Habits(NamedTuple):
    """How often a stream's filters began and ended at each band, and were looked for in vain.

    Attributes
    ----------
    begins, ends : (52,) int64
        Counts.
    credit : (1,) int64
        Work that may still be spent on looking for filters, so that it is bounded where there are
        none.
    """

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    credit: NDArray[np.int64]


def new_habits() -> Habits:
    """Return counts of zero."""
    edges = np.zeros((2, MOST_BANDS + 1), np.int64)
    return Habits(edges[0], edges[1], np.full(1, _CREDIT, np.int64))


@kernel
def _snapped(band: int, counts: NDArray[np.int64], bands: int) -> int:
    """Return the commonest edge near a band, or the band."""
    best = band
    for other in range(max(0, band - _NEAR), min(bands, band + _NEAR) + 1):
        if counts[other] > counts[best]:
            best = other
    return best


@kernel
def _failed(part: Part, lines: Floats, channel: int, bands: int) -> tuple[int, int, int]:
    """Return the first band and the end of those where no step fits, and their lines."""
    starts = part.starts
    best, total = 0, 0
    begin, end, candidate = 0, 0, 0
    for band in range(bands):
        low, high = starts[band], starts[band + 1]
        width = high - low
        price = part.prices[channel, band] / width
        level = mean_log(lines, low, high, 1.0)
        if level > _LOUD and price > level + _DEAR:
            if total <= 0:
                total = 0
                candidate = band
            total += width
            if total > best:
                best, begin, end = total, candidate, band + 1
        else:
            total -= width
    return begin, end, best


@kernel
def _filters_of(
    lines: Floats,
    begin: int,
    end: int,
    bands: int,
    starts: NDArray[np.int64],
    table: Floats,
    kinds: NDArray[np.int64],
    indices: NDArray[np.int64],
) -> int:
    """Write the filters of bands that failed, one or two; return their number."""
    middle = bands - (bands - begin) // 2
    one, two = np.zeros((2, MAX_ORDER), np.int64), np.zeros((2, MAX_ORDER), np.int64)
    orders, downs = np.zeros((2, 2), np.int64), np.zeros((2, 2), np.int64)
    whole, order, down = find_filter(lines, starts[begin], starts[end], table, one[0])
    orders[0, 0], downs[0, 0] = order, 1 if down else 0
    halves = 0.0
    if begin < middle < end:
        for half in range(2):
            low = starts[begin if half == 0 else middle]
            high = starts[middle if half == 0 else end]
            saved, order, down = find_filter(lines, low, high, table, two[half])
            orders[1, half], downs[1, half] = order, 1 if down else 0
            halves += saved
    split = 1 if halves > whole else 0
    count = 0
    for half in range(1 + split):
        if orders[split, half] == 0:
            continue
        kinds[count, 0] = middle if half == 1 else begin
        kinds[count, 1] = middle if split == 1 and half == 0 else end
        kinds[count, 2] = orders[split, half]
        kinds[count, 3] = downs[split, half]
        for m in range(MAX_ORDER):
            indices[count, m] = two[half, m] if split == 1 else one[0, m]
        count += 1
    return count


@kernel
def _residual_bits(misfit: float) -> float:
    """Return about what the residual of a window with a squared misfit in variances costs."""
    return LINES * _RESIDUAL * log2(1.0 + 1.6 * max(misfit / LINES - 1.0, 0.0))


@kernel
def fit_filtered(
    part: Part,
    lines: Floats,
    first: int,
    channels: int,
    cost: float,
    frame: int,
    frames: Frames,
    exact: Floats,
    misfits: Floats,
    habits: Habits,
    guesses: NDArray[np.int64],
    layout: Layout,
    ladder: Ladder,
) -> float:
    """Look for filters of a long window that was fitted, and write it where they save bits.

    Returns the cost in bits. `guesses` are those before the window; `lines` are overwritten.
    """
    starts = layout.long_starts
    bands = len(starts) - 1
    table = ladder.reflections[_FINE]
    kinds = np.zeros((channels, 2, 4), np.int64)
    indices = np.zeros((channels, 2, MAX_ORDER), np.int64)
    counts = np.zeros(channels, np.int64)
    variances = part.variances.copy()
    taps = np.zeros(MAX_ORDER)
    rest = np.empty(LINES)
    spent, plain = 0.0, cost
    for c in range(channels):
        begin, end, failed = _failed(part, lines[first + c], c, bands)
        habits.credit[0] = min(habits.credit[0] + _INCOME, _CREDIT)
        if failed < _LINES or habits.credit[0] < _PRICE:
            continue
        habits.credit[0] -= _PRICE
        usual_begin, usual_end = (
            _snapped(begin, habits.begins, bands),
            _snapped(end, habits.ends, bands),
        )
        if starts[usual_end] - starts[usual_begin] >= _LINES:
            begin, end = usual_begin, usual_end
        counts[c] = _filters_of(
            lines[first + c], begin, end, bands, starts, table, kinds[c], indices[c]
        )
    if counts.sum() == 0:
        return cost
    given = lines[first : first + channels].copy()
    for c in range(channels):
        for number in range(counts[c]):
            kind = kinds[c, number]
            begin, end, order = starts[kind[0]], starts[kind[1]], kind[2]
            taps_of(indices[c, number], order, table, taps)
            remove_filter(lines[first + c], begin, end, kind[3] == 1, taps, order, rest)
            for i in range(begin, end):
                lines[first + c, i] = rest[i]
            growth = 1.0
            for k in range(order):
                growth += taps[k] * taps[k]
            for band in range(kind[0], kind[1]):
                part.variances[c, band] *= growth
            spent += _FILTER + 3.2 * order
    forget(part)
    part.guesses[:] = guesses
    filtered = fit_long(part, lines, first, channels, layout, ladder) + spent
    # what is left counts as it is after the filters
    made = part.exact[:channels].copy()
    for c in range(channels):
        for number in range(counts[c]):
            kind = kinds[c, number]
            taps_of(indices[c, number], kind[2], table, taps)
            apply_filter(made[c], starts[kind[0]], starts[kind[1]], kind[3] == 1, taps, kind[2])
        filtered -= BITS * part.misfits[c]
        part.misfits[c] = 0.0
        for i in range(LINES):
            off = given[c, i] - made[c, i]
            part.misfits[c] += off * off / variances[c, 0]
        filtered += _residual_bits(part.misfits[c])
        plain += _residual_bits(misfits[first + c]) - BITS * misfits[first + c]
    if filtered < plain - _GAIN:
        cost = filtered
        write_long(part, first, channels, frame, frames, exact, layout)
        for c in range(channels):
            misfits[first + c] = part.misfits[c]
            exact[first + c, :] = made[c]
            for number in range(counts[c]):
                kind = kinds[c, number]
                order = kind[2]
                habits.begins[kind[0]] += 1
                habits.ends[kind[1]] += 1
                habits.credit[0] += _REWARD
                for item in range(4):
                    frames.filters[frame, first + c, number, item] = kind[item]
                frames.filters[frame, first + c, number, 4] = 4
                for m in range(order):
                    frames.reflections[frame, first + c, number, m] = indices[c, number, m]
    for c in range(len(variances)):
        for band in range(variances.shape[1]):
            part.variances[c, band] = variances[c, band]
    return cost

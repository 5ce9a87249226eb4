"""Search of filters over lines (temporal noise shaping).

A decoder's filter runs over quantised lines of some bands, so that its inverse makes most of them
zeros, or multiples of a step again. The reflection coefficients of the inverse are changed one
after the other as long as the lines become sparser.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import add_logs, mean_of_logs
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import MAX_ORDER

_FLOOR = 0.7  # lines below are as good as zeros
_SWEEPS = 12
_REACH = 3  # by which an index is changed at a time
_BITS = 3.2  # of a coefficient
_FACTORS = 6  # of a product, which is a number of 24 bits
_LANES = 16
_ORDERS = (4, 8, 12)  # tried one after the other
_PROMISING = 3.0  # bits that the first of them saves, or more are in vain


class Filtered(NamedTuple):
    """Lines that may have been filtered, and room for what they were before.

    Attributes
    ----------
    size : int
        Number of lines.
    padded : (12 + room,) float32
        The lines behind 12 zeros, and zeros.
    factors : (room,) float32
        Overwritten.
    logs : (lanes,) int64
        Overwritten.
    """

    size: int
    padded: NDArray[np.float32]
    factors: NDArray[np.float32]
    logs: NDArray[np.int64]


@kernel
def taps_of(indices: NDArray[np.int64], order: int, table: Floats, taps: Floats) -> None:
    """Write the taps of a filter from its reflection coefficients."""
    before = np.empty(MAX_ORDER)
    for m in range(order):
        factor = table[indices[m] + 8]
        for i in range(m):
            before[i] = taps[i]
        for i in range(m):
            taps[i] = before[i] + factor * before[m - 1 - i]
        taps[m] = factor


@kernel
def remove_filter(
    lines: Floats, begin: int, end: int, falling: bool, taps: Floats, order: int, out: Floats
) -> None:
    """Write what lines were before a filter over those from `begin` to `end`; others stay."""
    for i in range(begin, end):
        total = lines[i]
        if falling:
            for k in range(min(order, end - 1 - i)):
                total += taps[k] * lines[i + 1 + k]
        else:
            for k in range(min(order, i - begin)):
                total += taps[k] * lines[i - 1 - k]
        out[i] = total


@kernel
def apply_filter(
    lines: Floats, begin: int, end: int, falling: bool, taps: Floats, order: int
) -> None:
    """Filter lines from `begin` to `end`, in place."""
    for number in range(end - begin):
        i = end - 1 - number if falling else begin + number
        total = lines[i]
        for k in range(min(order, number)):
            total -= taps[k] * lines[i + 1 + k if falling else i - 1 - k]
        lines[i] = total


@kernel
def _filtered(lines: Floats) -> Filtered:
    """Return the lines of a filter as numbers of 24 bits."""
    count = len(lines)
    room = (count + _FACTORS * _LANES - 1) // (_FACTORS * _LANES) * _FACTORS * _LANES
    padded = np.zeros(MAX_ORDER + room, np.float32)
    for i in range(count):
        padded[MAX_ORDER + i] = lines[i]
    return Filtered(count, padded, np.empty(room, np.float32), np.empty(_LANES, np.int64))


@kernel
def _sparseness(
    lines: Filtered, indices: NDArray[np.int64], order: int, table: Floats, taps: Floats
) -> float:
    """Return the sum of log2(abs(line) + 0.7) after the filter is removed, and its own bits."""
    taps[:] = 0.0
    taps_of(indices, order, table, taps)
    room = len(lines.factors)
    t0, t1, t2 = np.float32(taps[0]), np.float32(taps[1]), np.float32(taps[2])
    t3, t4, t5 = np.float32(taps[3]), np.float32(taps[4]), np.float32(taps[5])
    t6, t7, t8 = np.float32(taps[6]), np.float32(taps[7]), np.float32(taps[8])
    t9, t10, t11 = np.float32(taps[9]), np.float32(taps[10]), np.float32(taps[11])
    floor = np.float32(_FLOOR)
    given, factors = lines.padded, lines.factors
    for i in range(room):
        rest = (given[i + 12] + t0 * given[i + 11]) + (t1 * given[i + 10] + t2 * given[i + 9])
        rest += t3 * given[i + 8]
        if order > 4:
            rest += (t4 * given[i + 7] + t5 * given[i + 6]) + (
                t6 * given[i + 5] + t7 * given[i + 4]
            )
            rest += (t8 * given[i + 3] + t9 * given[i + 2]) + (t10 * given[i + 1] + t11 * given[i])
        factors[i] = abs(rest) + floor
    for i in range(lines.size, room):
        factors[i] = np.float32(1.0)
    part = room // _FACTORS
    for i in range(part):
        factors[i] = (factors[i] * factors[part + i] * factors[2 * part + i]) * (
            factors[3 * part + i] * factors[4 * part + i] * factors[5 * part + i]
        )
    lines.logs[:] = 0
    add_logs(factors[:part], lines.logs)
    total = mean_of_logs(lines.logs.sum(), part, 1)
    for m in range(order):
        if indices[m] != 0:
            total += _BITS
    return total


@kernel
def _descend(
    lines: Filtered, indices: NDArray[np.int64], order: int, table: Floats, taps: Floats
) -> float:
    """Change indices, one or two at a time, until nothing makes the lines sparser."""
    best = _sparseness(lines, indices, order, table, taps)
    for _ in range(_SWEEPS):
        changed = False
        for m in range(order):
            chosen = indices[m]
            for value in range(max(-8, chosen - _REACH), min(8, chosen + _REACH + 1)):
                indices[m] = value
                cost = _sparseness(lines, indices, order, table, taps)
                if cost < best:
                    best = cost
                    chosen = value
                    changed = True
            indices[m] = chosen
        if changed:
            continue
        for m in range(order - 1):
            for other in range(m + 1, min(m + 3, order)):
                first, second = indices[m], indices[other]
                keep_first, keep_second = first, second
                for move in range(4):
                    a = first + (1 if move & 1 else -1)
                    b = second + (1 if move & 2 else -1)
                    if min(a, b) < -8 or max(a, b) > 7:
                        continue
                    indices[m], indices[other] = a, b
                    cost = _sparseness(lines, indices, order, table, taps)
                    if cost < best:
                        best = cost
                        keep_first, keep_second = a, b
                        changed = True
                indices[m], indices[other] = keep_first, keep_second
        if not changed:
            break
    return best


@kernel
def _reflections(
    lines: Floats, compressed: bool, table: Floats, indices: NDArray[np.int64]
) -> None:
    """Write the indices nearest to the reflection coefficients of linear prediction."""
    values = lines.copy()
    if compressed:
        for i in range(len(lines)):
            root = np.sqrt(abs(lines[i]))
            values[i] = -root if lines[i] < 0 else root
    sums = np.empty(MAX_ORDER + 1)
    for lag in range(MAX_ORDER + 1):
        total = 0.0
        for i in range(lag, len(values)):
            total += values[i] * values[i - lag]
        sums[lag] = total
    error = sums[0] * (1.0 + 1e-9) + 1e-9
    taps, before = np.zeros(MAX_ORDER), np.zeros(MAX_ORDER)
    for m in range(MAX_ORDER):
        total = sums[m + 1]
        for i in range(m):
            total += taps[i] * sums[m - i]
        factor = -total / error
        for i in range(m):
            before[i] = taps[i]
        for i in range(m):
            taps[i] = before[i] + factor * before[m - 1 - i]
        taps[m] = factor
        error *= 1.0 - factor * factor
        nearest = 0
        for index in range(16):
            if abs(table[index] - factor) < abs(table[nearest] - factor):
                nearest = index
        indices[m] = nearest - 8


@kernel
def find_filter(
    lines: Floats, begin: int, end: int, table: Floats, indices: NDArray[np.int64]
) -> tuple[float, int, bool]:
    """Find the filter over some lines whose inverse makes them sparsest.

    Parameters
    ----------
    lines : (1024,) float64
        Lines.
    begin, end : int
        Which of them are filtered.
    table : (16,) float64
        Reflection coefficients, that of index i at i + 8.
    indices : (12,) int64
        Indices of the reflection coefficients; overwritten.

    Returns
    -------
    float
        Bits that it saves.
    int
        Order; 0 for none.
    bool
        Whether it runs from high to low lines.
    """
    count = end - begin
    taps = np.zeros(MAX_ORDER)
    trial = np.zeros(MAX_ORDER, np.int64)
    rising, falling = np.empty(count), np.empty(count)
    for i in range(count):
        rising[i] = lines[begin + i]
        falling[i] = lines[end - 1 - i]
    for m in range(MAX_ORDER):
        indices[m] = 0
    none = _sparseness(_filtered(rising), indices, 0, table, taps)
    best = none
    down = False
    for direction in range(2):
        values = falling if direction == 1 else rising
        filtered = _filtered(values)
        for start in range(3):
            if start < 2:
                _reflections(values, start == 1, table, trial)
            else:
                for m in range(MAX_ORDER):
                    trial[m] = 0
            kept = trial.copy()
            for m in range(_ORDERS[0], MAX_ORDER):
                trial[m] = 0
            cost = none
            for order in _ORDERS:
                cost = _descend(filtered, trial, order, table, taps)
                if order > _ORDERS[0] and cost > none - _PROMISING:
                    break
            promising = cost <= none - _PROMISING
            for full in range(2):
                if full == 1:
                    if start == 2:
                        break
                    if not promising and _sparseness(filtered, kept, MAX_ORDER, table, taps) > none:
                        break
                    for m in range(MAX_ORDER):
                        trial[m] = kept[m]
                    cost = _descend(filtered, trial, MAX_ORDER, table, taps)
                if cost < best:
                    best = cost
                    down = direction == 1
                    for m in range(MAX_ORDER):
                        indices[m] = trial[m]
    order = MAX_ORDER
    while order > 0 and indices[order - 1] == 0:
        order -= 1
    return none - best, order, down

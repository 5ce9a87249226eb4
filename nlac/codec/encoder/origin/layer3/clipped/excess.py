"""Samples beyond the rails, estimated from what is known of the lines of granules.

A clipped sample changes all lines of the granules that reach it. The lines are expected somewhere,
with some variance: near the values of bands that surely fit, else near zero with the power that
lines around have. The excess over the rails for which all lines are likeliest is the solution of
least squares, and what is left uncertain of it is noise of the lines that is known beforehand: much
where spectra are loud, nearly none where they are empty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of_part
from nlac.codec.encoder.origin.layer3.tables import Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, SUBBAND_LINES, SUBBANDS

MOST = 128  # clipped samples of a channel that are solved for at once
_APART = 64  # samples between those that are solved for one after the other
_LONGEST = 576  # samples that a group of them is long
_REACHED = 4  # granules that reach such a group
_ROWS = _REACHED * LINES
_LOADING = 1e-10  # of the diagonal, for what floating point loses
_USUAL = 2.5e-7  # over the square of an excess that is usual
_LARGEST = 32768.0  # excess, so that nothing grows without bounds
_WITHIN = 1.0  # of the rail, where samples may be that were not clipped
_BOUNDED = 16  # solutions, of which each keeps those at the rail that the one before left it for


@kernel
def _write_response(
    place: int, granule: int, kind: int, slots: Floats, lines: Floats, bank: Bank
) -> None:
    """Write the lines that a granule has of a sample of size 1."""
    window, cosines = bank.window, bank.cosines
    place -= LINES * granule
    first, end = max(place // 32 - 15, 0), min(place // 32 + 1, 36)
    if first >= end:
        lines[:] = 0.0
        return
    for slot in range(first, end):
        at = place - 32 * slot
        phase = at % 64
        sign = 1.0
        if phase == 16:
            sign = 0.0
            row = 0
        elif phase <= 15:
            row = phase
        elif phase <= 32:
            row = 32 - phase
            sign = -1.0
        elif phase <= 48:
            row = 64 - phase
        else:
            row = phase - 32
        factor = sign * window[at]
        for band in range(SUBBANDS):
            slots[slot, band] = factor * cosines[row, band]
    lines_of_part(slots, first, end, kind, lines, bank)


@kernel
def _decompose(matrix: Floats, count: int) -> None:
    """Replace a positive matrix by its Cholesky factor."""
    for row in range(count):
        for column in range(row + 1):
            total = matrix[row, column]
            for i in range(column):
                total -= matrix[row, i] * matrix[column, i]
            if row == column:
                matrix[row, row] = np.sqrt(max(total, 1e-30))
            else:
                matrix[row, column] = total / matrix[column, column]


@kernel
def solve_excess(
    samples: Floats,
    rails: NDArray[np.int8],
    blocks: NDArray[np.bool_],
    lines: Floats,
    kinds: NDArray[np.uint8],
    targets: Floats,
    spreads: Floats,
    noise: Floats,
    excess: Floats,
    told: bool,
    bank: Bank,
) -> int:
    """Move the clipped samples of a channel to where lines are the likeliest.

    Parameters
    ----------
    samples : (576 (G - 1) + 1632,) float64
        Samples; clipped ones are changed.
    rails : (576 (G - 1) + 1632,) int8
        Where and at which end they were clipped.
    blocks : (G + 2,) bool
        Which 576 samples are solved for.
    lines : (G, 576) float64
        Lines of the samples; changed with them.
    kinds : (G,) uint8
        Block types.
    targets, spreads : (G, 576) float64
        Where lines are expected, and with which variance.
    noise : (G, 32) float64
        What is left uncertain of the lines of each subband, mean of their variances; added to.
    excess : (576 (G - 1) + 1632,) float64
        How far clipped samples have been moved.
    told : bool
        Whether to tell noise.
    bank : Bank
        Tables.

    Returns
    -------
    int
        Work: products of lines of two samples.
    """
    count = len(lines)
    work = 0
    slots = np.empty((36, SUBBANDS))
    line = np.empty(LINES)
    places = np.empty(MOST, np.int64)
    rows = np.empty((MOST, _ROWS))
    weighted = np.empty(_ROWS)
    gram = np.empty((MOST, MOST))
    matrix = np.empty((MOST, MOST))
    right = np.empty(MOST)
    wanted = np.empty(MOST)
    solution = np.empty(MOST)
    free = np.empty(MOST, np.int64)
    held = np.empty(MOST, np.bool_)
    inside = 0
    at_sample = 0
    while at_sample < len(samples):
        found = 0
        while at_sample < len(samples) and found < MOST:
            if rails[at_sample] != 0 and blocks[at_sample // LINES]:
                places[found] = at_sample
                found += 1
            elif found > 0 and (
                at_sample - places[found - 1] >= _APART or at_sample - places[0] >= _LONGEST
            ):
                break
            at_sample += 1
        if found == 0:
            break
        first = max(places[0] // LINES - 2, 0)
        last = min(min(places[found - 1] // LINES + 1, count), first + _REACHED)
        size = (last - first) * LINES
        for j in range(found):
            for g in range(first, last):
                _write_response(places[j], g, kinds[g], slots, line, bank)
                for i in range(LINES):
                    rows[j, (g - first) * LINES + i] = line[i]
        for j in range(found):
            total = 0.0
            for g in range(first, last):
                for i in range(LINES):
                    at = (g - first) * LINES + i
                    weighted[at] = rows[j, at] / spreads[g, i]
                    total -= weighted[at] * (lines[g, i] - targets[g, i])
            right[j] = total
            for k in range(j + 1):
                # in lanes, which do not wait for each other
                total0 = total1 = total2 = total3 = 0.0
                for at in range(0, size, 4):
                    total0 += weighted[at] * rows[k, at]
                    total1 += weighted[at + 1] * rows[k, at + 1]
                    total2 += weighted[at + 2] * rows[k, at + 2]
                    total3 += weighted[at + 3] * rows[k, at + 3]
                gram[j, k] = gram[k, j] = (total0 + total1) + (total2 + total3)
            gram[j, j] += _LOADING * gram[j, j] + _USUAL
            held[j] = False
        # the excess itself, not its change
        for j in range(found):
            wanted[j] = right[j] - (_LOADING * gram[j, j] + _USUAL) * excess[places[j]]
            for k in range(found):
                wanted[j] += gram[j, k] * excess[places[k]]
        number = found
        for _ in range(_BOUNDED):
            number = 0
            for j in range(found):
                if not held[j]:
                    free[number] = j
                    number += 1
            for j in range(number):
                for k in range(j + 1):
                    matrix[j, k] = gram[free[j], free[k]]
            _decompose(matrix, number)
            for j in range(number):
                total = wanted[free[j]]
                for k in range(j):
                    total -= matrix[j, k] * solution[k]
                solution[j] = total / matrix[j, j]
            for j in range(number - 1, -1, -1):
                total = solution[j]
                for k in range(j + 1, number):
                    total -= matrix[k, j] * solution[k]
                solution[j] = total / matrix[j, j]
            inside = 0
            for j in range(number):
                if solution[j] * rails[places[free[j]]] < -_WITHIN:
                    held[free[j]] = True
                    inside += 1
            if inside == 0:
                break
        if inside > 0:
            # what is left may be anything together with these
            for j in range(number):
                solution[j] = 0.0
        for j in range(found):
            right[j] = -excess[places[j]]
        for j in range(number):
            right[free[j]] += max(min(solution[j], _LARGEST), -_LARGEST)
        for j in range(found):
            excess[places[j]] += right[j]
            samples[places[j]] += right[j]
            for g in range(first, last):
                for i in range(LINES):
                    lines[g, i] += right[j] * rows[j, (g - first) * LINES + i]
        work += found * found
        if not told:
            continue
        work += found * found
        # the variance of each line is the squared norm of its responses over the factor
        for j in range(number):
            for at in range(size):
                weighted[at] = rows[free[j], at]
            for k in range(j):
                factor = matrix[j, k]
                for at in range(size):
                    weighted[at] -= factor * rows[free[k], at]
            scale = 1.0 / matrix[j, j]
            for at in range(size):
                rows[free[j], at] = weighted[at] * scale
            for g in range(first, last):
                for i in range(LINES):
                    value = rows[free[j], (g - first) * LINES + i]
                    noise[g, i // SUBBAND_LINES] += value * value / SUBBAND_LINES
    return work

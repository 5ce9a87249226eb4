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

from nlac.codec.encoder.origin.cholesky import decompose, solve
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
_SINGULAR = 1e-30  # squared diagonal of a factor, at least
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
def _find_group(
    rails: NDArray[np.int8], blocks: NDArray[np.bool_], at: int, places: NDArray[np.int64]
) -> tuple[int, int]:
    """Write the places of clipped samples near each other; return their number, and the end."""
    found = 0
    while at < len(rails) and found < MOST:
        if rails[at] != 0 and blocks[at // LINES]:
            places[found] = at
            found += 1
        elif found > 0 and (at - places[found - 1] >= _APART or at - places[0] >= _LONGEST):
            break
        at += 1
    return found, at


@kernel
def _write_normal(
    rows: Floats, rest: Floats, spreads: Floats, found: int, gram: Floats, right: Floats
) -> None:
    """Write the matrix and the right side of the normal equations of an excess.

    Parameters
    ----------
    rows : (>= found, n) float64
        Lines of each sample.
    rest, spreads : (n,) float64
        How far lines are from where they are expected, and the variances of that.
    found : int
        Number of samples.
    gram, right : float64
        Overwritten.
    """
    size = len(rest)
    weighted = np.empty(size)
    for j in range(found):
        total = 0.0
        for at in range(size):
            weighted[at] = rows[j, at] / spreads[at]
            total -= weighted[at] * rest[at]
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


@kernel
def _solve_beyond(
    gram: Floats,
    wanted: Floats,
    signs: NDArray[np.int64],
    matrix: Floats,
    solution: Floats,
    free: NDArray[np.int64],
) -> int:
    """Solve for an excess that has certain signs.

    Parameters
    ----------
    gram : (>= n, >= n) float64
        Matrix.
    wanted : (>= n,) float64
        Right side.
    signs : (n,) int64
        Signs of the excess of each sample.
    matrix : (>= n, >= n) float64
        Overwritten by the factor of those that are solved for.
    solution : (>= n,) float64
        Excess of these; overwritten.
    free : (>= n,) int64
        Which they are; overwritten. Others are at the rail.

    Returns
    -------
    int
        Their number.
    """
    held = np.zeros(len(signs), np.bool_)
    number = 0
    for _ in range(_BOUNDED):
        number = 0
        for j in range(len(signs)):
            if not held[j]:
                free[number] = j
                number += 1
        for j in range(number):
            for k in range(j + 1):
                matrix[j, k] = gram[free[j], free[k]]
        decompose(matrix, number, _SINGULAR, _SINGULAR**0.5)
        for j in range(number):
            solution[j] = wanted[free[j]]
        solve(matrix, number, solution)
        inside = 0
        for j in range(number):
            if solution[j] * signs[free[j]] < -_WITHIN:
                held[free[j]] = True
                inside += 1
        if inside == 0:
            return number
    # what is left may be anything together with these
    for j in range(number):
        solution[j] = 0.0
    return number


@kernel
def _write_noise(
    rows: Floats, matrix: Floats, free: NDArray[np.int64], number: int, size: int, noise: Floats
) -> None:
    """Write the variance of each line that an excess is uncertain by; overwrite the rows.

    It is the squared norm of the line's responses over the factor of the normal equations.
    """
    whitened = np.empty(size)
    noise[:size] = 0.0
    for j in range(number):
        for at in range(size):
            whitened[at] = rows[free[j], at]
        for k in range(j):
            factor = matrix[j, k]
            for at in range(size):
                whitened[at] -= factor * rows[free[k], at]
        scale = 1.0 / matrix[j, j]
        for at in range(size):
            value = whitened[at] * scale
            rows[free[j], at] = value
            noise[at] += value * value


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
    slots = np.empty((36, SUBBANDS))
    places = np.empty(MOST, np.int64)
    rows = np.empty((MOST, _ROWS))
    rest, spread, unsure = np.empty(_ROWS), np.empty(_ROWS), np.empty(_ROWS)
    gram, matrix = np.empty((MOST, MOST)), np.empty((MOST, MOST))
    right, solution, moves = np.empty(MOST), np.empty(MOST), np.empty(MOST)
    free, signs = np.empty(MOST, np.int64), np.empty(MOST, np.int64)
    work, after = 0, 0
    while after < len(samples):
        found, after = _find_group(rails, blocks, after, places)
        if found == 0:
            break
        first = max(places[0] // LINES - 2, 0)
        last = min(min(places[found - 1] // LINES + 1, count), first + _REACHED)
        size = (last - first) * LINES
        for g in range(first, last):
            begin = LINES * (g - first)
            for i in range(LINES):
                rest[begin + i] = lines[g, i] - targets[g, i]
                spread[begin + i] = spreads[g, i]
            for j in range(found):
                own = rows[j, begin : begin + LINES]
                _write_response(places[j], g, kinds[g], slots, own, bank)
        _write_normal(rows, rest[:size], spread[:size], found, gram, right)
        # for the excess itself, not its change
        for j in range(found):
            signs[j] = rails[places[j]]
            moves[j] = -excess[places[j]]
            right[j] -= (_LOADING * gram[j, j] + _USUAL) * excess[places[j]]
            for k in range(found):
                right[j] += gram[j, k] * excess[places[k]]
        number = _solve_beyond(gram, right, signs[:found], matrix, solution, free)
        for j in range(number):
            moves[free[j]] += max(min(solution[j], _LARGEST), -_LARGEST)
        for j in range(found):
            excess[places[j]] += moves[j]
            samples[places[j]] += moves[j]
            for g in range(first, last):
                for i in range(LINES):
                    lines[g, i] += moves[j] * rows[j, LINES * (g - first) + i]
        work += found * found
        if told:
            work += found * found
            _write_noise(rows, matrix, free, number, size, unsure)
            for g in range(first, last):
                for i in range(LINES):
                    mean = unsure[LINES * (g - first) + i] / SUBBAND_LINES
                    noise[g, i // SUBBAND_LINES] += mean
    return work

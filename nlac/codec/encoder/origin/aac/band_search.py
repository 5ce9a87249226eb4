"""Search of the step of each band of a frame, jointly over its bands.

The cost of a step for a band is the squared misfit of its lines over twice the noise's variance,
in bits, and the bits of its values. Steps of neighbouring bands are mostly near, so dynamic
programming over the bands chooses. Bands of zeros need no step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.tables import NUM_STEPS, Ladder
from nlac.codec.encoder.origin.layer3.tables import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import MAX_VALUE

IMPOSSIBLE = 1e15
NO_INDEX = -1  # of the step of a band of zeros
BITS = 0.7213475204444817  # of a squared misfit of one variance
_CHANGE = 1.0  # bits of each step
_SLOPE = 0.6  # of each unit of difference
_STEEPEST = 12.0  # of all units of difference at most
# what another step can save elsewhere, so that a costlier one is never chosen
_MARGIN = 2 * (_CHANGE + _STEEPEST)
_LARGEST = 165113.0  # MAX_VALUE ** (4 / 3), rounded down
_LIKELY = 28.0  # bits a line that a right step hardly ever costs


@kernel
def size_index(size: float, root: float, index: int, ladder: Ladder) -> int:
    """Return the value nearest to a magnitude, whose power 3/4 is `root`, with a step."""
    value = min(int(root * ladder.inverse[index]), MAX_VALUE - 1)
    size /= ladder.steps[index]
    if ladder.powers[value + 1] - size < size - ladder.powers[value]:
        value += 1
    return value


@kernel
def _cost_of_step(
    sizes: Floats,
    roots: Floats,
    begin: int,
    end: int,
    index: int,
    weight: float,
    limit: float,
    ladder: Ladder,
) -> float:
    """Return the cost of a step; more than the limit if above, impossible if by bits alone."""
    powers, bits = ladder.powers, ladder.bits
    step = ladder.steps[index]
    inverse = ladder.inverse[index]
    scaled = weight * step * step
    reciprocal = 1.0 / step
    cost = 0.0
    needed = 0.0
    for i in range(begin, end):
        size = sizes[i] * reciprocal
        value = int(roots[i] * inverse)
        off = size - powers[value]
        over = powers[value + 1] - size
        if over < off:
            off = over
            value += 1
        cost += off * off * scaled + bits[value]
        needed += bits[value]
        if cost > limit:
            break
    return IMPOSSIBLE if needed > limit else cost


@kernel
def costs_of_band(
    sizes: Floats,
    roots: Floats,
    begin: int,
    end: int,
    hint: int,
    weight: float,
    costs: Floats,
    ladder: Ladder,
) -> tuple[float, int]:
    """Write the cost of each step of a band that can be part of the best choice.

    Parameters
    ----------
    sizes, roots : float64
        Magnitudes of lines by band, and their powers 3/4.
    begin, end : int
        Lines of the band.
    hint : int
        Index of a likely step, or negative.
    weight : float
        Bits of a squared misfit of 1.
    costs : (NUM_STEPS,) float64
        Overwritten; `IMPOSSIBLE` where the step can't be chosen.
    ladder : Ladder
        Tables.

    Returns
    -------
    float
        Cost of zeros without a step.
    int
        Index of the step of least cost, or `NO_INDEX`.
    """
    largest = 0.0
    energy = 0.0
    for i in range(begin, end):
        energy += sizes[i] * sizes[i]
        largest = max(largest, sizes[i])
    zero = energy * weight
    for index in range(NUM_STEPS):
        costs[index] = IMPOSSIBLE
    reach = 1.6 * largest + 0.85 / np.sqrt(weight)
    likely = _LIKELY * (end - begin) + 60.0
    choice = NO_INDEX
    for attempt in range(2):
        best = min(zero, likely) if attempt == 0 else zero
        if hint >= 0 and largest <= ladder.steps[hint] * _LARGEST:
            cost = _cost_of_step(sizes, roots, begin, end, hint, weight, best + _MARGIN, ladder)
            best = min(best, cost)
        least = IMPOSSIBLE
        for index in range(NUM_STEPS - 1, -1, -1):
            step = ladder.steps[index]
            if step > reach:
                continue
            if largest > step * _LARGEST:
                break
            limit = best + _MARGIN
            cost = _cost_of_step(sizes, roots, begin, end, index, weight, limit, ladder)
            if cost <= limit:
                costs[index] = cost
                best = min(best, cost)
                if cost < least:
                    least = cost
                    choice = index
            elif cost >= IMPOSSIBLE:
                break  # finer steps take more bits still
        if choice != NO_INDEX or zero <= likely:
            break
    return zero, choice


@kernel
def choose_steps(
    costs: Floats, zeros: Floats, count: int, origin: NDArray[np.int16], chosen: NDArray[np.int64]
) -> float:
    """Choose the steps of bands that follow each other; return their cost.

    Parameters
    ----------
    costs : (>= count, NUM_STEPS) float64
        Cost of each step for each band.
    zeros : (>= count,) float64
        Cost of zeros for each band.
    count : int
        Number of bands.
    origin : (>= count, NUM_STEPS) int16
        Overwritten.
    chosen : (>= count,) int64
        Index of the step of each band, or `NO_INDEX`; overwritten.
    """
    state = np.zeros(NUM_STEPS)
    nearest = np.empty(NUM_STEPS)
    source = np.empty(NUM_STEPS, np.int64)
    for band in range(count):
        least_at = 0
        for k in range(NUM_STEPS):
            nearest[k] = state[k]
            source[k] = k
            if state[k] < state[least_at]:
                least_at = k
        for k in range(1, NUM_STEPS):
            if nearest[k - 1] + _SLOPE < nearest[k]:
                nearest[k] = nearest[k - 1] + _SLOPE
                source[k] = source[k - 1]
        for k in range(NUM_STEPS - 2, -1, -1):
            if nearest[k + 1] + _SLOPE < nearest[k]:
                nearest[k] = nearest[k + 1] + _SLOPE
                source[k] = source[k + 1]
        farthest = state[least_at] + _STEEPEST
        for k in range(NUM_STEPS):
            origin[band, k] = -1
            total = state[k] + zeros[band]
            if costs[band, k] < IMPOSSIBLE:
                before = nearest[k]
                came = source[k]
                if farthest < before:
                    before = farthest
                    came = least_at
                before += _CHANGE + costs[band, k]
                if before < total:
                    total = before
                    origin[band, k] = came
            state[k] = total
    at = 0
    for k in range(NUM_STEPS):
        if state[k] < state[at]:
            at = k
    cost = state[at]
    for band in range(count - 1, -1, -1):
        came = origin[band, at]
        chosen[band] = at if came >= 0 else NO_INDEX
        if came >= 0:
            at = came
    return float(cost)

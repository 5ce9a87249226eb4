"""What each step costs for the lines of a band: its misfit, and the bits of its values.

Kernels take a *ladder*, a named tuple that begins with the fields of `StepTables`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.kernels.jit import kernel

IMPOSSIBLE = 1e15
NO_INDEX = -1  # of the step of a band of zeros
BITS = 0.7213475204444817  # of a squared misfit of one variance
_LIKELY = 28.0  # bits a line that a right step hardly ever costs


class StepTables(NamedTuple):
    """Tables of steps and values.

    Attributes
    ----------
    powers : (most + 2,) float64
        n ** (4 / 3).
    bits : (most + 2,) float64
        Estimate of the bits of a value, with its sign.
    steps : (steps,) float64
        2 ** (k / 4) for k from a least one on.
    inverse : (steps,) float64
        2 ** (-3 k / 16): what the power 3/4 of a magnitude is multiplied by.
    """

    powers: Floats
    bits: Floats
    steps: Floats
    inverse: Floats


def step_tables(bits: Floats, least: int, count: int) -> StepTables:
    """Return the tables of `count` steps from an exponent on, and of as many values as `bits`."""
    magnitudes = np.arange(len(bits), dtype=np.float64)
    exponents = least + np.arange(count)
    return StepTables(
        rounded(np.cbrt(magnitudes) * magnitudes),
        rounded(bits),
        np.ldexp(rounded(2.0 ** (exponents % 4 / 4)), exponents // 4),
        np.ldexp(rounded(2.0 ** (-3 * exponents % 16 / 16)), -3 * exponents // 16),
    )


@kernel
def size_index(size: float, root: float, index: int, ladder: Any) -> int:
    """Return the value nearest to a magnitude, whose power 3/4 is `root`, with a step."""
    value = min(int(root * ladder.inverse[index]), len(ladder.powers) - 3)
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
    ladder: Any,
) -> float:
    """Return the cost of a step; more than the limit if above, impossible if by bits alone."""
    powers, bits = ladder.powers, ladder.bits
    step = ladder.steps[index]
    inverse = ladder.inverse[index]
    scaled = weight * step * step
    reciprocal = 1.0 / step
    most = len(powers) - 3
    cost = 0.0
    needed = 0.0
    for i in range(begin, end):
        size = sizes[i] * reciprocal
        value = min(int(roots[i] * inverse), most)
        off = size - powers[value]
        over = powers[value + 1] - size
        if over < off:
            off = over
            value += 1
        needed += bits[value]
        cost += off * off * scaled + bits[value]
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
    parities: int,
    margin: float,
    costs: Floats,
    ladder: Any,
) -> tuple[float, float, int]:
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
    parities : int
        2 where steps of even and of odd index are chosen among themselves, else 1.
    margin : float
        Bits that another step can save elsewhere: a costlier one is never chosen.
    costs : (steps,) float64
        Overwritten; `IMPOSSIBLE` where the step can't be chosen.
    ladder : StepTables
        Tables, or a named tuple that has these and more.

    Returns
    -------
    float
        Cost of zeros without a step.
    float
        Least cost of any step, or of zeros.
    int
        Index of the step of least cost, or `NO_INDEX`.
    """
    largest = 0.0
    energy = 0.0
    for i in range(begin, end):
        energy += sizes[i] * sizes[i]
        largest = max(largest, sizes[i])
    zero = energy * weight
    steps = len(ladder.steps)
    for index in range(steps):
        costs[index] = IMPOSSIBLE
    most = ladder.powers[len(ladder.powers) - 2]
    reach = 1.6 * largest + 0.85 / np.sqrt(weight)
    likely = _LIKELY * (end - begin) + 60.0
    best = np.empty(2)
    choice = NO_INDEX
    for attempt in range(2):
        best[0] = best[1] = min(zero, likely) if attempt == 0 else zero
        if hint >= 0 and largest <= ladder.steps[hint] * most:
            parity = hint & (parities - 1)
            limit = best[parity] + margin
            cost = _cost_of_step(sizes, roots, begin, end, hint, weight, limit, ladder)
            best[parity] = min(best[parity], cost)
        least = IMPOSSIBLE
        for index in range(steps - 1, -1, -1):
            step = ladder.steps[index]
            if step > reach:
                continue
            if largest > step * most:
                break
            parity = index & (parities - 1)
            limit = best[parity] + margin
            cost = _cost_of_step(sizes, roots, begin, end, index, weight, limit, ladder)
            if cost <= limit:
                costs[index] = cost
                best[parity] = min(best[parity], cost)
                if cost < least:
                    least = cost
                    choice = index
            elif cost >= IMPOSSIBLE and parities == 1:
                break  # finer steps take more bits still
        if choice != NO_INDEX or zero <= likely:
            break
    return zero, min(zero, best[0], best[parities - 1]), choice

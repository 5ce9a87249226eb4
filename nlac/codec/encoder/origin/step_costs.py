"""What each step costs for the lines of a band: its misfit, and the bits of its values.

Kernels take a *ladder*, a named tuple that begins with the fields of `StepTables`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.kernels.jit import inline_kernel, kernel

IMPOSSIBLE = 1e15
NO_INDEX = -1  # of the step of a band of zeros
BITS = 0.7213475204444817  # of a squared misfit of one variance
_LIKELY = 28.0  # bits a line that a right step hardly ever costs
# (3 / 4 * 4.2) ** 4 * BITS ** 2: values are 4 / 3 * (size * step ** 3) ** (1 / 4) apart
_UNRELATED = 51.2
_TINY = 1e-30
_BY_BITS = -1.0  # instead of a cost


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


@inline_kernel
def _value_below(root: float, inverse: float, most: int) -> np.uint64:
    """Return the value below a line, as an index that can't be negative."""
    return np.uint64(min(int(root * inverse), most))


@inline_kernel
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
    """Return the cost of a step; more than the limit if above, `_BY_BITS` if by bits alone."""
    powers, bits = ladder.powers, ladder.bits
    step = ladder.steps[index]
    inverse = ladder.inverse[index]
    scaled = weight * step * step
    reciprocal = 1.0 / step
    most, one = len(powers) - 3, np.uint64(1)
    cost = 0.0
    needed = 0.0
    at = begin
    # four at a time, which do not wait for each other
    while at + 4 <= end and cost <= limit:
        v0 = _value_below(roots[at], inverse, most)
        v1 = _value_below(roots[at + 1], inverse, most)
        v2 = _value_below(roots[at + 2], inverse, most)
        v3 = _value_below(roots[at + 3], inverse, most)
        s0, s1 = sizes[at] * reciprocal, sizes[at + 1] * reciprocal
        s2, s3 = sizes[at + 2] * reciprocal, sizes[at + 3] * reciprocal
        d0, d1, d2, d3 = s0 - powers[v0], s1 - powers[v1], s2 - powers[v2], s3 - powers[v3]
        u0, u1 = powers[v0 + one] - s0, powers[v1 + one] - s1
        u2, u3 = powers[v2 + one] - s2, powers[v3 + one] - s3
        spent = (bits[v0 + np.uint64(u0 < d0)] + bits[v1 + np.uint64(u1 < d1)]) + (
            bits[v2 + np.uint64(u2 < d2)] + bits[v3 + np.uint64(u3 < d3)]
        )
        d0, d1, d2, d3 = min(d0, u0), min(d1, u1), min(d2, u2), min(d3, u3)
        needed += spent
        cost += ((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3)) * scaled + spent
        at += 4
    while at < end and cost <= limit:
        value = _value_below(roots[at], inverse, most)
        size = sizes[at] * reciprocal
        down, up = size - powers[value], powers[value + one] - size
        spent = bits[value + np.uint64(up < down)]
        down = min(down, up)
        needed += spent
        cost += down * down * scaled + spent
        at += 1
    return _BY_BITS if needed > limit else cost


@kernel
def _bound(
    sizes: Floats,
    roots: Floats,
    begin: int,
    end: int,
    hint: int,
    weight: float,
    largest: float,
    energy: float,
    likely: float,
    ladder: Any,
) -> tuple[int, float]:
    """Return the index and cost of a step that costs little, so that dearer ones end early."""
    steps, most = ladder.steps, ladder.powers[len(ladder.powers) - 2]
    zero = energy * weight
    if hint >= 0 and largest <= steps[hint] * most:
        cost = _cost_of_step(sizes, roots, begin, end, hint, weight, zero, ladder)
        if 0.0 <= cost <= likely:
            return hint, cost
    # of lines that are not near to values, where these are about four deviations apart
    size = np.sqrt(energy / (end - begin))
    cubed = _UNRELATED / (weight * weight * size + _TINY)
    index = len(steps) - 1
    while index > 0:
        step = steps[index - 1]
        if largest > step * most or step * step * step < cubed:
            break
        index -= 1
    if largest > steps[index] * most:
        return NO_INDEX, zero
    cost = _cost_of_step(sizes, roots, begin, end, index, weight, zero, ladder)
    return index, zero if cost == _BY_BITS else cost


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
    cap: float,
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
    cap : float
        Bits above which the band is of no interest.
    costs : (steps,) float64
        Overwritten; `IMPOSSIBLE` where the step can't be chosen.
    ladder : StepTables
        Tables, or a named tuple that has these and more.

    Returns
    -------
    float
        Cost of zeros without a step.
    float
        Least cost of any step, or of zeros; above the cap, if all are.
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
    known, bound = _bound(sizes, roots, begin, end, hint, weight, largest, energy, likely, ladder)
    best = np.empty(2)
    ended = np.empty(2, np.bool_)
    choice = NO_INDEX
    least = zero
    for attempt in range(2):
        best[0] = best[1] = min(zero, cap, likely) if attempt == 0 else min(zero, cap)
        ended[:] = False
        if known >= 0:
            parity = known & (parities - 1)
            best[parity] = min(best[parity], bound)
        cheapest = IMPOSSIBLE
        for index in range(steps - 1, -1, -1):
            step = ladder.steps[index]
            if step > reach:
                continue
            if largest > step * most:
                break
            parity = index & (parities - 1)
            if ended[parity]:
                continue
            limit = best[parity] + margin
            cost = _cost_of_step(sizes, roots, begin, end, index, weight, limit, ladder)
            if cost == _BY_BITS:
                # finer steps take more bits still
                ended[parity] = True
                if ended[0] and ended[parities - 1]:
                    break
            elif cost <= limit:
                costs[index] = cost
                best[parity] = min(best[parity], cost)
                if cost < cheapest:
                    cheapest = cost
                    choice = index
        least = min(zero, cheapest)
        if choice != NO_INDEX or min(zero, cap) <= likely:
            break
    return zero, least, choice

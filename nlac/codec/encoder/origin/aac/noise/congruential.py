"""The state of a linear congruential generator modulo 2**32 from eight lines of noise.

States that follow each other make a lattice, and lines that are known to a few percent are nearest
to one point of it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.noise import NOISE_FACTOR, NOISE_TERM

_MASK = (1 << 32) - 1
DIMENSIONS = 8
# states that follow each other, less those that follow 0, are sums of these, which are short
_BASIS = (
    (4675473, -39045027, 21555897, 172663141, 83193889, -27469907, -125115959, 27561269),
    (-150444185, -38843845, -113424641, 21837043, -4226473, 86460523, -62107793, -111328605),
    (144228313, 140719109, 138453569, 71770957, 36862185, 125696469, -121795119, 25852317),
    (128826504, 104383208, -147696184, -62649560, 47087880, 95272296, 41029192, -159159896),
    (-143025871, -100708995, -66339495, -138734715, 105118657, -40128819, -91058583, 108007765),
    (50075716, -149138572, -66816796, -49231980, 114498180, 204271796, 130281764, 59479764),
    (-191656630, 33794242, 173989338, -41934830, 235588842, 118203362, -696710, -50042830),
    (21818863, -200519901, 110294727, -46607845, 71069023, -118724653, -117811273, -192389557),
)
_BACK = pow(NOISE_FACTOR, -1, 1 << 32)


class Lattice(NamedTuple):
    """Tables of the generator.

    Attributes
    ----------
    basis : (8, 8) int64
        A reduced basis of the lattice.
    inverse : (8, 8) float64
        Its inverse.
    followers : (8,) int64
        The states that follow 0, the first of which is 0 itself.
    """

    basis: NDArray[np.int64]
    inverse: Floats
    followers: NDArray[np.int64]


@cache
def lattice() -> Lattice:
    """Return the tables of the generator."""
    followers = [0]
    for _ in range(DIMENSIONS - 1):
        followers.append((followers[-1] * NOISE_FACTOR + NOISE_TERM) & _MASK)
    return Lattice(np.array(_BASIS, np.int64), _inverse(_BASIS), np.array(followers, np.int64))


def _inverse(rows: tuple[tuple[int, ...], ...]) -> Floats:
    """Invert a matrix by elimination, in the same order everywhere."""
    count = len(rows)
    work = [[float(x) for x in row] + [0.0] * count for row in rows]
    for i in range(count):
        work[i][count + i] = 1.0
    for i in range(count):
        best = max(range(i, count), key=lambda j: abs(work[j][i]))
        work[i], work[best] = work[best], work[i]
        factor = work[i][i]
        work[i] = [x / factor for x in work[i]]
        for j in range(count):
            if j != i:
                factor = work[j][i]
                work[j] = [x - factor * y for x, y in zip(work[j], work[i], strict=True)]
    return np.array([row[count:] for row in work])


@kernel
def state_before(lines: Floats, begin: int, scale: float, tables: Lattice) -> int:
    """Return the state before lines that are states divided by a scale, but for small errors."""
    target = np.empty(DIMENSIONS)
    for i in range(DIMENSIONS):
        target[i] = lines[begin + i] * scale - tables.followers[i]
    first = 0
    for j in range(DIMENSIONS):
        factor = 0.0
        for i in range(DIMENSIONS):
            factor += target[i] * tables.inverse[i, j]
        first += int(np.floor(factor + 0.5)) * tables.basis[j, 0]
    return ((first - NOISE_TERM) * _BACK) & _MASK

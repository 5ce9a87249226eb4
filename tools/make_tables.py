"""Make the normative cumulative tables of the format (spec, section "Distributions").

Everything is computed with 60 decimal digits, so the rounding to integers
is that of the exact real value; the file that is written is the same on every
machine.  Run from the root of the repository::

    python tools/make_tables.py

It rewrites ``nlac/bitstream/distribution.bin``; a test holds the hash of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal, getcontext
from functools import cache
from itertools import pairwise
from pathlib import Path

getcontext().prec = 60
D = Decimal
CELLS_PER_UNIT = 32
REACH = 16  # in units of the mean absolute deviation
CELLS = 2 * REACH * CELLS_PER_UNIT
TOTAL = 1 << 24
TAIL = 64
FLOOR = 8  # counts a cell gets at least
PI = D("3.14159265358979323846264338327950288419716939937510582097494459")
HALF = D("0.5")

Cumulative = Callable[[Decimal], Decimal]


def _round(value: Decimal) -> int:
    return int((value + HALF).to_integral_value(rounding=ROUND_FLOOR))


@cache
def gaussian(u: Decimal) -> Decimal:
    """Gaussian with mean absolute deviation 1: variance pi/2."""
    z = u / PI.sqrt()  # u / (sigma * sqrt 2)
    if abs(z) > 11:
        return D(1) if z > 0 else D(0)
    # erf z = 2/sqrt(pi) * exp(-z^2) * sum 2^n z^(2n+1) / (2n+1)!!, all terms of one sign
    term, total, n = z, z, 0
    while abs(term) > D("1e-58"):
        n += 1
        term = term * 2 * z * z / (2 * n + 1)
        total += term
    return HALF + (-(z * z)).exp() * total / PI.sqrt()


@cache
def logistic(u: Decimal) -> Decimal:
    """Logistic with mean absolute deviation 1: scale 1 / (2 ln 2)."""
    return 1 / (1 + (-u * 2 * D(2).ln()).exp())


@cache
def laplace(u: Decimal) -> Decimal:
    """Laplace with mean absolute deviation 1."""
    return 1 - HALF * (-u).exp() if u >= 0 else HALF * u.exp()


def _mix(*parts: tuple[Decimal, Cumulative, Decimal]) -> Cumulative:
    return lambda u: sum((w * f(u / scale) for w, f, scale in parts), D(0))


SHAPES: tuple[Cumulative, ...] = (
    gaussian,
    _mix((HALF, gaussian, D(1)), (HALF, logistic, D(1))),
    logistic,
    _mix((HALF, logistic, D(1)), (HALF, laplace, D(1))),
    laplace,
    _mix((D("0.75"), laplace, D("0.7")), (D("0.25"), laplace, D("1.9"))),
    _mix((D("0.85"), laplace, D("0.5")), (D("0.15"), laplace, D(23) / D(6))),
)


def cumulative_row(shape: Cumulative) -> list[int]:
    """Frequencies below each cell edge, of `TOTAL`; antisymmetric about the centre."""
    span = TOTAL - 2 * TAIL - FLOOR * CELLS
    outside = shape(D(-REACH))
    half = CELLS // 2
    right = [
        _round((shape(D(j) / CELLS_PER_UNIT) - HALF) / (1 - 2 * outside) * span) + FLOOR * j
        for j in range(half + 1)
    ]
    centre = TOTAL // 2
    return [centre - right[-j] if j < 0 else centre + right[j] for j in range(-half, half + 1)]


def clipped_mean(row: list[int]) -> int:
    """Mean of min(|u|, 1) in Q16, from the table itself: falls as the shape grows peaked."""
    total = 0
    for cell in range(CELLS):
        twice = abs(2 * (cell - CELLS // 2) + 1)  # centre of the cell in half cells
        total += (row[cell + 1] - row[cell]) * min(twice, 2 * CELLS_PER_UNIT)
    return (total << 16) // (2 * CELLS_PER_UNIT * (row[-1] - row[0]))


def _powers(base_bits: int, sign: int) -> list[int]:
    return [_round(D(2) ** (base_bits + D(sign * i) / 16)) for i in range(16)]


def main() -> None:
    """Write the table file: cumulative rows, shape thresholds, scale mantissas (all int32)."""
    rows = [cumulative_row(shape) for shape in SHAPES]
    moments = [clipped_mean(row) for row in rows]
    thresholds = [(a + b) // 2 for a, b in pairwise(moments)]
    numbers = [n for row in rows for n in row]
    numbers += thresholds + _powers(16, -1) + _powers(15, 1)
    target = Path(__file__).parents[1] / "nlac" / "bitstream" / "distribution.bin"
    target.write_bytes(struct.pack(f"<{len(numbers)}i", *numbers))
    print("shape moments", moments, "thresholds", thresholds)


if __name__ == "__main__":
    main()

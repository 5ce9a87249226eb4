"""Arithmetic of GF(2^16) on arrays of symbols (spec 6.11.3).

A symbol is a polynomial over GF(2) modulo ``x^16 + x^12 + x^3 + x + 1``; alpha is x. Sums are
exclusive ors. Products by powers of alpha are shifts of whole vectors (`fold_rows`), by other
numbers look-ups in tables.

No library was found that corrects errors at unknown places at the speed of a disk; docs/damage.md
has those that were measured.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import I16, I64, constant, fill, load, loop, store, types, vector, vectorised
from nlac.kernels.memory import address, load_i16, store_16

Symbols: TypeAlias = NDArray[np.uint16]

POLYNOMIAL = 0x1100B
ORDER = (1 << 16) - 1
# symbols of a tile: columns are folded so many at a time, in registers
TILE = 64
_MOST = 12  # powers of alpha of a step; up to 13 no bit is lost
_LANES = vector(I16, TILE)


@lru_cache(maxsize=1)
def tables() -> tuple[NDArray[np.int32], Symbols]:
    """Logarithms, shape (65536,), and powers of alpha, shape (131072,); log 0 is not used."""
    powers = np.zeros(2 * (ORDER + 1), np.uint16)
    logs = np.zeros(ORDER + 1, np.int32)
    value = 1
    for i in range(ORDER):
        powers[i] = powers[i + ORDER] = value
        logs[value] = i
        value <<= 1
        if value > ORDER:
            value ^= POLYNOMIAL
    return logs, powers


@kernel
def multiply(x, y, logs, powers):
    """Product of two symbols, int64."""
    if x == 0 or y == 0:
        return np.int64(0)
    return np.int64(powers[logs[x] + logs[y]])


@kernel
def inverse(x, logs, powers):
    """Inverse of a symbol that is not 0, int64."""
    return np.int64(powers[ORDER - logs[x]])


@kernel
def plain_fold_rows(sums, rows, stride, count, steps, rest):
    """Plain loop of `fold_rows`."""
    for lane in range(TILE):
        value = load_i16(sums, lane) & ORDER
        for row in range(count):
            for step in range(steps + 1):
                power = _MOST if step < steps else rest
                spill = value >> (16 - power)
                spill ^= (spill >> 4) ^ (spill >> 8)
                value = value << power ^ spill ^ spill << 1 ^ spill << 3 ^ spill << 12
                value &= ORDER
            value ^= load_i16(rows + row * stride, lane) & ORDER
        store_16(sums, lane, value)


def _raise(builder: Any, value: Any, power: Any, left: Any) -> Any:
    """Multiply lanes by alpha^power, 1 <= power <= 13; `left` is 16 - power."""

    def shifted(bits: int) -> Any:
        return builder.shl(spill, constant(_LANES, bits))

    # what is shifted out at the top is multiplied by alpha^16 = 1 + alpha + alpha^3 + alpha^12;
    # of the last term some is shifted out again, twice at most
    out = builder.lshr(value, left)
    spill = builder.xor(out, builder.lshr(out, constant(_LANES, 4)))
    spill = builder.xor(spill, builder.lshr(out, constant(_LANES, 8)))
    value = builder.xor(builder.shl(value, power), spill)
    for bits in (1, 3, 12):
        value = builder.xor(value, shifted(bits))
    return value


@vectorised(plain_fold_rows)
def fold_rows(
    typing_context: Any, sums: Any, rows: Any, stride: Any, count: Any, steps: Any, rest: Any
) -> Any:
    """Horner's rule for 64 columns: sums = sums x alpha^(12 steps + rest) + row, for each row.

    `sums` and `rows` are addresses, `stride` the bytes from row to row, `rest` 1 to 12.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, rows, stride, count, steps, rest = arguments
        rest = builder.trunc(rest, I16)
        power, left = (fill(builder, n, TILE) for n in (rest, builder.sub(I16(16), rest)))
        whole = [constant(_LANES, _MOST), constant(_LANES, 16 - _MOST)]

        def step(index: Any, value: Any) -> list[Any]:
            return [_raise(builder, value, *whole)]

        def row(index: Any, value: Any) -> list[Any]:
            (value,) = loop(builder, I64(0), steps, 1, [value], step)
            value = _raise(builder, value, power, left)
            place = builder.add(rows, builder.mul(index, stride))
            return [builder.xor(value, load(builder, _LANES, place))]

        (value,) = loop(builder, I64(0), count, 1, [load(builder, _LANES, sums)], row)
        store(builder, value, sums)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), code


@kernel
def fold(sums, rows, count):
    """Horner's rule for each power sum: sums[j] = sums[j] alpha^j + row, for each row.

    Parameters
    ----------
    sums : uint16, shape (parity shards, columns)
        Changed in place. The number of columns is a multiple of `TILE`.
    rows : uint16, shape (at least count, columns)
        Symbols of consecutive shards.
    count : int
        Rows to take.
    """
    columns = sums.shape[1]
    stride = np.int64(2 * rows.shape[1])
    base, source = address(sums), address(rows)
    for begin in range(0, columns, TILE):
        for row in range(count):
            for i in range(begin, begin + TILE):
                sums[0, i] ^= rows[row, i]
        for j in range(1, len(sums)):
            steps = (j - 1) // _MOST
            place = base + 2 * (j * columns + begin)
            fold_rows(place, source + 2 * begin, stride, count, steps, j - steps * _MOST)


@kernel
def multiply_add(target, source, factor, logs, powers):
    """Add factor times source to target, symbol by symbol; both uint16 of the same length."""
    if factor == 0:
        return
    low, high = np.zeros(256, np.uint16), np.zeros(256, np.uint16)
    for i in range(1, 256):
        low[i] = powers[logs[i] + logs[factor]]
        high[i] = powers[logs[i << 8] + logs[factor]]
    for i in range(len(source)):
        target[i] ^= low[source[i] & 255] ^ high[source[i] >> 8]


@kernel
def multiply_matrix(target, matrix, source, logs, powers):
    """Add the product of a matrix and the rows of `source` to the rows of `target`."""
    for i in range(len(target)):
        for j in range(len(source)):
            multiply_add(target[i], source[j], np.int64(matrix[i, j]), logs, powers)


@kernel
def power_matrix(exponents, powers):
    """Symbols alpha^(j exponents[i]) in row j and column i, a square."""
    count = len(exponents)
    matrix = np.zeros((count, count), np.uint16)
    for j in range(count):
        for i in range(count):
            matrix[j, i] = powers[j * exponents[i] % ORDER]
    return matrix


@kernel
def invert(matrix, logs, powers):
    """Inverse of a square matrix of symbols that has one, by Gauss-Jordan elimination."""
    count = len(matrix)
    left = matrix.copy()
    right = np.zeros((count, count), np.uint16)
    for i in range(count):
        right[i, i] = 1
    for i in range(count):
        pivot = i
        while left[pivot, i] == 0:
            pivot += 1
        if pivot != i:
            for j in range(count):
                left[i, j], left[pivot, j] = left[pivot, j], left[i, j]
                right[i, j], right[pivot, j] = right[pivot, j], right[i, j]
        scale = inverse(left[i, i], logs, powers)
        for j in range(count):
            left[i, j] = multiply(left[i, j], scale, logs, powers)
            right[i, j] = multiply(right[i, j], scale, logs, powers)
        for row in range(count):
            factor = left[row, i]
            if row != i and factor:
                for j in range(count):
                    left[row, j] ^= multiply(left[i, j], factor, logs, powers)
                    right[row, j] ^= multiply(right[i, j], factor, logs, powers)
    return right


def solver(exponents: NDArray[np.int64]) -> Symbols:
    """Matrix that turns power sums 0 to n - 1 into the n symbols at these positions.

    Parameters
    ----------
    exponents : int64, shape (n,)
        Positions in the code word, all different.
    """
    logs, powers = tables()
    result: Symbols = invert(power_matrix(exponents, powers), logs, powers)
    return result


__all__ = [
    "ORDER",
    "TILE",
    "Symbols",
    "fold",
    "inverse",
    "multiply",
    "multiply_matrix",
    "solver",
    "tables",
]

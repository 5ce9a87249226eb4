"""Least squares in integers: Cholesky factorisation of a covariance matrix, and back substitution.

All arithmetic is in int64. Entries of the factor have 31 bits, so that a product needs one vector
instruction. Matrices are upper triangles with rows `stride` cells apart. The target of the
prediction is the last variable. The integer scaling is this project's own.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.arithmetic import bit_length, square_root
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.kernels.vectors_i64 import (
    I64_LANES,
    TOGETHER,
    divide,
    dot_low,
    eliminate,
    eliminate_together,
)

COEFFICIENT_BITS = 20  # fraction bits of a coefficient
_TOP = 60  # bits of the largest diagonal entry before the factorisation
_SIDE = np.int64(1) << 31
# a smaller pivot is rounding noise, a larger one has wrapped around: the variable is left out
_LEAST_PIVOT = np.int64(1) << 30
_MOST_PIVOT = (np.int64(1) << 61) - 1


@kernel
def solve(covariance, factor, stride, first, count, loading, coefficients, inverses):
    """Solve for the coefficients of variables first .. count - 2; the target is count - 1.

    Parameters
    ----------
    covariance : address of (count, stride) int64
        Not changed.
    factor : address of (count, stride) int64
        Work space. Vectors begin at multiples of 16 variables and also write cells of the lower
        triangle, which are never read.
    stride, first, count : int64
        Cells from row to row; first variable in use; number of variables.
    loading : int64
        Diagonal loading, relative to a largest entry of 2**60.
    coefficients : address of (count - 1,) int64
        Written, Q20.
    inverses : address of (count,) int64
        Work space.

    Notes
    -----
    Widths: the largest diagonal entry is shifted to below 2**60. By the Cauchy-Schwarz inequality,
    sums of products of factor entries are below 2**60 plus rounding, and factor entries below
    2**30 + 1. Coefficients are limited so that the sum of their products with entries of 31 bits,
    or with samples of 32 bits, stays below 2**62.
    """
    largest = np.int64(1)
    for i in range(first, count):
        largest = max(largest, load_i64(covariance + 8 * stride * i, i))
    size = bit_length(largest)
    up, down = max(_TOP - size, 0), max(size - _TOP, 0)
    group, end = first, first  # rows from which those above the group are eliminated
    for k in range(first, count - 1):
        row = factor + 8 * stride * k
        begin = k // I64_LANES * I64_LANES
        if k == end and k + TOGETHER < count:
            group, end = k, k + TOGETHER
            source, above = covariance + 8 * stride * k, factor + 8 * stride * first
            for j in range(k // 8 * 8, count, 8):
                eliminate_together(
                    row + 8 * j, source + 8 * j, up, down, above + 8 * k, above + 8 * j,
                    8 * stride, k - first,
                )
        elif k < end:
            above = factor + 8 * stride * group
            for j in range(begin, count, I64_LANES):
                eliminate(
                    row + 8 * j, row + 8 * j, np.int64(0), np.int64(0), above + 8 * k,
                    above + 8 * j, 8 * stride, k - group,
                )
        else:
            source, above = covariance + 8 * stride * k, factor + 8 * stride * first
            for j in range(begin, count, I64_LANES):
                eliminate(
                    row + 8 * j, source + 8 * j, up, down, above + 8 * k, above + 8 * j,
                    8 * stride, k - first,
                )
        pivot = load_i64(row, k) + loading
        if not _LEAST_PIVOT <= pivot <= _MOST_PIVOT:
            for j in range(k, count):
                store_64(row, j, 0)
            continue
        root = square_root(pivot)
        size = bit_length(root)
        inverse = min((np.int64(1) << (30 + size)) // root, (np.int64(1) << 31) - 1)
        divide(row + 8 * begin, count - begin, size - 1, inverse)
        store_64(row, k, root)
        store_64(inverses, k, inverse)
    # back substitution, from the last row of the factor to the first
    limit = np.int64(1) << (31 - bit_length(np.int64(count - first)))
    last = count - 1
    for k in range(last - 1, first - 1, -1):
        row = factor + 8 * stride * k
        root = load_i64(row, k)
        value = np.int64(0)
        if root > 0:
            # the right-hand side, at most 2**31, with the fraction bits of the coefficients
            total = load_i64(row, last) << COEFFICIENT_BITS
            if k + 1 < last:
                total -= dot_low(coefficients + 8 * (k + 1), row + 8 * (k + 1), last - k - 1)
            total >>= bit_length(root) - 1
            total = min(max(total, -_SIDE), _SIDE)
            value = (total * load_i64(inverses, k) + (1 << 30)) >> 31
            value = min(max(value, -limit), limit)
        store_64(coefficients, k, value)

"""Least squares in integers: factorisation of a covariance matrix, and the coefficients.

All in int64, with the factor's entries in 31 bits, so that products need one
vector instruction.  Matrices are upper triangles, rows `stride` cells apart; the
target of the prediction is the last variable.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import load_i64, load_low, narrow, store_64
from nlac._vectors import LANES, subtract_rows

COEFFICIENT_BITS = 20  # fraction of a coefficient
_TOP = 60  # bits of the largest diagonal entry before the factorisation
_LEAST_PIVOT = np.int64(1) << 30  # smaller ones are rounding noise: the variable is left out


@kernel
def bit_length(value):
    """Bits of a value from 0 to 2**62."""
    # a double's exponent; values beyond 53 bits may round up, hence the shift
    if value >= 1 << 40:
        return 40 + ((np.float64(value >> 40).view(np.int64) >> 52) - 1022) if value >> 40 else 40
    return ((np.float64(value).view(np.int64) >> 52) - 1022) if value > 0 else np.int64(0)


@kernel
def square_root(value):
    """Largest integer whose square is not above `value`, for 0 <= value < 2**62."""
    root = np.int64(np.sqrt(np.float64(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@kernel
def _divide(row, begin, end, down, inverse):
    """Divide a row by its pivot's root."""
    for j in range(begin, end):
        value = narrow(load_i64(row, j) >> down)
        store_64(row, j, (value * narrow(inverse) + (1 << 30)) >> 31)


@kernel
def _prepare(source, target, begin, end, up, down):
    for j in range(begin, end):
        store_64(target, j, (load_i64(source, j) << up) >> down)


@kernel
def solve(covariance, factor, stride, first, count, load, coefficients):
    """Solve for the coefficients of variables first .. count - 2; the target is count - 1.

    `covariance` keeps its contents, `factor` is work space of the same shape.
    `load` is what is added to the diagonal, relative to a largest entry of 2**60.

    Widths: the largest diagonal entry is shifted to below 2**60.  By
    Cauchy-Schwarz sums of products of factor entries are below 2**60 but for
    rounding, factor entries below 2**30 + 1.  Coefficients are limited so
    that `count` products with entries of 31 bits, or samples of 32 bits, stay
    below 2**62.
    """
    largest = np.int64(1)
    for i in range(first, count):
        largest = max(largest, load_i64(covariance + 8 * stride * i, i))
    size = bit_length(largest)
    up, down = max(_TOP - size, 0), max(size - _TOP, 0)
    for k in range(first, count):
        row = factor + 8 * stride * k
        _prepare(covariance + 8 * stride * k, row, k, count, up, down)
        store_64(row, k, load_i64(row, k) + load)
        above = factor + 8 * stride * first
        for j in range(k // LANES * LANES, count, LANES):
            subtract_rows(
                row + 8 * j, above + 8 * k, above + 8 * j, 8 * stride, 8 * stride, k - first
            )
        if k == count - 1:
            break
        pivot = load_i64(row, k)
        if pivot < _LEAST_PIVOT:
            for j in range(k, count):
                store_64(row, j, 0)
            continue
        root = square_root(pivot)
        size = bit_length(root)
        inverse = min((np.int64(1) << (30 + size)) // root, (np.int64(1) << 31) - 1)
        _divide(row, k + 1, count, size - 1, inverse)
        store_64(row, k, root)
    # with the factor's rows as equations, from the last to the first
    limit = np.int64(1) << (31 - bit_length(np.int64(count)))
    last = count - 1
    for k in range(last - 1, first - 1, -1):
        row = factor + 8 * stride * k
        root = load_i64(row, k)
        value = np.int64(0)
        if root > 0:
            # the right-hand side, at most 2**31, gets the coefficients' fraction
            total = load_i64(row, last) << COEFFICIENT_BITS
            for j in range(k + 1, last):
                total -= load_low(row, j) * load_low(coefficients, j)
            half = root >> 1
            value = (total + half) // root
            value = min(max(value, -limit), limit)
        store_64(coefficients, k, value)

"""Least squares for tap weights: Cholesky factorisation, substitution, rounding.

Additions are not reordered, so the results are the same on every machine.
"""

from __future__ import annotations

import math

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_f64, store_f64
from nlac.kernels.vectors_f64 import (
    F64_LANES,
    dot_f64,
    finish_row,
    subtract_row,
    subtract_rows,
    subtract_tile,
)

COARSE = math.inf  # noise of `factorise` that bounds nothing


@kernel
def log2(value):
    """Base-2 logarithm of a positive number, to about 1e-4. It does not use the platform's libm."""
    mantissa, exponent = math.frexp(value)
    m = mantissa * 2.0 - 1.0
    # a quintic, exact at both ends: additions and products only, which round alike everywhere
    p = m * (1.4419170 + m * (-0.7096420 + m * (0.4146960 + m * (-0.1928290 + m * 0.0458580))))
    return exponent - 1 + p


@kernel
def padded(count):
    """Length of a row of `count` elements, rounded up to whole vectors."""
    return (count + F64_LANES - 1) & ~(F64_LANES - 1)


@kernel
def new_factor(count):
    """Return zeros, (count, padded(count)) float64, for `factorise` to fill."""
    return np.zeros((count, padded(count)))


@kernel
def factorise(matrix, count, factor, known, noise=COARSE):
    """Cholesky factor of the leading part of a symmetric matrix.

    The factor U is upper triangular, with U^T U equal to the matrix plus a small diagonal loading.
    So the inner loop runs along rows and needs no reduction.

    Parameters
    ----------
    matrix : (n, n or more) float64
        Only its upper triangle is read.
    count : int
        Size of the leading part, at most n.
    factor : (count or more, padded(count) or more) float64
        From `new_factor`; receives U. Entries below the diagonal are undefined.
    known : int
        Number of leading rows and columns, a multiple of `F64_LANES`, whose factor `factor` already
        holds. The matrix is not read there.
    noise : float, optional
        Most that is added to an entry of the diagonal d besides 1e-15 d: the energy of rounding
        that the matrix holds anyway. `COARSE` adds 1e-9 d, which keeps the weights small, but
        hides what is more than 90 dB below the loudest part of the spectrum.

    Returns
    -------
    int
        Usable size: `count`, or the first row whose pivot is too small.
    """
    end = padded(count)
    base = address(factor)
    stride = 8 * factor.shape[1]
    given, given_stride = address(matrix), matrix.strides[0]
    for i in range(count):
        row, above = base + i * stride, given + i * given_stride
        for j in range(max(i, known), count):
            store_f64(row, j, load_f64(above, j))
        for j in range(count, end):
            store_f64(row, j, 0.0)
        if i >= known:
            value = load_f64(row, i)
            store_f64(row, i, value + (min(1e-9 * value, noise) + 1e-15 * value + 1e-3))
    for begin in range(0, count, 4):
        stop = min(begin + 4, count)
        top = base + begin * stride
        for k in range(begin, stop):
            row = base + k * stride
            pivot = load_f64(row, k)
            if k >= known:
                for p in range(begin, k):
                    above = load_f64(base + p * stride, k)
                    pivot -= above * above
                if pivot <= 1e-18 * matrix[k, k] + 1e-9:
                    return k
                pivot = math.sqrt(pivot)
            first = max(k & ~(F64_LANES - 1), known)
            finish_row(row, top, stride, k - begin, k, 1.0 / pivot, first, end)
            store_f64(row, k, pivot)
        # four rows at once, so that the rest of the matrix is read and written a quarter as often
        whole = stop + ((count - stop) & ~3)
        for i in range(stop, whole, 4):
            subtract_tile(base + i * stride, top, stride, i, max(i & ~(F64_LANES - 1), known), end)
        for i in range(whole, count if stop == begin + 4 else whole):
            subtract_rows(
                base + i * stride, top, stride, load_f64(top, i), load_f64(top + stride, i),
                load_f64(top + 2 * stride, i), load_f64(top + 3 * stride, i),
                max(i & ~(F64_LANES - 1), known), end,
            )  # fmt: skip
    return count


@kernel
def project(factor, count, solution):
    """Forward substitution with the transpose of a Cholesky factor, in place.

    Parameters
    ----------
    factor : float64
        From `factorise`.
    count : int
        Its usable size.
    solution : (padded(count),) float64
        The right side. Afterwards, ``solution[i]**2`` is the energy that tap i removes from the
        error, given the taps before it.
    """
    base, at = address(factor), address(solution)
    end = padded(count)
    for i in range(count):
        row = base + 8 * i * factor.shape[1]
        value = solution[i] / factor[i, i]
        solution[i] = value
        block = padded(i + 1)
        for k in range(i + 1, min(block, count)):
            solution[k] -= factor[i, k] * value
        subtract_row(at, row, value, block, end)


@kernel
def round_weights(factor, solution, count, step, limit, quantised):
    """Round weights to multiples of a step, by Babai's nearest plane algorithm.

    The last tap is rounded first, and the others make up for its error. Where taps are strongly
    correlated, this costs far less than rounding each tap alone.

    Parameters
    ----------
    factor, solution : float64
        From `factorise` and `project`.
    count : int
        Number of taps.
    step : float
        Step of the weights.
    limit : int
        Largest absolute multiple.
    quantised : (count,) int64
        Receives the multiples.

    Returns
    -------
    bool
        False if a multiple exceeds the limit.
    """
    end = padded(count)
    floats = np.zeros(end)
    base, at = address(factor), address(floats)
    for i in range(count - 1, -1, -1):
        row = base + 8 * i * factor.shape[1]
        block = padded(i + 1)
        total = dot_f64(row, at, block, end)
        for k in range(i + 1, min(block, count)):
            total += factor[i, k] * floats[k]
        value = math.floor((solution[i] - total * step) / (factor[i, i] * step) + 0.5)
        if not abs(value) <= limit:
            return False
        floats[i] = value
        quantised[i] = np.int64(value)
    keep(floats)
    return True

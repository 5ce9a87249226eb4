"""Least squares for tap weights: factorisation, choice of order, rounding (encoder only).

Plain float64 without reassociation: the same results on every machine.
"""

from __future__ import annotations

import math

import numpy as np

from nlac._kernels import kernel


@kernel
def log2(value):
    """Base-2 logarithm of a positive number to about 1e-4, without the platform's libm."""
    mantissa, exponent = math.frexp(value)
    m = mantissa * 2.0 - 1.0
    # a quintic through the ends: only additions and products, rounded alike everywhere
    p = m * (1.4419170 + m * (-0.7096420 + m * (0.4146960 + m * (-0.1928290 + m * 0.0458580))))
    return exponent - 1 + p


@kernel
def factorise(matrix, count, factor):
    """Cholesky factor of the leading part of a symmetric matrix; returns its usable size.

    The factor is upper triangular (its transpose times itself is the matrix), so
    that the inner loop runs along rows and needs no reduction. Only the upper
    triangle of the matrix is read.
    """
    for i in range(count):
        factor[i, i:count] = matrix[i, i:count]
        factor[i, i] = factor[i, i] * (1.0 + 1e-9) + 1e-3
    for k in range(count):
        if factor[k, k] <= 1e-6 * (matrix[k, k] * 1e-6 + 1e-3):
            return k
        row = factor[k, k:count]
        root = math.sqrt(row[0])
        row *= 1.0 / root
        row[0] = root
        for i in range(1, count - k):
            scale = row[i]
            below = factor[k + i, k + i : count]
            for j in range(len(below)):
                below[j] -= scale * row[i + j]
    return count


@kernel
def project(factor, count, solution):
    """Forward substitution in place; solution[i]**2 is the energy that tap i takes off."""
    for i in range(count):
        value = solution[i] / factor[i, i]
        solution[i] = value
        for k in range(i + 1, count):
            solution[k] -= factor[i, k] * value


@kernel
def round_weights(factor, solution, count, step, limit, quantised):
    """Weights as multiples of a step, each chosen given those already rounded (nearest plane).

    Rounding the last tap first and letting the others make up for its error
    costs far less than rounding each alone where taps are strongly correlated.
    Returns False if a multiple exceeds the limit.
    """
    for i in range(count - 1, -1, -1):
        total = 0.0
        for k in range(i + 1, count):
            total += factor[i, k] * quantised[k]
        value = math.floor((solution[i] - total * step) / (factor[i, i] * step) + 0.5)
        if not abs(value) <= limit:
            return False
        quantised[i] = np.int64(value)
    return True

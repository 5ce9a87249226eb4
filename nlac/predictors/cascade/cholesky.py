"""Least squares in integers: Cholesky factorisation of a covariance matrix, and back substitution.

All arithmetic is in int64. Entries of the factor have 31 bits, so that a product needs one vector
instruction. Matrices are upper triangles with rows `stride` cells apart. The target of the
prediction is the last variable. The integer scaling is this project's own.

Two systems of one size, those of two channels, are solved side by side. Each row of a factor needs
a root and a quotient of its pivot before the next can begin; so one system's work fills the time
for which the other waits.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from nlac.kernels.arithmetic import bit_length, square_root
from nlac.kernels.jit import inline_kernel, kernel
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


class SystemCell(IntEnum):
    """Cells of a system to solve, int64."""

    COUNT = 0  # variables, with the target
    FIRST = 1  # first variable in use
    STRIDE = 2  # cells from row to row of covariance and factor
    COVARIANCE = 3  # address of (count, stride) int64; not changed
    # address of (count, stride) int64, work space; vectors begin at multiples of 16 variables and
    # also write cells of the lower triangle, which are never read
    FACTOR = 4
    COEFFICIENTS = 5  # address of (count - 1,) int64, Q20; written; eight zeros follow
    INVERSES = 6  # address of (count,) int64, work space
    LOADING = 7  # diagonal loading, relative to a largest entry of 2**60
    DUE = 8  # 1 if it is to be solved


SYSTEM_CELLS = len(SystemCell)


class _System(NamedTuple):
    """What the steps of a solution need of a system: addresses and numbers."""

    covariance: int
    factor: int
    coefficients: int
    inverses: int
    loading: int
    up: int
    down: int
    stride: int
    first: int
    variables: int


@inline_kernel
def _load(system):
    """Read the cells of a system, and find the shift of its entries."""
    covariance = load_i64(system, SystemCell.COVARIANCE)
    stride = load_i64(system, SystemCell.STRIDE)
    first, count = load_i64(system, SystemCell.FIRST), load_i64(system, SystemCell.COUNT)
    largest = np.int64(1)
    for i in range(first, count):
        largest = max(largest, load_i64(covariance + 8 * stride * i, i))
    size = bit_length(largest)
    return _System(
        covariance, load_i64(system, SystemCell.FACTOR), load_i64(system, SystemCell.COEFFICIENTS),
        load_i64(system, SystemCell.INVERSES), load_i64(system, SystemCell.LOADING),
        max(_TOP - size, 0), max(size - _TOP, 0), stride, first, count,
    )  # fmt: skip


@inline_kernel
def _eliminate_row(system, k, group, end):
    """Subtract from row k what the rows above it explain.

    If k is `group`, this is done for all rows up to `end`, but only with those above the group.
    """
    stride, first = system.stride, system.first
    row = system.factor + 8 * stride * k
    begin = k // I64_LANES * I64_LANES
    source, above = system.covariance + 8 * stride * k, system.factor + 8 * stride * first
    if k >= end:
        for j in range(begin, system.variables, I64_LANES):
            eliminate(
                row + 8 * j, source + 8 * j, system.up, system.down, above + 8 * k, above + 8 * j,
                8 * stride, k - first,
            )
    elif k == group:
        for j in range(k // 8 * 8, system.variables, 8):
            eliminate_together(
                row + 8 * j, source + 8 * j, system.up, system.down, above + 8 * k, above + 8 * j,
                8 * stride, k - first,
            )
    else:
        above = system.factor + 8 * stride * group
        for j in range(begin, system.variables, I64_LANES):
            eliminate(
                row + 8 * j, row + 8 * j, np.int64(0), np.int64(0), above + 8 * k,
                above + 8 * j, 8 * stride, k - group,
            )


@inline_kernel
def _divide_row(system, k):
    """Divide row k by the root of its pivot."""
    row = system.factor + 8 * system.stride * k
    pivot = load_i64(row, k) + system.loading
    if not _LEAST_PIVOT <= pivot <= _MOST_PIVOT:
        for j in range(k, system.variables):
            store_64(row, j, 0)
    else:
        root = square_root(pivot)
        size = bit_length(root)
        inverse = min((np.int64(1) << (30 + size)) // root, (np.int64(1) << 31) - 1)
        begin = k // I64_LANES * I64_LANES
        divide(row + 8 * begin, system.variables - begin, size - 1, inverse)
        store_64(row, k, root)
        store_64(system.inverses, k, inverse)


@inline_kernel
def _substitute(system, k, limit):
    """Coefficient k, from those behind it."""
    last = system.variables - 1
    row = system.factor + 8 * system.stride * k
    root = load_i64(row, k)
    value = np.int64(0)
    if root > 0:
        # the right-hand side, at most 2**31, with the fraction bits of the coefficients
        total = load_i64(row, last) << COEFFICIENT_BITS
        behind = 8 * (k + 1)
        # in eights: the coefficients from `last` on are 0
        total -= dot_low(system.coefficients + behind, row + behind, (last - k + 6) & ~7)
        total >>= bit_length(root) - 1
        total = min(max(total, -_SIDE), _SIDE)
        value = (total * load_i64(system.inverses, k) + (1 << 30)) >> 31
        value = min(max(value, -limit), limit)
    store_64(system.coefficients, k, value)


@kernel
def solve(system, partner):
    """Solve for the coefficients of variables FIRST .. COUNT - 2; the target is COUNT - 1.

    Parameters
    ----------
    system : address of the cells of `SystemCell`
    partner : address of those of another system, or 0
        It has the same COUNT, FIRST and STRIDE, and work space of its own.

    Notes
    -----
    Widths: the largest diagonal entry is shifted to below 2**60. By the Cauchy-Schwarz inequality,
    sums of products of factor entries are below 2**60 plus rounding, and factor entries below
    2**30 + 1. Coefficients are limited so that the sum of their products with entries of 31 bits,
    or with samples of 32 bits, stays below 2**62.
    """
    one = _load(system)
    both = partner != 0
    two = _load(partner) if both else one
    first, count = one.first, one.variables
    group, end = first, first  # rows from which those above the group are eliminated
    for k in range(first, count - 1):
        if k == end and k + TOGETHER < count:
            group, end = k, k + TOGETHER
        _eliminate_row(one, k, group, end)
        if both:
            _eliminate_row(two, k, group, end)
        _divide_row(one, k)
        if both:
            _divide_row(two, k)
    # back substitution, from the last row of the factor to the first
    limit = np.int64(1) << (31 - bit_length(np.int64(count - first)))
    for k in range(count - 2, first - 1, -1):
        _substitute(one, k, limit)
        if both:
            _substitute(two, k, limit)

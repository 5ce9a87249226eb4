"""Linear prediction of subframes, both ways, and Rice parameters by the size of residuals."""

from __future__ import annotations

import numpy as np

from nlac.audio.flac.frames.columns import MAX_ORDER
from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import load_i64, store_64

# coefficients of the fixed predictors (RFC 9639, 9.2.5), by order; they have no shift
_FIXED = np.zeros((5, MAX_ORDER), np.int64)
_FIXED[1, :1] = 1
_FIXED[2, :2] = 2, -1
_FIXED[3, :3] = 3, -3, 1
_FIXED[4, :4] = 4, -6, 4, -1


@kernel
def fixed_coefficients(order, weights):
    """Write the coefficients of a fixed predictor to the int64 cells at `weights`."""
    for j in range(order):
        store_64(weights, j, _FIXED[order, j])


@kernel
def restore(row, length, order, weights, shift):
    """Turn residuals into samples in place (RFC 9639, 9.2.6).

    `row` is the address of int64 cells, of which the first `order` hold samples. `weights` is
    that of MAX_ORDER cells, zeros behind the coefficients.
    """
    # the newest samples stay in registers: a vector of them could not be loaded right after
    # they were stored one by one
    a = load_i64(row, order - 1) if order > 0 else np.int64(0)
    b = load_i64(row, order - 2) if order > 1 else np.int64(0)
    c = load_i64(row, order - 3) if order > 2 else np.int64(0)
    d = load_i64(row, order - 4) if order > 3 else np.int64(0)
    first, second = load_i64(weights, 0), load_i64(weights, 1)
    third, fourth = load_i64(weights, 2), load_i64(weights, 3)
    for i in range(order, length):
        total = np.int64(0)
        for j in range(4, order):
            total += load_i64(weights, j) * load_i64(row, i - 1 - j)
        total += fourth * d + third * c + second * b + first * a
        d, c, b = c, b, a
        a = load_i64(row, i) + (total >> shift)
        store_64(row, i, a)


@kernel
def residuals(row, length, order, weights, shift, out):
    """Write the residuals of samples to the int64 cells at `out`; the first `order` stay."""
    for i in range(order, length):
        total = np.int64(0)
        for j in range(order):
            total += load_i64(weights, j) * load_i64(row, i - 1 - j)
        store_64(out, i, load_i64(row, i) - (total >> shift))


@inline_kernel
def expected_parameter(total, count, largest):
    """Rice parameter that suits `count` residuals whose sizes sum up to `total` (spec 6.10.4)."""
    if count == 0 or total < 2:
        return np.int64(0)
    return min(bit_length((total - 1) // count), largest)

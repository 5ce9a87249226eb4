"""Covariances of samples and their past, for least squares (encoder only).

The covariance of two lagged sequences over a stretch of time has shift
structure: raising both lags by one moves the stretch by one frame, so only the
first row and column of each pair of sequences are summed; the rest follows by
adding one product and subtracting another.  Samples of up to 22 bits give sums
that are exact in float64, whatever the order of the additions: the encoder's
choices are then the same on every kind of processor.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import address, load_f64, store_f64


@kernel(fastmath={"reassoc", "contract"})
def _products(x, y, count, lags, out, column):
    """Sums of x[k] y[k - lag] for lags 0 .. lags - 1; x and y are addresses, four lags at once."""
    lag = 0
    while lag + 4 <= lags:
        a = b = c = d = 0.0
        for k in range(count):
            value = load_f64(x, k)
            a += value * load_f64(y, k - lag)
            b += value * load_f64(y, k - lag - 1)
            c += value * load_f64(y, k - lag - 2)
            d += value * load_f64(y, k - lag - 3)
        out[column + lag] = a
        out[column + lag + 1] = b
        out[column + lag + 2] = c
        out[column + lag + 3] = d
        lag += 4
    while lag < lags:
        a = 0.0
        for k in range(count):
            a += load_f64(x, k) * load_f64(y, k - lag)
        out[column + lag] = a
        lag += 1


@kernel
def _reversed(y, begin, lags):
    return y[begin - lags : begin][::-1].copy()


@kernel
def _shift_down(out, at_a, at_b, lags_a, lags_b, same, x, begin, leaving, entering, count):
    """Fill a block of two sequences from its first row and column.

    `leaving` and `entering` are the samples of the second sequence before the stretch and
    at its end, newest first.
    """
    old_y, new_y = address(leaving), address(entering)
    for i in range(lags_a - 1):
        first = i if same else 0
        above = address(out[at_a + i]) + 8 * at_b
        below = address(out[at_a + i + 1]) + 8 * (at_b + 1)
        more, less = x[begin - i - 1], x[begin + count - i - 1]
        for j in range(first, lags_b - 1):
            value = load_f64(above, j) + more * load_f64(old_y, j) - less * load_f64(new_y, j)
            store_f64(below, j, value)


@kernel
def covariance(samples, channels, delays, lags, begin, end, out):
    """Covariances over frames begin .. end - 1 of all sequences at all of their lags.

    Parameters
    ----------
    samples : (n, frames) float64
        Integers; every index used must exist.
    channels, delays, lags : (sequences,) int64
        Sequence s at lag l is ``samples[channels[s], t - delays[s] - l]``, l < lags[s].
    begin, end : int
        Stretch of frames.
    out : (sum(lags), sum(lags)) float64
        The result; of the blocks of two sequences, the upper ones only.
    """
    column = np.empty(lags.max())
    at_a = 0
    for a in range(len(channels)):
        x = samples[channels[a]]
        at_b = at_a
        for b in range(a, len(channels)):
            y = samples[channels[b]]
            i0 = begin - delays[a]
            j0 = begin - delays[b]
            count = end - begin
            at_x = address(x) + 8 * i0
            at_y = address(y) + 8 * j0
            _products(at_x, at_y, count, lags[b], out[at_a], at_b)
            if a != b:
                _products(at_y, at_x, count, lags[a], column, 0)
                for i in range(1, lags[a]):
                    out[at_a + i, at_b] = column[i]
            _shift_down(
                out, at_a, at_b, lags[a], lags[b], a == b, x, i0,
                _reversed(y, j0, lags[b]), _reversed(y, j0 + count, lags[b]), count,
            )
            at_b += lags[b]
        at_a += lags[a]


@kernel
def mirror(matrix):
    """Fill the lower triangle of a symmetric matrix from the upper one."""
    for i in range(len(matrix)):
        for j in range(i):
            matrix[i, j] = matrix[j, i]

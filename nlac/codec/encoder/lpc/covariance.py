"""Covariance matrices of samples and their past, for least squares (covariance method).

The covariances of two lagged sequences have shift structure: raising both lags by one moves the
summed frames by one. So only the first row and column of each pair of sequences are summed. Every
other entry follows from its upper left neighbour by adding one product and subtracting another.
The order of additions is fixed, so the encoder's choices are the same on every processor.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.vectors import fill_block
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_f64
from nlac.kernels.vectors_exact import EXACT, correlate_exact, largest
from nlac.kernels.vectors_f64 import CORRELATED, F64_LANES, correlate


@kernel
def _are_exact(samples, channels, delays, lags, begin, end):
    """Whether sums of products of the samples are exact in float64."""
    most = 0.0
    for s in range(len(channels)):
        count = (end - begin + lags[s] + F64_LANES - 1) & ~(F64_LANES - 1)
        first = end - delays[s] - count
        most = max(most, largest(address(samples[channels[s]]) + 8 * first, count))
    return most * most * (end - begin) <= EXACT


@kernel
def _products(x, y, count, lags, out, is_exact):
    """Sums of x[k] y[k - lag] over k < count, for lags 0 .. lags - 1.

    `x`, `y` and `out` are addresses. `out` has room for whole vectors of lags, and as many samples
    precede `y`.
    """
    left = (lags + F64_LANES - 1) // F64_LANES
    at = 0
    while left > 0:
        some = min(left, CORRELATED)
        if is_exact:
            correlate_exact(x, y - 8 * at, count, out + 8 * at, some)
        else:
            correlate(x, y - 8 * at, count, out + 8 * at, some)
        at += some * F64_LANES
        left -= some


@kernel
def room(size):
    """Columns of a covariance matrix of `size` rows: with room for whole vectors."""
    return size + F64_LANES


@kernel
def covariance(samples, channels, delays, lags, begin, end, out, known):
    """Covariances of all sequences at all their lags, over frames begin .. end - 1.

    Parameters
    ----------
    samples : (n, frames) float64
        Integers. Every index used must exist, and `F64_LANES` samples before it.
    channels, delays, lags : (sequences,) int64
        Sequence s at lag l is ``samples[channels[s], t - delays[s] - l]``, l < lags[s].
    begin, end : int
        First frame, and the frame after the last.
    out : (size, room(size)) float64
        The result, with ``size = sum(lags)``. What is below the diagonal means nothing.
    known : int
        Number of first sequences whose covariances with each other `out` already holds.
    """
    count = end - begin
    is_exact = _are_exact(samples, channels, delays, lags, begin, end)
    width = lags.max() + F64_LANES
    products = np.empty(width)
    sums = address(products)
    # samples before the stretch and before its end, newest first; no more than are used, since
    # those of an LTP match may begin with the array
    edges = np.empty((len(channels), 2, width))
    for b in range(len(channels)):
        y = address(samples[channels[b]]) + 8 * (begin - delays[b])
        for j in range(lags[b] + F64_LANES):
            edges[b, 0, j] = load_f64(y, -1 - j)
            edges[b, 1, j] = load_f64(y, count - 1 - j)
    at_a = 0
    for a in range(len(channels)):
        at_x = address(samples[channels[a]]) + 8 * (begin - delays[a])
        at_b = at_a
        for b in range(a, len(channels)):
            if b < known:
                at_b += lags[b]
                continue
            at_y = address(samples[channels[b]]) + 8 * (begin - delays[b])
            _products(at_x, at_y, count, lags[b], sums, is_exact)
            for j in range(lags[b]):
                out[at_a, at_b + j] = products[j]
            if a != b:
                _products(at_y, at_x, count, lags[a], sums, is_exact)
            for i in range(1, lags[a]):
                out[at_a + i, at_b] = products[i]
            fill_block(
                address(out[at_a]) + 8 * at_b, 8 * out.shape[1], lags[a], lags[b], np.int64(a == b),
                at_x - 8, at_x + 8 * (count - 1), address(edges[b, 0]), address(edges[b, 1]),
            )
            at_b += lags[b]
        at_a += lags[a]
    keep(products)
    keep(edges)


@kernel
def mirror(matrix):
    """Fill the lower triangle of a symmetric matrix from the upper one."""
    for i in range(len(matrix)):
        for j in range(i):
            matrix[i, j] = matrix[j, i]

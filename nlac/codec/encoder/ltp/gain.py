"""Bits that an LTP window saves on a piece of a block, by least squares."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room
from nlac.codec.encoder.lpc.least_squares import factorise, log2, padded, project
from nlac.kernels.jit import kernel

PIECE = 512
_ORDER, _CROSS_ORDER, _LTP_TAPS = 16, 8, 8  # taps: own past, other channel's, around the match
_NEAR = _ORDER + 1  # samples of a channel in the covariances, the present one included
_FLOOR = 0.1  # energy a sample that no prediction removes


@kernel
def _pick(cov, index, begin, taps, work):
    """Copy the covariances of pairs of taps, of which the second is at or after `begin`."""
    for i in range(taps):
        for j in range(max(i, begin), taps):
            work[i, j] = cov[index[i], index[j]]


@kernel
def _saved(cov, index, near, taps, target, frames, work, factor, known):
    """Bits that the taps from `near` on save in predicting the sample `target`."""
    _pick(cov, index, known, taps, work)
    z = np.zeros(padded(taps))
    for i in range(taps):
        z[i] = cov[target, index[i]]
    usable = factorise(work, taps, factor, known)
    project(factor, usable, z)
    floor = _FLOOR * frames
    energy = cov[target, target]
    for i in range(min(near, usable)):
        energy -= z[i] * z[i]
    without = max(energy, 0.0) + floor
    for i in range(near, usable):
        energy -= z[i] * z[i]
    return 0.5 * frames * log2(without / (max(energy, 0.0) + floor))


@kernel
def add_gains(samples, channel, paired, lags, begin, first, end, bits, frames):
    """Add the bits that LTP windows save on a piece, and the frames of the piece.

    For each lag, the piece begins at `first`, or at the first frame whose match lies after `begin`.

    Parameters
    ----------
    samples : (channels, frames) float64
        The block.
    channel : int
        Channel that is predicted.
    paired : bool
        Predict the next channel too, from the present of `channel`, and `channel` from its past.
    lags : (n,) int64
        Lags in frames.
    begin, first, end : int
        First frame of the block, of the piece, and frame after the span.
    bits, frames : (n,) float64
        Sums to add to, one a lag.
    """
    count = 2 if paired else 1
    which = np.empty(2 * count, np.int64)
    delays = np.zeros(2 * count, np.int64)
    counts = np.full(2 * count, _NEAR)
    for c in range(count):
        which[c] = which[count + c] = channel + c
        counts[count + c] = _LTP_TAPS
    size = counts.sum()
    near = _ORDER + (_CROSS_ORDER if paired else 0)
    taps = near + count * _LTP_TAPS
    cov = np.empty((size, room(size)))
    index = np.empty((count, taps), np.int64)
    for c in range(count):
        for i in range(_ORDER):
            index[c, i] = c * _NEAR + 1 + i
        for i in range(_ORDER, near):
            index[c, i] = (1 - c) * (_NEAR + 1) + i - _ORDER
        for i in range(near, taps):
            index[c, i] = count * _NEAR + i - near
    work = np.empty((taps, taps))
    factors = np.zeros((count, taps, padded(taps)))
    known = np.zeros(count, np.int64)
    made = -1
    for k in range(len(lags)):
        start = max(first, begin + lags[k])
        stop = min(start + PIECE, end)
        if stop <= start:
            continue
        if start != made:
            # the near windows are the same for all lags
            covariance(samples, which[:count], delays, counts[:count], start, stop, cov, 0)
            mirror(cov[: count * _NEAR])
            for c in range(count):
                _pick(cov, index[c], 0, near, work)
                usable = factorise(work, near, factors[c], 0)
                known[c] = near if usable == near else 0
            made = start
        delays[count:] = lags[k] - _LTP_TAPS // 2 + 1
        covariance(samples, which, delays, counts, start, stop, cov, count)
        for c in range(count):
            bits[k] += _saved(
                cov, index[c], near, taps, c * _NEAR, stop - start, work, factors[c], known[c]
            )
        frames[k] += count * (stop - start)


@kernel
def _share(begin, end, lag):
    """Share of a span that has a match: frames at least a lag after the block's beginning."""
    return (end - max(begin, lag)) / (end - begin)


@kernel
def ltp_gains(samples, channels, paired, lags, parts, before, begin, end, least):
    """Bits a sample that LTP windows save, estimated on pieces of a span; (lags,) float64.

    Parameters
    ----------
    samples : (channels, frames) float64
        The block.
    channels : int
        Channels to predict, or pairs of them.
    paired : bool
        As in `add_gains`.
    lags : (n,) int64
        Lags in frames.
    parts : float64
        Middles of the pieces, as shares of the span.
    before, begin, end : int
        First frame of the block in `samples`; the span, in frames of the block.
    least : float
        A lag is dropped, with gain 0, if the first half of the pieces does not gain two thirds of
        this.
    """
    bits, judged = np.zeros(len(lags)), np.zeros(len(lags))
    left = np.arange(len(lags))
    for number in range(len(parts)):
        first = max(begin + np.int64(parts[number] * (end - begin)) - PIECE // 2, begin)
        some, frames = np.zeros(len(left)), np.zeros(len(left))
        own = np.empty(len(left), np.int64)
        for i in range(len(left)):
            own[i] = lags[left[i]]
        for channel in range(channels):
            add_gains(
                samples, channel, paired, own, before, before + first, before + end, some, frames
            )
        for i in range(len(left)):
            bits[left[i]] += some[i]
            judged[left[i]] += frames[i]
        if 2 * (number + 1) == len(parts):
            kept = 0
            for k in left:
                if bits[k] * _share(begin, end, lags[k]) >= 2 / 3 * least * judged[k]:
                    left[kept] = k
                    kept += 1
            left = left[:kept]
    gains = np.zeros(len(lags))
    for k in left:
        gains[k] = bits[k] / max(judged[k], 1.0) * _share(begin, end, lags[k])
    return gains

"""What the samples around an earlier occurrence would save, on a piece (encoder only)."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room
from nlac.codec.encoder.lpc.least_squares import factorise, log2, padded, project
from nlac.kernels.jit import kernel

PIECE = 512
_OWN, _OTHER, _FAR = 16, 8, 8  # taps: own past, the other channel's, around the occurrence
_NEAR = _OWN + 1  # samples of a channel that covariances are made of, the present one among them
_FLOOR = 0.1  # energy of a sample that no prediction takes off


@kernel
def _pick(cov, index, begin, taps, work):
    """Put covariances of taps into `work`, as far as `begin` or a later one is among them."""
    for i in range(taps):
        for j in range(max(i, begin), taps):
            work[i, j] = cov[index[i], index[j]]


@kernel
def _saved(cov, index, near, taps, target, frames, work, factor, known):
    """Bits that the taps from `near` on take off a channel, whose sample is `target`."""
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
def ltp_gains(samples, channel, paired, lags, begin, first, end, bits, frames):
    """Add up bits that windows at earlier occurrences take off, and the frames judged.

    For each lag those of a piece from `first` on, or from the first frame that has an earlier
    occurrence after `begin`.  Of `channel` alone, or if `paired` of it and the next one, which
    knows its present sample.
    """
    count = 2 if paired else 1
    which = np.empty(2 * count, np.int64)
    delays = np.zeros(2 * count, np.int64)
    counts = np.full(2 * count, _NEAR)
    for c in range(count):
        which[c] = which[count + c] = channel + c
        counts[count + c] = _FAR
    size = counts.sum()
    near = _OWN + (_OTHER if paired else 0)
    taps = near + count * _FAR
    cov = np.empty((size, room(size)))
    index = np.empty((count, taps), np.int64)
    for c in range(count):
        for i in range(_OWN):
            index[c, i] = c * _NEAR + 1 + i
        for i in range(_OWN, near):
            index[c, i] = (1 - c) * (_NEAR + 1) + i - _OWN
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
            # what all lags have in common
            covariance(samples, which[:count], delays, counts[:count], start, stop, cov, 0)
            mirror(cov[: count * _NEAR])
            for c in range(count):
                _pick(cov, index[c], 0, near, work)
                usable = factorise(work, near, factors[c], 0)
                known[c] = near if usable == near else 0
            made = start
        delays[count:] = lags[k] - _FAR // 2 + 1
        covariance(samples, which, delays, counts, start, stop, cov, count)
        for c in range(count):
            bits[k] += _saved(
                cov, index[c], near, taps, c * _NEAR, stop - start, work, factors[c], known[c]
            )
        frames[k] += count * (stop - start)

"""What the samples around an earlier occurrence would save, on a piece (encoder only)."""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac.predictors.gram import covariance, mirror, room
from nlac.predictors.least_squares import factorise, log2, new_factor, padded, project

_OWN, _OTHER, _FAR = 16, 9, 8  # taps: own past, the other channel's, around the occurrence
_NEAR = _OWN + 1  # samples of a channel that covariances are made of, the present one among them
_FLOOR = 0.1  # energy of a sample that no prediction takes off


@kernel
def _saved(cov, index, near, taps, target, frames):
    """Bits that the taps from `near` on take off a channel, whose sample is `target`."""
    work = np.empty((taps, taps))
    factor = new_factor(taps)
    z = np.zeros(padded(taps))
    for i in range(taps):
        for j in range(i, taps):
            work[i, j] = cov[index[i], index[j]]
        z[i] = cov[index[i], target]
    usable = factorise(work, taps, factor)
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
def far_gain(samples, channel, paired, lag, begin, end):
    """Bits that windows at the earlier occurrence take off frames begin .. end.

    Of `channel` alone, or if `paired` of it and the next one, which knows its present sample.
    """
    far = lag - _FAR // 2 + 1
    count = 2 if paired else 1
    which = np.empty(2 * count, np.int64)
    delays = np.zeros(2 * count, np.int64)
    counts = np.full(2 * count, _NEAR)
    for c in range(count):
        which[c] = which[count + c] = channel + c
        delays[count + c] = far
        counts[count + c] = _FAR
    size = counts.sum()
    cov = np.empty((size, room(size)))
    covariance(samples, which, delays, counts, begin, end, cov)
    mirror(cov)
    index = np.empty(size, np.int64)
    bits = 0.0
    for c in range(count):
        near = 0
        for i in range(_OWN):
            index[near] = c * _NEAR + 1 + i
            near += 1
        if paired:
            for i in range(_OTHER):
                index[near] = (1 - c) * _NEAR + (1 - c) + i
                near += 1
        taps = near
        for i in range(count * _NEAR, size):
            index[taps] = i
            taps += 1
        bits += _saved(cov, index, near, taps, c * _NEAR, end - begin)
    return bits

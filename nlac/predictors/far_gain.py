"""What the samples around an earlier occurrence would save, on a piece (encoder only)."""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac.predictors.gram import covariance, mirror, room
from nlac.predictors.least_squares import factorise, log2, new_factor, padded, project

_OWN, _OTHER, _FAR = 16, 9, 8  # taps: own past, the other channel's, around the occurrence
_FLOOR = 0.1  # energy of a sample that no prediction takes off


@kernel
def far_gain(samples, first, second, present, lag, begin, end):
    """Bits that a window at the earlier occurrence takes off channel `first` in begin .. end.

    `second` is another channel, or the same; if `present` its present sample is known.
    """
    which = np.array([first, first, second, second])
    delays = np.array([0, lag - _FAR // 2 + 1, 0 if present else 1, lag - _FAR // 2 + 1])
    counts = np.array([_OWN + 1, _FAR, _OTHER, _FAR])
    sequences = 2 if first == second else 4
    size = counts[:sequences].sum()
    cov = np.empty((size, room(size)))
    covariance(samples, which[:sequences], delays[:sequences], counts[:sequences], begin, end, cov)
    mirror(cov)
    index = np.empty(size - 1, np.int64)
    near = 0
    for i in range(1, _OWN + 1):
        index[near] = i
        near += 1
    if sequences == 4:
        for i in range(_OTHER):
            index[near] = counts[0] + counts[1] + i
            near += 1
    taps = near
    for i in range(_FAR):
        index[taps] = counts[0] + i
        taps += 1
    if sequences == 4:
        for i in range(_FAR):
            index[taps] = counts[0] + counts[1] + counts[2] + i
            taps += 1
    work = np.empty((taps, taps))
    factor = new_factor(taps)
    z = np.zeros(padded(taps))
    for i in range(taps):
        for j in range(i, taps):
            work[i, j] = cov[index[i], index[j]]
        z[i] = cov[index[i], 0]
    usable = factorise(work, taps, factor)
    project(factor, usable, z)
    floor = _FLOOR * (end - begin)
    energy = cov[0, 0]
    for i in range(min(near, usable)):
        energy -= z[i] * z[i]
    without = max(energy, 0.0) + floor
    for i in range(near, usable):
        energy -= z[i] * z[i]
    return 0.5 * (end - begin) * log2(without / (max(energy, 0.0) + floor))

"""Soft value sets: all integers, with boundaries moved towards those that are rare (spec 11.7.4).

Recordings that were amplified and then dithered have values that cluster around the multiples of a
step. Moving the boundaries between values, so that likely ones get wide intervals, lets any smooth
distribution code them at what they really hold. The method is this project's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PHASES = 32
STEP_BITS = 24
MIN_STEP, MAX_STEP = 1 << STEP_BITS, 1 << 30  # exclusive: 1 to 64 units
_LEAST_WIDTH = 1 << 12  # Q16: a sixteenth of a unit
_LEAST_RISE = 8  # Q8, from each boundary to the next


def phases(values: NDArray[np.int64], step: int) -> NDArray[np.int64]:
    """Return the phase of each value in a step (Q24), 0 to PHASES - 1, int64."""
    return (values << STEP_BITS) % step * PHASES // step


def reach_of(step: int) -> int:
    """Frames to each side of the boxes by which weights are smoothed."""
    return max(2, (2 * step) >> STEP_BITS)


def smoothed(x: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """Return sums over boxes of 2 reach + 1, twice; 4 reach values fewer. It wraps around."""
    width = 2 * reach + 1
    for _ in range(2):
        sums = np.concatenate([np.zeros(1, x.dtype), np.cumsum(x)])
        x = sums[width:] - sums[:-width]
    return x


def boundaries(first: int, last: int, step: int, weights: bytes) -> NDArray[np.int64]:
    """Compute the boundaries of a soft set.

    Parameters
    ----------
    first, last : int
        Ends of the set.
    step : int
        Q24, `MIN_STEP` < step < `MAX_STEP`.
    weights : bytes
        One weight for each phase, 1 to 255.

    Returns
    -------
    boundaries : (last - first + 2,) int64
        Lower boundary of each value from `first` to `last` + 1, Q8, strictly ascending.
    """
    reach = reach_of(step)
    values = np.arange(first - 4 * reach, last + 4 * reach + 2, dtype=np.int64)
    weight = np.frombuffer(weights, np.uint8).astype(np.int64)[phases(values, step)]
    inner = weight[2 * reach : -2 * reach]
    area = (2 * reach + 1) ** 2
    width = np.maximum((inner * area << 16) // smoothed(weight, reach), _LEAST_WIDTH)
    moved = np.cumsum(np.concatenate([np.zeros(1, np.int64), width - (1 << 16)]))
    # what is moved lies around the mean of the neighbourhood: only differences count, so that
    # sums may wrap around in 64 bits
    sums = smoothed(inner, reach)
    middle = (moved[1:] + moved[:-1]) >> 1
    here = moved[2 * reach : -2 * reach - 1]
    drift = np.asarray((smoothed(middle * inner, reach) - here * sums) // sums, np.int64)
    edges = (np.arange(first, last + 2, dtype=np.int64) << 8) - 128 - (drift >> 8)
    least = np.arange(len(edges), dtype=np.int64) * _LEAST_RISE
    return np.maximum.accumulate(edges - least) + least

"""Search of the step of each band of a frame, jointly over its bands.

The cost of a step for a band is the squared misfit of its lines over twice the noise's variance,
in bits, and the bits of its values. Steps of neighbouring bands are mostly near, so dynamic
programming over the bands chooses. Bands of zeros need no step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.tables import NUM_STEPS
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE, NO_INDEX
from nlac.kernels.jit import kernel

_CHANGE = 1.0  # bits of each step
_SLOPE = 0.6  # of each unit of difference
_STEEPEST = 12.0  # of all units of difference at most
# what another step can save elsewhere, so that a costlier one is never chosen
MARGIN = 2 * (_CHANGE + _STEEPEST)


@kernel
def choose_steps(
    costs: Floats, zeros: Floats, count: int, origin: NDArray[np.int16], chosen: NDArray[np.int64]
) -> float:
    """Choose the steps of bands that follow each other; return their cost.

    Parameters
    ----------
    costs : (>= count, NUM_STEPS) float64
        Cost of each step for each band.
    zeros : (>= count,) float64
        Cost of zeros for each band.
    count : int
        Number of bands.
    origin : (>= count, NUM_STEPS) int16
        Overwritten.
    chosen : (>= count,) int64
        Index of the step of each band, or `NO_INDEX`; overwritten.
    """
    state = np.zeros(NUM_STEPS)
    nearest = np.empty(NUM_STEPS)
    source = np.empty(NUM_STEPS, np.int64)
    for band in range(count):
        least_at = 0
        for k in range(NUM_STEPS):
            nearest[k] = state[k]
            source[k] = k
            if state[k] < state[least_at]:
                least_at = k
        for k in range(1, NUM_STEPS):
            if nearest[k - 1] + _SLOPE < nearest[k]:
                nearest[k] = nearest[k - 1] + _SLOPE
                source[k] = source[k - 1]
        for k in range(NUM_STEPS - 2, -1, -1):
            if nearest[k + 1] + _SLOPE < nearest[k]:
                nearest[k] = nearest[k + 1] + _SLOPE
                source[k] = source[k + 1]
        farthest = state[least_at] + _STEEPEST
        for k in range(NUM_STEPS):
            origin[band, k] = -1
            total = state[k] + zeros[band]
            if costs[band, k] < IMPOSSIBLE:
                before = nearest[k]
                came = source[k]
                if farthest < before:
                    before = farthest
                    came = least_at
                before += _CHANGE + costs[band, k]
                if before < total:
                    total = before
                    origin[band, k] = came
            state[k] = total
    at = 0
    for k in range(NUM_STEPS):
        if state[k] < state[at]:
            at = k
    cost = state[at]
    for band in range(count - 1, -1, -1):
        came = origin[band, at]
        chosen[band] = at if came >= 0 else NO_INDEX
        if came >= 0:
            at = came
    return float(cost)

"""Filters over lines in integers: temporal noise shaping (spec, section "Synthesis of AAC").

All-pole filters in the form of a lattice: its coefficients are what a stream has, and it is stable
in integers as well.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import MAX_ORDER, WINDOWS
from nlac.predictors.origin.sizes import limited, shifted

BITS = 28
LIMIT = 1 << 33


@kernel
def _filter(lines, first, stride, count, order, sines, indices, state):
    """Filter `count` lines in place, from line `first` on, with one state for each order."""
    state[:] = 0
    for i in range(count):
        at = first + stride * i
        value = lines[at]
        for m in range(order, 0, -1):
            reflection = sines[indices[m - 1] + 8]
            value = limited(value - shifted(reflection * state[m - 1], BITS), LIMIT)
            state[m] = limited(state[m - 1] + shifted(reflection * value, BITS), LIMIT)
        state[0] = value
        lines[at] = value


@kernel
def apply_filters(lines, filters, reflections, short, starts, sines):
    """Apply the filters of a frame and channel to its lines."""
    state = np.zeros(MAX_ORDER + 1, np.int64)
    for f in range(len(filters)):
        order = np.int64(filters[f, 2])
        if order == 0:
            continue
        window, stride = (f, WINDOWS) if short else (0, 1)
        begin, end = starts[filters[f, 0]], starts[filters[f, 1]]
        first, step = window + stride * begin, stride
        if filters[f, 3]:
            first, step = window + stride * (end - 1), -stride
        _filter(
            lines, first, step, end - begin, order, sines[filters[f, 4] - 3], reflections[f], state
        )

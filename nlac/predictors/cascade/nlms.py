"""Normalised LMS stages with long memories, in 16-bit history and weights.

A stage predicts what the stages before it left over, from its own history of
that and, optionally, the reference channel's.  Weights are kept in 32 bits
(Q30), of which the upper half predicts.  The gradients of four samples are added
at a time, which saves most of the traffic.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i64, store_16, store_64
from nlac.kernels.vectors_i16 import add_four_gradients, add_two_gradients, dot_i16

# cells of a stage
(
    L_TAPS, L_OTHER, L_HISTORY, L_OTHER_HISTORY, L_WEIGHTS, L_COPIES, L_OTHER_WEIGHTS,
    L_OTHER_COPIES, L_UNIT, L_STEP, L_POWER0, L_POWER1, L_POWER2, L_MEAN, L_OUTPUT,
    L_AHEAD, L_GROUP, L_GRADIENTS,
) = range(18)
STAGE = L_GRADIENTS + 4
HISTORY_LIMIT = 8191
NEAR = 32  # taps of the first stretch of equal step


@kernel
def predict_stage(stage, t):
    """Prediction of a stage for frame t, Q8; also kept for learning."""
    taps = load_i64(stage, L_TAPS)
    total = dot_i16(load_i64(stage, L_COPIES), load_i64(stage, L_HISTORY) + 2 * (t - taps), taps)
    other = load_i64(stage, L_OTHER)
    if other > 0:
        begin = t - other + load_i64(stage, L_AHEAD)
        total += dot_i16(
            load_i64(stage, L_OTHER_COPIES), load_i64(stage, L_OTHER_HISTORY) + 2 * begin, other
        )
    # Q14 in units of the history
    unit = load_i64(stage, L_UNIT) - 6
    output = total << unit if unit >= 0 else total >> -unit
    store_64(stage, L_OUTPUT, output)
    return output


@kernel
def store_history(history, t, value, unit):
    """Put a residual (Q8) into a history of 16 bits."""
    value >>= unit + 8
    store_16(history, t, min(max(value, -HISTORY_LIMIT), HISTORY_LIMIT))


@kernel
def _short(gradient, size):
    """A gradient in 16 bits: rounded down stretch by stretch, it may be 3 beyond the largest."""
    return max(gradient >> size, -32768)


@kernel
def _pair(later, earlier, size):
    """Two gradients in the halves of 32 bits, the later frame's in the upper one."""
    return _short(later, size) << 16 | (_short(earlier, size) & 0xFFFF)


@kernel
def _spread(stage, weights, copies, history, count):
    """Update all taps, the step falling with the distance; the nearest tap stands last."""
    g0, g1 = load_i64(stage, L_GRADIENTS), load_i64(stage, L_GRADIENTS + 1)
    g2, g3 = load_i64(stage, L_GRADIENTS + 2), load_i64(stage, L_GRADIENTS + 3)
    group = load_i64(stage, L_GROUP)
    top = max(max(abs(g0), abs(g1)), max(abs(g2), abs(g3)))
    end = count
    width = NEAR
    while end > 0 and top > 0:
        begin = max(end - width, 0)
        # gradients in Q16: the 15 bits that say most, and what is left to shift
        size = max(bit_length(top) - 15, 1)
        newest = _pair(g0, g1, size)
        oldest = _pair(g2, g3, size)
        if group < 4:
            add_two_gradients(
                weights + 4 * begin, copies + 2 * begin, history + 2 * begin, end - begin,
                16 - size, newest, oldest,
            )
        else:
            add_four_gradients(
                weights + 4 * begin, copies + 2 * begin, history + 2 * begin, end - begin,
                16 - size, newest, oldest,
            )
        if end != count:
            width *= 2
        end = begin
        # (1/2) ** 0.8
        g0, g1 = (g0 * 18820) >> 15, (g1 * 18820) >> 15
        g2, g3 = (g2 * 18820) >> 15, (g3 * 18820) >> 15
        top = (top * 18820) >> 15


@kernel
def learn_stage(stage, t, target):
    """Learn from the residual that the stage should have predicted (Q8).

    Widths: histories of 14 bits, so powers below 2**26 (Q8 in 64 bits), the clipped error
    below 2**17 (Q3), the gradient's dividend below 2**59; the gradient is
    clipped to 2**30 (Q16), so that each weight changes by less than 2**29 at a time.
    """
    unit = load_i64(stage, L_UNIT)
    error = target - load_i64(stage, L_OUTPUT)
    shift = unit + 5
    error = error >> shift if shift >= 0 else error << -shift
    magnitude = min(abs(error), np.int64(1) << 16)
    mean = load_i64(stage, L_MEAN)
    bound = min(magnitude, 2 * (mean >> 8) + 1)
    mean += ((magnitude << 8) - mean) >> 5
    store_64(stage, L_MEAN, mean)
    error = bound if error > 0 else -bound
    history = load_i64(stage, L_HISTORY)
    newest = load_i16(history, t - 1)
    square = (newest * newest) << 8
    power = np.int64(1 << 10)
    for i in range(3):
        value = load_i64(stage, L_POWER0 + i)
        value += (square - value) >> (3 * i + 4)
        store_64(stage, L_POWER0 + i, value)
        power += value
    gradient = (error * load_i64(stage, L_STEP)) // power
    gradient = min(max(gradient, -(1 << 30)), 1 << 30)
    group, taps = load_i64(stage, L_GROUP), load_i64(stage, L_TAPS)
    # the newest stands first
    place = (group - 1) - (t & (group - 1))
    store_64(stage, L_GRADIENTS + place, gradient)
    if place > 0:
        return
    begin = history + 2 * (t - taps)
    _spread(stage, load_i64(stage, L_WEIGHTS), load_i64(stage, L_COPIES), begin, taps)
    other = load_i64(stage, L_OTHER)
    if other > 0:
        begin = t - other + load_i64(stage, L_AHEAD)
        begin = load_i64(stage, L_OTHER_HISTORY) + 2 * begin
        _spread(
            stage, load_i64(stage, L_OTHER_WEIGHTS), load_i64(stage, L_OTHER_COPIES), begin, other
        )

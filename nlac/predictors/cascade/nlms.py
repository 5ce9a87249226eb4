"""Normalised LMS stages with long memories, whose histories and weights have 16 bits.

Normalised least mean squares (Widrow and Hoff 1960; Nagumo and Noda 1967), in the cascade of MPEG-4
ALS RLS-LMS (ISO/IEC 14496-3). A stage predicts the residual of the stages before it, from the
history of that residual and, if it has cross taps, from that of the reference channel. Weights are
kept in 32 bits (Q30); the upper half predicts. The gradients of four samples are added at a time,
which saves most of the memory traffic.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i64, store_16, store_64
from nlac.kernels.vectors_i16 import add_four_gradients, add_two_gradients, dot_i16


class StageCell(IntEnum):
    """Cells of an NLMS stage, int64."""

    TAPS = 0  # taps in its own history
    CROSS_TAPS = 1  # taps in the reference's history, 0 for none
    HISTORY = 2  # address of time 0 of its own history, int16
    OTHER_HISTORY = 3  # that of the reference's history
    WEIGHTS = 4  # address of the weights, int32 Q30, oldest tap first
    COPIES = 5  # address of their upper halves, int16
    OTHER_WEIGHTS = 6  # the same for the cross taps
    OTHER_COPIES = 7
    HISTORY_SHIFT = 8  # a history holds residuals shifted down by so many bits
    STEP = 9  # step size, scaled for `learn_stage`
    POWERS = 10  # three running means of the power of the history, Q8
    MEAN = 13  # running mean of the error, Q11
    OUTPUT = 14  # present prediction, Q8
    AHEAD = 15  # 1 if the reference's present sample is known
    GROUP = 16  # samples whose gradients are added at once: 1 or 4
    GRADIENTS = 17  # gradients of these, Q16, the newest first


STAGE_CELLS = StageCell.GRADIENTS + 4
HISTORY_LIMIT = 8191
NEAR = 32  # taps of the first stretch of equal step


@kernel
def predict_stage(stage, t):
    """Prediction of a stage for frame t, int64 Q8; also kept in the stage for `learn_stage`."""
    taps = load_i64(stage, StageCell.TAPS)
    begin = load_i64(stage, StageCell.HISTORY) + 2 * (t - taps)
    total = dot_i16(load_i64(stage, StageCell.COPIES), begin, taps)
    other = load_i64(stage, StageCell.CROSS_TAPS)
    if other > 0:
        begin = t - other + load_i64(stage, StageCell.AHEAD)
        total += dot_i16(
            load_i64(stage, StageCell.OTHER_COPIES),
            load_i64(stage, StageCell.OTHER_HISTORY) + 2 * begin,
            other,
        )
    # Q14 in the units of the history
    up = load_i64(stage, StageCell.HISTORY_SHIFT) - 6
    output = total << up if up >= 0 else total >> -up
    store_64(stage, StageCell.OUTPUT, output)
    return output


@kernel
def store_history(history, t, value, shift):
    """Store a residual (Q8) at time t of an int16 history, shifted down by `shift` and clipped."""
    value >>= shift + 8
    store_16(history, t, min(max(value, -HISTORY_LIMIT), HISTORY_LIMIT))


@kernel
def _short(gradient, size):
    """A gradient in 16 bits; rounding down by stretches may bring it to 3 beyond the largest."""
    return max(gradient >> size, -32768)


@kernel
def _pair(later, earlier, size):
    """Two gradients in the halves of 32 bits, that of the later frame in the upper one."""
    return _short(later, size) << 16 | (_short(earlier, size) & 0xFFFF)


@kernel
def _spread(stage, weights, copies, history, count):
    """Update `count` taps with a step size that falls with the distance; the nearest is the last.

    `weights` (int32), `copies` (int16) and `history` (int16) are addresses.
    """
    g0, g1 = load_i64(stage, StageCell.GRADIENTS), load_i64(stage, StageCell.GRADIENTS + 1)
    g2, g3 = load_i64(stage, StageCell.GRADIENTS + 2), load_i64(stage, StageCell.GRADIENTS + 3)
    group = load_i64(stage, StageCell.GROUP)
    top = max(max(abs(g0), abs(g1)), max(abs(g2), abs(g3)))
    end = count
    width = NEAR
    while end > 0 and top > 0:
        begin = max(end - width, 0)
        # gradients in Q16: their 15 most significant bits, and the shift that remains
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
    """Update a stage with `target` (Q8), the residual that it should have predicted at frame t.

    Widths: histories of 14 bits, so powers below 2**26 (Q8 in 64 bits), the clipped error
    below 2**17 (Q3), the gradient's dividend below 2**59; the gradient is
    clipped to 2**30 (Q16), so that each weight changes by less than 2**29 at a time.
    """
    error = target - load_i64(stage, StageCell.OUTPUT)
    shift = load_i64(stage, StageCell.HISTORY_SHIFT) + 5
    error = error >> shift if shift >= 0 else error << -shift
    magnitude = min(abs(error), np.int64(1) << 16)
    mean = load_i64(stage, StageCell.MEAN)
    bound = min(magnitude, 2 * (mean >> 8) + 1)
    mean += ((magnitude << 8) - mean) >> 5
    store_64(stage, StageCell.MEAN, mean)
    error = bound if error > 0 else -bound
    history = load_i64(stage, StageCell.HISTORY)
    newest = load_i16(history, t - 1)
    square = (newest * newest) << 8
    power = np.int64(1 << 10)
    for i in range(3):
        value = load_i64(stage, StageCell.POWERS + i)
        value += (square - value) >> (3 * i + 4)
        store_64(stage, StageCell.POWERS + i, value)
        power += value
    gradient = (error * load_i64(stage, StageCell.STEP)) // power
    gradient = min(max(gradient, -(1 << 30)), 1 << 30)
    group, taps = load_i64(stage, StageCell.GROUP), load_i64(stage, StageCell.TAPS)
    # the newest gradient is the first
    place = (group - 1) - (t & (group - 1))
    store_64(stage, StageCell.GRADIENTS + place, gradient)
    if place > 0:
        return
    begin = history + 2 * (t - taps)
    weights, copies = load_i64(stage, StageCell.WEIGHTS), load_i64(stage, StageCell.COPIES)
    _spread(stage, weights, copies, begin, taps)
    other = load_i64(stage, StageCell.CROSS_TAPS)
    if other > 0:
        begin = t - other + load_i64(stage, StageCell.AHEAD)
        begin = load_i64(stage, StageCell.OTHER_HISTORY) + 2 * begin
        weights = load_i64(stage, StageCell.OTHER_WEIGHTS)
        _spread(stage, weights, load_i64(stage, StageCell.OTHER_COPIES), begin, other)

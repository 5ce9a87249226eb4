"""Normalised LMS stages with long memories, whose histories and weights have 16 bits.

Normalised least mean squares (Widrow and Hoff 1960; Nagumo and Noda 1967), in the cascade of MPEG-4
ALS RLS-LMS (ISO/IEC 14496-3). A stage predicts the residual of the stages before it, from the
history of that residual and, if it has cross taps, from that of the reference channel. Weights are
kept in 32 bits (Q30); the upper half predicts. The gradients of four samples are added at a time,
which saves most of the memory traffic. As the weights then stay for four samples, the products of
all but the nearest taps are summed for the next four samples at once, too.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_16, store_64
from nlac.kernels.vectors_i16 import (
    SUM_LANES,
    add_four_gradients,
    add_two_gradients,
    dot_i16,
    end_dot,
    four_dots,
)
from nlac.kernels.vectors_i64 import I64_LANES
from nlac.predictors.cascade.vectors import (
    HISTORY_LIMIT,
    StageLane,
    first_gradients,
    gradients,
    has_wide_vectors,
)


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
    AHEAD = 9  # 1 if the reference's present sample is known
    GROUP = 10  # samples whose gradients are added at once: 1 or 4
    SUMS = 11  # address of four rows for `four_dots` if GROUP is 4
    OTHER_SUMS = 12  # the same for the cross taps


STAGE_CELLS = len(StageCell)
_MANY = 6  # stages that are faster as a vector where vectors are narrow, too
NEAR = 32  # taps of the first stretch of equal step


@kernel
def _weigh(copies, end, taps, group, sums, t):
    """Weighted sum of a history that ends before the address `end`, for frame t."""
    if group < 4:
        return dot_i16(copies, end - 2 * taps, taps)
    return end_dot(copies + 2 * (taps - NEAR), end - 2 * NEAR, sums + 4 * SUM_LANES * (t & 3))


@kernel
def predict_stage(stage, t):
    """Prediction of a stage for frame t, int64 Q8."""
    group = load_i64(stage, StageCell.GROUP)
    total = _weigh(
        load_i64(stage, StageCell.COPIES), load_i64(stage, StageCell.HISTORY) + 2 * t,
        load_i64(stage, StageCell.TAPS), group, load_i64(stage, StageCell.SUMS), t,
    )  # fmt: skip
    other = load_i64(stage, StageCell.CROSS_TAPS)
    if other > 0:
        end = t + load_i64(stage, StageCell.AHEAD)
        total += _weigh(
            load_i64(stage, StageCell.OTHER_COPIES),
            load_i64(stage, StageCell.OTHER_HISTORY) + 2 * end,
            other, group, load_i64(stage, StageCell.OTHER_SUMS), t,
        )  # fmt: skip
    # Q14 in the units of the history
    up = load_i64(stage, StageCell.HISTORY_SHIFT) - 6
    return total << up if up >= 0 else total >> -up


@kernel
def note_output(lanes, index, output, before):
    """Keep the prediction of a stage, and the sum of those before it, for `learn_stages`."""
    store_64(lanes, StageLane.OUTPUT + index, output)
    store_64(lanes, StageLane.BEFORE + index, before)


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
def _spread(gradients, group, weights, copies, history, count):
    """Update `count` taps with a step size that falls with the distance; the nearest is the last.

    `gradients` is the address of the newest gradient (`StageLane.GRADIENTS`), of which `group`
    count; `weights` (int32), `copies` (int16) and `history` (int16) are addresses, too.
    """
    g0, g1, g2, g3 = load_i64(gradients, 0), np.int64(0), np.int64(0), np.int64(0)
    if group > 1:
        g1, g2 = load_i64(gradients, I64_LANES), load_i64(gradients, 2 * I64_LANES)
        g3 = load_i64(gradients, 3 * I64_LANES)
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
def _learn_stage(stage, gradients, t):
    """Update the weights of a stage with its gradients at frame t and before."""
    group, taps = load_i64(stage, StageCell.GROUP), load_i64(stage, StageCell.TAPS)
    if t & (group - 1) != group - 1:
        return
    begin = load_i64(stage, StageCell.HISTORY) + 2 * (t - taps)
    weights, copies = load_i64(stage, StageCell.WEIGHTS), load_i64(stage, StageCell.COPIES)
    _spread(gradients, group, weights, copies, begin, taps)
    if group == 4:
        four_dots(copies, begin + 2, taps - NEAR, load_i64(stage, StageCell.SUMS))
    other = load_i64(stage, StageCell.CROSS_TAPS)
    if other > 0:
        begin = t - other + load_i64(stage, StageCell.AHEAD)
        begin = load_i64(stage, StageCell.OTHER_HISTORY) + 2 * begin
        weights = load_i64(stage, StageCell.OTHER_WEIGHTS)
        copies = load_i64(stage, StageCell.OTHER_COPIES)
        _spread(gradients, group, weights, copies, begin, other)
        if group == 4:
            four_dots(copies, begin + 2, other - NEAR, load_i64(stage, StageCell.OTHER_SUMS))


@kernel
def learn_stages(stages, lanes, cascades, per_cascade, t, residual, shift):
    """Update all stages of a channel at frame t, and their histories but the first of a cascade.

    Parameters
    ----------
    stages : address of the cells of all stages, cascade by cascade
    lanes : address of the cells of `StageLane`
    cascades, per_cascade : int
        Cascades, and stages of each.
    t : int
    residual : int
        What the first stage of each cascade should have predicted, Q8.
    shift : int
        Residuals are shifted down by so many bits in histories.
    """
    place = 3 - (t & 3)
    count = cascades * per_cascade
    if count < _MANY and not has_wide_vectors():
        first_gradients(lanes, count, place, residual, shift)
    else:
        gradients(lanes, (count + 7) >> 3, place, residual, shift)
    newest = lanes + 8 * (StageLane.GRADIENTS + I64_LANES * place)
    for k in range(cascades):
        for i in range(k * per_cascade, (k + 1) * per_cascade):
            stage = stages + 8 * STAGE_CELLS * i
            _learn_stage(stage, newest + 8 * i, t)
            if i > k * per_cascade:
                value = load_i64(lanes, StageLane.NEWEST + i)
                store_16(load_i64(stage, StageCell.HISTORY), t, value)

"""A front whose coefficients are sent: the windows of an `lpc` block, before a network.

It takes the place of a cascade in the loops of `cnn` and `gru`. What the windows leave over, three
LMS stages predict, which learn as they go: they see further back, and both channels. What these
leave over, an online network predicts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_kernels import SetCell
from nlac.entropy.value_sets import ValueSet
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.cascade.memory import StageMemory
from nlac.predictors.cascade.nlms import (
    L_HISTORY,
    L_OUTPUT,
    STAGE,
    learn_stage,
    predict_stage,
    store_history,
)
from nlac.predictors.cascade.parameters import StageParameters
from nlac.predictors.cascade.predictor import learn_sample, predict_sample
from nlac.predictors.cascade.side_info import Schedule, SideInfo
from nlac.predictors.cascade.state import C_EXPERTS, CHANNEL, LOCATIONS
from nlac.predictors.lpc.kernels import new_rows, predict, store_sample
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import LINE_CELLS, SEGMENT_CELLS, LineCell, SegmentCell, make_plan
from nlac.predictors.networks.online import learn_online, predict_online

# numbers of the format
STAGES = (StageParameters(512, 128, 43), StageParameters(128, 0, 37), StageParameters(32, 0, 28))
NUM_STAGES = len(STAGES)
ONLINE_STEP = 34
NUM_LOCATIONS = 3
# cells of a channel, in a row as a cascade's: there the first is an address, here it is 0,
# and so is the lag
(
    F_SEGMENT, F_STARTS, F_CELL, F_SEGMENT_BYTES, F_COEFFICIENTS, F_LINE, F_COPIES, F_ROWS,
    F_LOCATION, F_STAGES, F_HISTORY, F_UNIT, F_ONLINE, F_NEWEST, F_SUMS,
) = range(1, 16)


@kernel
def predict_base(front, t):
    """Put the predictions of frame t (Q8) into the channel's locations, whatever the front.

    Widths: the windows' value is below 2**39, outputs of stages below 2**51.
    """
    if load_i64(front, C_EXPERTS) != 0:
        predict_sample(front, t)
        return
    segment, starts = load_i64(front, F_SEGMENT), load_i64(front, F_STARTS)
    while load_i64(starts, segment + 1) <= t:
        segment += 1
        store_64(front, F_CELL, load_i64(front, F_CELL) + load_i64(front, F_SEGMENT_BYTES))
    store_64(front, F_SEGMENT, segment)
    row = load_i64(front, F_ROWS) + 4 * load_i64(load_i64(front, F_LINE), LineCell.ROW)
    cell, out = load_i64(front, F_CELL), load_i64(front, F_LOCATION)
    value = predict(cell, load_i64(front, F_COEFFICIENTS), row, t)
    stages = load_i64(front, F_STAGES)
    total = value
    for i in range(NUM_STAGES):
        total += predict_stage(stages + 8 * STAGE * i, t)
        store_64(front, F_SUMS + i, total)
    entry = cell + 8 * SegmentCell.VALUE_SET
    low, high = load_i64(entry, SetCell.LOWEST), load_i64(entry, SetCell.HIGHEST)
    best = min(max(total, low), high)
    store_64(out, 0, best)
    store_64(out, 1, value)
    missed = predict_online(
        load_i64(front, F_ONLINE), t, front + 8 * F_SUMS, NUM_STAGES - 1, out, 1, best, value,
        load_i64(front, F_NEWEST),
    )  # fmt: skip
    store_64(out, -1, min(max(best + missed, low), high))


@kernel
def learn_base(front, t, sample):
    """Learn the sample of frame t, whatever the front."""
    if load_i64(front, C_EXPERTS) != 0:
        learn_sample(front, t, sample)
        return
    line, copies = load_i64(front, F_LINE), load_i64(front, F_COPIES)
    store_sample(line, copies, load_i64(front, F_ROWS), t, sample)
    stages, unit = load_i64(front, F_STAGES), load_i64(front, F_UNIT)
    truth, out = sample << 8, load_i64(front, F_LOCATION)
    residual = truth - load_i64(out, 1)
    value = residual
    for i in range(NUM_STAGES):
        stage = stages + 8 * STAGE * i
        learn_stage(stage, t, value)
        if i > 0:
            store_history(load_i64(stage, L_HISTORY), t, value, unit)
        value -= load_i64(stage, L_OUTPUT)
    store_history(load_i64(front, F_HISTORY), t, residual, unit)
    learn_online(load_i64(front, F_ONLINE), t, truth - load_i64(out, 0))
    store_64(front, F_NEWEST, sample)


class ForwardState(StageMemory):
    """The memory of a block's windows, one row of `channels` a channel.

    Attributes
    ----------
    channels : (channels, CHANNEL) int64
        Cells of the channels; addresses in them point into what this object keeps.
    locations : (channels, LOCATIONS) int64
        Where the predictions of the present sample are put.
    """

    def __init__(
        self, layout: LpcParameters, sets: Sequence[ValueSet], units: Sequence[int]
    ) -> None:
        super().__init__()
        count, frames = len(layout.reference), int(layout.starts[-1])
        self._rows = new_rows(layout)
        self._plan = plan = make_plan(layout, sets, self._rows.shape[1])
        self.channels = np.zeros((count, CHANNEL), np.int64)
        self.locations = np.zeros((count, LOCATIONS), np.int64)
        for c, row in enumerate(self.channels):
            row[F_STARTS] = plan.starts.ctypes.data
            row[F_CELL] = plan.cells.ctypes.data + 8 * SEGMENT_CELLS * c
            row[F_SEGMENT_BYTES] = 8 * SEGMENT_CELLS * count
            row[F_COEFFICIENTS] = plan.coefficients.ctypes.data
            row[F_LINE] = plan.lines.ctypes.data + 8 * LINE_CELLS * c
            row[F_COPIES] = plan.copies.ctypes.data
            row[F_ROWS] = self._rows.ctypes.data
            # the online network's location comes first
            row[F_LOCATION] = self.locations[c, 1:].ctypes.data
            row[F_HISTORY], row[F_UNIT] = self._history(frames), units[c]
        errors = [self._history(frames) for _ in range(count)]
        for c, reference in enumerate(layout.reference.tolist()):
            row = self.channels[c]
            stages = self._cells(NUM_STAGES * STAGE).reshape(NUM_STAGES, STAGE)
            row[F_STAGES] = stages.ctypes.data
            other, theirs, ahead = 0, 0, int(0 <= reference < c)
            if reference >= 0:
                other, theirs = int(self.channels[reference, F_HISTORY]), errors[reference]
            for i, (cells, stage) in enumerate(zip(stages, STAGES, strict=True)):
                own = self._history(frames) if i else int(row[F_HISTORY])
                self._stage(cells, stage, own, other, ahead, units[c])
            row[F_ONLINE] = self._online(ONLINE_STEP, errors[c], theirs, ahead)


def side_info_of(
    order: Sequence[int], layout: LpcParameters, sets: Sequence[ValueSet], units: Sequence[int]
) -> SideInfo:
    """What a layout and the units of histories say, as a cascade's head says it.

    Segments begin with a piece.
    """
    spans = np.zeros(int(layout.starts[-1]) // PIECE + 1, np.int64)
    pieces = np.arange(0, int(layout.starts[-1]), PIECE)
    segment = np.searchsorted(layout.starts, pieces, side="right") - 1
    schedule = Schedule(layout.frames, layout.delay, spans, layout.value_set[segment])
    reference: NDArray[np.int64] = layout.reference
    return SideInfo(
        list(order), reference.tolist(), layout.initial_scale, list(units), list(sets), schedule
    )

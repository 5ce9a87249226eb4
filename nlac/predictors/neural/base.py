"""Base predictors: a cascade, or forward-adaptive windows with stages behind them.

The forward base predictor has the windows of an `lpc` block, whose coefficients are in the stream.
Three NLMS stages, which reach further back and into both channels, predict the residual of the
windows, and an online network predicts the residual of the stages. The loops of `cnn` and `gru`
run either base predictor; `base` is the address of a channel's cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_kernels import SetCell
from nlac.entropy.value_sets import ValueSet
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.cascade.memory import StageMemory
from nlac.predictors.cascade.nlms import (
    STAGE_CELLS,
    learn_stages,
    note_output,
    predict_stage,
    store_history,
)
from nlac.predictors.cascade.parameters import StageParameters
from nlac.predictors.cascade.predictor import learn_sample, predict_sample
from nlac.predictors.cascade.side_info import Schedule, SideInfo
from nlac.predictors.cascade.state import CHANNEL_CELLS, LOCATIONS
from nlac.predictors.lpc.kernels import new_rows, store_sample
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import LINE_CELLS, SEGMENT_CELLS, LineCell, SegmentCell, make_plan
from nlac.predictors.lpc.windows import predict
from nlac.predictors.networks.online import learn_online, predict_online

# numbers of the format
STAGES = (StageParameters(512, 128, 43), StageParameters(128, 0, 37), StageParameters(32, 0, 28))
NUM_STAGES = len(STAGES)
ONLINE_STEP = 34
NUM_LOCATIONS = 3

class ForwardCell(IntEnum):
    """Cells of a channel, int64, in a row of CHANNEL_CELLS."""

    CASCADE = 0  # always 0; in a cascade, this cell (RLS) is an address
    SEGMENT = 1  # present segment
    STARTS = 2  # address of the first frames of the segments
    CELL = 3  # address of the cells of the present segment (`SegmentCell`)
    SEGMENT_BYTES = 4  # from one segment's cells to the next
    COEFFICIENTS = 5  # address of the coefficients of the windows
    LINE = 6  # address of the channel's line (`LineCell`)
    COPIES = 7  # address of the rows that refer to this channel
    ROWS = 8  # address of the sample rows
    LOCATION = 9  # address of the predictions of the present sample, Q8
    STAGES = 10  # address of the cells of the NLMS stages
    HISTORY = 11  # address of time 0 of the history of the stages' input
    HISTORY_SHIFT = 12  # residuals are shifted down by so many bits in histories
    ONLINE = 13  # address of the cells of the online network
    NEWEST = 14  # sample before the present one
    LANES = 15  # address of the cells of `StageLane`
    SUMS = 16  # present prediction after each stage, Q8


@kernel
def predict_base(base, t):
    """Write the predictions of frame t (Q8) to the channel's locations, the best first.

    Widths: the prediction of the windows is below 2**39, outputs of stages below 2**51.
    """
    if load_i64(base, ForwardCell.CASCADE) != 0:
        predict_sample(base, t)
        return
    segment, starts = load_i64(base, ForwardCell.SEGMENT), load_i64(base, ForwardCell.STARTS)
    while load_i64(starts, segment + 1) <= t:
        segment += 1
        following = load_i64(base, ForwardCell.CELL) + load_i64(base, ForwardCell.SEGMENT_BYTES)
        store_64(base, ForwardCell.CELL, following)
    store_64(base, ForwardCell.SEGMENT, segment)
    line = load_i64(base, ForwardCell.LINE)
    row = load_i64(base, ForwardCell.ROWS) + 4 * load_i64(line, LineCell.ROW)
    cell, out = load_i64(base, ForwardCell.CELL), load_i64(base, ForwardCell.LOCATION)
    value = predict(cell, load_i64(base, ForwardCell.COEFFICIENTS), row, t)
    stages, lanes = load_i64(base, ForwardCell.STAGES), load_i64(base, ForwardCell.LANES)
    total = value
    for i in range(NUM_STAGES):
        output = predict_stage(stages + 8 * STAGE_CELLS * i, t)
        note_output(lanes, i, output, total - value)
        total += output
        store_64(base, ForwardCell.SUMS + i, total)
    entry = cell + 8 * SegmentCell.VALUE_SET
    low, high = load_i64(entry, SetCell.LOWEST), load_i64(entry, SetCell.HIGHEST)
    best = min(max(total, low), high)
    store_64(out, 0, best)
    store_64(out, 1, value)
    missed = predict_online(
        load_i64(base, ForwardCell.ONLINE), t, base + 8 * ForwardCell.SUMS, NUM_STAGES - 1, out, 1,
        best, value, load_i64(base, ForwardCell.NEWEST),
    )  # fmt: skip
    store_64(out, -1, min(max(best + missed, low), high))


@kernel
def learn_base(base, t, sample):
    """Update the base predictor with the sample of frame t."""
    if load_i64(base, ForwardCell.CASCADE) != 0:
        learn_sample(base, t, sample)
        return
    line, copies = load_i64(base, ForwardCell.LINE), load_i64(base, ForwardCell.COPIES)
    store_sample(line, copies, load_i64(base, ForwardCell.ROWS), t, sample)
    history_shift = load_i64(base, ForwardCell.HISTORY_SHIFT)
    truth, out = sample << 8, load_i64(base, ForwardCell.LOCATION)
    residual = truth - load_i64(out, 1)
    learn_stages(
        load_i64(base, ForwardCell.STAGES), load_i64(base, ForwardCell.LANES), 1, NUM_STAGES, t,
        residual, history_shift,
    )  # fmt: skip
    store_history(load_i64(base, ForwardCell.HISTORY), t, residual, history_shift)
    learn_online(load_i64(base, ForwardCell.ONLINE), t, truth - load_i64(out, 0))
    store_64(base, ForwardCell.NEWEST, sample)


class ForwardState(StageMemory):
    """State of the forward base predictor in a block.

    Attributes
    ----------
    channels : (channels, CHANNEL_CELLS) int64
        A row of `ForwardCell` for each channel. Addresses in it point into arrays that live as
        long as this object.
    locations : (channels, LOCATIONS) int64
        Predictions of the present sample, Q8.
    """

    def __init__(
        self, parameters: LpcParameters, sets: Sequence[ValueSet], history_shifts: Sequence[int]
    ) -> None:
        super().__init__()
        count, frames = len(parameters.reference), int(parameters.starts[-1])
        self._rows = new_rows(parameters)
        self._plan = plan = make_plan(parameters, sets, self._rows.shape[1])
        self.channels = np.zeros((count, CHANNEL_CELLS), np.int64)
        self.locations = np.zeros((count, LOCATIONS), np.int64)
        for c, row in enumerate(self.channels):
            row[ForwardCell.STARTS] = plan.starts.ctypes.data
            row[ForwardCell.CELL] = plan.cells.ctypes.data + 8 * SEGMENT_CELLS * c
            row[ForwardCell.SEGMENT_BYTES] = 8 * SEGMENT_CELLS * count
            row[ForwardCell.COEFFICIENTS] = plan.coefficients.ctypes.data
            row[ForwardCell.LINE] = plan.lines.ctypes.data + 8 * LINE_CELLS * c
            row[ForwardCell.COPIES] = plan.copies.ctypes.data
            row[ForwardCell.ROWS] = self._rows.ctypes.data
            # the location of the online network is before the others
            row[ForwardCell.LOCATION] = self.locations[c, 1:].ctypes.data
            row[ForwardCell.HISTORY] = self._history(frames)
            row[ForwardCell.HISTORY_SHIFT] = history_shifts[c]
        errors = [self._history(frames) for _ in range(count)]
        for c, reference in enumerate(parameters.reference.tolist()):
            row = self.channels[c]
            stages = self._cells(NUM_STAGES * STAGE_CELLS).reshape(NUM_STAGES, STAGE_CELLS)
            row[ForwardCell.STAGES] = stages.ctypes.data
            row[ForwardCell.LANES] = self._stage_lanes(STAGES)
            other, theirs, ahead = 0, 0, int(0 <= reference < c)
            if reference >= 0:
                other = int(self.channels[reference, ForwardCell.HISTORY])
                theirs = errors[reference]
            for i, (cells, stage) in enumerate(zip(stages, STAGES, strict=True)):
                own = self._history(frames) if i else int(row[ForwardCell.HISTORY])
                self._stage(cells, stage, own, other, ahead, history_shifts[c])
            row[ForwardCell.ONLINE] = self._online(ONLINE_STEP, errors[c], theirs, ahead)


def side_info_of(
    order: Sequence[int],
    parameters: LpcParameters,
    sets: Sequence[ValueSet],
    history_shifts: Sequence[int],
) -> SideInfo:
    """Side information of a forward base predictor in the form of a cascade's.

    The first frame of each segment is that of a piece.
    """
    spans = np.zeros(int(parameters.starts[-1]) // PIECE + 1, np.int64)
    pieces = np.arange(0, int(parameters.starts[-1]), PIECE)
    segment = np.searchsorted(parameters.starts, pieces, side="right") - 1
    schedule = Schedule(parameters.frames, parameters.delay, spans, parameters.value_set[segment])
    reference: NDArray[np.int64] = parameters.reference
    return SideInfo(
        list(order),
        reference.tolist(),
        parameters.initial_scale,
        list(history_shifts),
        list(sets),
        schedule,
    )

"""Plan of an `lpc` block: parameters and value sets, one short row for each segment and channel.

The compiled loops read only this plan. Looking each number up in an array of its own took
longer than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_kernels import SET_CELLS, set_table
from nlac.entropy.value_sets import ValueSet
from nlac.predictors.lpc.parameters import LpcParameters


class SegmentCell(IntEnum):
    """Cells of a channel in a segment, int64."""

    ORDER = 0  # length of the window in samples
    COEFFICIENTS = 1  # index of its first coefficient
    WIDTH = 2  # samples a frame in the channel's row: 2 with a reference, else 1
    PRESENT = 3  # 1 if the window reaches the reference's present sample
    SHIFT = 4  # fraction bits of the coefficients, less 8
    LTP_ORDER = 5  # length of the LTP window in samples, 0 for none
    LTP_COEFFICIENTS = 6  # index of its first coefficient
    LTP_BEGIN = 7  # begin of the LTP window, in samples from the channel's present
    VALUE_SET = 8  # first of the cells of the value set (`SetCell`)


class LineCell(IntEnum):
    """Cells of a channel in a block, int64: where its samples are stored."""

    DELAY = 0  # frames by which the channel lags
    ROW = 1  # index of the first sample of its row
    WIDTH = 2  # samples a frame in the row
    PLACE = 3  # place of the channel's own sample among these
    FIRST_COPY = 4  # range of `Plan.copies`: rows of channels that refer to this one
    LAST_COPY = 5  # end of that range
    PCM = 6  # index of its first sample in the block's


SEGMENT_CELLS = SegmentCell.VALUE_SET + SET_CELLS
LINE_CELLS = len(LineCell)


class Plan(NamedTuple):
    """Parameters and value sets in the arrays that the loops read.

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    starts : (segments + 1,) int64
        First frame of each segment.
    cells : (segments, channels, SEGMENT_CELLS) int64
        Rows of `SegmentCell`, each followed by the cells of the value set.
    lines : (channels, LINE_CELLS) int64
        Rows of `LineCell`.
    copies : (n,) int64
        Indices of the first samples of rows.
    coefficients : (n,) int64
        As in `LpcParameters`.
    values, ranks : (n,) int64
        As in `SetTable`.
    """

    frames: int
    starts: NDArray[np.int64]
    cells: NDArray[np.int64]
    lines: NDArray[np.int64]
    copies: NDArray[np.int64]
    coefficients: NDArray[np.int64]
    values: NDArray[np.int64]
    ranks: NDArray[np.int64]


def make_plan(
    parameters: LpcParameters, sets: Sequence[ValueSet], stride: int, order: Sequence[int] = ()
) -> Plan:
    """Lay out a block for the loops.

    Parameters
    ----------
    parameters : LpcParameters
        Channels are in coding order.
    sets : sequence of ValueSet
        Those that `parameters.value_set` indexes.
    stride : int
        Samples from one row of samples to the next.
    order : sequence of int, optional
        Place of each channel in the block, where that is not the coding order.

    Returns
    -------
    Plan
    """
    segments, channels = parameters.order.shape
    reference = parameters.reference
    paired = reference >= 0
    width = np.where(paired, 2, 1)
    cells = np.zeros((segments, channels, SEGMENT_CELLS), np.int64)
    cells[..., SegmentCell.ORDER] = parameters.order
    cells[..., SegmentCell.COEFFICIENTS] = parameters.offset
    cells[..., SegmentCell.WIDTH] = width
    cells[..., SegmentCell.PRESENT] = paired & (reference < np.arange(channels))
    cells[..., SegmentCell.SHIFT] = parameters.shift - 8
    cells[..., SegmentCell.LTP_ORDER] = parameters.long_order
    cells[..., SegmentCell.LTP_COEFFICIENTS] = parameters.long_offset
    cells[..., SegmentCell.LTP_BEGIN] = (
        -width * parameters.lag[:, None] - (parameters.long_order >> 1)
    )
    table = set_table(sets)
    cells[..., SegmentCell.VALUE_SET :] = table.rows[parameters.value_set]
    lines = np.zeros((channels, LINE_CELLS), np.int64)
    lines[:, LineCell.DELAY] = parameters.delay
    lines[:, LineCell.ROW] = stride * np.arange(channels)
    lines[:, LineCell.WIDTH] = width
    lines[:, LineCell.PLACE] = paired
    lines[:, LineCell.PCM] = parameters.frames * np.array(order or range(channels), np.int64)
    copies: list[int] = []
    for c in range(channels):
        lines[c, LineCell.FIRST_COPY] = len(copies)
        copies += [stride * other for other in np.flatnonzero(reference == c).tolist()]
        lines[c, LineCell.LAST_COPY] = len(copies)
    return Plan(
        parameters.frames,
        parameters.starts,
        cells,
        lines,
        np.array([*copies, 0], np.int64),
        parameters.coefficients,
        table.values,
        table.ranks,
    )

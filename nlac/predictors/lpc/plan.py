"""What the `lpc` loops need to know, laid out for them: a short row for each segment and channel.

A loop that looked every number up in an array of its own spent more time on that than on
the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_kernels import set_table
from nlac.entropy.value_sets import ValueSet
from nlac.predictors.lpc.parameters import LpcParameters

# fields of a cell: what a segment says of a channel
ORDER, COEFFICIENTS, WIDTH, PRESENT, SHIFT = 0, 1, 2, 3, 4
LONG_ORDER, LONG_COEFFICIENTS, LONG_BEGIN = 5, 6, 7
KIND, STEP, OFFSET, LOOKUP, FIRST, LAST, LOWEST, HIGHEST, FINE = 8, 9, 10, 11, 12, 13, 14, 15, 16
FIELDS = 17
SET_FIELDS = FIELDS - KIND  # those that the value set determines
# fields of a line: where the samples of a channel go
DELAY, ROW, FACTOR, PLACE, FIRST_COPY, LAST_COPY, PCM = 0, 1, 2, 3, 4, 5, 6
LINE = 7


class Plan(NamedTuple):
    """A layout and its value sets, as the loops take them.

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    starts : (segments + 1,) int64
        First frame of each segment.
    cells : (segments, channels, FIELDS) int64
        Window length in samples, place of its coefficients, samples a frame in the
        channel's row, 1 if the reference's present sample counts, fraction bits of
        the coefficients above 8; length, coefficients and begin (relative to the
        channel's present) of the window at the earlier occurrence; kind, step, offset
        and place of the ranks of the value set, its first and last rank, the values of
        these (Q8), and the octave of the scale from which a bin holds two ranks.
    lines : (channels, LINE) int64
        Frames of delay; begin of the channel's row, samples a frame in it and the
        channel's place among these; which of `copies` get its samples too; place of its
        first sample in the block's.
    copies : (n,) int64
        Begins of rows.
    coefficients : (n,) int64
        As in the layout.
    values, ranks : (n,) int64
        As in the table of sets.
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
    layout: LpcParameters, sets: Sequence[ValueSet], stride: int, order: Sequence[int] = ()
) -> Plan:
    """Lay out what the loops take.

    Rows of samples lie `stride` apart. `order` tells the place in the block of each channel,
    where that is not the order of coding.
    """
    segments, channels = layout.order.shape
    reference = layout.reference
    paired = reference >= 0
    width = np.where(paired, 2, 1)
    cells = np.zeros((segments, channels, FIELDS), np.int64)
    cells[..., ORDER] = layout.order
    cells[..., COEFFICIENTS] = layout.offset
    cells[..., WIDTH] = width
    cells[..., PRESENT] = paired & (reference < np.arange(channels))
    cells[..., SHIFT] = layout.shift - 8
    cells[..., LONG_ORDER] = layout.long_order
    cells[..., LONG_COEFFICIENTS] = layout.long_offset
    cells[..., LONG_BEGIN] = -width * layout.lag[:, None] - (layout.long_order >> 1)
    table = set_table(sets)
    cells[..., KIND:] = table.rows[layout.value_set]
    lines = np.zeros((channels, LINE), np.int64)
    lines[:, DELAY] = layout.delay
    lines[:, ROW] = stride * np.arange(channels)
    lines[:, FACTOR] = width
    lines[:, PLACE] = paired
    lines[:, PCM] = layout.frames * np.array(order or range(channels), np.int64)
    copies: list[int] = []
    for c in range(channels):
        lines[c, FIRST_COPY] = len(copies)
        copies += [stride * other for other in np.flatnonzero(reference == c).tolist()]
        lines[c, LAST_COPY] = len(copies)
    return Plan(
        layout.frames,
        layout.starts,
        cells,
        lines,
        np.array([*copies, 0], np.int64),
        layout.coefficients,
        table.values,
        table.ranks,
    )



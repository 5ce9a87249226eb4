"""Predictions of samples that are all known, sixteen frames at a time.

A decoder needs each sample before it predicts the next; an encoder has them all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.entropy.value_kernels import SetCell
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.kernels.vectors_i64 import I64_LANES, add_sliding_dots
from nlac.predictors.lpc.parameters import PAD
from nlac.predictors.lpc.plan import LINE_CELLS, SEGMENT_CELLS, LineCell, SegmentCell
from nlac.predictors.lpc.windows import predict

STRETCH = 256  # frames whose predictions are made at a time


class Stretch(NamedTuple):
    """The samples that a channel has in a stretch of delayed frames.

    Attributes
    ----------
    first, length : int
        Place of the first one in the stretch, and how many there are: fewer than frames at the
        ends of a block, where channels lag.
    cell : int
        Address of the channel's cells in the segment.
    samples, known : int
        Addresses of the first sample, int32, and of its prediction, from `predict_stretch`.
    """

    first: int
    length: int
    cell: int
    samples: int
    known: int


@kernel
def _predict_channel(cell, coefficients, row, begin, end, out):
    """Predictions of frames begin .. end - 1 of a channel, as `predict` makes them."""
    width, shift = load_i64(cell, SegmentCell.WIDTH), load_i64(cell, SegmentCell.SHIFT)
    half = (np.int64(1) << max(shift, 0)) >> 1
    low = load_i64(cell, SegmentCell.VALUE_SET + SetCell.LOWEST)
    high = load_i64(cell, SegmentCell.VALUE_SET + SetCell.HIGHEST)
    count, present = load_i64(cell, SegmentCell.ORDER), load_i64(cell, SegmentCell.PRESENT)
    first = coefficients + 8 * load_i64(cell, SegmentCell.COEFFICIENTS)
    ltp_count = load_i64(cell, SegmentCell.LTP_ORDER)
    ltp_first = coefficients + 8 * load_i64(cell, SegmentCell.LTP_COEFFICIENTS)
    ltp_begin = load_i64(cell, SegmentCell.LTP_BEGIN)
    together = begin + ((end - begin) & ~(I64_LANES - 1))
    for t in range(begin, together, I64_LANES):
        here, place = width * (PAD + t), out + 8 * (t - begin)
        for j in range(I64_LANES):
            store_64(place, j, np.int64(0))
        add_sliding_dots(first, row + 4 * (here + present - count), width, count, place)
        add_sliding_dots(ltp_first, row + 4 * (here + ltp_begin), width, ltp_count, place)
        for j in range(I64_LANES):
            total = load_i64(place, j)
            total = (total + half) >> shift if shift > 0 else total << -shift
            store_64(place, j, min(max(total, low), high))
    for t in range(together, end):
        store_64(out, t - begin, predict(cell, coefficients, row, t))


@kernel
def predict_stretch(lines, cells, channels, segment, coefficients, rows, begin, end, out):
    """Predictions of delayed frames begin .. end - 1 of a segment, at most `STRETCH`.

    `out` is the address of `STRETCH` int64 cells a channel. Where a channel has no sample, its
    cell means nothing. The other addresses are those of `schedule_of` and `tables_of`.
    """
    for c in range(channels):
        row = rows + 4 * load_i64(lines + 8 * LINE_CELLS * c, LineCell.ROW)
        cell = cells + 8 * SEGMENT_CELLS * (segment * channels + c)
        _predict_channel(cell, coefficients, row, begin, end, out + 8 * STRETCH * c)


@inline_kernel
def stretch_of(lines, cells, frames, channels, segment, c, samples, begin, end, out):
    """`Stretch` of channel c; `samples` is the address of the block's, (channels, frames) int32."""
    line = lines + 8 * LINE_CELLS * c
    delay = load_i64(line, LineCell.DELAY)
    here, stop = max(begin, delay), min(end, frames + delay)
    return Stretch(
        here - begin, stop - here, cells + 8 * SEGMENT_CELLS * (segment * channels + c),
        samples + 4 * (load_i64(line, LineCell.PCM) + here - delay),
        out + 8 * (STRETCH * c + here - begin),
    )  # fmt: skip

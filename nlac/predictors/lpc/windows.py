"""Predictions of the `lpc` loops, from windows of the samples before.

All arithmetic is in int64 (spec, section "lpc block"); arrays are passed as addresses. The samples
of a channel are interleaved with those of its reference, so each window is one contiguous run of
samples, own and reference samples in turn; so is the LTP window around the LTP match.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.entropy.value_kernels import SetCell
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import load_i32, load_i64, load_low
from nlac.kernels.vectors_i64 import dot_short
from nlac.predictors.lpc.parameters import PAD
from nlac.predictors.lpc.plan import SegmentCell


class Window(NamedTuple):
    """Windows of a channel in a segment, in registers.

    Attributes
    ----------
    begin, step : int
        Address of the first sample of the window at delayed frame 0, and bytes from frame to frame.
    length, coefficients : int
        Samples of the window, and the address of the first coefficient.
    ltp_begin, ltp_length, ltp_coefficients : int
        The same for the LTP window.
    shift : int
        Fraction bits of the coefficients, less 8.
    lowest, highest : int
        Ends of the value set, Q8.
    """

    begin: int
    step: int
    length: int
    coefficients: int
    ltp_begin: int
    ltp_length: int
    ltp_coefficients: int
    shift: int
    lowest: int
    highest: int


@inline_kernel
def window_of(cell, coefficients, row):
    """Windows of a channel, from the address of its cells in a segment.

    `row` is the address of the channel's row of int32 samples.
    """
    width, count = load_i64(cell, SegmentCell.WIDTH), load_i64(cell, SegmentCell.ORDER)
    here = row + 4 * width * PAD
    return Window(
        here + 4 * (load_i64(cell, SegmentCell.PRESENT) - count), 4 * width, count,
        coefficients + 8 * load_i64(cell, SegmentCell.COEFFICIENTS),
        here + 4 * load_i64(cell, SegmentCell.LTP_BEGIN), load_i64(cell, SegmentCell.LTP_ORDER),
        coefficients + 8 * load_i64(cell, SegmentCell.LTP_COEFFICIENTS),
        load_i64(cell, SegmentCell.SHIFT),
        load_i64(cell, SegmentCell.VALUE_SET + SetCell.LOWEST),
        load_i64(cell, SegmentCell.VALUE_SET + SetCell.HIGHEST),
    )  # fmt: skip


@inline_kernel
def dot(coefficients, row, count):
    """Dot product of `count` int64 coefficients and int32 samples, at least two; addresses."""
    # the two newest samples may have been stored just before: without them, the loads of the
    # vector loop need not wait
    blocks = (count - 2) & ~7
    total = dot_short(coefficients, row, blocks)
    for i in range(blocks, count - 2):
        total += load_low(coefficients, i) * load_i32(row, i)
    total += load_low(coefficients, count - 2) * load_i32(row, count - 2)
    return total + load_low(coefficients, count - 1) * load_i32(row, count - 1)


@inline_kernel
def predict_from(window, t):
    """Prediction of delayed frame t (Q8), within the ends of the value set."""
    total = np.int64(0)
    if window.length > 0:
        total = dot(window.coefficients, window.begin + window.step * t, window.length)
    if window.ltp_length > 0:
        total += dot(window.ltp_coefficients, window.ltp_begin + window.step * t, window.ltp_length)
    shift = window.shift
    half = (np.int64(1) << max(shift, 0)) >> 1
    total = (total + half) >> shift if shift > 0 else total << -shift
    return min(max(total, window.lowest), window.highest)


@inline_kernel
def predict(cell, coefficients, row, t):
    """`predict_from` the windows of `window_of`."""
    return predict_from(window_of(cell, coefficients, row), t)

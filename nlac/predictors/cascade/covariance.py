"""Weighted covariances of the windows of recursive least squares, batch by batch.

A window consists of up to four stretches of samples: the LTP match in both channels, the past of
the reference, and the past of the channel, which ends with the sample to predict. Within each pair
of stretches, sums of products over a batch of frames have shift structure: an entry follows from
its diagonal neighbour by two products. The sums are computed once, for the longest windows. Each
RLS predictor adds them to its own covariance, with its own weight and forgetting factor.
"""

from __future__ import annotations

from enum import IntEnum

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64
from nlac.kernels.vectors_covariance import DIAGONALS, shift_products

STRETCHES = 4


class WindowCell(IntEnum):
    """Cells of a window, int64."""

    COUNT = 0  # variables, with the target
    FIRST = 1  # first stretch in use: 0 with an LTP match, else 2
    STRIDE = 2  # cells from row to row of the sums
    BATCH = 3  # frames of a batch
    SUMS = 4  # address of the sums, int64
    STRETCHES = 5  # first of the cells of the stretches (`WindowStretch`)


class WindowStretch(IntEnum):
    """Cells of a stretch of a window, int64."""

    START = 0  # first variable
    LENGTH = 1  # variables
    SOURCE = 2  # address of the samples, int64
    PLACE = 3  # index of the first variable's sample at frame 0


WINDOW_CELLS = WindowCell.STRETCHES + len(WindowStretch) * STRETCHES


@kernel
def _stretch(window, index):
    """Address of the cells of a stretch."""
    return window + 8 * (WindowCell.STRETCHES + 4 * index)


@kernel
def _samples(stretch, t):
    """Address of the sample of a stretch's first variable at frame t, int64."""
    place = load_i64(stretch, WindowStretch.PLACE) + t
    return load_i64(stretch, WindowStretch.SOURCE) + 8 * place


@kernel
def batch_sums(window, begin):
    """Compute the sums of products over the batch that begins at frame `begin`.

    `window` is the address of the cells of a window. The sums are the upper triangle of a matrix
    of int64. The kernel follows several diagonals at a time. Vectors write a few cells too many on
    the right: cells that are written again, that belong to the lower triangle, or that lie behind
    the row.

    Widths: up to 64 products of samples of 20 bits, so sums are below 2**44.
    """
    stride, batch = load_i64(window, WindowCell.STRIDE), load_i64(window, WindowCell.BATCH)
    sums = load_i64(window, WindowCell.SUMS)
    diagonal = 8 * (stride + 1)
    for a in range(load_i64(window, WindowCell.FIRST), STRETCHES):
        part = _stretch(window, a)
        rows, start = load_i64(part, WindowStretch.LENGTH), load_i64(part, WindowStretch.START)
        if rows == 0:
            continue
        left = _samples(part, begin)
        for b in range(a, STRETCHES):
            part = _stretch(window, b)
            columns = load_i64(part, WindowStretch.LENGTH)
            column = load_i64(part, WindowStretch.START)
            if columns == 0:
                continue
            right = _samples(part, begin)
            target = sums + 8 * (stride * start + column)
            for d in range(0 if a == b else 1 - rows, columns, DIAGONALS):
                shift_products(
                    target + 8 * d, diagonal, left, right + 8 * d, batch,
                    max(0, 1 - DIAGONALS - d), -d, min(rows, columns - d),
                )  # fmt: skip

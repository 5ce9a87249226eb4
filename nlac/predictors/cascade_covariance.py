"""Weighted covariances of the windows of recursive least squares, batch by batch.

A window is made of up to four stretches of samples: around the earlier
occurrence in both channels, the reference's past, the own past, at whose end
stands the sample to predict.  Sums of products over a batch of frames have
shift structure within each pair of stretches: an entry follows from its
neighbour by two products.  They are computed once for the longest windows, and
added to the covariance of each expert with that expert's weight and memory.
"""

from __future__ import annotations

from nlac._kernels import kernel
from nlac._memory import load_i64, load_low, store_64
from nlac._tiles import LANES, sum_rows
from nlac._vectors import shift_sums

SEGMENTS = 4
# cells of a window's description
COUNT, FIRST, STRIDE, BATCH, SUMS, SCRATCH, PARTS = 0, 1, 2, 3, 4, 5, 6
# of each stretch: first variable, length, address of samples, place of its first at frame 0
START, LENGTH, SOURCE, PLACE = 0, 1, 2, 3
WINDOW = PARTS + 4 * SEGMENTS


@kernel
def _correlate(base, series, out, count, batch):
    """Sums over a batch of base[b] * series[j + b], for j < count (and up to 15 more)."""
    for j in range(0, count, LANES):
        sum_rows(out + 8 * j, base, series + 8 * j, 8, 8, batch)


@kernel
def batch_sums(window, begin):
    """Sums of products over the batch that begins at frame `begin`, upper triangle.

    Vectors write some cells too many, at the right: those are written after that, belong to
    the lower triangle, or lie behind the row.

    Widths: samples of 20 bits and at most 64 of them, so sums below 2**44.
    """
    stride, batch, sums = load_i64(window, STRIDE), load_i64(window, BATCH), load_i64(window, SUMS)
    scratch = load_i64(window, SCRATCH)
    for a in range(load_i64(window, FIRST), SEGMENTS):
        part = window + 8 * (PARTS + 4 * a)
        rows, start = load_i64(part, LENGTH), load_i64(part, START)
        if rows == 0:
            continue
        left = load_i64(part, SOURCE) + 8 * (load_i64(part, PLACE) + begin)
        for b in range(a, SEGMENTS):
            part = window + 8 * (PARTS + 4 * b)
            columns, column = load_i64(part, LENGTH), load_i64(part, START)
            if columns == 0:
                continue
            right = load_i64(part, SOURCE) + 8 * (load_i64(part, PLACE) + begin)
            row = sums + 8 * (stride * start + column)
            _correlate(left, right, row, columns, batch)
            if a != b and rows > 1:
                _correlate(right, left + 8, scratch, rows - 1, batch)
                for i in range(1, rows):
                    store_64(row, i * stride, load_i64(scratch, i - 1))
            for i in range(rows - 1):
                done = i if a == b else 0
                at = row + 8 * (stride * i + done)
                shift_sums(
                    at,
                    at + 8 * (stride + 1),
                    columns - 1 - done,
                    load_low(left, i),
                    right + 8 * done,
                    load_low(left, i + batch),
                    right + 8 * (done + batch),
                )

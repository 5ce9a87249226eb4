"""Weighted covariances of the windows of recursive least squares, batch by batch.

A window is made of up to four stretches of samples: around the earlier
occurrence in both channels, the reference's past, the own past, at whose end
stands the sample to predict.  Sums of products over a batch of frames have
shift structure within each pair of stretches: an entry follows from its
neighbour by two products.  They are computed once for the longest windows, and
added to the covariance of each expert with that expert's weight and memory.
"""

from __future__ import annotations

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64
from nlac.kernels.vectors_i64 import DIAGONALS, shift_products

SEGMENTS = 4
# cells of a window's description
COUNT, FIRST, STRIDE, BATCH, SUMS, PARTS = 0, 1, 2, 3, 4, 5
# of each stretch: first variable, length, address of samples, place of its first at frame 0
START, LENGTH, SOURCE, PLACE = 0, 1, 2, 3
WINDOW = PARTS + 4 * SEGMENTS


@kernel
def batch_sums(window, begin):
    """Sums of products over the batch that begins at frame `begin`, upper triangle.

    Goes along the diagonals, several at a time.  Vectors write some cells too many, at the
    right: those are written after that, belong to the lower triangle, or lie behind the row.

    Widths: samples of 20 bits and at most 64 of them, so sums below 2**44.
    """
    stride, batch, sums = load_i64(window, STRIDE), load_i64(window, BATCH), load_i64(window, SUMS)
    step = 8 * (stride + 1)
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
            target = sums + 8 * (stride * start + column)
            for d in range(0 if a == b else 1 - rows, columns, DIAGONALS):
                shift_products(
                    target + 8 * d, step, left, right + 8 * d, batch, max(0, 1 - DIAGONALS - d), -d,
                    min(rows, columns - d),
                )

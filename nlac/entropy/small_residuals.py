"""Small residuals: an adaptive table of frequencies beside the distribution (spec 11.11.6).

Where residuals are a few units, distributions of fixed shapes fit badly: the samples may be dither,
of equal or of triangular chances, or differ from a prediction by the same few fractions. There a
table learns how often each residual comes after a location of the same fraction, and the two are
mixed by how well each has predicted. The method is this project's own.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.distributions import TAIL
from nlac.entropy.range_coder import TOTAL
from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import load_i64, store_64

SMALL_MEAN = 4 << 12  # slow mean of |error| below which residuals are small, Q12
REACH = 20  # largest |residual| with an entry of its own
CELLS = 2 * REACH + 1
FRACTIONS = 8  # contexts: eighths of a unit between the location and the next lower half
_LEAST_SHARE, _MOST_SHARE, _FIRST_SHARE = 1 << 7, 63 << 10, 19661  # of 2**16
_SHARE_RATE = 5
_FASTEST, _SLOWEST = 4, 11  # shifts by which tables learn


class SmallCell(IntEnum):
    """Cells of one context, int64."""

    SHARE = 0  # of the table in the mixture, Q16
    COUNT = 1  # samples seen
    TABLE = 2  # frequencies below each residual from -REACH to REACH + 1


CONTEXT_CELLS = SmallCell.TABLE + CELLS + 1
SMALL_CELLS = FRACTIONS * CONTEXT_CELLS


class Edge(NamedTuple):
    """A boundary between two ranks: frequencies below it.

    Attributes
    ----------
    mixed, shape, table : int
        In the mixture, the distribution and the table; each TAIL to TOTAL - TAIL.
    """

    mixed: int
    shape: int
    table: int


@inline_kernel
def context_of(state, location):
    """Address of the cells of a location's context (Q8); `state` is that of all contexts."""
    return state + 8 * CONTEXT_CELLS * (((location + 128) & 255) >> 5)


@inline_kernel
def _edge(mixed, shape, table):
    return Edge(mixed, shape, table)


@inline_kernel
def first_edge():
    """Lower boundary of the first rank."""
    return _edge(np.int64(TAIL), np.int64(TAIL), np.int64(TAIL))


@inline_kernel
def last_edge():
    """Upper boundary of the last rank."""
    return _edge(np.int64(TOTAL - TAIL), np.int64(TOTAL - TAIL), np.int64(TOTAL - TAIL))


@inline_kernel
def mixed_edge(cells, frequency, residual):
    """Lower boundary of the rank with this residual, where `frequency` is the distribution's."""
    place = min(max(residual + REACH, 0), CELLS)
    table = load_i64(cells, SmallCell.TABLE + place)
    share = load_i64(cells, SmallCell.SHARE)
    return _edge((frequency * (65536 - share) + table * share) >> 16, frequency, table)


@inline_kernel
def learn(cells, below, above, residual):
    """Update a context with the residual of a sample, whose rank lies between two edges."""
    share = load_i64(cells, SmallCell.SHARE)
    ours = share * (above.table - below.table)
    theirs = (65536 - share) * (above.shape - below.shape)
    share += ((ours << 16) // (ours + theirs + 1) - share) >> _SHARE_RATE
    store_64(cells, SmallCell.SHARE, min(max(share, _LEAST_SHARE), _MOST_SHARE))
    count = load_i64(cells, SmallCell.COUNT)
    store_64(cells, SmallCell.COUNT, count + 1)
    rate = min(max(1 + (3 * bit_length(count) >> 2), _FASTEST), _SLOWEST)
    place = residual + REACH
    for i in range(1, CELLS):
        frequency = load_i64(cells, SmallCell.TABLE + i)
        target = TOTAL - TAIL if i > place else TAIL
        store_64(cells, SmallCell.TABLE + i, frequency + ((target - frequency) >> rate))


def new_contexts(channels: int) -> NDArray[np.int64]:
    """Return the cells of all contexts at the start of a block, (channels, SMALL_CELLS) int64."""
    cells = np.zeros((channels, FRACTIONS, CONTEXT_CELLS), np.int64)
    cells[..., SmallCell.SHARE] = _FIRST_SHARE
    steps = np.arange(CELLS + 1, dtype=np.int64)
    cells[..., SmallCell.TABLE :] = TAIL + steps * (TOTAL - 2 * TAIL) // CELLS
    return cells.reshape(channels, SMALL_CELLS)

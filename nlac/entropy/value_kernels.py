"""Value sets in compiled loops: ranks, values and the boundaries between them.

The sets are this project's own design (spec, section "Value sets"). A set is a row of int64
cells (`SetCell`) in a `SetTable`; a loop loads the row once into a `ValueSetEntry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_sets import GRID, GRID_BITS, LIST, PLAIN, SOFT, ValueSet
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import load_i64

FINEST = 10  # octave of the scale from which a bin of neighbouring integers holds two


class SetCell(IntEnum):
    """Cells of a value set, int64."""

    KIND = 0  # PLAIN, GRID, LIST or SOFT
    STEP = 1  # of a grid, Q24
    OFFSET = 2  # of a grid, Q24; of others: index in `values` of the entry of rank 0
    LOOKUP = 3  # of a list: index of its first entry in `ranks`
    FIRST = 4  # smallest rank
    LAST = 5  # largest rank
    LOWEST = 6  # value of the smallest rank, Q8
    HIGHEST = 7  # value of the largest rank, Q8
    FINE = 8  # octave of the scale from which a bin holds two ranks


SET_CELLS = len(SetCell)


class ValueSetEntry(NamedTuple):
    """A value set in registers: its cells (see `SetCell`), and the addresses of both lists.

    Attributes
    ----------
    kind, step, offset, lookup, first, last, lowest, highest, fine : int
        The cells.
    values, ranks : int
        Addresses of `SetTable.values` and `SetTable.ranks`.
    """

    kind: int
    step: int
    offset: int
    lookup: int
    first: int
    last: int
    lowest: int
    highest: int
    fine: int
    values: int
    ranks: int


@inline_kernel
def load_set(cells, values, ranks):
    """Load the value set at the address `cells`; `values` and `ranks` are those of its table."""
    return ValueSetEntry(
        load_i64(cells, SetCell.KIND), load_i64(cells, SetCell.STEP),
        load_i64(cells, SetCell.OFFSET), load_i64(cells, SetCell.LOOKUP),
        load_i64(cells, SetCell.FIRST), load_i64(cells, SetCell.LAST),
        load_i64(cells, SetCell.LOWEST), load_i64(cells, SetCell.HIGHEST),
        load_i64(cells, SetCell.FINE), values, ranks,
    )  # fmt: skip


@inline_kernel
def value(entry, rank):
    """Value of a rank, int64."""
    if entry.kind == PLAIN or entry.kind == SOFT:
        return rank
    if entry.kind == GRID:
        return (entry.step * rank + entry.offset) >> GRID_BITS
    return load_i64(entry.values, entry.offset + rank)


@inline_kernel
def boundary(entry, rank):
    """Halfway between the values of rank - 1 and rank, Q8; of a soft set, where that is moved."""
    if entry.kind == PLAIN:
        return (rank << 8) - 128
    if entry.kind == SOFT:
        return load_i64(entry.values, entry.offset + rank)
    return (value(entry, rank - 1) + value(entry, rank)) << 7


@inline_kernel
def rank_of(entry, sample):
    """Rank of a sample, if the set has it; else that of a value near it, or one outside the set."""
    if entry.kind == PLAIN or entry.kind == SOFT:
        return sample
    return rank_near(entry, sample << 8)


@inline_kernel
def rank_near(entry, y):
    """Rank whose interval holds y (Q8); beyond the ends of the set, its first or last rank."""
    if entry.kind == PLAIN:
        return min(max((y + 128) >> 8, entry.first), entry.last)
    if entry.kind == SOFT:
        rank = (y + 128) >> 8
    elif entry.kind == GRID:
        y = min(max(y, -(1 << 40)), 1 << 40)
        rank = ((y << (GRID_BITS - 8)) - entry.offset) // entry.step
    else:
        low = load_i64(entry.values, entry.offset)
        high = load_i64(entry.values, entry.offset + entry.last)
        rank = load_i64(entry.ranks, entry.lookup + min(max(y >> 8, low), high) - low)
    low = high = min(max(rank, entry.first), entry.last)
    # in steps that double: boundaries of soft sets may lie far from their values
    step = 1
    while low > entry.first and y < boundary(entry, low):
        high = low - 1
        low = max(low - step, entry.first)
        step += step
    if step == 1:
        while high < entry.last and y >= boundary(entry, high + 1):
            low = high + 1
            high = min(high + step, entry.last)
            step += step
    while low < high:
        middle = (low + high + 1) >> 1
        if y < boundary(entry, middle):
            high = middle - 1
        else:
            low = middle
    return low


@inline_kernel
def index_bits(span):
    """Number of bits that can hold every index in 0 .. span."""
    count = 0
    while span >> count:
        count += 1
    return count


class SetTable(NamedTuple):
    """The value sets of a block, in the arrays that compiled loops read.

    Attributes
    ----------
    rows : (sets, SET_CELLS) int64
        A row of `SetCell` for each set.
    values : (n,) int64
        The values of all lists, one list after the other, each ascending.
    ranks : (m,) int64
        For each value between the ends of a list, the rank of the largest entry not above it.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.int64]
    ranks: NDArray[np.int64]


def set_table(sets: Sequence[ValueSet]) -> SetTable:
    """Lay out value sets for compiled loops."""
    rows = []
    values: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    ranks: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    value_count = rank_count = 0
    for entry in sets:
        offset, lookup = entry.offset, 0
        if entry.kind == SOFT:
            offset = value_count - entry.first
            values.append(entry.values)
            value_count += len(entry.values)
        if entry.kind == LIST:
            low, high = int(entry.values[0]), int(entry.values[-1])
            table = np.searchsorted(entry.values, np.arange(low, high + 1), side="right") - 1
            offset, lookup = value_count, rank_count
            values.append(entry.values)
            ranks.append(table.astype(np.int64))
            value_count += len(entry.values)
            rank_count += len(table)
        ends = [int(entry.value(rank)) << 8 for rank in (entry.first, entry.last)]
        rows.append(
            (entry.kind, entry.step, offset, lookup, entry.first, entry.last, *ends,
             FINEST + entry.spread)  # in the order of SetCell
        )  # fmt: skip
    one = np.zeros(1, np.int64)  # never read: an empty array has no address
    return SetTable(
        np.array(rows, np.int64),
        np.concatenate([*values, one]),
        np.concatenate([*ranks, one]),
    )

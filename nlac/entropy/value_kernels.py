"""Value sets as compiled loops take them (spec, section "Value sets")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.value_sets import GRID_BITS, LIST, ValueSet
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import load_i64

FINEST = 10  # octave of the scale from which a bin of neighbouring integers holds two


@inline_kernel
def value(kind, step, offset, values, rank):
    """Value of a rank."""
    if kind == 0:
        return rank
    if kind == 1:
        return (step * rank + offset) >> GRID_BITS
    return load_i64(values, offset + rank)


@inline_kernel
def boundary(kind, step, offset, values, rank):
    """Halfway between the values of rank - 1 and rank, Q8."""
    if kind == 0:
        return (rank << 8) - 128
    below = value(kind, step, offset, values, rank - 1)
    return (below + value(kind, step, offset, values, rank)) << 7


@inline_kernel
def rank_near(kind, step, offset, values, ranks, lookup, first, last, y):
    """Rank whose interval holds y (Q8), within first .. last."""
    if kind == 0:
        return min(max((y + 128) >> 8, first), last)
    if kind == 1:
        y = min(max(y, -(1 << 40)), 1 << 40)
        rank = ((y << (GRID_BITS - 8)) - offset) // step
    else:
        low = load_i64(values, offset)
        high = load_i64(values, offset + last)
        rank = load_i64(ranks, lookup + min(max(y >> 8, low), high) - low)
    rank = min(max(rank, first), last)
    while rank > first and y < boundary(kind, step, offset, values, rank):
        rank -= 1
    while rank < last and y >= boundary(kind, step, offset, values, rank + 1):
        rank += 1
    return rank


@inline_kernel
def index_bits(span):
    """Bits that hold 0 .. span."""
    count = 0
    while span >> count:
        count += 1
    return count


class SetTable(NamedTuple):
    """Value sets, as the loops take them.

    Attributes
    ----------
    rows : (sets, SET_FIELDS) int64
        The fields of a cell from `KIND` on.
    values : (n,) int64
        The lists of values, ascending.
    ranks : (m,) int64
        For each value between the ends of a list, the rank of the largest entry not above it.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.int64]
    ranks: NDArray[np.int64]


def set_table(sets: Sequence[ValueSet]) -> SetTable:
    """Lay out value sets for the loops."""
    rows = []
    values: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    ranks: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    value_count = rank_count = 0
    for entry in sets:
        offset, lookup = entry.offset, 0
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
             FINEST + entry.spread)
        )
    one = np.zeros(1, np.int64)  # never read, but an address needs an element
    return SetTable(
        np.array(rows, np.int64),
        np.concatenate([*values, one]),
        np.concatenate([*ranks, one]),
    )

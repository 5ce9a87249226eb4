"""Intervals of ranks where residuals are small, in the range loops of `lpc` (spec 11.11.6)."""

from __future__ import annotations

from nlac.entropy.small_residuals import SMALL_MEAN, first_edge, last_edge, mixed_edge
from nlac.entropy.value_sets import PLAIN
from nlac.kernels.jit import inline_kernel
from nlac.kernels.memory import load_i64
from nlac.predictors.lpc.kernels import COARSE, ScaleCell, frequency_below


@inline_kernel
def is_small(state, entry, scale):
    """Whether a sample is coded with the help of the table of small residuals."""
    return is_small_mean(load_i64(state, ScaleCell.SLOW), entry, scale)


@inline_kernel
def is_small_mean(slow, entry, scale):
    """`is_small` for the slow mean of a channel."""
    return entry.kind == PLAIN and scale < COARSE and slow < SMALL_MEAN


@inline_kernel
def interval_of(cells, entry, distribution, base, rank):
    """Edges of the interval of a rank; the location is near the whole number `base`."""
    below, above = first_edge(), last_edge()
    if rank > entry.first:
        frequency = frequency_below(distribution, (rank << 8) - 128)
        below = mixed_edge(cells, frequency, rank - base)
    if rank < entry.last:
        frequency = frequency_below(distribution, (rank << 8) + 128)
        above = mixed_edge(cells, frequency, rank + 1 - base)
    return below, above


@inline_kernel
def find_rank(cells, entry, distribution, base, guess, q):
    """Rank in whose interval the quantile q lies, from a guess, and the edges of the interval."""
    rank = min(max(guess, entry.first), entry.last)
    below, above = interval_of(cells, entry, distribution, base, rank)
    while q < below.mixed:
        rank -= 1
        above, below = below, first_edge()
        if rank > entry.first:
            frequency = frequency_below(distribution, (rank << 8) - 128)
            below = mixed_edge(cells, frequency, rank - base)
    while q >= above.mixed:
        rank += 1
        below, above = above, last_edge()
        if rank < entry.last:
            frequency = frequency_below(distribution, (rank << 8) + 128)
            above = mixed_edge(cells, frequency, rank + 1 - base)
    return rank, below, above

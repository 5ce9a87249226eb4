"""Choose value sets for channels, stretches of channels, and segments.

`search` finds sets that fit the samples. Here the sets that save more bits than they cost are
chosen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.presets import SegmentationSettings
from nlac.codec.encoder.value_sets import search
from nlac.codec.encoder.value_sets.kernels import may_have_grids
from nlac.codec.encoder.value_sets.soft import find_soft
from nlac.entropy.value_sets import LIST, MAX_SETS, PLAIN, SOFT, ValueSet, plain
from nlac.predictors.lpc.parameters import SPAN

_SEGMENT_GRID_BITS = 80.0  # least gain for which a segment gets a value set of its own
_GRID_CHUNK = 1 << 15
_GRID_STRETCH = 1024


class Stretch(NamedTuple):
    """Samples begin .. end - 1 of a channel, all in the set of index `value_set`."""

    channel: int
    begin: int
    end: int
    value_set: int


class FoundSets(NamedTuple):
    """Value sets of a block, before they are assigned to its segments.

    Attributes
    ----------
    sets : list of ValueSet
        All sets that were found.
    own : (channels,) int64
        Index of the set of each whole channel.
    stretches : list of Stretch
        Stretches of channels that lie on a grid.
    """

    sets: list[ValueSet]
    own: NDArray[np.int64]
    stretches: list[Stretch]

    def ordered(self, order: NDArray[np.int64]) -> FoundSets:
        """The same for channels in another order; `order` tells the old place of each."""
        used: list[int] = []
        stretches = []
        for place, channel in enumerate(order.tolist()):
            own = [each for each in self.stretches if each.channel == channel]
            used += [int(self.own[channel]), *(each.value_set for each in own)]
            stretches += [each._replace(channel=place) for each in own]
        first = list(dict.fromkeys(used))
        moved = [each._replace(value_set=first.index(each.value_set)) for each in stretches]
        places = np.array([first.index(i) for i in self.own[order].tolist()], np.int64)
        return FoundSets([self.sets[i] for i in first], places, moved)


def plain_sets(channels: NDArray[np.int32]) -> FoundSets:
    """A plain set for each channel."""
    sets: list[ValueSet] = [plain(int(x.min()), int(x.max())) for x in channels]
    return FoundSets(sets, np.arange(len(channels)), [])


def find_sets(
    ordered: NDArray[np.int32], *, lists: bool = True, soft: bool = True
) -> FoundSets:
    """Find the value sets of whole channels, and fractional grids of stretches of them.

    With `lists` or `soft` false, no lists or soft sets are among them.
    """
    sets: list[ValueSet] = []
    own = np.zeros(len(ordered), np.int64)
    stretches: list[Stretch] = []
    for c, x in enumerate(ordered):
        entry: ValueSet = plain(int(x.min()), int(x.max()))
        grid = search.grid_of(x)
        gain = search.grid_gain_bits(grid, len(x)) if grid is not None else 0.0
        if grid is not None:
            entry = grid
        gain = max(gain, search.integer_grid_gain_bits(x))
        found = search.list_of(x) if lists else None
        clusters = find_soft(x) if soft else None
        if clusters is not None and clusters.gain_bits < gain + search.MIN_GAIN_BITS:
            clusters = None
        if clusters is not None and found is not None and found[1] > clusters.gain_bits:
            clusters = None
        if clusters is not None:
            found, entry = None, plain(int(x.min()), int(x.max()))
        if found is not None and found[1] > gain + search.MIN_GAIN_BITS:
            entry = found[0]
        equal = [i for i, other in enumerate(sets) if _same(other, entry)]
        if not equal:
            sets.append(entry)
        own[c] = equal[0] if equal else len(sets) - 1
        if clusters is not None and len(sets) < MAX_SETS - 8:
            sets.append(clusters.entry)
            for begin, end in clusters.stretches:
                stretches.append(Stretch(c, begin, end, len(sets) - 1))
        elif entry.kind == PLAIN and len(sets) < MAX_SETS - 8:
            stretches += _grid_stretches(x, c, sets)
    return FoundSets(sets, own, stretches)


def alternatives(ordered: NDArray[np.int32]) -> list[FoundSets]:
    """Sets of a block that are worth a trial; the first are those of the largest estimated gain.

    What soft sets and lists save depends on how small the residuals are: nothing, where they are
    smaller than the gaps. So a block is also coded without them.
    """
    found = find_sets(ordered)
    kinds = {entry.kind for entry in found.sets}
    out = [found]
    if SOFT in kinds:
        out.append(find_sets(ordered, soft=False))
        kinds |= {entry.kind for entry in out[-1].sets}
    if LIST in kinds:
        out.append(find_sets(ordered, soft=False, lists=False))
    return out


def assign_sets(
    found: FoundSets,
    ordered: NDArray[np.int32],
    delay: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> tuple[list[ValueSet], NDArray[np.int64]]:
    """Choose a set for each segment of each channel.

    Parameters
    ----------
    found : FoundSets
        Of this block.
    ordered : (channels, frames) int32
        Channels in coding order.
    delay : (channels,) int64
        Frames by which each channel lags behind.
    starts : (segments + 1,) int64
        First delayed frame of each segment, and the end.

    Returns
    -------
    sets : list of ValueSet
        The sets that segments use.
    value_set : (segments, channels) int64
        Index into `sets`.
    """
    sets = list(found.sets)
    frames = ordered.shape[1]
    value_set = np.tile(found.own, (len(starts) - 1, 1))
    for c, x in enumerate(ordered):
        mine = [stretch for stretch in found.stretches if stretch.channel == c]
        begins = np.maximum(starts[:-1] - delay[c], 0)
        ends = np.minimum(starts[1:] - delay[c], frames)
        for k in range(len(value_set)):
            piece = x[begins[k] : ends[k]]
            if len(piece) == 0:
                continue
            for stretch in mine:
                if stretch.begin <= begins[k] and ends[k] <= stretch.end:
                    value_set[k, c] = stretch.value_set
            if sets[value_set[k, c]].kind != PLAIN or len(sets) >= MAX_SETS:
                continue
            grid = search.integer_grid(piece)
            if grid is not None and (
                search.grid_gain_bits(grid, len(piece)) > _SEGMENT_GRID_BITS
            ):
                value_set[k, c] = _place(sets, grid)
    used, compact = np.unique(value_set, return_inverse=True)
    return [sets[i] for i in used], compact.reshape(value_set.shape).astype(np.int64)


def low_bit_gains(
    ordered: NDArray[np.int32], delay: NDArray[np.int64], settings: SegmentationSettings
) -> NDArray[np.float64] | None:
    """Bits that grids of whole steps save in each node of the segment trees.

    Parameters
    ----------
    ordered, delay
        As in `assign_sets`.
    settings : SegmentationSettings
        Lengths of segments.

    Returns
    -------
    gains : (spans, channels, nodes) float64, or None
        Nodes in the order of `analyse_span`; None if there is no such grid at all.
    """
    if not any(may_have_grids(x, _GRID_STRETCH) for x in ordered):
        return None
    leaf = settings.leaf_frames
    total = ordered.shape[1] + int(delay.max())
    spans = -(-total // SPAN)
    width = SPAN // leaf
    out = []
    for x, late_by in zip(ordered, delay.tolist(), strict=True):
        first, step = _steps(x, late_by, spans, leaf)
        gains = []
        size = leaf
        for level in range(settings.levels):
            bits = np.where(step > 1, size * np.log2(np.maximum(step, 1)), 0.0)
            gains.append(bits.reshape(spans, width >> level))
            if level + 1 < settings.levels:
                across = np.abs(first[1::2] - first[::2])
                step = np.gcd(np.gcd(step[::2], step[1::2]), across)
                first = first[::2]
                size *= 2
        out.append(np.concatenate(gains, axis=1))
    return np.stack(out, axis=1)


def _steps(
    x: NDArray[np.int32], late_by: int, spans: int, leaf: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First sample, and common step, of each `leaf` frames of the spans of a delayed channel."""
    firsts, steps = [], []
    # span by span: in int64, a whole channel takes much memory
    for span in range(spans):
        times = np.arange(span * SPAN, (span + 1) * SPAN) - late_by
        pieces = x.take(times, mode="clip").astype(np.int64).reshape(-1, leaf)
        firsts.append(pieces[:, 0].copy())
        steps.append(np.gcd.reduce(pieces - pieces[:, :1], axis=1))
    return np.concatenate(firsts), np.concatenate(steps)


def _same(a: ValueSet, b: ValueSet) -> bool:
    return (a.kind, a.first, a.last, a.step, a.offset, a.weights) == (
        b.kind, b.first, b.last, b.step, b.offset, b.weights,
    ) and np.array_equal(a.values, b.values)


def _grid_stretches(
    x: NDArray[np.int32], channel: int, sets: list[ValueSet]
) -> list[Stretch]:
    """Stretches of a channel that lie on a grid; their sets are appended to `sets`."""
    stretches: list[Stretch] = []
    begin = 0
    while begin < len(x) and len(sets) < MAX_SETS - 8:
        end = min(begin + _GRID_CHUNK, len(x))
        grid = search.grid_of(x[begin:end])
        if grid is None:
            begin = end
            continue
        while end < len(x):
            longer = min(end + _GRID_CHUNK, len(x))
            wider = search.grid_of(x[begin:longer])
            if wider is None:
                break
            grid, end = wider, longer
        sets.append(grid)
        stretches.append(Stretch(channel, begin, end, len(sets) - 1))
        begin = end
    return stretches


def _place(sets: list[ValueSet], grid: ValueSet) -> int:
    """Index of a set with the grid's step and offset, widened to its ranks; appended if new."""
    for i, other in enumerate(sets):
        if (other.kind, other.step, other.offset) == (grid.kind, grid.step, grid.offset):
            first, last = min(other.first, grid.first), max(other.last, grid.last)
            sets[i] = ValueSet(grid.kind, first, last, grid.step, grid.offset)
            return i
    sets.append(grid)
    return len(sets) - 1

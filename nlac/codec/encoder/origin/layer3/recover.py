"""Recovery of granules from samples: sections of a recording that a Layer III decoder wrote."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.layer3.clipping import rails_of
from nlac.codec.encoder.origin.layer3.gain import Level, find_level
from nlac.codec.encoder.origin.layer3.grid import Grid, find_grid
from nlac.codec.encoder.origin.layer3.stretch import CODED, Fit, fit, joined, length_of, part_of
from nlac.predictors.origin.granules import LINES, Granules, table_of

_SPAN_SECONDS = 30  # in which one grid is looked for
_PIECE = 256  # granules that are fitted at a time
_AROUND = 6  # more on either side, for the rules of block types
_GIVE_UP = 0.1  # share of a piece's granules below which its grid has ended
_GAP = 24  # granules that failed in a row, after which another grid may begin
_LEAST = 8  # granules of a section that clearly were coded
_DOUBTFUL = 2.4  # excess of granules that may have been
_WRONG = 1000.0  # mean squared error, in variances of noise, with which none begins or ends
_ROUNDED = 0.15  # variance of noise in squared steps of samples that is little but rounding
_DEPTH = 2


class Section(NamedTuple):
    """A part of a recording, and the granules that it was decoded from.

    Attributes
    ----------
    begin, end : int
        Frames.
    shift : int
        Frame `begin` is sample `shift` of what the granules give, at least 0 and below 1728.
    gain : float
        What the decoder's output was multiplied by.
    table : int
        Table of bands.
    granules : Granules
        ``ceil((shift + end - begin) / 576)`` granules; zeros where the fit failed.
    """

    begin: int
    end: int
    shift: int
    gain: float
    table: int
    granules: Granules


def recover(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    grid: Grid | None = None,
) -> list[Section]:
    """Find the granules that samples were decoded from.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of each channel.
    sample_rate : int
        In Hz.
    bits_per_sample : int, default 16
        Depth of the samples.
    grid : Grid, optional
        What `find_grid` found in all of the samples.

    Returns
    -------
    list of Section
        In order, without overlaps. None where the samples were not decoded from Layer III, as far
        as can be told.
    """
    table = table_of(sample_rate)
    if table is None or channels.shape[0] not in (1, 2):
        return []
    task = _Recovery(channels, sample_rate, table, bits_per_sample)
    sections: list[Section] = []
    task.search(0, channels.shape[1], grid, _DEPTH, sections)
    return sorted(sections, key=lambda section: section.begin)


class _Recovery:
    def __init__(
        self, channels: NDArray[np.int32], sample_rate: int, table: int, bits_per_sample: int
    ) -> None:
        self._channels = channels
        self._rate = sample_rate
        self._table = table
        self._bits = bits_per_sample

    def search(
        self, begin: int, end: int, grid: Grid | None, depth: int, sections: list[Section]
    ) -> None:
        """Add the sections between two frames, one grid after the other."""
        at = begin
        span = _SPAN_SECONDS * self._rate
        while end - at >= _GAP * LINES:
            stop = at + span if end - at >= span + span // 2 else end
            if grid is None:
                grid = find_grid(self._channels[:, at:stop], self._rate, self._bits)
            level = grid and find_level(self._channels[:, at:stop], grid, self._table, self._bits)
            if grid is None or level is None:
                at, grid = stop, None
                continue
            at = self._follow(at, stop, end, (at + grid.offset) % LINES, level, depth, sections)
            grid = None

    def _follow(
        self,
        begin: int,
        certain: int,
        end: int,
        offset: int,
        level: Level,
        depth: int,
        sections: list[Section],
    ) -> int:
        """Fit granules of a grid as long as they fit; return the frame where that ends."""
        # the granule before the first one that frame `begin` still hears
        base = begin - (begin - offset) % LINES - 3 * LINES
        count = (end - base) // LINES + 1
        fits: list[Fit] = []
        at = 0
        while at < count:
            stop = min(at + _PIECE, count)
            piece = self._piece(base, begin, end, max(at - _AROUND, 0), stop + _AROUND, level)
            skip = at - max(at - _AROUND, 0)
            fits.append(_part(piece, skip, skip + stop - at))
            at = stop
            share = float(np.mean(fits[-1].excess < CODED))
            if base + LINES * at >= certain and share < _GIVE_UP:
                break
        end = min(base + LINES * at, end)
        whole = _joined(fits)
        seen = begin
        for first, last in _runs(whole):
            section = self._section(whole.granules, first, last, base, (seen, end), level)
            if section is None:
                continue
            if depth > 0:
                self.search(seen, section.begin, None, depth - 1, sections)
            sections.append(section)
            seen = section.end
        if depth > 0 and seen > begin:
            self.search(seen, end, None, depth - 1, sections)
        return end

    def _piece(self, base: int, begin: int, end: int, first: int, stop: int, level: Level) -> Fit:
        start = base + LINES * first
        samples = np.zeros((len(self._channels), length_of(stop - first)))
        rails = np.zeros(samples.shape, np.int8)
        low, high = max(start, begin), min(start + samples.shape[1], end)
        if high > low:
            given = self._channels[:, low:high]
            samples[:, low - start : high - start] = given / level.gain
            rails[:, low - start : high - start] = rails_of(given, self._bits)
        seen = (low - start, high - start)
        rounded = level.variance * level.gain**2 < _ROUNDED
        gain = level.gain if rounded else 0.0
        return fit(samples, rails, seen, level.variance, self._table, gain)

    def _section(
        self,
        granules: Granules,
        first: int,
        last: int,
        base: int,
        bounds: tuple[int, int],
        level: Level,
    ) -> Section | None:
        """Return the section from where a granule begins to where another's first 576 end."""
        begin = max(base + LINES * first, bounds[0])
        end = min(base + LINES * (last + 1), bounds[1])
        if end <= begin:
            return None
        # a frame hears its own granule and two before
        first = (begin - base) // LINES - 2
        last = (end - 1 - base) // LINES
        return Section(
            begin,
            end,
            begin - base - LINES * first,
            level.gain,
            self._table,
            part_of(granules, first, last + 1),
        )


def _part(whole: Fit, begin: int, end: int) -> Fit:
    return Fit(
        part_of(whole.granules, begin, end), whole.excess[begin:end], whole.errors[begin:end]
    )


def _joined(fits: list[Fit]) -> Fit:
    return Fit(
        joined([each.granules for each in fits]),
        np.concatenate([each.excess for each in fits]),
        np.concatenate([each.errors for each in fits]),
    )


def _runs(whole: Fit) -> list[tuple[int, int]]:
    """Return the first and last granule of each run without long gaps."""
    runs: list[tuple[int, int, int]] = []
    right = whole.errors < _WRONG
    for g in np.flatnonzero((whole.excess < _DOUBTFUL) & right).tolist():
        clear = int(whole.excess[g] < CODED)
        if runs and g - runs[-1][1] <= _GAP:
            runs[-1] = (runs[-1][0], g, runs[-1][2] + clear)
        else:
            runs.append((g, g, clear))
    return [(first, last) for first, last, clear in runs if clear >= _LEAST]

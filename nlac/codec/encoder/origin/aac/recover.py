"""Recovery of frames from samples: sections of a recording that an AAC-LC decoder wrote."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.gain import find_level
from nlac.codec.encoder.origin.aac.grid import Grid, find_grid
from nlac.codec.encoder.origin.aac.stretch import fit
from nlac.codec.encoder.origin.layer3.gain import Level
from nlac.predictors.origin.aac.frames import LINES, Frames, table_of

_SPAN_SECONDS = 30  # in which one grid is looked for
_PIECE = 128  # frames that are fitted at a time
_AROUND = 3  # more on either side, for the slopes of windows
_GIVE_UP = 0.1  # share of a piece's frames below which its grid has ended
_GAP = 16  # frames that failed in a row, after which another grid may begin
_LEAST = 6  # frames of a section
_DEPTH = 2


class Section(NamedTuple):
    """A part of a recording, and the frames of AAC that it was decoded from.

    Attributes
    ----------
    begin, end : int
        Samples of each channel.
    shift : int
        Sample `begin` is sample `shift` of what the frames give, at least 0 and below 2048.
    gain : float
        What the decoder's output was multiplied by.
    table : int
        Table of bands.
    frames : Frames
        ``ceil((shift + end - begin) / 1024)`` frames. Where none fits, the nearest that are worth
        their bits.
    """

    begin: int
    end: int
    shift: int
    gain: float
    table: int
    frames: Frames


def recover(
    channels: NDArray[np.int32],
    sample_rate: int,
    bits_per_sample: int = 16,
    grid: Grid | None = None,
) -> list[Section]:
    """Find the frames that samples were decoded from.

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
        In order, without overlaps. None where the samples were not decoded from AAC-LC, as far as
        can be told.
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
        self._scale = 2.0 ** (bits_per_sample - 16)

    def search(
        self, begin: int, end: int, grid: Grid | None, depth: int, sections: list[Section]
    ) -> None:
        """Add the sections between two samples, one grid after the other."""
        at = begin
        span = _SPAN_SECONDS * self._rate
        while end - at >= _GAP * LINES:
            stop = at + span if end - at >= span + span // 2 else end
            if grid is None:
                grid = find_grid(self._channels[:, at:stop], self._rate)
            level = grid and find_level(self._channels[:, at:stop], grid, self._table, self._scale)
            if grid is None or level is None:
                at, grid = stop, None
                continue
            grid = grid._replace(offset=(at + grid.offset) % LINES)
            at = self._follow(at, stop, end, grid, level, depth, sections)
            grid = None

    def _follow(
        self,
        begin: int,
        certain: int,
        end: int,
        grid: Grid,
        level: Level,
        depth: int,
        sections: list[Section],
    ) -> int:
        """Fit frames of a grid as long as they fit; return the sample where that ends."""
        # the frame before the first one that sample `begin` still hears
        base = begin - (begin - grid.offset) % LINES - 2 * LINES
        count = (end - base) // LINES + 1
        parts: list[Frames] = []
        marks: list[NDArray[np.bool_]] = []
        at = 0
        while at < count:
            stop = min(at + _PIECE, count)
            first = max(at - _AROUND, 0)
            piece, coded = self._piece(base, (begin, end), first, stop + _AROUND, grid, level)
            parts.append(piece.part(at - first, stop - first))
            marks.append(coded[at - first : stop - first])
            at = stop
            share = float(np.mean(marks[-1]))
            if base + LINES * at >= certain and share < _GIVE_UP:
                break
        end = min(base + LINES * at, end)
        frames = joined(parts)
        seen = begin
        for first, last in _runs(np.concatenate(marks)):
            section = self._section(frames, first, last, base, (seen, end), level)
            if section is None:
                continue
            if depth > 0:
                self.search(seen, section.begin, None, depth - 1, sections)
            sections.append(section)
            seen = section.end
        if depth > 0 and seen > begin:
            self.search(seen, end, None, depth - 1, sections)
        return end

    def _piece(
        self,
        base: int,
        bounds: tuple[int, int],
        first: int,
        stop: int,
        grid: Grid,
        level: Level,
    ) -> tuple[Frames, NDArray[np.bool_]]:
        start = base + LINES * first
        samples = np.zeros((len(self._channels), LINES * (stop - first + 1)))
        low, high = max(start, bounds[0]), min(start + samples.shape[1], bounds[1])
        if high > low:
            samples[:, low - start : high - start] = self._channels[:, low:high] / level.gain
        found = fit(samples, np.full(stop - first, level.variance), grid.shape, self._table)
        return found.frames, found.coded

    def _section(
        self,
        frames: Frames,
        first: int,
        last: int,
        base: int,
        bounds: tuple[int, int],
        level: Level,
    ) -> Section | None:
        """Return the section in which frames from a first to a last one can be heard."""
        # a sample hears its own frame and the one before
        begin = max(base + LINES * (first + 1), bounds[0])
        end = min(base + LINES * (last + 1), bounds[1])
        if end - begin < _LEAST * LINES:
            return None
        first = (begin - base) // LINES - 1
        last = (end - 1 - base) // LINES
        return Section(
            begin,
            end,
            begin - base - LINES * first,
            level.gain,
            self._table,
            frames.part(first, last + 1),
        )


def joined(parts: list[Frames]) -> Frames:
    """Return frames that follow each other as one."""
    whole = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Frames._fields
        if name != "first_shapes"
    }
    return parts[0]._replace(**whole)


def _runs(coded: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and last frame of each run without long gaps."""
    runs: list[tuple[int, int]] = []
    for g in np.flatnonzero(coded).tolist():
        if runs and g - runs[-1][1] <= _GAP:
            runs[-1] = (runs[-1][0], g)
        else:
            runs.append((g, g))
    return runs

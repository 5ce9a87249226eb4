"""Search of samples for stretches that a lossy stream was decoded to, one grid after the other.

What is particular to a kind of lossy stream is in a subclass of `Search`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlac._progress import current_meter
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.predictors.origin.lossy import Lossy

_SPAN_SECONDS = 30  # in which one grid is looked for
_GIVE_UP = 0.1  # share of a piece's units below which its grid has ended
_DEPTH = 2
_OTHERS = 2  # grids that are tried where the likeliest one is none
_SHARE = 0.8  # of the time for a block that the search of units takes

U = TypeVar("U")


class Level(NamedTuple):
    """Gain of samples, and the variance of their noise before the gain."""

    gain: float
    variance: float


class Fitted(NamedTuple, Generic[U]):
    """Units that were fitted to samples.

    Attributes
    ----------
    units : Granules or Frames
    clear : (units,) bool
        Where an encoder surely made it.
    likely : (units,) bool
        Where one may have, and the synthesis is near the samples.
    """

    units: U
    clear: NDArray[np.bool_]
    likely: NDArray[np.bool_]


class Search(ABC, Generic[U]):
    """Looks for what a kind of lossy stream left.

    Parameters
    ----------
    channels : (C, n) int32
        Samples of one or two channels.
    sample_rate : int
        In Hz.
    table : int
        Table of bands.
    bits_per_sample : int
        Depth of the samples.

    Attributes
    ----------
    lossy : Lossy
        The kind.
    piece : int
        Units that are fitted at a time.
    around : int
        More on either side, for rules that hold between neighbours.
    gap : int
        Units that failed in a row, after which another grid may begin.
    late : int
        Units after the first of a run from which its samples are used.
    least_clear, least_units : int
        Clear units of a run, and units of a section.
    """

    lossy: ClassVar[Lossy]
    piece: ClassVar[int]
    around: ClassVar[int]
    gap: ClassVar[int]
    late: ClassVar[int]
    least_clear: ClassVar[int]
    least_units: ClassVar[int]

    def __init__(
        self, channels: NDArray[np.int32], sample_rate: int, table: int, bits_per_sample: int
    ) -> None:
        self.channels = channels
        self.rate = sample_rate
        self.table = table
        self.bits = bits_per_sample
        self._lines = self.lossy.kind.lines
        self._sections: list[Recovered] = []

    @abstractmethod
    def find_grid(self, begin: int, end: int, without: Sequence[int] = ()) -> Grid | None:
        """Return the grid of frames `begin` to `end`, without those at some offsets."""

    @abstractmethod
    def find_level(self, begin: int, end: int, grid: Grid) -> Level | None:
        """Return gain and noise of frames `begin` to `end`; None if they do not look decoded."""

    @abstractmethod
    def fit(
        self, start: int, count: int, bounds: tuple[int, int], grid: Grid, level: Level
    ) -> Fitted[U]:
        """Fit units, of which the first begins at frame `start`; what is out of bounds is 0."""

    @abstractmethod
    def part(self, units: U, begin: int, end: int) -> U:
        """Return units `begin` to `end`; zeros before the first one."""

    @abstractmethod
    def joined(self, parts: list[U]) -> U:
        """Return units that follow each other as one."""

    def sections(self, grid: Grid | None = None) -> list[Recovered]:
        """Return all stretches in order, without overlaps.

        Parameters
        ----------
        grid : Grid, optional
            What `find_grid` found in all of the samples.
        """
        self._sections = []
        self._search(0, self.channels.shape[1], grid, _DEPTH)
        return sorted(self._sections, key=lambda section: section.begin)

    def _search(self, begin: int, end: int, grid: Grid | None, depth: int) -> None:
        """Add the sections between two frames, one grid after the other."""
        at = begin
        span = _SPAN_SECONDS * self.rate
        while end - at >= self.gap * self._lines:
            stop = at + span if end - at >= span + span // 2 else end
            if grid is None:
                grid = self.find_grid(at, stop)
            level = grid and self.find_level(at, stop, grid)
            without: list[int] = []
            while grid is not None and level is None and len(without) < _OTHERS:
                # the beat of a loop has a grid, too
                without.append(grid.offset)
                grid = self.find_grid(at, stop, without)
                level = grid and self.find_level(at, stop, grid)
            if grid is None or level is None:
                at, grid = stop, None
                continue
            grid = grid._replace(offset=(at + grid.offset) % self._lines)
            at = self._follow(at, stop, end, grid, level, depth)
            grid = None

    def _follow(
        self, begin: int, certain: int, end: int, grid: Grid, level: Level, depth: int
    ) -> int:
        """Fit units of a grid as long as they fit; return the frame where that ends."""
        # the unit before the first one that frame `begin` still hears
        lines = self._lines
        base = begin - (begin - grid.offset) % lines - (self.lossy.kind.lead + 1) * lines
        count = (end - base) // lines + 1
        fits: list[Fitted[U]] = []
        at = 0
        while at < count:
            stop = min(at + self.piece, count)
            first = max(at - self.around, 0)
            start, tried = base + lines * first, stop + self.around - first
            found = self.fit(start, tried, (begin, end), grid, level)
            own = slice(at - first, stop - first)
            fits.append(
                Fitted(
                    self.part(found.units, own.start, own.stop), found.clear[own],
                    found.likely[own],
                )
            )  # fmt: skip
            at = stop
            # what follows, coding and perhaps an ordinary block, takes about as long as is left
            reached = min(base + lines * at, self.channels.shape[1])
            current_meter().reach(_SHARE * reached / self.channels.shape[1])
            if base + lines * at >= certain and float(np.mean(fits[-1].clear)) < _GIVE_UP:
                break
        end = min(base + lines * at, end)
        units = self.joined([each.units for each in fits])
        seen = begin
        for first, last in self._runs(fits):
            section = self._section(units, first, last, base, (seen, end), level)
            if section is None:
                continue
            if depth > 0:
                self._search(seen, section.begin, None, depth - 1)
            self._sections.append(section)
            seen = section.end
        if depth > 0 and seen > begin:
            self._search(seen, end, None, depth - 1)
        return end

    def _runs(self, fits: list[Fitted[U]]) -> list[tuple[int, int]]:
        """Return the first and last unit of each run without long gaps."""
        clear = np.concatenate([each.clear for each in fits])
        runs: list[tuple[int, int, int]] = []
        for g in np.flatnonzero(np.concatenate([each.likely for each in fits])).tolist():
            if runs and g - runs[-1][1] <= self.gap:
                runs[-1] = (runs[-1][0], g, runs[-1][2] + int(clear[g]))
            else:
                runs.append((g, g, int(clear[g])))
        return [(first, last) for first, last, found in runs if found >= self.least_clear]

    def _section(
        self, units: U, first: int, last: int, base: int, bounds: tuple[int, int], level: Level
    ) -> Recovered | None:
        """Return the section of a run."""
        lines, lead = self._lines, self.lossy.kind.lead
        begin = max(base + lines * (first + self.late), bounds[0])
        end = min(base + lines * (last + 1), bounds[1])
        if end - begin < max(self.least_units * lines, 1):
            return None
        first = (begin - base) // lines - lead
        last = (end - 1 - base) // lines
        used: Any = self.part(units, first, last + 1)
        gain = level.gain / 2.0 ** (self.bits - 16)
        return Recovered(
            self.lossy, begin, end, begin - base - lines * first, gain, self.table, used
        )

"""Figures over a span of a stream: bits in time, what the mixture trusts, and histograms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac.codec.transforms.channels import CODED
from nlac.entropy.range_coder import TOTAL
from nlac.predictors.cascade.kernels import PIECE
from nlac.views.trace.block import BlockTrace
from nlac.views.trace.record import EVERY, WEIGHED, bin_edges, multiples


@dataclass(frozen=True, slots=True)
class BlockBits:
    """Where the bits of a block are.

    Attributes
    ----------
    index, start, frames : int
        Number, first frame and length of the block.
    total : int
        All bits of the block in the stream.
    samples : float
        Those that its samples took. The coder rounds up: the rest is its side information and
        checksums, at most 128 bits for the ends of words, and under a thousandth of a bit a
        sample.
    """

    index: int
    start: int
    frames: int
    total: int
    samples: float

    @property
    def rest(self) -> float:
        """Bits that are not those of samples."""
        return self.total - self.samples

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON takes them, with `rest`."""
        return {**asdict(self), "rest": self.rest}


@dataclass(frozen=True, slots=True)
class Weights:
    """What the mixture of a channel trusts in time.

    Attributes
    ----------
    channel, phase : int
    names : list of str
        Locations: predictions around which parts of the mixture lie.
    starts : (pieces,) int64
        First frames, in the stream, of the pieces.
    values : (pieces, names) float32
        Share of each location in a piece, 1 in all; 0 where granules explain all of a piece.
    """

    channel: int
    phase: int
    names: list[str]
    starts: NDArray[np.int64]
    values: NDArray[np.float32]

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON takes them."""
        return {
            "channel": self.channel,
            "phase": self.phase,
            "names": self.names,
            "starts": self.starts.tolist(),
            "values": np.round(self.values.astype(np.float64), 4).tolist(),
        }


def coded_numbers(block: BlockTrace) -> list[tuple[int, int]]:
    """Channel and phase of each coded channel."""
    mapped, channels = block.coded.opened.channels, block.samples.shape[1]
    entries = [] if mapped is None else mapped.entries
    numbers = [i for i, (kind, _, _) in enumerate(entries) if kind == CODED]
    return [(i % channels, i // channels) for i in numbers]


def coded_span(block: BlockTrace, start: int, stop: int) -> tuple[int, int]:
    """Frames of the coded channels that hold frames `start` to `stop` of the stream."""
    opened, frames = block.coded.opened, len(block.samples)
    begin = min(max(start - block.start, 0), frames) + opened.offset
    end = min(max(stop - block.start, 0), frames) + opened.offset
    return begin // opened.phases, -(-end // opened.phases)


def weights_of(block: BlockTrace, start: int, stop: int) -> list[Weights]:
    """Weights of the pieces that hold frames `start` to `stop`; none without a mixture."""
    traced, opened = block.traced, block.coded.opened
    if traced is None or not traced.names or start >= stop:
        return []
    begin, end = coded_span(block, start, stop)
    pieces = slice(begin // PIECE, -(-end // PIECE))
    count = multiples(opened.frames, WEIGHED)[pieces, None]
    starts = np.arange(pieces.start, pieces.stop) * (PIECE * opened.phases) - opened.offset
    found = []
    for (channel, phase), sums in zip(coded_numbers(block), traced.record.weights, strict=True):
        values = np.zeros((len(count), len(traced.names)), np.float32)
        for i, source in enumerate(traced.sources.tolist()):
            if source >= 0:
                values[:, source] += (sums[pieces, i, None] / (count * 2.0**28))[:, 0]
        used = np.flatnonzero(values.any(axis=0)).tolist()
        values = values[:, used] / np.maximum(values.sum(axis=1, keepdims=True), 1e-9)
        names = [traced.names[i] for i in used]
        found.append(Weights(channel, phase, names, np.maximum(starts, 0) + block.start, values))
    return found


class Histogram:
    """Residuals of a span by their size, beside what the models expected.

    Only channels that are coded count. Bins hold one residual near 0, and more further out.

    Parameters
    ----------
    channels : int

    Attributes
    ----------
    edges : (bins + 1,) int64
        Residuals at which bins begin, in units of samples.
    counts : (channels, bins) int64
        Residuals in each bin.
    expected : (channels, bins) float64
        What the models expected there, from their distributions at one of `EVERY` frames. The sum
        is that of `counts`, but for what models put beyond the values that can occur. Residuals
        of granules, whose coder has no distribution at hand, count as expected.
    """

    def __init__(self, channels: int) -> None:
        self.edges = bin_edges()
        shape = channels, len(self.edges) - 1
        self.counts = np.zeros(shape, np.int64)
        self.expected = np.zeros(shape)

    def add(self, block: BlockTrace, start: int, stop: int) -> None:
        """Add frames `start` to `stop` of the stream, as far as they lie in the block."""
        traced = block.traced
        begin, end = coded_span(block, start, stop)
        if traced is None or begin >= end:
            return
        first, last = begin // PIECE, -(-end // PIECE)
        marks = np.arange(first, last + 1) * PIECE
        frames = np.diff(np.clip(marks, begin, end)).astype(np.int64)
        shares = frames / (multiples(block.coded.opened.frames, EVERY)[first:last] * TOTAL)
        numbers = coded_numbers(block)
        for row, (channel, _) in enumerate(numbers):
            record = traced.record
            places = np.searchsorted(record.edges[row], traced.residuals[row, begin:end], "right")
            self.counts[channel] += np.bincount(places - 1, minlength=self.counts.shape[1])
            self.expected[channel] += shares @ record.expected[row, first:last]

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON takes them, without the bins outside that are empty."""
        used = np.flatnonzero((self.counts > 0).any(0) | (self.expected > 0.01).any(0))
        first, last = (used[0], used[-1] + 1) if len(used) else (0, 0)
        return {
            "edges": self.edges[first : last + 1].tolist(),
            "counts": self.counts[:, first:last].tolist(),
            "expected": np.round(self.expected[:, first:last], 2).tolist(),
        }


class BitCurve:
    """Bits a sample over a span of a stream.

    Parameters
    ----------
    channels, start, stop, step : int
        The curve has a point for each `step` frames from `start` on.
    """

    def __init__(self, channels: int, start: int, stop: int, step: int) -> None:
        self._start, self._stop, self._step = start, stop, step
        self._sums = np.zeros((channels, -(-(stop - start) // step)))
        self._frames = np.zeros(self._sums.shape[1], np.int64)

    def add(self, block: BlockTrace) -> None:
        """Add the frames of a block."""
        begin = max(block.start, self._start)
        end = min(block.start + len(block.samples), self._stop)
        bits = block.bits[begin - block.start : end - block.start]
        first = (begin - self._start) // self._step
        last = (end - 1 - self._start) // self._step
        marks = self._start + self._step * np.arange(first + 1, last + 1) - begin
        sums = np.add.reduceat(bits, [0, *marks.tolist()], axis=0, dtype=np.float64)
        self._sums[:, first : last + 1] += sums.T
        self._frames[first : last + 1] += np.diff([0, *marks.tolist(), end - begin])

    def values(self) -> NDArray[np.float32]:
        """Return the bits a sample, (channels, points) float32; NaN where no block was added."""
        values = np.full(self._sums.shape, np.nan)
        np.divide(self._sums, self._frames, out=values, where=self._frames > 0)
        return values.astype(np.float32)

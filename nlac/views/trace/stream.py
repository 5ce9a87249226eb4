"""A stream opened to be looked at: what it says about itself, block by block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac._files import Closing, ReadFile, open_input
from nlac.api.origin.parts import OriginPart, summarise
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.blocks import placed
from nlac.views.columns import plain
from nlac.views.trace.block import BlockTrace, trace_block
from nlac.views.trace.blocks import BlockView, describe
from nlac.views.trace.coded import CodedChannels, parse_block
from nlac.views.trace.figures import BitCurve, BlockBits, Histogram, Weights, weights_of
from nlac.views.trace.origin import origin_parts
from nlac.views.trace.segments import Segment, segments_of


def open_trace(file: ReadFile) -> StreamTrace:
    """Open a stream to be looked at.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object

    Returns
    -------
    StreamTrace
        A context manager.

    Raises
    ------
    FormatError
        No nlac stream, or its header, metadata or trailer are damaged.
    """
    return StreamTrace(file)


@dataclass(frozen=True, slots=True)
class Trace:
    """What coding a span of a stream took; from `StreamTrace.trace`.

    Attributes
    ----------
    start, stop : int
        First frame, and the frame after the last.
    step : int
        Frames of a point of `bits`.
    blocks : list of BlockView
        The blocks that hold some of the frames.
    segments : list of Segment
        Their segments, as far as these do.
    bits : (channels, points) float32
        Bits a sample from `start` on, `step` frames each; NaN where blocks were left out.
    totals : list of BlockBits
        Bits of whole blocks.
    weights : list of Weights
        What the mixture trusts, block by block and channel by channel; none for `lpc`.
    histogram : Histogram
        Residuals beside what the models expected.
    origin : list of OriginPart
        Sections of the blocks that granules of a lossy stream explain.
    """

    start: int
    stop: int
    step: int
    blocks: list[BlockView]
    segments: list[Segment]
    bits: NDArray[np.float32]
    totals: list[BlockBits]
    weights: list[Weights]
    histogram: Histogram
    origin: list[OriginPart]
    stream: StreamTrace = field(repr=False)

    def prediction(self, start: int | None = None, stop: int | None = None) -> NDArray[np.int64]:
        """Return `StreamTrace.prediction` of the span, or of frames `start` to `stop`."""
        return self.stream.prediction(*self._own(start, stop))

    def residual(self, start: int | None = None, stop: int | None = None) -> NDArray[np.int64]:
        """Return `StreamTrace.residual` of the span, or of frames `start` to `stop`."""
        return self.stream.residual(*self._own(start, stop))

    def _own(self, start: int | None, stop: int | None) -> tuple[int, int]:
        return self.start if start is None else start, self.stop if stop is None else stop

    def as_dict(self) -> dict[str, Any]:
        """Return all but predictions and residuals as JSON takes them.

        What granules tell is that of the blocks of the span: see `nlac.api.origin.parts`.
        """
        rate = self.stream.header.sample_rate
        origin = summarise(self.origin, rate, self.stream.frames)
        return {
            "start": self.start,
            "stop": self.stop,
            "step": self.step,
            "blocks": [each.as_dict() for each in self.blocks],
            "segments": [each.as_dict() for each in self.segments],
            "bits": plain(np.round(self.bits.astype(np.float64), 4)),
            "totals": [each.as_dict() for each in self.totals],
            "weights": [each.as_dict() for each in self.weights],
            "histogram": self.histogram.as_dict(),
            "origin": None if origin is None else origin.to_dict(),
        }


class StreamTrace(Closing):
    """What a stream says about itself; from `open_trace`.

    Of damaged blocks, all that reads them raises `CorruptStream`, which tells the place. Several
    threads may share it.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object
    """

    def __init__(self, file: ReadFile) -> None:
        with ExitStack() as stack:
            self._reader = IndexedReader(stack.enter_context(open_input(file, seekable=True)))
            self._stack: ExitStack | None = stack.pop_all()
        self.header = self._reader.header
        self._lock = threading.Lock()
        self._kept: BlockTrace | None = None

    @property
    def frames(self) -> int:
        """Frames of the stream."""
        return self._reader.num_frames

    @cached_property
    def blocks(self) -> list[BlockView]:
        """All blocks. Each is read once, its side information parsed and no sample decoded."""
        return [self.block(index) for index in range(self._reader.num_blocks)]

    def block(self, index: int) -> BlockView:
        """Return one block; see `blocks`."""
        with self._parsed(index) as coded:
            return describe(coded)

    def segments(self, start: int = 0, stop: int | None = None) -> list[Segment]:
        """Return the segments that hold some of the frames `start` to `stop`, in order."""
        start, stop = self._span(start, stop)
        found = []
        for index in self.touched(start, stop):
            with self._parsed(index) as coded:
                found += segments_of(coded)
        return _within(found, start, stop)

    def trace(
        self,
        start: int = 0,
        stop: int | None = None,
        step: int | None = None,
        observe: Callable[[BlockTrace], None] | None = None,
        tell: Callable[[NlacError], None] | None = None,
    ) -> Trace:
        """Decode the blocks that hold frames `start` to `stop`, and tell what coding them took.

        Parameters
        ----------
        start, stop : int
            ``0 <= start < stop``; None for the end.
        step : int, optional
            Frames of a point of the curve of bits; None gives up to a thousand points.
        observe : callable, optional
            Called with each of the blocks, as they are decoded.
        tell : callable, optional
            Called with what is wrong with damaged blocks, which are left out; without it, it is
            raised.
        """
        start, stop = self._span(start, stop)
        if start == stop:
            raise UsageError(f"frames {start} to {stop}: at least one")
        step = max(1, -(-(stop - start) // 1000)) if step is None else step
        if step < 1:
            raise UsageError(f"step {step}: 1 or more")
        channels = self.header.channels
        curve, histogram = BitCurve(channels, start, stop, step), Histogram(channels)
        blocks, totals, weights = [], [], []
        segments: list[Segment] = []
        origin: list[OriginPart] = []
        for block in self._traced(start, stop, tell):
            blocks.append(describe(block.coded))
            totals.append(
                BlockBits(block.index, block.start, len(block.samples), 8 * block.num_bytes,
                          block.coded_bits)
            )  # fmt: skip
            weights += weights_of(block, start, stop)
            segments += _within(segments_of(block.coded), start, stop)
            curve.add(block)
            histogram.add(block, start, stop)
            origin += origin_parts(block.coded, block.traced)
            if observe is not None:
                observe(block)
        bits = curve.values()
        return Trace(
            start, stop, step, blocks, segments, bits, totals, weights, histogram, origin, self
        )

    def histogram(self, start: int = 0, stop: int | None = None) -> Histogram:
        """Return the residuals of a span by their size, beside what the models expected."""
        start, stop = self._span(start, stop)
        found = Histogram(self.header.channels)
        for block in self._traced(start, stop):
            found.add(block, start, stop)
        return found

    def samples(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return samples as they are coded, (frames, channels) int64.

        Of floats, they are the integers of `units`; of blocks of floats that are stored verbatim,
        their bits.
        """
        found: NDArray[np.int64] = self._collect(start, stop, lambda block: block.samples)
        return found

    def residual(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return what the predictions of `prediction` missed, (frames, channels) int64.

        A sample is the sum of both; copies have that of what they copy, and what is stored
        verbatim has predictions of 0.
        """
        found: NDArray[np.int64] = self._collect(start, stop, lambda block: block.residuals)
        return found

    def prediction(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return the last prediction of each sample, rounded, (frames, channels) int64."""
        found: NDArray[np.int64] = self._collect(
            start, stop, lambda block: block.samples - block.residuals
        )
        return found

    def units(self, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
        """Return what a 1 of samples, predictions and residuals stands for, (frames, channels).

        1 for integers; NaN for floats that are stored verbatim.
        """
        unknown = np.nan if self.header.is_float else 1.0

        def units(block: BlockTrace) -> NDArray[np.float64]:
            return np.full(block.samples.shape, unknown) if block.units is None else block.units

        found: NDArray[np.float64] = self._collect(start, stop, units, np.float64)
        return found

    def _collect(
        self, start: int, stop: int | None, part: Callable[[BlockTrace], Any],
        kind: type[np.generic] = np.int64,
    ) -> Any:  # fmt: skip
        """Frames `start` to `stop` of an array of the blocks."""
        start, stop = self._span(start, stop)
        out = np.empty((stop - start, self.header.channels), kind)
        for block in self._traced(start, stop):
            begin, end = max(start, block.start), min(stop, block.start + len(block.samples))
            own = part(block)[begin - block.start : end - block.start]
            out[begin - start : end - start] = own
        return out

    def _traced(
        self, start: int, stop: int, tell: Callable[[NlacError], None] | None = None
    ) -> Iterator[BlockTrace]:
        """The blocks that hold frames `start` to `stop`, decoded; the last one is kept."""
        for index in self.touched(start, stop):
            try:
                block = self._decoded(index)
            except NlacError as error:
                if tell is None:
                    raise
                tell(error)
            else:
                yield block

    def _decoded(self, index: int) -> BlockTrace:
        with self._lock:
            if self._kept is None or self._kept.index != index:
                # one at a time
                self._kept = None
                with self._parsed(index) as coded:
                    self._kept = trace_block(coded)
            return self._kept

    def _span(self, start: int, stop: int | None) -> tuple[int, int]:
        stop = self.frames if stop is None else stop
        if not 0 <= start <= stop <= self.frames:
            raise UsageError(f"frames {start} to {stop} of a stream of {self.frames}")
        return start, stop

    def touched(self, start: int, stop: int) -> range:
        """Return the numbers of the blocks that hold some of the frames `start` to `stop`."""
        if start == stop:
            return range(0)
        return range(self._reader.block_of_frame(start), self._reader.block_of_frame(stop - 1) + 1)

    def extent(self, index: int) -> tuple[int, int]:
        """Return the first frame of a block, and the frame after its last."""
        return self._reader.first_frame(index), self._reader.first_frame(index + 1)

    @contextmanager
    def _parsed(self, index: int) -> Iterator[CodedChannels]:
        """A block, parsed; what the body of the statement raises gets the block's position."""
        if self._stack is None:
            raise UsageError("the file has been closed")
        block = self._reader.block(index)
        with placed(block, self.header):
            yield parse_block(block, self.header)

    def close(self) -> None:
        """Close what was opened here."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None
            self._kept = None


def _within(segments: list[Segment], start: int, stop: int) -> list[Segment]:
    """Those that hold some of the frames `start` to `stop`."""
    return [each for each in segments if each.start < stop and start < each.start + each.frames]

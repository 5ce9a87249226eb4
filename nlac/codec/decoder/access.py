"""Frames of an indexed stream in any order, for several threads, with a cache of decoded blocks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nlac._parallel import ordered_map
from nlac._progress import Gauge, silent_gauge
from nlac._typing import Samples
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.workers import Workers

# decoded samples that an open file keeps, unless one block is larger
CACHE_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class Span:
    """Decoded frames of one block.

    Attributes
    ----------
    start : int
        First frame, counted from the beginning of the stream.
    samples : (frames, channels) int32 or float32
        The samples.
    """

    start: int
    samples: Samples

    def covers(self, start: int, stop: int) -> bool:
        """Whether all frames from `start` to `stop` are here."""
        return self.start <= start and stop <= self.start + len(self.samples)

    def cut(self, start: int, stop: int) -> Samples:
        """Return those of frames `start` to `stop` that are here."""
        return self.samples[max(0, start - self.start) : max(0, stop - self.start)]


class SpanCache:
    """Spans by their block; the one that was not used for longest goes first.

    Parameters
    ----------
    max_bytes : int
        Bytes of samples to keep at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._spans: OrderedDict[int, Span] = OrderedDict()
        self._lock = threading.Lock()
        self.num_bytes = 0

    def find(self, block_index: int) -> Span | None:
        """Return what is kept of a block."""
        with self._lock:
            if block_index in self._spans:
                self._spans.move_to_end(block_index)
            return self._spans.get(block_index)

    def keep(self, block_index: int, span: Span) -> None:
        """Keep a span instead of what was kept of the block."""
        with self._lock:
            self._drop(block_index)
            if span.samples.nbytes > self._max_bytes:
                return
            # whoever gets it must not change it for the others
            span.samples.flags.writeable = False
            self._spans[block_index] = span
            self.num_bytes += span.samples.nbytes
            while self.num_bytes > self._max_bytes:
                self._drop(next(iter(self._spans)))

    def _drop(self, block_index: int) -> None:
        if (old := self._spans.pop(block_index, None)) is not None:
            self.num_bytes -= old.samples.nbytes


class FrameReader:
    """Frames of a stream by their position. Several threads may use it.

    Blocks are decoded outside of any lock, but not one block by two threads at a time.

    Parameters
    ----------
    reader : IndexedReader
        The stream.
    workers : Workers
        Threads and memory of each call.
    cache_bytes : int or None
        Bytes of decoded samples to keep at most; 0 keeps nothing. None stands for `CACHE_BYTES`,
        or one block if that is more.
    """

    def __init__(self, reader: IndexedReader, workers: Workers, cache_bytes: int | None) -> None:
        self._reader = reader
        self._workers = workers
        if cache_bytes is None:
            header = reader.header
            frames = min(header.block_length, reader.num_frames)
            cache_bytes = max(CACHE_BYTES, frames * header.channels * 4)
        self._cache = SpanCache(cache_bytes)
        self._guard = threading.Lock()
        # locks of blocks being decoded, each with the number of threads that hold it or wait
        self._busy: dict[int, tuple[threading.Lock, int]] = {}

    def pieces(self, start: int, stop: int, gauge: Gauge | None = None) -> Iterator[Samples]:
        """Yield the samples of frames `start` to `stop`, one block after the other.

        Parameters
        ----------
        start, stop : int
            First frame and the frame after the last, ``0 <= start``, ``stop <= num_frames``.
        gauge : Gauge, optional
            Shows the progress, in frames of whole blocks.

        Yields
        ------
        (frames, channels) int32 or float32
            Read-only where they are also kept in the cache.

        Raises
        ------
        CorruptStream
            One of the blocks is damaged.
        LimitExceeded
            One block needs more memory than granted.
        """
        if start >= stop:
            return
        reader = self._reader
        index, last = reader.block_of_frame(start), reader.block_of_frame(stop - 1)
        while index <= last and (span := self._kept(index, start, stop)) is not None:
            yield span.cut(start, stop)
            index += 1
        if index > last:
            return
        gauge = gauge or silent_gauge()

        def work(part: Span | CodedBlock) -> Span:
            if isinstance(part, Span):
                return part
            with gauge.block(part.header.num_frames):
                return self._decoded(part, start, stop)

        threads = self._workers.decoding(reader.header)
        # mypy does not find the type of arguments that are a union already
        parts: Iterator[Any] = self._parts(index, last, start, stop)
        for span in ordered_map(work, parts, threads, gauge.tick):
            yield span.cut(start, stop)

    def _parts(self, first: int, last: int, start: int, stop: int) -> Iterator[Span | CodedBlock]:
        """Blocks `first` to `last`: decoded where they are kept, coded where not."""
        while first <= last:
            if (span := self._kept(first, start, stop)) is not None:
                yield span
                first += 1
                continue
            end = first + 1
            while end <= last and self._kept(end, start, stop) is None:
                end += 1
            yield from self._reader.blocks(first, end)
            first = end

    def _extent(self, block_index: int) -> tuple[int, int]:
        """First frame of a block, and the frame after its last."""
        reader = self._reader
        return reader.first_frame(block_index), reader.first_frame(block_index + 1)

    def _kept(self, block_index: int, start: int, stop: int) -> Span | None:
        """Span that has all frames of a block between `start` and `stop`, if it is kept."""
        span = self._cache.find(block_index)
        begin, end = self._extent(block_index)
        return span if span and span.covers(max(start, begin), min(stop, end)) else None

    def _decoded(self, block: CodedBlock, start: int, stop: int) -> Span:
        # what decodes payloads is loaded when the first one comes
        from nlac.codec.decoder.parts import decode_part

        index = block.header.block_index
        with self._alone(index):
            # another thread may have been quicker
            if (span := self._kept(index, start, stop)) is not None:
                return span
            begin, end = self._extent(index)
            if self._cache.find(index) is not None:
                # the second visit to a block, which will hardly be the last one
                start, stop = begin, end
            wanted = max(start, begin) - begin, min(stop, end) - begin
            part = decode_part(block, self._reader.header, *wanted)
            span = Span(begin + part.start, part.samples)
            self._cache.keep(index, span)
            return span

    @contextmanager
    def _alone(self, block_index: int) -> Iterator[None]:
        """Hold the lock of one block."""
        with self._guard:
            lock, users = self._busy.get(block_index, (threading.Lock(), 0))
            self._busy[block_index] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._busy.pop(block_index)
                if users > 1:
                    self._busy[block_index] = lock, users - 1

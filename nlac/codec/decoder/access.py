"""Frames of an indexed stream in any order, for several threads, with a cache of decoded blocks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Self, TypeVar

from nlac._parallel import ordered_map
from nlac._progress import Gauge, silent_gauge
from nlac._typing import Samples
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.blocks import Span
from nlac.codec.decoder.workers import Workers

# decoded samples that an open file keeps, unless one block is larger
CACHE_BYTES = 1 << 26

K = TypeVar("K", bound=Hashable)


class SpanCache(Generic[K]):
    """Spans by their block; the one that was not used for longest goes first.

    Copies and pickles of it are empty.

    Parameters
    ----------
    max_bytes : int
        Bytes of samples to keep at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._spans: OrderedDict[K, Span] = OrderedDict()
        self._lock = threading.Lock()
        self.num_bytes = 0

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self.max_bytes,)

    def find(self, block: K, start: int, stop: int) -> Samples | None:
        """Return frames `start` to `stop` of a block, if all of them are kept."""
        with self._lock:
            span = self._spans.get(block)
            if span is None:
                return None
            self._spans.move_to_end(block)
        return span.cut(start, stop) if span.covers(start, stop) else None

    def missing(self, block: K, start: int, stop: int, num_frames: int) -> tuple[int, int]:
        """Return the frames to decode for `start` to `stop`, which are not kept.

        They are these at the first visit to a block, and all of its `num_frames` at the second,
        which will hardly be the last one.
        """
        with self._lock:
            return (0, num_frames) if block in self._spans else (start, stop)

    def keep(self, block: K, span: Span) -> None:
        """Keep a span instead of what was kept of the block."""
        with self._lock:
            self._drop(block)
            if span.samples.nbytes > self.max_bytes:
                return
            # whoever gets it must not change it for the others
            span.samples.flags.writeable = False
            self._spans[block] = span
            self.num_bytes += span.samples.nbytes
            while self.num_bytes > self.max_bytes:
                self._drop(next(iter(self._spans)))

    def _drop(self, block: K) -> None:
        if (old := self._spans.pop(block, None)) is not None:
            self.num_bytes -= old.samples.nbytes


def block_bytes(reader: IndexedReader) -> int:
    """Bytes that the longest block of a stream takes when it is decoded."""
    return min(reader.header.block_length, reader.num_frames) * reader.header.channels * 4


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
    shared : SpanCache, optional
        Keeps the samples instead, beside those of other streams.
    name : hashable
        What tells the stream from those others.
    """

    def __init__(
        self,
        reader: IndexedReader,
        workers: Workers,
        cache_bytes: int | None,
        shared: SpanCache[tuple[Hashable, int]] | None = None,
        name: Hashable = None,
    ) -> None:
        self._reader = reader
        self._workers = workers
        if cache_bytes is None:
            cache_bytes = max(CACHE_BYTES, block_bytes(reader))
        self._cache = SpanCache[tuple[Hashable, int]](cache_bytes) if shared is None else shared
        self._name = name
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
        while index <= last and (kept := self._kept(index, start, stop)) is not None:
            yield kept
            index += 1
        if index > last:
            return
        gauge = gauge or silent_gauge()

        def work(part: Samples | CodedBlock) -> Samples:
            if not isinstance(part, CodedBlock):
                return part
            with gauge.block(part.header.num_frames):
                return self._decoded(part, start, stop)

        threads = self._workers.decoding(reader.header)
        # mypy does not find the type of arguments that are a union already
        parts: Iterator[Any] = self._parts(index, last, start, stop)
        yield from ordered_map(work, parts, threads, gauge.tick)

    def around(self, frame: int) -> tuple[int, Samples]:
        """Decode what has to be decoded for one frame, and return all of it.

        Returns
        -------
        first_frame : int
            Where it begins.
        samples : (frames, channels) int32 or float32, read-only
            A slice, or the whole block where it has none.

        Raises
        ------
        CorruptStream
            The block is damaged.
        """
        from nlac.codec.decoder.parts import decode_part

        index = self._reader.block_of_frame(frame)
        first = self._reader.first_frame(index)
        block = self._reader.block(index)
        with self._alone(index):
            span = decode_part(block, self._reader.header, frame - first, frame - first + 1)
            self._cache.keep((self._name, index), span)
        return first + span.start, span.samples

    def _parts(
        self, first: int, last: int, start: int, stop: int
    ) -> Iterator[Samples | CodedBlock]:
        """Blocks `first` to `last`: samples where they are kept, coded where not."""
        while first <= last:
            if (kept := self._kept(first, start, stop)) is not None:
                yield kept
                first += 1
                continue
            end = first + 1
            while end <= last and self._kept(end, start, stop) is None:
                end += 1
            yield from self._reader.blocks(first, end)
            first = end

    def _within(self, block_index: int, start: int, stop: int) -> tuple[int, int]:
        """Frames `start` to `stop` of the stream that lie in a block, counted from its first."""
        begin, end = (self._reader.first_frame(block_index + k) for k in (0, 1))
        return max(start, begin) - begin, min(stop, end) - begin

    def _kept(self, block_index: int, start: int, stop: int) -> Samples | None:
        """Samples of a block between frames `start` and `stop`, if all of them are kept."""
        return self._cache.find((self._name, block_index), *self._within(block_index, start, stop))

    def _decoded(self, block: CodedBlock, start: int, stop: int) -> Samples:
        # what decodes payloads is loaded when the first one comes
        from nlac.codec.decoder.parts import decode_part

        index = block.header.block_index
        with self._alone(index):
            # another thread may have been quicker
            if (kept := self._kept(index, start, stop)) is not None:
                return kept
            wanted = self._within(index, start, stop)
            key = self._name, index
            missing = self._cache.missing(key, *wanted, block.header.num_frames)
            span = decode_part(block, self._reader.header, *missing)
            self._cache.keep(key, span)
            return span.cut(*wanted)

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

"""A stream opened to be looked at: what it says about itself, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from types import TracebackType
from typing import Self

from nlac._errors import UsageError
from nlac._files import ReadFile, open_input
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.blocks import placed
from nlac.views.trace.blocks import BlockView, describe
from nlac.views.trace.coded import CodedChannels, parse_block
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


class StreamTrace:
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
        for index in self._touched(start, stop):
            with self._parsed(index) as coded:
                found += segments_of(coded)
        return [each for each in found if each.start < stop and start < each.start + each.frames]

    def _span(self, start: int, stop: int | None) -> tuple[int, int]:
        stop = self.frames if stop is None else stop
        if not 0 <= start <= stop <= self.frames:
            raise UsageError(f"frames {start} to {stop} of a stream of {self.frames}")
        return start, stop

    def _touched(self, start: int, stop: int) -> range:
        """Numbers of the blocks that hold some of the frames."""
        if start == stop:
            return range(0)
        return range(self._reader.block_of_frame(start), self._reader.block_of_frame(stop - 1) + 1)

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

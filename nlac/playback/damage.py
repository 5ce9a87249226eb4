"""What is left of damaged blocks, for readers that go on behind the damage."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from nlac._errors import CorruptStream
from nlac._typing import Samples
from nlac.bitstream import constants as c
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader
from nlac.codec.decoder.blocks import Span
from nlac.codec.decoder.parts import decode_intact


class IntactFrames:
    """Frames of a stream that may be damaged: those of intact slices, too.

    The slices of one damaged block are kept. Several threads may use it.

    Parameters
    ----------
    reader : IndexedReader
        The stream.
    frames : FrameReader
        What decodes its intact blocks.
    """

    def __init__(self, reader: IndexedReader, frames: FrameReader) -> None:
        self._reader = reader
        self._frames = frames
        self._lock = threading.Lock()
        self._kept: tuple[int, list[Span]] | None = None

    def pieces(self, start: int, stop: int) -> Iterator[Samples]:
        """Yield the samples of frames `start` to `stop`, one block after the other.

        Raises
        ------
        CorruptStream
            One of these frames is lost.
        """
        reader = self._reader
        while start < stop:
            block = reader.block_of_frame(start)
            end = min(stop, reader.first_frame(block + 1))
            try:
                yield from self._frames.pieces(start, end)
            except CorruptStream as error:
                first = reader.first_frame(block)
                samples = self._left(block, start - first, end - first)
                if samples is None:
                    raise error
                yield samples
            start = end

    def _left(self, block: int, start: int, stop: int) -> Samples | None:
        """Frames of a damaged block, counted from its first, if none of them is lost."""
        with self._lock:
            if self._kept is None or self._kept[0] != block:
                self._kept = block, self._intact(block)
            spans = self._kept[1]
        for span in spans:
            if span.covers(start, stop):
                return span.cut(start, stop)
        return None

    def _intact(self, block: int) -> list[Span]:
        entry = self._reader.trailer.index[block]
        payload = self._reader.stored_block(block)[c.BLOCK_HEADER_BYTES : -c.CRC_BYTES]
        length = entry.num_bytes - c.BLOCK_HEADER_BYTES - c.CRC_BYTES
        return decode_intact(payload, entry.num_frames, self._reader.header, length)

"""Any frames of a seekable stream, by its index."""

from __future__ import annotations

from collections.abc import Iterator

from nlac._typing import Samples
from nlac.codec.decoder import decode_blocks
from nlac.codec.stream_reader import IndexedReader


def decode_range(reader: IndexedReader, start: int, stop: int, threads: int) -> Iterator[Samples]:
    """Samples of frames `start` to `stop`, in pieces of shape (frames, channels).

    Parameters
    ----------
    reader : IndexedReader
        The stream.
    start, stop : int
        First frame and the frame after the last, ``0 <= start <= stop <= num_frames``.
    threads : int
        Blocks decoded at a time.

    Raises
    ------
    CorruptStream
        One of the blocks is damaged.
    """
    if start >= stop:
        return
    first, last = reader.block_of_frame(start), reader.block_of_frame(stop - 1)
    blocks = (reader.block(index) for index in range(first, last + 1))
    for block, samples in decode_blocks(blocks, reader.header, threads):
        offset = block.header.first_frame
        yield samples[max(0, start - offset) : stop - offset]

"""The chunks of the original file, out of an opened stream."""

from __future__ import annotations

from nlac.audio.original.chunks import Chunk, list_chunks
from nlac.audio.original.restoration import stored_original
from nlac.audio.packing import Packing
from nlac.bitstream import constants as c
from nlac.bitstream.reader import IndexedReader


def stored_chunks(reader: IndexedReader) -> list[Chunk]:
    """Chunks of the original file besides the samples, in order, as far as kept.

    Raises
    ------
    CorruptStream
        What restores the original file is damaged.
    """
    original = stored_original(reader.leading, reader.header)
    if original is None or not isinstance(original.packing, Packing):
        return []
    tail = b"".join(
        item.data for item in reader.trailing() if item.item_type == c.ITEM_FOREIGN_TAIL
    )
    sound_bytes = reader.num_frames * original.packing.bytes_per_sample * reader.header.channels
    return list_chunks(original.container, original.head, sound_bytes, tail)

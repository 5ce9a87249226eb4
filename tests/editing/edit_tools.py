"""Streams with items of choice, and the check that follows every edit."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from stream_tools import BLOCK, RATE, make_wav

import nlac
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader, read_elements
from nlac.bitstream.writer import StreamWriter

SAMPLES = np.random.default_rng(5).integers(-99, 99, (3 * BLOCK + 5, 2)).astype(np.int16)
INFO = b"LIST\x12\0\0\0INFOINAM\6\0\0\0Inside"
WAV = make_wav(SAMPLES, INFO, b"note\x04\0\0\0abcd")


def encoded(wav: bytes = WAV, **options) -> bytes:
    out = io.BytesIO()
    options = {"block_seconds": BLOCK / RATE, "threads": 1, **options}
    nlac.encode(wav, out, **options)
    return out.getvalue()


def with_items(
    data: bytes, leading: list[MetadataItem], trailing: list[MetadataItem] | None = None
) -> bytes:
    """The stream with items of choice added before and after its blocks."""
    reader = IndexedReader(io.BytesIO(data))
    writer = StreamWriter(reader.header)
    parts = [writer.begin(), *map(writer.item, (*reader.leading, *leading))]
    for index in range(reader.num_blocks):
        block = reader.block(index)
        parts.append(writer.block(block.payload, block.header.num_frames))
    parts += map(writer.item, (*reader.trailing(), *(trailing or ())))
    trailer = reader.trailer
    parts.append(writer.end(trailer.pcm_md5, trailer.original_md5, trailer.original_length))
    return b"".join(parts)


def blocks_of(data: bytes) -> bytes:
    """The bytes of all blocks."""
    trailer = IndexedReader(io.BytesIO(data)).trailer
    return data[trailer.first_block_offset : trailer.end_of_blocks]


def items_of(data: bytes) -> list[tuple[int, bytes]]:
    """All items but padding, before and after the blocks."""
    found = [each for each in read_elements(io.BytesIO(data)) if isinstance(each, MetadataItem)]
    return [(each.item_type, each.data) for each in found if each.item_type]


def check(path: Path, before: bytes, *, original: bytes | None = None) -> bytes:
    """Check a whole file that was edited: by both readers, audio as it was, the original back."""
    data = path.read_bytes()
    result = nlac.test(data, threads=1)
    list(read_elements(io.BytesIO(data)))
    assert blocks_of(data) == blocks_of(before)
    assert nlac.info(data).md5 == nlac.info(before).md5
    assert result.restored == (original is not None)
    if original is not None:
        out = io.BytesIO()
        assert nlac.decode(data, out, threads=1).restored
        assert out.getvalue() == original
    assert not list(path.parent.glob(".*.part"))
    return data

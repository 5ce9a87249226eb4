"""What the tests need to ask both decoders the same."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np

import nlac
from nlac._errors import NlacError
from nlac.bitstream import constants as c
from nlac.bitstream.block import BlockHeader, write_block
from nlac.bitstream.header import StreamHeader, write_header
from nlac.bitstream.index import IndexEntry
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.bitstream.trailer import Trailer, write_trailer
from oracle.container import Header, Reader, SpecError, read_header
from oracle.decoder import Decoded, attached_tables, decode_stream
from oracle.networks import Network
from oracle.payload import Predictors, decode_payload


def as_told(stream: StreamHeader) -> Header:
    """A header as the oracle reads it."""
    return read_header(Reader(write_header(stream)))


def told_payload(
    payload: bytes,
    frames: int,
    stream: StreamHeader,
    predictors: Predictors | None = None,
    network: Network | None = None,
) -> np.ndarray:
    """Samples of a payload by the oracle, (frames, channels): int32, or bits of floats."""
    tables = attached_tables()
    known = predictors or {}
    channels = decode_payload(payload, frames, as_told(stream), tables, known, network)
    return np.array(channels, np.uint32 if stream.is_float else np.int32).T


def told_samples(decoded: Decoded) -> np.ndarray:
    """Samples of a stream by the oracle, as `nlac.read` gives them for (frames, channels)."""
    bits = np.array(decoded.frames, np.uint32 if decoded.is_float else np.int32).T
    return bits.view(np.float32) if decoded.is_float else bits


class Parts(NamedTuple):
    """A stream to be put together: blocks are (payload, frames)."""

    stream: StreamHeader
    before: list[MetadataItem]
    blocks: list[tuple[bytes, int]]
    after: list[MetadataItem]
    pcm_md5: bytes
    original_md5: bytes | None = None
    original_length: int = 0


def assemble(parts: Parts) -> bytes:
    """Bytes of a stream; nothing is asked but that each part can be written."""
    crc = parts.stream.checksum
    out = write_header(parts.stream) + b"".join(write_item(item, crc) for item in parts.before)
    start, first, index = len(out), 0, []
    for number, (payload, frames) in enumerate(parts.blocks):
        header = BlockHeader(number, first, frames, len(payload))
        out += write_block(header, payload, parts.stream)
        index.append(IndexEntry(header.num_bytes, frames))
        first += frames
    for item in parts.after:
        if not index and item.item_type == c.ITEM_FOREIGN_TAIL and not first:
            start, first = len(out), 1  # no blocks: the first foreign tail stands for them
        out += write_item(item, crc)
    if not index and not first:
        start = len(out)
    frames = sum(entry.num_frames for entry in index)
    return out + write_trailer(
        Trailer(
            parts.stream,
            frames,
            start,
            tuple(index),
            parts.pcm_md5,
            parts.original_md5,
            parts.original_length,
        )
    )


def verdicts(data: bytes) -> tuple[bool, bool]:
    """Whether the product, then whether the oracle takes a stream."""
    try:
        nlac.decode(io.BytesIO(data), None)
        product = True
    except NlacError:
        product = False
    try:
        decode_stream(data)
        oracle = True
    except SpecError:
        oracle = False
    return product, oracle

"""The frame around a block's payload (spec 7): type, write, parse, verify.

The payload itself is opaque here; `nlac.codec.decoder.payload` makes and reads it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nlac._errors import ChecksumMismatch, CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader

_BODY = struct.Struct("<4sIQII")


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """Where a block lies in the audio, and how long its payload is.

    Attributes
    ----------
    block_index : int
        Number of the block, from 0.
    first_frame : int
        Frames before the block.
    num_frames : int
        Frames of the block, 1 to the stream's `block_length`.
    payload_length : int
        Bytes of the payload.
    """

    block_index: int
    first_frame: int
    num_frames: int
    payload_length: int

    @property
    def num_bytes(self) -> int:
        """Length of the whole block in the stream: header, payload, payload CRC."""
        return self.payload_length + c.BLOCK_OVERHEAD_BYTES

    def verify(self, stream: StreamHeader) -> None:
        """Check every field against the bounds of spec 7.1.

        Raises
        ------
        CorruptStream
            Naming the field.
        """
        if not 0 <= self.block_index < c.MAX_BLOCKS:
            raise self._bad(stream, "block_index", self.block_index)
        if not 1 <= self.num_frames <= stream.block_length:
            raise self._bad(stream, "num_frames", self.num_frames)
        if not 0 <= self.first_frame <= c.MAX_NUM_FRAMES - self.num_frames:
            raise self._bad(stream, "first_frame", self.first_frame)
        if stream.num_frames is not None and self.first_frame + self.num_frames > stream.num_frames:
            raise self._bad(stream, "first_frame", self.first_frame)
        # frames before the block fit in the blocks before it, and each of those has one
        if not self.block_index <= self.first_frame <= self.block_index * stream.block_length:
            raise self._bad(stream, "first_frame", self.first_frame)
        if not 0 <= self.payload_length <= max_payload_length(self.num_frames, stream.channels):
            raise self._bad(stream, "payload_length", self.payload_length)

    def _bad(self, stream: StreamHeader, field: str, value: int) -> CorruptStream:
        return CorruptStream(
            f"{value} is not allowed",
            block_index=self.block_index,
            first_frame=self.first_frame,
            sample_rate=stream.sample_rate,
            path=f"block[{self.block_index}].{field}",
        )


def max_payload_length(num_frames: int, channels: int) -> int:
    """The most bytes that a payload may have (spec 7.1)."""
    return c.MAX_PAYLOAD_BYTES_PER_SAMPLE * num_frames * channels + c.MAX_PAYLOAD_FIXED_BYTES


def write_block_header(header: BlockHeader, stream: StreamHeader) -> bytes:
    """The `BLOCK_HEADER_BYTES` bytes before a payload, CRC included."""
    header.verify(stream)
    body = _BODY.pack(
        c.BLOCK_SYNC,
        header.block_index,
        header.first_frame,
        header.num_frames,
        header.payload_length,
    )
    return body + crc_bytes(crc32(body, stream.checksum))


def write_block(header: BlockHeader, payload: bytes, stream: StreamHeader) -> bytes:
    """A whole block: header, payload, payload CRC."""
    if header.payload_length != len(payload):
        raise ValueError("payload_length is not the length of the payload")
    head = write_block_header(header, stream)
    return head + payload + crc_bytes(_payload_crc(head, payload))


def parse_block_header(data: bytes, stream: StreamHeader, stream_crc: int) -> BlockHeader:
    """Header in the first `BLOCK_HEADER_BYTES` bytes of `data`.

    Parameters
    ----------
    data : bytes
        At least `BLOCK_HEADER_BYTES` bytes.
    stream : StreamHeader
        Header of the stream, for the bounds.
    stream_crc : int
        Its checksum, which the block's header CRC continues.

    Raises
    ------
    ChecksumMismatch, CorruptStream
        The bytes are not a good block header of this stream.
    """
    if data[: len(c.BLOCK_SYNC)] != c.BLOCK_SYNC:
        raise CorruptStream("block sync expected", path="block")
    body = data[: _BODY.size]
    if crc_bytes(crc32(body, stream_crc)) != data[_BODY.size : c.BLOCK_HEADER_BYTES]:
        raise ChecksumMismatch("block header CRC does not match", path="block")
    _sync, block_index, first_frame, num_frames, payload_length = _BODY.unpack(body)
    header = BlockHeader(block_index, first_frame, num_frames, payload_length)
    header.verify(stream)
    return header


def payload_is_intact(header_bytes: bytes, payload: bytes, crc: bytes) -> bool:
    """Whether a payload matches its CRC (which continues the header's)."""
    return crc_bytes(_payload_crc(header_bytes, payload)) == crc


def _payload_crc(header_bytes: bytes, payload: bytes) -> int:
    (header_crc,) = struct.unpack_from("<I", header_bytes, _BODY.size)
    return crc32(payload, header_crc)

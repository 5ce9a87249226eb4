"""Block header, payload checksum (spec 7): type, write, parse, verify.

The payload is opaque here: `nlac.codec.encoder.payload` writes it, and
`nlac.codec.decoder.payload` reads it.
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
    """Position of a block in the audio, and the length of its payload.

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
            A field is out of bounds. The error names it.
        """
        if not 0 <= self.block_index < c.MAX_BLOCKS:
            raise self._bad(stream, "block_index", self.block_index)
        if not 1 <= self.num_frames <= stream.block_length:
            raise self._bad(stream, "num_frames", self.num_frames)
        if not 0 <= self.first_frame <= c.MAX_NUM_FRAMES - self.num_frames:
            raise self._bad(stream, "first_frame", self.first_frame)
        if stream.num_frames is not None and self.first_frame + self.num_frames > stream.num_frames:
            raise self._bad(stream, "first_frame", self.first_frame)
        # each block before has 1 to block_length frames
        if not self.block_index <= self.first_frame <= self.block_index * stream.block_length:
            raise self._bad(stream, "first_frame", self.first_frame)
        if not 0 <= self.payload_length <= max_payload_length(self.num_frames, stream.channels):
            raise self._bad(stream, "payload_length", self.payload_length)

    def _bad(self, stream: StreamHeader, field: str, value: int) -> CorruptStream:
        return CorruptStream(
            f"{value} is out of bounds",
            block_index=self.block_index,
            first_frame=self.first_frame,
            sample_rate=stream.sample_rate,
            path=f"block[{self.block_index}].{field}",
        )


def max_payload_length(num_frames: int, channels: int) -> int:
    """Upper bound on the bytes of a payload (spec 7.1)."""
    return c.MAX_PAYLOAD_BYTES_PER_SAMPLE * num_frames * channels + c.MAX_PAYLOAD_FIXED_BYTES


def write_block_header(header: BlockHeader, stream: StreamHeader) -> bytes:
    """The block header with its CRC, `BLOCK_HEADER_BYTES` bytes."""
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
        raise ValueError(
            f"payload_length {header.payload_length} for a payload of {len(payload)} bytes"
        )
    head = write_block_header(header, stream)
    return head + payload + crc_bytes(_payload_crc(head, payload))


def parse_block_header(data: bytes, stream: StreamHeader, stream_crc: int) -> BlockHeader:
    """Parse the block header at the beginning of `data`.

    Parameters
    ----------
    data : bytes
        At least `BLOCK_HEADER_BYTES` bytes.
    stream : StreamHeader
        Header of the stream, for the bounds.
    stream_crc : int
        Checksum of the stream header, which the CRC of the block header continues.

    Raises
    ------
    ChecksumMismatch, CorruptStream
        The bytes are not a valid block header of this stream.
    """
    if data[: len(c.BLOCK_SYNC)] != c.BLOCK_SYNC:
        raise CorruptStream("no block sync", path="block")
    body = data[: _BODY.size]
    if crc_bytes(crc32(body, stream_crc)) != data[_BODY.size : c.BLOCK_HEADER_BYTES]:
        raise ChecksumMismatch("block header CRC does not match", path="block")
    _sync, block_index, first_frame, num_frames, payload_length = _BODY.unpack(body)
    header = BlockHeader(block_index, first_frame, num_frames, payload_length)
    header.verify(stream)
    return header


def payload_is_intact(header_bytes: bytes, payload: bytes, crc: bytes) -> bool:
    """Whether a payload matches its CRC, which continues the CRC of the block header."""
    return crc_bytes(_payload_crc(header_bytes, payload)) == crc


def _payload_crc(header_bytes: bytes, payload: bytes) -> int:
    (header_crc,) = struct.unpack_from("<I", header_bytes, _BODY.size)
    return crc32(payload, header_crc)

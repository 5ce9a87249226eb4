"""Sizes of parity, and the descriptor that every record repeats (spec 6.11.1, 6.11.2)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32

MIN_AMOUNT, MAX_AMOUNT = 0.01, 0.20
# of the amount, the part that a burst may take: the rest pays for shards hit in part
_BURST_SHARE = 0.75

_DESCRIPTOR = struct.Struct("<4sBIQIHHII32s")
DESCRIPTOR_BYTES = _DESCRIPTOR.size + c.CRC_BYTES
RECORD_BYTES = DESCRIPTOR_BYTES + c.CRC_BYTES
# of a record in its item, without the piece
OVERHEAD_BYTES = c.METADATA_HEADER_BYTES + RECORD_BYTES + c.CRC_BYTES

_MIN_CHUNK_BYTES, _MAX_CHUNK_BYTES = 256, 1 << 14
_CHUNKS = 512
_MIN_PIECE_BYTES, _MAX_PIECE_BYTES = 2048, 1 << 16
_PIECES = 32
_MIN_PARITY_SHARDS = 4


@dataclass(frozen=True, slots=True)
class ParityLayout:
    """All sizes of a stream's parity, and what proves a repair.

    Protected bytes are all bytes before the first parity item and the trailer, one after the
    other.

    Attributes
    ----------
    offset : int
        Bytes before the first parity item.
    trailer_bytes : int
        Bytes of the trailer.
    data_shards, parity_shards : int
        Shards of protected bytes, and of parity.
    chunk_bytes : int
        Protected bytes that a checksum of the table covers.
    piece_bytes : int
        Parity data in a record; the last piece may be shorter.
    digest : bytes
        SHA-256 of the protected bytes.
    """

    offset: int
    trailer_bytes: int
    data_shards: int
    parity_shards: int
    chunk_bytes: int
    piece_bytes: int
    digest: bytes = bytes(32)

    @property
    def protected_bytes(self) -> int:
        """Bytes that the parity protects."""
        return self.offset + self.trailer_bytes

    @property
    def shard_bytes(self) -> int:
        """Bytes of a shard, even."""
        return 2 * -(-((self.protected_bytes + 1) // 2) // self.data_shards)

    @property
    def num_chunks(self) -> int:
        """Checksums of the table."""
        return -(-self.protected_bytes // self.chunk_bytes)

    @property
    def table_bytes(self) -> int:
        """Bytes of the table of checksums."""
        return c.CRC_BYTES * self.num_chunks

    @property
    def data_bytes(self) -> int:
        """Parity data: table, parity shards, table."""
        return 2 * self.table_bytes + self.parity_shards * self.shard_bytes

    @property
    def num_pieces(self) -> int:
        """Records with a piece; one more has none."""
        return -(-self.data_bytes // self.piece_bytes)

    @property
    def num_bytes(self) -> int:
        """Bytes of all parity items."""
        return self.data_bytes + (self.num_pieces + 1) * OVERHEAD_BYTES

    @property
    def total_bytes(self) -> int:
        """Bytes of the whole stream."""
        return self.protected_bytes + self.num_bytes

    @property
    def burst_bytes(self) -> int:
        """Bytes in a row that are repaired wherever they lie.

        At either end a chunk of which a part is damaged counts as a whole, unless few enough
        shards are hit for errors at unknown places.
        """
        located = (self.parity_shards - 1) * self.shard_bytes - 2 * (self.chunk_bytes - 1)
        unlocated = (self.parity_shards // 2 - 1) * self.shard_bytes
        return max(located, unlocated, 0)

    def is_as_strong_as(self, other: ParityLayout) -> bool:
        """Tell whether parity of the same bytes repairs as long bursts and as much in all."""
        return (
            (self.offset, self.trailer_bytes) == (other.offset, other.trailer_bytes)
            and self.burst_bytes >= other.burst_bytes
            and self.parity_shards * self.shard_bytes >= other.parity_shards * other.shard_bytes
        )

    def item_offset(self, index: int) -> int:
        """Byte offset of a parity item in the stream; of the trailer, after the last."""
        return (
            self.offset
            + index * OVERHEAD_BYTES
            + min(index * self.piece_bytes, self.data_bytes)
        )

    def piece(self, index: int) -> tuple[int, int]:
        """Where a piece begins and ends in the parity data."""
        begin = min(index * self.piece_bytes, self.data_bytes)
        return begin, min(begin + self.piece_bytes, self.data_bytes)

    def verify(self) -> None:
        """Check the fields against the bounds of spec 6.11.2.

        Raises
        ------
        CorruptStream
            A field is out of bounds. The error names it.
        """
        if not c.HEADER_FIXED_BYTES <= self.offset < 2**62:
            raise _bad("offset", self.offset)
        if not c.TRAILER_FIXED_BYTES <= self.trailer_bytes <= c.MAX_TRAILER_BYTES:
            raise _bad("trailer length", self.trailer_bytes)
        if not 1 <= self.data_shards <= c.MAX_DATA_SHARDS:
            raise _bad("data shards", self.data_shards)
        if not 1 <= self.parity_shards <= c.MAX_PARITY_SHARDS:
            raise _bad("parity shards", self.parity_shards)
        if self.chunk_bytes % 2 or not 64 <= self.chunk_bytes <= 2**20:
            raise _bad("chunk length", self.chunk_bytes)
        if self.piece_bytes % 2 or not 64 <= self.piece_bytes <= 2**20:
            raise _bad("piece length", self.piece_bytes)
        if self.num_bytes > self.offset // c.PARITY_SHARE + c.PARITY_SPARE_BYTES:
            raise _bad("number of parity bytes", self.num_bytes)

    @classmethod
    def choose(cls, offset: int, trailer_bytes: int, amount: float) -> ParityLayout:
        """Sizes for so much parity, a part of the protected bytes.

        Any burst of 3/4 of the amount is repaired. Small streams take more parity for that,
        since a burst hits shards and chunks in part at its ends.

        Raises
        ------
        UsageError
            The amount is not between `MIN_AMOUNT` and `MAX_AMOUNT`.
        """
        if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
            raise UsageError(
                f"amount of parity {100 * amount:g} %: {100 * MIN_AMOUNT:g} to "
                f"{100 * MAX_AMOUNT:g} % can be added"
            )
        size = offset + trailer_bytes
        chunk = 1 << (size // _CHUNKS).bit_length() >> 1
        chunk = min(max(chunk, _MIN_CHUNK_BYTES), _MAX_CHUNK_BYTES)
        wanted = round(20 / amount) + 100
        layout = cls(offset, trailer_bytes, wanted, 1, chunk, _MAX_PIECE_BYTES)
        # of a small stream some shards would be empty
        shards = -(-size // layout.shard_bytes)
        layout = replace(layout, data_shards=shards)
        shard = layout.shard_bytes
        for _ in range(3):
            # the burst is a part of the whole stream, which grows by the parity
            burst = _BURST_SHARE * amount * layout.total_bytes
            located = math.ceil((burst + 2 * (chunk - 1)) / shard) + 1
            unlocated = 2 * (math.ceil(burst / shard) + 1)
            parity = max(math.ceil(amount * shards), min(located, unlocated), _MIN_PARITY_SHARDS)
            layout = replace(layout, parity_shards=parity)
            piece = -(-layout.data_bytes // _PIECES)
            piece = min(max(piece + piece % 2, _MIN_PIECE_BYTES), _MAX_PIECE_BYTES)
            layout = replace(layout, piece_bytes=piece)
        return layout


def write_descriptor(layout: ParityLayout, index: int) -> bytes:
    """Verify a layout and return the descriptor of a record."""
    layout.verify()
    body = _DESCRIPTOR.pack(
        c.PARITY_MARK,
        c.PARITY_CODE,
        index,
        layout.offset,
        layout.trailer_bytes,
        layout.data_shards,
        layout.parity_shards,
        layout.chunk_bytes,
        layout.piece_bytes,
        layout.digest,
    )
    return body + struct.pack("<I", crc32(body))


def parse_descriptor(data: bytes | memoryview) -> tuple[ParityLayout, int] | None:
    """Layout and index of the record whose descriptor begins `data`; None if there is none.

    Raises
    ------
    CorruptStream
        The checksum is right, and a value is out of bounds or unknown.
    """
    body = bytes(data[: _DESCRIPTOR.size])
    crc = bytes(data[_DESCRIPTOR.size : DESCRIPTOR_BYTES])
    if struct.pack("<I", crc32(body)) != crc:
        return None
    mark, code, index, offset, trailer, shards, parity, chunk, piece, digest = (
        _DESCRIPTOR.unpack(body)
    )
    if mark != c.PARITY_MARK:
        return None
    if code != c.PARITY_CODE:
        raise _bad("code", code)
    layout = ParityLayout(offset, trailer, shards, parity, chunk, piece, digest)
    layout.verify()
    if index > layout.num_pieces:
        raise _bad("index", index)
    return layout, index


def _bad(field: str, value: int) -> CorruptStream:
    return CorruptStream(f"{value} is out of bounds", path=f"parity.{field.replace(' ', '_')}")

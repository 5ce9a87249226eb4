"""The bytes of a chunk: a head that describes the array, and the streams of its channels.

docs/arrays.md has the layout. The head has a checksum of its own, and the streams have theirs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import (
    BadMagic,
    ChecksumMismatch,
    CorruptStream,
    TruncatedStream,
    UnsupportedVersion,
)
from nlac.bitstream.checksum import crc32
from nlac.entropy.varint import read_signed, read_varint, write_signed, write_varint
from nlac.storage.neighbours import MAX_NEIGHBOURS, MAX_WEIGHT, Neighbours

MAGIC = b"nlacarr"
VERSION = 1
TYPES = ("i1", "u1", "i2", "u2", "i4", "u4", "f4")
# of the channels that are ordered and predicted together
BANK = 255
# more would be no array that exists
MAX_AXES, MAX_SAMPLES = 32, 1 << 48
_BIG_ENDIAN, _FORTRAN = 1, 2


class Bank(NamedTuple):
    """Channels that are ordered and predicted together, at most `BANK`.

    Attributes
    ----------
    order : (channels,) int64
        Channel, from the first of the bank, at each position in the coding order.
    neighbours : Neighbours
        References among the positions.
    streams : list of (int, bytes)
        Channels of each stream, in the coding order, and its bytes.
    """

    order: NDArray[np.int64]
    neighbours: Neighbours
    streams: list[tuple[int, bytes]]


class Chunk(NamedTuple):
    """A chunk in parts.

    Attributes
    ----------
    dtype : numpy.dtype
        Type of the array, in the byte order that it had.
    shape : tuple of int
        Shape of the array as it lies in memory, the last axis contiguous.
    fortran : bool
        The array is the transpose of that.
    time : int
        Axis of time in `shape`.
    bits : int
        Bits of a sample, 1 to 32; 32 for float.
    banks : list of Bank
        Of an array without samples, none.
    """

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    fortran: bool
    time: int
    bits: int
    banks: list[Bank]

    @property
    def frames(self) -> int:
        """Frames of every stream."""
        return self.shape[self.time] if self.shape else 1

    @property
    def channels(self) -> int:
        """Channels of all streams."""
        size = num_samples(self.shape)
        return size // self.frames if size else 0


def num_samples(shape: tuple[int, ...]) -> int:
    """Number of elements, as an int without a limit."""
    size = 1
    for length in shape:
        size *= length
    return size


def pack(chunk: Chunk) -> bytes:
    """Return the bytes of a chunk."""
    big = chunk.dtype.byteorder == ">"
    head = bytearray(MAGIC + bytes([VERSION, TYPES.index(chunk.dtype.str[1:])]))
    head.append(_BIG_ENDIAN * big | _FORTRAN * chunk.fortran)
    head += write_varint(len(chunk.shape))
    for length in chunk.shape:
        head += write_varint(length)
    head += bytes([chunk.time, chunk.bits])
    for bank in chunk.banks:
        for position, channel in enumerate(bank.order.tolist()):
            head += write_signed(channel - position)
        at = 0
        for position, count in enumerate(bank.neighbours.counts.tolist()):
            head += write_varint(count)
            for k in range(at, at + count):
                head += write_varint(position - int(bank.neighbours.references[k]))
                head += write_signed(int(bank.neighbours.weights[k]))
            at += count
        head += write_varint(len(bank.streams))
        for channels, stream in bank.streams:
            head += write_varint(channels) + write_varint(len(stream))
    head += crc32(bytes(head)).to_bytes(4, "little")
    return b"".join([bytes(head), *(stream for bank in chunk.banks for _, stream in bank.streams)])


class _Reader:
    """Reads the head of a chunk."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def byte(self, least: int, most: int, what: str) -> int:
        if self.position >= len(self.data):
            raise TruncatedStream(f"the chunk ends at its {what}", offset_bytes=self.position)
        value = self.data[self.position]
        self.position += 1
        return self.checked(value, least, most, what)

    def number(self, least: int, most: int, what: str) -> int:
        value, self.position = read_varint(self.data, self.position)
        return self.checked(value, least, most, what)

    def signed(self, least: int, most: int, what: str) -> int:
        value, self.position = read_signed(self.data, self.position)
        return self.checked(value, least, most, what)

    def checked(self, value: int, least: int, most: int, what: str) -> int:
        if not least <= value <= most:
            raise CorruptStream(
                f"{what} {value} is not in {least} to {most}", offset_bytes=self.position
            )
        return value


def unpack(data: bytes) -> Chunk:
    """Take the bytes of a chunk apart; the streams are not decoded.

    Raises
    ------
    BadMagic, UnsupportedVersion
        It is no chunk, or one of a version that is not known.
    CorruptStream
        It is damaged.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise BadMagic("no chunk of the nlac array codec")
    reader = _Reader(data)
    reader.position = len(MAGIC)
    if (version := reader.byte(0, 255, "version")) != VERSION:
        raise UnsupportedVersion(f"chunk of version {version}; this is nlac for version {VERSION}")
    dtype = np.dtype(TYPES[reader.byte(0, len(TYPES) - 1, "type")])
    flags = reader.byte(0, _BIG_ENDIAN | _FORTRAN, "flags")
    if flags & _BIG_ENDIAN:
        dtype = dtype.newbyteorder(">")
    axes = reader.number(0, MAX_AXES, "number of axes")
    shape = tuple(reader.number(0, MAX_SAMPLES, "length of an axis") for _ in range(axes))
    reader.checked(num_samples(shape), 0, MAX_SAMPLES, "number of samples")
    time = reader.byte(0, max(0, axes - 1), "axis of time")
    bits = reader.byte(1, 8 * dtype.itemsize, "bits a sample")
    chunk = Chunk(dtype, shape, bool(flags & _FORTRAN), time, bits, [])
    lengths = [
        _read_bank(reader, min(BANK, chunk.channels - first), chunk.banks)
        for first in range(0, chunk.channels, BANK)
    ]
    _check_head(reader)
    return _with_streams(chunk, lengths, reader)


def _read_bank(reader: _Reader, channels: int, banks: list[Bank]) -> list[tuple[int, int]]:
    """Read one bank without its streams; returns channels and length of each stream."""
    order = [p + reader.signed(-p, channels - 1 - p, "step of the order") for p in range(channels)]
    if sorted(order) != list(range(channels)):
        raise CorruptStream("the order has a channel twice", offset_bytes=reader.position)
    counts, references, weights = [], [], []
    for position in range(channels):
        counts.append(reader.number(0, min(position, MAX_NEIGHBOURS), "number of references"))
        for _ in range(counts[-1]):
            references.append(position - reader.number(1, position, "reference"))
            weights.append(reader.signed(-MAX_WEIGHT, MAX_WEIGHT, "weight"))
    streams, left = [], channels
    for _ in range(reader.number(1, channels, "number of streams")):
        count = reader.number(1, max(1, left), "channels of a stream")
        streams.append((count, reader.number(0, len(reader.data), "length of a stream")))
        left -= count
    if left:
        raise CorruptStream("the streams lack channels", offset_bytes=reader.position)
    found = Neighbours(*(np.array(each, np.int64) for each in (counts, references, weights)))
    banks.append(Bank(np.array(order, np.int64), found, []))
    return streams


def _check_head(reader: _Reader) -> None:
    end = reader.position
    reader.position += 4
    told = reader.data[end : reader.position]
    if len(told) < 4:
        raise TruncatedStream("the chunk ends in its head", offset_bytes=end)
    if int.from_bytes(told, "little") != crc32(reader.data[:end]):
        raise ChecksumMismatch("checksum of the chunk's head does not match", offset_bytes=end)


def _with_streams(
    chunk: Chunk, lengths: list[list[tuple[int, int]]], reader: _Reader
) -> Chunk:
    position = reader.position
    for bank, streams in zip(chunk.banks, lengths, strict=True):
        for channels, length in streams:
            bank.streams.append((channels, reader.data[position : position + length]))
            position += length
    if position > len(reader.data):
        raise TruncatedStream(
            f"the chunk has {len(reader.data)} of {position} bytes", offset_bytes=len(reader.data)
        )
    if position < len(reader.data):
        raise CorruptStream("bytes behind the last stream", offset_bytes=position)
    return chunk

"""Make the parity of a stream: table of checksums, parity shards, items (spec 6.11)."""

from __future__ import annotations

import hashlib
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.parity.field import TILE, Symbols, fold, multiply_matrix, solver, tables
from nlac.parity.layout import ParityLayout, write_descriptor
from nlac.parity.source import Bytes, Source

# sums of a strip, rows that are read at a time, and parity that is kept in memory
_STRIP_BYTES = 1 << 26
_ROWS_BYTES = 1 << 24
_MEMORY_BYTES = 1 << 29

Tick = Callable[[int], None]


class Checksums:
    """SHA-256 of protected bytes, and the CRC of each chunk of them.

    Parameters
    ----------
    chunk_bytes : int
        Bytes of a chunk.
    """

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._digest = hashlib.sha256()
        self._table = bytearray()
        self._crc = self._filled = 0

    def update(self, data: memoryview) -> None:
        """Add the next bytes."""
        self._digest.update(data)
        while len(data):
            part = data[: self._chunk_bytes - self._filled]
            self._crc = crc32(part, self._crc)
            self._filled += len(part)
            if self._filled == self._chunk_bytes:
                self._end_chunk()
            data = data[len(part) :]

    def finish(self) -> tuple[bytes, bytes]:
        """Return the SHA-256 and the table."""
        if self._filled:
            self._end_chunk()
        return self._digest.digest(), bytes(self._table)

    def _end_chunk(self) -> None:
        self._table += crc_bytes(self._crc)
        self._crc = self._filled = 0


def strips(layout: ParityLayout, rows: int) -> Iterator[tuple[int, int]]:
    """Yield the columns of shards that are coded at a time, as bytes of a shard.

    Parameters
    ----------
    rows : int
        Symbols that are kept for each column.
    """
    step = max(2 * TILE, _STRIP_BYTES // rows // (2 * TILE) * 2 * TILE)
    for begin in range(0, layout.shard_bytes, step):
        yield begin, min(begin + step, layout.shard_bytes)


def padded_columns(width: int) -> int:
    """Symbols of a strip of so many bytes, padded to whole tiles."""
    return -(-width // (2 * TILE)) * TILE


def fold_shards(
    sums: Symbols,
    read: Callable[[int, int], Bytes],
    layout: ParityLayout,
    count: int,
    strip: tuple[int, int],
    see: Callable[[Bytes], None] = lambda data: None,
) -> None:
    """Fold `count` shards, which lie one after the other in what `read` gives.

    Parameters
    ----------
    sums : uint16, shape (parity shards, columns)
        Power sums of the strip; changed in place.
    read : callable
        Gives bytes from an offset on.
    count : int
        Number of shards.
    strip : (int, int)
        First byte of each shard, and the one after the last.
    see : callable
        Sees what was read, in order.
    """
    begin, end = strip
    width, shard = end - begin, layout.shard_bytes
    group = max(1, min(count, _ROWS_BYTES // width))
    rows = np.zeros((group, sums.shape[1]), np.uint16)
    bytes_of = rows.view(np.uint8)
    for first in range(0, count, group):
        number = min(group, count - first)
        if width == shard:
            data = read(first * shard, number * shard)
            see(data)
            bytes_of[:number, :width] = data.reshape(number, shard)
        else:
            for row in range(number):
                bytes_of[row, :width] = read((first + row) * shard + begin, width)
                see(bytes_of[row, :width])
        fold(sums, rows, number)


class Parity:
    """Parity of a source, computed when it is made.

    Parameters
    ----------
    source : Source
        The protected bytes.
    layout : ParityLayout
        Sizes; the digest is filled in.
    tick : callable
        Called with the number of bytes read so far.

    Attributes
    ----------
    layout : ParityLayout
        The layout, with the digest.
    """

    def __init__(self, source: Source, layout: ParityLayout, tick: Tick) -> None:
        self._done = 0
        self._tick = tick
        checksums = Checksums(layout.chunk_bytes)
        shape = (layout.parity_shards, layout.shard_bytes)
        if shape[0] * shape[1] > _MEMORY_BYTES:
            # as a mapped file, it need not fit into memory
            with tempfile.TemporaryFile() as file:
                self._shards: Bytes = np.memmap(file, np.uint8, "w+", shape=shape)
        else:
            self._shards = np.zeros(shape, np.uint8)
        all_strips = list(strips(layout, layout.parity_shards))
        left = source.num_bytes

        def see(data: Bytes) -> None:
            nonlocal left
            self._count(data)
            checksums.update(memoryview(data[:left]))  # type: ignore[arg-type]
            left = max(0, left - len(data))

        if len(all_strips) > 1:
            for begin in range(0, source.num_bytes, _ROWS_BYTES):
                see(source.read(begin, min(_ROWS_BYTES, source.num_bytes - begin)))
            self._done = 0
        for strip in all_strips:
            self._code(source, layout, strip, see if len(all_strips) == 1 else self._count)
        digest, self._table = checksums.finish()
        self.layout = replace(layout, digest=digest)

    def _count(self, data: Bytes) -> None:
        self._done += len(data)
        self._tick(self._done)

    def _code(
        self,
        source: Source,
        layout: ParityLayout,
        strip: tuple[int, int],
        see: Callable[[Bytes], None],
    ) -> None:
        count, width = layout.parity_shards, strip[1] - strip[0]
        sums = np.zeros((count, padded_columns(width)), np.uint16)
        fold_shards(sums, source.read, layout, layout.data_shards, strip, see)
        # room for the parity shards, with which all sums become 0
        for _ in range(count):
            fold(sums, np.zeros((1, sums.shape[1]), np.uint16), 1)
        shards = np.zeros_like(sums)
        matrix = solver(np.arange(count - 1, -1, -1, dtype=np.int64))
        multiply_matrix(shards, matrix, sums, *tables())
        self._shards[:, strip[0] : strip[1]] = shards.view(np.uint8)[:, :width]

    def items(self, stream_crc: int) -> Iterator[bytes]:
        """Yield all parity items as they are in the stream.

        Parameters
        ----------
        stream_crc : int
            CRC of the stream header.
        """
        for index in range(self.layout.num_pieces + 1):
            piece = self._data(*self.layout.piece(index))
            record = write_descriptor(self.layout, index) + piece + crc_bytes(crc32(piece))
            yield write_item(MetadataItem(c.ITEM_PARITY, record), stream_crc)

    def _data(self, begin: int, end: int) -> bytes:
        """Bytes `begin` to `end` of table, shards, table."""
        table, shards = len(self._table), self._shards.reshape(-1)
        behind = table + len(shards)
        return b"".join(
            (
                self._table[begin:end],
                shards[max(0, begin - table) : max(0, end - table)].tobytes(),
                self._table[max(0, begin - behind) : max(0, end - behind)],
            )
        )


def read_table(data: bytes) -> tuple[int, ...]:
    """Checksums of a table."""
    return struct.unpack(f"<{len(data) // c.CRC_BYTES}I", data)

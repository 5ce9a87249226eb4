"""Repair protected bytes: which chunks are damaged, what they were, and the proof (spec 6.11.5)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nlac.bitstream.checksum import crc32
from nlac.parity.decoding import decode_columns
from nlac.parity.field import Symbols, multiply_matrix, solver, tables
from nlac.parity.finding import FoundParity
from nlac.parity.protecting import Tick, fold_shards, padded_columns, read_table, strips
from nlac.parity.source import Extent, Patch, Source, merged

# passes over the stream; each needs the one before to have repaired something
_MAX_PASSES = 8
# numbers of erasures that are tried for a word
_MAX_TRIALS = 5
# power sums of the words that are decoded at a time
_SUMS_AT_ONCE = 1 << 20
# a chunk of which more than this part was corrected lies in a burst
_BURST_SHARE = 16


class Repair:
    """Repair of a stream by its parity. Call `run`; then `source` has the repaired bytes.

    Parameters
    ----------
    file : BinaryIO
        The damaged file; seekable.
    parity : FoundParity
        Its parity.
    tick : callable
        Called with the number of bytes read so far.

    Attributes
    ----------
    source : Source
        The protected bytes: those before the parity, then the trailer.
    damaged : list of (int, int)
        Ranges of protected bytes, in whole chunks, that were damaged or missing.
    left : list of (int, int)
        Those that could not be repaired; empty if `proved`.
    proved : bool
        The SHA-256 of the repaired bytes is that of the protected ones.
    """

    def __init__(self, file: BinaryIO, parity: FoundParity, tick: Tick) -> None:
        self._layout = layout = parity.layout
        self._parity = parity
        self._data = parity.data(file)
        self._tick = tick
        self._done = 0
        self._size = file.seek(0, io.SEEK_END)
        self._tables = self._read_tables()
        self.source = Source(file, layout.protected_bytes, self._extents(file))
        self._bad = {n for n in range(layout.num_chunks) if not self._is_good(self.source, n)}
        self._corrected = np.zeros(layout.num_chunks, np.int64)
        self.damaged = self._merged(self._bad)
        self.left = self.damaged
        self.proved = False

    def run(self) -> None:
        """Repair what can be repaired."""
        for _ in range(_MAX_PASSES):
            if not self._bad:
                break
            patch = self._pass()
            if not (len(patch.places) or patch.runs):
                break
            self.source.patches.append(patch)
            good = {n for n in self._bad if self._is_good(self.source, n)}
            # a word with too many errors may have become a wrong one: the other corrections go
            self.source.patches[-1] = patch.within(good, self._layout.chunk_bytes)
            if not good:
                # with the same suspects, the next pass would end the same
                break
            self._bad -= good
            self._corrected = patch.count_by(self._layout.chunk_bytes, self._layout.num_chunks)
        self.proved = self.source.digest(self._count) == self._layout.digest
        self.left = [] if self.proved else self._merged(self._bad)

    # where the bytes lie

    def _extents(self, file: BinaryIO) -> list[Extent]:
        """Where chunks lie: where they should, or by as much later or earlier as the parity."""
        layout, shift = self._layout, self._parity.shift
        behind = layout.num_bytes + shift
        extents = []
        if not shift:
            return [
                Extent(0, layout.offset, 0),
                Extent(layout.offset, layout.protected_bytes, layout.offset + behind),
            ]
        candidates = [
            Source(
                file,
                layout.protected_bytes,
                [
                    Extent(0, layout.offset, each),
                    Extent(layout.offset, layout.protected_bytes, layout.offset + behind),
                ],
            )
            for each in (0, shift)
        ]
        now = 0
        for number in range(layout.num_chunks):
            begin, end = self._chunk(number)
            if not self._is_good(candidates[now], number):
                other = 1 - now
                now = other if self._is_good(candidates[other], number) else now
            moved = (0, shift)[now]
            extents.append(Extent(begin, min(end, layout.offset), begin + moved))
        trailer = Extent(layout.offset, layout.protected_bytes, layout.offset + behind)
        return [*(each for each in extents if each.begin < each.end), trailer]

    def _chunk(self, number: int) -> tuple[int, int]:
        begin = number * self._layout.chunk_bytes
        return begin, min(begin + self._layout.chunk_bytes, self._layout.protected_bytes)

    def _read_tables(self) -> list[tuple[int, ...]]:
        length = self._layout.table_bytes
        begins = (0, self._layout.data_bytes - length)
        return [read_table(self._data.read(begin, length).tobytes()) for begin in begins]

    def _is_good(self, source: Source, number: int) -> bool:
        """Whether the checksum of a chunk is in one of the two tables."""
        begin, end = self._chunk(number)
        crc = crc32(source.read(begin, end - begin).tobytes())
        return any(table[number] == crc for table in self._tables)

    def _merged(self, chunks: set[int]) -> list[tuple[int, int]]:
        """Ranges of bytes of these chunks."""
        return merged(map(self._chunk, sorted(chunks)))

    # a pass over all code words

    def _pass(self) -> Patch:
        layout = self._layout
        rows = _Suspects(layout.shard_bytes, layout.data_shards + layout.parity_shards)
        # where many corrections were needed, there is a burst, and all may be wrong
        many = layout.chunk_bytes // 2 // _BURST_SHARE
        bursts = {n for n in self._bad if self._corrected[n] > many}
        for begin, end in self._merged(bursts):
            rows.add(begin, end, end - begin + layout.protected_bytes)
        for begin, end in self._merged(self._bad - bursts):
            rows.add(begin, end, end - begin)
        shards = layout.table_bytes, layout.data_bytes - layout.table_bytes
        behind = layout.data_shards * layout.shard_bytes - shards[0]
        for begin, end in self._parity.damaged():
            begin, end = max(begin, shards[0]), min(end, shards[1])
            if begin < end:
                rows.add(begin + behind, end + behind, end - begin)
        patch = _PatchMaker(layout.shard_bytes, layout.data_shards)
        last = layout.data_shards + layout.parity_shards - 1
        for strip in strips(layout, layout.parity_shards):
            sums = self._sums(strip)
            for begin, end, suspects, weights in rows.segments(*strip):
                part = sums[:, begin - strip[0] // 2 : end - strip[0] // 2]
                self._decode(part, begin, last - suspects, weights, patch)
        return patch.finish()

    def _sums(self, strip: tuple[int, int]) -> Symbols:
        """Power sums of the words of a strip as they are now."""
        layout = self._layout
        shape = layout.parity_shards, padded_columns(strip[1] - strip[0])
        sums = np.zeros(shape, np.uint16)
        fold_shards(sums, self.source.read, layout, layout.data_shards, strip, self._count)

        def read(begin: int, length: int) -> NDArray[np.uint8]:
            return self._data.read(layout.table_bytes + begin, length)

        fold_shards(sums, read, layout, layout.parity_shards, strip)
        return sums

    def _decode(
        self,
        sums: Symbols,
        first: int,
        suspects: NDArray[np.int64],
        weights: NDArray[np.int64],
        patch: _PatchMaker,
    ) -> None:
        """Decode words with the same suspects, the likeliest of the greatest weight."""
        count = len(sums)
        if not len(suspects) or not sums.any():
            return
        if len(suspects) <= min(count, sums.shape[1]):
            # many words: one matrix for all
            values = np.zeros((len(suspects), sums.shape[1]), np.uint16)
            matrix = solver(np.ascontiguousarray(suspects))
            multiply_matrix(
                values, matrix, np.ascontiguousarray(sums[: len(suspects)]), *tables()
            )
            patch.add_rows(self._rows(suspects), first, values)
            return
        order = np.argsort(-weights, kind="stable")
        suspects, weights = suspects[order], weights[order]
        # damage that goes together is taken as erasures together
        ends = np.flatnonzero(np.diff(weights)) + 1
        likely = [int(end) for end in ends if end <= count - 2][: _MAX_TRIALS - 2]
        trials = np.array(sorted({0, *likely, max(0, count - 2)}), np.int64)
        if len(suspects) <= count:
            trials = np.array([len(suspects)], np.int64)
        step = max(1, _SUMS_AT_ONCE // count)
        for begin in range(0, sums.shape[1], step):
            part = np.ascontiguousarray(sums[:, begin : begin + step])
            results = np.zeros((3, part.size), np.int64)
            number, _failed = decode_columns(part, suspects, trials, *tables(), *results)
            columns, places, values = results[:, :number]
            patch.add_symbols(self._rows(places), first + begin + columns, values)

    def _rows(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return self._layout.data_shards + self._layout.parity_shards - 1 - positions

    def _count(self, data: NDArray[np.uint8]) -> None:
        self._done += len(data)
        self._tick(self._done)


class _Suspects:
    """Damaged ranges of all shards, data and parity, as shards to suspect in each column."""

    def __init__(self, shard_bytes: int, num_rows: int) -> None:
        self._shard_bytes = shard_bytes
        self._num_rows = num_rows
        # column, row, and the weight of damage that begins there; or that ends, negated
        self._events: list[tuple[int, int, int]] = []

    def add(self, begin: int, end: int, weight: int) -> None:
        """Add a damaged range of bytes, counted through all shards; weights are positive."""
        width = self._shard_bytes
        while begin < end:
            row, column = divmod(begin, width)
            part = min(end - begin, width - column)
            if row < self._num_rows:
                self._events.append((column // 2, row, weight))
                # of a symbol that is damaged in part, all is suspected
                self._events.append(((column + part + 1) // 2, row, -weight))
            begin += part

    def segments(
        self, first: int, last: int
    ) -> Iterator[tuple[int, int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield columns with the same suspects, between two bytes of a shard.

        Yields
        ------
        begin, end : int
            First column, and the one after the last, in symbols.
        rows : int64, shape (n,)
            Shards to suspect.
        weights : int64, shape (n,)
            Weight of the damage that each is part of.
        """
        weights = np.zeros(self._num_rows, np.int64)
        depth = np.zeros(self._num_rows, np.int64)
        begin, stop = first // 2, last // 2
        for column, row, weight in sorted(self._events):
            if column > begin:
                end = min(column, stop)
                if begin < end:
                    rows = np.flatnonzero(depth)
                    yield begin, end, rows, weights[rows]
                begin = max(begin, end)
            depth[row] += 1 if weight > 0 else -1
            if weight > 0:
                weights[row] = weight
        if begin < stop:
            rows = np.flatnonzero(depth)
            yield begin, stop, rows, weights[rows]


class _PatchMaker:
    """Collects corrections of data shards."""

    def __init__(self, shard_bytes: int, data_shards: int) -> None:
        self._shard_bytes = shard_bytes
        self._data_shards = data_shards
        self._places: list[NDArray[np.int64]] = []
        self._symbols: list[NDArray[np.uint16]] = []
        self._runs: list[tuple[int, NDArray[np.uint8]]] = []

    def add_rows(self, rows: NDArray[np.int64], column: int, values: Symbols) -> None:
        """Add consecutive symbols of shards, from a column on."""
        for row, added in zip(rows, values, strict=True):
            if row < self._data_shards and added.any():
                place = int(row) * self._shard_bytes + 2 * column
                self._runs.append((place, added.view(np.uint8)))

    def add_symbols(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[np.int64]
    ) -> None:
        """Add single symbols."""
        inside = rows < self._data_shards
        self._places.append((rows * self._shard_bytes + 2 * columns)[inside])
        self._symbols.append(values[inside].astype(np.uint16))

    def finish(self) -> Patch:
        """Return all corrections."""
        places = np.concatenate([np.zeros(0, np.int64), *self._places])
        symbols = np.concatenate([np.zeros(0, np.uint16), *self._symbols])
        order = np.argsort(places)
        self._runs.sort(key=lambda run: run[0])
        return Patch(places[order], symbols[order], self._runs)

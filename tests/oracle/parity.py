"""Parity of a stream, after section 6.11 of format_spec.md.

Written from the specification alone. Slow and plain: products by long multiplication, wrong symbols
by solving linear equations, and only where the tables of checksums tell which chunks are wrong.
"""

import hashlib
import struct
import zlib
from typing import NamedTuple

from oracle.container import PARITY_SHARE, PARITY_SPARE_BYTES, SpecError, require

PARITY_MARK = b"\xa5nlP"
MAX_DATA_SHARDS = 32768
MAX_PARITY_SHARDS = 256
MAX_TRAILER_BYTES = 33554432
DESCRIPTOR = struct.Struct("<4sBIQIHHII32s")


def times(x: int, y: int) -> int:
    """A product in GF(2^16), section 6.11.3."""
    result = 0
    while y:
        if y & 1:
            result ^= x
        x <<= 1
        if x >> 16:
            x ^= 0x1100B
        y >>= 1
    return result


def to_the(x: int, exponent: int) -> int:
    result = 1
    for bit in bin(exponent)[2:]:
        result = times(result, result)
        if bit == "1":
            result = times(result, x)
    return result


class Parity(NamedTuple):
    """A descriptor, and the index of its record (section 6.11.1)."""

    index: int
    offset: int
    trailer: int
    data_shards: int
    parity_shards: int
    chunk: int
    piece: int
    sha256: bytes

    @property
    def protected(self) -> int:
        return self.offset + self.trailer

    @property
    def shard(self) -> int:
        return 2 * -(-((self.protected + 1) // 2) // self.data_shards)

    @property
    def table(self) -> int:
        return 4 * -(-self.protected // self.chunk)

    @property
    def data(self) -> int:
        return 2 * self.table + self.parity_shards * self.shard

    @property
    def records(self) -> int:
        return -(-self.data // self.piece) + 1


def read_descriptor(data: bytes, position: int) -> Parity | None:
    """The descriptor at a position, or None."""
    end = position + DESCRIPTOR.size
    if data[end : end + 4] != struct.pack("<I", zlib.crc32(data[position:end])):
        return None
    mark, code, *fields = DESCRIPTOR.unpack_from(data, position)
    found = Parity(*fields)
    good = (
        mark == PARITY_MARK
        and code == 1
        and 34 <= found.offset < 2**62
        and 71 <= found.trailer <= MAX_TRAILER_BYTES
        and 1 <= found.data_shards <= MAX_DATA_SHARDS
        and 1 <= found.parity_shards <= MAX_PARITY_SHARDS
        and all(n % 2 == 0 and 64 <= n <= 2**20 for n in (found.chunk, found.piece))
        and found.index < found.records
        and found.data + 95 * found.records <= found.offset // PARITY_SHARE + PARITY_SPARE_BYTES
    )
    return found if good else None


def find_descriptors(data: bytes) -> list[tuple[int, Parity]]:
    """All descriptors, with their places."""
    found = []
    position = data.find(PARITY_MARK)
    while position >= 0:
        parity = read_descriptor(data, position)
        if parity is not None:
            found.append((position, parity))
        position = data.find(PARITY_MARK, position + 1)
    return found


class Damage(NamedTuple):
    """Protected bytes and parity data as they are in a file."""

    parity: Parity
    protected: bytes
    data: bytes
    good_pieces: set[int]


def locate(data: bytes) -> Damage:
    """Section 6.11.4, for a file in which nothing is shifted."""
    found = find_descriptors(data)
    require(bool(found), "no parity")
    parity = found[0][1]
    places = {
        r: parity.offset + min(r * parity.piece, parity.data) + 95 * r + 18
        for r in range(parity.records)
    }
    pieces, good = [], set()
    for r, place in places.items():
        begin = place + DESCRIPTOR.size + 4
        length = min((r + 1) * parity.piece, parity.data) - min(r * parity.piece, parity.data)
        piece = data[begin : begin + length]
        pieces.append(piece)
        crc = struct.pack("<I", zlib.crc32(piece))
        intact = data[begin + length : begin + length + 4] == crc
        if intact and (place, parity._replace(index=r)) in found:
            good.add(r)
    trailer = parity.protected + parity.data + 95 * parity.records - parity.trailer
    protected = data[: parity.offset] + data[trailer : trailer + parity.trailer]
    require(len(protected) == parity.protected, "bytes are missing")
    return Damage(parity, protected, b"".join(pieces), good)


def bad_chunks(damage: Damage) -> list[int]:
    """Chunks whose CRC is in neither table (section 6.11.5)."""
    parity, number = damage.parity, damage.parity.table // 4
    tables = [
        struct.unpack(f"<{number}I", part)
        for part in (damage.data[: parity.table], damage.data[parity.data - parity.table :])
    ]
    bad = []
    for n in range(number):
        crc = zlib.crc32(damage.protected[n * parity.chunk : (n + 1) * parity.chunk])
        if all(table[n] != crc for table in tables):
            bad.append(n)
    return bad


def words(damage: Damage) -> list[list[int]]:
    """All code words (section 6.11.3)."""
    parity = damage.parity
    shards = damage.protected.ljust(parity.data_shards * parity.shard, b"\0")
    shards += damage.data[parity.table : parity.data - parity.table]
    count = parity.data_shards + parity.parity_shards
    symbols = struct.unpack(f"<{len(shards) // 2}H", shards)
    width = parity.shard // 2
    return [[symbols[i * width + c] for i in range(count)] for c in range(width)]


def power_sum(word: list[int], j: int) -> int:
    """The sum of section 6.11.3, by Horner's rule."""
    factor, total = to_the(2, j), 0
    for symbol in word:
        total = times(total, factor) ^ symbol
    return total


def check(data: bytes) -> None:
    """Section 6.11 for an intact stream."""
    damage = locate(data)
    parity = damage.parity
    require(damage.good_pieces == set(range(parity.records)), "a record is damaged")
    length = parity.protected + parity.data + 95 * parity.records
    require(len(data) == length, "length of the stream")
    require(hashlib.sha256(damage.protected).digest() == parity.sha256, "SHA-256")
    require(not bad_chunks(damage), "a chunk differs from the table")
    require(damage.data[: parity.table] == damage.data[parity.data - parity.table :], "tables")
    for word in words(damage):
        for j in range(parity.parity_shards):
            require(power_sum(word, j) == 0, "a code word is wrong")


def repair(data: bytes) -> bytes:
    """Protected bytes again, from the chunks that are intact; parity must be."""
    damage = locate(data)
    parity = damage.parity
    width, count = parity.shard // 2, parity.data_shards + parity.parity_shards
    wrong: list[set[int]] = [set() for _ in range(width)]
    for n in bad_chunks(damage):
        for place in range(n * parity.chunk, min((n + 1) * parity.chunk, parity.protected)):
            wrong[place % parity.shard // 2].add(place // parity.shard)
    repaired = bytearray(damage.protected.ljust(parity.data_shards * parity.shard, b"\0"))
    for c, word in enumerate(words(damage)):
        unknown = sorted(wrong[c])
        require(len(unknown) <= parity.parity_shards, "too many shards are wrong")
        rows = [
            [to_the(2, j * (count - 1 - i)) for i in unknown] + [power_sum(word, j)]
            for j in range(len(unknown))
        ]
        for i, error in zip(unknown, solve(rows), strict=True):
            struct.pack_into("<H", repaired, i * parity.shard + 2 * c, word[i] ^ error)
    result = bytes(repaired[: parity.protected])
    if hashlib.sha256(result).digest() != parity.sha256:
        raise SpecError("the repaired bytes have another SHA-256")
    return result


def solve(rows: list[list[int]]) -> list[int]:
    """Solution of linear equations; the last column is the right side."""
    size = len(rows)
    for i in range(size):
        pivot = next(row for row in range(i, size) if rows[row][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        scale = to_the(rows[i][i], 65534)
        rows[i] = [times(x, scale) for x in rows[i]]
        for row in range(size):
            if row != i and rows[row][i]:
                factor = rows[row][i]
                pairs = zip(rows[row], rows[i], strict=True)
                rows[row] = [x ^ times(factor, y) for x, y in pairs]
    return [row[size] for row in rows]

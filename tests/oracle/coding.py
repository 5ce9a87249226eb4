"""Range coder, bit strings, distributions and side information of nlac blocks.

Sections 11.2 to 11.5 and 11.8 of format_spec.md; see decoder.py.
"""

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from oracle.container import Reader, require

DISTRIBUTION_SHA256 = "a89773a91a3a35170271ca4bad42f60b42eda5b12544de82e879aeb403cbbdab"
FULL = 1 << 24  # all frequencies of the range coder
TAIL = 64  # frequencies beyond the tables


def clip(value: int, low: int, high: int) -> int:
    """Section 11.2."""
    return low if value < low else high if value > high else value


def fits(value: int, exponent: int) -> int:
    """The value, asserted to be at most 2^exponent in size, as section 11.16 states."""
    assert abs(value) <= 1 << exponent, f"{value} is beyond 2^{exponent}"
    return value


class RangeDecoder:
    """Section 11.3; most is how many words a renormalisation may bring the count to (11.14)."""

    def __init__(self, words: Sequence[int], most: int | None = None) -> None:
        self.words, self.taken, self.most = words, 0, most
        self.lower, self.range = 0, 2**64 - 1
        self.point = self._next() << 32
        self.point += self._next()

    def _next(self) -> int:
        self.taken += 1
        return self.words[self.taken - 1] if self.taken <= len(self.words) else 0

    def quantile(self) -> int:
        q = ((self.point - self.lower) % 2**64) // (self.range >> 24)
        require(q < FULL, "range coder: quantile of 2^24 or more")
        return q

    def take(self, c: int, f: int) -> None:
        assert 0 <= c < c + f <= FULL, f"interval {c}, {f}"
        scale = self.range >> 24
        self.range = scale * f
        self.lower = (self.lower + scale * c) % 2**64
        if self.range < 2**32:
            self.range <<= 32
            self.lower = (self.lower << 32) % 2**64
            self.point = ((self.point << 32) + self._next()) % 2**64
            require(self.most is None or self.taken <= self.most, "range coder: end of words")
        assert 2**32 <= self.range < 2**64

    def symbol(self, edges: Sequence[int]) -> int:
        """The number i with edges[i] <= quantile < edges[i + 1], its interval taken."""
        i = bisect_right(edges, self.quantile()) - 1
        self.take(edges[i], edges[i + 1] - edges[i])
        return i

    def uniform(self, bits: int) -> int:
        """A uniform value (11.15.2), or a group of even bits (11.13.2)."""
        value = self.quantile() >> (24 - bits)
        self.take(value << (24 - bits), 1 << (24 - bits))
        return value

    def even_bits(self, count: int) -> int:
        """Section 11.13.2."""
        value = 0
        for place in range(0, count, 16):
            value |= self.uniform(min(16, count - place)) << place
        return value


class BitString:
    """Section 11.4: bits in words of 32, which is the order of a little-endian number."""

    def __init__(self, data: bytes) -> None:
        self.data, self.used = data, 0

    def bits(self, count: int) -> int:
        assert 0 <= count <= 32
        end = self.used + count
        number = int.from_bytes(self.data[self.used >> 3 : (end + 7) >> 3], "little")
        number = number >> (self.used & 7) & ((1 << count) - 1)
        self.used = end
        return number

    def ones(self, most: int) -> int:
        """Number of bits 1 before a bit 0, which is read too, or most bits 1."""
        count = 0
        while count < most and self.bits(1):
            count += 1
        return count


def read_words(reader: Reader, coded: bool = True) -> tuple[RangeDecoder, BitString]:
    """The end of a block (11.9, 11.17.2): words of the range coder, if any, and a bit string."""
    words = reader.words(reader.varint(name="words of samples")) if coded else []
    require(reader.left() % 4 == 0, "bit string of the samples is no whole number of words")
    return RangeDecoder(words), BitString(reader.raw(reader.left()))


def check_end(coder: RangeDecoder, string: BitString) -> None:
    """Section 11.9.4; a coder without words has taken two."""
    require(len(string.data) // 4 == (string.used + 31) // 32, "length of the bit string")
    require(len(coder.words) <= coder.taken <= len(coder.words) + 2, "number of words")


class Tables:
    """The attachment of section 11.5, and what is computed from it."""

    def __init__(self, distribution: bytes) -> None:
        digest = hashlib.sha256(distribution).hexdigest()
        require(digest == DISTRIBUTION_SHA256, "distribution.bin is another file")
        integers: tuple[int, ...] = struct.unpack("<7213i", distribution)
        self.rows = [integers[1025 * shape : 1025 * (shape + 1)] for shape in range(7)]
        self.limits = integers[7175:7181]
        self.down, self.up = integers[7181:7197], integers[7197:7213]
        self._integer_edges: dict[int, list[int]] = {}

    def normal(self, scale: int, distance: int) -> int:
        """The distance times down, shifted, as 11.5 (position) and 11.11 (ratio) need it."""
        return fits(distance * self.down[scale & 15], 57) >> (7 + (scale >> 4))

    def cumulative(self, shape: int, scale: int, distance: int) -> int:
        """D of section 11.5."""
        position = self.normal(scale, distance)
        if position <= -131072:
            return TAIL
        if position >= 131072:
            return FULL - TAIL
        cell, part = divmod(position + 131072, 256)
        row = self.rows[shape]
        return row[cell] + (fits((row[cell + 1] - row[cell]) * part, 27) >> 8)

    def integer_edges(self, scale: int) -> list[int]:
        """E of the integers of section 11.8."""
        if scale not in self._integer_edges:
            k = max(0, (scale >> 4) - 7)
            bounds = [fits(i << k << 8, 36) - 128 for i in range(-255, 256)]
            plain = [0, *(self.cumulative(4, scale, bound) for bound in bounds), FULL]
            edges = [((edge * (FULL - 512)) >> 24) + i for i, edge in enumerate(plain)]
            self._integer_edges[scale] = edges
        return self._integer_edges[scale]


def read_histogram(reader: Reader, most: int) -> bytes:
    """The weights of symbols."""
    weights = reader.raw(reader.unsigned(1))
    require(len(weights) <= most, f"histogram of {len(weights)} symbols, {most} are possible")
    require(not weights or any(weights), "histogram of zeros")
    return weights


def decode_symbols(coder: RangeDecoder, weights: bytes, count: int) -> list[int]:
    """Symbols of section 11.8."""
    used = [i for i, weight in enumerate(weights) if weight]
    if len(used) < 2:
        return [used[0] if used else 0] * count
    n, total = len(weights), sum(weights)
    sums = accumulate(weights, initial=0)
    edges = [fits(part * (FULL - n), 40) // total + i for i, part in enumerate(sums)]
    return [coder.symbol(edges) for _ in range(count)]


def decode_integers(
    coder: RangeDecoder, string: BitString, tables: Tables, scale: int, count: int
) -> list[int]:
    """Integers of section 11.8."""
    k = max(0, (scale >> 4) - 7)
    symbols = [coder.symbol(tables.integer_edges(scale)) for _ in range(count)]
    return [
        string.bits(24) - 2**23 if symbol in (0, 511) else ((symbol - 256) << k) + string.bits(k)
        for symbol in symbols
    ]

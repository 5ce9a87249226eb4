"""Value sets: section 11.7 of format_spec.md; see decoder.py."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, pairwise

from oracle.coding import FULL, RangeDecoder, fits
from oracle.container import Reader, require

INT32 = (-(2**31), 2**31 - 1)
MAX_VALUE_SETS = 255
MAX_LIST_SPAN = 262144
MAX_LIST_SPANS = 2097152


class ValueSet:
    """Section 11.7; a plain set is a grid of step 1 and offset 0."""

    def __init__(self, reader: Reader) -> None:
        self.kind = reader.varint(0, 3, "kind of value set")
        a, b = reader.svarint(), reader.varint()
        self.step, self.offset, self.span, self.values = 1 << 24, 0, 0, []
        self.edges: list[int] = []
        if self.kind == 2:
            require(1 <= b <= MAX_LIST_SPAN, f"list of {b} bits")
            require(INT32[0] <= a and a + b <= 2**31, "list is beyond 32 bits")
            size = reader.varint(name="length of bitmap")
            require(size % 4 == 0, "length of bitmap is no multiple of 4")
            bitmap = list(decode_bitmap(Reader(reader.raw(size)).words(size // 4), b))
            require(bitmap[0] == bitmap[-1] == 1, "ends of bitmap")
            self.values = [a + i for i, bit in enumerate(bitmap) if bit]
            self.span, self.first, self.last = b, 0, len(self.values) - 1
            steps = [high - low for low, high in zip(self.values, self.values[1:], strict=False)]
            self.spread = min(steps, default=1).bit_length() - 1
            return
        self.first, self.last = a, a + b
        require(INT32[0] <= self.first and self.last <= INT32[1], "ranks are beyond 32 bits")
        if self.kind == 3:
            require(b < MAX_LIST_SPAN, f"soft set of {b} values")
            self.span = b + 1
            self.step = reader.varint((1 << 24) + 1, (1 << 30) - 1, "step of soft set")
            weights = reader.raw(32)
            require(all(weights), "weight of 0")
            self.edges = soft_boundaries(self.first, self.last, self.step, weights)
        if self.kind == 1:
            self.step = reader.varint(1 << 24, (1 << 56) - 1, "step of grid")
            self.offset = reader.svarint(1 - (1 << 55), (1 << 55) - 1, "offset of grid")
            for rank in (self.first, self.last):
                fits(self.step * rank + self.offset, 88)
                require(INT32[0] <= self.value(rank) <= INT32[1], "grid is beyond 32 bits")
        self.spread = (self.step >> 24).bit_length() - 1

    def value(self, rank: int) -> int:
        if self.kind == 2:
            return self.values[rank]
        if self.kind == 3:
            return rank
        return (self.step * rank + self.offset) >> 24

    def boundary(self, rank: int) -> int:
        if self.kind == 3:
            return fits(self.edges[rank - self.first], 40)
        return fits((self.value(rank - 1) + self.value(rank)) << 7, 39)

    def nearest(self, y: int) -> int:
        above_first = range(self.first + 1, self.last + 1)
        return self.first + bisect_right(above_first, y, key=self.boundary)


def soft_boundaries(first: int, last: int, step: int, weights: bytes) -> list[int]:
    """Boundaries of the ranks first to last + 1 of a soft set, section 11.7.4."""
    r = max(2, (2 * step) >> 24)
    n = last - first + 2
    w = [weights[((v << 24) % step) * 32 // step] for v in range(first - 4 * r, last + 4 * r + 2)]

    def around(x: list[int]) -> list[int]:
        for _ in range(2):
            sums = list(accumulate(x, initial=0))
            x = [sums[i + 2 * r + 1] - sums[i] for i in range(len(x) - 2 * r)]
        return x

    inner = w[2 * r : -2 * r]
    area = (2 * r + 1) ** 2
    widths = [
        max((fits(a * area << 16, 40)) // b, 4096) for a, b in zip(inner, around(w), strict=True)
    ]
    moved = list(accumulate((width - 65536 for width in widths), initial=0))
    middles = [fits((a + b) >> 1, 42) for a, b in pairwise(moved)]
    sums, weighted = around(inner), around([a * b for a, b in zip(middles, inner, strict=True)])
    edges = []
    for i in range(n):
        d = fits(weighted[i] - sums[i] * moved[i + 2 * r], 57) // sums[i]
        edge = ((first + i) << 8) - 128 - (d >> 8)
        edges.append(max(edge, edges[-1] + 8) if edges else edge)
    return edges


def read_value_sets(reader: Reader) -> list[ValueSet]:
    """The value sets of a block, 11.9 and 11.7."""
    sets: list[ValueSet] = []
    for _ in range(reader.varint(1, MAX_VALUE_SETS, "value sets")):
        sets.append(ValueSet(reader))
        require(sum(values.span for values in sets) <= MAX_LIST_SPANS, "lists of too many bits")
    return sets


def decode_bitmap(words: list[int], count: int) -> Iterator[int]:
    """The bits of the bitmap of section 11.7."""
    coder = RangeDecoder(words)
    chances = [32768] * 34
    history = 0
    for _ in range(count):
        x = 2 * history.bit_count() + (history & 1)
        zero = coder.symbol((0, 256 * chances[x], FULL))
        chances[x] += -(chances[x] >> 5) if zero else (65536 - chances[x]) >> 5
        history = (2 * history + 1 - zero) & 0xFFFF
        yield 1 - zero

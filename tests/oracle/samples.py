"""Samples of lpc blocks: sections 11.11 and 11.12 of format_spec.md; see decoder.py."""

from bisect import bisect_right

from oracle.coding import FULL, TAIL, BitString, RangeDecoder, Tables, clip, fits
from oracle.container import require
from oracle.value_sets import ValueSet


def log16(n: int) -> int:
    """Section 11.11."""
    e = n.bit_length() - 1
    return 16 * e + (((n << 4) >> e) - 16)


class SmallContext:
    """Section 11.11.6: what is learned after locations of the same eighth."""

    def __init__(self) -> None:
        self.share, self.count = 19661, 0
        self.table = [TAIL + i * (FULL - 2 * TAIL) // 41 for i in range(42)]

    def edge(self, frequency: int, residual: int) -> tuple[int, int, int]:
        """The mixture, the distribution and the table below a residual."""
        table = self.table[clip(residual + 20, 0, 41)]
        mixed = fits(frequency * (65536 - self.share) + table * self.share, 40) >> 16
        return mixed, frequency, table

    def learn(self, below: tuple[int, int, int], above: tuple[int, int, int], r: int) -> None:
        ours = self.share * (above[2] - below[2])
        theirs = (65536 - self.share) * (above[1] - below[1])
        assert ours >= 0
        assert theirs >= 0
        self.share += (fits(ours << 16, 56) // (ours + theirs + 1) - self.share) >> 5
        self.share = clip(self.share, 128, 64512)
        rate = clip(1 + (3 * self.count.bit_length() >> 2), 4, 11)
        self.count += 1
        for i in range(1, 41):
            target = FULL - TAIL if i > r + 20 else TAIL
            self.table[i] += (target - self.table[i]) >> rate


class RangeChannel:
    """Section 11.11: a channel whose samples are coded with the range coder."""

    def __init__(
        self, tables: Tables, initial: int, coder: RangeDecoder, string: BitString
    ) -> None:
        self.tables, self.coder, self.string = tables, coder, string
        self.fast = self.middle = self.slow = 1 << initial
        self.correction, self.peak, self.shape = [0] * 144, [44448] * 144, [2] * 144
        self.contexts = [SmallContext() for _ in range(8)]

    def skip(self) -> None:
        """Nothing is learned."""

    def decode(self, mu: int, values: ValueSet) -> int:
        m = log16(self.middle + 256)
        a = clip(((log16(self.fast + 256) - m) >> 3) + 6, 0, 11)
        b = clip(((m - log16(self.slow + 256)) >> 3) + 6, 0, 11)
        x = 12 * a + b
        s = m + (self.correction[x] >> 10) - 128
        assert m <= 704
        assert s <= 600
        s = clip(s, 0, 607)
        base = 0
        if values.kind == 0 and s >= 112:
            base = (mu + 128) >> 8
            mu = base << 8
        if values.kind == 0 and s < 112 and self.slow < 16384:
            sample = self._small(mu, s, self.shape[x], values)
        else:
            sample = values.value(self._rank(mu, base, s, self.shape[x], values))
        self._learn(x, s, abs((sample << 8) - mu))
        return sample

    def _rank(self, mu: int, base: int, s: int, shape: int, values: ValueSet) -> int:
        k = max(0, (s >> 4) - 10 - values.spread)
        first, last = (values.first - base) >> k, (values.last - base) >> k
        tail = TAIL if values.kind == 3 else 0

        def edge(i: int) -> int:
            if i <= first:
                return tail
            if i > last:
                return FULL - tail
            distance = fits(values.boundary(base + (i << k)) - mu, 40)
            return self.tables.cumulative(shape, s, distance)

        q = self.coder.quantile()
        if tail and (q < TAIL or q >= FULL - TAIL):
            require(q < TAIL, "quantile in the upper tail")
            self.coder.take(0, TAIL)
            rank = values.first + self.string.bits((values.last - values.first).bit_length())
            require(values.first <= rank <= values.last, f"rank {rank}")
            require(edge(rank >> k) >= edge((rank >> k) + 1), "escape of a rank in reach")
        elif q < TAIL and edge(first + 1) <= TAIL:
            self.coder.take(0, TAIL)
            rank = values.first + self.string.bits((values.last - values.first).bit_length())
        elif q >= FULL - TAIL and edge(last) >= FULL - TAIL and not tail:
            self.coder.take(FULL - TAIL, TAIL)
            rank = values.first + self.string.bits((values.last - values.first).bit_length())
        else:
            i = first + bisect_right(range(first + 1, last + 1), q, key=edge)
            c = edge(i)
            assert c <= q < edge(i + 1)
            self.coder.take(c, edge(i + 1) - c)
            rank = base + (i << k) + self.string.bits(k)
        require(values.first <= rank <= values.last, f"rank {rank}")
        return rank

    def _small(self, mu: int, s: int, shape: int, values: ValueSet) -> int:
        """Section 11.11.6."""
        base, context = (mu + 128) >> 8, self.contexts[((mu + 128) & 255) >> 5]

        def edge(rank: int) -> tuple[int, int, int]:
            if rank <= values.first:
                return TAIL, TAIL, TAIL
            if rank > values.last:
                return FULL - TAIL, FULL - TAIL, FULL - TAIL
            frequency = self.tables.cumulative(shape, s, values.boundary(rank) - mu)
            return context.edge(frequency, rank - base)

        q = self.coder.quantile()
        require(q < FULL - TAIL, "quantile in the upper tail")
        if q < TAIL:
            self.coder.take(0, TAIL)
            rank = values.first + self.string.bits((values.last - values.first).bit_length())
            require(rank <= values.last, f"rank {rank}")
            require(edge(rank)[0] == edge(rank + 1)[0], "escape of a rank in reach")
        else:
            ranks = range(values.first + 1, values.last + 1)
            rank = values.first + bisect_right(ranks, q, key=lambda r: edge(r)[0])
            low, high = edge(rank)[0], edge(rank + 1)[0]
            assert low <= q < high
            self.coder.take(low, high - low)
        context.learn(edge(rank), edge(rank + 1), rank - base)
        return rank

    def _learn(self, x: int, s: int, error: int) -> None:
        fits(error << 4, 44)
        self.fast += ((error << 4) - self.fast) >> 2
        self.middle += ((error << 4) - self.middle) >> 4
        self.slow += ((error << 4) - self.slow) >> 7
        ratio = min(self.tables.normal(s, error), 65536)
        self.correction[x] = clip(self.correction[x] + ((ratio - 8192) >> 5), -24576, 24576)
        self.peak[x] += (8 * min(ratio, 8192) - self.peak[x]) >> 8
        self.shape[x] = sum(limit > self.peak[x] for limit in self.tables.limits)


class RiceChannel:
    """Section 11.12: a channel whose samples are coded with Rice codes."""

    def __init__(self, initial: int, string: BitString) -> None:
        self.string, self.middle = string, 1 << initial

    def skip(self) -> None:
        """Nothing is learned."""

    def decode(self, mu: int, values: ValueSet) -> int:
        n = min(max(fits(31 * self.middle, 49) >> 16, 1).bit_length() - 1, 30)
        nearest = values.nearest(mu)
        u = self.string.ones(24)
        if u < 24:
            folded = (u << n) + self.string.bits(n)
            rank = nearest + (-((folded + 1) // 2) if folded & 1 else folded // 2)
        else:
            rank = values.first + self.string.bits((values.last - values.first).bit_length())
        require(values.first <= rank <= values.last, f"rank {rank}")
        self.middle += ((abs(fits(rank - nearest, 32)) << 12) - self.middle) >> 4
        return values.value(rank)

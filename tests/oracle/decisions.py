"""Binary decisions: section 11.24.1 of format_spec.md. See decoder.py."""

import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from oracle.attachments import read_attachment
from oracle.coding import FULL, RangeDecoder, clip, fits

LOGISTIC_SHA256 = "3ec5b130dac2d9d6e240158f2bc15fd5c654eb845c2c87f3b99c0e22b7001da0"
USED = 6
MOST_COUNT = 165


class Numbers(NamedTuple):
    """The first set and the first contexts of a kind of decision."""

    set: int
    contexts: tuple[int, ...]

    def later(self, sets: int, contexts: int) -> "Numbers":
        """The same kind where numbers are greater."""
        return Numbers(self.set + sets, tuple(each + contexts for each in self.contexts))


@cache
def logistic_tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """LOGIT, and CHANCE, whose first entry is that of -2048."""
    data = read_attachment("entropy/logistic.bin", LOGISTIC_SHA256)
    return struct.unpack("<4096h", data[:8192]), struct.unpack("<4096H", data[8192:])


class Decisions:
    """The decoder of decisions, with the state of contexts and weights."""

    def __init__(self, coder: RangeDecoder, contexts: int, sets: int) -> None:
        self.coder = coder
        self.chances = [1 << 21] * contexts
        self.counts = [0] * contexts
        self.weights = [[21845] * USED for _ in range(sets)]
        self.logit, self.chance = logistic_tables()
        self.rates = [
            (1310720 + 10 * n + 16) // (20 * n + 32) for n in range(MOST_COUNT + 1)
        ]  # fmt: skip

    def bit(self, f: int) -> int:
        """A bit whose chance of being 1 is f of 2^24."""
        if self.coder.quantile() < FULL - f:
            self.coder.take(0, FULL - f)
            return 0
        self.coder.take(FULL - f, f)
        return 1

    def raw(self, count: int) -> int:
        """Bits of even chances, the most significant first."""
        value = 0
        for _ in range(count):
            value = 2 * value + self.bit(1 << 23)
        return value

    def decide(self, rate: int, kind: Numbers, number: int, index: Sequence[int]) -> int:
        """A decision by a set and contexts whose numbers begin at those of its kind."""
        places = [a + b for a, b in zip(kind.contexts, index, strict=True)]
        assert min(number, *index) >= 0
        weights = self.weights[kind.set + number]
        u = [self.logit[self.chances[place] >> 10] for place in places]
        total = fits(sum(w * x for w, x in zip(weights, u, strict=True)), 36)
        p = self.chance[clip(total >> 16, -2047, 2047) + 2048]
        bit = self.bit(p << 8)
        error = ((bit << 16) - p) * rate
        for i, x in enumerate(u):
            change = (fits(x * error, 32) + (1 << 17)) >> 18
            weights[i] = clip(weights[i] + change, -(1 << 22), 1 << 22)
        for place in places:
            chance, count = self.chances[place], self.counts[place]
            change = (((bit << 22) - chance) * self.rates[count]) >> 16
            self.chances[place] = clip(chance + change, 64, (1 << 22) - 64)
            self.counts[place] = min(count + 1, MOST_COUNT)
        return bit

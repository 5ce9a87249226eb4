"""States of the generators of noise of AAC: section 11.25.7 of format_spec.md. See decoder.py."""

from typing import NamedTuple


class State(NamedTuple):
    """A state (l, h) of a generator of noise."""

    low: int
    high: int

    def following(self) -> "State":
        """next."""
        if self.high == 0:
            return State((1664525 * self.low + 1013904223) % (1 << 32), 0)
        low = self.low // 2 + (1 << 31) * odd(self.low & 245)
        return State(low, self.high * 2 % (1 << 32) + odd((self.high >> 25) & 99))

    def number(self) -> int:
        x = self.low ^ self.high
        return x if x < 1 << 31 else x - (1 << 32)


def odd(x: int) -> int:
    """par."""
    return bin(x).count("1") % 2

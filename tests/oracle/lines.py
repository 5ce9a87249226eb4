"""Lines of a channel: section 11.24.5 of format_spec.md, and 11.25.2 for AAC. See decoder.py."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from oracle.coding import clip
from oracle.container import require
from oracle.decisions import Decisions, Numbers

MOST_MAGNITUDE = 8206


class Rules(NamedTuple):
    """What differs between the lossy streams; size is that of a line's magnitude and exponent."""

    more: Numbers
    escape: Numbers
    count: int
    windows: int  # of short ones
    per_zone: int
    bands: int  # factor of context [4]
    size: Callable[[int, int], int]


class Bands(NamedTuple):
    """For each line its exponent, None in empty bands, and what context [4] has for its band."""

    exponents: Sequence[int | None]
    contexts: Sequence[int]


def logarithm(a: int) -> int:
    """Log."""
    digits = a.bit_length()
    return 16 * (digits - 1) + (((a << 4) >> (digits - 1)) & 15)


def level(a: int, unit: int) -> int:
    """Level, with the logarithm of the unit."""
    if a == 0:
        return 0
    return clip(((3 * (logarithm(a) - unit)) >> 5) + 12, 1, 23)


class ChannelLines:
    """The decoder of one channel's lines in one section."""

    def __init__(self, decisions: Decisions, rules: Rules, c: int) -> None:
        self.decisions, self.rules, self.c = decisions, rules, c
        self.sizes: list[list[int]] = []  # M

        @cache
        def unit(e: int) -> int:
            return logarithm(max(rules.size(1, e), 1))

        self.unit = unit

    def decode(self, h: int, bands: Bands, beside: list[int] | None) -> list[int]:
        """Lines in short windows if h is 1; beside has the sizes of the channel before."""
        rules, c = self.rules, self.c
        d = rules.windows if h else 1
        zeros = [0] * rules.count
        one, two = ([zeros, zeros, *self.sizes])[:-3:-1]
        mine = [0] * rules.count
        self.sizes.append(mine)
        lines = [0] * rules.count

        def at(sizes: list[int], i: int) -> int:
            return sizes[i] if 0 <= i < rules.count else 0

        for i, (e, band) in enumerate(zip(*bands, strict=True)):
            if e is None:
                continue
            unit = self.unit(e)
            a1, a2, a3 = at(mine, i - d), at(mine, i - 2 * d), at(mine, i - 3 * d)
            if h and i % d > 0:
                p, pb = at(mine, i - 1), at(mine, i - 1 - d)
                pa = pf = at(one, i)
            else:
                p, pb, pa, pf = at(one, i), at(one, i - 1), at(one, i + 1), at(one, i + 2)
            old = two[i]
            df = (2 * a1 + a2) // 3
            dt = (2 * p + pa + pb + old) // 5
            if c:
                assert beside is not None
                do = (at(beside, i - 1) + 2 * beside[i] + at(beside, i + 1)) >> 2
            else:
                do = (at(two, i - 1) + old + at(two, i + 1)) // 3
            dw = (a1 + a2 + a3 + p + pa + pb + pf + old) >> 3
            nn, ff, tt = level((df + dt) >> 1, unit), level(df, unit), level(dt, unit)
            oo, ww = level(do, unit), level(dw, unit)
            l1 = min(abs(lines[i - d]), 7) if i >= d else 0
            l2 = min(abs(lines[i - 2 * d]), 7) if i >= 2 * d else 0
            before = level(p, unit)
            s = 0 if before < 9 else 1 if before < 13 else 2
            z = i // rules.per_zone
            n = self._magnitude(
                (24 * ff + tt) * 20,
                ((24 * c + nn) * 24 + z) * 20,
                ((24 * c + oo) * 24 + nn) * 20,
                ((8 * l1 + l2) * 24 + tt) * 20,
                (rules.bands * ww + band) * 20,
                ((3 * i + s) * 3 + min(l1, 2)) * 8 + h,
                ww,
                h,
                z,
            )
            if n > 0:
                mine[i] = rules.size(n, e)
                lines[i] = -n if self.decisions.raw(1) else n
        return lines

    def _magnitude(
        self, c0: int, c1: int, c2: int, c3: int, c4: int, c5: int, w: int, h: int, z: int
    ) -> int:
        """The magnitude of a line; c0 to c5 are its contexts for n = 0."""
        decide, c, rules = self.decisions.decide, self.c, self.rules
        n = 0
        while n < 18:
            index = (c0 + n, c1 + n, c2 + n, c3 + n, c4 + n, c5 + 2 * min(n, 3))
            if not decide(6, rules.more, 48 * n + 2 * w + c, index):
                return n
            n += 1
        k = 0
        while k < 12:
            index = (k, 16 * w + k, 16 * c + k, 16 * h + k, 16 * z + k, k)
            if not decide(6, rules.escape, k, index):
                break
            k += 1
        n = 17 + (1 << k) + self.decisions.raw(k)
        require(n <= MOST_MAGNITUDE, f"magnitude {n} of a line")
        return n

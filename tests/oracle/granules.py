"""Granules of a lossy stream: sections 11.24.2 to 11.24.5 of format_spec.md. See decoder.py."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from oracle.attachments import read_attachment
from oracle.coding import clip, fits
from oracle.container import require
from oracle.decisions import Decisions

LAYER3_SHA256 = "27b66dfcf6d5ca4df145c7c897bb74a78e1a9db5a5cdeb6f3d75963b9e12d695"
LINES, SHORT = 576, 2
MOST_MAGNITUDE = 8206
LOWEST_EXPONENT, HIGHEST_EXPONENT = -108, 19

# of long blocks, and of a window of short blocks
_WIDTHS = [
    (
        "4 4 4 4 4 4 6 6 8 8 10 12 16 20 24 28 34 42 50 54 76 158",
        "4 4 4 4 6 8 10 12 14 18 22 30 56",
    ),
    (
        "4 4 4 4 4 4 6 6 6 8 10 12 16 18 22 28 34 40 46 54 54 192",
        "4 4 4 4 6 6 10 12 14 16 20 26 66",
    ),
    (
        "4 4 4 4 4 4 6 6 8 10 12 16 20 24 30 38 46 56 68 84 102 26",
        "4 4 4 4 6 8 12 16 20 26 34 42 12",
    ),
    (
        "6 6 6 6 6 6 8 10 12 14 16 20 24 28 32 38 46 52 60 68 58 54",
        "4 4 4 6 6 8 10 14 18 26 32 42 18",
    ),
    (
        "6 6 6 6 6 6 8 10 12 14 16 18 22 26 32 38 46 54 62 70 76 36",
        "4 4 4 6 8 10 12 14 18 24 32 44 12",
    ),
    (
        "6 6 6 6 6 6 8 10 12 14 16 20 24 28 32 38 46 52 60 68 58 54",
        "4 4 4 6 8 10 12 14 18 24 30 40 18",
    ),
    (
        "12 12 12 12 12 12 16 20 24 28 32 40 48 56 64 76 90 2 2 2 2 2",
        "8 8 8 12 16 20 24 28 36 2 2 2 26",
    ),
]

MORE = (0, 11520, 34560, 57600, 88320, 107520)
ESCAPE = (148992, 149008, 149392, 149424, 149456, 149840)
TYPE = (150000, 150060, 150072, 150087, 150090, 150138)
PAIR = (150144, 150146, 150150, 150158, 150162, 150163)
EMPTY = (150192, 150816, 150828, 151296, 151608, 151656)
SAME = (151734, 152534, 153782, 155462, 156814, 157070)
UP = (160970, 161070, 161112, 161190, 161359, 161361)
SIZE = (163311, 166411, 171371, 173975, 184453, 184577)


class Layer3(NamedTuple):
    """The attachment of section 11.24.6: im has those of T, k and j one after the other."""

    m: Sequence[int]  # that of 0 too, which is none
    f: Sequence[int]
    im: Sequence[int]
    cs: Sequence[int]
    ca: Sequence[int]
    cos: Sequence[int]
    win: Sequence[int]


@cache
def layer3_tables() -> Layer3:
    """The tables of layer3.bin."""
    data = read_attachment("predictors/origin/layer3.bin", LAYER3_SHA256)
    numbers = struct.unpack("<11458i", data)
    ends = list(accumulate([0, MOST_MAGNITUDE, 4, 4 * 18 * 36, 8, 8, 128, 512]))
    assert ends[-1] == len(numbers)
    m, *others = (numbers[a:b] for a, b in pairwise(ends))
    return Layer3((0, *m), *others)


@cache
def bands(table: int, short: bool) -> list[int]:
    """The band of each line."""
    widths = list(map(int, _WIDTHS[table][short].split()))
    of_window = [band for band, width in enumerate(widths) for _ in range(width)]
    assert len(of_window) == LINES // (3 if short else 1)
    if not short:
        return of_window
    return [3 * of_window[i // 3] + i % 3 for i in range(LINES)]


def round_shift(a: int, n: int) -> int:
    """round of section 11.24.5."""
    return (fits(a, 63) + (1 << (n - 1))) >> n


def size(n: int, e: int, f: Sequence[int]) -> int:
    """The size of a line; f is that of the table, or f'."""
    power = n**4
    x = (power.bit_length() - 1) // 3
    shift = 31 - x - (e >> 2)
    assert 10 <= shift <= 59
    return min(round_shift(layer3_tables().m[n] * f[e & 3], shift), 1 << 32)


def logarithm(a: int) -> int:
    """Log."""
    digits = a.bit_length()
    return 16 * (digits - 1) + (((a << 4) >> (digits - 1)) & 15)


def level(a: int, e: int) -> int:
    """Level, with the exponent of the line's band."""
    if a == 0:
        return 0
    unit = logarithm(size(1, e, layer3_tables().f))
    return clip(((3 * (logarithm(a) - unit)) >> 5) + 12, 1, 23)


class Granule(NamedTuple):
    """A granule of a channel; exponents are None for empty bands."""

    block_type: int
    exponents: list[int | None]
    lines: list[int]


class Memory:
    """What is remembered of the bands of long or of short blocks of a channel."""

    def __init__(self, count: int) -> None:
        self.last: list[int | None] = [None] * count  # B
        self.before: list[int | None] = [None] * count  # A
        self.empty = [3] * count  # Z

    def keep(self, exponents: Sequence[int | None]) -> None:
        self.before = list(self.last)
        for b, e in enumerate(exponents):
            if e is not None:
                self.last[b] = e
            self.empty[b] = 2 * (self.empty[b] & 1) + (e is None)


def cut(x: int, n: int) -> int:
    """Cut."""
    return clip(x, -n, n) + n


class ChannelGranules:
    """The decoder of one channel's granules in one section."""

    def __init__(self, decisions: Decisions, table: int, c: int) -> None:
        self.decisions, self.table, self.c = decisions, table, c
        self.memories = [Memory(22), Memory(39)]
        self.types: list[int] = []
        self.sizes: list[list[int]] = []  # M

    def decode(self, g: int, beside: "tuple[Granule, list[int]] | None") -> Granule:
        """Granule g; beside has that of the channel before, and its sizes."""
        block_type = self._type(None if beside is None else beside[0].block_type)
        h = int(block_type == SHORT)
        alike = beside is not None and (beside[0].block_type == SHORT) == bool(h)
        other = beside[0].exponents if beside is not None and alike else None
        exponents = self._exponents(g, h, other)
        self.memories[h].keep(exponents)
        lines = self._lines(h, exponents, None if beside is None else beside[1])
        self.types.append(block_type)
        return Granule(block_type, exponents, lines)

    def _type(self, beside: int | None) -> int:
        past = [0, 0, *self.types]
        l, m = past[-1], past[-2]  # noqa: E741
        o = 0 if beside is None else 1 + beside
        value = 0
        for turn in range(2):
            k = 1 + value if turn else 0
            index = (
                (5 * l + o) * 3 + k, 3 * l + k, 3 * o + k, k, (4 * l + m) * 3 + k, 3 * self.c + k,
            )  # fmt: skip
            value = 2 * value + self.decisions.decide(6, 880 + k, TYPE, index)
        return value

    def _exponents(self, g: int, h: int, other: list[int | None] | None) -> list[int | None]:
        """Section 11.24.4; other has those of the channel before, if alike."""
        decide = self.decisions.decide
        memory = self.memories[h]
        count, d = (39, 3) if h else (22, 1)
        last: int | None = None
        top: list[int | None] = [None] * 3
        place: list[int | None] = [None] * 3
        history, m = 0, 1
        out: list[int | None] = []
        for b in range(count):
            w = b % 3 if h else 0
            z0, z1 = memory.empty[b] & 1, memory.empty[b] >> 1
            zb = int(b >= d and out[b - d] is None)
            za = memory.empty[b + d] & 1 if b + d < count else 0
            o = 2 if other is None else int(other[b] is None)
            x = (2 * z0 + zb) * 3 + o
            index = (
                16 * b + 8 * z0 + 4 * zb + 2 * z1 + za,
                x,
                12 * b + x,
                ((2 * b + zb) * 2 + h) * 2 + za,
                4 * x + 2 * z1 + za,
                2 * b + h,
            )
            if decide(14, 884 + 2 * x + h, EMPTY, index):
                out.append(None)
                continue
            q = place[w]
            reference = last if top[w] is None else top[w]
            expected = gap = trend = beside = 0
            mine = memory.last[b]
            if reference is None:
                f = 1
                reference = -44 if mine is None else mine
            else:
                f = 0
                theirs = None if q is None else memory.last[q]
                if mine is not None and theirs is not None:
                    expected = ((mine - theirs) >> 1) << 1
                gap = 40 if mine is None else mine - reference - expected
                if q is not None:
                    old, theirs = memory.before[b], memory.before[q]
                    if old is not None and theirs is not None:
                        trend = old - theirs - expected
                    if other is not None:
                        own, theirs = other[b], other[q]
                        if own is not None and theirs is not None:
                            beside = own - theirs - expected
            reference += expected
            gg, ff = cut(gap >> 1, 12), cut(expected >> 1, 10)
            tt, yy = cut(trend >> 1, 6), cut(beside >> 1, 6)
            k = history & 7
            index = (
                ((8 * gg + k) * 2 + f) * 2 + h,
                ((2 * b + f) * 2 + g % 2) * 8 + k,
                (40 * ff + b) * 2 + f,
                (13 * tt + yy) * 8 + k,
                ((history & 63) * 2 + h) * 2 + f,
                (25 * b + gg) * 4 + 2 * m + f,
            )
            same = decide(14, 908 + (2 * k + f) * 2 + h, SAME, index)
            history = 2 * history + same
            e = reference
            if not same:
                index = (
                    (2 * gg + f) * 2 + h, 2 * ff + f, 2 * b + f, 13 * tt + yy, f,
                    (25 * b + gg) * 2 + m,
                )  # fmt: skip
                up = decide(14, 940 + f, UP, index)
                n = 1
                while n < 128:
                    j = min(n, 30)
                    index = (
                        ((2 * j + up) * 25 + gg) * 2 + f,
                        ((40 * j + b) * 2 + f) * 2 + up,
                        ((21 * j + ff) * 2 + up) * 2 + f,
                        ((13 * j + tt) * 13 + yy) * 2 + up,
                        (2 * j + up) * 2 + f,
                        ((2 * j + n % 2) * 2 + m) * 8 + 4 * f + 2 * up + h,
                    )
                    if decide(14, 942 + 2 * j + f, SIZE, index):
                        break
                    n += 1
                if f == 0:
                    m = 0 if n % 2 else m
                    n = 2 * n
                e = reference + n if up else reference - n
            require(LOWEST_EXPONENT <= e <= HIGHEST_EXPONENT, f"exponent {e}")
            out.append(e)
            last, top[w], place[w] = e, e, b
        return out

    def _lines(
        self, h: int, exponents: Sequence[int | None], beside: list[int] | None
    ) -> list[int]:
        """Section 11.24.5."""
        of_line = bands(self.table, bool(h))
        d, c = (3 if h else 1), self.c
        f = layer3_tables().f
        zeros = [0] * LINES
        one, two = ([zeros, zeros, *self.sizes])[:-3:-1]
        mine = [0] * LINES
        self.sizes.append(mine)
        lines = [0] * LINES

        def at(sizes: list[int], i: int) -> int:
            return sizes[i] if 0 <= i < LINES else 0

        for i, b in enumerate(of_line):
            e = exponents[b]
            if e is None:
                continue
            a1, a2, a3 = at(mine, i - d), at(mine, i - 2 * d), at(mine, i - 3 * d)
            if h and i % 3 > 0:
                p, pb = at(mine, i - 1), at(mine, i - 4)
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
            nn, ff, tt = level((df + dt) >> 1, e), level(df, e), level(dt, e)
            oo, ww = level(do, e), level(dw, e)
            l1 = min(abs(lines[i - d]), 7) if i >= d else 0
            l2 = min(abs(lines[i - 2 * d]), 7) if i >= 2 * d else 0
            before = level(p, e)
            s = 0 if before < 9 else 1 if before < 13 else 2
            z = i // 24
            n = self._magnitude(
                (24 * ff + tt) * 20,
                ((24 * c + nn) * 24 + z) * 20,
                ((24 * c + oo) * 24 + nn) * 20,
                ((8 * l1 + l2) * 24 + tt) * 20,
                (40 * ww + b) * 20,
                ((3 * i + s) * 3 + min(l1, 2)) * 8 + h,
                ww,
                h,
                z,
            )
            if n > 0:
                mine[i] = size(n, e, f)
                lines[i] = -n if self.decisions.raw(1) else n
        return lines

    def _magnitude(
        self, c0: int, c1: int, c2: int, c3: int, c4: int, c5: int, w: int, h: int, z: int
    ) -> int:
        """The magnitude of a line; c0 to c5 are its contexts for n = 0."""
        decide, c = self.decisions.decide, self.c
        n = 0
        while n < 18:
            index = (c0 + n, c1 + n, c2 + n, c3 + n, c4 + n, c5 + 2 * min(n, 3))
            if not decide(6, 48 * n + 2 * w + c, MORE, index):
                return n
            n += 1
        k = 0
        while k < 12:
            index = (k, 16 * w + k, 16 * c + k, 16 * h + k, 16 * z + k, k)
            if not decide(6, 864 + k, ESCAPE, index):
                break
            k += 1
        n = 17 + (1 << k) + self.decisions.raw(k)
        require(n <= MOST_MAGNITUDE, f"magnitude {n} of a line")
        return n


def decode_granules(
    decisions: Decisions, table: int, channels: int, count: int
) -> list[tuple[int, list[Granule]]]:
    """The granules of a section: each a pair or none, and the granules of its channels."""
    decoders = [ChannelGranules(decisions, table, c) for c in range(channels)]
    out: list[tuple[int, list[Granule]]] = []
    h = 0
    for g in range(count):
        pair = 0
        if channels == 2:
            l = out[-1][1][0].block_type if out else 0  # noqa: E741
            index = (h & 1, h & 3, h, l, 0, 8 * (g % 2) + h)
            pair = decisions.decide(6, 883, PAIR, index)
            h = (2 * h + pair) & 7
        own: list[Granule] = []
        for decoder in decoders:
            beside = (own[-1], decoders[0].sizes[g]) if own else None
            own.append(decoder.decode(g, beside))
        out.append((pair, own))
    return out

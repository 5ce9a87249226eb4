"""Granules of Layer III: sections 11.24.2 to 11.24.5 of format_spec.md. See decoder.py."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from oracle import exponents, lines
from oracle.attachments import read_attachment
from oracle.coding import fits
from oracle.decisions import Decisions, Numbers

LAYER3_SHA256 = "27b66dfcf6d5ca4df145c7c897bb74a78e1a9db5a5cdeb6f3d75963b9e12d695"
LINES, SHORT = 576, 2

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

EXPONENTS = exponents.Rules(
    Numbers(884, (150192, 150816, 150828, 151296, 151608, 151656)),
    Numbers(908, (151734, 152534, 153782, 155462, 156814, 157070)),
    Numbers(940, (160970, 161070, 161112, 161190, 161359, 161361)),
    Numbers(942, (163311, 166411, 171371, 173975, 184453, 184577)),
    even=True,
    lowest=-108,
    highest=19,
    last_band=38,
)
TYPE = Numbers(880, (150000, 150060, 150072, 150087, 150090, 150138))
PAIR = Numbers(883, (150144, 150146, 150150, 150158, 150162, 150163))


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
    ends = list(accumulate([0, lines.MOST_MAGNITUDE, 4, 4 * 18 * 36, 8, 8, 128, 512]))
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
    return fits(fits(a, 63) + (1 << (n - 1)), 63) >> n


def size(n: int, e: int, f: Sequence[int]) -> int:
    """The size of a line; f is that of the table, or f'."""
    power = n**4
    x = (power.bit_length() - 1) // 3
    shift = 31 - x - (e >> 2)
    assert 10 <= shift <= 59
    return min(round_shift(layer3_tables().m[n] * f[e & 3], shift), 1 << 32)


LINE_RULES = lines.Rules(
    Numbers(0, (0, 11520, 34560, 57600, 88320, 107520)),
    Numbers(864, (148992, 149008, 149392, 149424, 149456, 149840)),
    count=LINES,
    windows=3,
    per_zone=24,
    bands=40,
    size=lambda n, e: size(n, e, layer3_tables().f),
)


class Granule(NamedTuple):
    """A granule of a channel; exponents are None for empty bands."""

    block_type: int
    exponents: list[int | None]
    lines: list[int]


def decode_type(
    decisions: Decisions, kind: Numbers, c: int, past: Sequence[int], beside: int | None
) -> int:
    """The block type of a granule; past has those of the channel before it in the section."""
    m, l = [0, 0, *past][-2:]  # noqa: E741
    o = 0 if beside is None else 1 + beside
    value = 0
    for turn in range(2):
        k = 1 + value if turn else 0
        index = (
            (5 * l + o) * 3 + k, 3 * l + k, 3 * o + k, k, (4 * l + m) * 3 + k, 3 * c + k,
        )  # fmt: skip
        value = 2 * value + decisions.decide(6, kind, k, index)
    return value


class ChannelGranules:
    """The decoder of one channel's granules in one section."""

    def __init__(self, decisions: Decisions, table: int, c: int) -> None:
        self.decisions, self.table, self.c = decisions, table, c
        self.memories = [exponents.Memory(22), exponents.Memory(39)]
        self.types: list[int] = []
        self.lines = lines.ChannelLines(decisions, LINE_RULES, c)

    def decode(self, g: int, beside: "tuple[Granule, list[int]] | None") -> Granule:
        """Granule g; beside has that of the channel before, and its sizes."""
        before = None if beside is None else beside[0].block_type
        block_type = decode_type(self.decisions, TYPE, self.c, self.types, before)
        self.types.append(block_type)
        h = int(block_type == SHORT)
        alike = beside is not None and (beside[0].block_type == SHORT) == bool(h)
        other = beside[0].exponents if beside is not None and alike else None
        memory = self.memories[h]
        absent = [False] * len(memory.last)
        place = exponents.Place(g % 2, h, 3 if h else 1, other)
        found = exponents.decode_exponents(self.decisions, EXPONENTS, memory, place, absent)
        memory.keep(found, absent)
        of_line = bands(self.table, bool(h))
        known = lines.Bands([found[b] for b in of_line], of_line)
        values = self.lines.decode(h, known, None if beside is None else beside[1])
        return Granule(block_type, found, values)


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
            pair = decisions.decide(6, PAIR, 0, index)
            h = (2 * h + pair) & 7
        own: list[Granule] = []
        for decoder in decoders:
            beside = (own[-1], decoders[0].lines.sizes[g]) if own else None
            own.append(decoder.decode(g, beside))
        out.append((pair, own))
    return out

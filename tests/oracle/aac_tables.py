"""Bands and tables of AAC: sections 11.25.1 and 11.25.5 of format_spec.md. See decoder.py."""

import struct
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from oracle.attachments import read_attachment

AAC_SHA256 = "bc8091e8d78f38ef62c3c1431f6f32a90fa185ca59e803e795de64044ba28d18"
LINES, WINDOWS = 1024, 8

# ends of the bands of long windows, and of a short window
_ENDS = [
    (
        "4 8 12 16 20 24 28 32 36 40 48 56 64 72 80 88 96 108 120 132 144 160 176 196 216 240 "
        "264 292 320 352 384 416 448 480 512 544 576 608 640 672 704 736 768 800 832 864 896 "
        "928 1024",
        "4 8 12 16 20 28 36 44 56 68 80 96 112 128",
    ),
    (
        "4 8 12 16 20 24 28 32 36 40 48 56 64 72 80 88 96 108 120 132 144 160 176 196 216 240 "
        "264 292 320 352 384 416 448 480 512 544 576 608 640 672 704 736 768 800 832 864 896 "
        "928 960 992 1024",
        "4 8 12 16 20 28 36 44 56 68 80 96 112 128",
    ),
    (
        "4 8 12 16 20 24 28 32 36 40 44 52 60 68 76 84 92 100 108 116 124 136 148 160 172 188 "
        "204 220 240 260 284 308 336 364 396 432 468 508 552 600 652 704 768 832 896 960 1024",
        "4 8 12 16 20 24 28 36 44 52 64 76 92 108 128",
    ),
    (
        "8 16 24 32 40 48 56 64 72 80 88 100 112 124 136 148 160 172 184 196 212 228 244 260 "
        "280 300 320 344 368 396 424 456 492 532 572 616 664 716 772 832 896 960 1024",
        "4 8 12 16 20 24 28 32 40 48 60 72 88 108 128",
    ),
    (
        "12 24 36 48 60 72 84 96 108 120 132 144 156 172 188 204 220 236 252 268 288 308 328 "
        "348 372 396 420 448 476 508 544 580 620 664 712 764 820 880 944 1024",
        "4 8 12 16 20 24 28 36 44 52 60 72 88 108 128",
    ),
    (
        "4 8 12 16 20 24 28 32 36 40 44 48 52 56 64 72 80 88 100 112 124 140 156 172 192 216 "
        "240 268 304 344 384 424 464 504 544 584 624 664 704 744 784 824 864 904 944 984 1024",
        "4 8 12 16 20 24 32 40 48 64 92 128",
    ),
    (
        "4 8 12 16 20 24 28 32 36 40 44 48 52 56 64 72 80 88 96 108 120 132 144 156 172 188 212 "
        "240 276 320 384 448 512 576 640 704 768 832 896 960 1024",
        "4 8 12 16 20 24 32 40 48 64 92 128",
    ),
]


class Aac(NamedTuple):
    """The attachment of section 11.25.5; cosines stand before the sines of pairs."""

    sl: list[Sequence[int]]
    ss: list[Sequence[int]]
    turn: tuple[Sequence[int], Sequence[int]]
    tl: tuple[Sequence[int], Sequence[int]]
    tm: tuple[Sequence[int], Sequence[int]]
    ts: tuple[Sequence[int], Sequence[int]]
    sin: dict[int, dict[int, int]]


@cache
def aac_tables() -> Aac:
    """The tables of aac.bin, with all four of SL."""
    numbers = struct.unpack("<5016i", read_attachment("predictors/origin/aac/aac.bin", AAC_SHA256))
    lengths = [1024, 1024, 128, 128, *[256] * 2, *[512] * 4, *[64] * 2, 8, 16]
    ends = list(accumulate([0, *lengths]))
    assert ends[-1] == len(numbers)
    sine, kbd, short_sine, short_kbd, *rest = (numbers[a:b] for a, b in pairwise(ends))
    start = [[*[0] * 448, *slope, *[1 << 24] * 448] for slope in (short_sine, short_kbd)]
    pairs = [(rest[i], rest[i + 1]) for i in (0, 2, 4, 6)]
    sines = {
        3: dict(zip(range(-4, 4), rest[8], strict=True)),
        4: dict(zip(range(-8, 8), rest[9], strict=True)),
    }
    return Aac([sine, kbd, *start], [short_sine, short_kbd], *pairs, sines)


@cache
def edges(table: int, short: bool) -> list[int]:
    """The first line of each band of a window, and the number of its lines."""
    found = [0, *map(int, _ENDS[table][short].split())]
    assert found[-1] == (LINES // WINDOWS if short else LINES)
    return found


@cache
def band_in_window(table: int, short: bool) -> list[int]:
    """The band of each line of a window."""
    return [b for b, (a, z) in enumerate(pairwise(edges(table, short))) for _ in range(a, z)]

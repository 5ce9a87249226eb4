"""Exponents of bands: section 11.24.4 of format_spec.md, and 11.25.2 for AAC. See decoder.py."""

from collections.abc import Sequence
from typing import NamedTuple

from oracle.coding import clip
from oracle.container import require
from oracle.decisions import Decisions, Numbers


class Rules(NamedTuple):
    """What differs between the lossy streams; exponents in long blocks have one parity if even."""

    empty: Numbers
    same: Numbers
    up: Numbers
    size: Numbers
    even: bool
    lowest: int
    highest: int
    last_band: int  # in contexts


class Memory:
    """What is remembered of the bands of long or of short blocks of a channel."""

    def __init__(self, count: int) -> None:
        self.last: list[int | None] = [None] * count  # B
        self.before: list[int | None] = [None] * count  # A
        self.empty = [3] * count  # Z

    def keep(self, exponents: Sequence[int | None], absent: Sequence[bool]) -> None:
        for b, e in enumerate(exponents):
            if absent[b]:
                continue
            self.before[b] = self.last[b]
            if e is not None:
                self.last[b] = e
            self.empty[b] = 2 * (self.empty[b] & 1) + (e is None)


class Place(NamedTuple):
    """Where the bands are: the parity g mod 2, H, D, and the exponents beside them if alike."""

    odd: int
    h: int
    d: int
    other: Sequence[int | None] | None


def cut(x: int, n: int) -> int:
    """Cut."""
    return clip(x, -n, n) + n


def decode_exponents(
    decisions: Decisions, rules: Rules, memory: Memory, place_: Place, absent: Sequence[bool]
) -> list[int | None]:
    """Those of the bands that `memory` knows, None if empty; absent bands have none at all."""
    decide = decisions.decide
    odd, h, d, other = place_
    count, halving = len(memory.last), int(rules.even)
    last: int | None = None
    top: list[int | None] = [None] * d
    place: list[int | None] = [None] * d
    history, m = 0, 1
    out: list[int | None] = []
    for b in range(count):
        if absent[b]:
            out.append(None)
            continue
        w, y = b % d, min(b, rules.last_band)
        z0, z1 = memory.empty[b] & 1, memory.empty[b] >> 1
        zb = int(b >= d and out[b - d] is None and not absent[b - d])
        za = memory.empty[b + d] & 1 if b + d < count else 0
        o = 2 if other is None else int(other[b] is None)
        x = (2 * z0 + zb) * 3 + o
        index = (
            16 * y + 8 * z0 + 4 * zb + 2 * z1 + za,
            x,
            12 * y + x,
            ((2 * y + zb) * 2 + h) * 2 + za,
            4 * x + 2 * z1 + za,
            2 * y + h,
        )
        if decide(14, rules.empty, 2 * x + h, index):
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
                expected = ((mine - theirs) >> halving) << halving
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
        gg, ff = cut(gap >> halving, 12), cut(expected >> halving, 10)
        tt, yy = cut(trend >> halving, 6), cut(beside >> halving, 6)
        k = history & 7
        index = (
            ((8 * gg + k) * 2 + f) * 2 + h,
            ((2 * y + f) * 2 + odd) * 8 + k,
            (40 * ff + y) * 2 + f,
            (13 * tt + yy) * 8 + k,
            ((history & 63) * 2 + h) * 2 + f,
            (25 * y + gg) * 4 + 2 * m + f,
        )
        same = decide(14, rules.same, (2 * k + f) * 2 + h, index)
        history = 2 * history + same
        e = reference
        if not same:
            index = (
                (2 * gg + f) * 2 + h, 2 * ff + f, 2 * y + f, 13 * tt + yy, f,
                (25 * y + gg) * 2 + m,
            )  # fmt: skip
            up = decide(14, rules.up, f, index)
            n = 1
            while n < 128:
                j = min(n, 30)
                index = (
                    ((2 * j + up) * 25 + gg) * 2 + f,
                    ((40 * j + y) * 2 + f) * 2 + up,
                    ((21 * j + ff) * 2 + up) * 2 + f,
                    ((13 * j + tt) * 13 + yy) * 2 + up,
                    (2 * j + up) * 2 + f,
                    ((2 * j + n % 2) * 2 + m) * 8 + 4 * f + 2 * up + h,
                )
                if decide(14, rules.size, 2 * j + f, index):
                    break
                n += 1
            if f == 0:
                m = 0 if n % 2 else m
                n <<= halving
            e = reference + n if up else reference - n
        require(rules.lowest <= e <= rules.highest, f"exponent {e}")
        out.append(e)
        last, top[w], place[w] = e, e, b
    return out

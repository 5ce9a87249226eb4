"""Prefiltered blocks: section 11.21 of format_spec.md. See decoder.py."""

from collections.abc import Callable
from typing import NamedTuple

from oracle.coding import fits
from oracle.container import Reader, require

MAX_TAPS, MAX_PREFILTER_SHIFT = 34, 24


def decode_prefiltered(
    reader: Reader, frames: int, count: int, decode: Callable[[Reader], list[list[int]]]
) -> list[list[int]]:
    """The samples of a block that may be prefiltered; `decode` takes one that is not."""
    start = reader.position
    if reader.varint(name="kind of block") != 4:
        return decode(Reader(reader.data, start))
    filters = [read_prefilter(reader, frames) for _ in range(count)]
    rows = zip(filters, decode(reader), strict=True)
    return [restore(each, each.first, row) for each, row in rows]


class Prefilter(NamedTuple):
    """A prefilter; without weights, the channel is not filtered."""

    shift: int
    weights: list[int]
    first: list[int]


def restore(prefilter: Prefilter, first: list[int], row: list[int]) -> list[int]:
    """The samples of a channel from its first ones and its residuals."""
    shift, weights, _ = prefilter
    taps = len(weights)
    require(not any(row[:taps]), "residuals before the prefilter")
    out = list(first)
    half = (1 << shift) // 2
    for t in range(taps, len(row)):
        past = zip(weights, reversed(out[t - taps :]), strict=True)
        total = fits(sum(w * y for w, y in past) + half, 63)
        out.append(wide(row[t] + (total >> shift) if taps else row[t]))
    return out


def read_prefilter(reader: Reader, frames: int) -> Prefilter:
    """Shift, coefficients and first samples of a channel."""
    taps = reader.varint(0, min(MAX_TAPS, frames), "taps")
    require(taps != 1, "a single tap")
    if taps == 0:
        return Prefilter(0, [], [])
    shift = reader.varint(0, MAX_PREFILTER_SHIFT, "shift of a prefilter")
    weights = [reader.svarint(-(2**33), 2**33, "coefficient") for _ in range(taps)]
    require(sum(map(abs, weights)) < 2**31, "coefficients of a prefilter")
    return Prefilter(shift, weights, read_first_samples(reader, taps))


def read_first_samples(reader: Reader, taps: int) -> list[int]:
    """The first samples of a channel, from d."""
    steps = [reader.svarint(-(2**33), 2**33, "first sample") for _ in range(taps)]
    return [wide(sum(steps[: t + 1])) for t in range(taps)]


def wide(sample: int) -> int:
    """A sample, which has 32 bits."""
    require(-(2**31) <= sample < 2**31, "sample of a prefiltered channel")
    return sample

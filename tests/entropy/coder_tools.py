"""The three range coders behind one face each, and interval streams to try them on."""

from __future__ import annotations

import numpy as np

from nlac.entropy.range_coder import TOTAL, RangeDecoder, RangeEncoder
from nlac.entropy.range_kernels import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address


@kernel
def _encode(intervals, buffer):
    words = address(buffer)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    for i in range(len(intervals)):
        pos, lower, rng, held, first = encode_interval(
            words, pos, lower, rng, held, first, intervals[i, 0], intervals[i, 1]
        )
    return seal(words, pos, lower, rng, held, first)


@kernel
def _decode(intervals, buffer):
    """Number of intervals that hold what is decoded."""
    words = address(buffer)
    length = len(buffer)
    pos, lower, rng, point = decode_start(words, length)
    for i in range(len(intervals)):
        c, f = intervals[i, 0], intervals[i, 1]
        q = decode_quantile(lower, rng, point)
        if q < c or q >= c + f:
            return i
        pos, lower, rng, point = decode_advance(words, length, pos, lower, rng, point, c, f)
    return len(intervals)


def kernel_words(intervals: np.ndarray) -> np.ndarray:
    buffer = np.zeros(len(intervals) + 4, np.uint32)
    return buffer[: _encode(intervals, buffer)]


def kernel_takes(words: np.ndarray, intervals: np.ndarray) -> bool:
    # an empty array has no address to read from
    return _decode(intervals, words) == len(intervals)


def plain_words(intervals: np.ndarray) -> np.ndarray:
    encoder = RangeEncoder()
    for c, f in intervals.tolist():
        encoder.encode(c, f)
    return encoder.finish()


def plain_takes(words: np.ndarray, intervals: np.ndarray) -> bool:
    decoder = RangeDecoder(words)
    for c, f in intervals.tolist():
        if not c <= decoder.decode() < c + f:
            return False
        decoder.advance(c, f)
    decoder.finish()
    return True


def random_intervals(rng: np.random.Generator, count: int) -> np.ndarray:
    """Intervals of all sizes, at all places, at most 2**24 - 2 wide."""
    f = np.minimum(np.exp2(rng.uniform(0, 24, count)).astype(np.int64), TOTAL - 2)
    c = (rng.random(count) * (TOTAL - f + 1)).astype(np.int64)
    edge = rng.integers(0, 8, count)
    c = np.where(edge == 0, 0, np.where(edge == 1, TOTAL - f, c))
    return np.stack([c, f], axis=1)


def straddling_intervals(rng: np.random.Generator, count: int, patience: float) -> np.ndarray:
    """Intervals of which most leave the carry open, so that words are held back for long."""
    encoder = RangeEncoder()
    rows = []
    while len(rows) < count:
        scale = encoder._range >> 24
        lower = encoder._lower
        # where the words of the interval's two ends differ: the wrap, or the next word's edge
        edge = 2**64 if encoder._held else ((lower >> 32) + 1) << 32
        middle = (edge - lower) // scale
        if middle + 1 < TOTAL and rng.random() < patience:
            below, above = (int(2 ** rng.uniform(0, 9)) for _ in range(2))
            c = max(0, middle - below)
            f = min(TOTAL, middle + above) - c
        else:
            c, f = random_intervals(rng, 1)[0].tolist()
        encoder.encode(c, f)
        rows.append((c, f))
    return np.array(rows, np.int64).reshape(-1, 2)

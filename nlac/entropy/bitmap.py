"""Adaptive binary coding of long bitmaps, for lists of values (spec, section "Value sets").

The context of a bit is the number of ones among the 16 bits before it, and the bit before it. Each
context has a 16-bit probability that moves by 1/32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
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

HISTORY = 16
_CONTEXTS = 2 * (HISTORY + 1)


@kernel
def _encode(bits, buffer):
    """Code `bits` (uint8) into `buffer` (uint32); returns the number of words."""
    words = address(buffer)
    ones = np.full(_CONTEXTS, 1 << 15, np.int64)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    recent = np.int64(0)
    for i in range(len(bits)):
        last = np.int64(bits[i - 1]) if i > 0 else 0
        context = 2 * recent + last
        split = ones[context] << 8
        if bits[i]:
            c, f = 0, split
            ones[context] += (65536 - ones[context]) >> 5
        else:
            c, f = split, (1 << 24) - split
            ones[context] -= ones[context] >> 5
        pos, lower, rng, held, first = encode_interval(words, pos, lower, rng, held, first, c, f)
        recent += np.int64(bits[i])
        if i >= HISTORY:
            recent -= np.int64(bits[i - HISTORY])
    return seal(words, pos, lower, rng, held, first)


@kernel
def _decode(buffer, bits):
    """Fill `bits` (uint8) from `buffer` (uint32); returns whether the words are good."""
    words, length = address(buffer), len(buffer)
    ones = np.full(_CONTEXTS, 1 << 15, np.int64)
    pos, lower, rng, point = decode_start(words, length)
    recent = np.int64(0)
    for i in range(len(bits)):
        last = np.int64(bits[i - 1]) if i > 0 else 0
        context = 2 * recent + last
        split = ones[context] << 8
        q = decode_quantile(lower, rng, point)
        if q < 0:
            return False
        if q < split:
            bits[i] = 1
            c, f = 0, split
            ones[context] += (65536 - ones[context]) >> 5
        else:
            bits[i] = 0
            c, f = split, (1 << 24) - split
            ones[context] -= ones[context] >> 5
        pos, lower, rng, point = decode_advance(words, length, pos, lower, rng, point, c, f)
        recent += np.int64(bits[i])
        if i >= HISTORY:
            recent -= np.int64(bits[i - HISTORY])
    return True


def write_bitmap(bits: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a bitmap, (n,) uint8 of 0 and 1."""
    words = np.zeros(len(bits) // 2 + 16, np.uint32)
    return words[: _encode(bits, words)].astype("<u4").tobytes()


def read_bitmap(data: bytes, count: int) -> NDArray[np.uint8]:
    """Decode a bitmap of `count` bits, uint8.

    Raises
    ------
    CorruptStream
        The bytes are not what `write_bitmap` writes.
    """
    if len(data) % 4:
        raise CorruptStream("bitmap is not whole words", path="value_set")
    bits = np.zeros(count, np.uint8)
    if not _decode(np.frombuffer(data, "<u4").astype(np.uint32), bits):
        raise CorruptStream("bitmap does not decode", path="value_set")
    return bits

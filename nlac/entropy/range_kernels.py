"""The range coder (Martin 1979) as compiled kernels.

The kernels serve loops in which each interval depends on the sample before it. They write the words
of constriction's default queue coder, which serves bulk work: 64-bit state, 32-bit words and 24-bit
frequencies (spec, section "Range coder"). Tests prove that each side decodes what the other wrote.

Loops keep the state of a coder in registers. For encoding it is ``pos, lower, rng, held, first``:
words written, the interval, the number of words held back because a carry may still reach them, and
the first of these. For decoding it is ``pos, lower, rng, point``. `words` is the address of uint32
words, `length` their number; `lower`, `rng`, `first` and `point` are uint64.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_u32, store_32

U = np.uint64
PRECISION = 24
FULL = U(0xFFFFFFFFFFFFFFFF)
WORD = U(0xFFFFFFFF)
ONE = U(1)
S24 = U(24)
S32 = U(32)
ZERO = U(0)


@kernel(forceinline=True)
def encode_interval(words, pos, lower, rng, held, first, c, f):
    """Code the interval [c, c + f) of 2**24; returns the new state."""
    scale = rng >> S24
    rng = scale * U(f)
    new = lower + scale * U(c)
    if held > 0 and new + rng >= new:
        # no further carry can reach the words held back; `lower` has wrapped if there is one now
        if new < lower:
            store_32(words, pos, first + ONE)
            fill = ZERO
        else:
            store_32(words, pos, first)
            fill = WORD
        pos += 1
        for _ in range(held - 1):
            store_32(words, pos, fill)
            pos += 1
        held = 0
    lower = new
    if rng < (ONE << S32):
        rng = rng << S32
        word = lower >> S32
        lower = lower << S32
        if held > 0:
            held += 1
        elif lower + rng >= lower:
            store_32(words, pos, word)
            pos += 1
        else:
            held = 1
            first = word
    return pos, lower, rng, held, first


@kernel
def seal(words, pos, lower, rng, held, first):
    """Write the last words; returns the number of all words."""
    if rng == FULL and lower == ZERO and pos == 0 and held == 0:
        return pos
    point = lower + WORD
    if held > 0:
        if point >= lower:
            store_32(words, pos, first)
            fill = WORD
        else:
            store_32(words, pos, first + ONE)
            fill = ZERO
        pos += 1
        for _ in range(held - 1):
            store_32(words, pos, fill)
            pos += 1
    word = point >> S32
    store_32(words, pos, word)
    pos += 1
    if (lower + rng) >> S32 == word:
        store_32(words, pos, ZERO)
        pos += 1
    return pos


@kernel
def decode_start(words, length):
    """Return the first state of a decoder; words past the end count as 0."""
    high = load_u32(words, 0) if length > 0 else ZERO
    low = load_u32(words, 1) if length > 1 else ZERO
    return 2, ZERO, FULL, (high << S32) | low


@kernel(forceinline=True)
def decode_quantile(lower, rng, point):
    """Return the quantile of the coded point, 0 .. 2**24 - 1, or -1 if the words are bad."""
    q = (point - lower) // (rng >> S24)
    return np.int64(q) if q < (ONE << S24) else np.int64(-1)


@kernel(forceinline=True)
def decode_advance(words, length, pos, lower, rng, point, c, f):
    """Take the interval [c, c + f) off the words; returns the new state."""
    scale = rng >> S24
    rng = scale * U(f)
    lower = lower + scale * U(c)
    if rng < (ONE << S32):
        rng = rng << S32
        lower = lower << S32
        word = load_u32(words, pos) if pos < length else ZERO
        point = (point << S32) | word
        pos += 1
    return pos, lower, rng, point

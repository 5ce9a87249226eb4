"""Raw bits in 32-bit words, least significant first, as compiled kernels.

The state of a writer is ``pos, acc, fill``: words written, waiting bits (uint64), and their number,
below 32. That of a reader is the position in bits. Past the end a reader gets zeros; its caller
checks the position afterwards. `words` is the address of uint32 words unless stated otherwise.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_u32, store_32

U = np.uint64
S32 = U(32)


@kernel(forceinline=True)
def put_bits(words, pos, acc, fill, value, count):
    """Append the low `count` bits (0 .. 32) of a value below 2**count.

    The buffer needs a word more than those written, for the waiting bits.
    """
    acc = acc | (U(value) << U(fill))
    fill += count
    # without a branch, which the processor could not predict
    store_32(words, pos, acc)
    full = fill >> 5
    return pos + full, acc >> U(full << 5), fill & 31


@kernel
def end_bits(words, pos, acc, fill):
    """Write the waiting bits, padded with zeros; returns the words written."""
    if fill > 0:
        pos, acc, fill = put_bits(words, pos, acc, fill, 0, 32 - fill)
    return pos


@kernel(forceinline=True)
def get_bits(words, length, at, count):
    """Read `count` bits (0 .. 32) at bit `at` of `length` words."""
    index = at >> 5
    window = U(0)
    if index + 1 < length:
        window = load_u32(words, index) | (load_u32(words, index + 1) << S32)
    elif index < length:
        window = load_u32(words, index)
    return np.int64((window >> U(at & 31)) & ((U(1) << U(count)) - U(1)))


@kernel
def pack_bits(values, counts, words):
    """Write the low `counts[i]` bits (0 .. 32) of each value to `words`; returns the words used.

    `words` is a uint32 array with one word more than needed; the others are int64.
    """
    at = address(words)
    pos, acc, fill = 0, U(0), 0
    for i in range(len(values)):
        low = values[i] & ((np.int64(1) << counts[i]) - 1)
        pos, acc, fill = put_bits(at, pos, acc, fill, low, counts[i])
    return end_bits(at, pos, acc, fill)


@kernel
def take_bits(words, at, counts, out):
    """Read `counts[i]` bits (0 .. 32) for each i into `out`; returns the position after them.

    `words` is a uint32 array; `counts` and `out` are int64.
    """
    base, length = address(words), len(words)
    for i in range(len(counts)):
        out[i] = get_bits(base, length, at, counts[i])
        at += counts[i]
    return at

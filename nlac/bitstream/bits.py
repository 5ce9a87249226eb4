"""Raw bits in 32-bit words, least significant first: compiled, for the inner loops.

A writer's state is ``pos, acc, fill`` (words written, waiting bits, their
number, under 32); a reader's is the position in bits.  Past the end a reader
gets zeros; the caller compares positions afterwards.  `words` is an address.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import load_u32, store_32

U = np.uint64
S32 = U(32)


@kernel
def put_bits(words, pos, acc, fill, value, count):
    """Append the low `count` bits (0 .. 32) of a value below 2**count."""
    acc = acc | (U(value) << U(fill))
    fill += count
    if fill >= 32:
        store_32(words, pos, acc)
        pos += 1
        acc = acc >> S32
        fill -= 32
    return pos, acc, fill


@kernel
def get_bits(words, length, at, count):
    """Read `count` bits (0 .. 32) at bit `at` of `length` words."""
    index = at >> 5
    window = U(0)
    if index + 1 < length:
        window = load_u32(words, index) | (load_u32(words, index + 1) << S32)
    elif index < length:
        window = load_u32(words, index)
    return np.int64((window >> U(at & 31)) & ((U(1) << U(count)) - U(1)))

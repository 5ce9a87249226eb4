"""Decisions of float blocks in the range coder: adaptive binary models and uniform bits.

`coder` is the state of a range coder, as in `nlac.entropy.range_kernels`; `words` and `models` are
addresses.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.transforms.float_kernels import PROBABILITY_ONE, learn
from nlac.entropy.range_kernels import (
    decode_advance,
    decode_quantile,
    encode_interval,
)
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64

SPOILT = 1 << 40  # a position behind any words


@kernel
def interval(words, coder, c, f):
    """Code the interval [c, c + f) of 2**24; returns the coder."""
    pos, lower, rng, held, first = coder
    return encode_interval(words, pos, lower, rng, held, first, c, f)


@kernel
def put(words, coder, models, which, bit):
    """Code a decision with the adaptive model `which`; returns the coder."""
    p = load_i64(models, 2 * which)
    learn(models, which, bit)
    c = p if bit else np.int64(0)
    return interval(words, coder, c, PROBABILITY_ONE - p if bit else p)


@kernel
def put_uniform(words, coder, value, bits):
    """Code a value below 2**bits as uniform bits, bits <= 24; returns the coder."""
    return interval(words, coder, value << (24 - bits), 1 << (24 - bits))


@kernel
def quantile(coder):
    """Quantile of the coder; bad words give 0 and a position that the end of the loop refuses."""
    pos, lower, rng, point = coder
    q = decode_quantile(lower, rng, point)
    if q < 0:
        return np.int64(0), (pos + SPOILT, lower, rng, point)
    return q, coder


@kernel
def get(words, length, coder, models, which):
    """Decode a decision; returns it and the coder."""
    p = load_i64(models, 2 * which)
    q, coder = quantile(coder)
    pos, lower, rng, point = coder
    bit = q >= p
    learn(models, which, bit)
    c = p if bit else np.int64(0)
    coder = decode_advance(
        words, length, pos, lower, rng, point, c, PROBABILITY_ONE - p if bit else p
    )
    return bit, coder


@kernel
def get_uniform(words, length, coder, bits):
    """Decode a value of `bits` uniform bits; returns it and the coder."""
    q, coder = quantile(coder)
    pos, lower, rng, point = coder
    value = q >> (24 - bits)
    coder = decode_advance(
        words, length, pos, lower, rng, point, value << (24 - bits), 1 << (24 - bits)
    )
    return value, coder

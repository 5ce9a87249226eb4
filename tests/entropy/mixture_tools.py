"""Loops around the cascade's entropy model: one channel, locations given."""

from __future__ import annotations

from nlac.entropy.adaptive_mixture.coding import mixture_code, mixture_decode
from nlac.entropy.adaptive_mixture.model import mixture_learn, mixture_prepare
from nlac.entropy.bits import put_bits
from nlac.entropy.range_kernels import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.entropy.value_kernels import load_set, value
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address


@kernel
def encode(shared, rows, sets, locations, ranks, word_buffer, raw_buffer, intervals):
    """Code ranks; returns the words and the words of raw bits used."""
    common, state = address(shared), address(rows)
    words, raw = address(word_buffer), address(raw_buffer)
    at = address(locations)
    entry = load_set(address(sets.rows), address(sets.values), address(sets.ranks))
    frames, count = locations.shape
    pos, lower, rng, held, head = 0, ZERO, FULL, 0, ZERO
    raw_pos, acc, fill = 0, ZERO, 0
    for t in range(frames):
        rank = ranks[t]
        mixture_prepare(common, state, at + 8 * count * t)
        left, size, low, bits = mixture_code(common, state, entry, rank)
        intervals[t, 0], intervals[t, 1] = left, size
        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, low, bits)
        pos, lower, rng, held, head = encode_interval(
            words, pos, lower, rng, held, head, left, size
        )
        mixture_learn(common, state, value(entry, rank))
    raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, 0, 32 - fill)
    return seal(words, pos, lower, rng, held, head), raw_pos


@kernel
def decode(shared, rows, sets, locations, ranks, word_buffer, raw_buffer, intervals):
    """Decode ranks; returns how many could be."""
    common, state = address(shared), address(rows)
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    at = address(locations)
    entry = load_set(address(sets.rows), address(sets.values), address(sets.ranks))
    frames, count = locations.shape
    pos, lower, rng, point = decode_start(words, num_words)
    raw_at = 0
    for t in range(frames):
        mixture_prepare(common, state, at + 8 * count * t)
        q = decode_quantile(lower, rng, point)
        if q < 0:
            return t
        left, size, rank, raw_at = mixture_decode(common, state, entry, q, raw, num_raw, raw_at)
        intervals[t, 0], intervals[t, 1] = left, size
        if size == 0:
            return t
        pos, lower, rng, point = decode_advance(
            words, num_words, pos, lower, rng, point, left, size
        )
        ranks[t] = rank
        mixture_learn(common, state, value(entry, rank))
    return frames

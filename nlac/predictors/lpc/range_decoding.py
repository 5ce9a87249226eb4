"""Decode an `lpc` block with the range coder: scales and shapes adapt sample by sample.

The encoder's loop, `nlac.codec.encoder.lpc.range_loop`, makes the same predictions and learns
the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.entropy.bits import get_bits
from nlac.entropy.distributions import TAIL, quantile_distance
from nlac.entropy.range_coder import TOTAL
from nlac.entropy.range_kernels import decode_advance, decode_quantile, decode_start
from nlac.entropy.small_residuals import SMALL_CELLS, context_of, learn
from nlac.entropy.value_kernels import index_bits, rank_near, value
from nlac.entropy.value_sets import PLAIN, SOFT
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i64
from nlac.predictors.lpc.kernels import (
    COARSE,
    ScaleCell,
    adapt,
    distribution_of,
    find_bin,
    frequency_below,
    interval,
    scale_of,
)
from nlac.predictors.lpc.small_intervals import find_rank, interval_of, is_small
from nlac.predictors.lpc.views import (
    block_of,
    common_frames,
    has_sample,
    plain_view_of,
    put_sample,
    view_of,
)
from nlac.predictors.lpc.windows import predict_from


@inline_kernel
def _plain_bin(distribution, low, high, begin, size, q):
    """Find the bin of a plain set that holds the quantile q: `find_bin` for this case alone.

    The ranks `low` to `high`, the guess `begin` and the distribution's location are relative to
    the same whole number.
    """
    left, right = np.int64(0), np.int64(TOTAL)
    if begin < low or begin > high:
        # a branch: what follows would wait for the location if this were a minimum
        begin = min(max(begin, low), high)
        begin -= begin & (size - 1)
    if begin > low:
        left = frequency_below(distribution, (begin << 8) - 128)
    if begin + size <= high:
        right = frequency_below(distribution, ((begin + size) << 8) - 128)
    while q < left and left > TAIL:
        begin -= size
        right = left
        left = np.int64(0)
        if begin > low:
            left = frequency_below(distribution, (begin << 8) - 128)
    while q >= right and right < TOTAL - TAIL:
        begin += size
        left = right
        right = np.int64(TOTAL)
        if begin + size <= high:
            right = frequency_below(distribution, ((begin + size) << 8) - 128)
    return left, right, begin


class Reader(NamedTuple):
    """What a decoder reads; addresses and numbers of words.

    Attributes
    ----------
    words, num_words : int
        Of the range coder.
    raw, num_raw : int
        Of the raw bits.
    contexts : int
        Rows of `SmallCell`.
    cumulative, start, reciprocal, shapes, down, up : int
        Arrays of `Tables`.
    """

    words: int
    num_words: int
    raw: int
    num_raw: int
    contexts: int
    cumulative: int
    start: int
    reciprocal: int
    shapes: int
    down: int
    up: int


@inline_kernel
def _bad(at):
    """State of a decoder whose data is bad: the next word has a negative number."""
    _, lower, rng, point, raw_at = at
    return np.int64(-1), lower, rng, point, raw_at


@inline_kernel
def _advance(reader, at, left, right, raw_at):
    """Take an interval off the words; returns the new state."""
    pos, lower, rng, point, _ = at
    pos, lower, rng, point = decode_advance(
        reader.words, reader.num_words, pos, lower, rng, point, left, right - left
    )
    return pos, lower, rng, point, raw_at


@inline_kernel
def _decode_small(reader, view, small, at, t, q, distance, place, scale, shape, location):
    """`_decode_sample` where residuals are small; `small` is the address of the contexts."""
    entry, raw_at = view.entry, at[4]
    base = (location + 128) >> 8
    distribution = distribution_of(reader.cumulative, reader.down, shape, scale, location)
    cells = context_of(small, location)
    if q >= TOTAL - TAIL:
        return _bad(at)
    if q < TAIL:
        count = index_bits(entry.last - entry.first)
        rank = entry.first + get_bits(reader.raw, reader.num_raw, raw_at, count)
        raw_at += count
        if rank > entry.last:
            return _bad(at)
        below, above = interval_of(cells, entry, distribution, base, rank)
        if below.mixed < above.mixed:
            return _bad(at)
        left, right = np.int64(0), np.int64(TAIL)
    else:
        guess = (location + distance + 128) >> 8
        rank, below, above = find_rank(cells, entry, distribution, base, guess, q)
        left, right = below.mixed, above.mixed
    learn(cells, below, above, rank - base)
    at = _advance(reader, at, left, right, raw_at)
    put_sample(view, t, rank)
    error = abs((rank << 8) - location)
    adapt(reader.shapes, view.state, place, error, distribution.mantissa, distribution.shift)
    return at


@inline_kernel
def _decode_sample(reader, view, channel, at, t):
    """Decode a sample, store it and learn from it.

    `at` is the state of the range coder, then the next raw bit; returns the new state, or `_bad`.
    """
    _, lower, rng, point, raw_at = at
    entry, state = view.entry, view.state
    location = predict_from(view.window, t)
    place, scale = scale_of(state)
    shape = load_i64(state, ScaleCell.SHAPE + place)
    low_bits = max(0, (scale >> 4) - entry.fine)
    size = 1 << low_bits
    q = decode_quantile(lower, rng, point)
    if q < 0:
        return _bad(at)
    distance = quantile_distance(
        reader.cumulative, reader.start, reader.reciprocal, shape, q,
        load_i64(reader.up, scale & 15), scale >> 4,
    )  # fmt: skip
    if is_small(state, entry, scale):
        small = reader.contexts + 8 * SMALL_CELLS * channel
        return _decode_small(reader, view, small, at, t, q, distance, place, scale, shape, location)
    if entry.kind == PLAIN:
        base = (location + 128) >> 8
        low, high = entry.first - base, entry.last - base
        if scale >= COARSE:
            # nothing here waits for the location: the processor works on the
            # prediction and on the coded interval at once
            location = base << 8
            begin = ((distance + 128) >> (8 + low_bits)) << low_bits
            relative = distribution_of(reader.cumulative, reader.down, shape, scale, np.int64(0))
            left, right, begin = _plain_bin(relative, low, high, begin, size, q)
        else:
            fraction = location - (base << 8)
            begin = (distance + fraction + 128) >> 8
            relative = distribution_of(reader.cumulative, reader.down, shape, scale, fraction)
            left, right, begin = _plain_bin(relative, low, high, begin, 1, q)
        begin += base
    else:
        begin = rank_near(entry, location + distance)
        begin = (begin >> low_bits) << low_bits
        distribution = distribution_of(reader.cumulative, reader.down, shape, scale, location)
        if entry.kind == SOFT and (q < TAIL or q >= TOTAL - TAIL):
            if q >= TAIL:
                return _bad(at)
            left, right = np.int64(TAIL), np.int64(TAIL)
        else:
            left, right, begin = find_bin(entry, distribution, begin, size, q)
    if q < left or q >= right or left >= TOTAL - TAIL or right <= TAIL:
        # a tail beyond the table that the set does not end in: the rank follows
        left = np.int64(TOTAL - TAIL) if q >= TOTAL // 2 else np.int64(0)
        right = left + TAIL
        count = index_bits(entry.last - entry.first)
        rank = entry.first + get_bits(reader.raw, reader.num_raw, raw_at, count)
        raw_at += count
        if entry.kind == SOFT and entry.first <= rank <= entry.last:
            begin = (rank >> low_bits) << low_bits
            distribution = distribution_of(reader.cumulative, reader.down, shape, scale, location)
            below, above = interval(entry, distribution, begin, size)
            if below < above:
                return _bad(at)
    elif low_bits > 0:
        rank = begin + get_bits(reader.raw, reader.num_raw, raw_at, low_bits)
        raw_at += low_bits
    else:
        rank = begin
    if rank < entry.first or rank > entry.last:
        return _bad(at)
    at = _advance(reader, at, left, right, raw_at)
    sample = value(entry, rank)
    put_sample(view, t, sample)
    error = abs((sample << 8) - location)
    adapt(reader.shapes, state, place, error, load_i64(reader.down, scale & 15), 7 + (scale >> 4))
    return at


@kernel
def _decode_frames(reader, block, segment, begin, end, at):
    """Decode any frames of a segment; returns the new state."""
    for t in range(begin, end):
        for c in range(block.channels):
            if has_sample(block, c, t):
                at = _decode_sample(reader, view_of(block, segment, c), c, at, t)
                if at[0] < 0:
                    return at
    return at


@inline_kernel
def _decode_common(reader, views, other, begin, end, at):
    """`_decode_frames` for those of `common_frames`; `other` is the number of the last channel."""
    for t in range(begin, end):
        at = _decode_sample(reader, views[0], 0, at, t)
        if at[0] >= 0 and other > 0:
            at = _decode_sample(reader, views[1], 1, at, t)
        if at[0] < 0:
            return at
    return at


@kernel
def decode_loop(plan, tables, state_rows, contexts, sample_rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`; the arguments are those of `encode_loop`.

    Returns
    -------
    words_taken, bits_taken : int
        -1, -1 if the data is bad.
    """
    block = block_of(plan, state_rows, sample_rows, pcm)
    reader = Reader(
        address(word_buffer), len(word_buffer), address(raw_buffer), len(raw_buffer),
        address(contexts), address(tables.cumulative), address(tables.start),
        address(tables.reciprocal), address(tables.shapes), address(tables.down),
        address(tables.up),
    )  # fmt: skip
    pos, lower, rng, point = decode_start(reader.words, reader.num_words)
    at = np.int64(pos), lower, rng, point, np.int64(0)
    other = block.channels - 1
    for k in range(block.segments):
        begin, first, last, end, plain = common_frames(block, k)
        at = _decode_frames(reader, block, k, begin, first, at)
        if at[0] >= 0 and first < last:
            if plain:
                views = plain_view_of(block, k, 0), plain_view_of(block, k, other)
                at = _decode_common(reader, views, other, first, last, at)
            else:
                views = view_of(block, k, 0), view_of(block, k, other)
                at = _decode_common(reader, views, other, first, last, at)
        if at[0] >= 0:
            at = _decode_frames(reader, block, k, last, end, at)
        if at[0] < 0:
            return -1, -1
    return at[0], at[4]

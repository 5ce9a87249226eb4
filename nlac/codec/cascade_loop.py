"""The `cascade` loops: predict, code, learn, sample by sample, all in one compiled function.

Encoder and decoder take the same steps in the same order; they differ only in
who knows the sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import address, load_i32, load_i64, store_32, store_64
from nlac.bitstream.bits import put_bits
from nlac.bitstream.rangecoder import (
    FULL,
    ZERO,
    decode_advance,
    decode_quantile,
    decode_start,
    encode_interval,
    seal,
)
from nlac.codec.cascade_mixture import (
    mixture_code,
    mixture_decode,
    mixture_learn,
    mixture_prepare,
)
from nlac.codec.lpc_plan import (
    FINE,
    FINEST,
    FIRST,
    HIGHEST,
    KIND,
    LAST,
    LOOKUP,
    LOWEST,
    OFFSET,
    SET_FIELDS,
    STEP,
)
from nlac.codec.lpc_steps import rank_near, value
from nlac.predictors.cascade_predict import learn_sample, predict_sample, set_lag

PIECE = 1024  # frames that share a value set
SPAN = 16384  # frames that share a lag


class Course(NamedTuple):
    """What a block says of its course in time (times are delayed frames).

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    delay : (channels,) int64
        Frames that a channel lags behind.
    lag : (spans,) int64
        Frames back to the earlier occurrence, 0 for none.
    value_set : (pieces, channels) int64
        Index into the value sets.
    """

    frames: int
    delay: NDArray[np.int64]
    lag: NDArray[np.int64]
    value_set: NDArray[np.int64]


@kernel
def _limit(locations, count, low, high):
    """Keep locations within the present value set."""
    for i in range(count):
        store_64(locations, i, min(max(load_i64(locations, i), low), high))


@kernel
def encode_loop(
    course, sets, predictors, location_rows, count, shared_row, mixtures, pcm, word_buffer,
    raw_buffer,
):
    """Code all samples; returns the lengths written to the buffers.

    `pcm` is (channels, frames) int32 in coding order. Lengths of -1 tell that a
    sample is not in its value set.
    """
    frames, channels = course.frames, len(course.delay)
    delays, lags, value_set = address(course.delay), address(course.lag), address(course.value_set)
    # so that a set's fields have the places that they have in a cell of `lpc`
    table = address(sets.rows) - 8 * KIND
    values, ranks = address(sets.values), address(sets.ranks)
    shared, samples = address(shared_row), address(pcm)
    rows, row_bytes = address(predictors), 8 * predictors.shape[1]
    places, place_bytes = address(location_rows), 8 * location_rows.shape[1]
    states, state_bytes = address(mixtures), 8 * mixtures.shape[1]
    words, raw = address(word_buffer), address(raw_buffer)
    pos, lower, rng, held, first = 0, ZERO, FULL, 0, ZERO
    raw_pos, acc, fill = 0, ZERO, 0
    total = frames + course.delay.max()
    for t in range(total):
        if t % PIECE == 0:
            lag = load_i64(lags, t // SPAN)
            if lag > t:
                lag = np.int64(0)  # not in the block yet
            for c in range(channels):
                set_lag(rows + c * row_bytes, lag)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = table + 8 * SET_FIELDS * load_i64(value_set, (t // PIECE) * channels + c)
            kind, step = load_i64(entry, KIND), load_i64(entry, STEP)
            offset, lookup = load_i64(entry, OFFSET), load_i64(entry, LOOKUP)
            low, high = load_i64(entry, FIRST), load_i64(entry, LAST)
            spread = load_i64(entry, FINE) - FINEST
            predictor = rows + c * row_bytes
            locations = places + c * place_bytes
            state = states + c * state_bytes
            predict_sample(predictor, t)
            _limit(locations, count, load_i64(entry, LOWEST), load_i64(entry, HIGHEST))
            mixture_prepare(shared, state, locations)
            sample = load_i32(samples, c * frames + at)
            rank = sample
            if kind > 0:
                rank = rank_near(kind, step, offset, values, ranks, lookup, low, high, sample << 8)
            if rank < low or rank > high or value(kind, step, offset, values, rank) != sample:
                return -1, -1
            left, width, rest, low_bits = mixture_code(
                shared, state, kind, step, offset, values, low, high, spread, rank
            )
            if low_bits > 0:
                raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, rest, low_bits)
            pos, lower, rng, held, first = encode_interval(
                words, pos, lower, rng, held, first, left, width
            )
            mixture_learn(shared, state, sample)
            learn_sample(predictor, t, sample)
    if fill > 0:
        raw_pos, acc, fill = put_bits(raw, raw_pos, acc, fill, 0, 32 - fill)
    return seal(words, pos, lower, rng, held, first), raw_pos


@kernel
def decode_loop(
    course, sets, predictors, location_rows, count, shared_row, mixtures, pcm, word_buffer,
    raw_buffer,
):
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
    frames, channels = course.frames, len(course.delay)
    delays, lags, value_set = address(course.delay), address(course.lag), address(course.value_set)
    # so that a set's fields have the places that they have in a cell of `lpc`
    table = address(sets.rows) - 8 * KIND
    values, ranks = address(sets.values), address(sets.ranks)
    shared, samples = address(shared_row), address(pcm)
    rows, row_bytes = address(predictors), 8 * predictors.shape[1]
    places, place_bytes = address(location_rows), 8 * location_rows.shape[1]
    states, state_bytes = address(mixtures), 8 * mixtures.shape[1]
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    pos, lower, rng, point = decode_start(words, num_words)
    raw_at = 0
    total = frames + course.delay.max()
    for t in range(total):
        if t % PIECE == 0:
            lag = load_i64(lags, t // SPAN)
            if lag > t:
                lag = np.int64(0)  # not in the block yet
            for c in range(channels):
                set_lag(rows + c * row_bytes, lag)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = table + 8 * SET_FIELDS * load_i64(value_set, (t // PIECE) * channels + c)
            kind, step = load_i64(entry, KIND), load_i64(entry, STEP)
            offset, lookup = load_i64(entry, OFFSET), load_i64(entry, LOOKUP)
            low, high = load_i64(entry, FIRST), load_i64(entry, LAST)
            spread = load_i64(entry, FINE) - FINEST
            predictor = rows + c * row_bytes
            locations = places + c * place_bytes
            state = states + c * state_bytes
            predict_sample(predictor, t)
            _limit(locations, count, load_i64(entry, LOWEST), load_i64(entry, HIGHEST))
            mixture_prepare(shared, state, locations)
            q = decode_quantile(lower, rng, point)
            if q < 0:
                return -1, -1
            left, width, rank, raw_at = mixture_decode(
                shared, state, kind, step, offset, values, low, high, spread, ranks, lookup, q,
                raw, num_raw, raw_at,
            )
            if width == 0:
                return -1, -1
            pos, lower, rng, point = decode_advance(
                words, num_words, pos, lower, rng, point, left, width
            )
            sample = value(kind, step, offset, values, rank)
            store_32(samples, c * frames + at, sample)
            mixture_learn(shared, state, sample)
            learn_sample(predictor, t, sample)
    return pos, raw_at

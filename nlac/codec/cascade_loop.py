"""The `cascade` loops: predict, code, learn, sample by sample, all in one compiled function.

Encoder and decoder take the same steps in the same order; they differ only in
who knows the sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import address, load_i32, load_i64, store_32
from nlac.bitstream.bits import end_bits
from nlac.bitstream.rangecoder import FULL, ZERO, decode_start, seal
from nlac.codec.cascade_mixture import mixture_learn, mixture_prepare
from nlac.codec.cascade_steps import (
    PIECE,
    channel_of,
    code_sample,
    course_of,
    decode_sample,
    limit_locations,
    set_in_force,
    set_lags,
)
from nlac.codec.lpc_plan import HIGHEST, LOWEST
from nlac.codec.lpc_steps import step
from nlac.predictors.cascade_predict import learn_sample, predict_sample


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


@step
def _prepare(predictor, locations, count, entry, shared, state, t):
    """Predict the sample of frame t, and what it may be."""
    predict_sample(predictor, t)
    limit_locations(locations, count, load_i64(entry, LOWEST), load_i64(entry, HIGHEST))
    mixture_prepare(shared, state, locations)


@step
def _learn(predictor, shared, state, sample, t):
    """Learn from the sample."""
    mixture_learn(shared, state, sample)
    learn_sample(predictor, t, sample)


@kernel
def encode_loop(course, sets, rows, pcm, word_buffer, raw_buffer):
    """Code all samples; returns the lengths written to the buffers.

    `pcm` is (channels, frames) int32 in coding order. Lengths of -1 tell that a
    sample is not in its value set.
    """
    frames, channels, delays, lags, value_set, table, values, ranks = course_of(course, sets)
    shared, samples = address(rows.shared), address(pcm)
    words, raw = address(word_buffer), address(raw_buffer)
    coder, bits = (np.int64(0), ZERO, FULL, np.int64(0), ZERO), (np.int64(0), ZERO, np.int64(0))
    for t in range(frames + course.delay.max()):
        if t % PIECE == 0:
            set_lags(rows.predictors, lags, t)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = set_in_force(table, value_set, t, channels, c)
            predictor, locations, state = channel_of(rows, c)
            _prepare(predictor, locations, rows.num_locations, entry, shared, state, t)
            sample = load_i32(samples, c * frames + at)
            good, coder, bits = code_sample(
                shared, state, entry, values, ranks, sample, words, coder, raw, bits
            )
            if not good:
                return -1, -1
            _learn(predictor, shared, state, sample, t)
    return seal(words, *coder), end_bits(raw, *bits)


@kernel
def decode_loop(course, sets, rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`; returns words and raw bits used, or -1, -1 on bad data."""
    frames, channels, delays, lags, value_set, table, values, ranks = course_of(course, sets)
    shared, samples = address(rows.shared), address(pcm)
    words, raw = address(word_buffer), address(raw_buffer)
    num_words, num_raw = len(word_buffer), len(raw_buffer)
    coder = decode_start(words, num_words)
    raw_at = np.int64(0)
    for t in range(frames + course.delay.max()):
        if t % PIECE == 0:
            set_lags(rows.predictors, lags, t)
        for c in range(channels):
            at = t - load_i64(delays, c)
            if at < 0 or at >= frames:
                continue
            entry = set_in_force(table, value_set, t, channels, c)
            predictor, locations, state = channel_of(rows, c)
            _prepare(predictor, locations, rows.num_locations, entry, shared, state, t)
            good, sample, coder, raw_at = decode_sample(
                shared, state, entry, values, ranks, words, num_words, coder, raw, num_raw, raw_at
            )
            if not good:
                return -1, -1
            store_32(samples, c * frames + at, sample)
            _learn(predictor, shared, state, sample, t)
    return coder[0], raw_at

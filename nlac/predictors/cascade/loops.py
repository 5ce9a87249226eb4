"""The `cascade` loops: predict, code and learn, sample by sample, in one compiled function.

Encoder and decoder run the same kernels in the same order. They differ only in where the sample
comes from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._progress import current_meter
from nlac._typing import U32
from nlac.entropy.adaptive_mixture.model import mixture_learn, mixture_prepare
from nlac.entropy.adaptive_mixture.state import mixture_shared, mixture_state
from nlac.entropy.bits import end_bits
from nlac.entropy.range_kernels import FULL, ZERO, decode_start, seal
from nlac.entropy.value_kernels import set_table
from nlac.entropy.words import new_buffers
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, store_32
from nlac.predictors.cascade.kernels import (
    PIECE,
    Rows,
    channel_of,
    code_sample,
    decode_sample,
    frame_of,
    limit_locations,
    payload_of,
    schedule_of,
    set_in_force,
    set_lags,
)
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.predictor import learn_sample, predict_sample
from nlac.predictors.cascade.side_info import SideInfo, first_state
from nlac.predictors.cascade.state import CascadeState


@inline_kernel
def prepare(predictor, locations, count, entry, shared, state, t):
    """Predict the sample of delayed frame t, and prepare its mixture."""
    predict_sample(predictor, t)
    limit_locations(locations, count, entry.lowest, entry.highest)
    mixture_prepare(shared, state, locations)


@inline_kernel
def learn(predictor, shared, state, sample, t):
    """Update the mixture and the predictor with the sample of delayed frame t."""
    mixture_learn(shared, state, sample)
    learn_sample(predictor, t, sample)


@kernel
def encode_loop(schedule, sets, rows, pcm, word_buffer, raw_buffer):
    """Code all samples.

    Parameters
    ----------
    schedule : Schedule
    sets : SetTable
    rows : Rows
        Changed in place.
    pcm : (channels, frames) int32
        In coding order.
    word_buffer, raw_buffer : uint32
        For the range coder's words and for raw bits.

    Returns
    -------
    words, raw_words : int
        Numbers of words written; -1, -1 if a sample is not in its value set.
    """
    block = schedule_of(schedule, sets)
    shared, samples = address(rows.shared), address(pcm)
    words, raw = address(word_buffer), address(raw_buffer)
    coder, bits = (np.int64(0), ZERO, FULL, np.int64(0), ZERO), (np.int64(0), ZERO, np.int64(0))
    for t in range(block.total):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
            rows.progress[0] = t
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, state = channel_of(rows, c)
            prepare(predictor, locations, rows.num_locations, entry, shared, state, t)
            sample = load_i32(samples, c * block.frames + at)
            good, coder, bits = code_sample(
                shared, state, entry, sample, words, coder, raw, bits
            )
            if not good:
                return -1, -1
            learn(predictor, shared, state, sample, t)
    return seal(words, *coder), end_bits(raw, *bits)


@kernel
def decode_loop(schedule, sets, rows, pcm, word_buffer, raw_buffer):
    """Decode all samples into `pcm`; the arguments are those of `encode_loop`.

    Returns
    -------
    words_taken, bits_taken : int
        -1, -1 if the data is bad.
    """
    block = schedule_of(schedule, sets)
    shared, samples = address(rows.shared), address(pcm)
    payload = payload_of(word_buffer, raw_buffer)
    coder = decode_start(payload.words, payload.num_words)
    raw_at = np.int64(0)
    for t in range(block.total):
        if t % PIECE == 0:
            set_lags(rows.predictors, block.lags, t)
            rows.progress[0] = t
        for c in range(block.channels):
            at = frame_of(block, t, c)
            if at < 0:
                continue
            entry = set_in_force(block, t, c)
            predictor, locations, state = channel_of(rows, c)
            prepare(predictor, locations, rows.num_locations, entry, shared, state, t)
            good, sample, coder, raw_at = decode_sample(
                shared, state, entry, payload, coder, raw_at
            )
            if not good:
                return -1, -1
            store_32(samples, c * block.frames + at, sample)
            learn(predictor, shared, state, sample, t)
    return coder[0], raw_at


def encode_samples(
    side_info: SideInfo, parameters: CascadeParameters, ordered: NDArray[np.int32]
) -> tuple[U32, U32] | None:
    """Return the payload words of the samples, (channels, frames) in coding order.

    They are the range coder's words and the words of raw bits; None if a sample is not in its
    value set.
    """
    state = first_state(side_info, parameters)
    words, raw = new_buffers(ordered.size)
    used, raw_used = encode_loop(
        side_info.schedule,
        set_table(side_info.sets),
        first_rows(side_info, parameters, state),
        ordered,
        words,
        raw,
    )
    return None if used < 0 else (words[:used], raw[:raw_used])


def decode_samples(
    side_info: SideInfo, parameters: CascadeParameters, pcm: NDArray[np.int32],
    words: U32, raw: U32,
) -> tuple[int, int]:
    """Fill `pcm`; returns the words and raw bits taken, or -1, -1 if the data is bad."""
    state = first_state(side_info, parameters)
    taken, used = decode_loop(
        side_info.schedule,
        set_table(side_info.sets),
        first_rows(side_info, parameters, state),
        pcm,
        words,
        raw,
    )
    return taken, used


def first_rows(side_info: SideInfo, parameters: CascadeParameters, state: CascadeState) -> Rows:
    """Rows of a block at its start; `state` is its `first_state`, and must live as long."""
    count = parameters.num_locations
    mixtures = mixture_state(side_info.initial_scale, count, side_info.reference)
    progress = current_meter().start_pass(side_info.schedule.frames)
    return Rows(
        state.channels, state.locations, mixtures, mixture_shared(count), count, progress
    )  # fmt: skip

"""Kernels of the `cascade`, `cnn` and `gru` loops, shared by encoder and decoder.

All arithmetic is in int64; arrays are passed as addresses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.adaptive_mixture.coding import mixture_code, mixture_decode
from nlac.entropy.bits import put_bits
from nlac.entropy.range_kernels import decode_advance, decode_quantile, encode_interval
from nlac.entropy.value_kernels import SET_CELLS, load_set, rank_of, value
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i64, store_64
from nlac.predictors.cascade.predictor import set_lag

PIECE = 1024  # frames that share a value set
LAG_SPAN = 16384  # frames that share a lag


class Rows(NamedTuple):
    """State of a block's channels, one row of cells for each, as the loops take it.

    Attributes
    ----------
    predictors : (channels, CHANNEL_CELLS) int64
        States of the predictors.
    locations : (channels, LOCATIONS) int64
        Predictions of the present sample, Q8.
    mixtures : (channels, MIXTURE_CELLS) int64
        States of the entropy models.
    shared : (SHARED_CELLS,) int64
        What all entropy models share.
    num_locations : int
        Predictions of a sample that an entropy model uses.
    progress : (1,) int64
        The delayed frame that a loop is at, for who watches.
    """

    predictors: NDArray[np.int64]
    locations: NDArray[np.int64]
    mixtures: NDArray[np.int64]
    shared: NDArray[np.int64]
    num_locations: int
    progress: NDArray[np.int64]


class BlockSchedule(NamedTuple):
    """Schedule and value sets of a block, as the kernels take them; arrays are addresses.

    Attributes
    ----------
    frames, channels, total : int
        Frames without delays, channels, and frames with the largest delay.
    delays, lags, value_set : int
        Arrays of `Schedule`.
    sets, values, ranks : int
        Arrays of `SetTable`.
    """

    frames: int
    channels: int
    total: int
    delays: int
    lags: int
    value_set: int
    sets: int
    values: int
    ranks: int


class Payload(NamedTuple):
    """Payload words of a decoder: addresses and lengths, in 32-bit words.

    Attributes
    ----------
    words, num_words : int
        Of the range coder.
    raw, num_raw : int
        Of the raw bits.
    """

    words: int
    num_words: int
    raw: int
    num_raw: int


@inline_kernel
def schedule_of(schedule, sets):
    """Take the addresses of a `Schedule` and a `SetTable`."""
    return BlockSchedule(
        schedule.frames, len(schedule.delay), schedule.frames + schedule.delay.max(),
        address(schedule.delay), address(schedule.lag), address(schedule.value_set),
        address(sets.rows), address(sets.values), address(sets.ranks),
    )  # fmt: skip


@inline_kernel
def payload_of(word_buffer, raw_buffer):
    """Take the addresses of a decoder's payload words, uint32 arrays."""
    return Payload(address(word_buffer), len(word_buffer), address(raw_buffer), len(raw_buffer))


@inline_kernel
def frame_of(block, t, c):
    """Own frame of a channel at delayed frame t; -1 where it has no sample."""
    at = t - load_i64(block.delays, c)
    return at if at < block.frames else np.int64(-1)


@inline_kernel
def row(table, c):
    """Address of row c of a table of int64 cells."""
    return address(table) + 8 * table.shape[1] * c


@inline_kernel
def channel_of(rows, c):
    """Addresses of a channel's predictor, locations and mixture."""
    return row(rows.predictors, c), row(rows.locations, c), row(rows.mixtures, c)


@kernel
def set_lags(predictors, lags, t):
    """Apply the lag of the span of delayed frame t to all channels."""
    lag = load_i64(lags, t // LAG_SPAN)
    if lag > t:
        lag = np.int64(0)  # the LTP match begins before the block
    for c in range(len(predictors)):
        set_lag(row(predictors, c), lag)


@inline_kernel
def set_in_force(block, t, c):
    """Value set of a channel at delayed frame t."""
    index = load_i64(block.value_set, (t // PIECE) * block.channels + c)
    return load_set(block.sets + 8 * SET_CELLS * index, block.values, block.ranks)


@inline_kernel
def limit_locations(locations, count, low, high):
    """Clip locations (Q8) to the ends of the present value set."""
    for i in range(count):
        store_64(locations, i, min(max(load_i64(locations, i), low), high))


@inline_kernel
def code_sample(shared, state, entry, sample, words, coder, raw, bits):
    """Code a sample; returns whether it is in its value set, and both writers' states.

    `coder` is the state of the range coder, `bits` that of the raw bits.
    """
    rank = rank_of(entry, sample)
    if rank < entry.first or rank > entry.last or value(entry, rank) != sample:
        return False, coder, bits
    left, width, rest, low_bits = mixture_code(shared, state, entry, rank)
    if low_bits > 0:
        place, waiting, fill = bits
        bits = put_bits(raw, place, waiting, fill, rest, low_bits)
    pos, lower, rng, held, first = coder
    coder = encode_interval(words, pos, lower, rng, held, first, left, width)
    return True, coder, bits


@inline_kernel
def decode_sample(shared, state, entry, payload, coder, raw_at):
    """Decode a sample; returns whether the data is good, the sample, and both readers' states.

    `coder` is the state of the range coder, `raw_at` the place of the next raw bit.
    """
    pos, lower, rng, point = coder
    q = decode_quantile(lower, rng, point)
    if q < 0:
        return False, np.int64(0), coder, raw_at
    left, width, rank, raw_at = mixture_decode(
        shared, state, entry, q, payload.raw, payload.num_raw, raw_at
    )
    if width == 0:
        return False, np.int64(0), coder, raw_at
    coder = decode_advance(
        payload.words, payload.num_words, pos, lower, rng, point, left, width
    )
    return True, value(entry, rank), coder, raw_at

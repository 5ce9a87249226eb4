"""Steps of the loops of `cascade`, `cnn` and `gru`: each exists once, for encoder and decoder.

All compiled, all in int64; arrays are addresses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.adaptive_mixture import mixture_code, mixture_decode
from nlac.entropy.bits import put_bits
from nlac.entropy.range_kernels import decode_advance, decode_quantile, encode_interval
from nlac.entropy.value_kernels import FINEST, rank_near, value
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i64, store_64
from nlac.predictors.cascade.predictor import set_lag
from nlac.predictors.lpc.plan import FINE, FIRST, KIND, LAST, LOOKUP, OFFSET, SET_FIELDS, STEP

PIECE = 1024  # frames that share a value set
LAG_SPAN = 16384  # frames that share a lag


class Rows(NamedTuple):
    """What a block's channels have learnt: tables with a row for each.

    Attributes
    ----------
    predictors : (channels, cells) int64
        States of the cascades.
    locations : (channels, cells) int64
        Where these put their predictions.
    mixtures : (channels, cells) int64
        States of the entropy models.
    shared : (cells,) int64
        What all entropy models share.
    num_locations : int
        How many predictions of a sample these take.
    """

    predictors: NDArray[np.int64]
    locations: NDArray[np.int64]
    mixtures: NDArray[np.int64]
    shared: NDArray[np.int64]
    num_locations: int


@inline_kernel
def schedule_of(schedule, sets):
    """Numbers of frames and channels; addresses of the course, of the sets and of their lists."""
    return (
        schedule.frames, len(schedule.delay),
        address(schedule.delay), address(schedule.lag), address(schedule.value_set),
        address(sets.rows), address(sets.values), address(sets.ranks),
    )  # fmt: skip


@inline_kernel
def row(table, c):
    """Address of a row of int64 cells."""
    return address(table) + 8 * table.shape[1] * c


@inline_kernel
def channel_of(rows, c):
    """Addresses of a channel's cascade, of its locations and of its mixture."""
    return row(rows.predictors, c), row(rows.locations, c), row(rows.mixtures, c)


@kernel
def set_lags(predictors, lags, t):
    """Let the earlier occurrence of a span take effect in all channels."""
    lag = load_i64(lags, t // LAG_SPAN)
    if lag > t:
        lag = np.int64(0)  # not in the block yet
    for c in range(len(predictors)):
        set_lag(row(predictors, c), lag)


@inline_kernel
def set_in_force(table, value_set, t, channels, c):
    """Address at which a channel's value set has its fields as a cell of `lpc` has them."""
    index = load_i64(value_set, (t // PIECE) * channels + c)
    return table - 8 * KIND + 8 * SET_FIELDS * index


@inline_kernel
def limit_locations(locations, count, low, high):
    """Keep locations within the present value set."""
    for i in range(count):
        store_64(locations, i, min(max(load_i64(locations, i), low), high))


@inline_kernel
def code_sample(shared, state, entry, values, ranks, sample, words, coder, raw, bits):
    """Code a sample; returns whether it is in its value set, and both writers' states.

    `coder` is the range coder's state, `bits` that of the bit string.
    """
    kind, size, offset = load_i64(entry, KIND), load_i64(entry, STEP), load_i64(entry, OFFSET)
    low, high = load_i64(entry, FIRST), load_i64(entry, LAST)
    rank = sample
    if kind > 0:
        rank = rank_near(
            kind, size, offset, values, ranks, load_i64(entry, LOOKUP), low, high, sample << 8
        )
    if rank < low or rank > high or value(kind, size, offset, values, rank) != sample:
        return False, coder, bits
    left, width, rest, low_bits = mixture_code(
        shared, state, kind, size, offset, values, low, high, load_i64(entry, FINE) - FINEST, rank
    )
    if low_bits > 0:
        place, waiting, fill = bits
        bits = put_bits(raw, place, waiting, fill, rest, low_bits)
    pos, lower, rng, held, first = coder
    coder = encode_interval(words, pos, lower, rng, held, first, left, width)
    return True, coder, bits


@inline_kernel
def decode_sample(
    shared, state, entry, values, ranks, words, num_words, coder, raw, num_raw, raw_at
):
    """Decode a sample; returns whether the data are good, it, and both readers' states."""
    kind, size, offset = load_i64(entry, KIND), load_i64(entry, STEP), load_i64(entry, OFFSET)
    pos, lower, rng, point = coder
    q = decode_quantile(lower, rng, point)
    if q < 0:
        return False, np.int64(0), coder, raw_at
    left, width, rank, raw_at = mixture_decode(
        shared, state, kind, size, offset, values, load_i64(entry, FIRST), load_i64(entry, LAST),
        load_i64(entry, FINE) - FINEST, ranks, load_i64(entry, LOOKUP), q, raw, num_raw, raw_at,
    )
    if width == 0:
        return False, np.int64(0), coder, raw_at
    coder = decode_advance(words, num_words, pos, lower, rng, point, left, width)
    return True, value(kind, size, offset, values, rank), coder, raw_at

"""Decode a block of `lpc`: forward-adaptive linear prediction (spec, section "lpc block")."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream.constants import CODER_AUTO, CODER_RANGE, CODER_RICE
from nlac.bitstream.header import StreamHeader
from nlac.entropy.distributions import tables
from nlac.entropy.small_residuals import new_contexts
from nlac.entropy.value_sets import ValueSet, read_sets, write_sets
from nlac.entropy.varint import read_varint, write_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.lpc.kernels import new_rows, new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import make_plan
from nlac.predictors.lpc.range_loops import decode_loop
from nlac.predictors.lpc.rice_loops import decode_rice
from nlac.predictors.lpc.side_info import read_parameters, write_parameters
from nlac.predictors.prefilter import decode_prefiltered

RANGE, RICE = 0, 1
_CODERS = {CODER_AUTO: (RANGE, RICE), CODER_RANGE: (RANGE,), CODER_RICE: (RICE,)}


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> NDArray[np.int32]:
    """Decode the channels of a block with `decode_lpc`; see `Method.decode`."""
    return decode_lpc(data, at, frames, channels, stream.coder_id)


def decode_lpc(
    data: bytes, at: int, frames: int, channels: int, coder_id: int = CODER_AUTO
) -> NDArray[np.int32]:
    """Decode the channels of a block.

    Parameters
    ----------
    data : bytes
        The block begins at `at`, and `data` ends with it.
    at, frames, channels : int
    coder_id : int
        Coder of the stream, which may exclude one of the block's.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    return decode_prefiltered(data, at, frames, channels, partial(decode_plain, coder_id=coder_id))


def decode_plain(
    data: bytes, at: int, frames: int, channels: int, coder_id: int
) -> NDArray[np.int32]:
    """Decode a block without prefilters; see `decode_lpc`."""
    coder, at = read_varint(data, at)
    if coder not in _CODERS[coder_id]:
        raise CorruptStream(f"coder {coder} is not one of the stream's", path="coder")
    order, sets, parameters, at = read_side_info(data, at, frames, channels)
    state, rows = new_state(parameters.initial_scale), new_rows(parameters)
    plan = make_plan(parameters, sets, rows.shape[1], order)
    pcm = np.empty((channels, frames), np.int32)
    if coder == RICE:
        words, raw = read_words(data, at, 0)
        taken, used = 0, decode_rice(plan, state, rows, pcm, raw)
    else:
        count, at = read_varint(data, at)
        words, raw = read_words(data, at, count)
        contexts = new_contexts(channels)
        taken, used = decode_loop(plan, tables(), state, contexts, rows, pcm, words, raw)
    check_end(words, raw, taken, used)
    return pcm


def write_side_info(order: Sequence[int], sets: list[ValueSet], parameters: LpcParameters) -> bytes:
    """Return the bytes of coding order, value sets and parameters."""
    return b"".join(map(write_varint, order)) + write_sets(sets) + write_parameters(parameters)


def read_side_info(
    data: bytes, at: int, frames: int, channels: int
) -> tuple[list[int], list[ValueSet], LpcParameters, int]:
    """Parse what `write_side_info` wrote.

    Returns
    -------
    order : list of int
        Place in the block of each channel in coding order.
    sets : list of ValueSet
    parameters : LpcParameters
    at : int
        Where the side information ends.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    order: list[int] = []
    for c in range(channels):
        place, at = read_varint(data, at)
        if place >= channels or place in order:
            raise CorruptStream("not a permutation", path=f"channel[{c}].place")
        order.append(place)
    sets, at = read_sets(data, at)
    parameters, at = read_parameters(data, at, frames, channels, len(sets))
    return order, sets, parameters, at

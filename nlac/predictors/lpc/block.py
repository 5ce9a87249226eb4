"""A block of `lpc`: from samples to bytes and back (spec, section "lpc block").

Everything an encoder may choose is chosen here, in this order: how channels pair and
where the block repeats itself (`preparation`), segments and coefficients, which values
occur (`set_choice`), and at last the coder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream.constants import CODER_AUTO, CODER_RANGE, CODER_RICE
from nlac.bitstream.header import StreamHeader
from nlac.entropy.distributions import tables
from nlac.entropy.value_sets import ValueSet, read_sets, write_sets
from nlac.entropy.varint import read_varint, write_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.lpc.kernels import new_rows, new_state
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.plan import make_plan
from nlac.predictors.lpc.range_loops import decode_loop
from nlac.predictors.lpc.rice_loops import decode_rice
from nlac.predictors.lpc.side_info import read_layout, write_layout

RANGE, RICE = 0, 1
_CODERS = {CODER_AUTO: (RANGE, RICE), CODER_RANGE: (RANGE,), CODER_RICE: (RICE,)}


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> NDArray[np.int32]:
    """Decode the channels of a block, as `decode_lpc`."""
    return decode_lpc(data, at, frames, channels, stream.coder_id)


def decode_lpc(
    data: bytes, at: int, frames: int, channels: int, coder_id: int = CODER_AUTO
) -> NDArray[np.int32]:
    """Decode the channels of a block; `data` ends with it.

    `coder_id` is the stream's, which may rule out one of the coders.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    coder, at = read_varint(data, at)
    if coder not in _CODERS[coder_id]:
        raise CorruptStream(f"coder {coder} is not one of the stream's", path="coder")
    order, sets, layout, at = read_side_info(data, at, frames, channels)
    state, rows = new_state(layout.initial_scale), new_rows(layout)
    plan = make_plan(layout, sets, rows.shape[1], order)
    pcm = np.empty((channels, frames), np.int32)
    if coder == RICE:
        words, raw = read_words(data, at, 0)
        taken, used = 0, decode_rice(plan, state, rows, pcm, raw)
    else:
        count, at = read_varint(data, at)
        words, raw = read_words(data, at, count)
        taken, used = decode_loop(plan, tables(), state, rows, pcm, words, raw)
    check_end(words, raw, taken, used)
    return pcm


def write_side_info(order: Sequence[int], sets: list[ValueSet], layout: LpcParameters) -> bytes:
    """Bytes of coding order, value sets and layout."""
    return b"".join(map(write_varint, order)) + write_sets(sets) + write_layout(layout)


def read_side_info(
    data: bytes, at: int, frames: int, channels: int
) -> tuple[list[int], list[ValueSet], LpcParameters, int]:
    """Parse what `write_sides` wrote; returns it and where it ends.

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
    layout, at = read_layout(data, at, frames, channels, len(sets))
    return order, sets, layout, at



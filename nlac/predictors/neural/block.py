"""Decode a block of `cnn` or `gru` (spec, section "Network block").

A network corrects a cascade, or the windows of an `lpc` block; a block may do without it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.bitstream.header import StreamHeader
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.varint import read_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.cascade.block import CASCADE, in_block_order, read_cascade
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.cascade.parameters import MAX_HISTORY_SHIFT, MIN_HISTORY_SHIFT
from nlac.predictors.cascade.side_info import first_state
from nlac.predictors.lpc.block import decode_lpc, read_side_info
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.networks.layers import Network
from nlac.predictors.neural.base import ForwardState, side_info_of
from nlac.predictors.neural.models import needed_model
from nlac.predictors.neural.samples import BasePredictor, decode_samples

FORWARD = 3  # where an `lpc` block tells its coder


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> NDArray[np.int32]:
    """Decode the channels of a block with the model that the stream names.

    Raises
    ------
    ModelMismatch
        The model is not here.
    CorruptStream
        The bytes are not what an encoder writes.
    """
    network = needed_model(stream).network
    return decode_network(data, at, frames, channels, stream.coder_id, network)


def decode_network(
    data: bytes, at: int, frames: int, channels: int, coder_id: int, network: Network
) -> NDArray[np.int32]:
    """Decode the channels of a block of any kind; `data` ends with it.

    `coder_id` is the stream's, which may rule out one of the coders of an `lpc` block.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    kind, after = read_varint(data, at)
    if kind == FORWARD:
        return decode_forward(data, at, frames, channels, network)
    if kind != CASCADE:
        return decode_lpc(data, at, frames, channels, coder_id)
    side_info, parameters, words, raw = read_cascade(data, after, frames, channels)
    front = BasePredictor.start(side_info, first_state(side_info, parameters), parameters)
    return _decode(front, side_info.order, frames, network, words, raw)


def decode_forward(
    data: bytes, at: int, frames: int, channels: int, network: Network
) -> NDArray[np.int32]:
    """Decode the channels of a block of kind `FORWARD`; `data` ends with it.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    at += 1  # the kind
    order, sets, layout, at = read_side_info(data, at, frames, channels)
    if np.any(layout.starts[:-1] % PIECE):
        raise CorruptStream("begins within a piece", path="segments")
    units = []
    for c in range(channels):
        unit, at = read_varint(data, at)
        if unit > MAX_HISTORY_SHIFT - MIN_HISTORY_SHIFT:
            raise CorruptStream(f"{unit} is too large", path=f"channel[{c}].unit")
        units.append(unit + MIN_HISTORY_SHIFT)
    count, at = read_varint(data, at)
    words, raw = read_words(data, at, count)
    front = start_base(order, layout, sets, units)
    return _decode(front, order, frames, network, words, raw)


def _decode(
    front: BasePredictor, order: list[int], frames: int, network: Network, words: U32, raw: U32
) -> NDArray[np.int32]:
    pcm = np.zeros((len(order), frames), np.int32)
    taken, bits = decode_samples(front, network, pcm, words, raw)
    check_end(words, raw, taken, bits)
    return in_block_order(pcm, order)


def start_base(
    order: list[int], layout: LpcParameters, sets: list[ValueSet], units: list[int]
) -> BasePredictor:
    """The front of a block at its beginning."""
    return BasePredictor.forward(
        side_info_of(order, layout, sets, units), ForwardState(layout, sets, units)
    )

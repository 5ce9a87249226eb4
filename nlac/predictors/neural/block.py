"""Decode a block of `cnn` or `gru` (spec, section "Network block").

A network corrects a base predictor: a cascade or the windows of an `lpc` block. A block may also be
an `lpc` block, without a network.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import U32
from nlac.bitstream.header import StreamHeader
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.varint import read_varint
from nlac.entropy.words import check_end, read_words
from nlac.predictors.cascade.block import CASCADE, decode_cascade, in_block_order, read_cascade
from nlac.predictors.cascade.kernels import PIECE
from nlac.predictors.cascade.parameters import MAX_HISTORY_SHIFT, MIN_HISTORY_SHIFT
from nlac.predictors.cascade.side_info import first_state
from nlac.predictors.lpc.block import decode_plain, read_side_info
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.networks.layers import Network
from nlac.predictors.neural.base import ForwardState, side_info_of
from nlac.predictors.neural.kinds import CASCADE_ALONE, FORWARD
from nlac.predictors.neural.models import needed_model
from nlac.predictors.neural.samples import BasePredictor, decode_samples
from nlac.predictors.prefilter import decode_prefiltered


def decode(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
) -> Iterator[NDArray[np.int32]]:
    """Decode the channels of a block with the model that the stream names; see `Method.decode`.

    Raises
    ------
    ModelMismatch
        The model is not available.
    CorruptStream
        The bytes are not what an encoder writes.
    """
    network = needed_model(stream).network
    yield decode_network(data, at, frames, channels, stream.coder_id, network)


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
    decode = partial(_decode_plain, coder_id=coder_id, network=network)
    return decode_prefiltered(data, at, frames, channels, decode)


def _decode_plain(
    data: bytes, at: int, frames: int, channels: int, coder_id: int, network: Network
) -> NDArray[np.int32]:
    kind, after = read_varint(data, at)
    if kind == FORWARD:
        return decode_forward(data, at, frames, channels, network)
    if kind == CASCADE_ALONE:
        if read_varint(data, after)[0] != CASCADE:
            raise CorruptStream("not a cascade", path="kind")
        return decode_cascade(data, after, frames, channels, coder_id)
    if kind != CASCADE:
        return decode_plain(data, at, frames, channels, coder_id)
    side_info, parameters, words, raw = read_cascade(data, after, frames, channels)
    base = BasePredictor.start(side_info, first_state(side_info, parameters), parameters)
    return _decode(base, side_info.order, frames, network, words, raw)


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
    coded = read_forward(data, at + 1, frames, channels)
    return _decode(coded.start(), coded.order, frames, network, coded.words, coded.raw)


class CodedForward(NamedTuple):
    """A parsed block of kind `FORWARD`; channels are in coding order."""

    order: list[int]
    sets: list[ValueSet]
    parameters: LpcParameters
    history_shifts: list[int]
    words: U32
    raw: U32

    def start(self) -> BasePredictor:
        """Return the base predictor at the beginning of the block."""
        return start_base(self.order, self.parameters, self.sets, self.history_shifts)


def read_forward(data: bytes, at: int, frames: int, channels: int) -> CodedForward:
    """Parse a block from the byte after its kind; `data` ends with it.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    order, sets, parameters, at = read_side_info(data, at, frames, channels)
    if np.any(parameters.starts[:-1] % PIECE):
        raise CorruptStream("begins within a piece", path="segments")
    history_shifts = []
    for c in range(channels):
        shift, at = read_varint(data, at)
        if shift > MAX_HISTORY_SHIFT - MIN_HISTORY_SHIFT:
            raise CorruptStream(f"{shift} is too large", path=f"channel[{c}].unit")
        history_shifts.append(shift + MIN_HISTORY_SHIFT)
    count, at = read_varint(data, at)
    return CodedForward(order, sets, parameters, history_shifts, *read_words(data, at, count))


def _decode(
    base: BasePredictor, order: list[int], frames: int, network: Network, words: U32, raw: U32
) -> NDArray[np.int32]:
    pcm = np.zeros((len(order), frames), np.int32)
    taken, bits = decode_samples(base, network, pcm, words, raw)
    check_end(words, raw, taken, bits)
    return in_block_order(pcm, order)


def start_base(
    order: list[int], parameters: LpcParameters, sets: list[ValueSet], history_shifts: list[int]
) -> BasePredictor:
    """Return a forward base predictor at the beginning of a block."""
    return BasePredictor.forward(
        side_info_of(order, parameters, sets, history_shifts),
        ForwardState(parameters, sets, history_shifts),
    )

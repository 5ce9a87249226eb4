"""A block of `cnn` or `gru` behind the windows of an `lpc` block: samples to bytes and back.

Encoders have all predictions at once, so they let the network work in bulk (spec, section
"Network block").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError
from nlac.bitstream.varint import read_varint, write_varint
from nlac.codec.cascade_steps import PIECE
from nlac.codec.code_words import check_end, read_words, write_words
from nlac.codec.forward_front import ForwardState, head_of
from nlac.codec.lpc_block import (
    LpcSettings,
    encode_prepared,
    layouts,
    read_sides,
    write_sides,
)
from nlac.codec.lpc_rival import worth_trying
from nlac.codec.network_samples import Front, decode_samples, encode_samples, make_runners
from nlac.codec.preparation import prepare
from nlac.codec.value_sets import ValueSet
from nlac.predictors.cascade_units import LEAST_UNIT, MOST_UNIT, history_units
from nlac.predictors.layout import Layout
from nlac.predictors.networks.layers import Network

FORWARD = 3  # where an `lpc` block tells its coder


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    lpc : LpcSettings
        How to find the windows; segments have a multiple of `PIECE` frames.
    network : Network
        What corrects the prediction.
    device : str
        Where the network runs: "cpu", "cuda", or "auto" for a GPU if there is one.
    ahead : bool
        Let the windows run ahead of the network on a thread of their own.
    """

    lpc: LpcSettings
    network: Network
    device: str = "cpu"
    ahead: bool = False


def encode_forward(channels: NDArray[np.int32], settings: ForwardSettings) -> bytes:
    """Code the channels of a block, (channels, frames) int32, at least one of each."""
    block = prepare(channels, settings.lpc.search)
    order, ordered = block.pairing.order.tolist(), block.ordered
    units = history_units(ordered)
    bodies = []
    used: list[ValueSet] = []
    for layout, sets in layouts(block, settings.lpc):
        used = sets
        runners = make_runners(settings.network, len(ordered), settings.device)
        front = start_front(order, layout, sets, units)
        coded = encode_samples(front, ordered, runners, settings.ahead)
        if coded is None:
            raise NlacError("a sample is not in its value set: a fault of the encoder")
        sides = write_sides(order, sets, layout)
        sides += b"".join(write_varint(unit - LEAST_UNIT) for unit in units)
        bodies.append(bytes([FORWARD]) + sides + write_words(*coded))
    best = min(bodies, key=len)
    if worth_trying(block, used, len(best)):
        best = min(best, encode_prepared(block, settings.lpc), key=len)
    return best


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
    order, sets, layout, at = read_sides(data, at, frames, channels)
    if np.any(layout.starts[:-1] % PIECE):
        raise CorruptStream("begins within a piece", path="segments")
    units = []
    for c in range(channels):
        unit, at = read_varint(data, at)
        if unit > MOST_UNIT - LEAST_UNIT:
            raise CorruptStream(f"{unit} is too large", path=f"channel[{c}].unit")
        units.append(unit + LEAST_UNIT)
    count, at = read_varint(data, at)
    words, raw = read_words(data, at, count)
    pcm = np.zeros((channels, frames), np.int32)
    taken, bits = decode_samples(start_front(order, layout, sets, units), network, pcm, words, raw)
    check_end(words, raw, taken, bits)
    out = np.empty_like(pcm)
    out[order] = pcm
    return out


def start_front(
    order: list[int], layout: Layout, sets: list[ValueSet], units: list[int]
) -> Front:
    """The front of a block at its beginning."""
    return Front.forward(head_of(order, layout, sets, units), ForwardState(layout, sets, units))

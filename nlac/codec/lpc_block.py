"""A block of `lpc`: from samples to bytes and back (spec, section "lpc block").

Everything an encoder may choose is chosen here, in this order: how channels pair and
where the block repeats itself (`preparation`), segments and coefficients, which values
occur (`set_choice`), and at last the coder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError
from nlac.bitstream.constants import CODER_AUTO, CODER_RANGE, CODER_RICE
from nlac.bitstream.distribution import tables
from nlac.bitstream.varint import read_varint, write_varint
from nlac.codec.code_words import check_end, new_buffers, read_words, write_words
from nlac.codec.lpc_plan import Plan, make_plan
from nlac.codec.lpc_range import decode_loop, encode_loop
from nlac.codec.lpc_rice import decode_rice, encode_rice
from nlac.codec.lpc_side import read_layout, write_layout
from nlac.codec.lpc_steps import filled_rows, new_rows, new_state
from nlac.codec.preparation import Preparation, Search, first_means, prepare
from nlac.codec.set_choice import assign_sets, find_sets, low_bit_gains
from nlac.codec.value_sets import ValueSet, read_sets, write_sets
from nlac.predictors.layout import Layout
from nlac.predictors.lpc_analysis import Effort, analyse

RANGE, RICE = 0, 1
_CODERS = {CODER_AUTO: (RANGE, RICE), CODER_RANGE: (RANGE,), CODER_RICE: (RICE,)}
# where Rice codes are preferred: from this share of samples of few bits on, the range coder is
# tried, and taken where it saves one byte in so many, since it decodes at half the speed
_DEAR, _SAVES_ONE_IN = 0.25, 25
_DEEP_GAIN = 0.03  # bits a sample for which longer windows are worth a try
_SURE_GAIN = 0.15  # for which they alone are: shorter segments can't make up for that


@dataclass(frozen=True, slots=True)
class LpcSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    efforts : tuple of Effort
        Searches for segments and coefficients.
    guess : bool
        Do the second of two searches only where its longer windows promise something,
        and where they promise a lot, it alone; else do all and keep the smallest block.
    long_term : bool
        Look for repetition.
    thorough : bool
        Look for repetition at half the rate, and in windows of six seconds too.
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    coder : {"auto", "range", "rice"}
        Which coder; ``"auto"`` takes the smaller.
    quick : bool
        Where the choice is free, prefer Rice codes, which are quick to decode, unless they are
        much larger.
    """

    efforts: tuple[Effort, ...]
    guess: bool = True
    long_term: bool = True
    thorough: bool = True
    pieces: int = 24
    coder: str = "auto"
    quick: bool = False

    @property
    def search(self) -> Search:
        """How a block is to be prepared."""
        orders = None
        if self.guess and len(self.efforts) > 1:
            orders = self.efforts[0].max_order, self.efforts[1].max_order
        return Search(self.pieces, self.long_term, self.thorough, orders=orders)


def encode_lpc(channels: NDArray[np.int32], settings: LpcSettings) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one of each.
    settings : LpcSettings
    """
    return encode_prepared(prepare(channels, settings.search), settings)


def encode_prepared(block: Preparation, settings: LpcSettings) -> bytes:
    """Code a block that was prepared as `settings.search` says."""
    order = block.pairing.order.tolist()
    bodies = []
    for layout, sets in layouts(block, settings):
        body, coder = encode_samples(layout, sets, block.ordered, settings)
        bodies.append(bytes([coder]) + write_sides(order, sets, layout) + body)
    return min(bodies, key=len)


def layouts(
    block: Preparation, settings: LpcSettings
) -> Iterator[tuple[Layout, list[ValueSet]]]:
    """Layouts that may be the best for a prepared block, with their value sets."""
    efforts = settings.efforts
    if settings.guess and len(efforts) > 1:
        gain = block.deep_gain
        efforts = efforts[gain > _SURE_GAIN : 1 + (gain > _DEEP_GAIN)]
    ordered = block.ordered
    _, reference, delay = block.pairing
    found = find_sets(ordered)
    for effort in efforts:
        gains = low_bit_gains(ordered, delay, effort)
        frames = ordered.shape[1]
        layout = analyse(block.delayed, frames, reference, delay, block.lags, effort, gains)
        sets, value_set = assign_sets(found, ordered, delay, layout.starts)
        yield layout._replace(value_set=value_set, initial=first_means(ordered)), sets


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
    order, sets, layout, at = read_sides(data, at, frames, channels)
    state, rows = new_state(layout.initial), new_rows(layout)
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


def write_sides(order: Sequence[int], sets: list[ValueSet], layout: Layout) -> bytes:
    """Bytes of coding order, value sets and layout."""
    return b"".join(map(write_varint, order)) + write_sets(sets) + write_layout(layout)


def read_sides(
    data: bytes, at: int, frames: int, channels: int
) -> tuple[list[int], list[ValueSet], Layout, int]:
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


def encode_samples(
    layout: Layout, sets: list[ValueSet], ordered: NDArray[np.int32], settings: LpcSettings
) -> tuple[bytes, int]:
    """Code the samples with one coder or both; returns the bytes and the coder's number."""
    rows = filled_rows(layout, ordered)
    plan = make_plan(layout, sets, rows.shape[1])
    if settings.coder == "rice" or (settings.coder == "auto" and settings.quick):
        rice, dear = _code_rice(plan, layout, rows, ordered)
        if settings.coder == "rice" or dear < _DEAR * ordered.size:
            return rice, RICE
        body = _code_range(plan, layout, rows, ordered)
        saves = len(rice) - len(body)
        return (body, RANGE) if saves * _SAVES_ONE_IN > len(rice) else (rice, RICE)
    body = _code_range(plan, layout, rows, ordered)
    # Rice codes win only where hardly a bit is left to say
    if settings.coder == "auto" and len(body) * 8 < ordered.size // 4:
        rice, _ = _code_rice(plan, layout, rows, ordered)
        if len(rice) < len(body):
            return rice, RICE
    return body, RANGE


def _code_range(
    plan: Plan, layout: Layout, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> bytes:
    words, raw = new_buffers(ordered.size)
    state = new_state(layout.initial)
    used, raw_used = encode_loop(plan, tables(), state, rows, ordered, words, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    return write_words(words[:used], raw[:raw_used])


def _code_rice(
    plan: Plan, layout: Layout, rows: NDArray[np.int32], ordered: NDArray[np.int32]
) -> tuple[bytes, int]:
    raw = np.empty(2 * ordered.size + 64, np.uint32)
    used, dear = encode_rice(plan, new_state(layout.initial), rows, ordered, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    return raw[:used].astype("<u4").tobytes(), dear

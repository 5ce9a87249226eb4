"""A block of `cascade`: from samples to bytes and back (spec, section "cascade block").

Little travels but the samples' code words: how channels pair, where the block
repeats itself, which values occur, and from what scales it starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError
from nlac.bitstream.varint import read_varint, write_varint
from nlac.codec.cascade_loop import PIECE, SPAN, Course, decode_loop, encode_loop
from nlac.codec.cascade_mixture import mixture_shared, mixture_state
from nlac.codec.lpc_block import LpcSettings, decode_lpc, encode_prepared
from nlac.codec.lpc_plan import set_table
from nlac.codec.preparation import Search, first_means, prepare
from nlac.codec.set_choice import assign_sets, find_sets
from nlac.codec.value_sets import ValueSet, read_sets, write_sets
from nlac.predictors.cascade_parameters import CascadeParameters
from nlac.predictors.cascade_state import CascadeState
from nlac.predictors.cascade_units import LEAST_UNIT, MOST_UNIT, history_units
from nlac.predictors.long_term import SHORTEST

SHALLOW, LPC, CASCADE = 0, 1, 2
_WORTH = 0.3  # bits a sample that an earlier occurrence must save: it costs a third of the speed
_LONG_GAIN = 0.1  # bits a sample that long windows gain: then experts of such work
_DEEP_GAIN = 0.25  # bits a sample that long windows gain: then those of `lpc` are tried
MAX_DELAY = 64
MAX_INITIAL = 40
MAX_COVARIANCES = 1 << 26


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """Encoder choices of a preset.

    Attributes
    ----------
    parameters : CascadeParameters
        What the stream's header says.
    long_term : bool
        Look for repetition.
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    windows : LpcSettings, optional
        How to try an `lpc` block, where long windows promise a lot.
    """

    parameters: CascadeParameters
    long_term: bool = True
    pieces: int = 24
    windows: LpcSettings | None = None

    @property
    def search(self) -> Search:
        """How a block is to be prepared."""
        around = any(e.around for e in self.parameters.experts)
        orders = None if self.windows is None else self.windows.search.orders
        return Search(self.pieces, self.long_term and around, worth=_WORTH, orders=orders)


@dataclass(slots=True)
class _Head:
    """What stands before the code words."""

    order: list[int]
    reference: list[int]
    initial: NDArray[np.int64]
    unit: list[int]
    sets: list[ValueSet]
    course: Course


def encode_cascade(channels: NDArray[np.int32], settings: CascadeSettings) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one of each.
    settings : CascadeSettings
    """
    block = prepare(channels, settings.search)
    ordered = block.ordered
    order, reference, delay = block.pairing
    # some windows must reach past the reference's future to its present and past
    delay = np.minimum(delay, max(e.other for e in settings.parameters.experts) // 2)
    total = ordered.shape[1] + int(delay.max())
    starts = np.append(np.arange(0, total, PIECE), total)
    sets, value_set = assign_sets(find_sets(ordered), ordered, delay, starts)
    course = Course(ordered.shape[1], delay, block.lags[: -(-total // SPAN)], value_set)
    head = _Head(
        order.tolist(), reference.tolist(), first_means(ordered), history_units(ordered), sets,
        course,
    )  # fmt: skip
    is_deep = block.deep_gain > _LONG_GAIN
    parameters = settings.parameters
    state = _state(head, parameters if is_deep else parameters.without_deep())
    words = np.zeros(ordered.size + ordered.size // 4 + 64, np.uint32)
    raw = np.zeros(ordered.size + 64, np.uint32)
    used, raw_used = encode_loop(
        course, set_table(sets), state.channels, state.locations,
        *_mixture(head, settings), ordered, words, raw,
    )  # fmt: skip
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    body = words[:used].astype("<u4").tobytes() + raw[:raw_used].astype("<u4").tobytes()
    best = bytes([CASCADE if is_deep else SHALLOW]) + _write_head(head) + write_varint(used) + body
    windows = settings.windows
    if windows is not None and block.deep_gain > _DEEP_GAIN:
        best = min(best, bytes([LPC]) + encode_prepared(block, windows), key=len)
    return best


def decode_cascade(
    data: bytes, at: int, frames: int, channels: int, parameters: CascadeParameters
) -> NDArray[np.int32]:
    """Decode the channels of a block; `data` ends with it.

    Returns
    -------
    channels : (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    kind, at = read_varint(data, at)
    if kind == LPC:
        return decode_lpc(data, at, frames, channels)
    if kind not in (SHALLOW, CASCADE):
        raise CorruptStream(f"unknown kind {kind}", path="kind")
    if kind == SHALLOW:
        parameters = parameters.without_deep()
    if channels * parameters.covariances > MAX_COVARIANCES:
        raise CorruptStream("experts need too much memory", path="header.predictor_parameters")
    head, at = _read_head(data, at, frames, channels)
    count, at = read_varint(data, at)
    left = len(data) - at
    if left % 4 or 4 * count > left:
        raise CorruptStream("words do not fit", path="samples")
    words = np.frombuffer(data, "<u4", count, at).astype(np.uint32)
    raw = np.frombuffer(data, "<u4", left // 4 - count, at + 4 * count).astype(np.uint32)
    state = _state(head, parameters)
    pcm = np.zeros((channels, frames), np.int32)
    taken, used = decode_loop(
        head.course, set_table(head.sets), state.channels, state.locations,
        *_mixture(head, CascadeSettings(parameters)), pcm, words, raw,
    )  # fmt: skip
    # a decoder looks at most two words past those that decide
    if used < 0 or -(-used // 32) != len(raw) or not len(words) <= taken <= len(words) + 2:
        raise CorruptStream("samples do not decode", path="samples")
    out = np.empty_like(pcm)
    out[head.order] = pcm
    return out


def _mixture(
    head: _Head, settings: CascadeSettings
) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    count = settings.parameters.num_locations
    state = mixture_state(head.initial, count, head.reference)
    return count, mixture_shared(count), state


def _state(head: _Head, parameters: CascadeParameters) -> CascadeState:
    """Return the memory that a block starts from."""
    course = head.course
    limits = []
    for c in range(len(head.order)):
        used = [head.sets[i] for i in np.unique(course.value_set[:, c]).tolist()]
        limits.append((min(s.value(s.first) for s in used), max(s.value(s.last) for s in used)))
    frames = course.frames + int(course.delay.max())
    return CascadeState(
        parameters, head.reference, limits, head.unit, frames, bool(np.any(course.lag))
    )


def _write_runs(values: NDArray[np.int64]) -> bytes:
    """Bytes of a sequence that seldom changes."""
    out = bytearray()
    ends = np.append(np.flatnonzero(np.diff(values)) + 1, len(values))
    begin = 0
    for end in ends.tolist():
        out += write_varint(end - begin) + write_varint(int(values[begin]))
        begin = end
    return bytes(out)


def _read_runs(
    data: bytes, at: int, count: int, limit: int, path: str
) -> tuple[NDArray[np.int64], int]:
    values = np.zeros(count, np.int64)
    done = 0
    while done < count:
        length, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if not 1 <= length <= count - done or value > limit:
            raise CorruptStream("run out of range", path=path)
        values[done : done + length] = value
        done += length
    return values, at


def _write_head(head: _Head) -> bytes:
    out = bytearray()
    course = head.course
    for c, place in enumerate(head.order):
        out += write_varint(place) + write_varint(head.reference[c] + 1)
        out += write_varint(int(course.delay[c]))
        out += write_varint(int(head.initial[c]).bit_length() - 1)
        out += write_varint(head.unit[c] - LEAST_UNIT)
    out += write_sets(head.sets)
    out += _write_runs(course.lag)
    if len(head.sets) > 1:
        for c in range(len(head.order)):
            out += _write_runs(course.value_set[:, c])
    return bytes(out)


def _read_head(data: bytes, at: int, frames: int, channels: int) -> tuple[_Head, int]:
    order: list[int] = []
    reference, unit = [], []
    delay, initial = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for c in range(channels):
        path = f"channel[{c}]"
        fields = []
        for limit in (channels - 1, channels, MAX_DELAY, MAX_INITIAL, MOST_UNIT - LEAST_UNIT):
            number, at = read_varint(data, at)
            if number > limit:
                raise CorruptStream(f"{number} is more than {limit}", path=path)
            fields.append(number)
        if fields[0] in order:
            raise CorruptStream("not a permutation", path=path)
        if fields[1] - 1 == c:
            raise CorruptStream("refers to itself", path=path)
        order.append(fields[0])
        reference.append(fields[1] - 1)
        delay[c], initial[c] = fields[2], 1 << fields[3]
        unit.append(fields[4] + LEAST_UNIT)
    sets, at = read_sets(data, at)
    total = frames + int(delay.max())
    lag, at = _read_runs(data, at, -(-total // SPAN), total, "lag")
    spans = np.arange(len(lag)) * SPAN
    if np.any((lag > 0) & ((lag < SHORTEST) | (lag > spans + SPAN))):
        raise CorruptStream("lag out of range", path="lag")
    value_set = np.zeros((-(-total // PIECE), channels), np.int64)
    if len(sets) > 1:
        for c in range(channels):
            runs, at = _read_runs(data, at, len(value_set), len(sets) - 1, "value_set")
            value_set[:, c] = runs
    course = Course(frames, delay, lag, value_set)
    return _Head(order, reference, initial, unit, sets, course), at


"""Side information of a cascade block, and its bytes (spec, section "cascade block")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy.value_sets import ValueSet, read_sets, write_sets
from nlac.entropy.varint import read_varint, write_varint
from nlac.predictors.cascade.kernels import LAG_SPAN, PIECE
from nlac.predictors.cascade.parameters import (
    MAX_HISTORY_SHIFT,
    MIN_HISTORY_SHIFT,
    SHORTEST,
    CascadeParameters,
)
from nlac.predictors.cascade.state import CascadeState
from nlac.predictors.lpc.side_info import MAX_DELAY, MAX_INITIAL_SCALE


class Schedule(NamedTuple):
    """How lags and value sets change in time; times are delayed frames.

    Attributes
    ----------
    frames : int
        Frames of the block, without delays.
    delay : (channels,) int64
        Frames by which a channel lags.
    lag : (spans,) int64
        Frames back to the LTP match in each span of LAG_SPAN frames, 0 for none.
    value_set : (pieces, channels) int64
        Index into the value sets in each piece of PIECE frames.
    """

    frames: int
    delay: NDArray[np.int64]
    lag: NDArray[np.int64]
    value_set: NDArray[np.int64]


@dataclass(slots=True)
class SideInfo:
    """Side information of a block; channels are in coding order.

    Attributes
    ----------
    order : list of int
        Place of each channel in the block.
    reference : list of int
        Coding index of the reference channel, or -1.
    initial_scale : (channels,) int64
        First mean of |error|, Q12.
    history_shift : list of int
        Bits by which residuals are shifted down in histories.
    sets : list of ValueSet
        The value sets that `schedule` indexes.
    schedule : Schedule
        Delays, lags and value sets in time.
    """

    order: list[int]
    reference: list[int]
    initial_scale: NDArray[np.int64]
    history_shift: list[int]
    sets: list[ValueSet]
    schedule: Schedule


def first_state(side_info: SideInfo, parameters: CascadeParameters) -> CascadeState:
    """Return the state of a cascade at the start of a block."""
    schedule = side_info.schedule
    limits = []
    for c in range(len(side_info.order)):
        used = [side_info.sets[i] for i in np.unique(schedule.value_set[:, c]).tolist()]
        limits.append((min(s.value(s.first) for s in used), max(s.value(s.last) for s in used)))
    frames = schedule.frames + int(schedule.delay.max())
    return CascadeState(
        parameters,
        side_info.reference,
        limits,
        side_info.history_shift,
        frames,
        bool(np.any(schedule.lag)),
    )


def write_side_info(side_info: SideInfo) -> bytes:
    """Return the bytes of side information."""
    out = bytearray()
    schedule = side_info.schedule
    for c, place in enumerate(side_info.order):
        out += write_varint(place) + write_varint(side_info.reference[c] + 1)
        out += write_varint(int(schedule.delay[c]))
        out += write_varint(int(side_info.initial_scale[c]).bit_length() - 1)
        out += write_varint(side_info.history_shift[c] - MIN_HISTORY_SHIFT)
    out += write_sets(side_info.sets)
    out += _write_runs(schedule.lag)
    if len(side_info.sets) > 1:
        for c in range(len(side_info.order)):
            out += _write_runs(schedule.value_set[:, c])
    return bytes(out)


def read_side_info(data: bytes, at: int, frames: int, channels: int) -> tuple[SideInfo, int]:
    """Parse what `write_side_info` wrote; returns it and the position after it.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    order: list[int] = []
    reference, history_shift = [], []
    delay, initial_scale = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for c in range(channels):
        path = f"channel[{c}]"
        fields = []
        shifts = MAX_HISTORY_SHIFT - MIN_HISTORY_SHIFT
        for limit in (channels - 1, channels, MAX_DELAY, MAX_INITIAL_SCALE, shifts):
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
        delay[c], initial_scale[c] = fields[2], 1 << fields[3]
        history_shift.append(fields[4] + MIN_HISTORY_SHIFT)
    sets, at = read_sets(data, at)
    total = frames + int(delay.max())
    lag, at = _read_runs(data, at, -(-total // LAG_SPAN), total, "lag")
    spans = np.arange(len(lag)) * LAG_SPAN
    if np.any((lag > 0) & ((lag < SHORTEST) | (lag > spans + LAG_SPAN))):
        raise CorruptStream("lag out of range", path="lag")
    value_set = np.zeros((-(-total // PIECE), channels), np.int64)
    if len(sets) > 1:
        for c in range(channels):
            runs, at = _read_runs(data, at, len(value_set), len(sets) - 1, "value_set")
            value_set[:, c] = runs
    schedule = Schedule(frames, delay, lag, value_set)
    return SideInfo(order, reference, initial_scale, history_shift, sets, schedule), at


def _write_runs(values: NDArray[np.int64]) -> bytes:
    """Return the bytes of a sequence that seldom changes: run lengths and values."""
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

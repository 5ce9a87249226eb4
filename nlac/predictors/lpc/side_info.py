"""Bytes of the parameters of an `lpc` block (spec, section "lpc block")."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy.side_coder import MAX_SYMBOL_SCALE, SideReader, SideWriter
from nlac.entropy.varint import read_varint, write_varint
from nlac.kernels.jit import kernel
from nlac.predictors.lpc.parameters import LONG_FRAMES, ORDERS, PAD, UNIT, LpcParameters

MAX_LENGTH_LOG = 8  # segments have 256 << 0 .. 256 << 8 frames; the block's end cuts the last
MIN_SHIFT, MAX_SHIFT = 4, 19
MAX_DELAY = 64
MAX_INITIAL_SCALE = 44
_NO_LAG, _SAME_LAG, _NEW_LAG = 0, 1, 2
# first taps, newest first, of the groups that share a scale; the LTP window is the last group
_GROUP_STARTS = np.array([0, 1, 2, 3, 4, 6, 10, 18, 34, 66, 130])
GROUPS = len(_GROUP_STARTS) + 1
# group of a tap by its place, newest first
_NEAR = np.searchsorted(_GROUP_STARTS, np.arange(ORDERS[-1]), side="right") - 1


@kernel
def _mark(near, ltp, orders, ltp_orders, shifts, out):
    """Fill `out` with 32 * group + shift of every coefficient, in their order.

    `near` has the groups of the taps of a window, `ltp` is that of an LTP window; `orders`,
    `ltp_orders` and `shifts` are (segments * channels,) int64, `out` (coefficients,) int16.
    """
    at = 0
    for i in range(len(orders)):
        for place in range(orders[i] - 1, -1, -1):
            out[at] = 32 * near[place] + shifts[i]
            at += 1
        for _ in range(ltp_orders[i]):
            out[at] = 32 * ltp + shifts[i]
            at += 1


def _runs(parameters: LpcParameters) -> tuple[NDArray[np.int64], list[tuple[int, int, int, int]]]:
    """Indices of the coefficients in coding order, and the runs of that order.

    The coefficients of a run share a table. A run is (group, shift, begin, end).
    """
    keys = np.empty(len(parameters.coefficients), np.int16)  # NumPy sorts int16 by digits
    _mark(
        _NEAR, GROUPS - 1, parameters.order.ravel(), parameters.long_order.ravel(),
        parameters.shift.ravel(), keys,
    )  # fmt: skip
    places = np.argsort(keys, kind="stable")
    used, begins = np.unique(keys[places], return_index=True)
    ends = [*begins[1:].tolist(), len(keys)]
    runs = zip(used.tolist(), begins.tolist(), ends, strict=False)
    return places, [(key >> 5, key & 31, begin, end) for key, begin, end in runs]


def _scale(base: int, shift: int) -> int:
    """Scale index of a group's coefficients that have `shift` fraction bits."""
    return min(max(8 * base + 16 * (shift - 16), 0), MAX_SYMBOL_SCALE)


def _counts_and_scales(
    runs: Sequence[tuple[int, int, int, int]], bases: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Number of coefficients in each run, and the index of their scale."""
    counts = [end - begin for _, _, begin, end in runs]
    return counts, [_scale(bases[group], shift) for group, shift, _, _ in runs]


def write_parameters(parameters: LpcParameters) -> bytes:
    """Return the bytes of parameters; numbers of channels and frames are written elsewhere."""
    out = bytearray()
    fields = parameters.reference, parameters.delay, parameters.initial_scale
    for reference, delay, initial_scale in zip(*(f.tolist() for f in fields), strict=True):
        out += write_varint(reference + 1) + write_varint(delay)
        out += write_varint(max(0, initial_scale.bit_length() - 1))
    out += write_varint(len(parameters.lag))
    writer = SideWriter()
    lengths = np.diff(parameters.starts)
    units = np.maximum(-(-lengths // UNIT), 1)
    logs = np.array([(int(u) - 1).bit_length() for u in units], np.int64)
    width = np.where(parameters.reference >= 0, 2, 1)
    places = {order: i for i, order in enumerate(ORDERS)}
    long_places = {frames: i for i, frames in enumerate(LONG_FRAMES)}
    orders = np.array([places[o] for o in parameters.order.ravel().tolist()], np.int64)
    long_frames = (parameters.long_order // width).ravel().tolist()
    longs = np.array([long_places[f] for f in long_frames], np.int64)
    kinds, lags, last = [], bytearray(), 0
    for lag in parameters.lag.tolist():
        if lag in (0, last):
            kinds.append(_NO_LAG if lag == 0 else _SAME_LAG)
        else:
            kinds.append(_NEW_LAG)
            lags += write_varint(lag)
            last = lag
    symbols = (
        logs,
        orders,
        longs,
        parameters.shift.ravel() - MIN_SHIFT,
        np.array(kinds, np.int64),
        parameters.value_set.ravel(),
    )
    for field in symbols:
        out += writer.symbols(field)
    tap_places, runs = _runs(parameters)
    ordered = parameters.coefficients[tap_places]
    levels = [[0.0, 0.0] for _ in range(GROUPS)]
    for group, shift, begin, end in runs:
        levels[group][0] += float(np.abs(ordered[begin:end]).sum()) / 2.0 ** (shift - 16)
        levels[group][1] += end - begin
    means = [total / count if count else 0.0 for total, count in levels]
    bases = [min(max(round(2 * (math.log2(mean + 1e-3) + 4)), 0), 255) for mean in means]
    writer.integers(ordered, *_counts_and_scales(runs, bases))
    out += bytes(bases)
    words, raw = writer.finish()
    out += write_varint(len(lags)) + write_varint(len(words)) + write_varint(len(raw))
    return bytes(out + lags) + words.astype("<u4").tobytes() + raw.astype("<u4").tobytes()


class _Cursor:
    """A cursor over side information that checks every number."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def number(self, low: int, high: int, path: str) -> int:
        value, self.at = read_varint(self.data, self.at)
        if not low <= value <= high:
            raise CorruptStream(f"{value} is not in {low} .. {high}", path=path)
        return value

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise CorruptStream("ends too early", path="layout")
        self.at += count
        return piece

    def words(self, count: int) -> NDArray[np.uint32]:
        return np.frombuffer(self.take(4 * count), "<u4").astype(np.uint32)


def _check(condition: bool | np.bool_, message: str, path: str) -> None:
    """Raise `CorruptStream` unless the condition holds."""
    if not condition:
        raise CorruptStream(message, path=path)


def read_parameters(
    data: bytes, at: int, frames: int, channels: int, num_sets: int
) -> tuple[LpcParameters, int]:
    """Parse what `write_parameters` wrote.

    Parameters
    ----------
    data : bytes
    at : int
        Where the parameters begin.
    frames, channels, num_sets : int
        Frames of the block, its coded channels and its value sets.

    Returns
    -------
    parameters : LpcParameters
    at : int
        Where the parameters end.

    Raises
    ------
    CorruptStream
        A value is outside its range; the path names the field.
    """
    cursor = _Cursor(data, at)
    reference, delay, initial_scale = (np.zeros(channels, np.int64) for _ in range(3))
    for c in range(channels):
        reference[c] = cursor.number(0, channels, f"channel[{c}].reference") - 1
        _check(reference[c] != c, "refers to itself", f"channel[{c}].reference")
        delay[c] = cursor.number(0, MAX_DELAY, f"channel[{c}].delay")
        initial_scale[c] = 1 << cursor.number(0, MAX_INITIAL_SCALE, f"channel[{c}].initial")
    total = frames + int(delay.max())
    count = cursor.number(1, total // UNIT + 1, "segments")
    limits = (
        MAX_LENGTH_LOG + 1,
        len(ORDERS),
        len(LONG_FRAMES),
        MAX_SHIFT - MIN_SHIFT + 1,
        3,
        num_sets,
    )
    histograms = []
    for limit in limits:
        size = cursor.take(1)[0]
        _check(size <= limit, f"histogram of {size} symbols", "histogram")
        histograms.append(cursor.take(size))
    bases = cursor.take(GROUPS)
    lag_bytes = cursor.number(0, 10 * count, "lags")
    num_words = cursor.number(0, len(data) // 4, "side.words")
    num_raw = cursor.number(0, len(data) // 4, "side.raw")
    lags = _Cursor(cursor.take(lag_bytes), 0)
    reader = SideReader(cursor.words(num_words), cursor.words(num_raw))
    logs = reader.symbols(count, histograms[0])
    orders = np.array(ORDERS)[reader.symbols(count * channels, histograms[1])]
    longs = np.array(LONG_FRAMES)[reader.symbols(count * channels, histograms[2])]
    shifts = reader.symbols(count * channels, histograms[3]) + MIN_SHIFT
    kinds = reader.symbols(count, histograms[4])
    value_set = reader.symbols(count * channels, histograms[5])
    ends = np.cumsum(UNIT << logs)
    _check(count == 1 or ends[-2] < total, "segments exceed the block", "segments")
    _check(ends[-1] >= total, "segments do not fill the block", "segments")
    starts = np.concatenate([[0], np.minimum(ends, total)]).astype(np.int64)
    lag = np.zeros(count, np.int64)
    last = 0
    for k, kind in enumerate(kinds.tolist()):
        if kind == _NEW_LAG:
            last = lags.number(LONG_FRAMES[-1], total, f"segment[{k}].lag")
        if kind != _NO_LAG:
            lag[k] = last
            reach = int(starts[k]) + PAD - LONG_FRAMES[-1]
            _check(0 < last <= reach, "reaches before the block", f"segment[{k}].lag")
    longs = longs.reshape(count, channels)
    _check(not np.any(longs[lag == 0]), "LTP window without a lag", "segment.lag")
    shape = (count, channels)
    long_order = longs * np.where(reference >= 0, 2, 1)
    lengths = np.stack([orders.reshape(shape), long_order], axis=-1)
    places = np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).reshape(lengths.shape)
    parameters = LpcParameters(
        frames,
        reference,
        delay,
        starts,
        np.ascontiguousarray(lengths[..., 0], np.int64),
        shifts.reshape(shape),
        np.ascontiguousarray(places[..., 0], np.int64),
        lag,
        np.ascontiguousarray(lengths[..., 1], np.int64),
        np.ascontiguousarray(places[..., 1], np.int64),
        value_set.reshape(shape),
        np.zeros(int(lengths.sum()), np.int64),
        initial_scale,
    )
    places, runs = _runs(parameters)
    counts, scales = _counts_and_scales(runs, bases)
    values = reader.integers(counts, scales)
    # with these bounds the sum of both windows stays within int64 (notes/widths.md)
    ends = np.repeat([1 << (15 + min(shift, 8)) for _, shift, _, _ in runs], counts)
    _check(np.all((values >= -ends) & (values < ends)), "out of range", "coefficients")
    parameters.coefficients[places] = values
    return parameters, cursor.at

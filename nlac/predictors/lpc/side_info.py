"""The layout of an `lpc` block as bytes (spec, section "lpc block")."""

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

MAX_LENGTH_LOG = 8  # segments of 256 << 0 .. 256 << 8 frames; the last is cut by the block's end
MIN_SHIFT, MAX_SHIFT = 4, 19
MAX_DELAY = 64
MAX_INITIAL = 44
_NO_LAG, _SAME_LAG, _NEW_LAG = 0, 1, 2
# places of taps, newest first, that share a scale; the last group is the long-term window
_GROUP_STARTS = np.array([0, 1, 2, 3, 4, 6, 10, 18, 34, 66, 130])
GROUPS = len(_GROUP_STARTS) + 1


# group of a tap by its place, newest first
_NEAR = np.searchsorted(_GROUP_STARTS, np.arange(ORDERS[-1]), side="right") - 1


@kernel
def _mark(near, far, orders, long_orders, shifts, out):
    """Fill `out` with 32 * group + shift of every coefficient, in their order."""
    at = 0
    for i in range(len(orders)):
        for place in range(orders[i] - 1, -1, -1):
            out[at] = 32 * near[place] + shifts[i]
            at += 1
        for _ in range(long_orders[i]):
            out[at] = 32 * far + shifts[i]
            at += 1


def _runs(layout: LpcParameters) -> tuple[NDArray[np.int64], list[tuple[int, int, int, int]]]:
    """Places of the coefficients in coding order, and its stretches of one table each.

    A stretch is (group, shift, begin, end).
    """
    keys = np.empty(len(layout.coefficients), np.int16)  # short ones are sorted by digits
    _mark(
        _NEAR, GROUPS - 1, layout.order.ravel(), layout.long_order.ravel(), layout.shift.ravel(),
        keys,
    )
    places = np.argsort(keys, kind="stable")
    used, begins = np.unique(keys[places], return_index=True)
    ends = [*begins[1:].tolist(), len(keys)]
    stretches = zip(used.tolist(), begins.tolist(), ends, strict=False)
    return places, [(key >> 5, key & 31, begin, end) for key, begin, end in stretches]


def _scale(base: int, shift: int) -> int:
    """Scale index of a group's coefficients with so many fraction bits."""
    return min(max(8 * base + 16 * (shift - 16), 0), MAX_SYMBOL_SCALE)


def _counts_and_scales(
    runs: Sequence[tuple[int, int, int, int]], bases: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Number of coefficients in each stretch, and the index of their scale."""
    counts = [end - begin for _, _, begin, end in runs]
    return counts, [_scale(bases[group], shift) for group, shift, _, _ in runs]


def write_layout(layout: LpcParameters) -> bytes:
    """Bytes of a layout; channels, frames and value sets are told elsewhere."""
    head = bytearray()
    for reference, delay, initial in zip(
        layout.reference.tolist(), layout.delay.tolist(), layout.initial_scale.tolist(), strict=True
    ):
        head += write_varint(reference + 1) + write_varint(delay)
        head += write_varint(max(0, initial.bit_length() - 1))
    head += write_varint(len(layout.lag))
    writer = SideWriter()
    lengths = np.diff(layout.starts)
    units = np.maximum(-(-lengths // UNIT), 1)
    logs = np.array([(int(u) - 1).bit_length() for u in units], np.int64)
    width = np.where(layout.reference >= 0, 2, 1)
    places = {order: i for i, order in enumerate(ORDERS)}
    long_places = {frames: i for i, frames in enumerate(LONG_FRAMES)}
    orders = np.array([places[o] for o in layout.order.ravel().tolist()], np.int64)
    long_frames = (layout.long_order // width).ravel().tolist()
    longs = np.array([long_places[f] for f in long_frames], np.int64)
    kinds, lags, last = [], bytearray(), 0
    for lag in layout.lag.tolist():
        if lag in (0, last):
            kinds.append(_NO_LAG if lag == 0 else _SAME_LAG)
        else:
            kinds.append(_NEW_LAG)
            lags += write_varint(lag)
            last = lag
    fields = (
        logs,
        orders,
        longs,
        layout.shift.ravel() - MIN_SHIFT,
        np.array(kinds, np.int64),
        layout.value_set.ravel(),
    )
    for field in fields:
        head += writer.symbols(field)
    tap_places, runs = _runs(layout)
    ordered = layout.coefficients[tap_places]
    levels = [[0.0, 0.0] for _ in range(GROUPS)]
    for group, shift, begin, end in runs:
        levels[group][0] += float(np.abs(ordered[begin:end]).sum()) / 2.0 ** (shift - 16)
        levels[group][1] += end - begin
    means = [total / count if count else 0.0 for total, count in levels]
    bases = [min(max(round(2 * (math.log2(mean + 1e-3) + 4)), 0), 255) for mean in means]
    writer.integers(ordered, *_counts_and_scales(runs, bases))
    head += bytes(bases)
    words, raw = writer.finish()
    head += write_varint(len(lags)) + write_varint(len(words)) + write_varint(len(raw))
    return bytes(head + lags) + words.astype("<u4").tobytes() + raw.astype("<u4").tobytes()


class _Head:
    """Bytes and the place in them."""

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
    if not condition:
        raise CorruptStream(message, path=path)


def read_layout(
    data: bytes, at: int, frames: int, channels: int, num_sets: int
) -> tuple[LpcParameters, int]:
    """Parse a layout at byte `at`; returns it and the byte after it.

    Raises
    ------
    CorruptStream
        A value is outside what the spec allows; the path tells which.
    """
    head = _Head(data, at)
    reference, delay, initial = (np.zeros(channels, np.int64) for _ in range(3))
    for c in range(channels):
        reference[c] = head.number(0, channels, f"channel[{c}].reference") - 1
        _check(reference[c] != c, "refers to itself", f"channel[{c}].reference")
        delay[c] = head.number(0, MAX_DELAY, f"channel[{c}].delay")
        initial[c] = 1 << head.number(0, MAX_INITIAL, f"channel[{c}].initial")
    total = frames + int(delay.max())
    count = head.number(1, total // UNIT + 1, "segments")
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
        size = head.take(1)[0]
        _check(size <= limit, f"histogram of {size} symbols", "histogram")
        histograms.append(head.take(size))
    bases = head.take(GROUPS)
    lag_bytes = head.number(0, 10 * count, "lags")
    num_words = head.number(0, len(data) // 4, "side.words")
    num_raw = head.number(0, len(data) // 4, "side.raw")
    lags = _Head(head.take(lag_bytes), 0)
    reader = SideReader(head.words(num_words), head.words(num_raw))
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
    _check(not np.any(longs[lag == 0]), "long-term window without a lag", "segment.lag")
    shape = (count, channels)
    long_order = longs * np.where(reference >= 0, 2, 1)
    lengths = np.stack([orders.reshape(shape), long_order], axis=-1)
    places = np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).reshape(lengths.shape)
    layout = LpcParameters(
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
        initial,
    )
    places, runs = _runs(layout)
    counts, scales = _counts_and_scales(runs, bases)
    values = reader.integers(counts, scales)
    # with these bounds the sum of both windows stays within int64 (notes/widths.md)
    ends = np.repeat([1 << (15 + min(shift, 8)) for _, shift, _, _ in runs], counts)
    _check(np.all((values >= -ends) & (values < ends)), "out of range", "coefficients")
    layout.coefficients[places] = values
    return layout, head.at

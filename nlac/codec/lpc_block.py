"""A block of `lpc`: from samples to bytes and back (spec, section "lpc block").

Everything an encoder may choose is chosen here, in this order: how channels pair,
where the block repeats itself, which values occur, segments and coefficients,
and at last the coder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError
from nlac.bitstream.constants import CODER_AUTO, CODER_RANGE, CODER_RICE
from nlac.bitstream.distribution import tables
from nlac.bitstream.varint import read_varint, write_varint
from nlac.codec import value_search
from nlac.codec.lpc_plan import Plan, make_plan
from nlac.codec.lpc_range import decode_loop, encode_loop
from nlac.codec.lpc_rice import decode_rice, encode_rice
from nlac.codec.lpc_side import read_layout, write_layout
from nlac.codec.lpc_steps import filled_rows, new_rows, new_state
from nlac.codec.value_kernels import may_have_grids
from nlac.codec.value_sets import (
    MAX_SETS,
    ValueSet,
    plain,
    read_sets,
    write_sets,
)
from nlac.predictors.layout import PAD, Layout
from nlac.predictors.long_term import find_lags
from nlac.predictors.lpc_analysis import Effort, analyse, deep_gain
from nlac.predictors.lpc_segments import SPAN
from nlac.predictors.pairing import DELAYS, Pairing, pair

RANGE, RICE = 0, 1
_CODERS = {CODER_AUTO: (RANGE, RICE), CODER_RANGE: (RANGE,), CODER_RICE: (RICE,)}
_SEGMENT_GRID_BITS = 80.0  # least gain for which a segment gets a value set of its own
_GRID_CHUNK = 1 << 15
_GRID_STRETCH = 1024
_DEAR = 0.1  # share of samples of few bits from which Rice codes are no longer the choice
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
        Look for repetition at the full rate, and in windows of three seconds too.
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    coder : {"auto", "range", "rice"}
        Which coder; ``"auto"`` takes the smaller.
    quick : bool
        Where the choice is free, prefer Rice codes, which are quick to decode.
    """

    efforts: tuple[Effort, ...]
    guess: bool = True
    long_term: bool = True
    thorough: bool = True
    pieces: int = 24
    coder: str = "auto"
    quick: bool = False


def encode_lpc(channels: NDArray[np.int32], settings: LpcSettings) -> bytes:
    """Code the channels of a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one of each.
    settings : LpcSettings
    """
    count, frames = channels.shape
    padded = np.zeros((count, PAD + frames + max(DELAYS)))
    padded[:, PAD : PAD + frames] = channels
    pairing = pair(padded, frames, settings.pieces)
    spans = -(-(frames + int(pairing.delay.max())) // SPAN)
    lags = np.zeros(spans, np.int64)
    if settings.long_term:
        found = find_lags(padded, frames, SPAN, settings.thorough)
        lags[: len(found)] = found
    ordered = np.ascontiguousarray(channels[pairing.order])
    delayed = _delayed(padded, pairing, frames)
    efforts = settings.efforts
    if settings.guess and len(efforts) > 1:
        orders = efforts[0].max_order, efforts[1].max_order
        gain = deep_gain(delayed, frames, pairing.reference, *orders)
        efforts = efforts[gain > _SURE_GAIN : 1 + (gain > _DEEP_GAIN)]
    found_sets = _find_sets(ordered)
    grids = any(may_have_grids(x, _GRID_STRETCH) for x in ordered)
    bodies = []
    for effort in efforts:
        layout = analyse(
            delayed,
            frames,
            pairing.reference,
            pairing.delay,
            lags,
            effort,
            _low_bit_gain(ordered, pairing, effort) if grids else None,
        )
        sets = _assign_sets(layout, ordered, *found_sets)
        layout = layout._replace(initial=_first_means(ordered))
        body, coder = _code(layout, sets, ordered, settings)
        order = b"".join(write_varint(place) for place in pairing.order.tolist())
        bodies.append(bytes([coder]) + order + write_sets(sets) + write_layout(layout) + body)
    return min(bodies, key=len)


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
    order = []
    for c in range(channels):
        place, at = read_varint(data, at)
        if place >= channels or place in order:
            raise CorruptStream("not a permutation", path=f"channel[{c}].place")
        order.append(place)
    sets, at = read_sets(data, at)
    layout, at = read_layout(data, at, frames, channels, len(sets))
    state, rows = new_state(layout.initial), new_rows(layout)
    plan = make_plan(layout, sets, rows.shape[1], order)
    pcm = np.empty((channels, frames), np.int32)
    if coder == RICE:
        raw = _words(data, at, (len(data) - at) // 4, len(data))
        used = decode_rice(plan, state, rows, pcm, raw)
        good = used >= 0 and -(-used // 32) == len(raw)
    else:
        count, at = read_varint(data, at)
        words = _words(data, at, count, len(data))
        raw = _words(data, at + 4 * count, (len(data) - at) // 4 - count, len(data))
        taken, used = decode_loop(plan, tables(), state, rows, pcm, words, raw)
        # a decoder looks at most two words past those that decide
        good = used >= 0 and -(-used // 32) == len(raw) and len(words) <= taken <= len(words) + 2
    if not good:
        raise CorruptStream("samples do not decode", path="samples")
    return pcm


def _words(data: bytes, at: int, count: int, end: int) -> NDArray[np.uint32]:
    if count < 0 or at + 4 * count > end or (at + 4 * count < end and (end - at) % 4):
        raise CorruptStream("words do not fit", path="samples")
    return np.frombuffer(data, "<u4", count, at).astype(np.uint32)


def _code(
    layout: Layout, sets: list[ValueSet], ordered: NDArray[np.int32], settings: LpcSettings
) -> tuple[bytes, int]:
    """Code the samples with one coder or both; returns the bytes and the coder's number."""
    rows = filled_rows(layout, ordered)
    plan = make_plan(layout, sets, rows.shape[1])
    if settings.coder == "rice" or (settings.coder == "auto" and settings.quick):
        rice, dear = _code_rice(plan, layout, rows, ordered)
        if settings.coder == "rice" or dear < _DEAR * ordered.size:
            return rice, RICE
        return min(
            (rice, RICE), (_code_range(plan, layout, rows, ordered), RANGE),
            key=lambda found: len(found[0]),
        )
    body = _code_range(plan, layout, rows, ordered)
    # Rice codes win only where hardly a bit is left to say
    if settings.coder == "auto" and len(body) * 8 < ordered.size // 4:
        rice, _ = _code_rice(plan, layout, rows, ordered)
        if len(rice) < len(body):
            return rice, RICE
    return body, RANGE


def _code_range(
    plan: Plan, layout: Layout, rows: NDArray[np.int64], ordered: NDArray[np.int32]
) -> bytes:
    words = np.empty(ordered.size + ordered.size // 4 + 64, np.uint32)
    raw = np.empty(ordered.size + 64, np.uint32)
    state = new_state(layout.initial)
    used, raw_used = encode_loop(plan, tables(), state, rows, ordered, words, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    body = words[:used].astype("<u4").tobytes() + raw[:raw_used].astype("<u4").tobytes()
    return write_varint(used) + body


def _code_rice(
    plan: Plan, layout: Layout, rows: NDArray[np.int64], ordered: NDArray[np.int32]
) -> tuple[bytes, int]:
    raw = np.empty(2 * ordered.size + 64, np.uint32)
    used, dear = encode_rice(plan, new_state(layout.initial), rows, ordered, raw)
    if used < 0:
        raise NlacError("a sample is not in its value set: a fault of the encoder")
    return raw[:used].astype("<u4").tobytes(), dear


def _delayed(
    padded: NDArray[np.float64], pairing: Pairing, frames: int
) -> NDArray[np.float64]:
    """Channels in coding order, each late by its delay."""
    total = PAD + frames + int(pairing.delay.max())
    out = np.zeros((len(padded), total))
    for place, channel in enumerate(pairing.order.tolist()):
        delay = int(pairing.delay[place])
        out[place, PAD + delay :] = padded[channel, PAD : total - delay]
    return out


def _first_means(ordered: NDArray[np.int32]) -> NDArray[np.int64]:
    """Powers of two (Q12) near the mean change between the first samples."""
    start = ordered[:, :512].astype(np.int64)
    change = np.abs(np.diff(start, axis=1, prepend=0)).mean(axis=1)
    return np.array([1 << (max(1, int(m * 2048)).bit_length() - 1) for m in change], np.int64)


def _find_sets(
    ordered: NDArray[np.int32],
) -> tuple[list[ValueSet], NDArray[np.int64], list[tuple[int, int, int, int]]]:
    """Value sets of whole channels, and grids of stretches of them.

    Returns the sets, each channel's own, and (channel, begin, end, set) of stretches.
    """
    wide = ordered.astype(np.int64)
    sets: list[ValueSet] = []
    own = np.zeros(len(wide), np.int64)
    runs: list[tuple[int, int, int, int]] = []
    for c, x in enumerate(wide):
        entry: ValueSet = plain(int(x.min()), int(x.max()))
        grid = value_search.grid_of(x)
        gain = value_search.grid_gain_bits(grid, len(x)) if grid is not None else 0.0
        if grid is not None:
            entry = grid
        gain = max(gain, value_search.integer_grid_gain_bits(x))
        found = value_search.list_of(x)
        if found is not None and found[1] > gain + value_search.MIN_GAIN_BITS:
            entry = found[0]
        equal = [i for i, other in enumerate(sets) if _same(other, entry)]
        if not equal:
            sets.append(entry)
        own[c] = equal[0] if equal else len(sets) - 1
        if entry.kind == 0 and len(sets) < MAX_SETS - 8:
            runs += _grid_runs(x, c, sets)
    return sets, own, runs


def _same(a: ValueSet, b: ValueSet) -> bool:
    return (a.kind, a.first, a.last, a.step, a.offset) == (
        b.kind, b.first, b.last, b.step, b.offset,
    ) and np.array_equal(a.values, b.values)


def _grid_runs(
    x: NDArray[np.int64], channel: int, sets: list[ValueSet]
) -> list[tuple[int, int, int, int]]:
    """Stretches of a channel that lie on a fractional grid; their sets are appended."""
    runs: list[tuple[int, int, int, int]] = []
    begin = 0
    while begin < len(x) and len(sets) < MAX_SETS - 8:
        end = min(begin + _GRID_CHUNK, len(x))
        grid = value_search.grid_of(x[begin:end])
        if grid is None:
            begin = end
            continue
        while end < len(x):
            longer = min(end + _GRID_CHUNK, len(x))
            wider = value_search.grid_of(x[begin:longer])
            if wider is None:
                break
            grid, end = wider, longer
        sets.append(grid)
        runs.append((channel, begin, end, len(sets) - 1))
        begin = end
    return runs


def _low_bit_gain(
    ordered: NDArray[np.int32], pairing: Pairing, effort: Effort
) -> NDArray[np.float64]:
    """Bits that a grid of whole steps saves in each node of the segment trees.

    Returns (spans, channels, nodes), nodes as `analyse_span` counts them.
    """
    leaf = effort.leaf_frames
    total = ordered.shape[1] + int(pairing.delay.max())
    spans = -(-total // SPAN)
    width = SPAN // leaf
    out = []
    for x, delay in zip(ordered.astype(np.int64), pairing.delay.tolist(), strict=True):
        late = np.concatenate([np.full(delay, x[0]), x])
        late = np.concatenate([late, np.full(spans * SPAN - len(late), x[-1])])
        pieces = late.reshape(-1, leaf)
        first = pieces[:, 0]
        step = np.gcd.reduce(pieces - first[:, None], axis=1)
        gains = []
        size = leaf
        for level in range(effort.levels):
            bits = np.where(step > 1, size * np.log2(np.maximum(step, 1)), 0.0)
            gains.append(bits.reshape(spans, width >> level))
            if level + 1 < effort.levels:
                across = np.abs(first[1::2] - first[::2])
                step = np.gcd(np.gcd(step[::2], step[1::2]), across)
                first = first[::2]
                size *= 2
        out.append(np.concatenate(gains, axis=1))
    return np.stack(out, axis=1)


def _assign_sets(
    layout: Layout,
    ordered: NDArray[np.int32],
    sets: list[ValueSet],
    own: NDArray[np.int64],
    runs: list[tuple[int, int, int, int]],
) -> list[ValueSet]:
    """Fill `layout.value_set`; returns the sets that are used."""
    sets = list(sets)
    frames = layout.frames
    layout.value_set[:] = own
    for c, x in enumerate(ordered.astype(np.int64)):
        mine = [run for run in runs if run[0] == c]
        begins = np.maximum(layout.starts[:-1] - layout.delay[c], 0)
        ends = np.minimum(layout.starts[1:] - layout.delay[c], frames)
        for k in range(len(layout.lag)):
            piece = x[begins[k] : ends[k]]
            if len(piece) == 0:
                continue
            for _, begin, end, index in mine:
                if begin <= begins[k] and ends[k] <= end:
                    layout.value_set[k, c] = index
            if sets[layout.value_set[k, c]].kind != 0 or len(sets) >= MAX_SETS:
                continue
            grid = value_search.integer_grid(piece)
            if grid is not None and (
                value_search.grid_gain_bits(grid, len(piece)) > _SEGMENT_GRID_BITS
            ):
                layout.value_set[k, c] = _place(sets, grid)
    used, compact = np.unique(layout.value_set, return_inverse=True)
    layout.value_set[:] = compact.reshape(layout.value_set.shape)
    return [sets[i] for i in used]


def _place(sets: list[ValueSet], grid: ValueSet) -> int:
    """Index of a set with this step and offset, made wide enough to hold the new ranks."""
    for i, other in enumerate(sets):
        if (other.kind, other.step, other.offset) == (grid.kind, grid.step, grid.offset):
            first, last = min(other.first, grid.first), max(other.last, grid.last)
            sets[i] = ValueSet(grid.kind, first, last, grid.step, grid.offset)
            return i
    sets.append(grid)
    return len(sets) - 1

"""Segments and coefficients of an `lpc` block, chosen by estimated cost.

The block is cut into spans of 16,384 frames, and each span into segments along a binary tree.
Dynamic programming from the leaves up keeps a node whole, or cuts it where its halves together
cost less. `segments` and `nodes` estimate the costs and find the windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.segments import analyse_span, unload_weights
from nlac.codec.encoder.presets import SegmentationSettings
from nlac.predictors.lpc.parameters import ORDERS, PAD, SPAN, LpcParameters


def sample_spans(frames: int) -> list[int]:
    """Spans on which estimates for a block are made: one in a dozen whole ones, at most three."""
    spans = frames // SPAN
    count = min(3, 1 + spans // 12) if spans else 0
    return sorted({spans * (2 * i + 1) // (2 * count) for i in range(count)})


def long_window_gain(
    samples: NDArray[np.float64],
    frames: int,
    reference: NDArray[np.int64],
    short_order: int,
    long_order: int,
) -> float:
    """Estimate the bits a sample that windows of `long_order` samples save over `short_order`.

    The estimate takes `sample_spans`. Recordings that were band-limited before
    they got their sample rate gain a lot, most others nothing.

    Parameters
    ----------
    samples, frames, reference
        As in `analyse`.
    short_order, long_order : int
        Longest windows to compare, two of `ORDERS`.

    Returns
    -------
    float
        Bits a sample; 0 for blocks shorter than a span.
    """
    channels = len(reference)
    picked = sample_spans(frames)
    if not picked:
        return 0.0
    bits = []
    for max_order in (short_order, long_order):
        total = 0.0
        orders = np.array([o for o in ORDERS if o <= max_order], np.int64)
        cost = np.zeros((channels, 1))
        order, ltp, shift = (np.zeros((channels, 1), np.int64) for _ in range(3))
        weights = np.zeros((channels, 1, max_order), np.int64)
        for span in picked:
            begin = PAD + span * SPAN
            analyse_span(
                samples, reference, begin, begin + SPAN, 0, orders, max_order, SPAN, 1, 0, 1024,
                cost, order, ltp, shift, weights,
            )
            total += float(cost.sum())
        bits.append(total)
    return (bits[0] - bits[1]) / (len(picked) * SPAN * channels)


def _partition(cost: NDArray[np.float64], width: int, levels: int) -> list[tuple[int, int, int]]:
    """Cheapest cut of a segment tree; (node, first leaf, leaves) of each segment in time order."""
    offsets = np.concatenate([[0], np.cumsum([width >> level for level in range(levels)])])
    best = [(float(cost[i]), [(i, i, 1)]) for i in range(width)]
    for level in range(1, levels):
        merged = []
        for i in range(width >> level):
            left, right = best[2 * i], best[2 * i + 1]
            apart = left[0] + right[0]
            node = int(offsets[level]) + i
            if cost[node] <= apart:
                merged.append((float(cost[node]), [(node, i << level, 1 << level)]))
            else:
                merged.append((apart, left[1] + right[1]))
        best = merged
    return [piece for entry in best for piece in entry[1]]


class _SearchedSpan(NamedTuple):
    """Tables of a span, and the nodes and beginnings of its segments in time order."""

    lag: int
    cost: NDArray[np.float64]
    order: NDArray[np.int64]
    ltp: NDArray[np.int64]
    shift: NDArray[np.int64]
    weights: NDArray[np.int64]
    nodes: list[int]
    starts: list[int]

    @property
    def bits(self) -> float:
        """Estimated bits of the span."""
        return float(self.cost[:, self.nodes].sum())


def _search(
    samples: NDArray[np.float64],
    total: int,
    reference: NDArray[np.int64],
    lags: NDArray[np.int64],
    settings: SegmentationSettings,
    gains: NDArray[np.float64] | None,
    spans: Iterable[int],
) -> Iterator[_SearchedSpan]:
    """Search spans of a block of `total` delayed frames; the tables are used again for the next."""
    channels, leaf = len(reference), settings.leaf_frames
    width = SPAN // leaf
    nodes = sum(width >> level for level in range(settings.levels))
    taps = settings.max_order + 2 * settings.ltp_frames
    orders = np.array([o for o in ORDERS if o <= settings.max_order], np.int64)
    cost = np.zeros((channels, nodes))
    order, ltp, shift = (np.zeros((channels, nodes), np.int64) for _ in range(3))
    weights = np.zeros((channels, nodes, taps), np.int64)
    for span in spans:
        begin = span * SPAN
        end, lag = min(begin + SPAN, total), int(lags[span])
        cost[:] = 0.0
        analyse_span(
            samples, reference, PAD + begin, PAD + end, lag, orders, settings.max_order,
            leaf, settings.levels, settings.ltp_frames, settings.unit_frames,
            cost, order, ltp, shift, weights,
        )
        if gains is not None:
            cost -= gains[span]
        pieces = [
            (node, begin + first * leaf)
            for node, first, _ in _partition(cost.sum(axis=0), width, settings.levels)
            if begin + first * leaf < end
        ]
        used, starts = ([piece[i] for piece in pieces] for i in (0, 1))
        yield _SearchedSpan(lag, cost, order, ltp, shift, weights, used, starts)


def estimated_bits(
    samples: NDArray[np.float64],
    frames: int,
    reference: NDArray[np.int64],
    delay: NDArray[np.int64],
    lags: NDArray[np.int64],
    settings: SegmentationSettings,
    gains: NDArray[np.float64] | None,
    spans: Iterable[int],
) -> list[float]:
    """Estimate the bits of some spans; up to a constant, which is the same for all settings.

    The other arguments are those of `analyse`.
    """
    total = frames + int(delay.max())
    searched = _search(samples, total, reference, lags, settings, gains, spans)
    return [span.bits for span in searched]


def analyse(
    samples: NDArray[np.float64],
    frames: int,
    reference: NDArray[np.int64],
    delay: NDArray[np.int64],
    lags: NDArray[np.int64],
    settings: SegmentationSettings,
    gains: NDArray[np.float64] | None = None,
    bits: list[float] | None = None,
) -> LpcParameters:
    """Choose segments, windows and coefficients of a block.

    Parameters
    ----------
    samples : (channels, PAD + frames + delay) float64
        Channels in coding order, each shifted by its delay, after `PAD` frames of zeros.
    frames : int
        Frames of the block.
    reference, delay : (channels,) int64
        As in `LpcParameters`.
    lags : (spans,) int64
        LTP lag of each span in frames; 0 for none.
    settings : SegmentationSettings
        Segment lengths and windows to try.
    gains : (spans, channels, nodes) float64, optional
        Bits that value sets save in each node of the segment trees.
    bits : list of float, optional
        Receives the estimated bits of each span; see `estimated_bits`.

    Returns
    -------
    LpcParameters
        `value_set` and `initial_scale` are zero.
    """
    channels = len(reference)
    total = frames + int(delay.max())
    starts: list[int] = []
    rows: list[tuple[list[int], list[int], list[int], int]] = []
    coefficients: list[NDArray[np.int64]] = []
    spans = range(-(-total // SPAN))
    for span in _search(samples, total, reference, lags, settings, gains, spans):
        starts += span.starts
        order, ltp = span.order, span.ltp
        for node in span.nodes:
            o, f = order[:, node].tolist(), ltp[:, node].tolist()
            rows.append((o, f, span.shift[:, node].tolist(), span.lag if any(f) else 0))
        chosen = np.array(span.nodes, np.int64)
        out = np.empty(int(order[:, chosen].sum() + ltp[:, chosen].sum()), np.int64)
        unload_weights(span.weights, chosen, order, ltp, out)
        coefficients.append(out)
        if bits is not None:
            bits.append(span.bits)
    shape = (len(rows), channels)
    lengths = np.array([[*zip(o, f, strict=True)] for o, f, _, _ in rows], np.int64)
    lengths = lengths.reshape(len(rows), channels, 2)
    places = np.concatenate([[0], np.cumsum(lengths.ravel())[:-1]]).reshape(lengths.shape)
    return LpcParameters(
        frames,
        reference,
        delay,
        np.array([*starts, total], np.int64),
        np.ascontiguousarray(lengths[..., 0]),
        np.array([s for _, _, s, _ in rows], np.int64).reshape(shape),
        np.ascontiguousarray(places[..., 0]),
        np.array([lag for *_, lag in rows], np.int64),
        np.ascontiguousarray(lengths[..., 1]),
        np.ascontiguousarray(places[..., 1]),
        np.zeros(shape, np.int64),
        np.concatenate([*coefficients, np.zeros(0, np.int64)]),
        np.zeros(channels, np.int64),
    )

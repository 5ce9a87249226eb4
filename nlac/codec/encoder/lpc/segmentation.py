"""Segments and coefficients of an `lpc` block, chosen by estimated cost (encoder only).

The block is cut into spans of 16,384 frames, each span into segments along a
binary tree: a node is cut in two where its halves together cost less.  What a
node costs, and its windows, `lpc_segments` and `lpc_nodes` find.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.segments import analyse_span, unload_weights
from nlac.codec.encoder.presets import Effort
from nlac.predictors.lpc.parameters import ORDERS, PAD, SPAN, LpcParameters


def long_window_gain(
    samples: NDArray[np.float64],
    frames: int,
    reference: NDArray[np.int64],
    shallow: int,
    deep: int,
) -> float:
    """Bits a sample that windows of up to `deep` instead of `shallow` samples would save.

    Judged on three spans at most, one in a dozen. Recordings that were band-limited before they got
    their sample rate gain a lot, most others nothing.

    Parameters
    ----------
    samples, reference
        As in `analyse`.
    frames : int
        Length of the block.
    shallow, deep : int
        Two of `ORDERS`.
    """
    channels = len(reference)
    spans = frames // SPAN
    if spans == 0:
        return 0.0
    count = min(3, 1 + spans // 12)
    picked = sorted({spans * (2 * i + 1) // (2 * count) for i in range(count)})
    bits = []
    for max_order in (shallow, deep):
        total = 0.0
        orders = np.array([o for o in ORDERS if o <= max_order], np.int64)
        cost = np.zeros((channels, 1))
        order, far, shift = (np.zeros((channels, 1), np.int64) for _ in range(3))
        weights = np.zeros((channels, 1, max_order), np.int64)
        for span in picked:
            begin = PAD + span * SPAN
            analyse_span(
                samples, reference, begin, begin + SPAN, 0, orders, max_order, SPAN, 1, 0, 1024,
                cost, order, far, shift, weights,
            )
            total += float(cost.sum())
        bits.append(total)
    return (bits[0] - bits[1]) / (len(picked) * SPAN * channels)


def _partition(cost: NDArray[np.float64], width: int, levels: int) -> list[tuple[int, int, int]]:
    """Cut the tree where that is cheaper; (node, leaf index, leaves) in order of time."""
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


def analyse(
    samples: NDArray[np.float64],
    frames: int,
    reference: NDArray[np.int64],
    delay: NDArray[np.int64],
    lags: NDArray[np.int64],
    effort: Effort,
    gains: NDArray[np.float64] | None = None,
) -> LpcParameters:
    """Choose segments, windows and coefficients of a block.

    Parameters
    ----------
    samples : (channels, PAD + frames + delay) float64
        Channels in coding order, each `delay` frames late, after `PAD` frames of zeros.
    frames : int
        Frames of the block.
    reference, delay : (channels,) int64
        As in `Layout`.
    lags : (spans,) int64
        For each span the distance to its earlier occurrence, 0 for none.
    effort : Effort
        How hard to search.
    gains : (spans, channels, nodes) float64, optional
        Bits that other properties of a segment save, by node of its span's tree.

    Returns
    -------
    Layout
        With value set 0 throughout, and `initial` zero.
    """
    channels = len(reference)
    total = frames + int(delay.max())
    width = SPAN // effort.leaf_frames
    nodes = sum(width >> level for level in range(effort.levels))
    taps = effort.max_order + 2 * effort.long_frames
    orders = np.array([o for o in ORDERS if o <= effort.max_order], np.int64)
    cost = np.zeros((channels, nodes))
    order, far, shift = (np.zeros((channels, nodes), np.int64) for _ in range(3))
    weights = np.zeros((channels, nodes, taps), np.int64)
    starts: list[int] = []
    rows: list[tuple[list[int], list[int], list[int], int]] = []
    coefficients: list[NDArray[np.int64]] = []
    for span, begin in enumerate(range(0, total, SPAN)):
        end = min(begin + SPAN, total)
        lag = int(lags[span])
        cost[:] = 0.0
        analyse_span(
            samples, reference, PAD + begin, PAD + end, lag, orders, effort.max_order,
            effort.leaf_frames, effort.levels, effort.long_frames, effort.unit_frames,
            cost, order, far, shift, weights,
        )
        if gains is not None:
            cost -= gains[span]
        leaf = effort.leaf_frames
        nodes_used: list[int] = []
        for node, first, _ in _partition(cost.sum(axis=0), width, effort.levels):
            if begin + first * leaf >= end:
                continue
            starts.append(begin + first * leaf)
            o, f = order[:, node].tolist(), far[:, node].tolist()
            rows.append((o, f, shift[:, node].tolist(), lag if any(f) else 0))
            nodes_used.append(node)
        chosen = np.array(nodes_used, np.int64)
        out = np.empty(int(order[:, chosen].sum() + far[:, chosen].sum()), np.int64)
        unload_weights(weights, chosen, order, far, out)
        coefficients.append(out)
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

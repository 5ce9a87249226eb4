"""Windows and weights of the segments of one span, by weighted least squares.

Covariances are computed over short units, weighted by the inverse error energy of a first
prediction, so that a loud attack does not drown the rest. They are added up to the shortest
segments; `nodes` finds the cost of these and of longer ones.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.covariance import covariance, room
from nlac.codec.encoder.lpc.least_squares import factorise, new_factor, padded, project
from nlac.codec.encoder.lpc.nodes import fill_nodes, fine_gain
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_f64, store_f64
from nlac.kernels.vectors_f64 import F64_LANES, subtract_row

WEIGHT_ORDER = 18
_FINE_ORDER, _FINE_GAIN = 34, 0.05  # taps and bits a sample of the trial with fine nodes
ROUNDING = 0.1  # energy a sample that no prediction removes: about 1/12, of rounding


@kernel
def tap_order(paired, present, taps, at_own, at_reference, out):
    """Covariance indices of the samples in a near window, newest first (spec 11.10)."""
    for i in range(taps):
        if not paired:
            out[i] = at_own + i + 1
        elif present:
            out[i] = at_reference + i // 2 if i % 2 == 0 else at_own + (i + 1) // 2
        else:
            out[i] = (at_own if i % 2 == 0 else at_reference) + i // 2 + 1


@kernel
def _add_upper(matrix, weight, first, total):
    """Add the weighted upper triangle of a matrix to a total; `first` overwrites the total.

    Some of what is below the diagonal is overwritten; rows have `room`.
    """
    size = len(matrix)
    for i in range(size):
        row, out = address(matrix[i]), address(total[i])
        if first:
            for j in range(i, size):
                store_f64(out, j, weight * load_f64(row, j))
        else:
            subtract_row(out, row, -weight, i & ~(F64_LANES - 1), padded(size))


@kernel
def _unit_energy(energy, own, cross, count, weights, inner):
    """Error energy of a unit under given weights, from that of its samples; overwrites `inner`."""
    at = address(inner)
    inner[:] = 0.0
    for j in range(count):
        # adds: in all lanes the terms come in the order of j
        subtract_row(at, address(own[j]), -weights[j], 0, len(inner))
    for i in range(count):
        energy += weights[i] * (inner[i] - 2.0 * cross[i])
    return energy


@kernel
def _weigh(covs, first, last, index, count, target, frames, factor, z, out):
    """Inverse mean error energy of each unit first .. last - 1 under one prediction for all."""
    width = padded(count)
    # of each unit, what concerns the taps: whole rows
    small = np.zeros((last - first, count, width))
    cross = np.empty((last - first, count))
    total = np.zeros((count, width))
    z[:count] = 0.0
    for u in range(first, last):
        cov, own = covs[u], small[u - first]
        for i in range(count):
            a = index[i]
            cross[u - first, i] = cov[min(a, target), max(a, target)]
            z[i] += cross[u - first, i]
            for j in range(i, count):
                own[i, j] = own[j, i] = cov[min(a, index[j]), max(a, index[j])]
            subtract_row(address(total[i]), address(small[u - first, i]), -1.0, 0, width)
    usable = factorise(total, count, factor, 0)
    project(factor, usable, z)
    weights = np.zeros(count)
    for i in range(usable - 1, -1, -1):
        value = z[i]
        for k in range(i + 1, usable):
            value -= factor[i, k] * weights[k]
        weights[i] = value / factor[i, i]
    inner = np.empty(width)
    for u in range(first, last):
        energy = _unit_energy(
            covs[u, target, target], small[u - first], cross[u - first], usable, weights, inner
        )
        out[u] = 1.0 / max(energy / frames[u], ROUNDING)
    keep(small)
    keep(total)
    keep(inner)


@kernel
def _unit_covariances(
    samples, which, delays, counts, begin, end, unit_frames, first_ltp, covs, frames
):  # fmt: skip
    """Covariances of the units of begin .. end; zero at the LTP match before `first_ltp`."""
    half = len(which) // 2
    near = counts[:half].sum()
    for u in range((end - begin + unit_frames - 1) // unit_frames):
        start = begin + u * unit_frames
        stop = min(start + unit_frames, end)
        frames[u] = stop - start
        if start >= first_ltp:
            covariance(samples, which, delays, counts, start, stop, covs[u], 0)
        else:
            covariance(
                samples, which[:half], delays[:half], counts[:half], start, stop, covs[u], 0
            )
            covs[u, :near, near:] = 0.0
            covs[u, near:] = 0.0


@kernel
def _window(paired, present, own_first, lags, max_order, ltp_frames, near, ltp):
    """Covariance indices of near and LTP window of one channel; returns the number of LTP taps."""
    at_own = 0 if own_first else lags
    tap_order(paired, present, max_order, at_own, lags - at_own, near)
    # newest first; within a frame the channel before its reference, as in the LTP window
    base = lags * (2 if paired else 1)
    for i in range(ltp_frames):
        if paired:
            ltp[2 * i] = base + i + (0 if own_first else ltp_frames)
            ltp[2 * i + 1] = base + i + (ltp_frames if own_first else 0)
        else:
            ltp[i] = base + i
    return ltp_frames * (2 if paired else 1)


@kernel
def analyse_span(
    samples, reference, begin, end, lag, orders, max_order, leaf_frames, levels, ltp_frames,
    unit_frames, node_cost, node_order, node_ltp, node_shift, node_weights,
):
    """Fill the tables of all nodes of one span.

    Parameters
    ----------
    samples : (channels, PAD + frames + delay) float64
        As in `analyse`.
    reference : (channels,) int64
        As in `LpcParameters`.
    begin, end : int
        The span, in delayed frames, `PAD` added.
    lag : int
        LTP lag in frames, or 0.
    orders : int64
        Lengths of near windows to try, ascending.
    max_order, leaf_frames, levels, ltp_frames, unit_frames : int
        As in `SegmentationSettings`.
    node_cost : (channels, nodes) float64
        Receives the estimated bits of each node, level by level from the shortest segments.
    node_order, node_ltp, node_shift : (channels, nodes) int64
        Receive near taps, LTP taps and fraction bits.
    node_weights : (channels, nodes, taps) int64
        Receives the rounded weights: near taps, then LTP taps, newest first.
    """
    channels = len(reference)
    leaves = (end - begin + leaf_frames - 1) // leaf_frames
    for c in range(channels):
        r = reference[c]
        # channels that refer to each other share covariances, computed for the first of them
        if r >= 0 and r < c and reference[r] == c:
            continue
        paired = r >= 0
        sides = 2 if paired and reference[r] == c else 1
        lags = max_order // 2 + 2 if paired else max_order + 1
        half = 2 if paired else 1
        which = np.empty(2 * half, np.int64)
        delays = np.zeros(2 * half, np.int64)
        counts = np.zeros(2 * half, np.int64)
        for s in range(half):
            which[s] = which[half + s] = c if s == 0 else r
            counts[s] = lags
            if lag > 0:
                delays[half + s] = lag - ltp_frames // 2 + 1
                counts[half + s] = ltp_frames
        size = counts.sum()
        # units before this frame have no LTP match within the block
        first_ltp = lag + 64 if lag > 0 else end
        near = np.empty((2, max_order), np.int64)
        ltp = np.empty((2, 2 * ltp_frames), np.int64)
        ltp_count = 0
        for side in range(sides):
            own = c if side == 0 else r
            ltp_count = _window(
                paired, paired and reference[own] < own, side == 0, lags, max_order,
                ltp_frames if lag > 0 else 0, near[side], ltp[side],
            )  # fmt: skip
        work = np.empty((size, size))
        factor = new_factor(size)
        z = np.zeros(padded(size))
        # one first prediction for each 4,096 frames
        units = 4096 // unit_frames
        covs = np.empty((units, size, room(size)))
        frames = np.empty(units)
        weights = np.empty(units)
        sums = np.empty((sides, leaves, size, room(size)))
        floors = np.zeros((sides, leaves))
        lengths = np.zeros(leaves)
        for start in range(begin, end, 4096):
            stop = min(start + 4096, end)
            count = (stop - start + unit_frames - 1) // unit_frames
            _unit_covariances(
                samples, which, delays, counts, start, stop, unit_frames, first_ltp, covs, frames
            )
            for u in range(count):
                lengths[(start - begin + u * unit_frames) // leaf_frames] += frames[u]
            for side in range(sides):
                _weigh(
                    covs, 0, count, near[side], min(WEIGHT_ORDER, max_order), side * lags, frames,
                    factor, z, weights,
                )
                for u in range(count):
                    leaf, within = divmod(start - begin + u * unit_frames, leaf_frames)
                    _add_upper(covs[u], weights[u], within == 0, sums[side, leaf])
                    floors[side, leaf] += ROUNDING * weights[u] * frames[u]
        skipped = max(0, first_ltp - begin + unit_frames - 1) // unit_frames * unit_frames
        for side in range(sides):
            own = c if side == 0 else r
            target = side * lags
            gain = fine_gain(
                sums[side], floors[side], near[side], min(_FINE_ORDER, max_order), target, work,
                factor, z,
            )  # fmt: skip
            fill_nodes(
                sums[side], lengths.copy(), floors[side], near[side], ltp[side], ltp_count,
                skipped, target, orders, gain > _FINE_GAIN, leaf_frames, levels, work, factor, z,
                node_cost[own], node_order[own], node_ltp[own], node_shift[own],
                node_weights[own],
            )  # fmt: skip


@kernel
def unload_weights(weights, nodes, order, ltp, out):
    """Copy the coefficients of some nodes to `out`, in the order of `LpcParameters`."""
    at = 0
    for node in nodes:
        for c in range(len(weights)):
            near = order[c, node]
            for i in range(near - 1, -1, -1):
                out[at] = weights[c, node, i]
                at += 1
            for i in range(near + ltp[c, node] - 1, near - 1, -1):
                out[at] = weights[c, node, i]
                at += 1

"""Costs and windows of all nodes in the segment tree of one span.

One Cholesky factorisation of a segment gives the error energy of every shorter window too. If the
span has an LTP match, a second one with the LTP window first gives the gain of that window.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.least_squares import COARSE, factorise, log2, project, round_weights
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_f64, store_f64
from nlac.predictors.lpc.parameters import SPAN

COEFFICIENT_LIMIT = 1 << 20
_FINE_NOISE = 0.3  # share of the energy of rounding that a fine node adds to the diagonal
_COARSE_ENOUGH = 1e-3  # error energy from which nothing is hidden
_COARSE_FLOOR, _FINE_FLOOR = 1e-9, 1e-15  # least error energy, as a share of the samples'


@kernel
def _pick(total, index, count, target, matrix, right):
    """Copy the normal equations of the taps `index` into `matrix` and `right`.

    Of `total`, only what is on and above the diagonal is read.
    """
    base, stride = address(total), total.shape[1]
    for i in range(count):
        a, row = index[i], address(matrix[i])
        for j in range(i, count):
            b = index[j]
            store_f64(row, j, load_f64(base, min(a, b) * stride + max(a, b)))
        right[i] = load_f64(base, min(a, target) * stride + max(a, target))


@kernel
def _merge(first, second, out):
    """Add two matrices, on and above the diagonal; `out` may be one of them."""
    for i in range(len(out)):
        row, other, target = address(first[i]), address(second[i]), address(out[i])
        for j in range(i, len(out)):
            store_f64(target, j, load_f64(row, j) + load_f64(other, j))


@kernel
def _round(factor, z, count, energy, frames, head, quantised):
    """Round the weights of a window; returns their fraction bits and estimated bits.

    Rounding adds step**2 / 12 times the sum of U_ii**2 to the error energy. A step twice as wide
    saves a bit a tap. The total is least where the added energy is count / frames of the error
    energy.
    """
    spread = 1e-9
    for i in range(count):
        spread += factor[i, i] * factor[i, i]
    step_log = 0.5 * log2(12.0 * max(energy, 1e-3) * max(count, 1) / (frames * spread))
    shift = min(max(int(np.floor(-step_log)), 4), 18)
    while shift >= 4:
        step = 1.0 / (1 << shift)
        limit = min(COEFFICIENT_LIMIT, (1 << (15 + shift)) - 1)
        if round_weights(factor, z, count, step, limit, quantised):
            bits = 0.0
            for i in range(count):
                # the first few weights are spread wide, the others are near zero
                bits += 1.5 + 1.6 * log2(1.0 + abs(quantised[i])) if i >= head else 9.0
            return shift, bits
        shift -= 1
    return -1, 0.0


@kernel
def _solve(
    total, near, near_count, ltp, ltp_count, target, frames, floor, orders, fine, work, factor, z,
    quantised,
):
    """Choose window and weights of one node; returns (cost, order, LTP taps used, shift).

    The cost is in bits, up to a constant that all partitions of the span share. `floor` is the
    weighted energy of rounding to integers, below which the error cannot fall. `fine` takes it, not
    a share of the samples' energy, for what the diagonal may add. `quantised` receives the LTP
    taps, then the near taps, newest first.
    """
    index = np.empty(near_count + ltp_count, np.int64)
    index[:ltp_count] = ltp[:ltp_count]
    index[ltp_count:] = near[:near_count]
    best = 1e300
    best_order = 0
    zero_energy = max(total[target, target], 1e-3)
    least = (_FINE_FLOOR if fine else _COARSE_FLOOR) * zero_energy
    scale = 1.0 / frames
    _pick(total, index, ltp_count + near_count, target, work, z)
    usable = factorise(work, ltp_count + near_count, factor, 0, _noise(floor, fine))
    project(factor, usable, z)
    energy = zero_energy
    for i in range(min(ltp_count, usable)):
        energy -= z[i] * z[i]
    done = ltp_count
    best_energy = zero_energy
    for order in orders:
        if order > near_count or ltp_count + order > usable:
            break
        while done < ltp_count + order:
            energy -= z[done] * z[done]
            done += 1
        safe = max(energy, least)
        cost = 0.5 * frames * log2((safe + floor) * scale) + 3.5 * (order + ltp_count)
        if cost < best:
            best = cost
            best_order = order
            best_energy = safe
    if best == 1e300:
        return best, 0, 0, 8
    count = ltp_count + best_order
    shift, bits = _round(factor, z, count, best_energy + floor, frames, ltp_count + 2, quantised)
    if shift < 0:
        return 1e300, 0, 0, 8
    cost = 0.5 * frames * log2((best_energy + floor) * scale) + bits + 0.35 * count + 12.0
    return cost, best_order, ltp_count, shift


@kernel
def _noise(floor, fine):
    """Bound of what `factorise` adds to the diagonal, by the energy of rounding."""
    return _FINE_NOISE * floor if fine else COARSE


@kernel
def fine_gain(sums, floors, near, count, target, work, factor, z):
    """Bits a sample that a fine node saves in a whole span, with one window of `count` taps.

    Spectra with a wide range gain: those of upsampled recordings, or of what lossy codecs left.
    Elsewhere a fine node has large weights for nothing.

    Parameters
    ----------
    sums : (leaves, size, room(size)) float64
        Weighted covariances of each shortest segment, on and above the diagonal.
    floors : (leaves,) float64
        Weighted energy of rounding of each.
    near, target, work, factor, z
        As in `fill_nodes`.
    count : int
        Taps of the window, at most ``len(near)``.
    """
    total = np.zeros(count)
    work[:count, :count] = 0.0
    for leaf in range(len(sums)):
        own = sums[leaf]
        for i in range(count):
            a = near[i]
            total[i] += own[min(a, target), max(a, target)]
            for j in range(i, count):
                work[i, j] += own[min(a, near[j]), max(a, near[j])]
    zero_energy = max(sums[:, target, target].sum(), 1e-3)
    floor = floors.sum()
    bits = 0.0
    for fine in (False, True):
        z[:count] = total
        usable = factorise(work, count, factor, 0, _noise(floor, fine))
        project(factor, usable, z)
        energy = zero_energy
        for i in range(usable):
            energy -= z[i] * z[i]
        if not fine and energy > _COARSE_ENOUGH * zero_energy:
            return 0.0
        energy = max(energy, (_FINE_FLOOR if fine else _COARSE_FLOOR) * zero_energy)
        bits += (-0.5 if fine else 0.5) * log2(energy + floor)
    return bits


@kernel
def _largest_order(orders, limit):
    """Largest of the ascending `orders` that is not above the limit; 0 if there is none."""
    largest = 0
    for order in orders:
        if order <= limit:
            largest = order
    return largest


@kernel
def _within_reach(orders, order):
    """Second of the ascending `orders` above `order`, or the largest."""
    steps = 2
    for longer in orders:
        if longer > order:
            order = longer
            steps -= 1
            if steps == 0:
                break
    return order


@kernel
def fill_nodes(
    sums, lengths, floors, near, ltp, ltp_count, skipped, target, orders, fine, leaf_frames, levels,
    work, factor, z, node_cost, node_order, node_ltp, node_shift, node_weights,
):
    """Fill the tables of all nodes of one channel: costs, windows, weights.

    Parameters
    ----------
    sums : (leaves, size, room(size)) float64
        Weighted covariances of each shortest segment; overwritten. Below the diagonal they mean
        nothing.
    lengths, floors : (leaves,) float64
        Frames, and weighted energy of rounding, of each shortest segment; overwritten.
    near, ltp : int64
        Covariance indices of the near and the LTP window, newest sample first.
    ltp_count : int
        Length of the LTP window in taps; 0 for none.
    skipped : int
        Segments that begin before this frame of the span have no LTP match.
    target : int
        Covariance index of the predicted sample.
    orders : int64
        Lengths of near windows to try, ascending.
    fine : bool
        The span's spectrum has a wide range; see `fine_gain`.
    leaf_frames, levels : int
        As in `SegmentationSettings`.
    work, factor, z : float64
        Scratch space of `size` rows.
    node_cost, node_order, node_ltp, node_shift : (nodes,)
        Receive estimated bits, near taps, LTP taps and fraction bits of each node, level by level
        from the shortest segments.
    node_weights : (nodes, taps) int64
        Receive the rounded weights: near taps, then LTP taps, newest first.
    """
    leaves = len(lengths)
    node = 0
    width = SPAN // leaf_frames
    quantised = np.zeros(len(work), np.int64)
    worth = np.zeros(leaves, np.bool_)
    # if both halves use few taps, the whole uses hardly more
    longest = np.full(leaves, len(near))
    below = leaves
    for level in range(levels):
        # a short segment cannot pay for many taps: do not try them
        node_frames = SPAN // width
        most = _largest_order(orders, min(len(near), node_frames // 24))
        for i in range(width):
            if i >= leaves:
                node_cost[node] = 0.0
                node += 1
                continue
            near_count = most
            if level > 0:
                used = longest[2 * i]
                if 2 * i + 1 < below:
                    used = max(used, longest[2 * i + 1])
                near_count = min(most, _within_reach(orders, used))
            # if neither half uses LTP, the whole does not; if both do, the whole does
            try_ltp = ltp_count > 0 and i * node_frames >= skipped
            try_near = True
            if try_ltp and level > 0:
                first, second = worth[2 * i], 2 * i + 1 < below and worth[2 * i + 1]
                try_ltp, try_near = first or second, not (first and second)
            cost, order, used, shift = 1e300, near_count, 0, 8
            if try_near:
                cost, order, used, shift = _solve(
                    sums[i], near, near_count, ltp, 0, target, lengths[i], floors[i],
                    orders, fine, work, factor, z, quantised,
                )
                node_weights[node, :order] = quantised[:order]
            if try_ltp:
                # the near window need not grow to model what the LTP window predicts
                cost2, order2, used2, shift2 = _solve(
                    sums[i], near, order, ltp, ltp_count, target, lengths[i],
                    floors[i], orders, fine, work, factor, z, quantised,
                )
                if cost2 < cost or not try_near:
                    cost, order, used, shift = cost2, order2, used2, shift2
                    node_weights[node, :order] = quantised[used : used + order]
                    node_weights[node, order : order + used] = quantised[:used]
            worth[i] = used > 0
            longest[i] = order
            node_cost[node] = cost
            node_order[node] = order
            node_ltp[node] = used
            node_shift[node] = shift
            node += 1
        below = leaves
        half = (leaves + 1) // 2
        for i in range(half):
            if 2 * i + 1 < leaves:
                _merge(sums[2 * i], sums[2 * i + 1], sums[i])
            else:
                sums[i] = sums[2 * i]
            if i > 0:
                lengths[i] = lengths[2 * i]
                floors[i] = floors[2 * i]
            if 2 * i + 1 < leaves:
                lengths[i] += lengths[2 * i + 1]
                floors[i] += floors[2 * i + 1]
        leaves = half
        width //= 2

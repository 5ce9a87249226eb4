"""Costs and windows of all nodes of one span's tree of segments (encoder only).

One factorisation a segment gives the error energy of every shorter window as well; where the
span has an earlier occurrence, a second one with the long-term window in front tells what that
is worth.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.least_squares import factorise, log2, project, round_weights
from nlac.kernels.jit import kernel
from nlac.predictors.lpc.parameters import SPAN

COEFFICIENT_LIMIT = 1 << 20


@kernel
def _pick(total, index, count, target, matrix, right):
    for i in range(count):
        row = total[index[i]]
        for j in range(i, count):
            matrix[i, j] = row[index[j]]
        right[i] = total[index[i], target]


@kernel
def _round(factor, z, count, energy, frames, head, quantised):
    """Round the weights of a window; returns fraction bits and the bits they will take.

    Rounding adds step**2 / 12 times the sum of L_ii**2 to the error energy, and a step
    twice as wide saves a bit a tap: the total is least where that energy is
    count / frames of the error's own.
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
                # the first few weights spread wide, the rest is near zero
                bits += 1.5 + 1.6 * log2(1.0 + abs(quantised[i])) if i >= head else 9.0
            return shift, bits
        shift -= 1
    return -1, 0.0


@kernel
def _solve(
    total, near, near_count, far, far_count, target, frames, floor, orders, work, factor, z,
    quantised,
):
    """Choose window and weights of one node; returns (cost, order, far taps used, shift).

    Cost is in bits, up to a constant that all partitions of the span share.
    `floor` is the weighted energy of rounding, below which nothing can be gained.
    `quantised` gets the far taps first, then the near ones, newest first.
    """
    index = np.empty(near_count + far_count, np.int64)
    index[:far_count] = far[:far_count]
    index[far_count:] = near[:near_count]
    best = 1e300
    best_order = 0
    zero_energy = max(total[target, target], 1e-3)
    scale = 1.0 / frames
    _pick(total, index, far_count + near_count, target, work, z)
    usable = factorise(work, far_count + near_count, factor, 0)
    project(factor, usable, z)
    energy = zero_energy
    for i in range(min(far_count, usable)):
        energy -= z[i] * z[i]
    done = far_count
    best_energy = zero_energy
    for order in orders:
        if order > near_count or far_count + order > usable:
            break
        while done < far_count + order:
            energy -= z[done] * z[done]
            done += 1
        safe = max(energy, 1e-9 * zero_energy)
        cost = 0.5 * frames * log2((safe + floor) * scale) + 3.5 * (order + far_count)
        if cost < best:
            best = cost
            best_order = order
            best_energy = safe
    if best == 1e300:
        return best, 0, 0, 8
    count = far_count + best_order
    shift, bits = _round(factor, z, count, best_energy + floor, frames, far_count + 2, quantised)
    if shift < 0:
        return 1e300, 0, 0, 8
    cost = 0.5 * frames * log2((best_energy + floor) * scale) + bits + 0.35 * count + 12.0
    return cost, best_order, far_count, shift


@kernel
def _largest_order(orders, limit):
    """Largest window of `orders`, which ascend, that is not above the limit."""
    largest = 0
    for order in orders:
        if order <= limit:
            largest = order
    return largest


@kernel
def _within_reach(orders, order):
    """Second window of `orders` that is longer, or the longest."""
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
    sums, lengths, floors, near, far, far_count, skipped, target, orders, leaf_frames, levels,
    work, factor, z, node_cost, node_order, node_far, node_shift, node_weights,
):
    """Fill the tables of all nodes of one channel; `sums` and the like are used up.

    Segments that begin before `skipped`, in frames of the span, have no earlier occurrence.
    """
    leaves = len(lengths)
    node = 0
    width = SPAN // leaf_frames
    quantised = np.zeros(len(work), np.int64)
    worth = np.zeros(leaves, np.bool_)
    # halves that want few taps make a whole that wants little more
    longest = np.full(leaves, len(near))
    below = leaves
    for level in range(levels):
        # a short segment can't pay for many taps: don't even look
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
            # where neither half has use for the earlier occurrence, the whole has none;
            # where both have, the whole has
            try_far = far_count > 0 and i * node_frames >= skipped
            try_near = True
            if try_far and level > 0:
                first, second = worth[2 * i], 2 * i + 1 < below and worth[2 * i + 1]
                try_far, try_near = first or second, not (first and second)
            cost, order, used, shift = 1e300, near_count, 0, 8
            if try_near:
                cost, order, used, shift = _solve(
                    sums[i], near, near_count, far, 0, target, lengths[i], floors[i],
                    orders, work, factor, z, quantised,
                )
                node_weights[node, :order] = quantised[:order]
            if try_far:
                # what the far window brings, no longer near one need bring
                cost2, order2, used2, shift2 = _solve(
                    sums[i], near, order, far, far_count, target, lengths[i],
                    floors[i], orders, work, factor, z, quantised,
                )
                if cost2 < cost or not try_near:
                    cost, order, used, shift = cost2, order2, used2, shift2
                    node_weights[node, :order] = quantised[used : used + order]
                    node_weights[node, order : order + used] = quantised[:used]
            worth[i] = used > 0
            longest[i] = order
            node_cost[node] = cost
            node_order[node] = order
            node_far[node] = used
            node_shift[node] = shift
            node += 1
        below = leaves
        half = (leaves + 1) // 2
        for i in range(half):
            if i > 0:
                sums[i] = sums[2 * i]
                lengths[i] = lengths[2 * i]
                floors[i] = floors[2 * i]
            if 2 * i + 1 < leaves:
                sums[i] += sums[2 * i + 1]
                lengths[i] += lengths[2 * i + 1]
                floors[i] += floors[2 * i + 1]
        leaves = half
        width //= 2

"""Windows and weights of the segments of one span, by least squares (encoder only).

Covariances are taken over short units, weighted by the inverse energy of a first
prediction's error (so that a loud attack does not drown the rest), and summed up
a binary tree of segments.  One factorisation a segment gives the error energy of
every shorter window as well; where the span has an earlier occurrence, a second
one with the long-term window in front tells what that is worth.
"""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel
from nlac._memory import address, load_f64, store_f64
from nlac.predictors.gram import covariance, mirror
from nlac.predictors.least_squares import (
    factorise,
    log2,
    new_factor,
    padded,
    project,
    round_weights,
)

SPAN = 16384
COEFFICIENT_LIMIT = 1 << 20
WEIGHT_ORDER = 18
ROUNDING = 0.1  # energy of a sample that no prediction takes off: about 1/12


@kernel
def tap_order(paired, present, taps, at_own, at_reference, out):
    """Covariance indices of the window's samples, newest first."""
    for i in range(taps):
        if not paired:
            out[i] = at_own + i + 1
        elif present:
            out[i] = at_reference + i // 2 if i % 2 == 0 else at_own + (i + 1) // 2
        else:
            out[i] = (at_own if i % 2 == 0 else at_reference) + i // 2 + 1


@kernel
def _pick(total, index, count, target, matrix, right):
    for i in range(count):
        row = total[index[i]]
        for j in range(i, count):
            matrix[i, j] = row[index[j]]
        right[i] = total[index[i], target]


@kernel
def _add_upper(matrix, weight, total):
    """Add the weighted upper triangle of a matrix to a total."""
    size = len(matrix)
    for i in range(size):
        row, out = address(matrix[i]), address(total[i])
        for j in range(i, size):
            store_f64(out, j, load_f64(out, j) + weight * load_f64(row, j))


@kernel
def _unit_energy(cov, index, count, target, weights):
    energy = cov[target, target]
    for i in range(count):
        inner = 0.0
        for j in range(count):
            inner += weights[j] * cov[min(index[i], index[j]), max(index[i], index[j])]
        cross = cov[min(index[i], target), max(index[i], target)]
        energy += weights[i] * (inner - 2.0 * cross)
    return energy


@kernel
def _weigh(covs, first, last, index, count, target, frames, work, factor, z, out):
    """Inverse energies of a first prediction's error for the units first .. last - 1."""
    work[:count, :count] = 0.0
    z[:count] = 0.0
    for u in range(first, last):
        cov = covs[u]
        for i in range(count):
            a = index[i]
            z[i] += cov[min(a, target), max(a, target)]
            for j in range(i, count):
                work[i, j] += cov[min(a, index[j]), max(a, index[j])]
    usable = factorise(work, count, factor)
    project(factor, usable, z)
    weights = np.zeros(count)
    for i in range(usable - 1, -1, -1):
        value = z[i]
        for k in range(i + 1, usable):
            value -= factor[i, k] * weights[k]
        weights[i] = value / factor[i, i]
    for u in range(first, last):
        energy = _unit_energy(covs[u], index, usable, target, weights)
        out[u] = 1.0 / max(energy / frames[u], ROUNDING)


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
    usable = factorise(work, far_count + near_count, factor)
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
def largest_order(orders, limit):
    """Largest window of `orders`, which ascend, that is not above the limit."""
    largest = 0
    for order in orders:
        if order <= limit:
            largest = order
    return largest


@kernel
def analyse_span(
    samples, reference, begin, end, lag, orders, max_order, leaf_frames, levels, long_frames,
    unit_frames, node_cost, node_order, node_far, node_shift, node_weights,
):
    """Fill the tables of all nodes of the span begin .. end (delayed frames, PAD added).

    Tables are (channels, nodes), level by level from the shortest segments.
    """
    channels = len(reference)
    for c in range(channels):
        r = reference[c]
        # a mutual pair shares its covariances: they are made for the first of the two
        if r >= 0 and r < c and reference[r] == c:
            continue
        paired = r >= 0
        lags = max_order // 2 + 2 if paired else max_order + 1
        sequences = (2 if paired else 1) * (2 if lag > 0 else 1)
        which = np.empty(sequences, np.int64)
        delays = np.zeros(sequences, np.int64)
        counts = np.empty(sequences, np.int64)
        which[0] = c
        counts[0] = lags
        if paired:
            which[1] = r
            counts[1] = lags
        if lag > 0:
            half = sequences // 2
            for s in range(half):
                which[half + s] = which[s]
                delays[half + s] = lag - long_frames // 2 + 1
                counts[half + s] = long_frames
        size = counts.sum()
        units = (end - begin + unit_frames - 1) // unit_frames
        leaf_units = leaf_frames // unit_frames
        covs = np.empty((units, size, size))
        frames = np.empty(units)
        half = sequences // 2 if lag > 0 else sequences
        # units before this one have no earlier occurrence within the block
        first_far = max(0, lag + 64 - begin + unit_frames - 1) // unit_frames
        for u in range(units):
            start = begin + u * unit_frames
            stop = min(start + unit_frames, end)
            frames[u] = stop - start
            if u >= first_far:
                covariance(samples, which, delays, counts, start, stop, covs[u])
            else:
                covs[u] = 0.0
                covariance(
                    samples, which[:half], delays[:half], counts[:half], start, stop, covs[u]
                )
        near = np.empty(max_order, np.int64)
        far = np.empty(2 * long_frames, np.int64)
        work = np.empty((size, size))
        factor = new_factor(size)
        z = np.zeros(padded(size))
        unit_weight = np.empty(units)
        for side in range(2):
            if side == 1 and not (paired and reference[r] == c):
                break
            own = c if side == 0 else r
            at_own = 0 if side == 0 else lags
            at_reference = lags - at_own
            present = paired and reference[own] < own
            tap_order(paired, present, max_order, at_own, at_reference, near)
            far_count = 0
            if lag > 0:
                # newest first: own before reference within a frame, as the window has them
                base = lags * (2 if paired else 1)
                for i in range(long_frames):
                    if paired:
                        far[2 * i] = base + i + (0 if side == 0 else long_frames)
                        far[2 * i + 1] = base + i + (long_frames if side == 0 else 0)
                    else:
                        far[i] = base + i
                far_count = long_frames * (2 if paired else 1)
            for quarter in range(0, units, 4096 // unit_frames):
                _weigh(
                    covs, quarter, min(quarter + 4096 // unit_frames, units), near,
                    min(WEIGHT_ORDER, max_order), at_own, frames, work, factor, z, unit_weight,
                )
            leaves = (units + leaf_units - 1) // leaf_units
            sums = np.zeros((leaves, size, size))
            lengths = np.zeros(leaves)
            floors = np.zeros(leaves)
            for u in range(units):
                leaf = u // leaf_units
                _add_upper(covs[u], unit_weight[u], sums[leaf])
                lengths[leaf] += frames[u]
                floors[leaf] += ROUNDING * unit_weight[u] * frames[u]
            for leaf in range(leaves):
                mirror(sums[leaf])
            node = 0
            width = SPAN // leaf_frames
            quantised = np.zeros(size, np.int64)
            worth = np.zeros(leaves, np.bool_)
            below = leaves
            for level in range(levels):
                # a short segment can't pay for many taps: don't even look
                node_frames = SPAN // width
                near_count = largest_order(orders, min(max_order, node_frames // 24))
                for i in range(width):
                    if i >= leaves:
                        node_cost[own, node] = 0.0
                        node += 1
                        continue
                    # where neither half has use for the earlier occurrence, the whole has none;
                    # where both have, the whole has
                    try_far = far_count > 0 and i * (node_frames // unit_frames) >= first_far
                    try_near = True
                    if try_far and level > 0:
                        first, second = worth[2 * i], 2 * i + 1 < below and worth[2 * i + 1]
                        try_far, try_near = first or second, not (first and second)
                    cost, order, used, shift = 1e300, near_count, 0, 8
                    if try_near:
                        cost, order, used, shift = _solve(
                            sums[i], near, near_count, far, 0, at_own, lengths[i], floors[i],
                            orders, work, factor, z, quantised,
                        )
                        node_weights[own, node, :order] = quantised[:order]
                    if try_far:
                        # what the far window brings, no longer near one need bring
                        cost2, order2, used2, shift2 = _solve(
                            sums[i], near, order, far, far_count, at_own, lengths[i],
                            floors[i], orders, work, factor, z, quantised,
                        )
                        if cost2 < cost or not try_near:
                            cost, order, used, shift = cost2, order2, used2, shift2
                            node_weights[own, node, :order] = quantised[used : used + order]
                            node_weights[own, node, order : order + used] = quantised[:used]
                    worth[i] = used > 0
                    node_cost[own, node] = cost
                    node_order[own, node] = order
                    node_far[own, node] = used
                    node_shift[own, node] = shift
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


@kernel
def unload_weights(weights, nodes, order, far, out):
    """Put the coefficients of some nodes into `out`, the oldest sample's first."""
    at = 0
    for node in nodes:
        for c in range(len(weights)):
            near = order[c, node]
            for i in range(near - 1, -1, -1):
                out[at] = weights[c, node, i]
                at += 1
            for i in range(near + far[c, node] - 1, near - 1, -1):
                out[at] = weights[c, node, i]
                at += 1

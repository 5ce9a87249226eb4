"""Windows and weights of the segments of one span, by least squares (encoder only).

Covariances are taken over short units, weighted by the inverse energy of a first
prediction's error (so that a loud attack does not drown the rest), and summed up to the
shortest segments; what these and longer ones cost, `lpc_nodes` finds.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room
from nlac.codec.encoder.lpc.least_squares import factorise, new_factor, padded, project
from nlac.codec.encoder.lpc.nodes import fill_nodes
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_f64, store_f64

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
def _add_upper(matrix, weight, first, total):
    """Add the weighted upper triangle of a matrix to a total, or begin the total with the first."""
    size = len(matrix)
    for i in range(size):
        row, out = address(matrix[i]), address(total[i])
        if first:
            for j in range(i, size):
                store_f64(out, j, weight * load_f64(row, j))
        else:
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
    usable = factorise(work, count, factor, 0)
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
def _unit_covariances(
    samples, which, delays, counts, begin, end, unit_frames, first_far, covs, frames
):  # fmt: skip
    """Covariances of the units of begin .. end; those before `first_far` see nothing far."""
    half = len(which) // 2
    near = counts[:half].sum()
    for u in range((end - begin + unit_frames - 1) // unit_frames):
        start = begin + u * unit_frames
        stop = min(start + unit_frames, end)
        frames[u] = stop - start
        if start >= first_far:
            covariance(samples, which, delays, counts, start, stop, covs[u], 0)
        else:
            covariance(
                samples, which[:half], delays[:half], counts[:half], start, stop, covs[u], 0
            )
            covs[u, :near, near:] = 0.0
            covs[u, near:] = 0.0


@kernel
def _window(paired, present, own_first, lags, max_order, long_frames, near, far):
    """Covariance indices of both windows of one channel of a pair; returns the far taps."""
    at_own = 0 if own_first else lags
    tap_order(paired, present, max_order, at_own, lags - at_own, near)
    # newest first: own before reference within a frame, as the window has them
    base = lags * (2 if paired else 1)
    for i in range(long_frames):
        if paired:
            far[2 * i] = base + i + (0 if own_first else long_frames)
            far[2 * i + 1] = base + i + (long_frames if own_first else 0)
        else:
            far[i] = base + i
    return long_frames * (2 if paired else 1)


@kernel
def analyse_span(
    samples, reference, begin, end, lag, orders, max_order, leaf_frames, levels, long_frames,
    unit_frames, node_cost, node_order, node_far, node_shift, node_weights,
):
    """Fill the tables of all nodes of the span begin .. end (delayed frames, PAD added).

    Tables are (channels, nodes), level by level from the shortest segments.
    """
    channels = len(reference)
    leaves = (end - begin + leaf_frames - 1) // leaf_frames
    for c in range(channels):
        r = reference[c]
        # a mutual pair shares its covariances: they are made for the first of the two
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
                delays[half + s] = lag - long_frames // 2 + 1
                counts[half + s] = long_frames
        size = counts.sum()
        # units before this frame have no earlier occurrence within the block
        first_far = lag + 64 if lag > 0 else end
        near = np.empty((2, max_order), np.int64)
        far = np.empty((2, 2 * long_frames), np.int64)
        far_count = 0
        for side in range(sides):
            own = c if side == 0 else r
            far_count = _window(
                paired, paired and reference[own] < own, side == 0, lags, max_order,
                long_frames if lag > 0 else 0, near[side], far[side],
            )  # fmt: skip
        work = np.empty((size, size))
        factor = new_factor(size)
        z = np.zeros(padded(size))
        # weights are those of a first prediction for each 4,096 frames
        units = 4096 // unit_frames
        covs = np.empty((units, size, room(size)))
        frames = np.empty(units)
        weights = np.empty(units)
        sums = np.empty((sides, leaves, size, size))
        floors = np.zeros((sides, leaves))
        lengths = np.zeros(leaves)
        for start in range(begin, end, 4096):
            stop = min(start + 4096, end)
            count = (stop - start + unit_frames - 1) // unit_frames
            _unit_covariances(
                samples, which, delays, counts, start, stop, unit_frames, first_far, covs, frames
            )
            for u in range(count):
                lengths[(start - begin + u * unit_frames) // leaf_frames] += frames[u]
            for side in range(sides):
                _weigh(
                    covs, 0, count, near[side], min(WEIGHT_ORDER, max_order), side * lags, frames,
                    work, factor, z, weights,
                )
                for u in range(count):
                    leaf, within = divmod(start - begin + u * unit_frames, leaf_frames)
                    _add_upper(covs[u], weights[u], within == 0, sums[side, leaf])
                    floors[side, leaf] += ROUNDING * weights[u] * frames[u]
        skipped = max(0, first_far - begin + unit_frames - 1) // unit_frames * unit_frames
        for side in range(sides):
            own = c if side == 0 else r
            for leaf in range(leaves):
                mirror(sums[side, leaf])
            fill_nodes(
                sums[side], lengths.copy(), floors[side], near[side], far[side], far_count,
                skipped, side * lags, orders, leaf_frames, levels, work, factor, z,
                node_cost[own], node_order[own], node_far[own], node_shift[own],
                node_weights[own],
            )  # fmt: skip


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

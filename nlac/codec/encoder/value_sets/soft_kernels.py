"""Compiled passes of the search for soft value sets: how much values cluster, and at which phases.

All sums are made one after the other, so they are the same on every machine.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel


@kernel
def cluster(counts, step_cos, step_sin, out_cos, out_sin):
    """Sums of exp(2 pi i f k), each times counts[k], for several frequencies f at once.

    Parameters
    ----------
    counts : (span,) float64
        Histogram.
    step_cos, step_sin : (n,) float64
        Cosines and sines of 2 pi f.
    out_cos, out_sin : (n,) float64
        Receive the sums.
    """
    # the lanes are the frequencies, each turning by a step from value to value
    lanes = len(step_cos)
    cosine, sine = np.ones(lanes), np.zeros(lanes)
    out_cos[:] = 0.0
    out_sin[:] = 0.0
    for k in range(len(counts)):
        count = counts[k]
        for j in range(lanes):
            c, s = cosine[j], sine[j]
            out_cos[j] += count * c
            out_sin[j] += count * s
            cosine[j] = c * step_cos[j] - s * step_sin[j]
            sine[j] = c * step_sin[j] + s * step_cos[j]


@kernel
def cluster_windows(samples, low, cosine, sine, window, out_cos, out_sin):
    """Sums of the cosines and sines of the samples of each window.

    Parameters
    ----------
    samples : (frames,) int32
        The samples.
    low : int
        The value whose cosine and sine come first.
    cosine, sine : (span,) float64
        Those of each value.
    window : int
        Frames of a window; the last may be shorter.
    out_cos, out_sin : (windows,) float64
        Receive the sums.
    """
    for w in range(len(out_cos)):
        total_cos = total_sin = 0.0
        for t in range(w * window, min((w + 1) * window, len(samples))):
            place = np.int64(samples[t]) - low
            total_cos += cosine[place]
            total_sin += sine[place]
        out_cos[w], out_sin[w] = total_cos, total_sin


@kernel
def _box(x, reach, sums, out):
    """Sums over boxes of 2 reach + 1; zeros stand beyond the ends. `sums` is scratch space."""
    count = len(x)
    total = 0.0
    for k in range(count):
        sums[k] = total
        total += x[k]
    sums[count] = total
    for k in range(count):
        out[k] = sums[min(k + reach + 1, count)] - sums[max(k - reach, 0)]


@kernel
def smooth(x, reach, sums, between, out):
    """Sums over boxes of 2 reach + 1, twice; zeros stand beyond the ends.

    Parameters
    ----------
    x, out : (n,) float64
        What is smoothed, and the result.
    reach : int
        At least 0.
    sums, between : (n + 1,) and (n,) float64
        Scratch space.
    """
    _box(x, reach, sums, between)
    _box(between, reach, sums, out)


@kernel
def learn_phases(seen, phase, ones, part, reach, rounds, table, scaled):
    """Learn how likely each phase is, by iterative scaling.

    Parameters
    ----------
    seen : (span,) float64
        How often each value occurs, 0 for values that are left out.
    phase : (span,) int64
        Phase of each value.
    ones : (span,) float64
        Ones, smoothed.
    part : (span,) bool
        The values that are learned from.
    reach, rounds : int
        As of `smooth`; number of rounds.
    table : (phases,) float64
        Receives the likelihoods.
    scaled : (span,) float64
        Receives the likelihood of each value, over that of its neighbourhood.
    """
    span = len(seen)
    sums, between = np.empty(span + 1), np.empty(span)
    density, weight = np.empty(span), np.empty(span)
    observed, expected = np.zeros(len(table)), np.empty(len(table))
    smooth(seen, reach, sums, between, density)
    for k in range(span):
        density[k] = density[k] / ones[k] * part[k]
        observed[phase[k]] += seen[k]
    table[:] = 1.0
    for turn in range(rounds + 1):
        for k in range(span):
            weight[k] = table[phase[k]]
        smooth(weight, reach, sums, between, scaled)
        if turn == rounds:
            break
        expected[:] = 0.0
        for k in range(span):
            expected[phase[k]] += density[k] * weight[k] / (scaled[k] / ones[k])
        largest = 0.0
        for p in range(len(table)):
            table[p] *= (observed[p] + 1) / (expected[p] + 1)
            largest = max(largest, table[p])
        for p in range(len(table)):
            table[p] = max(table[p], largest * 1e-3)
    for k in range(span):
        scaled[k] = weight[k] / (scaled[k] / ones[k])

"""Find soft value sets: steps around whose multiples the values of a channel cluster.

A peak in the spectrum of the histogram is a step. How likely each phase of the step is, is learned
from the values of every other four steps and judged on the rest, so that chance is not taken for a
grid. Sums of floats here are made one after the other, never by BLAS: the choice is the same on
every machine of a kind and for every number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.value_sets.soft_kernels import (
    cluster,
    cluster_windows,
    learn_phases,
    smooth,
)
from nlac.entropy.soft_sets import MAX_STEP, PHASES, STEP_BITS, phases, reach_of
from nlac.entropy.value_sets import MAX_SPAN, ValueSet, soft

_WINDOW = 4096
_LEAST_WINDOWS, _LEAST_SPAN = 4, 64
_SOME_WINDOWS, _NEAR, _SIZE = 12, 4096, 1 << 14  # what a first look takes; size of its spectrum
_BOX = 33  # values over which a histogram is smoothed, twice
_LEAST_PEAK, _LEAST_WINDOW_PEAK = 0.04, 0.12  # |mean exp(2 pi i f x)| of a channel, of a window
_LONGEST = 40  # step: lower frequencies are those of the histogram's shape
_SHORTEST = 1.3
_LEAST_GAIN, _LEAST_GAIN_SHARE, _LEAST_PROOF = 600.0, 0.01, 0.5  # bits; bits a sample; share
_LONELY = 0.4  # a value with this share of its neighbourhood says nothing of a grid
_ROUNDS = 6
_TRIES = 21  # frequencies around the best so far


class SoftSet(NamedTuple):
    """A soft set, where it holds, and the bits that it saves by estimate.

    Attributes
    ----------
    entry : ValueSet
        The set.
    stretches : list of (int, int)
        Begin and end of the stretches of the channel that cluster.
    gain_bits : float
        Estimate for all of them together.
    """

    entry: ValueSet
    stretches: list[tuple[int, int]]
    gain_bits: float


def find_soft(x: NDArray[np.int32]) -> SoftSet | None:
    """Find the soft set of a channel.

    Parameters
    ----------
    x : (frames,) int32
        The channel.

    Returns
    -------
    SoftSet or None
        None if values do not cluster, or too few do.
    """
    low, high = int(x.min()), int(x.max())
    span = high - low + 1
    if not _LEAST_SPAN <= span <= MAX_SPAN or len(x) < _LEAST_WINDOWS * _WINDOW:
        return None
    frequency = _suspected(x)
    if frequency is None:
        return None
    frequency = _refined(frequency, np.bincount(x - low, minlength=span))
    step = round((1 << STEP_BITS) / frequency)
    if not _SHORTEST * (1 << STEP_BITS) <= step < MAX_STEP:
        return None
    on = _window_strengths(frequency, x, low, span) > _LEAST_WINDOW_PEAK
    if not on.any():
        return None
    clustered = x[np.repeat(on, _WINDOW)[: len(x)]]
    weights, gain = _weights(np.bincount(clustered - low, minlength=span), low, step)
    if gain < max(_LEAST_GAIN, _LEAST_GAIN_SHARE * len(clustered)):
        return None
    edges = np.flatnonzero(np.diff(on.astype(np.int8), prepend=0, append=0)).tolist()
    pairs = zip(edges[::2], edges[1::2], strict=True)
    stretches = [(begin * _WINDOW, min(end * _WINDOW, len(x))) for begin, end in pairs]
    return SoftSet(soft(low, high, step, weights), stretches, gain)


def _smoothed(x: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Sums over boxes of 2 reach + 1, twice; zeros stand beyond the ends."""
    out = np.empty(len(x))
    smooth(x, reach, np.empty(len(x) + 1), np.empty(len(x)), out)
    return out


def _strengths(
    frequencies: NDArray[np.float64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """|sum of counts[k] exp(2 pi i f k)| for each frequency f, (n,) float64."""
    steps = 2 * np.pi * frequencies
    sums = np.empty((2, len(steps)))
    cluster(counts, np.cos(steps), np.sin(steps), sums[0], sums[1])
    strengths: NDArray[np.float64] = np.hypot(sums[0], sums[1])
    return strengths


def _window_strengths(
    frequency: float, x: NDArray[np.int32], low: int, span: int
) -> NDArray[np.float64]:
    """|mean exp(2 pi i f x)| of each window, (windows,) float64."""
    turns = 2 * np.pi * np.mod(frequency * np.arange(span), 1.0)
    begins = np.arange(0, len(x), _WINDOW)
    sums = np.empty((2, len(begins)))
    cluster_windows(x, low, np.cos(turns), np.sin(turns), _WINDOW, sums[0], sums[1])
    lengths = np.minimum(len(x) - begins, _WINDOW)
    strengths: NDArray[np.float64] = np.hypot(sums[0] / lengths, sums[1] / lengths)
    return strengths


def _suspected(x: NDArray[np.int32]) -> float | None:
    """Frequency of clusters in a part of the samples, in clusters a unit; None without any.

    Most channels have none, so little time is spent on them: some windows, and of their values
    those near the mean, tell.
    """
    windows = x[: len(x) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    some = windows[:: max(1, len(windows) // _SOME_WINDOWS)].ravel()
    from_middle = some - (int(some.sum(dtype=np.int64)) // len(some) - _NEAR)
    near = from_middle[(from_middle >= 0) & (from_middle < 2 * _NEAR)]
    if len(near) < _WINDOW:
        return None
    histogram = np.bincount(near, minlength=2 * _NEAR)
    total, size = len(near), _SIZE
    smooth = _smoothed(histogram.astype(np.float64), _BOX // 2) / _BOX**2
    spectrum = np.abs(np.fft.rfft(histogram - smooth, size))
    spectrum[: size // _LONGEST] = 0
    peak = int(np.argmax(spectrum))
    if spectrum[peak] < _LEAST_PEAK * total:
        return None
    return peak / size


def _refined(frequency: float, histogram: NDArray[np.int64]) -> float:
    """Frequency near the given one at which all values cluster most."""
    counts = histogram.astype(np.float64)
    best = float(_strengths(np.array([frequency]), counts)[0]), frequency
    for reach in (1.0, 0.1, 0.01):
        tries = np.linspace(best[1] - reach / _SIZE, best[1] + reach / _SIZE, _TRIES)
        best = max(best, *zip(_strengths(tries, counts).tolist(), tries.tolist(), strict=True))
    return best[1]


def _weights(histogram: NDArray[np.int64], low: int, step: int) -> tuple[bytes, float]:
    """Weights of the phases, and the bits that they save on values they were not learned from."""
    reach = reach_of(step)
    values = np.arange(len(histogram), dtype=np.int64) + low
    phase = phases(values, step)
    counts = histogram.astype(np.float64)
    neighbourhood = np.concatenate([np.zeros(4 * reach + 1), np.cumsum(counts)])
    neighbourhood = np.concatenate([neighbourhood, np.full(4 * reach, neighbourhood[-1])])
    around = neighbourhood[8 * reach + 1 :] - neighbourhood[: -8 * reach - 1]
    counts[counts > _LONELY * around] = 0.0
    ones = _smoothed(np.ones(len(counts)), reach)

    def learn(part: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        table, scaled = np.empty(PHASES), np.empty(len(counts))
        learn_phases(counts * part, phase, ones, part, reach, _ROUNDS, table, scaled)
        return table, np.log2(np.maximum(scaled, 1 / 16))

    even = ((values << STEP_BITS) // (4 * step)) & 1 == 0
    gain = 0.0
    for part in (even, ~even):
        gain += float((counts * ~part * learn(part)[1]).sum())
    table, saved = learn(np.ones(len(counts), np.bool_))
    if gain < _LEAST_PROOF * float((counts * saved).sum()):
        gain = 0.0
    weights = np.clip(np.rint(table / table.max() * 255), 1, 255)
    return bytes(weights.astype(np.uint8)), gain

"""Compiled part of the search for LTP matches: whitened signals and their comparison."""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep, load_f64, load_i16
from nlac.kernels.vectors_f64 import F64_LANES, correlate
from nlac.kernels.vectors_i16 import dot_i16

_CHUNK = 4096
_LOW_WORD = (1 << 32) - 1


@kernel
def whiten(samples, begin, end, order, out):
    """Whiten samples: the error of a short prediction, levelled, chunk by chunk.

    Each chunk of 4,096 samples gets a prediction of its own (autocorrelation, Levinson-Durbin).
    Its errors are divided by their mean, so that loud passages weigh no more than soft ones.

    Parameters
    ----------
    samples : (frames,) float64
        At least `F64_LANES` samples precede `begin`.
    begin, end : int
        Frames to whiten.
    order : int
        Taps of the prediction.
    out : (end - begin,) int16
        Receives the result, -64 to 64.
    """
    vectors = order // F64_LANES + 1
    corr = np.empty(vectors * F64_LANES)
    weights = np.zeros(order)
    previous = np.zeros(order)
    errors = np.empty(_CHUNK)
    for start in range(begin, end, _CHUNK):
        stop = min(start + _CHUNK, end)
        count = stop - start
        at = address(samples) + 8 * start
        correlate(at, at, count, address(corr), vectors)
        energy = corr[0] * 1.0001 + 1e-3
        weights[:] = 0.0
        for i in range(order):
            value = corr[i + 1]
            for j in range(i):
                value -= weights[j] * corr[i - j]
            reflection = value / energy
            if not abs(reflection) < 1.0:
                break
            previous[:i] = weights[:i]
            weights[i] = reflection
            for j in range(i):
                weights[j] = previous[j] - reflection * previous[i - 1 - j]
            energy *= 1.0 - reflection * reflection
        errors[:count] = samples[start:stop]
        for j in range(order):
            weight = weights[j]
            before = at - 8 * (j + 1)
            for t in range(count):
                errors[t] -= weight * load_f64(before, t)
        level = 0.0
        for t in range(count):
            level += abs(errors[t])
        level = 32.0 * count / (level + 1e-3 * count)
        for t in range(count):
            out[start - begin + t] = np.int16(min(max(errors[t] * level, -64.0), 64.0))
    keep(corr)


@kernel
def running_energies(signal):
    """Sum of squares of all samples before each one, and of all; (frames + 1,) uint32.

    Modulo 2**32: the energy of any million samples of -64 to 64 is a difference of two.
    """
    out = np.empty(len(signal) + 1, np.uint32)
    total = np.int64(0)
    for t in range(len(signal)):
        out[t] = total & _LOW_WORD
        total += np.int64(signal[t]) * signal[t]
    out[len(signal)] = total & _LOW_WORD
    return out


@kernel
def grouped(signal, step):
    """Sums of each `step` samples; (frames // step,) float32."""
    out = np.empty(len(signal) // step, np.float32)
    at = address(signal)
    for i in range(len(out)):
        total = 0
        for j in range(step):
            total += load_i16(at, i * step + j)
        out[i] = total
    return out


@kernel
def level(correlation, least):
    """Divide each lag by the root of its number of products, so that chance peaks are equal."""
    count = len(correlation)
    for lag in range(count):
        correlation[lag] /= np.float32(np.sqrt(np.float32(max(count - lag, least))))


@kernel
def compare(signal, energies, begin, end, lags, out):
    """Normalised correlation of signal[begin:end] with itself each lag earlier.

    Parameters
    ----------
    signal : (frames,) int16
        Whitened signal.
    energies : (frames + 1,) uint32
        Its `running_energies`.
    begin, end : int
        Frames to compare, fewer than a million.
    lags : (n,) int64
        Lags in frames. Where a lag reaches before the signal, only the other frames count.
    out : (n,) float64
        Receives the correlations.
    """
    at = address(signal)
    own = (np.int64(energies[end]) - np.int64(energies[begin])) & _LOW_WORD
    for i in range(len(lags)):
        lag = lags[i]
        first = max(begin, lag)
        blocks = max(end - first, 0) & ~31
        cross = dot_i16(at + 2 * first, at + 2 * (first - lag), blocks)
        for t in range(first + blocks, end):
            cross += load_i16(at, t) * load_i16(at, t - lag)
        other = (np.int64(energies[end - lag]) - np.int64(energies[first - lag])) & _LOW_WORD
        share = max(end - first, 0) / (end - begin)
        out[i] = share * cross / np.sqrt(np.float64(own) * np.float64(other) + 1.0)

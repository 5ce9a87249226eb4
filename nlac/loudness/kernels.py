"""Compiled loops of loudness: K-weighted power, and peaks between samples."""

from __future__ import annotations

import numpy as np

from nlac._typing import F64
from nlac.kernels.jit import kernel

# states below are silence: what is left of them would only slow the machine down
_SILENCE = 1e-30


@kernel
def weighted_power(
    signal: F64,
    coefficients: F64,
    weights: F64,
    states: F64,
    hop: int,
    filled: int,
    energy: float,
    energies: F64,
) -> tuple[int, float, int]:
    """Filter a signal, and add up the weighted squares of each hop.

    Parameters
    ----------
    signal : (channels, frames) float64
        The signal.
    coefficients : (2, 5) float64
        Of `nlac.loudness.filters.k_weighting`.
    weights : (channels,) float64
        Of `nlac.loudness.filters.channel_weights`.
    states : (channels, 4) float64
        States of the filters, which are updated.
    hop : int
        Frames of a hop.
    filled, energy : int, float
        Frames of the hop at hand, and their sum.
    energies : (hops,) float64
        Gets the sums of complete hops.

    Returns
    -------
    filled : int
    energy : float
    count : int
        Complete hops.
    """
    channels, frames = signal.shape
    b0, b1, b2, a1, a2 = coefficients[0]
    d1, d2 = coefficients[1, 3], coefficients[1, 4]
    count = 0
    place = 0
    while place < frames:
        stop = min(frames, place + hop - filled)
        for channel in range(channels):
            if weights[channel] == 0.0:
                continue
            s1, s2, t1, t2 = states[channel]
            total = 0.0
            for i in range(place, stop):
                x = signal[channel, i]
                y = b0 * x + s1
                s1 = b1 * x - a1 * y + s2
                s2 = b2 * x - a2 * y
                z = y + t1
                t1 = t2 - 2.0 * y - d1 * z
                t2 = y - d2 * z
                total += z * z
            energy += weights[channel] * total
            states[channel, 0] = s1 if abs(s1) > _SILENCE else 0.0
            states[channel, 1] = s2 if abs(s2) > _SILENCE else 0.0
            states[channel, 2] = t1 if abs(t1) > _SILENCE else 0.0
            states[channel, 3] = t2 if abs(t2) > _SILENCE else 0.0
        filled += stop - place
        place = stop
        if filled == hop:
            energies[count] = energy
            count += 1
            filled = 0
            energy = 0.0
    return filled, energy, count


@kernel
def interpolated_peak(signal: F64, phases: F64, bound: float, peak: float) -> float:
    """Highest absolute value between the samples of a signal, or `peak` if that is higher.

    Parameters
    ----------
    signal : (frames + taps - 1,) float64
        The signal, with what comes before it.
    phases : (phases, taps) float64
        Of `nlac.loudness.filters.interpolation`; the number of taps is a multiple of 4.
    bound : float
        No interpolated value is more than so many times the highest sample near it.
    peak : float
        Peak so far.
    """
    taps = phases.shape[1]
    step = 256
    values = np.empty(step)
    for begin in range(0, signal.shape[0] - taps + 1, step):
        count = min(step, signal.shape[0] - taps + 1 - begin)
        highest = 0.0
        for i in range(begin, begin + count + taps - 1):
            highest = max(highest, abs(signal[i]))
        # most of a recording can't exceed the peak that it had
        if highest * bound <= peak:
            continue
        for phase in range(phases.shape[0]):
            values[:count] = 0.0
            # four at a time, for they take longer to load than to multiply
            for tap in range(0, taps, 4):
                c0, c1, c2, c3 = phases[phase, tap : tap + 4]
                part = signal[begin + tap : begin + tap + count + 3]
                for i in range(count):
                    values[i] += (
                        c0 * part[i] + c1 * part[i + 1] + c2 * part[i + 2] + c3 * part[i + 3]
                    )
            for i in range(count):
                peak = max(peak, abs(values[i]))
    return peak

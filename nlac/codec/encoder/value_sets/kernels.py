"""Compiled passes over the samples of a channel: which values occur."""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel


@kernel
def common_step(samples):
    """Greatest common divisor of all differences (Euclid); 0 if all samples are equal."""
    step = np.int64(0)
    for i in range(1, len(samples)):
        rest = abs(np.int64(samples[i]) - np.int64(samples[0]))
        while rest:
            step, rest = rest, step % rest
        if step == 1:
            break
    return step


@kernel
def count_values(samples, low, counts):
    """Add the samples to a histogram that begins at the value `low`."""
    for sample in samples:
        counts[sample - low] += 1


@kernel
def has_run(samples, low, used, longest):
    """Whether more than `longest` consecutive values occur.

    `used`, bool and False at first, has a cell for each value from `low` on; overwritten.
    """
    for sample in samples:
        place = np.int64(sample) - low
        if used[place]:
            continue
        used[place] = True
        first = last = place
        while first > 0 and used[first - 1] and last - first < longest:
            first -= 1
        while last + 1 < len(used) and used[last + 1] and last - first < longest:
            last += 1
        if last - first >= longest:
            return True
    return False


@kernel
def may_have_grids(samples, stretch):
    """Whether the common step of some stretch of `stretch` samples is even and not 0."""
    for begin in range(0, len(samples) - stretch + 1, stretch):
        first = samples[begin]
        odd = False
        flat = True
        for i in range(begin + 1, begin + stretch):
            if samples[i] != first:
                flat = False
                if (samples[i] ^ first) & 1:
                    odd = True
                    break
        if not odd and not flat:
            return True
    return False

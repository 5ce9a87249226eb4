"""Passes over all samples of a channel that look for what values occur (encoder only)."""

from __future__ import annotations

import numpy as np

from nlac._kernels import kernel


@kernel
def extent(samples):
    """Smallest sample, largest sample, and the sum of all."""
    low = high = np.int64(samples[0])
    total = np.int64(0)
    for sample in samples:
        low = min(low, np.int64(sample))
        high = max(high, np.int64(sample))
        total += sample
    return low, high, total


@kernel
def common_step(samples):
    """Greatest common divisor of all differences; 0 where all samples are equal."""
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
def longest_run(counts):
    """Length of the longest run of neighbouring values that are all in use."""
    longest = run = 0
    for count in counts:
        run = run + 1 if count else 0
        longest = max(longest, run)
    return longest


@kernel
def may_have_grids(samples, stretch):
    """Tell whether some stretch that is not constant has an even step."""
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

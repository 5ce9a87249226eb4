"""What a network is told of a channel before a sample, and what its answer means (spec, section
"Network block").

It is told numbers that its front knows: the last errors of the channel and of its
reference, in units of a running mean; how that mean moves; how far the predictions lie
apart. It answers by where, in those units, the sample is rather to be expected, and
how wide three distributions around that place are to be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i64, store_16, store_64
from nlac.predictors.cascade.state import C_PLAIN

FEATURES = 20
OUTPUTS = 4
WIDTHS = 3
FEATURE_LOCATIONS, MAX_RLS_PREDICTORS = 5, 5
MAX_OCTAVES = 6  # of a width, to each side of the mean error
MAX_MEAN = np.int64(1) << 52
# cells of a channel
(
    K_ERROR, K_FAST, K_MIDDLE, K_SLOW, K_SEEN, K_SAMPLE, K_OTHER, K_FLAG, K_LOCATIONS, K_EXPERTS,
    K_PREDICTIONS,
) = range(11)
CELLS = 11
FAST_RATE, MIDDLE_RATE, SLOW_RATE = 3, 6, 9
_FLAG = 256
_LEVEL = 16 * 256


@kernel
def mean_error(known):
    """The running mean in whose unit everything is told, Q12."""
    return load_i64(known, K_MIDDLE) + 256


@kernel
def _relative(value, mean, level):
    """Logarithm of 1 + |value| / mean, with the sign of the value (Q8; the value itself is Q8)."""
    size = log2_fixed(mean + (abs(value) << 4), 8) - level
    return size if value >= 0 else -size


@kernel
def write_features(known, locations, features):
    """Write what is known before a sample to 16-bit cells at `features`.

    Widths: |values| are at most 2**41, so sums below 2**46, and features below 2**14.
    """
    mean = mean_error(known)
    level = log2_fixed(mean, 8)
    best = load_i64(locations, 0)
    store_16(features, 0, _relative(load_i64(known, K_ERROR), mean, level))
    store_16(features, 2, log2_fixed(load_i64(known, K_FAST) + 256, 8) - level)
    store_16(features, 3, log2_fixed(load_i64(known, K_SLOW) + 256, 8) - level)
    other = load_i64(known, K_OTHER)
    if other != 0:
        other_mean = mean_error(other)
        other_level = log2_fixed(other_mean, 8)
        store_16(features, 1, _relative(load_i64(other, K_ERROR), other_mean, other_level))
        store_16(features, 4, log2_fixed(load_i64(other, K_FAST) + 256, 8) - other_level)
        store_16(features, 5, log2_fixed(load_i64(other, K_SLOW) + 256, 8) - other_level)
        store_16(features, 6, level - other_level)
    store_16(features, 7, level - _LEVEL)
    for i in range(1, load_i64(known, K_LOCATIONS)):
        store_16(features, 7 + i, _relative((load_i64(locations, i) - best) << 2, mean, level))
    predictions = load_i64(known, K_PREDICTIONS)
    for i in range(load_i64(known, K_EXPERTS)):
        value = (load_i64(predictions, i) - best) << 2
        store_16(features, 12 + i, _relative(value, mean, level))
    store_16(features, 17, load_i64(known, K_FLAG))
    store_16(features, 18, _relative(best - (load_i64(known, K_SAMPLE) << 8), mean, level))
    store_16(features, 19, _relative(best, mean, level))


@kernel
def apply_outputs(mean, outputs, best, low, high, location, widths, powers):
    """Turn a network's answers into a location (Q8), and mean errors (Q20) at `widths`.

    `location` and `widths` are addresses, `low` and `high` limit the location. Widths:
    `mean` is below 2**45, answers have 16 bits, `powers` 16 unsigned ones.
    """
    shift = (mean * load_i16(outputs, 0)) >> 14
    store_64(location, 0, min(max(best + shift, low), high))
    for i in range(WIDTHS):
        octaves = (load_i16(outputs, 1 + i) + 32) >> 6  # in sixteenths
        octaves = min(max(octaves, -16 * MAX_OCTAVES), 16 * MAX_OCTAVES)
        width = mean * load_i64(powers, octaves & 15) >> (7 - (octaves >> 4))
        store_64(widths, i, min(width, MAX_MEAN))


@kernel
def note_sample(known, sample, best):
    """Learn a sample and the error of the best location."""
    error = (sample << 8) - best
    store_64(known, K_ERROR, error)
    store_64(known, K_SAMPLE, sample)
    seen = load_i64(known, K_SEEN) + 1
    store_64(known, K_SEEN, seen)
    age = (log2_fixed(seen, 8) >> 8) + 1
    size = abs(error) << 4
    for i in range(3):
        mean = load_i64(known, K_FAST + i)
        rate = min(np.int64(FAST_RATE + 3 * i), age)
        store_64(known, K_FAST + i, mean + ((size - mean) >> rate))


class FeatureState:
    """What is known of all channels of a block, whose cells are the rows of `channels`.

    Attributes
    ----------
    rows : (channels, CELLS) int64
        One row a channel.
    """

    def __init__(
        self,
        channels: NDArray[np.int64],
        references: Sequence[int],
        initial: NDArray[np.int64],
        locations: int,
        rls: int,
    ) -> None:
        self.rows = np.zeros((len(references), CELLS), np.int64)
        rows = self.rows
        for c, reference in enumerate(references):
            rows[c, K_FAST : K_SLOW + 1] = initial[c]
            rows[c, K_LOCATIONS] = min(locations, FEATURE_LOCATIONS)
            rows[c, K_EXPERTS] = min(rls, MAX_RLS_PREDICTORS)
            rows[c, K_PREDICTIONS] = channels[c].ctypes.data + 8 * (C_PLAIN + 1)
            if reference >= 0:
                rows[c, K_OTHER] = rows[reference].ctypes.data
                rows[c, K_FLAG] = _FLAG if reference < c else -_FLAG

"""Input features of a network, and how its outputs are applied (spec, section "Network block").

Features are numbers that the base predictor knows before a sample: the last errors of the channel
and of its reference, in units of a running mean error; the movement of that mean; the differences
between predictions. The outputs are a correction of the location in those units, and the widths of
three distributions around the corrected location.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i64, store_16, store_64
from nlac.predictors.cascade.state import ChannelCell

FEATURES = 20
OUTPUTS = 4
WIDTHS = 3
FEATURE_LOCATIONS, MAX_RLS_PREDICTORS = 5, 5
MAX_OCTAVES = 6  # between a width and the mean error, to each side
MAX_MEAN = np.int64(1) << 52
FAST_RATE, MIDDLE_RATE, SLOW_RATE = 3, 6, 9
_FLAG = 256
_LEVEL = 16 * 256


class FeatureCell(IntEnum):
    """Cells of a channel, int64."""

    ERROR = 0  # last error of the best location, Q8
    FAST = 1  # running means of |error|, Q12
    MIDDLE = 2
    SLOW = 3
    SEEN = 4  # samples so far
    SAMPLE = 5  # last sample
    OTHER = 6  # address of the reference's cells, 0 for none
    FLAG = 7  # _FLAG if the reference's present sample is state, else -_FLAG; 0 without a reference
    LOCATIONS = 8  # locations among the features
    NUM_RLS = 9  # predictions of RLS predictors among the features
    PREDICTIONS = 10  # address of these predictions, Q8


FEATURE_CELLS = len(FeatureCell)


@kernel
def mean_error(state):
    """Running mean of |error|, the unit of all features, int64 Q12."""
    return load_i64(state, FeatureCell.MIDDLE) + 256


@kernel
def _relative(value, mean, level):
    """Logarithm of 1 + |value| / mean, with the sign of the value (Q8; the value itself is Q8)."""
    size = log2_fixed(mean + (abs(value) << 4), 8) - level
    return size if value >= 0 else -size


@kernel
def write_features(state, locations, features):
    """Write the features of a sample to the address `features`, FEATURES int16.

    `state` is the address of the channel's cells, `locations` that of its predictions (Q8).

    Widths: |values| are at most 2**41, so sums below 2**46, and features below 2**14.
    """
    mean = mean_error(state)
    level = log2_fixed(mean, 8)
    best = load_i64(locations, 0)
    store_16(features, 0, _relative(load_i64(state, FeatureCell.ERROR), mean, level))
    store_16(features, 2, log2_fixed(load_i64(state, FeatureCell.FAST) + 256, 8) - level)
    store_16(features, 3, log2_fixed(load_i64(state, FeatureCell.SLOW) + 256, 8) - level)
    other = load_i64(state, FeatureCell.OTHER)
    if other != 0:
        other_mean = mean_error(other)
        other_level = log2_fixed(other_mean, 8)
        error = load_i64(other, FeatureCell.ERROR)
        store_16(features, 1, _relative(error, other_mean, other_level))
        store_16(features, 4, log2_fixed(load_i64(other, FeatureCell.FAST) + 256, 8) - other_level)
        store_16(features, 5, log2_fixed(load_i64(other, FeatureCell.SLOW) + 256, 8) - other_level)
        store_16(features, 6, level - other_level)
    store_16(features, 7, level - _LEVEL)
    for i in range(1, load_i64(state, FeatureCell.LOCATIONS)):
        store_16(features, 7 + i, _relative((load_i64(locations, i) - best) << 2, mean, level))
    predictions = load_i64(state, FeatureCell.PREDICTIONS)
    for i in range(load_i64(state, FeatureCell.NUM_RLS)):
        value = (load_i64(predictions, i) - best) << 2
        store_16(features, 12 + i, _relative(value, mean, level))
    store_16(features, 17, load_i64(state, FeatureCell.FLAG))
    change = best - (load_i64(state, FeatureCell.SAMPLE) << 8)
    store_16(features, 18, _relative(change, mean, level))
    store_16(features, 19, _relative(best, mean, level))


@kernel
def apply_outputs(mean, outputs, best, low, high, location, widths, powers):
    """Turn a network's outputs into a location (Q8) and three mean errors (Q20).

    `outputs` (int16), `location`, `widths` and `powers` (int64) are addresses; `best`, `low` and
    `high` are the best location and the limits of the new one (Q8). Widths: `mean` is below 2**45,
    outputs have 16 bits, `powers` 16 unsigned bits.
    """
    shift = (mean * load_i16(outputs, 0)) >> 14
    store_64(location, 0, min(max(best + shift, low), high))
    for i in range(WIDTHS):
        octaves = (load_i16(outputs, 1 + i) + 32) >> 6  # in sixteenths
        octaves = min(max(octaves, -16 * MAX_OCTAVES), 16 * MAX_OCTAVES)
        width = mean * load_i64(powers, octaves & 15) >> (7 - (octaves >> 4))
        store_64(widths, i, min(width, MAX_MEAN))


@kernel
def note_sample(state, sample, best):
    """Update the cells with a sample and the best location (Q8)."""
    error = (sample << 8) - best
    store_64(state, FeatureCell.ERROR, error)
    store_64(state, FeatureCell.SAMPLE, sample)
    seen = load_i64(state, FeatureCell.SEEN) + 1
    store_64(state, FeatureCell.SEEN, seen)
    age = (log2_fixed(seen, 8) >> 8) + 1
    size = abs(error) << 4
    for i in range(3):
        mean = load_i64(state, FeatureCell.FAST + i)
        rate = min(np.int64(FAST_RATE + 3 * i), age)
        store_64(state, FeatureCell.FAST + i, mean + ((size - mean) >> rate))


class FeatureState:
    """State of the features of all channels of a block.

    Parameters
    ----------
    channels : (channels, CHANNEL_CELLS) int64
        Cells of the base predictor.
    references : sequence of int
        Coding index of the reference of each channel, or -1.
    initial_scale : (channels,) int64
        First mean of |error|, Q12.
    locations, rls : int
        Locations, and RLS predictors, of the base predictor.

    Attributes
    ----------
    rows : (channels, FEATURE_CELLS) int64
        A row of `FeatureCell` for each channel.
    """

    def __init__(
        self,
        channels: NDArray[np.int64],
        references: Sequence[int],
        initial_scale: NDArray[np.int64],
        locations: int,
        rls: int,
    ) -> None:
        self.rows = np.zeros((len(references), FEATURE_CELLS), np.int64)
        rows = self.rows
        for c, reference in enumerate(references):
            rows[c, FeatureCell.FAST : FeatureCell.SLOW + 1] = initial_scale[c]
            rows[c, FeatureCell.LOCATIONS] = min(locations, FEATURE_LOCATIONS)
            rows[c, FeatureCell.NUM_RLS] = min(rls, MAX_RLS_PREDICTORS)
            rows[c, FeatureCell.PREDICTIONS] = channels[c].ctypes.data + 8 * ChannelCell.PREDICTIONS
            if reference >= 0:
                rows[c, FeatureCell.OTHER] = rows[reference].ctypes.data
                rows[c, FeatureCell.FLAG] = _FLAG if reference < c else -_FLAG

"""From sums of a synthesis to samples, as the decoder rounded them (spec, section "Synthesis")."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.kinds import NEAREST, TOWARDS_ZERO, UNITY_GAIN

PLACES = 2 * 12  # contexts that tell how near a sample was to a tie
_PLACE_BITS = 10
_CLEAR = 400  # of 512: farther from a tie than this, all places are alike
_CLIPPED = 11


class Output(NamedTuple):
    """How the decoder made samples.

    Attributes
    ----------
    gain : int
        Factor of the samples, Q30, 2**29 to 2**31.
    rounding : int
        `NEAREST`, `DOWN` or `TOWARDS_ZERO`.
    bits : int
        Bits of a sample, 16 to 24.
    """

    gain: int = UNITY_GAIN
    rounding: int = NEAREST
    bits: int = 16


@inline_kernel
def _place(fraction, bits):
    """Context of a sample by its distance from the nearest tie, and the side it is on."""
    fraction = (fraction >> (bits - _PLACE_BITS)) - (1 << (_PLACE_BITS - 1))
    distance = (1 << (_PLACE_BITS - 1)) - abs(fraction)
    near = np.int64(0)
    if distance <= _CLEAR:
        near = 10 - bit_length(distance)
    return 2 * near + (1 if fraction > 0 else 0)


@kernel
def round_sums(sums, bits, rounding, low, high, samples, places, at, begin, end):
    """Round the sums from `begin` to `end` as the decoder did."""
    half = np.int64(1) << (bits - 1)
    for i in range(begin, end):
        value = sums[i]
        if rounding == NEAREST:
            value += half
        elif rounding == TOWARDS_ZERO and value < 0:
            value += 2 * half - 1
        sample = value >> bits
        if sample < low or sample > high:
            samples[at + i] = high if sample > high else low
            places[at + i] = 2 * _CLIPPED
        else:
            samples[at + i] = sample
            places[at + i] = _place(value & (2 * half - 1), bits)

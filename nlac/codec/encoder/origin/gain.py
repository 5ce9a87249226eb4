"""Gain and noise of samples on a grid of granules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.stretch import Fit, fit, length_of, samples_of
from nlac.codec.encoder.origin.tables import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES

_PROBES = 3
_GRANULES = 12
_CODED = 0.4  # share of granules of a probe that must look coded
_ROUNDING = 1 / 12  # variance of rounding, in squared steps of the samples
_KNOWN = (1.0, 32767 / 32768)
_NEAR = 4e-6


class Level(NamedTuple):
    """Gain of samples, and the variance of their noise before the gain."""

    gain: float
    variance: float


def find_level(
    channels: NDArray[np.int32], offset: int, table: int, bits_per_sample: int
) -> Level | None:
    """Find the gain of decoded samples; None if they do not look decoded on this grid.

    Parameters
    ----------
    channels : (C, n) int32
        Samples.
    offset : int
        A granule begins there.
    table : int
        Table of bands.
    bits_per_sample : int
        Depth of the samples.
    """
    length = length_of(_GRANULES)
    last = (channels.shape[1] - length - offset) // LINES
    if last < 0:
        return None
    found = None
    for number in range(_PROBES):
        start = offset + LINES * (last * (2 * number + 1) // (2 * _PROBES))
        part = channels[:, start : start + length]
        level = _Probe(part, table, bits_per_sample).level()
        if level is not None and (found is None or level[1] > found[1]):
            found = level
    return None if found is None else found[0]


class _Probe:
    def __init__(self, channels: NDArray[np.int32], table: int, bits_per_sample: int) -> None:
        self._samples = channels.astype(np.float64)
        self._rails = rails_of(channels, bits_per_sample)
        self._table = table
        # decoders that write more than 16 bits have that gain
        self._scale = 2.0 ** (bits_per_sample - 16)

    def level(self) -> tuple[Level, float] | None:
        """Return the level, and the energy that it is judged by."""
        level = Level(self._scale, _ROUNDING / self._scale**2)
        best = self._fit(level)
        if np.mean(best.coded) < _CODED or not best.granules.values.any():
            return None
        weight = 0.0
        for _ in range(3):
            gain, weight = self._least_squares(best)
            if gain is None:
                return None
            # standard deviation of the estimate
            spread = (_ROUNDING / weight) ** 0.5
            for known in _KNOWN:
                if abs(gain - known * self._scale) < _NEAR * self._scale + 5 * spread:
                    gain = known * self._scale
                    break
            if gain == level.gain:
                break
            level = Level(gain, _ROUNDING / gain**2)
            best = self._fit(level)
        return level, weight

    def _fit(self, level: Level) -> Fit:
        seen = (0, self._samples.shape[1])
        return fit(self._samples / level.gain, self._rails, seen, level.variance, self._table)

    def _least_squares(self, best: Fit) -> tuple[float | None, float]:
        """Return the gain from where all granules fit, and the energy that it is judged by."""
        given = samples_of(best.granules, self._table)
        use = np.zeros(given.shape[1], np.bool_)
        for g in range(2, _GRANULES):
            if best.coded[g - 2 : g + 1].all():
                use[LINES * g : LINES * (g + 1)] = True
        use &= ~self._rails.any(axis=0)
        product, energy = _products(given, self._samples, use)
        return (product / energy if energy > 0 else None), energy


@kernel
def _products(one: Floats, other: Floats, use: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the sums of products and of the first's squares."""
    product = 0.0
    energy = 0.0
    for channel in range(len(one)):
        for i in range(one.shape[1]):
            if use[i]:
                product += one[channel, i] * other[channel, i]
                energy += one[channel, i] * one[channel, i]
    return product, energy

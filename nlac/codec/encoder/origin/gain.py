"""Gain and noise of samples on a grid of granules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.grid import Grid
from nlac.codec.encoder.origin.stretch import CODED, Fit, fit, length_of, samples_of
from nlac.codec.encoder.origin.tables import Floats, rounded
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES

_PROBES = 3
_GRANULES = 12
_SHARE = 0.4  # of the granules of a probe that must look coded
_ROUNDING = 1 / 12  # variance of rounding, in squared steps of the samples
_KNOWN = (1.0, 32767 / 32768)
_NEAR = 4e-6
_ROUNDS = 3
_SURE_GRID = 6.0  # score of a grid on which other gains are looked for
_SEARCHED = 4  # granules that they are tried on
# parts of a step of the ladder, which is a fourth root of two, by which gains are changed in turn
_SEARCH = ((24, 1 / 24), (9, 1 / 160), (9, 1 / 900))


class Level(NamedTuple):
    """Gain of samples, and the variance of their noise before the gain."""

    gain: float
    variance: float


def find_level(
    channels: NDArray[np.int32], grid: Grid, table: int, bits_per_sample: int
) -> Level | None:
    """Find the gain of decoded samples; None if they do not look decoded on this grid.

    Parameters
    ----------
    channels : (C, n) int32
        Samples.
    grid : Grid
        Where granules begin.
    table : int
        Table of bands.
    bits_per_sample : int
        Depth of the samples.
    """
    length = length_of(_GRANULES)
    last = (channels.shape[1] - length - grid.offset) // LINES
    if last < 0:
        return None
    starts = [
        grid.offset + LINES * (last * (2 * number + 1) // (2 * _PROBES))
        for number in range(_PROBES)
    ]
    probes = [
        _Probe(channels[:, start : start + length], table, bits_per_sample) for start in starts
    ]
    # decoders that write more than 16 bits have that gain
    scale = 2.0 ** (bits_per_sample - 16)
    level = _improved(probes, scale, scale)
    if level is None and grid.score >= _SURE_GRID:
        for probe in probes:
            level = _improved([probe], probe.searched(scale), scale)
            if level is not None:
                break
    return level


def _improved(probes: list[_Probe], gain: float, scale: float) -> Level | None:
    """Return the level near a gain with which the probes fit best, if they look coded then."""
    for _ in range(_ROUNDS):
        level = Level(gain, _ROUNDING / gain**2)
        product = energy = 0.0
        for probe in probes:
            more, weight = probe.products(level)
            product += more
            energy += weight
        if energy == 0.0:
            return None
        estimate = product / energy
        known = scale * min(_KNOWN, key=lambda each: abs(each * scale - estimate))
        spread = float((_ROUNDING / energy) ** 0.5)  # standard deviation of the estimate
        gain = known if abs(estimate - known) < _NEAR * scale + 5 * spread else estimate
        if gain == level.gain:
            break
    return Level(gain, _ROUNDING / gain**2)


class _Probe:
    def __init__(self, channels: NDArray[np.int32], table: int, bits_per_sample: int) -> None:
        self._samples = channels.astype(np.float64)
        self._rails = rails_of(channels, bits_per_sample)
        self._table = table

    def products(self, level: Level) -> tuple[float, float]:
        """Return the sum of products of samples and synthesis, and that of squares of the latter.

        Both are 0 if the samples do not look coded.
        """
        best = self._fit(level, _GRANULES)
        if np.mean(best.excess < CODED) < _SHARE:
            return 0.0, 0.0
        given = samples_of(best.granules, self._table)
        use = np.zeros(given.shape[1], np.bool_)
        for g in range(2, _GRANULES):
            if (best.excess[g - 2 : g + 1] < CODED).all():
                use[LINES * g : LINES * (g + 1)] = True
        use &= ~self._rails.any(axis=0)
        return _products(given, self._samples, use)

    def searched(self, scale: float) -> float:
        """Return the gain between two steps of the ladder with which values cost least."""
        gain = scale
        for count, part in _SEARCH:
            least = np.inf
            centre = gain
            for number in range(count):
                change = rounded(np.exp2(part * (number - count // 2) / 4))
                tried = centre * float(change)
                level = Level(tried, _ROUNDING / tried**2)
                spent = sum(self._fit(level, _SEARCHED).excess.tolist())
                if spent < least:
                    gain, least = tried, spent
        return gain

    def _fit(self, level: Level, count: int) -> Fit:
        length = length_of(count)
        samples = self._samples[:, :length] / level.gain
        rails = np.ascontiguousarray(self._rails[:, :length])
        return fit(samples, rails, (0, length), level.variance, self._table)


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

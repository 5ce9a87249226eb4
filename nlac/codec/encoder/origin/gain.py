"""Gain and noise of samples on a grid of granules."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.stretch import Fit, fit, length_of, samples_of
from nlac.codec.encoder.origin.tables import Floats
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


def find_level(channels: NDArray[np.int32], offset: int, table: int, scale: float) -> Level | None:
    """Find the gain of decoded samples; None if they do not look decoded on this grid.

    Parameters
    ----------
    channels : (C, n) int32
        Samples.
    offset : int
        A granule begins there.
    table : int
        Table of bands.
    scale : float
        Gain of a decoder that writes samples of that depth, 1 for 16 bits.
    """
    length = length_of(_GRANULES)
    last = (channels.shape[1] - length - offset) // LINES
    if last < 0:
        return None
    found = None
    for number in range(_PROBES):
        start = offset + LINES * (last * (2 * number + 1) // (2 * _PROBES))
        samples = channels[:, start : start + length].astype(np.float64)
        level = _probe(samples, table, scale)
        if level is not None and (found is None or level[1] > found[1]):
            found = level
    return None if found is None else found[0]


def _probe(samples: Floats, table: int, scale: float) -> tuple[Level, float] | None:
    level = Level(scale, _ROUNDING / scale**2)
    best = _fit(samples, level, table)
    if np.mean(best.coded) < _CODED or not best.granules.values.any():
        return None
    weight = 0.0
    for _ in range(3):
        gain, weight = _least_squares(samples, best, table)
        if gain is None:
            return None
        for known in _KNOWN:
            if abs(gain / (known * scale) - 1) < _NEAR:
                gain = known * scale
        if gain == level.gain:
            break
        level = Level(gain, _ROUNDING / gain**2)
        best = _fit(samples, level, table)
    return level, weight


def _fit(samples: Floats, level: Level, table: int) -> Fit:
    return fit(samples / level.gain, np.full(_GRANULES, level.variance), table)


def _least_squares(samples: Floats, best: Fit, table: int) -> tuple[float | None, float]:
    """Return the gain from where all granules fit, and the energy that it is judged by."""
    given = samples_of(best.granules, table)
    limit = 32767 * 1.0
    sound = np.zeros(samples.shape[1], np.bool_)
    for g in range(2, _GRANULES):
        if best.coded[g - 2 : g + 1].all():
            sound[LINES * g : LINES * (g + 1)] = True
    use = sound & (np.abs(samples).max(axis=0) < limit * 2**20)
    energy = float(np.sum(given[:, use] ** 2))
    if energy == 0:
        return None, 0.0
    return float(np.sum(given[:, use] * samples[:, use])) / energy, energy

"""Gain and noise of samples on a grid of frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.stretch import Fit, fit_frames
from nlac.codec.encoder.origin.aac.synthesis import synthesise
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.search import Level
from nlac.predictors.origin.aac.frames import LINES

_PROBES = 3
_FRAMES = 10
_CODED = 0.4  # share of frames of a probe that must look coded
_ROUNDING = 1 / 12  # variance of rounding, in squared steps of the samples
_FLOATS = 1.0  # of deeper samples: decoders that count in floats err by more where it is loud
_KNOWN = (1.0, 32767 / 32768)
_NEAR = 4e-6
_SPREADS = 5.0  # standard deviations of an estimate
_TOP = 32767.0  # of 16 bits
_PLACES = 4  # where a probe may be; the loudest is taken


def find_level(channels: NDArray[np.int32], grid: Grid, table: int, scale: float) -> Level | None:
    """Find the gain of decoded samples; None if they do not look decoded on this grid.

    Parameters
    ----------
    channels : (C, n) int32
        Samples.
    grid : Grid
        Where a frame begins.
    table : int
        Table of bands.
    scale : float
        Gain of a decoder that writes samples of that depth, 1 for 16 bits.
    """
    length = LINES * (_FRAMES + 1)
    last = (channels.shape[1] - length - grid.offset) // LINES
    if last < 0:
        return None
    found = None
    for number in range(_PROBES):
        starts = (
            grid.offset + LINES * (last * (2 * place + 1) // (2 * _PROBES * _PLACES))
            for place in range(_PLACES * number, _PLACES * (number + 1))
        )
        samples = _loudest([channels[:, start : start + length] for start in starts], scale)
        level = _probe(samples, grid.shape, table, scale)
        if level is not None and (found is None or level[1] > found[1]):
            found = level
    return None if found is None else found[0]


def _loudest(places: list[NDArray[np.int32]], scale: float) -> Floats:
    """Return the samples of the place with the most energy, of those that are clipped least."""
    top = _TOP * scale

    def rank(samples: NDArray[np.int32]) -> tuple[int, int]:
        clipped = int(np.count_nonzero(np.abs(samples) >= top))
        # in integers, so that it is the same everywhere
        return -clipped, int(np.sum(samples.astype(np.int64) ** 2))

    return max(places, key=rank).astype(np.float64, order="C")


def _probe(samples: Floats, shape: int, table: int, scale: float) -> tuple[Level, float] | None:
    noise = _ROUNDING if scale == 1.0 else _FLOATS
    level = Level(scale, noise / scale**2)
    best = _fit(samples, level, shape, table)
    if np.mean(best.coded) < _CODED or not best.frames.values.any():
        return None
    weight = 0.0
    for _ in range(3):
        gain, weight = _least_squares(samples, best)
        if gain is None:
            return None
        # where it is quiet the samples tell the gain less well than it is known
        unsure = _NEAR * scale + _SPREADS * float(np.sqrt(noise / weight))
        for known in _KNOWN:
            if abs(gain - known * scale) < unsure:
                gain = known * scale
                break
        if gain == level.gain:
            break
        level = Level(gain, noise / gain**2)
        best = _fit(samples, level, shape, table)
    return level, weight


def _fit(samples: Floats, level: Level, shape: int, table: int) -> Fit:
    return fit_frames(samples / level.gain, np.full(_FRAMES, level.variance), shape, table)


def _least_squares(samples: Floats, best: Fit) -> tuple[float | None, float]:
    """Return the gain from where all frames fit, and the energy that it is judged by."""
    given = synthesise(best.frames, best.lines)
    sound = np.zeros(samples.shape[1], np.bool_)
    for g in range(1, _FRAMES):
        sound[LINES * g : LINES * (g + 1)] = best.coded[g - 1 : g + 1].all()
    energy = float(np.sum(given[:, sound] ** 2))
    if energy == 0:
        return None, 0.0
    return float(np.sum(given[:, sound] * samples[:, sound])) / energy, energy

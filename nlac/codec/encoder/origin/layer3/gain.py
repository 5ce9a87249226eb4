"""Gain and noise of samples on a grid of granules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.floats import Floats, rounded
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.layer3.block_types import new_fits
from nlac.codec.encoder.origin.layer3.clipped.reach import energies_from
from nlac.codec.encoder.origin.layer3.filter_bank import analyse_slots
from nlac.codec.encoder.origin.layer3.granule_fit import fit_slots, samples_of
from nlac.codec.encoder.origin.layer3.stretch import Fit, fit, length_of
from nlac.codec.encoder.origin.layer3.tables import bank
from nlac.codec.encoder.origin.search import Level
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES

_PROBES = 3
_GRANULES = 12
_QUIETER = 16  # times the energy of the loudest place, where a probe may be
_SHARE = 0.4  # of the granules of a probe that must look coded
_SEEN = 2  # granules after the first from which on all is known that they reach
_TOLD = 0.0  # mean evidence of granules that were coded, if their steps are small
_ROUNDING = 1 / 12  # variance of rounding, in squared steps of the samples
_TOP = 540  # lines from there on are mostly not in use, and tell the noise
_LOUDEST = 1.0  # variance of noise in squared steps of samples; more is no noise
# median of the larger of some squares of noise, by their number, in variances
_MEDIANS = {1: 0.455, 2: 1.11}
_FLOATS = 12.0  # decoders err by more where signals are loud; in 24 bits this is more than rounding
_KNOWN = (1.0, 32767 / 32768)
_NEAR = 4e-6
_SPREADS = 5.0  # standard deviations of an estimate
_ROUNDS = 3
# mean squared error, in variances, of granules that fit: at first, or after other gains were tried
_RIGHT, _BEARABLE = 1.6, 20.0
_SEARCHED = 4  # granules that they are tried on
_QUIET = 500.0  # largest sample of a subband in which a gain is looked for at first
# parts of a step of the ladder, which is a fourth root of two, by which gains are changed in turn
_SEARCH = ((24, 1 / 24), (9, 1 / 160), (9, 1 / 900))


def find_level(
    channels: NDArray[np.int32], grid: Grid, table: int, bits_per_sample: int
) -> Level | None:
    """Find the gain of decoded samples, of those that decoders have; None if they do not look so.

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
    probes = _probes(channels, grid, table, bits_per_sample)
    scale, noise = _scale_and_noise(probes, bits_per_sample)
    level = None
    for gain in _KNOWN if probes else ():
        level = level or _improved(probes, gain * scale, scale, noise, _RIGHT)
    return level


def search_level(
    channels: NDArray[np.int32], grid: Grid, table: int, bits_per_sample: int
) -> Level | None:
    """Find any other gain of decoded samples, which takes as long as some seconds of fits.

    Parameters
    ----------
    channels, grid, table, bits_per_sample
        See `find_level`.
    """
    probes = _probes(channels, grid, table, bits_per_sample)
    if not probes:
        return None
    scale, noise = _scale_and_noise(probes, bits_per_sample)
    probe = min(probes, key=lambda each: each.clipped)
    return _improved([probe], probe.searched(scale, noise), scale, noise, _BEARABLE)


def _probes(
    channels: NDArray[np.int32], grid: Grid, table: int, bits_per_sample: int
) -> list[_Probe]:
    """Return samples of some places, loud ones with few clipped; none if there are too few."""
    length = length_of(_GRANULES)
    last = (channels.shape[1] - length - grid.offset) // LINES
    probes = []
    for number in range(_PROBES if last >= 0 else 0):
        middle = last * (2 * number + 1) // (2 * _PROBES)
        begin, end = last * number // _PROBES, last * (number + 1) // _PROBES
        tried = [middle, *range(begin, end, _GRANULES)]
        parts = [channels[:, grid.offset + LINES * first :][:, :length] for first in tried]
        probes.append(_Probe(_best_part(parts, bits_per_sample), table, bits_per_sample))
    return probes


def _best_part(parts: Sequence[NDArray[np.int32]], bits_per_sample: int) -> NDArray[np.int32]:
    """Return the first of the parts with the fewest clipped samples that are not quiet."""
    # in integers, so that it is the same everywhere
    energies = [int(np.sum(part.astype(np.int64) ** 2)) for part in parts]
    least = -(-max(energies) // _QUIETER)
    loud = [part for part, energy in zip(parts, energies, strict=True) if energy >= least]
    return min(loud, key=lambda part: int(np.count_nonzero(rails_of(part, bits_per_sample))))


def _scale_and_noise(probes: list[_Probe], bits_per_sample: int) -> tuple[float, float]:
    """Return the gain of a decoder that writes samples of that depth, and the variance of noise."""
    noise = max(_ROUNDING, min((probe.noise() for probe in probes), default=0.0))
    return 2.0 ** (bits_per_sample - 16), noise * (_FLOATS if bits_per_sample > 16 else 1.0)


def _improved(
    probes: list[_Probe], gain: float, scale: float, noise: float, limit: float
) -> Level | None:
    """Return the level near a gain with which the probes fit best, if they look coded then."""

    def margin(energy: float) -> float:
        return _NEAR * scale + _SPREADS * float((noise / energy) ** 0.5)

    for _ in range(_ROUNDS):
        level = Level(gain, noise / (gain * gain))
        found = [each for each in (probe.products(level, limit) for probe in probes) if each[1] > 0]
        if not found:
            return None
        product, energy = (sum(each) for each in zip(*found, strict=True))
        estimate = product / energy
        if any(abs(own / weight - estimate) > margin(weight) for own, weight in found):
            # several files, of different gains: that of the first which fits
            product, energy = found[0]
            estimate = product / energy
        known = scale * min(_KNOWN, key=lambda each: abs(each * scale - estimate))
        gain = known if abs(estimate - known) < margin(energy) else estimate
        if gain == level.gain:
            break
    return Level(gain, noise / (gain * gain))


class _Probe:
    def __init__(self, channels: NDArray[np.int32], table: int, bits_per_sample: int) -> None:
        self._samples = channels.astype(np.float64)
        self._rails = rails_of(channels, bits_per_sample)
        self._table = table
        self.clipped = int(np.count_nonzero(self._rails))

    def noise(self) -> float:
        """Return the variance of noise in the highest lines, 0 if these are in use."""
        slots = analyse_slots(self._samples, 1, bank())
        energies = energies_from(slots, _TOP, bank())
        variance = float(np.median(energies)) / _MEDIANS[len(self._samples)]
        return variance if variance < _LOUDEST else 0.0

    def products(self, level: Level, limit: float) -> tuple[float, float]:
        """Return the sum of products of samples and synthesis, and that of squares of the latter.

        Both are 0 if the samples do not look coded, or not with this gain.
        """
        best = self._fit(level, _GRANULES)
        coded = best.clear | bool(best.evidence[_SEEN:].mean() > _TOLD)
        if np.mean((coded & (best.errors < limit))[_SEEN:]) < _SHARE:
            return 0.0, 0.0
        given = samples_of(best.granules, self._table)
        use = np.zeros(given.shape[1], np.bool_)
        for g in range(_SEEN, _GRANULES):
            if coded[g - _SEEN : g + 1].all():
                use[LINES * g : LINES * (g + 1)] = True
        use &= ~self._rails.any(axis=0)
        return _products(given, self._samples, use)

    def searched(self, scale: float, noise: float) -> float:
        """Return the gain between two steps of the ladder with which values cost least."""
        slots = analyse_slots(self._samples[:, : length_of(_SEARCHED)].copy(), 1, bank())
        # loud subbands only fit when the gain is nearly right, but tell it best then
        loudness = np.abs(slots).max(axis=(0, 1))
        quiet = slots.copy()
        quiet[:, :, loudness > max(_QUIET * scale, float(np.sort(loudness)[8]))] = 0.0
        found = [
            self._descended(slots, scale, noise, _SEARCH),
            self._descended(
                slots, self._descended(quiet, scale, noise, _SEARCH)[1], noise, _SEARCH[1:]
            ),
        ]
        return min(found)[1]

    def _descended(
        self, slots: Floats, gain: float, noise: float, search: tuple[tuple[int, float], ...]
    ) -> tuple[float, float]:
        """Return the least cost in a search around a gain, and the gain that has it."""
        fits = new_fits(len(slots), _SEARCHED)
        todo = np.ones(_SEARCHED, np.bool_)
        least = np.inf
        for count, part in search:
            centre = gain
            for number in range(count):
                change = rounded(np.exp2(part * (number - count // 2) / 4))
                tried = centre * float(change)
                variances = np.full(_SEARCHED, noise / (tried * tried))
                _, excess, _ = fit_slots(slots / tried, variances, todo, fits, self._table)
                # the cost alone
                spent = sum((excess + fits.density.min(axis=1)).tolist())
                if spent < least:
                    gain, least = tried, spent
        return least, gain

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

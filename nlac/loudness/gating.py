"""From the power of hops of 100 ms to loudness: gates, range, highest values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nlac._typing import F64

# hops of 100 ms: windows of 400 ms and 3 s, of which the latter begin every second
MOMENTARY_HOPS = 4
SHORT_TERM_HOPS = 30
_SHORT_TERM_STEP = 10
_OFFSET = -0.691
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_RANGE_GATE = -20.0


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness of a recording.

    Levels of silence, and of what is too short to be measured, are None.

    Attributes
    ----------
    integrated : float or None
        Integrated loudness in LUFS (BS.1770-5); None below -70 LUFS or 0.4 s.
    loudness_range : float or None
        Loudness range in LU (EBU Tech 3342); None below -70 LUFS or 3 s.
    max_momentary, max_short_term : float or None
        Highest loudness of 0.4 s and 3 s in LUFS.
    true_peak : float
        Highest absolute value of the oversampled signal, 1.0 being full scale.
    sample_peak : float
        Highest absolute value of a sample.
    momentary, short_term : ndarray
        Power of windows of 0.4 s, every 0.1 s, and of 3 s, every second: what gates are about.
    """

    integrated: float | None
    loudness_range: float | None
    max_momentary: float | None
    max_short_term: float | None
    true_peak: float
    sample_peak: float
    momentary: F64
    short_term: F64


def loudness_of(hops: F64, frames_per_hop: int, true_peak: float, sample_peak: float) -> Loudness:
    """Loudness of one recording.

    Parameters
    ----------
    hops : ndarray
        Weighted sum of squares of each hop of 100 ms.
    frames_per_hop : int
        Frames of a hop.
    true_peak, sample_peak : float
        Peaks.
    """
    momentary = _windows(hops, MOMENTARY_HOPS) / (MOMENTARY_HOPS * frames_per_hop)
    every = _windows(hops, SHORT_TERM_HOPS) / (SHORT_TERM_HOPS * frames_per_hop)
    return Loudness(
        integrated=_integrated(momentary),
        loudness_range=_range(every[::_SHORT_TERM_STEP]),
        max_momentary=level(momentary.max(initial=0.0)),
        max_short_term=level(every.max(initial=0.0)),
        true_peak=true_peak,
        sample_peak=sample_peak,
        momentary=momentary,
        short_term=every[::_SHORT_TERM_STEP],
    )


def album_loudness(tracks: Sequence[Loudness]) -> Loudness:
    """Loudness of several recordings as one; no window reaches from one into the next."""
    momentary = np.concatenate([np.empty(0), *(track.momentary for track in tracks)])
    short_term = np.concatenate([np.empty(0), *(track.short_term for track in tracks)])
    return Loudness(
        integrated=_integrated(momentary),
        loudness_range=_range(short_term),
        max_momentary=_highest(track.max_momentary for track in tracks),
        max_short_term=_highest(track.max_short_term for track in tracks),
        true_peak=max((track.true_peak for track in tracks), default=0.0),
        sample_peak=max((track.sample_peak for track in tracks), default=0.0),
        momentary=momentary,
        short_term=short_term,
    )


def level(power: float) -> float | None:
    """Loudness of a power in LUFS; None of silence."""
    return 10 * math.log10(power) + _OFFSET if power > 0 else None


def decibels(peak: float) -> float | None:
    """A peak in decibels below full scale; None of silence."""
    return 20 * math.log10(peak) if peak > 0 else None


def _windows(hops: F64, count: int) -> F64:
    """Sum of each `count` hops that follow each other."""
    if len(hops) < count:
        return np.empty(0)
    sums: F64 = np.lib.stride_tricks.sliding_window_view(hops, count).sum(axis=1)
    return sums


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def _integrated(powers: F64) -> float | None:
    gated = powers[powers >= _power(_ABSOLUTE_GATE)]
    if not len(gated):
        return None
    gated = gated[gated >= gated.mean() * 10 ** (_RELATIVE_GATE / 10)]
    return level(float(gated.mean()))


def _range(powers: F64) -> float | None:
    gated = powers[powers >= _power(_ABSOLUTE_GATE)]
    if not len(gated):
        return None
    gated = np.sort(gated[gated >= gated.mean() * 10 ** (_RANGE_GATE / 10)])
    low, high = (gated[int((len(gated) - 1) * share + 0.5)] for share in (0.1, 0.95))
    return float(10 * math.log10(high / low))


def _highest(levels: Iterable[float | None]) -> float | None:
    return max((each for each in levels if each is not None), default=None)

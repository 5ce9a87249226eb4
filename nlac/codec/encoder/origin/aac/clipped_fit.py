"""Frames of a stretch of samples, some of which a decoder may have clipped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.slopes.pairs import PAIRS, densities_of, lines_of
from nlac.codec.encoder.origin.aac.stretch import Fit, fit_frames
from nlac.codec.encoder.origin.aac.synthesis import synthesise
from nlac.codec.encoder.origin.aac.tables import SLOPES, Bank, bank
from nlac.codec.encoder.origin.aac.transforms import WORK
from nlac.codec.encoder.origin.clipping import HIGHEST, MOST_CLIPPED, replaced, unclipped
from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, Frames

_TRIES = 3  # with clipped samples replaced by what the fit before gives
_AGAIN = 1.5  # frames that are fitted again, for each of a stretch
_AROUND = 3  # frames on either side of those that are fitted again
_BEYOND = 8  # lines between the last one in use and the filter's stop band
_SILENT = 16.0  # squared line in most frames that is only noise, in variances of it
_NOISY = 1.5  # variances from which lines above the cut are more than noise
_CAUTION, _WORST = 1.3, 400.0  # times that; variances at most
_LARGER = {1: 1.0, 2: 1.637}  # mean of the larger of some squares of noise, by their number
_TENTHS = (4, 6, 8, 10)  # of the lines that are ever in use, that may be all that are
_CALM = 3.0  # variances of what may be noise above them
_WRONG = 0.6  # difference of a sample that rounding does not make
_FAILED = 0.02  # share of such samples of a frame that is fitted again


@kernel
def _energies(samples: Floats, todo: NDArray[np.bool_], bank: Bank) -> Floats:
    """Return squared lines of the sparsest windows of some frames, (F, 1024); 0 for others.

    Of two channels it is the larger one.
    """
    channels, length = samples.shape
    count = length // LINES - 1
    energies = np.zeros((count, LINES))
    lines, work = np.empty(LINES), np.empty(WORK)
    densities, mixed = np.empty(PAIRS), np.empty(PAIRS)
    for g in range(count):
        if not todo[g]:
            continue
        mixed[:] = 0.0
        for c in range(channels):
            densities_of(samples[c], LINES * g, densities, work, bank)
            for pair in range(PAIRS):
                mixed[pair] += densities[pair]
        left, right = divmod(int(np.argmin(mixed)), SLOPES)
        for c in range(channels):
            lines_of(samples[c], LINES * g, left, right, lines, work, bank)
            for i in range(LINES):
                energies[g, i] = max(energies[g, i], lines[i] * lines[i])
    return energies


def _touched(rails: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return which frames reach clipped samples, (F,); none if these are too many."""
    halves: NDArray[np.bool_] = np.any(rails.reshape(len(rails), -1, LINES), axis=(0, 2))
    if np.count_nonzero(rails) > MOST_CLIPPED * rails.size:
        return np.zeros(len(halves) - 1, np.bool_)
    return np.asarray(halves[:-1] | halves[1:])


def _cut_of(samples: Floats, touched: NDArray[np.bool_], variance: float) -> int:
    """Return the line from which on an encoder left out all, as far as unclipped frames tell."""
    known = np.ones_like(touched) if touched.all() else ~touched
    energies = _energies(samples, known, bank())[known]
    typical = np.sort(energies, axis=0)[len(energies) * 9 // 10]
    used = np.flatnonzero(typical > _SILENT * variance)
    return int(used[-1]) + 1 if len(used) else 0


def _noise_above(samples: Floats, todo: NDArray[np.bool_], cut: int, variance: float) -> Floats:
    """Return the variance of each frame's noise, of some from their lines that are not in use."""
    variances = np.full(len(todo), variance)
    if _edge_of(cut) < HIGHEST:
        above = _energies(samples, todo, bank())[:, cut + 1 :]
        # one after the other, so that the sums are the same everywhere
        means = np.cumsum(above, axis=1)[:, -1] / (above.shape[1] * _LARGER[len(samples)])
        noisy = todo & (means > _NOISY * variance)
        variances[noisy] = np.minimum(_CAUTION * means[noisy], _WORST * variance)
    return variances


def _edge_of(cut: int) -> float:
    """Return where the filter that hears nothing in use begins, as a part of the bandwidth."""
    return (cut + _BEYOND) / LINES


def _filled(
    samples: Floats, rails: NDArray[np.int8], todo: NDArray[np.bool_], cut: int, variance: float
) -> Floats:
    """Return samples with the clipped ones moved beyond the rails, as empty bands tell.

    Frames use lines up to different ones. The lowest is taken above which nothing but noise is
    left, since the fewer lines are in use, the more tells.
    """
    guess = samples.copy()
    unsolved = np.any(rails.reshape(len(rails), -1, LINES), axis=(0, 2))
    for tenths in _TENTHS:
        tried = unclipped(samples, rails, _edge_of(cut * tenths // 10))
        solved = unsolved
        if tenths != _TENTHS[-1]:
            noise = _noise_above(tried, todo, cut * tenths // 10, variance)
            calm = todo & (noise < _CALM * variance)
            solved = unsolved & (np.append(calm, False) | np.append(False, calm))
        own = np.repeat(solved, LINES)
        guess[:, own] = tried[:, own]
        unsolved = unsolved & ~solved
        if not unsolved.any():
            break
    return guess


def _wrong(samples: Floats, rails: NDArray[np.int8], given: Floats, off: float) -> Floats:
    """Return the share of samples of each 1,024 that a synthesis misses, (F + 1,)."""
    errors = samples - given
    # a sample at a rail is right where the synthesis is beyond
    missed = (np.abs(errors) > off) & (errors * rails >= 0)
    return np.asarray(missed.reshape(len(samples), -1, LINES).mean(axis=(0, 2)))


def _runs(frames: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return begins and ends of runs of frames, with those around, apart from each other."""
    runs: list[tuple[int, int]] = []
    for g in np.flatnonzero(frames).tolist():
        begin, end = max(g - _AROUND, 0), min(g + _AROUND + 1, len(frames))
        if runs and begin < runs[-1][1]:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return runs


def _spliced(whole: Fit, part: Fit, begin: int, end: int) -> Fit:
    """Return a fit with the frames `begin` to `end` of another, but for its first and last one."""
    first = begin + (begin > 0)
    last = end - (end < whole.frames.length)
    own = slice(first - begin, last - begin)
    frames = {
        name: getattr(whole.frames, name)
        if name == "first_shapes"
        else np.concatenate([rows[:first], getattr(part.frames, name)[own], rows[last:]])
        for name, rows in whole.frames._asdict().items()
    }
    others = (
        np.concatenate([rows[:first], found[own], rows[last:]])
        for rows, found in zip(whole[1:], part[1:], strict=True)
    )
    return Fit(Frames(**frames), *others)


def _part(fit: Fit, begin: int, end: int) -> Fit:
    """Return the frames `begin` to `end` of a fit."""
    rows: Any = (each[begin:end] for each in fit[1:])
    return Fit(fit.frames.part(begin, end), *rows)


def fit(samples: Floats, rails: NDArray[np.int8], variance: float, shape: int, table: int) -> Fit:
    """Fit frames to samples.

    Parameters
    ----------
    samples : (C, 1024 * (F + 1)) float64
        Samples, divided by the gain. The first is the first of frame 0.
    rails : (C, 1024 * (F + 1)) int8
        1 and -1 where a sample may have been clipped from above and from below.
    variance : float
        Variance of the noise of the samples.
    shape : int
        Usual shape of windows.
    table : int
        Table of bands.

    Returns
    -------
    Fit
    """
    touched = _touched(rails)
    if not touched.any():
        return fit_frames(samples, np.full(len(touched), variance), shape, table)
    cut = _cut_of(samples, touched, variance)
    guess = _filled(samples, rails, touched, cut, variance)
    best = fit_frames(guess, _noise_above(guess, touched, cut, variance), shape, table)
    credit = int(_AGAIN * len(touched))
    off = _WRONG * float(np.sqrt(12 * variance))
    for number in range(_TRIES):
        given = synthesise(best.frames, best.lines)
        wrong = _wrong(samples, rails, given, off)
        todo = touched & (np.maximum(wrong[:-1], wrong[1:]) > _FAILED)
        if not todo.any():
            break
        # at first only what is sure is replaced, then anything
        known = np.repeat(~(np.append(todo, False) | np.append(False, todo)), LINES)
        known |= number > 0
        guess = np.where(known, replaced(samples, rails, given), samples)
        left = np.where(known, 0, rails).astype(np.int8)
        if left.any():
            guess = _filled(guess, left, todo, cut, variance)
        variances = _noise_above(guess, todo, cut, variance)
        for begin, end in _runs(todo):
            if credit < end - begin:
                continue
            credit -= end - begin
            own = slice(LINES * begin, LINES * (end + 1))
            # slopes that were found among the clipped samples are mostly right
            part = fit_frames(
                np.ascontiguousarray(guess[:, own]), variances[begin:end], shape, table,
                _part(best, begin, end),
            )  # fmt: skip
            tried = _spliced(best, part, begin, end)
            now = _wrong(samples, rails, synthesise(tried.frames, tried.lines), off)
            if now.sum() < wrong.sum():
                best, wrong = tried, now
    return best

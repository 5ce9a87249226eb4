"""Frames of AAC for tests of origin blocks."""

from __future__ import annotations

import numpy as np
from aac_noise import in_order, moved_on
from numpy.typing import NDArray

from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LINES,
    LONG,
    MAX_POSITION,
    MAX_STEP,
    MIN_POSITION,
    MIN_STEP,
    NO_STEP,
    SHORT,
    START,
    STOP,
    WINDOWS,
    Bands,
    Frames,
    bands_of,
    empty_frames,
)

MOST_MAGNITUDE = 8206  # that the format has
# sequences that may follow each other
NEXT = {LONG: (LONG, START), START: (SHORT,), SHORT: (STOP, SHORT), STOP: (LONG, START)}


def line_bands(frames: Frames, f: int, c: int, bands: Bands) -> NDArray[np.int64]:
    """Band of each line of a frame and channel."""
    if frames.sequences[f, c] != SHORT:
        return bands.long
    groups = int(frames.groups[f, c])
    group = np.cumsum([0, *(1 - (groups >> (7 - w) & 1) for w in range(1, WINDOWS))])
    return np.tile(group, LINES // WINDOWS) * (len(bands.short_starts) - 1) + bands.short


def _windows(rng: np.random.Generator, frames: Frames, f: int, any_order: bool) -> bool:
    """Draw sequences, shapes and groups of a frame; returns whether the channels are alike."""
    rows = (frames.sequences, frames.shapes, frames.groups)
    for c in range(frames.channels):
        if c > 0 and rng.random() < 0.7:
            for row in rows:
                row[f, c] = row[f, 0]
            continue
        before = int(frames.sequences[f - 1, c]) if f else 0
        choices = range(4) if any_order else NEXT[before]
        frames.sequences[f, c] = rng.choice(choices)
        frames.shapes[f, c] = rng.integers(2)
        if frames.sequences[f, c] == SHORT:
            # all alone, all together, or any
            frames.groups[f, c] = rng.choice([0, 127, *rng.integers(128, size=3)])
    return frames.channels == 2 and all(row[f, 0] == row[f, 1] for row in rows)


def _filters(
    rng: np.random.Generator, frames: Frames, f: int, c: int, per_window: int, hostile: bool
) -> None:
    short = frames.sequences[f, c] == SHORT
    count = WINDOWS if short else int(rng.integers(4))
    for number in range(count):
        if short and rng.random() < 0.5:
            continue
        first, end = sorted(rng.choice(per_window + 1, 2, replace=False))
        order, resolution = int(rng.integers(1, 13)), int(rng.integers(3, 5))
        frames.filters[f, c, number] = first, end, order, rng.integers(2), resolution
        half = 1 << (resolution - 1)
        indices = rng.integers(-2, 3, order)
        if hostile:
            indices = rng.choice([-half, half - 1], order)
        frames.reflections[f, c, number, :order] = indices


def _states(
    rng: np.random.Generator, frames: Frames, f: int, bands: Bands, alike: bool,
    expected: tuple[int, int],
) -> tuple[int, int]:  # fmt: skip
    """Draw states of a frame's bands of noise; returns the one expected next."""
    for c, band in in_order(frames.noise[f], alike, expected[1]):
        if rng.random() > 0.7:
            high = int(rng.choice([0, 1, rng.integers(2**32)]))
            expected = int(rng.choice([0, rng.integers(2**32)])), high
        frames.states[f, c, band] = expected
        lines = np.count_nonzero(line_bands(frames, f, c, bands) == band)
        expected = moved_on(expected, lines)
    return expected


def _music(
    rng: np.random.Generator, bands: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps and lines that get smaller towards high frequencies, with holes, few far out."""
    steps = int(rng.integers(20, 30)) + np.cumsum(rng.integers(-2, 3, count)).clip(-15, 15)
    size = 12.0 / (1 + np.arange(LINES) / 40)
    values = np.rint(rng.laplace(0, size)).astype(np.int64)
    if rng.random() < 0.3:
        far = rng.integers(LINES)
        values[far] = rng.integers(-MOST_MAGNITUDE, MOST_MAGNITUDE + 1)
        steps[bands[far]] -= 30
    return np.where(rng.random(count) < 0.1, NO_STEP, steps), values


def _extremes(
    rng: np.random.Generator, count: int, ends: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Steps of some, and lines of either sign or all of one."""
    steps = rng.choice(ends[: int(rng.integers(1, 4))], count)
    steps[rng.random(count) < rng.choice([0, 0.3])] = NO_STEP
    sizes = rng.choice([0, 1, 2, 17, 18, 861, MOST_MAGNITUDE], LINES, p=rng.dirichlet([0.7] * 7))
    return steps, sizes * rng.choice([-1, 1], LINES) if rng.random() < 0.5 else sizes


def random_frames(
    seed: int, count: int, channels: int, table: int = 0, hostile: bool = False
) -> Frames:
    """Frames with all that the format has: like those of music, or at the ends of all ranges."""
    rng = np.random.default_rng(seed)
    frames, bands = empty_frames(count, channels), bands_of(table)
    frames.first_shapes[:] = rng.integers(0, 2, channels)
    state = 0, int(rng.integers(2))
    # differences of steps have bounds: both ends of their range do not go together
    ends = [[MAX_STEP, MAX_STEP - 1, 60], [MIN_STEP, MIN_STEP + 1, -20]][seed % 2]
    for f in range(count):
        alike = _windows(rng, frames, f, hostile)
        for c in range(channels):
            short = frames.sequences[f, c] == SHORT
            per_window = len(bands.short_starts if short else bands.long_starts) - 1
            of_line = line_bands(frames, f, c, bands)
            total = int(of_line.max()) + 1
            if alike and c == 0:
                frames.stereo[f, :total] = rng.choice(4, total, p=rng.dirichlet([1] * 4))
            steps, values = _extremes(rng, total, ends) if hostile else _music(rng, of_line, total)
            away = frames.stereo[f, :total] >= (IN_PHASE if c else 4)
            noise = ~away & (rng.random(total) < rng.choice([0, 0.2, 0.5]))
            frames.noise[f, c, :total] = noise
            positions = rng.integers(-20, 21, total)
            if hostile:
                positions = rng.choice([MIN_POSITION, MAX_POSITION, -40, 3], total)
            levels = np.where(steps == NO_STEP, rng.choice([MIN_STEP, MAX_STEP], total), steps)
            frames.steps[f, c, :total] = np.where(away, positions, np.where(noise, levels, steps))
            silent = away | noise | (steps == NO_STEP)
            frames.values[f, c] = np.where(silent[of_line], 0, values)
            _filters(rng, frames, f, c, per_window, hostile)
        state = _states(rng, frames, f, bands, alike, state)
    return frames

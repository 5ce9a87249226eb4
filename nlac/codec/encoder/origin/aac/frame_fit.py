"""Fits of a whole frame, of one long window or of eight short ones in groups."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.aac.noise.marks import NO_NOISE, REGISTERS
from nlac.codec.encoder.origin.aac.part_fit import Part, fit_part
from nlac.codec.encoder.origin.aac.tables import LEAST_STEP, Ladder, Layout
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE, NO_INDEX
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LEFT_RIGHT,
    NO_STEP,
    WINDOWS,
    Frames,
)

_WORD = (1 << 32) - 1
_GROUP = 6.0  # bits of each group of windows
_WORSE = 100.0  # bits by which a group is worse than its windows alone, and hopeless


@kernel
def _load(
    part: Part, lines: Floats, first: int, channels: int, begin: int, end: int, layout: Layout
) -> int:
    """Put the lines of short windows into a part, band by band; return the number of bands."""
    starts = layout.short_starts
    bands = len(starts) - 1
    at = 0
    for band in range(bands):
        part.starts[band] = at
        for w in range(begin, end):
            for f in range(starts[band], starts[band + 1]):
                for c in range(channels):
                    part.lines[c, at] = lines[first + c, WINDOWS * f + w]
                at += 1
    part.starts[bands] = at
    return bands


@kernel
def forget(part: Part) -> None:
    """Drop what a part holds as guesses."""
    for c in range(2):
        for band in range(part.indices.shape[1]):
            part.indices[c, band] = NO_INDEX
    for band in range(len(part.stereo)):
        part.stereo[band] = LEFT_RIGHT


@kernel
def fit_long(
    part: Part, lines: Floats, first: int, channels: int, layout: Layout, ladder: Ladder
) -> float:
    """Fit some channels' lines of a long window; return the cost in bits."""
    bands = len(layout.long_starts) - 1
    for band in range(bands + 1):
        part.starts[band] = layout.long_starts[band]
    for c in range(channels):
        for i in range(layout.long_starts[bands]):
            part.lines[c, i] = lines[first + c, i]
    return fit_part(part, channels, bands, 1, ladder)


@kernel
def cost_of_windows(
    part: Part, lines: Floats, first: int, channels: int, layout: Layout, ladder: Ladder
) -> float:
    """Return the cost of eight short windows without groups."""
    total = 0.0
    for w in range(WINDOWS):
        bands = _load(part, lines, first, channels, w, w + 1, layout)
        total += fit_part(part, channels, bands, 1, ladder)
    return total


@kernel
def _groups(
    part: Part, lines: Floats, first: int, channels: int, layout: Layout, ladder: Ladder
) -> int:
    """Return the groups of short windows that cost least, as bits of frames."""
    state = part.guesses.copy()
    alone = np.empty(WINDOWS)
    for w in range(WINDOWS):
        bands = _load(part, lines, first, channels, w, w + 1, layout)
        if part.generators.found[0] != REGISTERS:
            part.guesses[:] = state
        alone[w] = _GROUP + fit_part(part, channels, bands, 1, ladder)
    best = np.full(WINDOWS + 1, IMPOSSIBLE)
    best[0] = 0.0
    begins = np.zeros(WINDOWS + 1, np.int64)
    for begin in range(WINDOWS):
        forget(part)
        apart = 0.0
        for end in range(begin + 1, WINDOWS + 1):
            apart += alone[end - 1]
            cost = alone[begin]
            if end > begin + 1:
                bands = _load(part, lines, first, channels, begin, end, layout)
                part.guesses[:] = state
                cost = _GROUP + fit_part(part, channels, bands, end - begin, ladder)
            if cost > apart + _WORSE:
                break  # windows with other steps; more of them are no better
            if best[begin] + cost < best[end]:
                best[end] = best[begin] + cost
                begins[end] = begin
    groups = (1 << (WINDOWS - 1)) - 1
    end = WINDOWS
    while end > 0:
        if begins[end] > 0:
            groups &= ~(1 << (WINDOWS - 1 - begins[end]))
        end = begins[end]
    part.guesses[:] = state
    return groups


@kernel
def write_long(
    part: Part, first: int, channels: int, frame: int, frames: Frames, exact: Floats, layout: Layout
) -> None:
    """Write the fit of a long window into a frame."""
    bands = len(layout.long_starts) - 1
    _write_bands(part, first, channels, frame, 0, bands, frames)
    for c in range(channels):
        for i in range(layout.long_starts[bands]):
            frames.values[frame, first + c, i] = part.values[c, i]
            exact[first + c, i] = part.exact[c, i]


@kernel
def _write_bands(
    part: Part, first: int, channels: int, frame: int, at: int, bands: int, frames: Frames
) -> None:
    for band in range(bands):
        kind = LEFT_RIGHT
        if channels == 2:
            kind = part.stereo[band]
            frames.stereo[frame, at + band] = kind
        for c in range(channels):
            index = part.indices[c, band]
            step = NO_STEP if index < 0 else index + LEAST_STEP
            if c == 1 and kind >= IN_PHASE:
                step = index
            frames.noise[frame, first + c, at + band] = 0
            state = 0
            if part.exponents[c, band] != NO_NOISE:
                step = part.exponents[c, band]
                frames.noise[frame, first + c, at + band] = 1
                state = part.states[c, band]
            frames.states[frame, first + c, at + band, 0] = state & _WORD
            frames.states[frame, first + c, at + band, 1] = (state >> 32) & _WORD
            frames.steps[frame, first + c, at + band] = step


@kernel
def fit_short(
    part: Part,
    lines: Floats,
    first: int,
    channels: int,
    frame: int,
    frames: Frames,
    exact: Floats,
    misfits: Floats,
    layout: Layout,
    ladder: Ladder,
) -> float:
    """Fit some channels' short windows, write them into a frame, and return the cost in bits."""
    groups = _groups(part, lines, first, channels, layout, ladder)
    for c in range(channels):
        frames.groups[frame, first + c] = groups
        misfits[first + c] = 0.0
    starts = layout.short_starts
    total = 0.0
    begin = 0
    number = 0
    while begin < WINDOWS:
        end = begin + 1
        while end < WINDOWS and groups >> (WINDOWS - 1 - end) & 1:
            end += 1
        bands = _load(part, lines, first, channels, begin, end, layout)
        forget(part)
        total += _GROUP + fit_part(part, channels, bands, end - begin, ladder)
        _write_bands(part, first, channels, frame, number * bands, bands, frames)
        for c in range(channels):
            misfits[first + c] += part.misfits[c]
            at = 0
            for band in range(bands):
                for w in range(begin, end):
                    for f in range(starts[band], starts[band + 1]):
                        frames.values[frame, first + c, WINDOWS * f + w] = part.values[c, at]
                        exact[first + c, WINDOWS * f + w] = part.exact[c, at]
                        at += 1
        begin = end
        number += 1
    return total

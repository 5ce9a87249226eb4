"""Synthesis of AAC in integers: from frames to samples (spec, section "Synthesis of AAC").

The order of steps is that of ISO/IEC 14496-3, 4.6: dequantised lines, stereo, filters over lines,
inverse MDCT, windows and overlap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.filters import apply_filters
from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LINES,
    MID_SIDE,
    OUT_OF_PHASE,
    SHORT,
    START,
    STOP,
    WINDOW_LINES,
    WINDOWS,
    Frames,
    bands_of,
)
from nlac.predictors.origin.aac.noise import add_noise
from nlac.predictors.origin.aac.tables import aac_tables
from nlac.predictors.origin.aac.transform import inverse_mdct
from nlac.predictors.origin.output import Output, round_sums
from nlac.predictors.origin.sizes import limited, line_size, shifted

SIZE_BITS = 48  # so that lines have 12 fraction bits
_SUM_BITS = 12 + 24
_SAMPLE_LIMIT = 1 << 36
_LINE_LIMIT = 1 << 33
_FLAT = (LINES - WINDOW_LINES) // 2


@kernel
def band_places(bands, short, groups, places):
    """Fill the place of each line's band among the steps of a frame."""
    if not short:
        for i in range(LINES):
            places[i] = bands.long[i]
        return
    count = len(bands.short_starts) - 1
    group = np.int64(0)
    for window in range(WINDOWS):
        if window > 0 and not groups >> (7 - window) & 1:
            group += 1
        for f in range(WINDOW_LINES):
            i = WINDOWS * f + window
            places[i] = group * count + bands.short[i]


@kernel
def _dequantise(values, steps, places, sizes, lines):
    for i in range(LINES):
        value = np.int64(values[i])
        lines[i] = 0
        if value != 0:
            size = line_size(sizes, SIZE_BITS, abs(value), np.int64(steps[places[i]]))
            lines[i] = -size if value < 0 else size


@kernel
def _separate(lines, stereo, positions, places, roots):
    """Make left and right of what the bands have instead."""
    for i in range(LINES):
        kind = stereo[places[i]]
        if kind == MID_SIDE:
            middle, side = lines[0, i], lines[1, i]
            lines[0, i] = middle + side
            lines[1, i] = middle - side
        elif kind in (IN_PHASE, OUT_OF_PHASE):
            position = -np.int64(positions[places[i]])
            shift = min(max(24 - (position >> 2), np.int64(1)), np.int64(62))
            factor = shifted(roots[position & 3], 6)
            value = limited(shifted(lines[0, i] * factor, shift), _LINE_LIMIT)
            lines[1, i] = value if kind == IN_PHASE else -value


@kernel
def _long_window(lines, left, right, tables, work, out, sums):
    """Sums of a frame of one window, (2048,); `left` and `right` are rows of slopes."""
    inverse_mdct(lines, 0, 1, LINES, tables.long_before, tables.long_after, tables.turns, work, out)
    for n in range(LINES):
        sums[n] = limited(out[n], _SAMPLE_LIMIT) * tables.slopes[left, n]
        after = limited(out[LINES + n], _SAMPLE_LIMIT)
        sums[LINES + n] = after * tables.slopes[right, LINES - 1 - n]


@kernel
def _short_windows(lines, before, shape, tables, work, out, sums):
    """Sums of a frame of eight windows, (2048,)."""
    sums[:] = 0
    for window in range(WINDOWS):
        inverse_mdct(
            lines, window, WINDOWS, WINDOW_LINES, tables.short_twist, tables.short_twist,
            tables.turns, work, out,
        )  # fmt: skip
        left = tables.short_slopes[before if window == 0 else shape]
        right = tables.short_slopes[shape]
        at = _FLAT + WINDOW_LINES * window
        for n in range(WINDOW_LINES):
            sums[at + n] += limited(out[n], _SAMPLE_LIMIT) * left[n]
            after = limited(out[WINDOW_LINES + n], _SAMPLE_LIMIT)
            sums[at + WINDOW_LINES + n] = after * right[WINDOW_LINES - 1 - n]


@kernel
def _synthesise(frames, bands, tables, sizes, rounding, bits, shift, samples, near):
    """Fill samples and what is near a tie, (C, frames); see `synthesise`."""
    channels, count = samples.shape
    lines = np.zeros((channels, LINES), np.int64)
    places = np.zeros(LINES, np.int64)
    work = np.zeros((3, LINES), np.int64)
    out, sums = np.zeros(2 * LINES, np.int64), np.zeros(2 * LINES, np.int64)
    overlap = np.zeros((channels, LINES), np.int64)
    shapes = frames.first_shapes.copy()
    high = (np.int64(1) << (bits - 1)) - 1
    sum_bits = _SUM_BITS - (bits - 16)
    for f in range(len(frames.sequences)):
        at = LINES * f - shift
        begin, end = max(0, -at), min(LINES, count - at)
        for c in range(channels):
            short = frames.sequences[f, c] == SHORT
            band_places(bands, short, frames.groups[f, c], places)
            _dequantise(frames.values[f, c], frames.steps[f, c], places, sizes, lines[c])
            starts = bands.short_starts if short else bands.long_starts
            add_noise(
                lines[c], frames.noise[f, c], frames.steps[f, c], frames.states[f, c], short,
                frames.groups[f, c], starts, sizes, SIZE_BITS,
            )  # fmt: skip
        if channels == 2:
            # only where these are alike are there bands of another kind than left and right
            _separate(lines, frames.stereo[f], frames.steps[f, 1], places, tables.sizes.roots)
        for c in range(channels):
            kind = frames.sequences[f, c]
            short, shape, before = kind == SHORT, frames.shapes[f, c], shapes[c]
            starts = bands.short_starts if short else bands.long_starts
            apply_filters(
                lines[c], frames.filters[f, c], frames.reflections[f, c], short, starts,
                tables.sines,
            )  # fmt: skip
            if short:
                _short_windows(lines[c], before, shape, tables, work, out, sums)
            else:
                left = before + (2 if kind == STOP else 0)
                right = shape + (2 if kind == START else 0)
                _long_window(lines[c], left, right, tables, work, out, sums)
            for n in range(LINES):
                overlap[c, n] += sums[n]
            if begin < end:
                round_sums(
                    overlap[c], sum_bits, rounding, -high - 1, high, samples[c], near[c], at,
                    begin, end,
                )  # fmt: skip
            for n in range(LINES):
                overlap[c, n] = sums[LINES + n]
            shapes[c] = shape


def synthesise(
    frames: Frames, table: int, output: Output, shift: int, count: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Decode frames to samples.

    Parameters
    ----------
    frames : Frames
        All within their bounds; ``LINES * frames.length >= shift + count``.
    table : int
        Number of the table of bands.
    output : Output
        How the decoder made samples.
    shift : int
        Samples of the synthesis that are left out at its beginning.
    count : int
        Samples to return.

    Returns
    -------
    samples : (C, count) int32
    near : (C, count) uint8
        How near each sample was to a tie between two values.
    """
    tables = aac_tables()
    samples = np.zeros((frames.channels, count), np.int32)
    near = np.zeros((frames.channels, count), np.uint8)
    _synthesise(
        frames, bands_of(table), tables, tables.sizes.times(output.gain), output.rounding,
        output.bits, shift, samples, near,
    )  # fmt: skip
    return samples, near

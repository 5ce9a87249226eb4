"""Synthesis of Layer III in integers: from granules to samples (spec, section "Synthesis").

The order of steps is that of ISO/IEC 11172-3, 2.4.3.4: dequantised lines, sum and difference,
reduction of aliasing, inverse MDCT with overlap, filter bank. Each sum is exact and rounded once,
so it does not matter in which order it is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import (
    LINES,
    SHORT,
    SUBBAND_LINES,
    SUBBANDS,
    Granules,
    bands_of,
)
from nlac.predictors.origin.output import Output, round_sums
from nlac.predictors.origin.sizes import limited, line_size, shifted
from nlac.predictors.origin.tables import layer3_tables

SIZE_BITS = 31  # so that lines have 29 fraction bits, 14 in units of 16-bit samples
FRACTION = 14
_SUBBAND_LIMIT = 1 << 33
_TRANSFORM_BITS = 24
_SUM_BITS = FRACTION + 16  # fraction bits of the filter bank's sums
_DELAYED = 1024  # sums that a filter bank remembers


@kernel
def _dequantise(values, steps, band_of, mid_side, sizes, lines):
    """Lines of a granule and channel, Q14."""
    for i in range(LINES):
        value = np.int64(values[i])
        if value == 0:
            lines[i] = 0
            continue
        step = np.int64(steps[band_of[i]]) - 2 * mid_side
        size = line_size(sizes, SIZE_BITS, abs(value), step)
        lines[i] = -size if value < 0 else size


@kernel
def _reduce_aliasing(lines, tables):
    for s in range(1, SUBBANDS):
        for i in range(8):
            above, below = SUBBAND_LINES * s + i, SUBBAND_LINES * s - 1 - i
            a, b = lines[below], lines[above]
            kept, crossed = tables.kept[i], tables.crossed[i]
            lines[below] = shifted(a * kept - b * crossed, _TRANSFORM_BITS)
            lines[above] = shifted(b * kept + a * crossed, _TRANSFORM_BITS)


@kernel
def _inverse_mdct(lines, transform, overlap, slots):
    """Subband samples of a granule, (18, 32), from its lines; keeps what overlaps the next one."""
    sums = np.zeros(2 * SUBBAND_LINES, np.int64)
    for s in range(SUBBANDS):
        empty = True
        for j in range(2 * SUBBAND_LINES):
            sums[j] = 0
        for k in range(SUBBAND_LINES):
            line = lines[SUBBAND_LINES * s + k]
            if line != 0:
                empty = False
                for j in range(2 * SUBBAND_LINES):
                    sums[j] += line * transform[k, j]
        for j in range(SUBBAND_LINES):
            value = overlap[s, j]
            if not empty:
                value += shifted(sums[j], _TRANSFORM_BITS)
            overlap[s, j] = 0
            if not empty:
                overlap[s, j] = shifted(sums[SUBBAND_LINES + j], _TRANSFORM_BITS)
            value = limited(value, _SUBBAND_LIMIT)
            # every second sample of every second subband: these run from high to low frequencies
            slots[j, s] = -value if j & s & 1 else value


@kernel
def _matrix(slot, cosines, delayed, newest):
    """Put the 64 sums of a slot before those of earlier ones."""
    for row in range(SUBBANDS):
        place = row if row < 16 else row + 17
        total = np.int64(0)
        # cosines of the upper half are those of the lower, with the sign of even or odd places
        if place & 1:
            for k in range(16):
                total += cosines[row, k] * (slot[k] - slot[31 - k])
        else:
            for k in range(16):
                total += cosines[row, k] * (slot[k] + slot[31 - k])
        delayed[newest + place] = shifted(total, _TRANSFORM_BITS)
        if place < 16:
            delayed[newest + 32 - place] = shifted(-total, _TRANSFORM_BITS)
        elif place < 48:
            delayed[newest + 96 - place] = shifted(total, _TRANSFORM_BITS)
    delayed[newest + 16] = 0


@kernel
def _windowed(delayed, newest, window, sums):
    """32 samples, Q30 in units of 16-bit samples."""
    for i in range(32):
        sums[i] = 0
    for b in range(0, 16, 2):
        first = (newest + 64 * b) & (_DELAYED - 1)
        second = (newest + 64 * b + 96) & (_DELAYED - 1)
        for i in range(32):
            sums[i] += window[32 * b + i] * delayed[first + i]
            sums[i] += window[32 * b + 32 + i] * delayed[second + i]


@kernel
def _synthesise(granules, bands, tables, sizes, rounding, bits, shift, samples, places):
    """Fill samples and places, (C, frames); see `synthesise`."""
    channels, frames = samples.shape
    count = len(granules.mid_side)
    lines = np.zeros((channels, LINES), np.int64)
    overlap = np.zeros((channels, SUBBANDS, SUBBAND_LINES), np.int64)
    delayed = np.zeros((channels, _DELAYED), np.int64)
    slots = np.zeros((SUBBAND_LINES, SUBBANDS), np.int64)
    sums = np.zeros(32, np.int64)
    newest = 0
    high = (np.int64(1) << (bits - 1)) - 1
    sum_bits = _SUM_BITS - (bits - 16)
    for g in range(count):
        mid_side = np.int64(granules.mid_side[g])
        for c in range(channels):
            band_of = bands.short if granules.types[g, c] == SHORT else bands.long
            _dequantise(
                granules.values[g, c], granules.steps[g, c], band_of, mid_side, sizes, lines[c]
            )
        if mid_side != 0:
            for i in range(LINES):
                middle, side = lines[0, i], lines[1, i]
                lines[0, i] = middle + side
                lines[1, i] = middle - side
        before = newest
        for c in range(channels):
            kind = granules.types[g, c]
            if kind != SHORT:
                _reduce_aliasing(lines[c], tables)
            _inverse_mdct(lines[c], tables.transform[kind], overlap[c], slots)
            newest = before
            for j in range(SUBBAND_LINES):
                newest = (newest - 64) & (_DELAYED - 1)
                _matrix(slots[j], tables.cosines, delayed[c], newest)
                at = LINES * g + 32 * j - shift
                begin, end = max(0, -at), min(32, frames - at)
                if begin < end:
                    _windowed(delayed[c], newest, tables.window, sums)
                    round_sums(
                        sums, sum_bits, rounding, -high - 1, high, samples[c], places[c], at,
                        begin, end,
                    )  # fmt: skip


def synthesise(
    granules: Granules, table: int, output: Output, shift: int, frames: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Decode granules to samples.

    Parameters
    ----------
    granules : Granules
        All within their bounds; ``LINES * granules.length >= shift + frames``.
    table : int
        Number of the table of bands.
    output : Output
        How the decoder made samples.
    shift : int
        Samples of the synthesis that are left out at its beginning.
    frames : int
        Samples to return.

    Returns
    -------
    samples : (C, frames) int32
    places : (C, frames) uint8
        How near each sample was to a tie between two values, below `PLACES`.
    """
    tables = layer3_tables()
    samples = np.zeros((granules.channels, frames), np.int32)
    places = np.zeros((granules.channels, frames), np.uint8)
    _synthesise(
        granules, bands_of(table), tables, tables.sizes.times(output.gain), output.rounding,
        output.bits, shift, samples, places,
    )  # fmt: skip
    return samples, places

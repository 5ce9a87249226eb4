"""Synthesis of Layer III in integers: from granules to samples (spec, section "Layer III").

The order of steps is that of ISO/IEC 11172-3, 2.4.3.4: dequantised lines, sum and difference,
reduction of aliasing, inverse MDCT with overlap, filter bank. Each sum is exact and rounded once,
so it does not matter in which order it is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.granules import (
    LINES,
    SHORT,
    SUBBAND_LINES,
    SUBBANDS,
    Granules,
    bands_of,
)
from nlac.predictors.origin.kinds import NEAREST, TOWARDS_ZERO, UNITY_GAIN
from nlac.predictors.origin.tables import Layer3Tables, layer3_tables

FRACTION = 14  # fraction bits of lines and subband samples, in units of 16-bit samples
PLACES = 2 * 12  # contexts that tell how near a sample was to a tie
_LINE_LIMIT = 1 << 32
_SUBBAND_LIMIT = 1 << 33
_TRANSFORM_BITS = 24
_SUM_BITS = FRACTION + 16  # fraction bits of the filter bank's sums
_PLACE_BITS = 10
_CLEAR = 400  # of 512: farther from a tie than this, all places are alike
_CLIPPED = 11
_DELAYED = 1024  # sums that a filter bank remembers


class Output(NamedTuple):
    """How the decoder made samples.

    Attributes
    ----------
    gain : int
        Factor of the samples, Q30, 2**29 to 2**31.
    rounding : int
        `NEAREST`, `DOWN` or `TOWARDS_ZERO`.
    bits : int
        Bits of a sample, 16 to 24.
    """

    gain: int = UNITY_GAIN
    rounding: int = NEAREST
    bits: int = 16


@inline_kernel
def _shifted(value, shift):
    """Round a value / 2**shift to the nearest, halves up; 1 <= shift <= 62."""
    return (value + (np.int64(1) << (shift - 1))) >> shift


@inline_kernel
def _limited(value, limit):
    return min(max(value, -limit), limit)


@kernel
def scaled_roots(roots, gain, out):
    """Multiply 2**(r / 4), Q30, by a gain, Q30."""
    for r in range(4):
        out[r] = _shifted(roots[r] * gain, 30)


@inline_kernel
def line_size(mantissas, exponents, roots, size, step):
    """Size of a line with the magnitude `size` >= 1 and the exponent `step`, Q14."""
    shift = 31 - exponents[size] - (step >> 2)
    return min(_shifted(mantissas[size] * roots[step & 3], shift), _LINE_LIMIT)


@kernel
def _dequantise(values, steps, band_of, mid_side, tables, roots, lines):
    """Lines of a granule and channel, Q14."""
    for i in range(LINES):
        value = np.int64(values[i])
        if value == 0:
            lines[i] = 0
            continue
        step = np.int64(steps[band_of[i]]) - 2 * mid_side
        size = line_size(tables.mantissas, tables.exponents, roots, abs(value), step)
        lines[i] = -size if value < 0 else size


@kernel
def _reduce_aliasing(lines, tables):
    for s in range(1, SUBBANDS):
        for i in range(8):
            above, below = SUBBAND_LINES * s + i, SUBBAND_LINES * s - 1 - i
            a, b = lines[below], lines[above]
            kept, crossed = tables.kept[i], tables.crossed[i]
            lines[below] = _shifted(a * kept - b * crossed, _TRANSFORM_BITS)
            lines[above] = _shifted(b * kept + a * crossed, _TRANSFORM_BITS)


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
                value += _shifted(sums[j], _TRANSFORM_BITS)
            overlap[s, j] = 0
            if not empty:
                overlap[s, j] = _shifted(sums[SUBBAND_LINES + j], _TRANSFORM_BITS)
            value = _limited(value, _SUBBAND_LIMIT)
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
        delayed[newest + place] = _shifted(total, _TRANSFORM_BITS)
        if place < 16:
            delayed[newest + 32 - place] = _shifted(-total, _TRANSFORM_BITS)
        elif place < 48:
            delayed[newest + 96 - place] = _shifted(total, _TRANSFORM_BITS)
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


@inline_kernel
def _place(fraction, bits):
    """Context of a sample by its distance from the nearest tie, and the side it is on."""
    fraction = (fraction >> (bits - _PLACE_BITS)) - (1 << (_PLACE_BITS - 1))
    distance = (1 << (_PLACE_BITS - 1)) - abs(fraction)
    near = np.int64(0)
    if distance <= _CLEAR:
        near = 10 - bit_length(distance)
    return 2 * near + (1 if fraction > 0 else 0)


@kernel
def _round(sums, bits, rounding, low, high, samples, places, at, begin, end):
    """Round the sums from `begin` to `end` as the decoder did."""
    half = np.int64(1) << (bits - 1)
    for i in range(begin, end):
        value = sums[i]
        if rounding == NEAREST:
            value += half
        elif rounding == TOWARDS_ZERO and value < 0:
            value += 2 * half - 1
        sample = value >> bits
        if sample < low or sample > high:
            samples[at + i] = _limited(sample, high) if sample > high else low
            places[at + i] = 2 * _CLIPPED
        else:
            samples[at + i] = sample
            places[at + i] = _place(value & (2 * half - 1), bits)


@kernel
def _synthesise(granules, bands, tables, roots, rounding, bits, shift, samples, places):
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
                granules.values[g, c], granules.steps[g, c], band_of, mid_side, tables, roots,
                lines[c],
            )  # fmt: skip
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
                    _round(
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
        granules, bands_of(table), tables, gained_roots(tables, output.gain), output.rounding,
        output.bits, shift, samples, places,
    )  # fmt: skip
    return samples, places


def gained_roots(tables: Layer3Tables, gain: int) -> NDArray[np.int64]:
    """Return the roots of the tables times a gain, Q30."""
    roots = np.empty(4, np.int64)
    scaled_roots(tables.roots, gain, roots)
    return roots

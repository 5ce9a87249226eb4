"""Subframes of FLAC (RFC 9639, 9.2) put together again."""

from __future__ import annotations

from typing import Final

import numpy as np

from nlac.audio.flac.frames.bits import put, put_inline
from nlac.audio.flac.frames.columns import (
    CONSTANT,
    ESCAPED,
    FIXED,
    LPC,
    MAX_ORDER,
    VERBATIM,
    Column,
)
from nlac.audio.flac.frames.linear import expected_parameter, fixed_coefficients, residuals
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, keep, load_i64, load_u8, store_64

# samples that the parameters cannot code, and parameters that are none
UNFIT: Final = 4
BAD_PARAMETERS: Final = 3
BUILT: Final = 0
_WASTED = 1
_LIMIT = np.int64(1) << 31
# bits that are written at once, and bytes that a sample takes beside its unary part at most
_CHUNK = 32
_SAMPLE_BYTES = 16


@inline_kernel
def take(cols, starts, ends, column):
    """Next byte of a column, int64; -1 at its end."""
    at = starts[column]
    if at >= ends[column]:
        return np.int64(-1)
    starts[column] = at + 1
    return np.int64(load_u8(cols, at))


@kernel
def put_verbatim(base, pos, acc, fill, row, length, bits):
    """Write samples as they are, in two's complement."""
    for i in range(length):
        pos, acc, fill = put(base, pos, acc, fill, load_i64(row, i), bits)
    return pos, acc, fill


@kernel
def build_subframe(
    row, work, length, bits, cols, starts, ends, base, pos, acc, fill, limit, fits
):
    """Write a subframe.

    Parameters
    ----------
    row, work : int
        Addresses of int64 cells: samples, which are overwritten, and room for residuals.
    length, bits : int
        Samples of the subframe, and their bits.
    cols, starts, ends
        Address of the columns, and what is left of each.
    base, pos, acc, fill
        Address of the output, and the state of its writer.
    limit : int
        Where the frame must end.
    fits : bool
        Write; otherwise only take what the columns hold of this subframe.

    Returns
    -------
    pos, acc, fill, status : int
        State of the writer, and `BUILT`, `UNFIT` or `BAD_PARAMETERS`.
    """
    header = take(cols, starts, ends, Column.SUBFRAME)
    kind = header >> 1
    if header < 0 or header & 0x80:
        return pos, acc, fill, BAD_PARAMETERS
    wasted = np.int64(0)
    if header & _WASTED:
        wasted = take(cols, starts, ends, Column.WASTED)
        if not 0 < wasted < bits:
            return pos, acc, fill, BAD_PARAMETERS
        union = np.int64(0)
        for i in range(length):
            value = load_i64(row, i)
            union |= value
            store_64(row, i, value >> wasted)
        fits = fits and union & ((np.int64(1) << wasted) - 1) == 0
        bits -= wasted
    if fits:
        pos, acc, fill = put(base, pos, acc, fill, header, 8)
        if wasted:
            pos, acc, fill = put(base, pos, acc, fill, 1, wasted)
    if kind == CONSTANT:
        first, others = load_i64(row, 0), np.int64(0)
        for i in range(length):
            others |= load_i64(row, i) ^ first
        if others or not fits:
            return pos, acc, fill, UNFIT
        pos, acc, fill = put(base, pos, acc, fill, first, bits)
        return pos, acc, fill, BUILT
    if kind == VERBATIM:
        if not fits:
            return pos, acc, fill, UNFIT
        pos, acc, fill = put_verbatim(base, pos, acc, fill, row, length, bits)
        return pos, acc, fill, BUILT
    if FIXED <= kind <= FIXED + 4:
        order = kind - FIXED
    elif kind >= LPC:
        order = kind - LPC + 1
    else:
        return pos, acc, fill, BAD_PARAMETERS
    if order > length:
        return pos, acc, fill, BAD_PARAMETERS
    if fits:
        pos, acc, fill = put_verbatim(base, pos, acc, fill, row, order, bits)
    kept = np.empty(MAX_ORDER, np.int64)
    weights, shift = address(kept), np.int64(0)
    if kind >= LPC:
        precision = take(cols, starts, ends, Column.PRECISION) + 1
        shift = take(cols, starts, ends, Column.SHIFT)
        if not 0 < precision < 16 or not 0 <= shift < 16:
            return pos, acc, fill, BAD_PARAMETERS
        if fits:
            pos, acc, fill = put(base, pos, acc, fill, precision - 1, 4)
            pos, acc, fill = put(base, pos, acc, fill, shift, 5)
        half = np.int64(1) << (precision - 1)
        for j in range(order):
            high = take(cols, starts, ends, Column.COEFFICIENT_HIGH)
            low = take(cols, starts, ends, Column.COEFFICIENT_LOW)
            weight = (((high << 8) | low) ^ 0x8000) - 0x8000
            if high < 0 or low < 0 or not -half <= weight < half:
                return pos, acc, fill, BAD_PARAMETERS
            store_64(weights, j, weight)
            if fits:
                pos, acc, fill = put(base, pos, acc, fill, weight, precision)
    else:
        fixed_coefficients(order, weights)
    residuals(row, length, order, weights, shift, work)
    keep(kept)
    return _build_residuals(
        work, length, order, cols, starts, ends, base, pos, acc, fill, limit, fits
    )


@kernel
def _build_residuals(work, length, order, cols, starts, ends, base, pos, acc, fill, limit, fits):
    """Write the coded residuals (RFC 9639, 9.2.7)."""
    coding = take(cols, starts, ends, Column.PARTITIONS)
    method, partition_order = coding >> 4, coding & 15
    part = length >> partition_order
    if not 0 <= method <= 1 or part << partition_order != length or part < order:
        return pos, acc, fill, BAD_PARAMETERS
    if fits:
        pos, acc, fill = put(base, pos, acc, fill, coding, 6)
    width = 4 + method
    largest = (1 << width) - 2
    i = order
    for p in range(1 << partition_order):
        stop = (p + 1) * part
        total, union = np.int64(0), np.int64(0)
        for j in range(i, stop):
            value = load_i64(work, j)
            total += abs(value)
            union |= value ^ (value >> 63)
        difference = take(cols, starts, ends, Column.RICE)
        if difference < 0:
            return pos, acc, fill, BAD_PARAMETERS
        if difference == ESCAPED:
            raw = take(cols, starts, ends, Column.RAW_BITS)
            if not 0 <= raw < 32:
                return pos, acc, fill, BAD_PARAMETERS
            # union has a bit less than the widest residual
            fits = fits and union >> max(raw - 1, 0) == 0 and (raw > 0 or total == 0)
            fits = fits and pos + ((raw * (stop - i)) >> 3) + _SAMPLE_BYTES <= limit
            if fits:
                pos, acc, fill = put(base, pos, acc, fill, largest + 1, width)
                pos, acc, fill = put(base, pos, acc, fill, raw, 5)
                pos, acc, fill = put_verbatim(
                    base, pos, acc, fill, work + 8 * i, stop - i, raw
                )
            i = stop
            continue
        # no residual may be of 32 bits, nor be -2**31; so no sum overflows
        fits = fits and union < _LIMIT and pos + _SAMPLE_BYTES <= limit
        parameter = (difference >> 1) ^ -(difference & 1)
        if fits:
            parameter += expected_parameter(total, stop - i, largest)
            fits = 0 <= parameter <= largest
        if fits:
            pos, acc, fill = put(base, pos, acc, fill, parameter, width)
            one, ones = np.int64(1) << parameter, (np.int64(1) << parameter) - 1
        while fits and i < stop:
            value = load_i64(work, i)
            folded = (value << 1) ^ (value >> 63)
            zeros = folded >> parameter
            if pos + (zeros >> 3) + _SAMPLE_BYTES > limit:
                fits = False
                break
            while zeros >= _CHUNK - 16:
                pos, acc, fill = put(base, pos, acc, fill, 0, _CHUNK - 16)
                zeros -= _CHUNK - 16
            pos, acc, fill = put_inline(
                base, pos, acc, fill, one | (folded & ones), zeros + 1 + parameter
            )
            i += 1
        i = stop
    return pos, acc, fill, BUILT if fits else UNFIT

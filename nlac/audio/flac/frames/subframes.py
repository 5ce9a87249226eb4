"""Subframes of FLAC (RFC 9639, 9.2) taken apart."""

from __future__ import annotations

from typing import Final

import numpy as np

from nlac.audio.flac.frames.bits import WINDOW_BITS, get, get_signed, top_bits, window
from nlac.audio.flac.frames.columns import (
    CONSTANT,
    ESCAPED,
    FIXED,
    LPC,
    MAX_ORDER,
    VERBATIM,
    Column,
)
from nlac.audio.flac.frames.linear import expected_parameter, fixed_coefficients, restore
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, keep, leading_zeros, load_i64, store_8, store_64

# what is wrong with a subframe
TRUNCATED: Final = -1
RESERVED: Final = -2
BAD_RESIDUAL: Final = -3
_WASTED = 1
_LIMIT = 1 << 31


@inline_kernel
def _note(cols, capacity, counts, column, value):
    store_8(cols, column * capacity + counts[column], value)
    counts[column] += 1


@kernel
def parse_subframe(base, bit, end, length, bits, row, cols, capacity, counts):
    """Parse a subframe.

    Parameters
    ----------
    base, bit, end : int
        Address of the bytes, where the subframe begins in them, and where they end, in bits.
    length, bits : int
        Samples of the subframe, and their bits.
    row : int
        Address of int64 cells, which get the samples.
    cols, capacity, counts
        The columns, their length, and how much of each is in use.

    Returns
    -------
    int
        Where the subframe ends, in bits; negative if it is damaged.
    """
    if bit + 8 > end:
        return TRUNCATED
    header = get(base, bit, 8)
    bit += 8
    kind = header >> 1
    if header & 0x80:
        return RESERVED
    _note(cols, capacity, counts, Column.SUBFRAME, header)
    wasted = 0
    if header & _WASTED:
        zeros = leading_zeros(window(base, bit))
        if zeros >= bits - 1:
            return RESERVED
        wasted = zeros + 1
        bit += wasted
        bits -= wasted
        _note(cols, capacity, counts, Column.WASTED, wasted)
    if kind == CONSTANT:
        value = get_signed(base, bit, bits)
        bit += bits
        for i in range(length):
            store_64(row, i, value << wasted)
        return bit if bit <= end else TRUNCATED
    if kind == VERBATIM:
        if bit + length * bits > end:
            return TRUNCATED
        for i in range(length):
            store_64(row, i, get_signed(base, bit, bits) << wasted)
            bit += bits
        return bit
    if FIXED <= kind <= FIXED + 4:
        order = kind - FIXED
    elif kind >= LPC:
        order = kind - LPC + 1
    else:
        return RESERVED
    if order > length:
        return RESERVED
    if bit + order * bits + 9 > end:
        return TRUNCATED
    for i in range(order):
        store_64(row, i, get_signed(base, bit, bits))
        bit += bits
    kept = np.zeros(MAX_ORDER, np.int64)
    weights, shift = address(kept), 0
    if kind >= LPC:
        precision, shift = get(base, bit, 4) + 1, get_signed(base, bit + 4, 5)
        bit += 9
        if precision == 16 or shift < 0:
            return RESERVED
        if bit + order * precision > end:
            return TRUNCATED
        _note(cols, capacity, counts, Column.PRECISION, precision - 1)
        _note(cols, capacity, counts, Column.SHIFT, shift)
        for j in range(order):
            weight = get_signed(base, bit, precision)
            store_64(weights, j, weight)
            bit += precision
            _note(cols, capacity, counts, Column.COEFFICIENT_HIGH, weight >> 8)
            _note(cols, capacity, counts, Column.COEFFICIENT_LOW, weight)
    else:
        fixed_coefficients(order, weights)
    bit = _parse_residuals(base, bit, end, length, order, row, cols, capacity, counts)
    if bit < 0:
        return bit
    restore(row, length, order, weights, shift)
    keep(kept)
    if wasted:
        for i in range(length):
            store_64(row, i, load_i64(row, i) << wasted)
    return bit


@kernel
def _parse_residuals(base, bit, end, length, order, row, cols, capacity, counts):
    """Parse the coded residuals (RFC 9639, 9.2.7); the arguments are those of `parse_subframe`."""
    if bit + 6 > end:
        return TRUNCATED
    method, partition_order = get(base, bit, 2), get(base, bit + 2, 4)
    bit += 6
    part = length >> partition_order
    if method > 1 or part << partition_order != length or part < order:
        return RESERVED
    _note(cols, capacity, counts, Column.PARTITIONS, method << 4 | partition_order)
    width = 4 + method
    largest = (1 << width) - 2
    i = order
    for p in range(1 << partition_order):
        if bit + width + 5 > end:
            return TRUNCATED
        parameter = get(base, bit, width)
        bit += width
        stop = (p + 1) * part
        if parameter > largest:
            raw = get(base, bit, 5)
            bit += 5
            if bit + raw * (stop - i) > end:
                return TRUNCATED
            _note(cols, capacity, counts, Column.RICE, ESCAPED)
            _note(cols, capacity, counts, Column.RAW_BITS, raw)
            while i < stop:
                store_64(row, i, get_signed(base, bit, raw))
                bit += raw
                i += 1
            continue
        total, count = np.int64(0), stop - i
        while i < stop:
            if bit >= end:
                return TRUNCATED
            word = window(base, bit)
            zeros = leading_zeros(word)
            if zeros + 1 + parameter <= WINDOW_BITS:
                low = top_bits(word << np.uint64(zeros + 1), parameter)
                bit += zeros + 1 + parameter
            else:
                # a long unary part, of which a window shows a part only
                zeros = 0
                while get(base, bit, 48) == 0:
                    zeros += 48
                    bit += 48
                    if bit >= end:
                        return TRUNCATED
                more = leading_zeros(window(base, bit))
                zeros += more
                bit += more + 1
                low = get(base, bit, parameter)
                bit += parameter
            folded = zeros << parameter | low
            value = (folded >> 1) ^ -(folded & 1)
            if value >= _LIMIT or value <= -_LIMIT:
                return BAD_RESIDUAL
            store_64(row, i, value)
            total += abs(value)
            i += 1
        difference = parameter - expected_parameter(total, count, largest)
        _note(cols, capacity, counts, Column.RICE, (difference << 1) ^ (difference >> 63))
    return bit if bit <= end else TRUNCATED

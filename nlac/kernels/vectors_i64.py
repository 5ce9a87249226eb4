"""Sums of weighted rows of 64-bit integers, sixteen columns at a time, kept in registers.

For elimination in a symmetric matrix: the compiler by itself would write each partial sum to
memory and read it again.  Factors and rows hold 32-bit integers in 64-bit cells.  All is integer
arithmetic modulo 2**64, so every processor gives the same.  Addresses point to int64, steps are
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    I32,
    I64,
    constant,
    fill,
    fill_low,
    load,
    loop,
    low_half,
    store,
    sum_lanes,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_i32, load_i64, load_low, narrow, store_64

I64_LANES = 16  # columns that are worked on at once, to multiples of which rows are laid out
TOGETHER = 4  # rows that are eliminated at once
_ROW, _EIGHT = vector(I64, I64_LANES), vector(I64, 8)


def _weighted(builder: Any, start: Any, arguments: Any, add: Any) -> Any:
    """`start` with factor[i] * rows[i][0:16] added or subtracted for each i < count."""
    factor, rows, step, row_step, count = arguments

    def body(_index: Any, value: Any, left: Any, right: Any) -> list[Any]:
        scale = fill_low(builder, load(builder, I64, left), I64_LANES)
        lanes = low_half(builder, load(builder, _ROW, right))
        product = builder.mul(scale, lanes)
        return [add(value, product), builder.add(left, step), builder.add(right, row_step)]

    return loop(builder, I64(0), count, 1, [start, factor, rows], body)[0]


@kernel
def plain_sum_rows(target, factor, rows, step, row_step, count):
    """Plain loop of `sum_rows`."""
    for j in range(I64_LANES):
        total = np.int64(0)
        for i in range(count):
            total += load_low(factor + i * step, 0) * load_low(rows + i * row_step, j)
        store_64(target, j, total)


@vectorised(plain_sum_rows)
def sum_rows(
    typing_context: Any, target: Any, factor: Any, rows: Any, step: Any, row_step: Any, count: Any
) -> Any:
    """``target[0:16] = sum of factor[i] * rows[i][0:16] for i < count``.

    Factors are `step` bytes apart, rows `row_step`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = _weighted(builder, constant(_ROW, 0), arguments[1:], builder.add)
        store(builder, value, arguments[0])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), code


@kernel
def _eliminate_columns(target, source, up, down, factor, rows, step, count, columns):
    for j in range(columns):
        total = (load_i64(source, j) << up) >> down
        for i in range(count):
            total -= load_low(factor + i * step, 0) * load_low(rows + i * step, j)
        store_64(target, j, total)


@kernel
def plain_eliminate(target, source, up, down, factor, rows, step, count):
    """Plain loop of `eliminate`."""
    _eliminate_columns(target, source, up, down, factor, rows, step, count, I64_LANES)


@vectorised(plain_eliminate)
def eliminate(
    typing_context: Any, target: Any, source: Any, up: Any, down: Any, factor: Any, rows: Any,
    step: Any, count: Any,
) -> Any:
    """``target[0:16] = (source[0:16] << up >> down) - sum of factor[i] * rows[i][0:16]``.

    The sum is over i < count; factors, and rows, are `step` bytes apart.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, up, down, factor, rows, step, count = arguments
        up, down = fill(builder, up, I64_LANES), fill(builder, down, I64_LANES)
        start = builder.ashr(builder.shl(load(builder, _ROW, source), up), down)
        value = _weighted(builder, start, (factor, rows, step, step, count), builder.sub)
        store(builder, value, target)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@kernel
def plain_eliminate_together(target, source, up, down, factor, rows, step, count):
    """Plain loop of `eliminate_together`."""
    for k in range(TOGETHER):
        _eliminate_columns(
            target + k * step, source + k * step, up, down, factor + 8 * k, rows, step, count, 8
        )


@vectorised(plain_eliminate_together)
def eliminate_together(
    typing_context: Any, target: Any, source: Any, up: Any, down: Any, factor: Any, rows: Any,
    step: Any, count: Any,
) -> Any:
    """As `eliminate`, eight columns of `TOGETHER` rows whose factors stand side by side.

    Targets and sources are `step` bytes apart, too.  What is read of the rows above serves all.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, up, down, factor, rows, step, count = arguments
        up, down = fill(builder, up, 8), fill(builder, down, 8)
        starts = []
        for _ in range(TOGETHER):
            start = load(builder, _EIGHT, source)
            starts.append(builder.ashr(builder.shl(start, up), down))
            source = builder.add(source, step)

        def body(_index: Any, left: Any, right: Any, *values: Any) -> list[Any]:
            lanes = low_half(builder, load(builder, _EIGHT, right))
            less = []
            for i, value in enumerate(values):
                scale = load(builder, I64, builder.add(left, I64(8 * i)))
                product = builder.mul(fill_low(builder, scale, 8), lanes)
                less.append(builder.sub(value, product))
            return [builder.add(left, step), builder.add(right, step), *less]

        _, _, *values = loop(builder, I64(0), count, 1, [factor, rows, *starts], body)
        for value in values:
            store(builder, value, target)
            target = builder.add(target, step)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@kernel
def plain_divide(row, count, down, inverse):
    """Plain loop of `divide`."""
    for j in range(count):
        product = narrow(load_i64(row, j) >> down) * narrow(inverse)
        store_64(row, j, (product + (1 << 30)) >> 31)


@vectorised(plain_divide)
def divide(typing_context: Any, row: Any, count: Any, down: Any, inverse: Any) -> Any:
    """``row[0:count] = ((row >> down) * inverse + 2**30) >> 31``, both factors of 32 bits.

    `inverse` is a reciprocal (Q31); `count` is a multiple of 16.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, count, down, inverse = arguments
        down = fill(builder, down, I64_LANES)
        inverse = fill_low(builder, inverse, I64_LANES)

        def body(index: Any) -> list[Any]:
            place = builder.add(row, builder.shl(index, I64(3)))
            value = low_half(builder, builder.ashr(load(builder, _ROW, place), down))
            value = builder.add(builder.mul(value, inverse), constant(_ROW, 1 << 30))
            store(builder, builder.ashr(value, constant(_ROW, 31)), place)
            return []

        loop(builder, I64(0), count, I64_LANES, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code


@kernel
def dot_low(left, right, count):
    """Sum of ``left[i] * right[i]`` for i < count; both have 32-bit integers in 64-bit cells."""
    total = np.int64(0)
    for i in range(count):
        total += load_low(left, i) * load_low(right, i)
    return total


@kernel
def plain_dot_short(left, right, count):
    """Plain loop of `dot_short`."""
    total = np.int64(0)
    for i in range(count):
        total += load_low(left, i) * load_i32(right, i)
    return total


@vectorised(plain_dot_short)
def dot_short(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of ``left[i] * right[i]`` for i < count; returns int64.

    `left` has 32-bit integers in 64-bit cells, `right` int32; `count` is a multiple of 8.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count = arguments

        def body(index: Any, total: Any) -> list[Any]:
            a = load(builder, _EIGHT, builder.add(left, builder.shl(index, I64(3))))
            place = builder.add(right, builder.shl(index, I64(2)))
            b = builder.sext(load(builder, vector(I32, 8), place), _EIGHT)
            return [builder.add(total, builder.mul(low_half(builder, a), b))]

        (total,) = loop(builder, I64(0), count, 8, [constant(_EIGHT, 0)], body)
        return sum_lanes(builder, total, builder.add)

    return types.int64(*[types.int64] * 3), code


@kernel
def plain_add_sliding_dots(left, right, width, count, target):
    """Plain loop of `add_sliding_dots`."""
    for j in range(I64_LANES):
        total = load_i64(target, j)
        for i in range(count):
            total += load_low(left, i) * load_i32(right, width * j + i)
        store_64(target, j, total)


@vectorised(plain_add_sliding_dots)
def add_sliding_dots(
    typing_context: Any, left: Any, right: Any, width: Any, count: Any, target: Any
) -> Any:
    """``target[j] += sum of left[i] * right[width * j + i] for i < count``, for j < 16.

    `left` has 32-bit integers in 64-bit cells, `right` int32, `target` int64; `width` is 1 or 2.
    With 2, one int32 is read beyond the last that is used.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, width, count, target = arguments

        def write(samples: Callable[[Any], Any]) -> None:
            def body(index: Any, total: Any) -> list[Any]:
                scale = load(builder, I64, builder.add(left, builder.shl(index, I64(3))))
                place = builder.add(right, builder.shl(index, I64(2)))
                product = builder.mul(fill_low(builder, scale, I64_LANES), samples(place))
                return [builder.add(total, product)]

            start = load(builder, _ROW, target)
            (total,) = loop(builder, I64(0), count, 1, [start], body)
            store(builder, total, target)

        def narrow_samples(place: Any) -> Any:
            return builder.sext(load(builder, vector(I32, I64_LANES), place), _ROW)

        def every_other(place: Any) -> Any:
            # two samples are a cell, of which the product takes the low half
            return low_half(builder, load(builder, _ROW, place))

        is_single = builder.icmp_signed("==", width, I64(1))
        with builder.if_else(is_single) as (single, double):
            with single:
                write(narrow_samples)
            with double:
                write(every_other)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), code

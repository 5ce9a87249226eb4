"""Sums of rows of 64-bit integers, sixteen lanes at a time, kept in registers.

For covariances and their elimination: the compiler by itself would write each partial sum to
memory and read it again.  All is integer arithmetic modulo 2**64, so every processor gives the
same.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from nlac.kernels.llvm import (
    I32,
    I64,
    Part,
    Whole,
    constant,
    fill,
    fill_low,
    intrinsic,
    load,
    loop,
    low_half,
    pick,
    store,
    sum_lanes,
    vector,
)
from nlac.kernels.vectors_f64 import _PLACE, _at

TILE = 16
TOGETHER = 4  # rows that are eliminated at once
_TILE = vector(I64, TILE)
DIAGONALS = 32  # that are followed together
_WIDE = vector(I64, DIAGONALS)
_EIGHT = vector(I64, 8)


def _weighted(builder: Any, start: Any, arguments: Any, add: Any) -> Any:
    """`start` with factor[i] * rows[i][0:16] added or subtracted for each i < count."""
    factor, rows, step, row_step, count = arguments

    def body(_index: Any, value: Any, left: Any, right: Any) -> list[Any]:
        scale = fill_low(builder, load(builder, I64, left), TILE)
        lanes = low_half(builder, load(builder, _TILE, right))
        product = builder.mul(scale, lanes)
        return [add(value, product), builder.add(left, step), builder.add(right, row_step)]

    return loop(builder, I64(0), count, 1, [start, factor, rows], body)[0]


@intrinsic
def sum_rows(
    typing_context: Any, target: Any, factor: Any, rows: Any, step: Any, row_step: Any, count: Any
) -> Any:
    """``target[0:16] = sum of factor[i] * rows[i][0:16] for i < count``.

    Steps are bytes between one factor or row and the next; both hold 32-bit integers in
    64-bit cells.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = _weighted(builder, constant(_TILE, 0), arguments[1:], builder.add)
        store(builder, value, arguments[0])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), code


@intrinsic
def eliminate(
    typing_context: Any, target: Any, source: Any, up: Any, down: Any, factor: Any, rows: Any,
    step: Any, count: Any,
) -> Any:
    """``target[0:16] = (source[0:16] << up >> down) - sum of factor[i] * rows[i][0:16]``."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, up, down, factor, rows, step, count = arguments
        up, down = fill(builder, up, TILE), fill(builder, down, TILE)
        start = builder.ashr(builder.shl(load(builder, _TILE, source), up), down)
        value = _weighted(builder, start, (factor, rows, step, step, count), builder.sub)
        store(builder, value, target)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@intrinsic
def eliminate_together(
    typing_context: Any, target: Any, source: Any, up: Any, down: Any, factor: Any, rows: Any,
    step: Any, count: Any,
) -> Any:
    """Eliminate eight columns of `TOGETHER` rows, whose factors stand side by side.

    Targets and sources lie `step` bytes apart, too. What is read of the rows above serves all.
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


@intrinsic
def shift_products(
    typing_context: Any, target: Any, step: Any, left: Any, right: Any, batch: Any, begin: Any,
    hidden: Any, end: Any,
) -> Any:
    """Sums of products of two series, each from that of one step before.

    For begin <= i < end, ``target[0:32] = sum of left[i + b] * right[i + b:][0:32] for b <
    batch``, and `target` moves on by `step` bytes with each i.  While i < `hidden`, only lanes
    from ``hidden - i`` on are written.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, step, left, right, batch, begin, hidden, end = arguments

        def product(index: Any) -> Any:
            at = builder.shl(index, I64(3))
            scale = load(builder, I64, builder.add(left, at))
            scale = fill_low(builder, scale, DIAGONALS)
            lanes = low_half(builder, load(builder, _WIDE, builder.add(right, at)))
            return builder.mul(scale, lanes)

        def add(index: Any, value: Any) -> list[Any]:
            return [builder.add(value, product(index))]

        def move(index: Any, value: Any) -> Any:
            value = builder.add(value, product(builder.add(index, batch)))
            return builder.sub(value, product(index))

        def partly(index: Any, place: Any, value: Any) -> list[Any]:
            for at in range(0, DIAGONALS, 8):
                part = Part(builder, I64(at), builder.sub(hidden, index), inverted=True)
                lanes = pick(builder, value, range(at, at + 8))
                part.store(lanes, builder.add(place, I64(8 * at)))
            return [builder.add(place, step), move(index, value)]

        def wholly(index: Any, place: Any, value: Any) -> list[Any]:
            store(builder, value, place)
            return [builder.add(place, step), move(index, value)]

        start = constant(_WIDE, 0)
        (value,) = loop(builder, begin, builder.add(begin, batch), 1, [start], add)
        place = builder.add(target, builder.mul(begin, step))
        limit = builder.select(builder.icmp_signed("<", hidden, end), hidden, end)
        place, value = loop(builder, begin, limit, 1, [place, value], partly)
        more = builder.select(builder.icmp_signed(">", begin, limit), begin, limit)
        loop(builder, more, end, 1, [place, value], wholly)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@intrinsic
def accumulate(
    typing_context: Any, target: Any, target_step: Any, sums: Any, sums_step: Any, rows: Any,
    columns: Any, lower: Any, decay: Any, up: Any, down: Any, mask: Any,
) -> Any:
    """Forget a little of a matrix of 64-bit sums, and add new ones, weighted.

    ``new = sums << up >> down``, half as much again where `mask` is -1; then
    ``target += new - (target >> decay)``.  Steps are bytes from row to row.  Cells that
    are 32 rows and `lower` below the diagonal are left as they are.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, target_step, sums, sums_step, rows, columns, lower, *others = arguments
        decay, up, down, mask = (fill(builder, value, 8) for value in others)

        def add(place: Any, source: Any, part: Any) -> None:
            new, old = part.load(source), part.load(place)
            new = builder.ashr(builder.shl(new, up), down)
            half = builder.ashr(new, constant(_EIGHT, 1))
            new = builder.add(new, builder.and_(half, mask))
            part.store(builder.add(builder.sub(old, builder.ashr(old, decay)), new), place)

        def block(vectors: int) -> Any:
            def column(index: Any) -> list[Any]:
                part = Part(builder, index, columns) if vectors == 1 else Whole(builder)

                def row(_index: Any, place: Any, source: Any) -> list[Any]:
                    for i in range(vectors):
                        at = I64(64 * i)
                        add(builder.add(place, at), builder.add(source, at), part)
                    return [builder.add(place, target_step), builder.add(source, sums_step)]

                at = builder.shl(index, I64(3))
                end = builder.add(builder.add(index, I64(8 * vectors)), lower)
                end = builder.select(builder.icmp_signed("<", end, rows), end, rows)
                loop(builder, I64(0), end, 1, [builder.add(target, at), builder.add(sums, at)], row)
                return []

            return column

        # long rows in pieces of several vectors, what is left in single ones
        most = builder.and_(columns, I64(-32))
        loop(builder, I64(0), most, 32, [], block(4))
        loop(builder, most, columns, 8, [], block(1))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 11), code


@intrinsic
def divide(typing_context: Any, row: Any, count: Any, down: Any, inverse: Any) -> Any:
    """``row = ((row >> down) * inverse + 2**30) >> 31``, both factors of 32 bits.

    `count` is a multiple of 16.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, count, down, inverse = arguments
        down = fill(builder, down, TILE)
        inverse = fill_low(builder, inverse, TILE)

        def body(index: Any) -> list[Any]:
            place = builder.add(row, builder.shl(index, I64(3)))
            value = low_half(builder, builder.ashr(load(builder, _TILE, place), down))
            value = builder.add(builder.mul(value, inverse), constant(_TILE, 1 << 30))
            store(builder, builder.ashr(value, constant(_TILE, 31)), place)
            return []

        loop(builder, I64(0), count, TILE, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code


def _integer_dot(short: bool) -> Any:
    def dot(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, count = arguments

            def body(index: Any, total: Any) -> list[Any]:
                place = _at(builder, left, index)
                if short:
                    a = load(builder, _EIGHT, place)
                    words = load(
                        builder, vector(I32, 8), builder.add(right, builder.shl(index, I64(2)))
                    )
                    b = builder.sext(words, _EIGHT)
                else:
                    a = Part(builder, index, count).load(place)
                    b = low_half(builder, load(builder, _EIGHT, _at(builder, right, index)))
                return [builder.add(total, builder.mul(low_half(builder, a), b))]

            (total,) = loop(builder, I64(0), count, 8, [constant(_EIGHT, 0)], body)
            return sum_lanes(builder, total, builder.add)

        return types.int64(_PLACE, _PLACE, _PLACE), code

    return intrinsic(dot)


# dot_short(a, b, count): sum of products of the low 32 bits of 64-bit integers and 32-bit ones
dot_short = _integer_dot(short=True)


# dot_low_any(a, b, count): both of 64 bits, and any count; reads up to 7 elements more of `b`
dot_low_any = _integer_dot(short=False)

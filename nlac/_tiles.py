"""Sums of rows of 64-bit integers, sixteen lanes at a time, kept in registers.

For covariances and their elimination: the compiler by itself would write each partial sum to
memory and read it again.  All is integer arithmetic modulo 2**64, so every processor gives the
same.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from nlac._llvm import I64, constant, fill, intrinsic, load, loop, low_half, store, vector

LANES = 16
_TILE = vector(I64, LANES)


def _weighted(builder: Any, start: Any, arguments: Any, add: Any) -> Any:
    """`start` with factor[i] * rows[i][0:16] added or subtracted for each i < count."""
    factor, rows, step, row_step, count = arguments

    def body(_index: Any, value: Any, left: Any, right: Any) -> list[Any]:
        scale = fill(builder, load(builder, I64, left), LANES)
        lanes = load(builder, _TILE, right)
        product = builder.mul(low_half(builder, scale), low_half(builder, lanes))
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
        up, down = fill(builder, up, LANES), fill(builder, down, LANES)
        start = builder.ashr(builder.shl(load(builder, _TILE, source), up), down)
        value = _weighted(builder, start, (factor, rows, step, step, count), builder.sub)
        store(builder, value, target)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@intrinsic
def divide(typing_context: Any, row: Any, count: Any, down: Any, inverse: Any) -> Any:
    """``row = ((row >> down) * inverse + 2**30) >> 31``, both factors of 32 bits.

    `count` is a multiple of 16.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, count, down, inverse = arguments
        down = fill(builder, down, LANES)
        inverse = low_half(builder, fill(builder, inverse, LANES))

        def body(index: Any) -> list[Any]:
            place = builder.add(row, builder.shl(index, I64(3)))
            value = low_half(builder, builder.ashr(load(builder, _TILE, place), down))
            value = builder.add(builder.mul(value, inverse), constant(_TILE, 1 << 30))
            store(builder, builder.ashr(value, constant(_TILE, 31)), place)
            return []

        loop(builder, I64(0), count, LANES, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code

"""The vector loops in which an online network learns (`online_network`).

All is integer arithmetic in 32-bit lanes without overflow, so every processor gives the same.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from nlac.kernels.llvm import (
    I16,
    I32,
    I64,
    constant,
    fill,
    intrinsic,
    load,
    loop,
    shift_right,
    store,
    vector,
)

ROWS = 16
_SUMS, _SHORTS = vector(I32, ROWS), vector(I16, ROWS)


def _clip(builder: Any, value: Any, limit: int) -> Any:
    top, bottom = constant(_SUMS, limit), constant(_SUMS, -limit)
    value = builder.select(builder.icmp_signed(">", value, top), top, value)
    return builder.select(builder.icmp_signed("<", value, bottom), bottom, value)


def _moved(builder: Any, weights: Any, change: Any) -> Any:
    """Change 16 weights in memory, which stay within +-2**30."""
    value = _clip(builder, builder.add(load(builder, _SUMS, weights), change), 1 << 30)
    store(builder, value, weights)
    return value


@intrinsic
def learn_rows(
    typing_context: Any, step: Any, values: Any, outward: Any, weights: Any, copies: Any,
    inputs: Any, pairs: Any,
) -> Any:
    """A step of 16 units: their weights outward, then those of the inputs.

    `step` has 16 bits, `values` are those of the units (Q15), and there are two 16-bit inputs
    in a pair. `copies` get the upper 16 bits of the inputs' weights, those of a pair after each
    other, unit by unit.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        step, values, outward, weights, copies, inputs, pairs = arguments
        step = fill(builder, builder.trunc(step, I32), ROWS)
        value, weight = load(builder, _SUMS, values), load(builder, _SUMS, outward)
        slope = builder.sub(constant(_SUMS, 1 << 30), builder.mul(value, value))
        back = builder.mul(shift_right(builder, weight, 8), shift_right(builder, slope, 15))
        turn = builder.mul(step, shift_right(builder, back, 15))
        turn = _clip(builder, shift_right(builder, turn, 7, half=True), 1 << 19)
        change = shift_right(builder, builder.mul(step, value), 9, half=True)
        store(builder, _clip(builder, builder.add(weight, change), 1 << 23), outward)

        def body(index: Any) -> list[Any]:
            pair = builder.add(inputs, builder.shl(index, I64(2)))
            row = builder.add(weights, builder.shl(index, I64(7)))
            values = []
            for odd in range(2):
                one = load(builder, I16, builder.add(pair, I64(2 * odd)))
                change = builder.mul(turn, fill(builder, builder.sext(one, I32), ROWS))
                values.append(_moved(builder, builder.add(row, I64(64 * odd)), change))
            copy = builder.or_(
                builder.lshr(values[0], constant(_SUMS, 16)),
                builder.and_(values[1], constant(_SUMS, -65536)),
            )
            store(builder, copy, builder.add(copies, builder.shl(index, I64(6))))
            return []

        loop(builder, I64(0), pairs, 1, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code


@intrinsic
def learn_row(
    typing_context: Any, weights: Any, copies: Any, inputs: Any, count: Any, step: Any
) -> Any:
    """``weights[j] += step * inputs[j]`` for a single row; `count` is a multiple of 16."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        weights, copies, inputs, count, step = arguments
        step = fill(builder, builder.trunc(step, I32), ROWS)

        def body(index: Any) -> list[Any]:
            at = builder.shl(index, I64(1))
            numbers = load(builder, _SHORTS, builder.add(inputs, at))
            change = builder.mul(step, builder.sext(numbers, _SUMS))
            value = _moved(builder, builder.add(weights, builder.shl(index, I64(2))), change)
            copy = builder.trunc(builder.ashr(value, constant(_SUMS, 16)), _SHORTS)
            store(builder, copy, builder.add(copies, at))
            return []

        loop(builder, I64(0), count, ROWS, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), code

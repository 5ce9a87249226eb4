"""The vector loops in which an online network learns (`online_network`).

All is integer arithmetic in 32-bit lanes without overflow, so every processor gives the same.
"""

from __future__ import annotations

from typing import Any

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    I16,
    I32,
    I64,
    constant,
    fill,
    load,
    loop,
    shift_right,
    store,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_i16, load_i32, store_16, store_32

ROWS = 16
WEIGHT_LIMIT, OUTWARD_LIMIT, TURN_LIMIT = 1 << 30, 1 << 23, 1 << 19
_SUMS, _SHORTS = vector(I32, ROWS), vector(I16, ROWS)


def _clip(builder: Any, value: Any, limit: int) -> Any:
    top, bottom = constant(_SUMS, limit), constant(_SUMS, -limit)
    value = builder.select(builder.icmp_signed(">", value, top), top, value)
    return builder.select(builder.icmp_signed("<", value, bottom), bottom, value)


def _moved(builder: Any, weights: Any, change: Any) -> Any:
    """Change 16 weights in memory, which stay within +-2**30."""
    value = _clip(builder, builder.add(load(builder, _SUMS, weights), change), WEIGHT_LIMIT)
    store(builder, value, weights)
    return value


@kernel
def _limited(value, limit):
    return min(max(value, -limit), limit)


@kernel
def _move_weight(weights, at, copies, copy_at, change):
    weight = _limited(load_i32(weights, at) + change, WEIGHT_LIMIT)
    store_32(weights, at, weight)
    store_16(copies, copy_at, weight >> 16)


@kernel
def plain_learn_rows(step, values, outward, weights, copies, inputs, pairs):
    """Plain loop of `learn_rows`."""
    for row in range(ROWS):
        value, weight = load_i32(values, row), load_i32(outward, row)
        back = (weight >> 8) * (((1 << 30) - value * value) >> 15)
        turn = _limited((step * (back >> 15) + (1 << 6)) >> 7, TURN_LIMIT)
        change = (step * value + (1 << 8)) >> 9
        store_32(outward, row, _limited(weight + change, OUTWARD_LIMIT))
        for i in range(2 * pairs):
            pair, odd = i >> 1, i & 1
            at, copy_at = ROWS * i + row, 2 * ROWS * pair + 2 * row + odd
            _move_weight(weights, at, copies, copy_at, turn * load_i16(inputs, i))


@vectorised(plain_learn_rows)
def learn_rows(
    typing_context: Any, step: Any, values: Any, outward: Any, weights: Any, copies: Any,
    inputs: Any, pairs: Any,
) -> Any:
    """Move the weights of 16 units: those outward (int32), then those of the inputs (int32).

    `step` has 16 bits, `values` are those of the units (int32, Q15), and there are two int16
    inputs in a pair. `copies` (int16) get the upper 16 bits of the inputs' weights, those of a
    pair after each other, unit by unit.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        step, values, outward, weights, copies, inputs, pairs = arguments
        step = fill(builder, builder.trunc(step, I32), ROWS)
        value, weight = load(builder, _SUMS, values), load(builder, _SUMS, outward)
        slope = builder.sub(constant(_SUMS, 1 << 30), builder.mul(value, value))
        back = builder.mul(shift_right(builder, weight, 8), shift_right(builder, slope, 15))
        turn = builder.mul(step, shift_right(builder, back, 15))
        turn = _clip(builder, shift_right(builder, turn, 7, half=True), TURN_LIMIT)
        change = shift_right(builder, builder.mul(step, value), 9, half=True)
        store(builder, _clip(builder, builder.add(weight, change), OUTWARD_LIMIT), outward)

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


@kernel
def plain_learn_row(weights, copies, inputs, count, step):
    """Plain loop of `learn_row`."""
    for i in range(count):
        _move_weight(weights, i, copies, i, step * load_i16(inputs, i))


@vectorised(plain_learn_row)
def learn_row(
    typing_context: Any, weights: Any, copies: Any, inputs: Any, count: Any, step: Any
) -> Any:
    """``weights[j] += step * inputs[j]`` for j < count, limited, of int32 and int16.

    `copies` (int16) get the upper 16 bits of the weights; `count` is a multiple of 16.
    """

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

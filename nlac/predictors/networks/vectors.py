"""Sixteen rows of a matrix at once: the vector loops of `step` and `sweep`.

The weights of 16 rows, int8, stand side by side, those of two inputs after each other, so that
a vector of 32 products is added in pairs to 16 sums, and no sum needs to be put together across a
vector. All is integer arithmetic modulo 2**32 (of gates, in 64 bits), so
every processor gives the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    I8,
    I16,
    I32,
    I64,
    constant,
    fill,
    load,
    look_up_i16,
    loop,
    shift_right,
    store,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_i8, load_i16, load_i32, narrow, store_16, store_32
from nlac.kernels.vectors_i16 import pair_products
from nlac.predictors.networks.layers import ACTIVATION_LIMIT, GATE_TOP

ROWS = 16
CENTRE = GATE_TOP + 1  # entry of a table for 0
TIMES = 8  # that `clip_rows_of_times` works on at once
_SIDE_BY_SIDE = 4  # pairs, whose number is a multiple of this
_SUMS, _SHORTS, _NARROW = vector(I32, ROWS), vector(I16, 2 * ROWS), vector(I16, ROWS)
_WIDE = vector(I64, ROWS)


def padded(size: int) -> int:
    """The multiple of `ROWS` that so many numbers are laid out as."""
    return -(-size // ROWS) * ROWS


def _sums(
    context: Any, builder: Any, kind: Any, start: Any, weights: Any, inputs: Any, pairs: Any
) -> Any:
    size = kind.width // 8

    # several sums side by side, or each addition would wait for the one before
    def body(index: Any, *values: Any) -> list[Any]:
        row = builder.add(weights, builder.mul(index, I64(2 * ROWS * size)))
        pair = builder.add(inputs, builder.shl(index, I64(2)))
        following = []
        for i, value in enumerate(values):
            one = load(builder, I32, builder.add(pair, I64(4 * i)))
            both = builder.bitcast(fill(builder, one, ROWS), _SHORTS)
            at = builder.add(row, I64(2 * ROWS * size * i))
            numbers = load(builder, vector(kind, 2 * ROWS), at)
            if kind != I16:
                numbers = builder.sext(numbers, _SHORTS)
            following.append(builder.add(value, pair_products(context, builder, numbers, both)))
        return following

    first = [load(builder, _SUMS, start), *[constant(_SUMS, 0)] * (_SIDE_BY_SIDE - 1)]
    values = loop(builder, I64(0), pairs, _SIDE_BY_SIDE, first, body)
    while len(values) > 1:
        values = [builder.add(*values[i : i + 2]) for i in range(0, len(values), 2)]
    return values[0]


def _clip(builder: Any, value: Any, low: Any, high: Any) -> Any:
    value = builder.select(builder.icmp_signed(">", value, high), high, value)
    return builder.select(builder.icmp_signed("<", value, low), low, value)


@kernel
def _plain_sum(weights, inputs, pairs, row):
    """Weights of a row times inputs; weights of int8, those of 16 rows by pairs of inputs."""
    total = np.int64(0)
    for i in range(2 * pairs):
        weight = load_i8(weights, (i >> 1) * 2 * ROWS + 2 * row + (i & 1))
        total += weight * load_i16(inputs, i)
    return total


@kernel
def plain_add_rows(start, weights, inputs, pairs, shifts, out):
    """Plain loop of `add_rows`."""
    for row in range(ROWS):
        total = load_i32(start, row) + _plain_sum(weights, inputs, pairs, row)
        store_32(out, row, narrow(total) >> load_i32(shifts, row))


@kernel
def plain_add_rows_16(start, weights, inputs, pairs, shifts, out):
    """Plain loop of `add_rows_16`."""
    for row in range(ROWS):
        total = load_i32(start, row)
        for i in range(2 * pairs):
            weight = load_i16(weights, (i >> 1) * 2 * ROWS + 2 * row + (i & 1))
            total += weight * load_i16(inputs, i)
        store_32(out, row, narrow(total) >> load_i32(shifts, row))


def _adding(kind: Any, plain: Any) -> Any:
    @vectorised(plain)
    def add(
        typing_context: Any, start: Any, weights: Any, inputs: Any, pairs: Any, shifts: Any,
        out: Any,
    ) -> Any:
        """``out[0:16] = (start[0:16] + rows times inputs) >> shifts[0:16]``, all int32.

        Inputs are int16, two in each of `pairs`, whose number is a multiple of 4.
        """

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            start, weights, inputs, pairs, shifts, out = arguments
            value = _sums(context, builder, kind, start, weights, inputs, pairs)
            store(builder, builder.ashr(value, load(builder, _SUMS, shifts)), out)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 6), code

    return add


# weights of int8, or of int16
add_rows, add_rows_16 = _adding(I8, plain_add_rows), _adding(I16, plain_add_rows_16)


@kernel
def _add_residual(total, shift, low, high, residual):
    """Clip a sum, add a residual, clip again."""
    value = max(min(narrow(total) >> shift, high), low)
    value = narrow(value + residual)
    return max(min(value, ACTIVATION_LIMIT), -ACTIVATION_LIMIT)


@kernel
def plain_clip_rows(start, weights, inputs, pairs, shifts, low, high, residual, out):
    """Plain loop of `clip_rows`."""
    for row in range(ROWS):
        total = load_i32(start, row) + _plain_sum(weights, inputs, pairs, row)
        shift, more = load_i32(shifts, row), load_i16(residual, row)
        store_16(out, row, _add_residual(total, shift, narrow(low), narrow(high), more))


@vectorised(plain_clip_rows)
def clip_rows(
    typing_context: Any, start: Any, weights: Any, inputs: Any, pairs: Any, shifts: Any,
    low: Any, high: Any, residual: Any, out: Any,
) -> Any:
    """``out = clip(clip(sums, low, high) + residual)`` for the 16 sums of `add_rows`.

    `residual` and `out` are int16; the outer limits are +-`ACTIVATION_LIMIT`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start, weights, inputs, pairs, shifts, low, high, residual, out = arguments
        value = _sums(context, builder, I8, start, weights, inputs, pairs)
        value = builder.ashr(value, load(builder, _SUMS, shifts))
        low, high = (fill(builder, builder.trunc(v, I32), ROWS) for v in (low, high))
        value = _clip(builder, value, low, high)
        value = builder.add(value, builder.sext(load(builder, _NARROW, residual), _SUMS))
        value = _clip(
            builder, value, constant(_SUMS, -ACTIVATION_LIMIT), constant(_SUMS, ACTIVATION_LIMIT)
        )
        store(builder, builder.trunc(value, _NARROW), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), code


@kernel
def plain_clip_rows_of_times(
    start, weights, old_inputs, old_pairs, inputs, pairs, step, shifts, low, residual,
    residual_step, out, out_step,
):  # fmt: skip
    """Plain loop of `clip_rows_of_times`."""
    more_weights = weights + 2 * ROWS * old_pairs
    for time in range(TIMES):
        for row in range(ROWS):
            total = load_i32(start, row)
            total += _plain_sum(weights, old_inputs + time * step, old_pairs, row)
            total += _plain_sum(more_weights, inputs + time * step, pairs, row)
            shift, more = load_i32(shifts, row), load_i16(residual + time * residual_step, row)
            value = _add_residual(total, shift, narrow(low), ACTIVATION_LIMIT, more)
            store_16(out + time * out_step, row, value)


@vectorised(plain_clip_rows_of_times)
def clip_rows_of_times(
    typing_context: Any, start: Any, weights: Any, old_inputs: Any, old_pairs: Any, inputs: Any,
    pairs: Any, step: Any, shifts: Any, low: Any, residual: Any, residual_step: Any, out: Any,
    out_step: Any,
) -> Any:
    """`clip_rows` for eight times, whose inputs, residuals and outputs are steps of bytes apart.

    The weights of `old_inputs` stand before those of `inputs`, and pairs may have any number; the
    upper limit is `ACTIVATION_LIMIT`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        (
            start, weights, old_inputs, old_pairs, inputs, pairs, step, shifts, low, residual,
            residual_step, out, out_step,
        ) = arguments  # fmt: skip

        def at(base: Any, distance: Any, time: int) -> Any:
            return builder.add(base, builder.mul(distance, I64(time)))

        def adding(first: Any) -> Any:
            def body(index: Any, row: Any, *values: Any) -> list[Any]:
                numbers = builder.sext(load(builder, vector(I8, 2 * ROWS), row), _SHORTS)
                pair = builder.add(first, builder.shl(index, I64(2)))
                following = []
                for time, value in enumerate(values):
                    one = load(builder, I32, at(pair, step, time))
                    both = builder.bitcast(fill(builder, one, ROWS), _SHORTS)
                    products = pair_products(context, builder, numbers, both)
                    following.append(builder.add(value, products))
                return [builder.add(row, I64(2 * ROWS)), *following]

            return body

        values = [weights, *[load(builder, _SUMS, start)] * TIMES]
        values = loop(builder, I64(0), old_pairs, 1, values, adding(old_inputs))
        values = loop(builder, I64(0), pairs, 1, values, adding(inputs))
        low, top = fill(builder, builder.trunc(low, I32), ROWS), constant(_SUMS, ACTIVATION_LIMIT)
        bits = load(builder, _SUMS, shifts)
        for time, value in enumerate(values[1:]):
            value = _clip(builder, builder.ashr(value, bits), low, top)
            more = load(builder, _NARROW, at(residual, residual_step, time))
            value = builder.add(value, builder.sext(more, _SUMS))
            value = _clip(builder, value, constant(_SUMS, -ACTIVATION_LIMIT), top)
            store(builder, builder.trunc(value, _NARROW), at(out, out_step, time))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 13), code


@kernel
def _plain_gate(table, total):
    return load_i16(table, min(max((total + 2) >> 2, -CENTRE), GATE_TOP) + CENTRE)


@kernel
def plain_gate_rows(inward, recurrent, units, sigmoid, tanh, state, out):
    """Plain loop of `gate_rows`."""
    for i in range(units):
        reset = _plain_gate(sigmoid, load_i32(inward, i) + load_i32(recurrent, i))
        at = units + i
        update = _plain_gate(sigmoid, load_i32(inward, at) + load_i32(recurrent, at))
        at += units
        again = (reset * load_i32(recurrent, at) + (1 << 14)) >> 15
        candidate = _plain_gate(tanh, load_i32(inward, at) + again)
        value = update * load_i16(state, i) + ((1 << 15) - update) * candidate
        value = narrow(value + (1 << 14)) >> 15
        store_16(state, i, value)
        store_16(out, i, value)


@vectorised(plain_gate_rows)
def gate_rows(
    typing_context: Any, inward: Any, recurrent: Any, units: Any, sigmoid: Any, tanh: Any,
    state: Any, out: Any,
) -> Any:
    """New values of gated recurrent units from the sums of their gates, to `state` and `out`.

    `inward` and `recurrent` are int32 sums of the reset gates, the update gates and the candidates
    of all units, in this order, in quarters of a table's step; tables, values and `out` are int16
    (Q15).  Sixteen units are worked on at once; what lies behind the last one may be written, too.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        inward, recurrent, units, sigmoid, tanh, state, out = arguments

        def gate(table: Any, total: Any) -> Any:
            """The entry for sums in quarters of a step, 64 bits each."""
            index = shift_right(builder, total, 2, half=True)
            index = _clip(builder, index, constant(_WIDE, -CENTRE), constant(_WIDE, GATE_TOP))
            index = builder.add(index, constant(_WIDE, CENTRE))
            return look_up_i16(builder, table, index)

        def body(index: Any) -> list[Any]:
            here = builder.shl(index, I64(2))

            def sums(base: Any, number: int) -> Any:
                row = builder.add(here, builder.mul(units, I64(4 * number)))
                return builder.sext(load(builder, _SUMS, builder.add(base, row)), _WIDE)

            reset = gate(sigmoid, builder.add(sums(inward, 0), sums(recurrent, 0)))
            update = gate(sigmoid, builder.add(sums(inward, 1), sums(recurrent, 1)))
            again = builder.mul(builder.sext(reset, _WIDE), sums(recurrent, 2))
            again = shift_right(builder, again, 15, half=True)
            candidate = gate(tanh, builder.add(sums(inward, 2), again))
            at = builder.shl(index, I64(1))
            before = builder.sext(load(builder, _NARROW, builder.add(state, at)), _SUMS)
            kept = builder.mul(update, before)
            new = builder.mul(builder.sub(constant(_SUMS, 1 << 15), update), candidate)
            value = shift_right(builder, builder.add(kept, new), 15, half=True)
            value = builder.trunc(value, _NARROW)
            store(builder, value, builder.add(state, at))
            store(builder, value, builder.add(out, at))
            return []

        loop(builder, I64(0), units, ROWS, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code

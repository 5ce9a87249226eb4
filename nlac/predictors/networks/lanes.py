"""Sixteen rows of a matrix at once: the vector loop of `step`.

The weights of 16 rows stand side by side, those of two inputs after each other, so that a
vector of 32 products is added in pairs to 16 sums, and no sum needs to be put
together across a vector. All is integer arithmetic modulo 2**32, so every processor
gives the same.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from nlac._llvm import I16, I32, I64, constant, fill, intrinsic, load, loop, store, vector
from nlac._pairs import pair_products
from nlac.predictors.networks.layers import TOP

ROWS = 16
_SIDE_BY_SIDE = 4  # pairs, whose number is a multiple of this
_SUMS, _SHORTS, _NARROW = vector(I32, ROWS), vector(I16, 2 * ROWS), vector(I16, ROWS)


def _sums(context: Any, builder: Any, start: Any, weights: Any, inputs: Any, pairs: Any) -> Any:
    # several sums side by side, or each addition would wait for the one before
    def body(index: Any, *values: Any) -> list[Any]:
        row = builder.add(weights, builder.shl(index, I64(6)))
        pair = builder.add(inputs, builder.shl(index, I64(2)))
        following = []
        for i, value in enumerate(values):
            one = load(builder, I32, builder.add(pair, I64(4 * i)))
            both = builder.bitcast(fill(builder, one, ROWS), _SHORTS)
            numbers = load(builder, _SHORTS, builder.add(row, I64(64 * i)))
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


@intrinsic
def add_rows(
    typing_context: Any, start: Any, weights: Any, inputs: Any, pairs: Any, shifts: Any, out: Any
) -> Any:
    """``out[0:16] = (start[0:16] + rows times inputs) >> shifts[0:16]``, all of 32 bits."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start, weights, inputs, pairs, shifts, out = arguments
        value = _sums(context, builder, start, weights, inputs, pairs)
        store(builder, builder.ashr(value, load(builder, _SUMS, shifts)), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), code


@intrinsic
def clip_rows(
    typing_context: Any, start: Any, weights: Any, inputs: Any, pairs: Any, shifts: Any,
    low: Any, high: Any, residual: Any, out: Any,
) -> Any:
    """As `add_rows`, clipped, added to 16 numbers at `residual`, clipped again: 16 bits each."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start, weights, inputs, pairs, shifts, low, high, residual, out = arguments
        value = _sums(context, builder, start, weights, inputs, pairs)
        value = builder.ashr(value, load(builder, _SUMS, shifts))
        low, high = (fill(builder, builder.trunc(v, I32), ROWS) for v in (low, high))
        value = _clip(builder, value, low, high)
        value = builder.add(value, builder.sext(load(builder, _NARROW, residual), _SUMS))
        value = _clip(builder, value, constant(_SUMS, -TOP), constant(_SUMS, TOP))
        store(builder, builder.trunc(value, _NARROW), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), code

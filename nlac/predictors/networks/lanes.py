"""Sixteen rows of a matrix at once: the vector loop of `step`.

The weights of 16 rows stand side by side, those of two inputs after each other, so that a
vector of 32 products is added in pairs to 16 sums, and no sum needs to be put
together across a vector. All is integer arithmetic modulo 2**32, so every processor
gives the same.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from nlac._tiles import _fill, _load, _Loop, _pair_products, _store, intrinsic
from nlac.predictors.networks.layers import TOP

ROWS = 16
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SUMS, _PAIRS = ir.VectorType(_I32, ROWS), ir.VectorType(_I16, 2 * ROWS)


def _sums(context: Any, builder: Any, start: Any, weights: Any, inputs: Any, pairs: Any) -> Any:
    loop = _Loop(builder, pairs, 1, _load(builder, _SUMS, start))
    row = _load(builder, _PAIRS, builder.add(weights, builder.shl(loop.index, _I64(6))))
    pair = _load(builder, _I32, builder.add(inputs, builder.shl(loop.index, _I64(2))))
    both = builder.bitcast(_fill(builder, pair, ROWS), _PAIRS)
    loop.close(builder.add(loop.carried, _pair_products(context, builder, row, both)))
    return loop.carried


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
        _store(builder, builder.ashr(value, _load(builder, _SUMS, shifts)), out)
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
        value = builder.ashr(value, _load(builder, _SUMS, shifts))
        low, high = (_fill(builder, builder.trunc(v, _I32), ROWS) for v in (low, high))
        value = _clip(builder, value, low, high)
        narrow = ir.VectorType(_I16, ROWS)
        value = builder.add(value, builder.sext(_load(builder, narrow, residual), _SUMS))
        top, bottom = (ir.Constant(_SUMS, [v] * ROWS) for v in (TOP, -TOP))
        _store(builder, builder.trunc(_clip(builder, value, bottom, top), narrow), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), code

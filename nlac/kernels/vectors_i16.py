"""Vector loops over 16-bit integers, whose products are added in pairs.

x86 has one instruction for two products and their sum, and it is what makes the long filters
of the LMS stages and the comparison of lags cheap.  All is integer arithmetic modulo 2**32, so
every processor gives the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    I16,
    I32,
    I64,
    constant,
    declared,
    fill,
    ir,
    join,
    load,
    loop,
    pick,
    store,
    sum_lanes,
    target,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_i16, load_i32, narrow, store_16, store_32

WEIGHT_BLOCK = 32  # weights that lie together, even taps first
WEIGHT_LIMIT = 1 << 30
_DOT_SUMS = 4  # sums that `dot_i16` has
SUM_LANES = 16  # sums of products that are kept apart
_SHORTS, _SUMS = vector(I16, 2 * SUM_LANES), vector(I32, SUM_LANES)


def pair_products(context: Any, builder: Any, left: Any, right: Any) -> Any:
    """Products of 32 16-bit lanes, added in pairs, modulo 2**32.

    LLVM would find x86's instruction, if its own passes had not rearranged the sums
    before, so it is asked for by name.
    """
    triple, features = target(context)
    name, width = "", 0
    if triple.startswith("x86_64"):
        name, width = "llvm.x86.sse2.pmadd.wd", 8
        if "+avx2" in features:
            name, width = "llvm.x86.avx2.pmadd.wd", 16
        if "+avx512bw" in features:
            name, width = "llvm.x86.avx512.pmaddw.d.512", 32
    if not name:
        value = constant(_SUMS, 0)
        for odd in range(2):
            places = range(odd, 32, 2)
            a, b = (builder.sext(pick(builder, v, places), _SUMS) for v in (left, right))
            value = builder.add(value, builder.mul(a, b))
        return value
    kind = vector(I16, width)
    function = declared(builder, name, ir.FunctionType(vector(I32, width // 2), [kind, kind]))
    parts = []
    for begin in range(0, 32, width):
        places = range(begin, begin + width)
        pieces = [v if width == 32 else pick(builder, v, places) for v in (left, right)]
        parts.append(builder.call(function, pieces))
    while len(parts) > 1:
        parts = [join(builder, *parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


@kernel
def plain_dot_i16(left, right, count):
    """Plain loop of `dot_i16`."""
    total = np.int64(0)
    for i in range(count):
        total += load_i16(left, i) * load_i16(right, i)
    return narrow(total)


@vectorised(plain_dot_i16)
def dot_i16(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of ``left[i] * right[i]`` for i < count, of int16, modulo 2**32; returns int64.

    `count` is a multiple of 32.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count = arguments

        def add(value: Any, index: Any) -> Any:
            at = builder.shl(index, I64(1))
            a, b = (load(builder, _SHORTS, builder.add(base, at)) for base in (left, right))
            return builder.add(value, pair_products(context, builder, a, b))

        # an addition waits for the one before: several sums go on side by side
        def together(index: Any, *values: Any) -> list[Any]:
            places = (builder.add(index, I64(32 * k)) for k in range(_DOT_SUMS))
            return [add(value, at) for value, at in zip(values, places, strict=True)]

        many = builder.and_(count, I64(-32 * _DOT_SUMS))
        none = [constant(_SUMS, 0)] * _DOT_SUMS
        value, *others = loop(builder, I64(0), many, 32 * _DOT_SUMS, none, together)
        for other in others:
            value = builder.add(value, other)
        (value,) = loop(builder, many, count, 32, [value], lambda index, own: [add(own, index)])
        return builder.sext(sum_lanes(builder, value, builder.add), I64)

    return types.int64(*[types.int64] * 3), code


@kernel
def plain_four_dots(left, right, count, sums):
    """Plain loop of `four_dots`."""
    for i in range(4):
        for lane in range(SUM_LANES):
            total = np.int64(0)
            for j in range(2 * lane, count, 2 * SUM_LANES):
                total += load_i16(left, j) * load_i16(right, i + j)
                total += load_i16(left, j + 1) * load_i16(right, i + j + 1)
            store_32(sums, SUM_LANES * i + lane, narrow(total))


@vectorised(plain_four_dots)
def four_dots(typing_context: Any, left: Any, right: Any, count: Any, sums: Any) -> Any:
    """Products of ``left[0:count]`` with ``right[i : i + count]``, int16, for i < 4.

    They are added up in the lanes of row i of `sums` (int32, `SUM_LANES`), in pairs, modulo 2**32.
    `count` is a multiple of 32.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count, sums = arguments

        def body(index: Any, *values: Any) -> list[Any]:
            at = builder.shl(index, I64(1))
            a = load(builder, _SHORTS, builder.add(left, at))
            added = []
            for i, value in enumerate(values):
                b = load(builder, _SHORTS, builder.add(right, builder.add(at, I64(2 * i))))
                added.append(builder.add(value, pair_products(context, builder, a, b)))
            return added

        starts = [constant(_SUMS, 0)] * 4
        for i, value in enumerate(loop(builder, I64(0), count, 32, starts, body)):
            store(builder, value, builder.add(sums, I64(4 * SUM_LANES * i)))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code


@kernel
def plain_end_dot(left, right, sums):
    """Plain loop of `end_dot`."""
    total = plain_dot_i16(left, right, 2 * SUM_LANES)
    for lane in range(SUM_LANES):
        total += load_i32(sums, lane)
    return narrow(total)


@vectorised(plain_end_dot)
def end_dot(typing_context: Any, left: Any, right: Any, sums: Any) -> Any:
    """`dot_i16` of 32 numbers, and of those of which `four_dots` has made a row of `sums`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, sums = arguments
        a, b = (load(builder, _SHORTS, base) for base in (left, right))
        value = pair_products(context, builder, a, b)
        value = builder.add(load(builder, _SUMS, sums), value)
        return builder.sext(sum_lanes(builder, value, builder.add), I64)

    return types.int64(*[types.int64] * 3), code


@kernel
def _low_half(pair):
    return ((pair & 0xFFFF) ^ 0x8000) - 0x8000


@kernel
def _move_weight(weights, copies, tap, step):
    """Add to the weight of a tap, within its limits."""
    inside = tap % WEIGHT_BLOCK
    place = tap - inside + (inside & 1) * (WEIGHT_BLOCK // 2) + (inside >> 1)
    weight = narrow(load_i32(weights, place) + step)
    weight = min(max(weight, -WEIGHT_LIMIT), WEIGHT_LIMIT)
    store_32(weights, place, weight)
    store_16(copies, tap, weight >> 16)


@kernel
def plain_add_two_gradients(weights, copies, history, count, shift, newest, oldest):
    """Plain loop of `add_two_gradients`."""
    half = (np.int64(1) << shift) >> 1
    for i in range(count):
        step = half + (narrow(newest) >> 16) * load_i16(history, i)
        step += _low_half(newest) * load_i16(history, i - 1)
        _move_weight(weights, copies, i, narrow(step) >> shift)


@kernel
def plain_add_four_gradients(weights, copies, history, count, shift, newest, oldest):
    """Plain loop of `add_four_gradients`."""
    half = (np.int64(1) << shift) >> 1
    for i in range(count):
        step = half + (narrow(newest) >> 16) * load_i16(history, i)
        step += _low_half(newest) * load_i16(history, i - 1)
        step += (narrow(oldest) >> 16) * load_i16(history, i - 2)
        step += _low_half(oldest) * load_i16(history, i - 3)
        _move_weight(weights, copies, i, narrow(step) >> shift)


def _gradients(pairs: int, plain: Any) -> Any:
    @vectorised(plain)
    def add(
        typing_context: Any, weights: Any, copies: Any, history: Any, count: Any, shift: Any,
        newest: Any, oldest: Any,
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, copies, history, count, shift, *steps = arguments
            shift = builder.trunc(shift, I32)
            half = builder.lshr(builder.shl(I32(1), shift), I32(1))
            shift, half = fill(builder, shift, 16), fill(builder, half, 16)
            factors = []
            for pair in range(pairs):
                factor = fill(builder, builder.trunc(steps[pair], I32), 16)
                factors.append(builder.bitcast(factor, _SHORTS))
            top, bottom = constant(_SUMS, WEIGHT_LIMIT), constant(_SUMS, -WEIGHT_LIMIT)

            def body(index: Any) -> list[Any]:
                at = builder.shl(index, I64(1))
                values = []
                for odd in range(2):
                    step = half
                    for pair in range(pairs):
                        place = builder.add(history, builder.add(at, I64(2 * odd - 2 - 4 * pair)))
                        window = load(builder, _SHORTS, place)
                        products = pair_products(context, builder, window, factors[pair])
                        step = builder.add(step, products)
                    step = builder.ashr(step, shift)
                    place = builder.add(builder.shl(at, I64(1)), I64(64 * odd))
                    place = builder.add(weights, place)
                    value = builder.add(load(builder, _SUMS, place), step)
                    value = builder.select(builder.icmp_signed(">", value, top), top, value)
                    value = builder.select(builder.icmp_signed("<", value, bottom), bottom, value)
                    store(builder, value, place)
                    values.append(value)
                copy = builder.or_(
                    builder.lshr(values[0], constant(_SUMS, 16)),
                    builder.and_(values[1], constant(_SUMS, -65536)),
                )
                store(builder, copy, builder.add(copies, at))
                return []

            loop(builder, I64(0), count, 32, [], body)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 7), code

    return add


# add ``(sum of step[k] * history[i - k]) >> shift``, rounded, to the int32 weight of each tap
# i < count, for the newest 2 or 4 samples k, int16.  Steps are int16, two in a number: step 0
# above step 1 in `newest`, step 2 above step 3 in `oldest` (without effect for 2 samples).
# Weights are limited to +-2**30 and lie in blocks of 32, even taps first; `copies` (int16) gets
# their upper 16 bits, in order.  `count` is a multiple of 32.
add_two_gradients = _gradients(1, plain_add_two_gradients)
add_four_gradients = _gradients(2, plain_add_four_gradients)

"""Vector loops over rows of 64-bit numbers, eight lanes at a time.

Left to itself the compiler takes 16 or 32 elements at once and the rest one by one, after
checks that the arrays don't overlap: for the short rows here that is most of the time.
Arrays are given by address.  Where nothing else is said, counts and places are multiples of 8,
and the caller makes rows long enough.  Integers are added modulo 2**64; sums of floats are made
lane by lane in a fixed order: both are the same on every machine.
"""

from __future__ import annotations

from typing import Any

from numba.core import types

from nlac._llvm import (
    F64,
    I64,
    Part,
    constant,
    fill,
    intrinsic,
    load,
    loop,
    low_half,
    store,
    sum_lanes,
    vector,
)

LANES = 8
_INTEGERS, _FLOATS = vector(I64, LANES), vector(F64, LANES)
_PLACE, _NUMBER = types.int64, types.float64


def _at(builder: Any, base: Any, index: Any) -> Any:
    """Address of an element."""
    return builder.add(base, builder.shl(index, I64(3)))


def _integer_dot(any_count: bool) -> Any:
    def dot(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, count = arguments

            def body(index: Any, total: Any) -> list[Any]:
                place = _at(builder, left, index)
                if any_count:
                    a = Part(builder, index, count).load(place)
                else:
                    a = load(builder, _INTEGERS, place)
                b = load(builder, _INTEGERS, _at(builder, right, index))
                product = builder.mul(low_half(builder, a), low_half(builder, b))
                return [builder.add(total, product)]

            (total,) = loop(builder, I64(0), count, LANES, [constant(_INTEGERS, 0)], body)
            return sum_lanes(builder, total, builder.add)

        return types.int64(_PLACE, _PLACE, _PLACE), code

    return intrinsic(dot)


# dot_low(a, b, count): sum of products of the low 32 bits of 64-bit integers
dot_low = _integer_dot(any_count=False)
# dot_low_any(a, b, count): the same for any count; reads up to 7 elements more of `b`
dot_low_any = _integer_dot(any_count=True)


@intrinsic
def dot_f64(typing_context: Any, left: Any, right: Any, begin: Any, end: Any) -> Any:
    """Sum of products of floats from element `begin` to `end`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, begin, end = arguments

        def body(index: Any, total: Any) -> list[Any]:
            a = load(builder, _FLOATS, _at(builder, left, index))
            b = load(builder, _FLOATS, _at(builder, right, index))
            return [builder.fadd(total, builder.fmul(a, b))]

        (total,) = loop(builder, begin, end, LANES, [constant(_FLOATS, 0.0)], body)
        return sum_lanes(builder, total, builder.fadd)

    return types.float64(_PLACE, _PLACE, _PLACE, _PLACE), code


def _subtract(builder: Any, target: Any, pairs: Any, begin: Any, end: Any) -> None:
    scaled = [(source, fill(builder, scale, LANES)) for source, scale in pairs]

    def body(index: Any) -> list[Any]:
        taken = None
        for source, scale in scaled:
            row = load(builder, _FLOATS, _at(builder, source, index))
            product = builder.fmul(scale, row)
            taken = product if taken is None else builder.fadd(taken, product)
        place = _at(builder, target, index)
        store(builder, builder.fsub(load(builder, _FLOATS, place), taken), place)
        return []

    loop(builder, begin, end, LANES, [], body)


@intrinsic
def subtract_row(
    typing_context: Any, target: Any, source: Any, scale: Any, begin: Any, end: Any
) -> Any:
    """``target[begin:end] -= scale * source[begin:end]``, of floats."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, scale, begin, end = arguments
        _subtract(builder, target, [(source, scale)], begin, end)
        return context.get_dummy_value()

    return types.void(_PLACE, _PLACE, _NUMBER, _PLACE, _PLACE), code


@intrinsic
def subtract_rows(
    typing_context: Any, target: Any, source: Any, stride: Any,
    p: Any, q: Any, r: Any, s: Any, begin: Any, end: Any,
) -> Any:
    """Do the same with four rows, `stride` bytes apart, and their scales."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, stride, *scales, begin, end = arguments
        pairs = []
        for scale in scales:
            pairs.append((source, scale))
            source = builder.add(source, stride)
        _subtract(builder, target, pairs, begin, end)
        return context.get_dummy_value()

    kinds = (_PLACE, _PLACE, _PLACE, _NUMBER, _NUMBER, _NUMBER, _NUMBER, _PLACE, _PLACE)
    return types.void(*kinds), code


@intrinsic
def accumulate(
    typing_context: Any, row: Any, sums: Any, count: Any, decay: Any, up: Any, down: Any,
    mask: Any,
) -> Any:
    """Forget a little of a row of 64-bit sums, and add new ones, weighted; for any count.

    ``new = sums << up >> down``, half as much again where `mask` is -1; then
    ``row += new - (row >> decay)``.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, sums, count, *others = arguments
        decay, up, down, mask = (fill(builder, value, LANES) for value in others)

        def body(index: Any) -> list[Any]:
            part = Part(builder, index, count)
            place = _at(builder, row, index)
            new, old = part.load(_at(builder, sums, index)), part.load(place)
            new = builder.ashr(builder.shl(new, up), down)
            half = builder.ashr(new, constant(_INTEGERS, 1))
            new = builder.add(new, builder.and_(half, mask))
            part.store(builder.add(builder.sub(old, builder.ashr(old, decay)), new), place)
            return []

        loop(builder, I64(0), count, LANES, [], body)
        return context.get_dummy_value()

    return types.void(*[_PLACE] * 7), code


@intrinsic
def shift_sums(
    typing_context: Any, previous: Any, row: Any, count: Any, old: Any, old_row: Any, new: Any,
    new_row: Any,
) -> Any:
    """``row = previous + new * new_row - old * old_row``; any count, writes up to 7 cells more.

    `old`, `new` and their rows hold 32-bit integers in 64-bit cells.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        previous, row, count, old, old_row, new, new_row = arguments
        old, new = (low_half(builder, fill(builder, value, LANES)) for value in (old, new))

        def body(index: Any) -> list[Any]:
            def product(factor: Any, base: Any) -> Any:
                cells = load(builder, _INTEGERS, _at(builder, base, index))
                return builder.mul(factor, low_half(builder, cells))

            value = load(builder, _INTEGERS, _at(builder, previous, index))
            value = builder.add(value, product(new, new_row))
            value = builder.sub(value, product(old, old_row))
            store(builder, value, _at(builder, row, index))
            return []

        loop(builder, I64(0), count, LANES, [], body)
        return context.get_dummy_value()

    return types.void(*[_PLACE] * 7), code

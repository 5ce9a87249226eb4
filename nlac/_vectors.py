"""Vector loops for compiled kernels, eight 64-bit lanes at a time.

Left to itself the compiler takes 16 or 32 elements at once and the rest one by one, after
checks that the arrays don't overlap: for the short rows here that is most of the time.
Arrays are given by address; counts and places are multiples of 8, and the caller makes
rows long enough.  Sums of floats are made lane by lane in a fixed order, so that they are
the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LANES = 8
_NUMBER = ir.IntType(64)
_INTEGERS = ir.VectorType(_NUMBER, LANES)
_FLOATS = ir.VectorType(ir.DoubleType(), LANES)


def _at(builder: Any, base: Any, index: Any, kind: Any) -> Any:
    pointer = builder.gep(builder.inttoptr(base, _NUMBER.as_pointer()), [index])
    return builder.bitcast(pointer, kind.as_pointer())


def _loop(
    builder: Any, begin: Any, end: Any, start: Any, body: Callable[[Any, Any], Any]
) -> Any:
    """Call `body` (index, total) -> total for every block of lanes; returns the last total."""
    before = builder.block
    head, inside, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    at = builder.phi(_NUMBER)
    at.add_incoming(begin, before)
    total = None
    if start is not None:
        total = builder.phi(start.type)
        total.add_incoming(start, before)
    builder.cbranch(builder.icmp_signed("<", at, end), inside, done)
    builder.position_at_end(inside)
    following = body(at, total)
    if total is not None:
        total.add_incoming(following, builder.block)
    at.add_incoming(builder.add(at, ir.Constant(_NUMBER, LANES)), builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return total


def _sum(builder: Any, lanes: Any, add: Callable[[Any, Any], Any]) -> Any:
    width = lanes.type.count
    while width > 1:
        width //= 2
        halves = [
            builder.shuffle_vector(
                lanes,
                ir.Constant(lanes.type, ir.Undefined),
                ir.Constant(ir.VectorType(ir.IntType(32), width), list(picked)),
            )
            for picked in (range(width), range(width, 2 * width))
        ]
        lanes = add(*halves)
    return builder.extract_element(lanes, ir.Constant(ir.IntType(32), 0))


def _integer_dot() -> Any:
    def dot(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, count = arguments

            def body(at: Any, total: Any) -> Any:
                narrow = ir.VectorType(ir.IntType(32), LANES)
                wide = builder.load(_at(builder, left, at, _INTEGERS), align=8)
                factors = [builder.sext(builder.trunc(wide, narrow), _INTEGERS)]
                pointer = builder.gep(builder.inttoptr(right, ir.IntType(32).as_pointer()), [at])
                low = builder.load(builder.bitcast(pointer, narrow.as_pointer()), align=4)
                factors.append(builder.sext(low, _INTEGERS))
                return builder.add(total, builder.mul(*factors))

            zero = ir.Constant(_INTEGERS, [0] * LANES)
            total = _loop(builder, ir.Constant(_NUMBER, 0), count, zero, body)
            return _sum(builder, total, builder.add)

        return types.int64(types.int64, types.int64, types.int64), code

    return intrinsic(dot)


def _short_dot() -> Any:
    short, half = ir.VectorType(ir.IntType(16), 32), ir.VectorType(ir.IntType(32), 16)

    def dot(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, count = arguments

            def load(base: Any, at: Any) -> Any:
                pointer = builder.inttoptr(base, ir.IntType(16).as_pointer())
                pointer = builder.bitcast(builder.gep(pointer, [at]), short.as_pointer())
                return builder.load(pointer, align=2)

            def body(at: Any, total: Any) -> Any:
                at = builder.mul(at, ir.Constant(_NUMBER, 32 // LANES))
                product = builder.mul(load(left, at), load(right, at))
                for first in (0, 16):
                    lanes = ir.Constant(half, list(range(first, first + 16)))
                    undefined = ir.Constant(short, ir.Undefined)
                    part = builder.shuffle_vector(product, undefined, lanes)
                    total = builder.add(total, builder.sext(part, half))
                return total

            end = builder.sdiv(count, ir.Constant(_NUMBER, 32 // LANES))
            total = _loop(builder, ir.Constant(_NUMBER, 0), end, ir.Constant(half, [0] * 16), body)
            return builder.sext(_sum(builder, total, builder.add), _NUMBER)

        return types.int64(types.int64, types.int64, types.int64), code

    return intrinsic(dot)


def _float_dot() -> Any:
    def dot(typing_context: Any, left: Any, right: Any, begin: Any, end: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            left, right, begin, end = arguments

            def body(at: Any, total: Any) -> Any:
                a = builder.load(_at(builder, left, at, _FLOATS), align=8)
                b = builder.load(_at(builder, right, at, _FLOATS), align=8)
                return builder.fadd(total, builder.fmul(a, b))

            zero = ir.Constant(_FLOATS, [0.0] * LANES)
            return _sum(builder, _loop(builder, begin, end, zero, body), builder.fadd)

        return types.float64(types.int64, types.int64, types.int64, types.int64), code

    return intrinsic(dot)


def _spread(builder: Any, value: Any) -> Any:
    undefined = ir.Constant(_FLOATS, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, lanes)


def _subtract(builder: Any, target: Any, pairs: Any, begin: Any, end: Any) -> None:
    scales = [_spread(builder, scale) for _, scale in pairs]

    def body(at: Any, _: Any) -> None:
        taken = None
        for (source, _scale), scale in zip(pairs, scales, strict=True):
            row = builder.load(_at(builder, source, at, _FLOATS), align=8)
            product = builder.fmul(scale, row)
            taken = product if taken is None else builder.fadd(taken, product)
        place = _at(builder, target, at, _FLOATS)
        builder.store(builder.fsub(builder.load(place, align=8), taken), place, align=8)

    _loop(builder, begin, end, None, body)


def _one_row() -> Any:
    def subtract(
        typing_context: Any, target: Any, source: Any, scale: Any, begin: Any, end: Any
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, source, scale, begin, end = arguments
            _subtract(builder, target, [(source, scale)], begin, end)
            return context.get_dummy_value()

        place, number = types.int64, types.float64
        return types.void(place, place, number, place, place), code

    return intrinsic(subtract)


def _four_rows() -> Any:
    def subtract(
        typing_context: Any, target: Any, source: Any, stride: Any,
        p: Any, q: Any, r: Any, s: Any, begin: Any, end: Any,
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, source, stride, *scales, begin, end = arguments
            pairs = []
            for scale in scales:
                pairs.append((source, scale))
                source = builder.add(source, stride)
            _subtract(builder, target, pairs, begin, end)
            return context.get_dummy_value()

        place, number = types.int64, types.float64
        kinds = (place, place, place, number, number, number, number, place, place)
        return types.void(*kinds), code

    return intrinsic(subtract)


# dot_low(a, b, count): sum of products of the low 32 bits of 64-bit integers with 32-bit ones
dot_low = _integer_dot()
# dot_i16(a, b, count): the same of 16-bit integers, for a count that is a multiple of 32;
# products must fit 16 bits and the sum of all 28
dot_i16 = _short_dot()
# dot_f64(a, b, begin, end): sum of products from element `begin` to `end`
dot_f64 = _float_dot()
# subtract_row(target, source, scale, begin, end): target -= scale * source
subtract_row = _one_row()
# subtract_rows(target, source, stride, p, q, r, s, begin, end): the same with four rows
# that lie `stride` bytes apart
subtract_rows = _four_rows()

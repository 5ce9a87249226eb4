"""Vector loops for compiled kernels, written in LLVM's own language.

numba's compiler finds vector instructions for most loops by itself.  These are
the few, innermost ones where it does not: where a tile of sums should stay in
registers, and where 16-bit products should be added in pairs.  All is integer
arithmetic modulo a power of two, so every processor gives the same.

Addresses and counts are int64; nothing is checked, see `nlac._memory`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
LANES = 16
_TILE = ir.VectorType(ir.IntType(64), LANES)


def _splat(builder: Any, value: Any) -> Any:
    single = builder.insert_element(ir.Constant(_TILE, ir.Undefined), value, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(single, ir.Constant(_TILE, ir.Undefined), mask)


def _low_lanes(builder: Any, value: Any) -> Any:
    narrow = ir.VectorType(ir.IntType(32), LANES)
    return builder.sext(builder.trunc(value, narrow), _TILE)


def _tile(builder: Any, base: Any) -> Any:
    return builder.inttoptr(base, _TILE.as_pointer())


def _combine(subtract: bool) -> Any:
    def combine(
        typing_context: Any, target: Any, factor: Any, rows: Any, step: Any, row_step: Any,
        count: Any,
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            target, factor, rows, step, row_step, count = arguments
            word = ir.IntType(64)
            start = builder.load(_tile(builder, target), align=8)
            before = builder.block
            head = builder.append_basic_block("head")
            body = builder.append_basic_block("body")
            done = builder.append_basic_block("done")
            builder.branch(head)
            builder.position_at_end(head)
            index, total = builder.phi(word), builder.phi(_TILE)
            left, right = builder.phi(word), builder.phi(word)
            builder.cbranch(builder.icmp_signed("<", index, count), body, done)
            builder.position_at_end(body)
            scalar = builder.load(builder.inttoptr(left, word.as_pointer()))
            lanes = builder.load(_tile(builder, right), align=8)
            product = builder.mul(
                _splat(builder, builder.sext(builder.trunc(scalar, ir.IntType(32)), word)),
                _low_lanes(builder, lanes),
            )
            new = (builder.sub if subtract else builder.add)(total, product)
            entries = (
                (index, word(0), builder.add(index, word(1))),
                (total, start, new),
                (left, factor, builder.add(left, step)),
                (right, rows, builder.add(right, row_step)),
            )
            builder.branch(head)
            for phi, first, following in entries:
                phi.add_incoming(first, before)
                phi.add_incoming(following, body)
            builder.position_at_end(done)
            builder.store(total, _tile(builder, target), align=8)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 6), code

    return intrinsic(combine)


# target[0:16] -+= factor[i] * rows[i][0:16] for i < count, with steps in bytes between
# one factor or row and the next; factors and rows are 64-bit cells that hold 32-bit integers
subtract_rows = _combine(subtract=True)
add_rows = _combine(subtract=False)


def _vector(bits: int, lanes: int) -> Any:
    return ir.VectorType(ir.IntType(bits), lanes)


def _load(builder: Any, kind: Any, base: Any) -> Any:
    return builder.load(builder.inttoptr(base, kind.as_pointer()), align=1)


def _store(builder: Any, value: Any, base: Any) -> None:
    builder.store(value, builder.inttoptr(base, value.type.as_pointer()), align=1)


def _fill(builder: Any, value: Any, lanes: int) -> Any:
    kind = ir.VectorType(value.type, lanes)
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _I32(0))
    mask = ir.Constant(_vector(32, lanes), [0] * lanes)
    return builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), mask)


def _pick(builder: Any, value: Any, places: Any) -> Any:
    mask = ir.Constant(_vector(32, len(places)), list(places))
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)


class _Loop:
    """A counting loop with one carried value: ``for i in range(0, count, step)``."""

    def __init__(self, builder: Any, count: Any, step: int, start: Any) -> None:
        self.builder = builder
        self.step = step
        before = builder.block
        self.head = builder.append_basic_block("head")
        body = builder.append_basic_block("body")
        self.done = builder.append_basic_block("done")
        builder.branch(self.head)
        builder.position_at_end(self.head)
        self.index, self.carried = builder.phi(_I64), builder.phi(start.type)
        self.index.add_incoming(_I64(0), before)
        self.carried.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", self.index, count), body, self.done)
        builder.position_at_end(body)

    def close(self, value: Any) -> None:
        builder = self.builder
        following = builder.add(self.index, _I64(self.step))
        block = builder.block
        builder.branch(self.head)
        self.index.add_incoming(following, block)
        self.carried.add_incoming(value, block)
        builder.position_at_end(self.done)


@intrinsic
def dot16(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of products of 16-bit integers, modulo 2**32; `count` is a multiple of 16."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count = arguments
        loop = _Loop(builder, count, 16, ir.Constant(_vector(32, 8), [0] * 8))
        at = builder.shl(loop.index, _I64(1))
        wide = _vector(32, 16)
        a = builder.sext(_load(builder, _vector(16, 16), builder.add(left, at)), wide)
        b = builder.sext(_load(builder, _vector(16, 16), builder.add(right, at)), wide)
        product = builder.mul(a, b)
        pairs = builder.add(
            _pick(builder, product, range(0, 16, 2)), _pick(builder, product, range(1, 16, 2))
        )
        loop.close(builder.add(loop.carried, pairs))
        total = loop.carried
        for half in (4, 2, 1):
            total = builder.add(
                _pick(builder, total, range(half)), _pick(builder, total, range(half, 2 * half))
            )
        return builder.sext(builder.extract_element(total, _I32(0)), _I64)

    return types.int64(*[types.int64] * 3), code


@intrinsic
def add_gradients(
    typing_context: Any, weights: Any, copies: Any, history: Any, count: Any, now: Any,
    before: Any, shift: Any,
) -> Any:
    """Add ``(now * history[i] + before * history[i - 1]) >> shift``, rounded, to 32-bit weights.

    Weights are limited to +-2**30; `copies` gets their upper 16 bits. `now` and `before`
    have 16 bits, `count` is a multiple of 16.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        weights, copies, history, count, now, before, shift = arguments
        wide, lanes = _vector(32, 16), 16
        shift = builder.trunc(shift, _I32)
        half = builder.lshr(builder.shl(_I32(1), shift), _I32(1))
        shift, half = _fill(builder, shift, lanes), _fill(builder, half, lanes)
        now = builder.sext(_fill(builder, builder.trunc(now, _I16), lanes), wide)
        before = builder.sext(_fill(builder, builder.trunc(before, _I16), lanes), wide)
        top = ir.Constant(wide, [1 << 30] * lanes)
        bottom = ir.Constant(wide, [-(1 << 30)] * lanes)
        sixteen = ir.Constant(wide, [16] * lanes)
        loop = _Loop(builder, count, lanes, _I32(0))
        near = builder.add(history, builder.shl(loop.index, _I64(1)))
        narrow = _vector(16, lanes)
        x0 = builder.sext(_load(builder, narrow, near), wide)
        x1 = builder.sext(_load(builder, narrow, builder.sub(near, _I64(2))), wide)
        step = builder.add(builder.mul(x0, now), builder.mul(x1, before))
        step = builder.ashr(builder.add(step, half), shift)
        at = builder.add(weights, builder.shl(loop.index, _I64(2)))
        value = builder.add(_load(builder, wide, at), step)
        value = builder.select(builder.icmp_signed(">", value, top), top, value)
        value = builder.select(builder.icmp_signed("<", value, bottom), bottom, value)
        _store(builder, value, at)
        copy = builder.trunc(builder.ashr(value, sixteen), narrow)
        _store(builder, copy, builder.add(copies, builder.shl(loop.index, _I64(1))))
        loop.close(loop.carried)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code

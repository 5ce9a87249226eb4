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
from numba.extending import intrinsic as numba_intrinsic

intrinsic: Any = numba_intrinsic
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


def _sum_loop(builder: Any, start: Any, arguments: Any, subtract: bool) -> Any:
    """Return `start` +- the sum of factor[i] * rows[i][0:16] for i < count."""
    factor, rows, step, row_step, count = arguments
    before = builder.block
    head = builder.append_basic_block("head")
    body = builder.append_basic_block("body")
    done = builder.append_basic_block("done")
    builder.branch(head)
    builder.position_at_end(head)
    index, total = builder.phi(_I64), builder.phi(_TILE)
    left, right = builder.phi(_I64), builder.phi(_I64)
    builder.cbranch(builder.icmp_signed("<", index, count), body, done)
    builder.position_at_end(body)
    scalar = builder.load(builder.inttoptr(left, _I64.as_pointer()))
    lanes = builder.load(_tile(builder, right), align=8)
    product = builder.mul(
        _splat(builder, builder.sext(builder.trunc(scalar, _I32), _I64)),
        _low_lanes(builder, lanes),
    )
    new = (builder.sub if subtract else builder.add)(total, product)
    entries = (
        (index, _I64(0), builder.add(index, _I64(1))),
        (total, start, new),
        (left, factor, builder.add(left, step)),
        (right, rows, builder.add(right, row_step)),
    )
    builder.branch(head)
    for phi, first, following in entries:
        phi.add_incoming(first, before)
        phi.add_incoming(following, body)
    builder.position_at_end(done)
    return total


@intrinsic
def sum_rows(
    typing_context: Any, target: Any, factor: Any, rows: Any, step: Any, row_step: Any, count: Any
) -> Any:
    """``target[0:16] = sum of factor[i] * rows[i][0:16] for i < count``.

    Steps are bytes between one factor or row and the next; both hold 32-bit integers in
    64-bit cells.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        nothing = ir.Constant(_TILE, [0] * LANES)
        total = _sum_loop(builder, nothing, arguments[1:], subtract=False)
        builder.store(total, _tile(builder, arguments[0]), align=8)
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
        start = builder.load(_tile(builder, source), align=8)
        start = builder.ashr(
            builder.shl(start, _splat(builder, up)), _splat(builder, down)
        )
        total = _sum_loop(builder, start, (factor, rows, step, step, count), subtract=True)
        builder.store(total, _tile(builder, target), align=8)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@intrinsic
def divide(typing_context: Any, row: Any, count: Any, down: Any, inverse: Any) -> Any:
    """``row = ((row >> down) * inverse + 2**30) >> 31``, both factors of 32 bits.

    `count` is a multiple of 16.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, count, down, inverse = arguments
        down, inverse = _splat(builder, down), _splat(builder, inverse)
        half = ir.Constant(_TILE, [1 << 30] * LANES)
        shift = ir.Constant(_TILE, [31] * LANES)
        loop = _Loop(builder, count, LANES, _I64(0))
        place = _tile(builder, builder.add(row, builder.shl(loop.index, _I64(3))))
        value = builder.ashr(builder.load(place, align=8), down)
        value = builder.mul(_low_lanes(builder, value), _low_lanes(builder, inverse))
        builder.store(builder.ashr(builder.add(value, half), shift), place, align=8)
        loop.close(loop.carried)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), code


def _pair_products(context: Any, builder: Any, left: Any, right: Any) -> Any:
    """Products of 32 16-bit lanes, added in pairs, modulo 2**32.

    x86 has one instruction for that. LLVM would find it, if its own passes had not
    rearranged the sums before, so it is asked for by name.
    """
    lanes = left.type.count
    triple, _, features = context.codegen().magic_tuple()
    name, width = "", 0
    if triple.startswith("x86_64"):
        name, width = "llvm.x86.sse2.pmadd.wd", 8
        if "+avx2" in features:
            name, width = "llvm.x86.avx2.pmadd.wd", 16
        if "+avx512bw" in features:
            name, width = "llvm.x86.avx512.pmaddw.d.512", 32
    if not name:
        wide = _vector(32, lanes // 2)
        total = ir.Constant(wide, [0] * (lanes // 2))
        for odd in range(2):
            places = range(odd, lanes, 2)
            a = builder.sext(_pick(builder, left, places), wide)
            b = builder.sext(_pick(builder, right, places), wide)
            total = builder.add(total, builder.mul(a, b))
        return total
    kind = _vector(16, width)
    shape = ir.FunctionType(_vector(32, width // 2), [kind, kind])
    found = builder.module.globals.get(name)
    function = found if found is not None else ir.Function(builder.module, shape, name)
    parts = []
    for begin in range(0, lanes, width):
        places = range(begin, begin + width)
        pieces = [v if width == lanes else _pick(builder, v, places) for v in (left, right)]
        parts.append(builder.call(function, pieces))
    while len(parts) > 1:
        parts = [_join(builder, *parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


def _join(builder: Any, low: Any, high: Any) -> Any:
    """One vector of the lanes of two."""
    mask = ir.Constant(_vector(32, 2 * low.type.count), list(range(2 * low.type.count)))
    return builder.shuffle_vector(low, high, mask)


@intrinsic
def dot16(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of products of 16-bit integers, modulo 2**32; `count` is a multiple of 32."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count = arguments
        kind = _vector(16, 32)
        loop = _Loop(builder, count, 32, ir.Constant(_vector(32, 16), [0] * 16))
        at = builder.shl(loop.index, _I64(1))
        a = _load(builder, kind, builder.add(left, at))
        b = _load(builder, kind, builder.add(right, at))
        loop.close(builder.add(loop.carried, _pair_products(context, builder, a, b)))
        total = loop.carried
        for half in (8, 4, 2, 1):
            total = builder.add(
                _pick(builder, total, range(half)), _pick(builder, total, range(half, 2 * half))
            )
        return builder.sext(builder.extract_element(total, _I32(0)), _I64)

    return types.int64(*[types.int64] * 3), code


def _gradients(pairs: int) -> Any:
    def add(
        typing_context: Any, weights: Any, copies: Any, history: Any, count: Any, steps: Any,
        shift: Any,
    ) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            weights, copies, history, count, steps, shift = arguments
            wide, lanes = _vector(32, 16), 16
            shift = builder.trunc(shift, _I32)
            half = builder.lshr(builder.shl(_I32(1), shift), _I32(1))
            shift, half = _fill(builder, shift, lanes), _fill(builder, half, lanes)
            factors = []
            for pair in range(pairs):
                factor = _load(builder, _I32, builder.add(steps, _I64(4 * pair)))
                factors.append(builder.bitcast(_fill(builder, factor, lanes), _vector(16, 32)))
            top = ir.Constant(wide, [1 << 30] * lanes)
            bottom = ir.Constant(wide, [-(1 << 30)] * lanes)
            sixteen = ir.Constant(wide, [16] * lanes)
            upper = ir.Constant(wide, [-65536] * lanes)
            loop = _Loop(builder, count, 32, _I32(0))
            at = builder.shl(loop.index, _I64(1))
            values = []
            for odd in range(2):
                step = half
                for pair in range(pairs):
                    place = builder.add(history, builder.add(at, _I64(2 * (odd - 1 - 2 * pair))))
                    window = _load(builder, _vector(16, 32), place)
                    products = _pair_products(context, builder, window, factors[pair])
                    step = builder.add(step, products)
                step = builder.ashr(step, shift)
                place = builder.add(weights, builder.add(builder.shl(at, _I64(1)), _I64(64 * odd)))
                value = builder.add(_load(builder, wide, place), step)
                value = builder.select(builder.icmp_signed(">", value, top), top, value)
                value = builder.select(builder.icmp_signed("<", value, bottom), bottom, value)
                _store(builder, value, place)
                values.append(value)
            copy = builder.or_(
                builder.lshr(values[0], sixteen), builder.and_(values[1], upper)
            )
            _store(builder, copy, builder.add(copies, at))
            loop.close(loop.carried)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 6), code

    return intrinsic(add)


# add ``(sum of step[k] * history[i - k]) >> shift``, rounded, to the 32-bit weight of each tap
# i < count, for the newest 2 or 4 samples k.  `steps` is the address of 16-bit integers: step 1,
# step 0, step 3, step 2.  Weights are limited to +-2**30 and lie in blocks of 32, even
# taps first; `copies` gets their upper 16 bits, in order.  `count` is a multiple of 32.
add_two_gradients = _gradients(1)
add_four_gradients = _gradients(2)


def _mask(builder: Any, index: Any, count: Any, lanes: int) -> Any:
    """Lanes whose place is below `count`."""
    places = ir.Constant(_vector(64, lanes), list(range(lanes)))
    left = _fill(builder, builder.sub(count, index), lanes)
    return builder.icmp_signed("<", places, left)


def _masked(builder: Any, name: str, kind: Any, returns: bool) -> Any:
    """LLVM's masked load or store."""
    flags = ir.VectorType(ir.IntType(1), kind.count)
    words = [kind.as_pointer(), _I32, flags]
    shape = ir.FunctionType(kind, [*words, kind]) if returns else ir.FunctionType(
        ir.VoidType(), [kind, *words]
    )
    full = f"llvm.masked.{name}.v{kind.count}i64.p0v{kind.count}i64"
    module = builder.module
    found = module.globals.get(full)
    return found if found is not None else ir.Function(module, shape, full)


@intrinsic
def dot64(typing_context: Any, left: Any, right: Any, count: Any) -> Any:
    """Sum of products of 32-bit integers in 64-bit cells; reads up to 7 cells more of `right`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, count = arguments
        lanes = 8
        kind, narrow = _vector(64, lanes), _vector(32, lanes)
        nothing = ir.Constant(kind, [0] * lanes)
        load = _masked(builder, "load", kind, True)
        loop = _Loop(builder, count, lanes, nothing)
        inside = _mask(builder, loop.index, count, lanes)
        at = builder.shl(loop.index, _I64(3))
        place = builder.inttoptr(builder.add(left, at), kind.as_pointer())
        a = builder.call(load, [place, _I32(8), inside, nothing])
        b = _load(builder, kind, builder.add(right, at))
        a, b = (builder.sext(builder.trunc(v, narrow), kind) for v in (a, b))
        loop.close(builder.add(loop.carried, builder.mul(a, b)))
        total = loop.carried
        for half in (4, 2, 1):
            total = builder.add(
                _pick(builder, total, range(half)), _pick(builder, total, range(half, 2 * half))
            )
        return builder.extract_element(total, _I32(0))

    return types.int64(*[types.int64] * 3), code


@intrinsic
def accumulate(
    typing_context: Any, row: Any, sums: Any, count: Any, decay: Any, up: Any, down: Any,
    mask: Any,
) -> Any:
    """Forget a little of a row of 64-bit sums, and add new ones, weighted.

    ``new = sums << up >> down``, half as much again where `mask` is -1; then
    ``row += new - (row >> decay)``.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, sums, count, decay, up, down, mask = arguments
        lanes = 8
        kind = _vector(64, lanes)
        nothing = ir.Constant(kind, [0] * lanes)
        decay, up, down, mask = (_fill(builder, v, lanes) for v in (decay, up, down, mask))
        ones = ir.Constant(kind, [1] * lanes)
        load = _masked(builder, "load", kind, True)
        store = _masked(builder, "store", kind, False)
        loop = _Loop(builder, count, lanes, _I64(0))
        inside = _mask(builder, loop.index, count, lanes)
        at = builder.shl(loop.index, _I64(3))
        place = builder.inttoptr(builder.add(row, at), kind.as_pointer())
        source = builder.inttoptr(builder.add(sums, at), kind.as_pointer())
        new = builder.call(load, [source, _I32(8), inside, nothing])
        old = builder.call(load, [place, _I32(8), inside, nothing])
        new = builder.ashr(builder.shl(new, up), down)
        new = builder.add(new, builder.and_(builder.ashr(new, ones), mask))
        value = builder.add(builder.sub(old, builder.ashr(old, decay)), new)
        builder.call(store, [value, place, _I32(8), inside])
        loop.close(loop.carried)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code


@intrinsic
def shift_sums(
    typing_context: Any, previous: Any, row: Any, count: Any, old: Any, old_row: Any, new: Any,
    new_row: Any,
) -> Any:
    """``row = previous + new * new_row - old * old_row``; writes up to 7 cells more.

    `old`, `new` and their rows hold 32-bit integers in 64-bit cells.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        previous, row, count, old, old_row, new, new_row = arguments
        lanes = 8
        kind, narrow = _vector(64, lanes), _vector(32, lanes)

        def low(value: Any) -> Any:
            return builder.sext(builder.trunc(value, narrow), kind)

        old, new = low(_fill(builder, old, lanes)), low(_fill(builder, new, lanes))
        loop = _Loop(builder, count, lanes, _I64(0))
        at = builder.shl(loop.index, _I64(3))
        value = _load(builder, kind, builder.add(previous, at))
        added = builder.mul(new, low(_load(builder, kind, builder.add(new_row, at))))
        taken = builder.mul(old, low(_load(builder, kind, builder.add(old_row, at))))
        value = builder.sub(builder.add(value, added), taken)
        _store(builder, value, builder.add(row, at))
        loop.close(loop.carried)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), code

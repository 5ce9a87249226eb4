"""Vector loops that make and keep covariances of 64-bit integers.

All is integer arithmetic modulo 2**64, so every processor gives the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    I64,
    FullVector,
    MaskedVector,
    constant,
    fill,
    fill_low,
    load,
    loop,
    low_half,
    pick,
    store,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_i64, load_low, store_64

DIAGONALS = 32  # that are followed together
_WIDE, _EIGHT = vector(I64, DIAGONALS), vector(I64, 8)


@kernel
def _low_product(left, right, i, lane):
    return load_low(left, i) * load_low(right, i + lane)


@kernel
def plain_shift_products(target, step, left, right, batch, begin, hidden, end):
    """Plain loop of `shift_products`."""
    for lane in range(DIAGONALS):
        total = np.int64(0)
        for i in range(begin, begin + batch):
            total += _low_product(left, right, i, lane)
        for i in range(begin, end):
            if lane >= hidden - i:
                store_64(target + i * step, lane, total)
            total += _low_product(left, right, i + batch, lane)
            total -= _low_product(left, right, i, lane)


@vectorised(plain_shift_products)
def shift_products(
    typing_context: Any, target: Any, step: Any, left: Any, right: Any, batch: Any, begin: Any,
    hidden: Any, end: Any,
) -> Any:
    """Sums of products of two series, each from that of one step before.

    For begin <= i < end, ``row[0:32] = sum of left[i + b] * right[i + b:][0:32] for b < batch``,
    where row is ``target + i * step`` (bytes).  While i < `hidden`, only lanes from
    ``hidden - i`` on are written.  Series are 32-bit integers in 64-bit cells.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, step, left, right, batch, begin, hidden, end = arguments

        def product(index: Any) -> Any:
            at = builder.shl(index, I64(3))
            scale = load(builder, I64, builder.add(left, at))
            scale = fill_low(builder, scale, DIAGONALS)
            lanes = low_half(builder, load(builder, _WIDE, builder.add(right, at)))
            return builder.mul(scale, lanes)

        def add(index: Any, value: Any) -> list[Any]:
            return [builder.add(value, product(index))]

        def move(index: Any, value: Any) -> Any:
            value = builder.add(value, product(builder.add(index, batch)))
            return builder.sub(value, product(index))

        def partly(index: Any, place: Any, value: Any) -> list[Any]:
            for at in range(0, DIAGONALS, 8):
                shown = MaskedVector(
                    builder, I64(at), builder.sub(hidden, index), inverted=True
                )
                lanes = pick(builder, value, range(at, at + 8))
                shown.store(lanes, builder.add(place, I64(8 * at)))
            return [builder.add(place, step), move(index, value)]

        def wholly(index: Any, place: Any, value: Any) -> list[Any]:
            store(builder, value, place)
            return [builder.add(place, step), move(index, value)]

        start = constant(_WIDE, 0)
        (value,) = loop(builder, begin, builder.add(begin, batch), 1, [start], add)
        place = builder.add(target, builder.mul(begin, step))
        limit = builder.select(builder.icmp_signed("<", hidden, end), hidden, end)
        place, value = loop(builder, begin, limit, 1, [place, value], partly)
        more = builder.select(builder.icmp_signed(">", begin, limit), begin, limit)
        loop(builder, more, end, 1, [place, value], wholly)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), code


@kernel
def plain_accumulate(
    target, target_step, sums, sums_step, rows, columns, lower, decay, up, down, mask
):
    """Plain loop of `accumulate`."""
    for begin in range(0, columns, 8):
        block_end = begin + 8
        if block_end <= columns // 32 * 32:
            block_end = begin // 32 * 32 + 32
        for i in range(min(block_end + lower, rows)):
            for j in range(begin, min(begin + 8, columns)):
                new = (load_i64(sums + i * sums_step, j) << up) >> down
                new += (new >> 1) & mask
                old = load_i64(target + i * target_step, j)
                store_64(target + i * target_step, j, old - (old >> decay) + new)


@vectorised(plain_accumulate)
def accumulate(
    typing_context: Any, target: Any, target_step: Any, sums: Any, sums_step: Any, rows: Any,
    columns: Any, lower: Any, decay: Any, up: Any, down: Any, mask: Any,
) -> Any:
    """Forget a little of a matrix of 64-bit sums, and add new ones, weighted.

    ``new = sums << up >> down``, half as much again where `mask` is -1; then
    ``target += new - (target >> decay)``.  Steps are bytes from row to row.  Columns go in blocks
    of 32, the rest in blocks of 8; rows that lie `lower` or more below the end of a block are
    left as they are.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, target_step, sums, sums_step, rows, columns, lower, *others = arguments
        decay, up, down, mask = (fill(builder, value, 8) for value in others)

        def add(place: Any, source: Any, part: Any) -> None:
            new, old = part.load(source), part.load(place)
            new = builder.ashr(builder.shl(new, up), down)
            half = builder.ashr(new, constant(_EIGHT, 1))
            new = builder.add(new, builder.and_(half, mask))
            part.store(builder.add(builder.sub(old, builder.ashr(old, decay)), new), place)

        def block(vectors: int) -> Any:
            def column(index: Any) -> list[Any]:
                part: Any = FullVector(builder)
                if vectors == 1:
                    part = MaskedVector(builder, index, columns)

                def row(_index: Any, place: Any, source: Any) -> list[Any]:
                    for i in range(vectors):
                        at = I64(64 * i)
                        add(builder.add(place, at), builder.add(source, at), part)
                    return [builder.add(place, target_step), builder.add(source, sums_step)]

                at = builder.shl(index, I64(3))
                end = builder.add(builder.add(index, I64(8 * vectors)), lower)
                end = builder.select(builder.icmp_signed("<", end, rows), end, rows)
                loop(builder, I64(0), end, 1, [builder.add(target, at), builder.add(sums, at)], row)
                return []

            return column

        # long rows in pieces of several vectors, what is left in single ones
        most = builder.and_(columns, I64(-32))
        loop(builder, I64(0), most, 32, [], block(4))
        loop(builder, most, columns, 8, [], block(1))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 11), code

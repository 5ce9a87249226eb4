"""Vector loops over rows of float64, eight at a time.

Left to itself the compiler takes 16 or 32 elements at once and the rest one by one, after
checks that the arrays don't overlap: for the short rows here that is most of the time.
Arrays are given by address.  Where nothing else is said, counts and places are multiples of
`F64_LANES`, and the caller makes rows long enough.  Sums are made lane by lane in a fixed order,
which is the same on every machine; plain loops keep to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    F64,
    I64,
    constant,
    fill,
    load,
    loop,
    pick,
    store,
    sum_lanes,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_f64, store_f64

F64_LANES = 8
CORRELATED = 5  # vectors of lags that `correlate` takes at most
_INTEGERS, _FLOATS = vector(I64, F64_LANES), vector(F64, F64_LANES)
_PLACE, _NUMBER = types.int64, types.float64


def _at(builder: Any, base: Any, index: Any) -> Any:
    """Address of an element."""
    return builder.add(base, builder.shl(index, I64(3)))


@kernel
def _dot_of_lane(left, right, begin, end, lane):
    total = 0.0
    for i in range(begin + lane, end + lane, F64_LANES):
        total += load_f64(left, i) * load_f64(right, i)
    return total


@kernel
def _dot_of_lanes(left, right, begin, end, lane):
    """Sum of the dot products of a lane and of the lane 4 above."""
    below = _dot_of_lane(left, right, begin, end, lane)
    return below + _dot_of_lane(left, right, begin, end, lane + 4)


@kernel
def plain_dot_f64(left, right, begin, end):
    """Plain loop of `dot_f64`."""
    even = _dot_of_lanes(left, right, begin, end, 0) + _dot_of_lanes(left, right, begin, end, 2)
    odd = _dot_of_lanes(left, right, begin, end, 1) + _dot_of_lanes(left, right, begin, end, 3)
    return even + odd


@vectorised(plain_dot_f64)
def dot_f64(typing_context: Any, left: Any, right: Any, begin: Any, end: Any) -> Any:
    """Sum of ``left[i] * right[i]`` for begin <= i < end, of float64; returns float64.

    Each lane has a sum; the upper half of the lanes is added to the lower until one is left.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, begin, end = arguments

        def body(index: Any, total: Any) -> list[Any]:
            one = load(builder, _FLOATS, _at(builder, left, index))
            other = load(builder, _FLOATS, _at(builder, right, index))
            return [builder.fadd(total, builder.fmul(one, other))]

        (total,) = loop(builder, begin, end, F64_LANES, [constant(_FLOATS, 0.0)], body)
        return sum_lanes(builder, total, builder.fadd)

    return _NUMBER(*[_PLACE] * 4), code


def _subtract(builder: Any, target: Any, pairs: Any, begin: Any, end: Any) -> None:
    scaled = [(source, fill(builder, scale, F64_LANES)) for source, scale in pairs]

    def body(index: Any) -> list[Any]:
        taken = None
        for source, scale in scaled:
            row = load(builder, _FLOATS, _at(builder, source, index))
            product = builder.fmul(scale, row)
            taken = product if taken is None else builder.fadd(taken, product)
        place = _at(builder, target, index)
        store(builder, builder.fsub(load(builder, _FLOATS, place), taken), place)
        return []

    loop(builder, begin, end, F64_LANES, [], body)


@kernel
def plain_subtract_row(target, source, scale, begin, end):
    """Plain loop of `subtract_row`."""
    for i in range(begin, end):
        store_f64(target, i, load_f64(target, i) - scale * load_f64(source, i))


@vectorised(plain_subtract_row)
def subtract_row(
    typing_context: Any, target: Any, source: Any, scale: Any, begin: Any, end: Any
) -> Any:
    """``target[begin:end] -= scale * source[begin:end]``, all float64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, scale, begin, end = arguments
        _subtract(builder, target, [(source, scale)], begin, end)
        return context.get_dummy_value()

    return types.void(_PLACE, _PLACE, _NUMBER, _PLACE, _PLACE), code


@kernel
def plain_subtract_rows(target, source, stride, p, q, r, s, begin, end):
    """Plain loop of `subtract_rows`."""
    for i in range(begin, end):
        taken = p * load_f64(source, i) + q * load_f64(source + stride, i)
        taken += r * load_f64(source + 2 * stride, i)
        taken += s * load_f64(source + 3 * stride, i)
        store_f64(target, i, load_f64(target, i) - taken)


@vectorised(plain_subtract_rows)
def subtract_rows(
    typing_context: Any, target: Any, source: Any, stride: Any,
    p: Any, q: Any, r: Any, s: Any, begin: Any, end: Any,
) -> Any:
    """``target[i] -= p * a[i] + q * b[i] + r * c[i] + s * d[i]`` for begin <= i < end, float64.

    The rows a, b, c, d begin at `source`, `stride` bytes apart.
    """

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


@kernel
def plain_subtract_tile(target, source, stride, place, begin, end):
    """Plain loop of `subtract_tile`."""
    for i in range(4):
        scales = source + 8 * (place + i)
        plain_subtract_rows(
            target + i * stride, source, stride, load_f64(scales, 0), load_f64(scales + stride, 0),
            load_f64(scales + 2 * stride, 0), load_f64(scales + 3 * stride, 0), begin, end,
        )  # fmt: skip


@vectorised(plain_subtract_tile)
def subtract_tile(
    typing_context: Any, target: Any, source: Any, stride: Any, place: Any, begin: Any, end: Any
) -> Any:
    """`subtract_rows` of four rows, `stride` bytes apart like those at `source`.

    The scales of row i stand in the rows at `source`, at index ``place + i``.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, stride, place, begin, end = arguments
        steps = [builder.mul(stride, I64(row)) for row in range(4)]
        sources = [builder.add(source, step) for step in steps]
        scales = []
        for i in range(4):
            at = builder.add(place, I64(i))
            numbers = [load(builder, F64, _at(builder, row, at)) for row in sources]
            scales.append([fill(builder, number, F64_LANES) for number in numbers])

        def body(index: Any) -> list[Any]:
            rows = [load(builder, _FLOATS, _at(builder, row, index)) for row in sources]
            for step, row_scales in zip(steps, scales, strict=True):
                taken = builder.fmul(row_scales[0], rows[0])
                for scale, row in zip(row_scales[1:], rows[1:], strict=True):
                    taken = builder.fadd(taken, builder.fmul(scale, row))
                at = _at(builder, builder.add(target, step), index)
                store(builder, builder.fsub(load(builder, _FLOATS, at), taken), at)
            return []

        loop(builder, begin, end, F64_LANES, [], body)
        return context.get_dummy_value()

    return types.void(*[_PLACE] * 6), code


@kernel
def plain_finish_row(target, source, stride, rows, place, factor, begin, end):
    """Plain loop of `finish_row`."""
    for i in range(begin, end):
        value = load_f64(target, i)
        for row in range(rows):
            at = source + row * stride
            value -= load_f64(at, place) * load_f64(at, i)
        store_f64(target, i, value * factor)


@vectorised(plain_finish_row)
def finish_row(
    typing_context: Any, target: Any, source: Any, stride: Any, rows: Any, place: Any,
    factor: Any, begin: Any, end: Any,
) -> Any:  # fmt: skip
    """Subtract up to three rows from a row, one after the other, and multiply it by `factor`.

    They begin at `source`, `stride` bytes apart; each is scaled by its element at `place`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, source, stride, rows, place, factor, begin, end = arguments
        multiplier = fill(builder, factor, F64_LANES)

        def write(number: int) -> None:
            sources = [builder.add(source, builder.mul(stride, I64(row))) for row in range(number)]
            numbers = [load(builder, F64, _at(builder, row, place)) for row in sources]
            scales = [fill(builder, number, F64_LANES) for number in numbers]

            def body(index: Any) -> list[Any]:
                at = _at(builder, target, index)
                value = load(builder, _FLOATS, at)
                for row, scale in zip(sources, scales, strict=True):
                    other = load(builder, _FLOATS, _at(builder, row, index))
                    value = builder.fsub(value, builder.fmul(scale, other))
                store(builder, builder.fmul(value, multiplier), at)
                return []

            loop(builder, begin, end, F64_LANES, [], body)

        for number in range(4):
            with builder.if_then(builder.icmp_signed("==", rows, I64(number))):
                write(number)
        return context.get_dummy_value()

    return types.void(*[_PLACE] * 5, _NUMBER, _PLACE, _PLACE), code


def _tiles_of(builder: Any, vectors: Any, write: Callable[[int], None]) -> None:
    """Let `write` write code for each number of vectors that may be asked for."""
    for number in range(1, CORRELATED + 1):
        with builder.if_then(builder.icmp_signed("==", vectors, I64(number))):
            write(number)


@kernel
def _interleaved(x, y, lag, begin, end, step):
    total = 0.0
    for k in range(begin, end, step):
        total += load_f64(x, k) * load_f64(y, k - lag)
    return total


@kernel
def plain_correlate(x, y, count, out, vectors):
    """Plain loop of `correlate`."""
    sets = 4 if vectors == 1 else 2 if vectors < 4 else 1
    even = count - count % sets
    for lag in range(F64_LANES * vectors):
        total = _interleaved(x, y, lag, 0, even, sets)
        for k in range(even, count):
            total += load_f64(x, k) * load_f64(y, k - lag)
        for first in range(1, sets):
            total += _interleaved(x, y, lag, first, even, sets)
        store_f64(out, lag, total)


@vectorised(plain_correlate)
def correlate(
    typing_context: Any, x: Any, y: Any, count: Any, out: Any, vectors: Any
) -> Any:
    """``out[lag] = sum of x[k] * y[k - lag]`` for lag < 8 * vectors, k < count, all float64.

    At most `CORRELATED` vectors; `count` is any.  One vector has four interleaved partial sums,
    two and three have two, each in index order; they are added at the end.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y, count, out, vectors = arguments

        def write(number: int) -> None:
            def add(index: Any, sums: tuple[Any, ...]) -> list[Any]:
                factor = fill(builder, load(builder, F64, _at(builder, x, index)), F64_LANES)
                newest = _at(builder, y, index)
                following = []
                for place, total in enumerate(sums):
                    oldest = builder.sub(newest, I64(8 * (F64_LANES * (place + 1) - 1)))
                    product = builder.fmul(factor, load(builder, _FLOATS, oldest))
                    following.append(builder.fadd(total, product))
                return following

            # an addition takes several cycles: few vectors need several sums to fill them
            sets = max(4 // number, 1 + (number == 3))

            def body(index: Any, *sums: Any) -> list[Any]:
                return [
                    total
                    for k in range(sets)
                    for total in add(
                        builder.add(index, I64(k)), sums[k * number : (k + 1) * number]
                    )
                ]

            even = builder.and_(count, I64(-sets))
            sums = loop(builder, I64(0), even, sets, [constant(_FLOATS, 0.0)] * number * sets, body)
            rest = loop(builder, even, count, 1, sums[:number], lambda k, *first: add(k, first))
            for k in range(1, sets):
                others = sums[k * number : (k + 1) * number]
                rest = [builder.fadd(a, b) for a, b in zip(rest, others, strict=True)]
            for place, total in enumerate(rest):
                newest_first = pick(builder, total, range(F64_LANES - 1, -1, -1))
                store(builder, newest_first, builder.add(out, I64(8 * F64_LANES * place)))

        _tiles_of(builder, vectors, write)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), code

"""Vector loops over float64 that hold integers, with sums so small that all of them are exact.

So neither the order of additions matters nor whether a product is rounded before it is added: where
a processor multiplies and adds in one instruction, that is what these loops do, and every processor
gives the same.  Counts are any, and addresses as in `nlac.kernels.vectors_f64`.
"""

from __future__ import annotations

from typing import Any

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import (
    F64,
    I64,
    constant,
    fill,
    load,
    loop,
    multiply_add,
    pick,
    store,
    sum_lanes,
    types,
    vector,
    vectorised,
)
from nlac.kernels.memory import load_f64, store_f64
from nlac.kernels.vectors_f64 import CORRELATED, F64_LANES

EXACT = 2.0**53  # integers up to here are exact
_FLOATS, _BITS = vector(F64, F64_LANES), vector(I64, F64_LANES)
_PLACE = types.int64
# partial sums of each lag, by the vectors of lags: an addition takes several cycles
_SETS = {1: 8, 2: 4, 3: 4, 4: 2, 5: 2}


def _at(builder: Any, base: Any, index: Any) -> Any:
    """Address of an element."""
    return builder.add(base, builder.shl(index, I64(3)))


@kernel
def plain_largest(values, count):
    """Plain loop of `largest`."""
    most = 0.0
    for i in range(count):
        most = max(most, abs(load_f64(values, i)))
    return most


@vectorised(plain_largest)
def largest(typing_context: Any, values: Any, count: Any) -> Any:
    """Largest absolute value of `count` float64, a multiple of `F64_LANES`; no NaN among them."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, count = arguments
        magnitude = constant(_BITS, (1 << 63) - 1)

        def larger(one: Any, other: Any) -> Any:
            # without their signs, the bits of floats are in the order of the floats
            return builder.select(builder.icmp_signed(">", one, other), one, other)

        def body(index: Any, most: Any) -> list[Any]:
            own = load(builder, _BITS, _at(builder, values, index))
            return [larger(most, builder.and_(own, magnitude))]

        (most,) = loop(builder, I64(0), count, F64_LANES, [constant(_BITS, 0)], body)
        return builder.bitcast(sum_lanes(builder, most, larger), F64)

    return types.float64(_PLACE, _PLACE), code


@kernel
def plain_correlate_exact(x, y, count, out, vectors):
    """Plain loop of `correlate_exact`."""
    for lag in range(F64_LANES * vectors):
        total = 0.0
        for k in range(count):
            total += load_f64(x, k) * load_f64(y, k - lag)
        store_f64(out, lag, total)


@vectorised(plain_correlate_exact)
def correlate_exact(typing_context: Any, x: Any, y: Any, count: Any, out: Any, vectors: Any) -> Any:
    """``out[lag] = sum of x[k] * y[k - lag]`` for lag < 8 * vectors, k < count, all float64.

    At most `CORRELATED` vectors.  ``count`` times the largest product is at most `EXACT`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, y, count, out, vectors = arguments

        def newest(place: Any) -> Any:
            """Samples of `y` up to a place."""
            first = builder.sub(place, I64(F64_LANES - 1))
            return load(builder, _FLOATS, _at(builder, y, first))

        def write(number: int) -> None:
            sets = _SETS[number]

            def add(total: Any, place: Any, samples: Any) -> Any:
                factor = fill(builder, load(builder, F64, _at(builder, x, place)), F64_LANES)
                return multiply_add(builder, factor, samples, total)

            # samples are loaded once for all lags: k is another one for each vector of lags
            def body(index: Any, *sums: Any) -> list[Any]:
                following = []
                for k in range(sets):
                    place = builder.add(index, I64(k))
                    samples = newest(place)
                    for p in range(number):
                        later = builder.add(place, I64(F64_LANES * p))
                        following.append(add(sums[k * number + p], later, samples))
                return following

            inner = builder.sub(count, I64(F64_LANES * (number - 1)))
            is_any = builder.icmp_signed(">", inner, I64(0))
            inner = builder.and_(builder.select(is_any, inner, I64(0)), I64(-sets))
            none = [constant(_FLOATS, 0.0)] * (number * sets)
            sums = loop(builder, I64(0), inner, sets, none, body)
            for p in range(number):
                total = sums[p]
                for other in sums[p + number :: number]:
                    total = builder.fadd(total, other)
                skipped = I64(F64_LANES * p)

                def edge(index: Any, total: Any, skipped: Any = skipped) -> list[Any]:
                    return [add(total, index, newest(builder.sub(index, skipped)))]

                is_less = builder.icmp_signed("<", skipped, count)
                head = builder.select(is_less, skipped, count)
                (total,) = loop(builder, I64(0), head, 1, [total], edge)
                (total,) = loop(builder, builder.add(head, inner), count, 1, [total], edge)
                total = pick(builder, total, range(F64_LANES - 1, -1, -1))
                store(builder, total, builder.add(out, I64(8 * F64_LANES * p)))

        for number in range(1, CORRELATED + 1):
            with builder.if_then(builder.icmp_signed("==", vectors, I64(number))):
                write(number)
        return context.get_dummy_value()

    return types.void(*[_PLACE] * 5), code

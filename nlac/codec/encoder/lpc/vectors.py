"""Vector loop that fills covariance matrices; see `nlac.codec.encoder.lpc.covariance`."""

from __future__ import annotations

from typing import Any

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import F64, I64, fill, load, loop, store, types, vector, vectorised
from nlac.kernels.memory import load_f64, store_f64
from nlac.kernels.vectors_f64 import F64_LANES

_FLOATS = vector(F64, F64_LANES)


@kernel
def plain_fill_block(corner, stride, rows, columns, slope, more, less, come, gone):
    """Plain loop of `fill_block`."""
    for i in range(rows - 1):
        above = corner + i * stride
        plus, minus = load_f64(more, -i), load_f64(less, -i)
        begin = slope * i & ~(F64_LANES - 1)
        end = begin + ((columns - 1 - begin + F64_LANES - 1) & ~(F64_LANES - 1))
        for j in range(begin, end):
            value = load_f64(above, j) + plus * load_f64(come, j)
            store_f64(above + stride, j + 1, value - minus * load_f64(gone, j))


@vectorised(plain_fill_block)
def fill_block(
    typing_context: Any, corner: Any, stride: Any, rows: Any, columns: Any, slope: Any,
    more: Any, less: Any, come: Any, gone: Any,
) -> Any:
    """Fill the matrix block of two sequences from its first row and column.

    Each entry is the one above and to the left, plus ``more[-i] * come[j]``, less
    ``less[-i] * gone[j]``; `stride` bytes lie between rows.  With `slope` 1, only what is on and
    above the diagonal, with 0 everything.  Vectors are whole: up to `F64_LANES` - 1 columns are
    overwritten behind the block, and as many before the diagonal.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        corner, stride, rows, columns, slope, more, less, come, gone = arguments

        def row(i: Any) -> list[Any]:
            above = builder.add(corner, builder.mul(i, stride))
            below = builder.add(builder.add(above, stride), I64(8))
            back = builder.shl(i, I64(3))
            plus, minus = (
                fill(builder, load(builder, F64, builder.sub(base, back)), F64_LANES)
                for base in (more, less)
            )

            def columns_of(j: Any) -> list[Any]:
                at = builder.shl(j, I64(3))
                value, own, other = (
                    load(builder, _FLOATS, builder.add(base, at)) for base in (above, come, gone)
                )
                value = builder.fadd(value, builder.fmul(plus, own))
                value = builder.fsub(value, builder.fmul(minus, other))
                store(builder, value, builder.add(below, at))
                return []

            begin = builder.and_(builder.mul(slope, i), I64(-F64_LANES))
            loop(builder, begin, builder.sub(columns, I64(1)), F64_LANES, [], columns_of)
            return []

        loop(builder, I64(0), builder.sub(rows, I64(1)), 1, [], row)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), code

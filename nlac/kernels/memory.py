"""Plain memory access for compiled kernels.

numba counts references to an array whenever it is handed to another compiled
function, and the counting (atomic, through a pointer) made the coding loops
three times slower.  So a loop takes the addresses of its arrays once and its
helpers pass those on.  Nothing here checks a bound: a caller must have proved
that every index is inside, and must keep the array alive.

numba frees an array after its last use by name, and does not count its address
as a use.  So a kernel that makes an array and takes its address must end with
``keep(array)``; a test enforces it.  Arguments live as long as the call.

All loads widen to 64 bits, so that arithmetic stays in int64 or uint64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import intrinsic


def _pointer(builder: Any, kind: Any, base: Any, index: Any) -> Any:
    pointer = builder.inttoptr(base, kind.as_pointer())
    return builder.gep(pointer, [index])


def _loader(bits: int, signed: bool) -> Any:
    result = types.int64 if signed else types.uint64

    def load(typing_context: Any, base: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = builder.load(_pointer(builder, ir.IntType(bits), arguments[0], arguments[1]))
            if bits == 64:
                return value
            widen = builder.sext if signed else builder.zext
            return widen(value, ir.IntType(64))

        return result(types.int64, types.int64), code

    return intrinsic(load)


def _storer(bits: int) -> Any:
    def store(typing_context: Any, base: Any, index: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base, index, value = arguments
            if bits < 64:
                value = builder.trunc(value, ir.IntType(bits))
            builder.store(value, _pointer(builder, ir.IntType(bits), base, index))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, value), code

    return intrinsic(store)


def _low_loader() -> Any:
    def load(typing_context: Any, base: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = builder.load(_pointer(builder, ir.IntType(64), arguments[0], arguments[1]))
            return builder.sext(builder.trunc(value, ir.IntType(32)), ir.IntType(64))

        return types.int64(types.int64, types.int64), code

    return intrinsic(load)


def _narrow() -> Any:
    def low(typing_context: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.sext(builder.trunc(arguments[0], ir.IntType(32)), ir.IntType(64))

        return types.int64(types.int64), code

    return intrinsic(low)


def _zeros(instruction: str) -> Any:
    def count(typing_context: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.int64), code

    return intrinsic(count)


def _float_loader() -> Any:
    def load(typing_context: Any, base: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base, index = arguments
            return builder.load(_pointer(builder, ir.DoubleType(), base, index))

        return types.float64(types.int64, types.int64), code

    return intrinsic(load)


def _float_storer() -> Any:
    def store(typing_context: Any, base: Any, index: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base, index, value = arguments
            builder.store(value, _pointer(builder, ir.DoubleType(), base, index))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.float64), code

    return intrinsic(store)


def _keeper() -> Any:
    def keep(typing_context: Any, array: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return context.get_dummy_value()

        return types.void(array), code

    return intrinsic(keep)


keep = _keeper()  # of an array: does nothing, but later than all that use its address
load_f64 = _float_loader()
store_f64 = _float_storer()
# for 64-bit cells that hold 32-bit integers: the compiler then knows that a product needs
# one vector instruction, and no widening
load_low = _low_loader()
narrow = _narrow()
trailing_zeros = _zeros("cttz")  # of an int64; 64 for 0
leading_zeros = _zeros("ctlz")  # of an int64; 64 for 0
load_i64 = _loader(64, signed=True)
load_i32 = _loader(32, signed=True)
load_i16 = _loader(16, signed=True)
load_u32 = _loader(32, signed=False)
store_64 = _storer(64)
store_32 = _storer(32)
store_16 = _storer(16)


@kernel
def address(array):
    """Address of an array's first element, int64."""
    return np.int64(array.ctypes.data)

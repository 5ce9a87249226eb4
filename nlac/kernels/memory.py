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

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import F64, I32, I64, instruction, ir, types

_MASK = (1 << 64) - 1


def _pointer(builder: Any, kind: Any, base: Any, index: Any) -> Any:
    pointer = builder.inttoptr(base, kind.as_pointer())
    return builder.gep(pointer, [index])


def _read(cell: Any, result: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a reader of a `ctypes` number, as Python."""
    size = ctypes.sizeof(cell)
    return lambda base, index: result(cell.from_address(int(base) + size * int(index)).value)


def _write(cell: Any, number: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a writer of a `ctypes` number, as Python; integers are cut to its size."""
    size = ctypes.sizeof(cell)

    def write(base: Any, index: Any, value: Any) -> None:
        cell.from_address(int(base) + size * int(index)).value = number(value)

    return write


def _loader(bits: int, signed: bool) -> Any:
    result = types.int64 if signed else types.uint64
    cell = getattr(ctypes, f"c_{'' if signed else 'u'}int{bits}")

    @instruction(_read(cell, np.int64 if signed else np.uint64))
    def load(typing_context: Any, base: Any, index: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = builder.load(_pointer(builder, ir.IntType(bits), arguments[0], arguments[1]))
            if bits == 64:
                return value
            widen = builder.sext if signed else builder.zext
            return widen(value, I64)

        return result(types.int64, types.int64), code

    return load


def _storer(bits: int) -> Any:
    @instruction(_write(getattr(ctypes, f"c_int{bits}"), int))
    def store(typing_context: Any, base: Any, index: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            base, index, value = arguments
            if bits < 64:
                value = builder.trunc(value, ir.IntType(bits))
            builder.store(value, _pointer(builder, ir.IntType(bits), base, index))
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, value), code

    return store


def _low(value: Any) -> np.int64:
    return np.int64(ctypes.c_int32(int(value)).value)


@instruction(_read(ctypes.c_int64, _low))
def load_low(typing_context: Any, base: Any, index: Any) -> Any:
    """Low 32 bits of a 64-bit cell, int64.

    Where cells hold 32-bit integers the compiler then knows that a product needs one vector
    instruction, and no widening.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_pointer(builder, I64, arguments[0], arguments[1]))
        return builder.sext(builder.trunc(value, I32), I64)

    return types.int64(types.int64, types.int64), code


@instruction(_low)
def narrow(typing_context: Any, value: Any) -> Any:
    """Low 32 bits of an int64, int64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sext(builder.trunc(arguments[0], I32), I64)

    return types.int64(types.int64), code


def _zeros(name: str, python: Callable[[int], int]) -> Any:
    @instruction(lambda value: np.int64(python(int(value) & _MASK)))
    def count(typing_context: Any, value: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.int64), code

    return count


@instruction(_read(ctypes.c_double, np.float64))
def load_f64(typing_context: Any, base: Any, index: Any) -> Any:
    """Float at an index, float64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, index = arguments
        return builder.load(_pointer(builder, F64, base, index))

    return types.float64(types.int64, types.int64), code


@instruction(_write(ctypes.c_double, float))
def store_f64(typing_context: Any, base: Any, index: Any, value: Any) -> Any:
    """Write a float at an index."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        base, index, value = arguments
        builder.store(value, _pointer(builder, F64, base, index))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64), code


@instruction(lambda array: None)
def keep(typing_context: Any, array: Any) -> Any:
    """Keep an array: does nothing, but later than all that use its address."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_dummy_value()

    return types.void(array), code


# of an int64; 64 for 0
trailing_zeros = _zeros("cttz", lambda bits: (bits & -bits).bit_length() - 1 if bits else 64)
leading_zeros = _zeros("ctlz", lambda bits: 64 - bits.bit_length())
# load(base, index): the element of so many bits at an index of an address, int64 or uint64
load_i64 = _loader(64, signed=True)
load_i32 = _loader(32, signed=True)
load_i16 = _loader(16, signed=True)
load_i8 = _loader(8, signed=True)
load_u32 = _loader(32, signed=False)
load_u8 = _loader(8, signed=False)
# store(base, index, value): the low bits of an integer of 64 bits
store_64 = _storer(64)
store_32 = _storer(32)
store_16 = _storer(16)
store_8 = _storer(8)


@kernel
def address(array):
    """Address of an array's first element, int64."""
    return np.int64(array.ctypes.data)

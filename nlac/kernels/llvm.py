"""What vector loops for compiled kernels are written with: LLVM's instructions, in small steps.

numba's compiler finds vector instructions for most loops by itself.  The modules named `vectors`
hold the few, innermost ones where it does not.  Addresses and counts are int64; nothing is
checked, see `nlac.kernels.memory`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nlac.kernels.mode import MODE, Mode
from nlac.kernels.plain import is_plain


class _Unused:
    """Stands for all of a compiler's names where nothing is compiled."""

    def __getattr__(self, name: str) -> _Unused:
        return self

    def __call__(self, *arguments: Any, **options: Any) -> _Unused:
        return self


if MODE is Mode.JIT:
    import llvmlite.ir
    import numba.core.types
    import numba.extending

    ir: Any = llvmlite.ir
    types: Any = numba.core.types
    _intrinsic: Any = numba.extending.intrinsic
else:
    ir = types = _intrinsic = _Unused()
I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
F64 = ir.DoubleType()
_BYTES = {I8: 1, I16: 2, I32: 4, I64: 8, F64: 8}


def instruction(python: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Let kernels call what a function writes; `python` does the same where nothing is compiled."""

    def decorate(function: Callable[..., Any]) -> Any:
        return _intrinsic(function) if MODE is Mode.JIT else python

    return decorate


def vectorised(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Let kernels call the vector loop that a function writes.

    Parameters
    ----------
    plain : kernel
        Plain loop of the same arguments and results, bit for bit.  It runs in place of the
        vector loop where `nlac.kernels.plain` says so.  Its name is `plain_`, then that of the
        vector loop.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        return plain if is_plain(plain.__name__.removeprefix("plain_")) else _intrinsic(function)

    return decorate


def target(context: Any) -> tuple[str, str]:
    """Kind of machine and features of the processor that a kernel is compiled for."""
    from nlac.kernels import numba_internals

    return numba_internals.target(context)


def vector(element: Any, lanes: int) -> Any:
    """Type of a vector of `lanes` numbers."""
    return ir.VectorType(element, lanes)


def constant(kind: Any, value: float) -> Any:
    """Return a vector that has the same number in every lane."""
    return ir.Constant(kind, [value] * kind.count)


def _pointer(builder: Any, kind: Any, address: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _align(kind: Any) -> int:
    """Bytes that addresses are multiples of; only the alignment of one element is promised."""
    return _BYTES[getattr(kind, "element", kind)]


def load(builder: Any, kind: Any, address: Any) -> Any:
    """Read a number or a vector."""
    return builder.load(_pointer(builder, kind, address), align=_align(kind))


def store(builder: Any, value: Any, address: Any) -> None:
    """Write a number or a vector."""
    builder.store(value, _pointer(builder, value.type, address), align=_align(value.type))


def fill(builder: Any, value: Any, lanes: int) -> Any:
    """Put a number into every lane."""
    undefined = ir.Constant(vector(value.type, lanes), ir.Undefined)
    single = builder.insert_element(undefined, value, I32(0))
    return builder.shuffle_vector(single, undefined, constant(vector(I32, lanes), 0))


def pick(builder: Any, value: Any, places: Iterable[int]) -> Any:
    """Return the lanes at these places."""
    mask = list(places)
    undefined = ir.Constant(value.type, ir.Undefined)
    return builder.shuffle_vector(value, undefined, ir.Constant(vector(I32, len(mask)), mask))


def join(builder: Any, low: Any, high: Any) -> Any:
    """One vector of the lanes of two."""
    lanes = 2 * low.type.count
    return builder.shuffle_vector(low, high, ir.Constant(vector(I32, lanes), list(range(lanes))))


def low_half(builder: Any, value: Any) -> Any:
    """Return 64-bit lanes cut to 32 bits, so that a product of two is a single instruction."""
    half = constant(value.type, 32)
    return builder.ashr(builder.shl(value, half), half)


def fill_low(builder: Any, value: Any, lanes: int) -> Any:
    """Put the low half of a 64-bit number into every lane, as `low_half` of `fill` does.

    Halves of lanes are filled here, which needs no instruction that widens them.
    """
    narrow = fill(builder, builder.trunc(value, I32), 2 * lanes)
    return low_half(builder, builder.bitcast(narrow, vector(I64, lanes)))


def shift_right(builder: Any, value: Any, bits: int, half: bool = False) -> Any:
    """Shift lanes to the right, rounding down or, with `half`, to the nearest, halves up."""
    if half:
        value = builder.add(value, constant(value.type, 1 << (bits - 1)))
    return builder.ashr(value, constant(value.type, bits))


def look_up_i16(builder: Any, table: Any, index: Any) -> Any:
    """Entries of a table of 16-bit integers as 32-bit lanes, at an index of 64 bits in each.

    Two bytes beyond an entry are read, too.
    """
    lanes = index.type.count
    kind, mask = vector(I32, lanes), constant(vector(ir.IntType(1), lanes), 1)
    places = builder.add(fill(builder, table, lanes), builder.shl(index, constant(index.type, 1)))
    pointers = builder.inttoptr(places, vector(I32.as_pointer(), lanes))
    shape = ir.FunctionType(kind, [pointers.type, I32, mask.type, kind])
    function = declared(builder, f"llvm.masked.gather.v{lanes}i32.v{lanes}p0i32", shape)
    both = builder.call(function, [pointers, I32(2), mask, constant(kind, 0)])
    # the entry is the lower half, on processors that numba compiles for
    return builder.ashr(builder.shl(both, constant(kind, 16)), constant(kind, 16))


def sum_lanes(builder: Any, value: Any, add: Callable[[Any, Any], Any]) -> Any:
    """Sum of all lanes, the upper half added to the lower until one is left."""
    lanes = value.type.count
    while lanes > 1:
        lanes //= 2
        value = add(
            pick(builder, value, range(lanes)), pick(builder, value, range(lanes, 2 * lanes))
        )
    return builder.extract_element(value, I32(0))


def multiply_add(builder: Any, left: Any, right: Any, total: Any) -> Any:
    """Return ``left * right + total`` of float64 lanes; in one instruction, where there is one.

    For exact products only: others are rounded twice or once, as the processor has it.
    """
    kind = total.type
    shape = ir.FunctionType(kind, [kind] * 3)
    function = declared(builder, f"llvm.fmuladd.v{kind.count}f64", shape)
    return builder.call(function, [left, right, total])


def loop(
    builder: Any,
    begin: Any,
    end: Any,
    step: int,
    carried: Sequence[Any],
    body: Callable[..., Sequence[Any]],
) -> list[Any]:
    """Write ``for i in range(begin, end, step): carried = body(i, *carried)``.

    Returns
    -------
    carried : list
        The values after the last turn.
    """
    before = builder.block
    head, inside, done = (builder.append_basic_block(name) for name in ("head", "body", "done"))
    builder.branch(head)
    builder.position_at_end(head)
    index = builder.phi(I64)
    index.add_incoming(begin, before)
    values = []
    for first in carried:
        values.append(builder.phi(first.type))
        values[-1].add_incoming(first, before)
    builder.cbranch(builder.icmp_signed("<", index, end), inside, done)
    builder.position_at_end(inside)
    following = body(index, *values)
    index.add_incoming(builder.add(index, I64(step)), builder.block)
    for value, new in zip(values, following, strict=True):
        value.add_incoming(new, builder.block)
    builder.branch(head)
    builder.position_at_end(done)
    return values


class MaskedVector:
    """Access to those of eight 64-bit integers whose lane lies below ``count - index``.

    With `inverted`, to the others.  What is not accessed is neither read nor written.
    """

    def __init__(self, builder: Any, index: Any, count: Any, inverted: bool = False) -> None:
        self._builder = builder
        self._kind = vector(I64, 8)
        places = ir.Constant(self._kind, list(range(8)))
        left = fill(builder, builder.sub(count, index), 8)
        self._inside = builder.icmp_signed(">=" if inverted else "<", places, left)

    def load(self, address: Any) -> Any:
        """Read the accessible integers; the others are 0."""
        kind = self._kind
        function = self._function("load", kind, [kind.as_pointer(), I32, self._inside.type, kind])
        place = _pointer(self._builder, kind, address)
        return self._builder.call(function, [place, I32(8), self._inside, constant(kind, 0)])

    def store(self, value: Any, address: Any) -> None:
        """Write the accessible integers."""
        kind = self._kind
        words = [kind, kind.as_pointer(), I32, self._inside.type]
        function = self._function("store", ir.VoidType(), words)
        place = _pointer(self._builder, kind, address)
        self._builder.call(function, [value, place, I32(8), self._inside])

    def _function(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        full = f"llvm.masked.{name}.v8i64.p0v8i64"
        return declared(self._builder, full, ir.FunctionType(result, arguments))


class FullVector:
    """Access to all of eight 64-bit integers, in the manner of `MaskedVector`."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def load(self, address: Any) -> Any:
        """Read all."""
        return load(self._builder, vector(I64, 8), address)

    def store(self, value: Any, address: Any) -> None:
        """Write all."""
        store(self._builder, value, address)


def declared(builder: Any, name: str, shape: Any) -> Any:
    """Return one of LLVM's own functions."""
    found = builder.module.globals.get(name)
    return found if found is not None else ir.Function(builder.module, shape, name)

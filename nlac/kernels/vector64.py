"""Eight 64-bit integers as a Python object, for vector loops that are long formulas."""

from __future__ import annotations

from typing import Any

from nlac.kernels.llvm import (
    F64,
    I32,
    I64,
    constant,
    fill,
    ir,
    load,
    low_half,
    store,
    sum_lanes,
    vector,
)

_NUMBERS = 8
_INTEGERS, _REALS = vector(I64, _NUMBERS), vector(F64, _NUMBERS)


class Vector64:
    """Eight int64 in a register; Python's operators write the instructions.

    Other operands are vectors, Python's integers, or LLVM's, which count for every lane.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _other(self, other: Any) -> Any:
        if isinstance(other, Vector64):
            return other.value
        if isinstance(other, int):
            return constant(_INTEGERS, other)
        return fill(self.builder, other, _NUMBERS)

    @classmethod
    def of(cls, builder: Any, value: int) -> Vector64:
        """Return the same number in every lane."""
        return cls(builder, constant(_INTEGERS, value))

    @classmethod
    def load(cls, builder: Any, row: Any, cell: int) -> Vector64:
        """Read eight cells from a cell of a row on."""
        return cls(builder, load(builder, _INTEGERS, builder.add(row, I64(8 * cell))))

    def __add__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.add(self.value, self._other(other)))

    def __sub__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.sub(self.value, self._other(other)))

    def __mul__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.mul(self.value, self._other(other)))

    def __and__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.and_(self.value, self._other(other)))

    def __lshift__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.shl(self.value, self._other(other)))

    def __rshift__(self, other: Any) -> Vector64:
        return Vector64(self.builder, self.builder.ashr(self.value, self._other(other)))

    def at_most(self, other: Any) -> Vector64:
        """Smaller of each number and another."""
        other = self._other(other)
        less = self.builder.icmp_signed("<", self.value, other)
        return Vector64(self.builder, self.builder.select(less, self.value, other))

    def at_least(self, other: Any) -> Vector64:
        """Larger of each number and another."""
        other = self._other(other)
        more = self.builder.icmp_signed(">", self.value, other)
        return Vector64(self.builder, self.builder.select(more, self.value, other))

    def size(self) -> Vector64:
        """Absolute values."""
        return self.at_least(Vector64(self.builder, self._other(0)) - self)

    def double_bits(self) -> Vector64:
        """Bits of each number as an IEEE double."""
        real = self.builder.sitofp(self.value, _REALS)
        return Vector64(self.builder, self.builder.bitcast(real, _INTEGERS))

    def product(self, other: Any) -> Vector64:
        """Product with another, where all numbers of both have 32 bits: one instruction."""
        halves = (low_half(self.builder, each) for each in (self.value, self._other(other)))
        return Vector64(self.builder, self.builder.mul(*halves))

    def product_32(self, other: Vector64) -> Vector64:
        """Product with another whose numbers are from 0 to 2**32 - 1: two instructions and a few.

        It takes half as long as `*`.
        """
        builder = self.builder
        low, half = constant(_INTEGERS, (1 << 32) - 1), constant(_INTEGERS, 32)
        factor = builder.and_(other.value, low)
        below = builder.mul(builder.and_(self.value, low), factor)
        above = builder.mul(builder.lshr(self.value, half), factor)
        return Vector64(builder, builder.add(below, builder.shl(above, half)))

    def quotient(self, divisor: Vector64) -> Vector64:
        """Quotients, rounded down, by divisors from 1 to 2**40.

        They are exact between -2**31 and 2**31; those beyond only stay beyond.
        """
        builder = self.builder
        above, below = (builder.sitofp(each.value, _REALS) for each in (self, divisor))
        near = builder.fptosi(builder.fdiv(above, below), _INTEGERS)
        # wrong by one at most
        near = Vector64(builder, near).at_least(-(1 << 31) - 1).at_most((1 << 31) + 1)
        rest = self - near * divisor
        less = builder.icmp_signed("<", rest.value, self._other(0))
        more = builder.icmp_signed(">=", rest.value, divisor.value)
        one_less, one_more = (builder.sext(each, _INTEGERS) for each in (less, more))
        return near + Vector64(builder, one_less) - Vector64(builder, one_more)

    def look_up(self, table: Any) -> Vector64:
        """64-bit entries of a table at these indices."""
        builder = self.builder
        result = ir.Constant(_INTEGERS, ir.Undefined)
        start = builder.inttoptr(table, I64.as_pointer())
        for i in range(_NUMBERS):
            index = builder.extract_element(self.value, I32(i))
            entry = builder.load(builder.gep(start, [index]))
            result = builder.insert_element(result, entry, I32(i))
        return Vector64(builder, result)

    def store(self, row: Any, cell: int) -> None:
        """Write eight cells from a cell of a row on."""
        store(self.builder, self.value, self.builder.add(row, I64(8 * cell)))

    def total(self) -> Any:
        """Sum of all lanes."""
        return sum_lanes(self.builder, self.value, self.builder.add)


def load_number(builder: Any, base: Any, index: int) -> Any:
    """Read one 64-bit integer."""
    return load(builder, I64, builder.add(base, I64(8 * index)))

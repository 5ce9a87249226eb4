"""Eight parts of a mixture at once: the vector steps of `cascade_mixture`.

Written in LLVM's own language, since the compiler does not find vector loops
that look up tables.  All is integer arithmetic in 64-bit lanes, so every
processor gives the same (converting an integer below 2**53 to a double, for its
logarithm, is exact).

`row` is the address of the first of eight lanes in the channel's row of state;
the other lanes of a part lie at fixed distances from it (`cascade_layout`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from nlac.entropy.adaptive_mixture_state import (
    EXP_STEPS,
    FEATURES,
    GATE_LIMIT,
    GATE_RATE,
    MAX_PARTS,
    MIXTURE_LANES,
    SHARE_BITS,
    SHARE_LEAK,
    SHARE_RATE,
    MixtureCell,
)
from nlac.entropy.distributions import CELLS, REACH, TAIL
from nlac.kernels.llvm import intrinsic

# cells of eight parts
SOURCE = MixtureCell.SOURCE
RATE = MixtureCell.RATE
INVERSE = MixtureCell.INVERSE
GAINED = MixtureCell.GAINED
LEAST = MixtureCell.LEAST
MEAN = MixtureCell.MEAN
SHARE = MixtureCell.SHARE
GATES = MixtureCell.GATES
LOCATION = MixtureCell.LOCATION
MANTISSA = MixtureCell.MANTISSA
SHIFT = MixtureCell.SHIFT
WEIGHT = MixtureCell.WEIGHT
JOINT = MixtureCell.JOINT
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_LANES = ir.VectorType(_I64, MIXTURE_LANES)
_REALS = ir.VectorType(ir.DoubleType(), MIXTURE_LANES)


class _Lanes:
    """Eight int64 in a register; Python's operators write the instructions."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _other(self, other: Any) -> Any:
        if isinstance(other, _Lanes):
            return other.value
        if isinstance(other, int):
            return ir.Constant(_LANES, [other] * MIXTURE_LANES)
        builder = self.builder
        single = builder.insert_element(ir.Constant(_LANES, ir.Undefined), other, _I32(0))
        mask = ir.Constant(ir.VectorType(_I32, MIXTURE_LANES), [0] * MIXTURE_LANES)
        return builder.shuffle_vector(single, ir.Constant(_LANES, ir.Undefined), mask)

    def __add__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.add(self.value, self._other(other)))

    def __sub__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.sub(self.value, self._other(other)))

    def __mul__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.mul(self.value, self._other(other)))

    def __and__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.and_(self.value, self._other(other)))

    def __lshift__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.shl(self.value, self._other(other)))

    def __rshift__(self, other: Any) -> _Lanes:
        return _Lanes(self.builder, self.builder.ashr(self.value, self._other(other)))

    def at_most(self, other: Any) -> _Lanes:
        other = self._other(other)
        less = self.builder.icmp_signed("<", self.value, other)
        return _Lanes(self.builder, self.builder.select(less, self.value, other))

    def at_least(self, other: Any) -> _Lanes:
        other = self._other(other)
        more = self.builder.icmp_signed(">", self.value, other)
        return _Lanes(self.builder, self.builder.select(more, self.value, other))

    def size(self) -> _Lanes:
        return self.at_least(_Lanes(self.builder, self._other(0)) - self)

    def double_bits(self) -> _Lanes:
        """Bits of each number as an IEEE double."""
        real = self.builder.sitofp(self.value, _REALS)
        return _Lanes(self.builder, self.builder.bitcast(real, _LANES))

    def look_up(self, table: Any) -> _Lanes:
        """64-bit entries of a table at these indices."""
        builder = self.builder
        result = ir.Constant(_LANES, ir.Undefined)
        start = builder.inttoptr(table, _I64.as_pointer())
        for i in range(MIXTURE_LANES):
            index = builder.extract_element(self.value, _I32(i))
            entry = builder.load(builder.gep(start, [index]))
            result = builder.insert_element(result, entry, _I32(i))
        return _Lanes(builder, result)

    def store(self, row: Any, cell: int) -> None:
        pointer = self.builder.inttoptr(self.builder.add(row, _I64(8 * cell)), _LANES.as_pointer())
        self.builder.store(self.value, pointer, align=8)

    def total(self) -> Any:
        value, kind = self.value, self.value.type
        for half in (4, 2, 1):
            kind = ir.Constant(value.type, ir.Undefined)
            low = ir.Constant(ir.VectorType(_I32, half), list(range(half)))
            high = ir.Constant(ir.VectorType(_I32, half), list(range(half, 2 * half)))
            value = self.builder.add(
                self.builder.shuffle_vector(value, kind, low),
                self.builder.shuffle_vector(value, kind, high),
            )
        return self.builder.extract_element(value, _I32(0))


def _load(builder: Any, row: Any, cell: int) -> _Lanes:
    pointer = builder.inttoptr(builder.add(row, _I64(8 * cell)), _LANES.as_pointer())
    return _Lanes(builder, builder.load(pointer, align=8))


def _number(builder: Any, features: Any, j: int) -> Any:
    pointer = builder.inttoptr(builder.add(features, _I64(8 * j)), _I64.as_pointer())
    return builder.load(pointer)


@intrinsic
def prepare_lanes(
    typing_context: Any,
    row: Any,
    features: Any,
    locations: Any,
    reciprocals: Any,
    exponentials: Any,
    gain: Any,
) -> Any:
    """Set locations and widths of eight parts, and their turned shares; returns their sum."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, features, locations, reciprocals, exponentials, gain = arguments
        _load(builder, row, SOURCE).look_up(locations).store(row, LOCATION)
        bits = (_load(builder, row, MEAN) + (1 << 16)).double_bits()
        # 0 in lanes that the gain does not concern
        factor = ((_load(builder, row, GAINED) & gain) + 65536) * _load(builder, row, INVERSE) >> 16
        mantissa = ((bits >> 44) & 255).look_up(reciprocals) * factor >> 16
        mantissa.store(row, MANTISSA)
        ((bits >> 52) - (1023 + 9)).store(row, SHIFT)
        turn = _load(builder, row, GATES) * _number(builder, features, 0)
        for j in range(1, FEATURES):
            gate = _load(builder, row, GATES + j * MAX_PARTS)
            turn = turn + gate * _number(builder, features, j)
        turn = (turn >> 18).at_least(-EXP_STEPS).at_most(EXP_STEPS) + EXP_STEPS
        weight = _load(builder, row, SHARE) * turn.look_up(exponentials)
        weight.store(row, WEIGHT)
        return weight.total()

    return types.int64(*[types.int64] * 6), code


@intrinsic
def weigh_lanes(typing_context: Any, row: Any, narrow: Any, reciprocal: Any) -> Any:
    """Scale turned shares to weights (Q28) that sum to 1."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, narrow, reciprocal = arguments
        weight = (_load(builder, row, WEIGHT) >> narrow) * reciprocal >> SHARE_BITS
        weight.store(row, WEIGHT)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), code


def _cumulative(with_slope: bool) -> Any:
    def lanes(typing_context: Any, row: Any, table: Any, edge: Any, slot: Any) -> Any:
        result = types.UniTuple(types.int64, 2) if with_slope else types.int64

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            row, table, edge, slot = arguments
            mantissa, shift = _load(builder, row, MANTISSA), _load(builder, row, SHIFT)
            distance = _Lanes(builder, ir.Constant(_LANES, [0] * MIXTURE_LANES)) + edge
            position = (distance - _load(builder, row, LOCATION)) * mantissa >> shift
            # the right end is the end of the last cell
            position = (position + REACH).at_least(0).at_most(2 * REACH)
            cell = (position >> 8).at_most(CELLS - 1)
            entry = cell.look_up(table)
            width = entry & 0xFFFFFFFF
            below = (entry >> 32) + (width * (position - (cell << 8)) >> 8) - TAIL
            below.store(builder.add(row, builder.shl(slot, _I64(3))), 0)
            weight = _load(builder, row, WEIGHT) >> (SHARE_BITS - 16)
            total = (weight * below).total()
            if not with_slope:
                return total
            slope = (weight * width * mantissa >> shift).total()
            return context.make_tuple(builder, signature.return_type, (total, slope))

        return result(*[types.int64] * 4), code

    return intrinsic(lanes)


# sum of weights times frequencies below a boundary; the frequencies are left in `slot`
cumulative_lanes = _cumulative(with_slope=False)
# the same, and 2**8 times the sum's slope (Q8)
slope_lanes = _cumulative(with_slope=True)


@intrinsic
def joint_lanes(typing_context: Any, row: Any, below: Any, above: Any) -> Any:
    """Weights times likelihoods of eight parts, and their sum."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, below, above = arguments
        below = _load(builder, builder.add(row, builder.shl(below, _I64(3))), 0)
        above = _load(builder, builder.add(row, builder.shl(above, _I64(3))), 0)
        joint = _load(builder, row, WEIGHT) * (above - below + 1)
        joint.store(row, JOINT)
        return joint.total()

    return types.int64(*[types.int64] * 3), code


@intrinsic
def learn_lanes(
    typing_context: Any,
    row: Any,
    features: Any,
    narrow: Any,
    reciprocal: Any,
    leak: Any,
    sample: Any,
    age: Any,
) -> Any:
    """Move shares and gates to what the posterior (joint / sum of all) asks for, means to errors.

    Returns the sum of the shares.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, features, narrow, reciprocal, leak, sample, age = arguments
        posterior = (_load(builder, row, JOINT) >> narrow) * reciprocal >> SHARE_BITS
        surprise = posterior - _load(builder, row, WEIGHT)
        share = _load(builder, row, SHARE)
        share = share + (surprise >> SHARE_RATE) - (share >> SHARE_LEAK) * leak
        share = share.at_least(_load(builder, row, LEAST))
        share.store(row, SHARE)
        for j in range(FEATURES):
            gate = _load(builder, row, GATES + j * MAX_PARTS)
            step = surprise * _number(builder, features, j) + (1 << (GATE_RATE - 1))
            gate = gate + (step >> GATE_RATE)
            gate = gate.at_least(-GATE_LIMIT).at_most(GATE_LIMIT)
            gate.store(row, GATES + j * MAX_PARTS)
        mean = _load(builder, row, MEAN)
        error = (_load(builder, row, LOCATION) - sample).size() << 12
        (mean + (error - mean >> _load(builder, row, RATE).at_most(age))).store(row, MEAN)
        return share.total()

    return types.int64(*[types.int64] * 7), code

"""Eight parts of a mixture at once: the vector loops of `adaptive_mixture`.

The compiler does not find vector instructions where tables are looked up.  All is
integer arithmetic of 64 bits, so every processor gives the same (converting an
integer below 2**53 to a double, for its logarithm, is exact).

`row` is the address of eight parts in the channel's row of state; their other
numbers lie at fixed distances from it (`adaptive_mixture.state`), all int64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nlac.entropy.adaptive_mixture.state import (
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
from nlac.entropy.distributions import REACH, TAIL
from nlac.kernels.arithmetic import log2_fixed
from nlac.kernels.jit import kernel
from nlac.kernels.llvm import I64, types, vectorised
from nlac.kernels.memory import load_i64, narrow, store_64
from nlac.kernels.vector64 import Vector64, load_number

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
_load = Vector64.load


@kernel
def _limited(value, limit):
    return min(max(value, -limit), limit)


@kernel
def _product(left, right):
    """Product of the low halves, which hold the numbers: see `Vector64.product`."""
    return narrow(left) * narrow(right)


@kernel
def plain_prepare_lanes(row, features, locations, reciprocals, exponentials, gain):
    """Plain loop of `prepare_lanes`."""
    total = np.int64(0)
    for i in range(MIXTURE_LANES):
        store_64(row, LOCATION + i, load_i64(locations, load_i64(row, SOURCE + i)))
        logarithm = log2_fixed(load_i64(row, MEAN + i) + (1 << 16), 8)
        gained = (load_i64(row, GAINED + i) & gain) + 65536
        factor = _product(gained, load_i64(row, INVERSE + i)) >> 16
        mantissa = _product(load_i64(reciprocals, logarithm & 255), factor) >> 16
        store_64(row, MANTISSA + i, mantissa)
        store_64(row, SHIFT + i, (logarithm >> 8) - 9)
        turn = np.int64(0)
        for j in range(FEATURES):
            gate = load_i64(row, GATES + j * MAX_PARTS + i)
            turn += _product(gate, load_i64(features, j))
        step = _limited(turn >> 18, EXP_STEPS) + EXP_STEPS
        weight = _product(load_i64(row, SHARE + i), load_i64(exponentials, step))
        store_64(row, WEIGHT + i, weight)
        total += weight
    return total


@vectorised(plain_prepare_lanes)
def prepare_lanes(
    typing_context: Any, row: Any, features: Any, locations: Any, reciprocals: Any,
    exponentials: Any, gain: Any,
) -> Any:  # fmt: skip
    """Set locations and widths of eight parts, and their turned shares; returns their sum."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, features, locations, reciprocals, exponentials, gain = arguments
        _load(builder, row, SOURCE).look_up(locations).store(row, LOCATION)
        bits = (_load(builder, row, MEAN) + (1 << 16)).double_bits()
        # 0 in lanes that the gain does not concern
        wider = (_load(builder, row, GAINED) & gain) + 65536
        factor = wider.product(_load(builder, row, INVERSE)) >> 16
        mantissa = ((bits >> 44) & 255).look_up(reciprocals).product(factor) >> 16
        mantissa.store(row, MANTISSA)
        ((bits >> 52) - (1023 + 9)).store(row, SHIFT)
        turn = _load(builder, row, GATES).product(load_number(builder, features, 0))
        for j in range(1, FEATURES):
            gate = _load(builder, row, GATES + j * MAX_PARTS)
            turn = turn + gate.product(load_number(builder, features, j))
        turn = (turn >> 18).at_least(-EXP_STEPS).at_most(EXP_STEPS) + EXP_STEPS
        weight = _load(builder, row, SHARE).product(turn.look_up(exponentials))
        weight.store(row, WEIGHT)
        return weight.total()

    return types.int64(*[types.int64] * 6), code


@kernel
def plain_weigh_lanes(row, down, reciprocal):
    """Plain loop of `weigh_lanes`."""
    for i in range(MIXTURE_LANES):
        weight = _product(load_i64(row, WEIGHT + i) >> down, reciprocal)
        store_64(row, WEIGHT + i, weight >> SHARE_BITS)


@vectorised(plain_weigh_lanes)
def weigh_lanes(typing_context: Any, row: Any, down: Any, reciprocal: Any) -> Any:
    """Scale turned shares to weights (Q28) that sum to 1."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, down, reciprocal = arguments
        weight = (_load(builder, row, WEIGHT) >> down).product(reciprocal) >> SHARE_BITS
        weight.store(row, WEIGHT)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), code


@kernel
def plain_slope_lanes(row, table, edge, slot):
    """Plain loop of `slope_lanes`."""
    total, slope = np.int64(0), np.int64(0)
    for i in range(MIXTURE_LANES):
        mantissa, shift = load_i64(row, MANTISSA + i), load_i64(row, SHIFT + i)
        position = ((edge - load_i64(row, LOCATION + i)) * mantissa) >> shift
        position = min(max(position + REACH, 0), 2 * REACH)
        cell = position >> 8
        entry = load_i64(table, cell)
        width = entry & 0xFFFFFFFF
        below = (entry >> 32) + (_product(width, position - (cell << 8)) >> 8) - TAIL
        store_64(row + 8 * slot, i, below)
        weight = load_i64(row, WEIGHT + i) >> (SHARE_BITS - 16)
        total += _product(weight, below)
        slope += (_product(weight, width) * mantissa) >> shift
    return total, slope


@kernel
def plain_cumulative_lanes(row, table, edge, slot):
    """Plain loop of `cumulative_lanes`."""
    total, _slope = plain_slope_lanes(row, table, edge, slot)
    return total


def _cumulative(with_slope: bool, plain: Any) -> Any:
    @vectorised(plain)
    def lanes(typing_context: Any, row: Any, table: Any, edge: Any, slot: Any) -> Any:
        result = types.UniTuple(types.int64, 2) if with_slope else types.int64

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            row, table, edge, slot = arguments
            mantissa, shift = _load(builder, row, MANTISSA), _load(builder, row, SHIFT)
            distance = Vector64.of(builder, 0) + edge
            distance = distance - _load(builder, row, LOCATION)
            position = distance.product_32(mantissa) >> shift
            position = (position + REACH).at_least(0).at_most(2 * REACH)
            cell = position >> 8
            entry = cell.look_up(table)
            width = entry & 0xFFFFFFFF
            below = (entry >> 32) + (width.product(position - (cell << 8)) >> 8) - TAIL
            below.store(builder.add(row, builder.shl(slot, I64(3))), 0)
            weight = _load(builder, row, WEIGHT) >> (SHARE_BITS - 16)
            total = weight.product(below).total()
            if not with_slope:
                return total
            slope = (weight.product(width).product_32(mantissa) >> shift).total()
            return context.make_tuple(builder, signature.return_type, (total, slope))

        return result(*[types.int64] * 4), code

    return lanes


# sum of weights (Q16) times frequencies below a boundary (Q8); the frequencies are left in `slot`
cumulative_lanes = _cumulative(False, plain_cumulative_lanes)
# the same, and 2**8 times the sum's slope (Q8)
slope_lanes = _cumulative(True, plain_slope_lanes)


@kernel
def plain_joint_lanes(row, below, above):
    """Plain loop of `joint_lanes`."""
    total = np.int64(0)
    for i in range(MIXTURE_LANES):
        likelihood = load_i64(row, above + i) - load_i64(row, below + i) + 1
        joint = _product(load_i64(row, WEIGHT + i), likelihood)
        store_64(row, JOINT + i, joint)
        total += joint
    return total


@vectorised(plain_joint_lanes)
def joint_lanes(typing_context: Any, row: Any, below: Any, above: Any) -> Any:
    """Weights times likelihoods of eight parts, from the frequencies in two slots; their sum."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, below, above = arguments
        below = _load(builder, builder.add(row, builder.shl(below, I64(3))), 0)
        above = _load(builder, builder.add(row, builder.shl(above, I64(3))), 0)
        joint = _load(builder, row, WEIGHT).product(above - below + 1)
        joint.store(row, JOINT)
        return joint.total()

    return types.int64(*[types.int64] * 3), code


@kernel
def plain_learn_lanes(row, features, down, reciprocal, leak, sample, age):
    """Plain loop of `learn_lanes`."""
    total = np.int64(0)
    for i in range(MIXTURE_LANES):
        posterior = _product(load_i64(row, JOINT + i) >> down, reciprocal) >> SHARE_BITS
        surprise = posterior - load_i64(row, WEIGHT + i)
        share = load_i64(row, SHARE + i)
        share += (surprise >> SHARE_RATE) - _product(share >> SHARE_LEAK, leak)
        share = max(share, load_i64(row, LEAST + i))
        store_64(row, SHARE + i, share)
        total += share
        for j in range(FEATURES):
            place = GATES + j * MAX_PARTS + i
            step = _product(surprise, load_i64(features, j)) + (1 << (GATE_RATE - 1))
            gate = load_i64(row, place) + (step >> GATE_RATE)
            store_64(row, place, _limited(gate, GATE_LIMIT))
        mean = load_i64(row, MEAN + i)
        error = abs(load_i64(row, LOCATION + i) - sample) << 12
        store_64(row, MEAN + i, mean + ((error - mean) >> min(load_i64(row, RATE + i), age)))
    return total


@vectorised(plain_learn_lanes)
def learn_lanes(
    typing_context: Any, row: Any, features: Any, down: Any, reciprocal: Any, leak: Any,
    sample: Any, age: Any,
) -> Any:  # fmt: skip
    """Move shares and gates to what the posterior (joint / sum of all) asks for, means to errors.

    Returns the sum of the shares.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, features, down, reciprocal, leak, sample, age = arguments
        posterior = (_load(builder, row, JOINT) >> down).product(reciprocal) >> SHARE_BITS
        surprise = posterior - _load(builder, row, WEIGHT)
        share = _load(builder, row, SHARE)
        share = share + (surprise >> SHARE_RATE) - (share >> SHARE_LEAK).product(leak)
        share = share.at_least(_load(builder, row, LEAST))
        share.store(row, SHARE)
        for j in range(FEATURES):
            gate = _load(builder, row, GATES + j * MAX_PARTS)
            step = surprise.product(load_number(builder, features, j)) + (1 << (GATE_RATE - 1))
            gate = gate + (step >> GATE_RATE)
            gate = gate.at_least(-GATE_LIMIT).at_most(GATE_LIMIT)
            gate.store(row, GATES + j * MAX_PARTS)
        mean = _load(builder, row, MEAN)
        error = (_load(builder, row, LOCATION) - sample).size() << 12
        (mean + (error - mean >> _load(builder, row, RATE).at_most(age))).store(row, MEAN)
        return share.total()

    return types.int64(*[types.int64] * 7), code

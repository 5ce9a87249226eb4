"""The NLMS stages of a channel, and the inputs of a combiner, as vectors of 64-bit integers.

What a stage does beside its filters, and what happens to an input of a combiner, are a few steps
that wait for each other; here all stages, and all inputs, take each step at once. All is integer
arithmetic, so every processor gives the same. Addresses point to int64.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.llvm import I64, instruction, loop, target, types, vectorised
from nlac.kernels.memory import load_i64, narrow, store_64
from nlac.kernels.vector64 import Vector64
from nlac.kernels.vectors_i64 import I64_LANES

_EIGHT = 8
MAX_GRADIENT = 1 << 30
HISTORY_LIMIT = 8191


class StageLane(IntEnum):
    """Numbers of all stages of a channel, int64; each begins an array with a cell for each."""

    OUTPUT = 0  # present prediction, Q8
    BEFORE = I64_LANES  # sum of the predictions of the stages before it in its cascade, Q8
    NEWEST = 2 * I64_LANES  # newest value of its history
    MEAN = 3 * I64_LANES  # running mean of the error, Q11
    POWERS = 4 * I64_LANES  # three running means of the power of the history, Q8
    STEP = 7 * I64_LANES  # step size, scaled for `gradients`
    GRADIENTS = 8 * I64_LANES  # of the last four samples, Q16, the newest first


STAGE_LANES = StageLane.GRADIENTS + 4 * I64_LANES
_load = Vector64.load


@instruction(lambda: False)
def has_wide_vectors(typing_context: Any) -> Any:
    """Whether the processor has vectors of eight 64-bit integers."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.boolean, "+avx512f" in target(context)[1])

    return types.boolean(), code


@kernel
def first_gradients(lanes, count, place, residual, shift):
    """`gradients` of the first stages alone, one after the other: faster where they are few."""
    left, right = max(-shift - 5, 0), max(shift + 5, 0)
    for i in range(count):
        value = residual - load_i64(lanes, StageLane.BEFORE + i)
        error = (value - load_i64(lanes, StageLane.OUTPUT + i)) << left >> right
        magnitude = min(abs(error), np.int64(1) << 16)
        mean = load_i64(lanes, StageLane.MEAN + i)
        bound = min(magnitude, ((mean >> 8) << 1) + 1)
        store_64(lanes, StageLane.MEAN + i, mean + (((magnitude << 8) - mean) >> 5))
        error = min(max(error, -bound), bound)
        newest = load_i64(lanes, StageLane.NEWEST + i)
        square = (narrow(newest) * narrow(newest)) << 8
        power = np.int64(1 << 10)
        for k in range(3):
            at = StageLane.POWERS + k * I64_LANES + i
            mean = load_i64(lanes, at)
            mean += (square - mean) >> (3 * k + 4)
            store_64(lanes, at, mean)
            power += mean
        gradient = (error * load_i64(lanes, StageLane.STEP + i)) // power
        gradient = min(max(gradient, -MAX_GRADIENT), MAX_GRADIENT)
        store_64(lanes, StageLane.GRADIENTS + place * I64_LANES + i, gradient)
        newest = min(max(value >> (shift + 8), -HISTORY_LIMIT), HISTORY_LIMIT)
        store_64(lanes, StageLane.NEWEST + i, newest)


@kernel
def plain_gradients(lanes, groups, place, residual, shift):
    """Plain loop of `gradients`."""
    first_gradients(lanes, 8 * groups, place, residual, shift)


@vectorised(plain_gradients)
def gradients(
    typing_context: Any, lanes: Any, groups: Any, place: Any, residual: Any, shift: Any
) -> Any:
    """Gradients of all stages at a sample, `place` of the newest four; and what they learn.

    Parameters
    ----------
    lanes : address of the cells of `StageLane`
    groups : int
        Groups of eight stages, 1 or 2.
    place : int
        0 to 3.
    residual : int
        What the first stage of each cascade should have predicted, Q8.
    shift : int
        Histories hold residuals shifted down by so many bits, -8 to 24.

    Notes
    -----
    Widths: histories of 14 bits, so powers below 2**26 (Q8 in 64 bits), the clipped error
    below 2**17 (Q3), the gradient's dividend below 2**59; the gradient is
    clipped to 2**30 (Q16), so that each weight changes by less than 2**29 at a time.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes, groups, place, residual, shift = arguments

        def eight(index: Any) -> list[Any]:
            row = builder.add(lanes, builder.shl(index, I64(3)))
            zero = Vector64.of(builder, 0)
            units = zero + shift
            value = zero + residual - _load(builder, row, StageLane.BEFORE)
            error = value - _load(builder, row, StageLane.OUTPUT)
            error = error << (zero - units - 5).at_least(0) >> (units + 5).at_least(0)
            magnitude = error.size().at_most(1 << 16)
            mean = _load(builder, row, StageLane.MEAN)
            bound = magnitude.at_most((mean >> 8 << 1) + 1)
            (mean + ((magnitude << 8) - mean >> 5)).store(row, StageLane.MEAN)
            error = error.at_least(zero - bound).at_most(bound)
            newest = _load(builder, row, StageLane.NEWEST)
            square = newest.product(newest) << 8
            power = Vector64.of(builder, 1 << 10)
            for k in range(3):
                at = StageLane.POWERS + k * I64_LANES
                mean = _load(builder, row, at)
                mean = mean + (square - mean >> 3 * k + 4)
                mean.store(row, at)
                power = power + mean
            gradient = (error * _load(builder, row, StageLane.STEP)).quotient(power)
            gradient = gradient.at_least(-MAX_GRADIENT).at_most(MAX_GRADIENT)
            slot = builder.add(row, builder.mul(place, I64(8 * I64_LANES)))
            gradient.store(slot, StageLane.GRADIENTS)
            newest = (value >> units + 8).at_least(-HISTORY_LIMIT).at_most(HISTORY_LIMIT)
            newest.store(row, StageLane.NEWEST)
            return []

        loop(builder, I64(0), builder.shl(groups, I64(3)), _EIGHT, [], eight)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), code


@kernel
def plain_clip_inputs(means, differences, used, inputs, base, clip, shift, limit, eights):
    """Plain loop of `clip_inputs`."""
    for i in range(8 * eights):
        mean, difference = load_i64(means, i), load_i64(differences, i)
        wide = (base + mean) << clip
        difference = min(max(difference, -wide), wide)
        step = ((abs(difference) - mean) >> 5) & load_i64(used, i)
        store_64(means, i, mean + step)
        store_64(inputs, i, min(max(difference >> shift, -limit), limit))


@vectorised(plain_clip_inputs)
def clip_inputs(
    typing_context: Any, means: Any, differences: Any, used: Any, inputs: Any, base: Any,
    clip: Any, shift: Any, limit: Any, eights: Any,
) -> Any:  # fmt: skip
    """Clip ``8 * eights`` differences, scale them, and update the means of their magnitudes.

    ``wide = (base + mean) << clip`` bounds a difference, then `limit` what it is shifted down to.
    A mean moves where `used` is -1, and stays where it is 0.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        means, differences, used, inputs, base, clip, shift, limit, eights = arguments
        zero = Vector64.of(builder, 0)

        def eight(index: Any) -> list[Any]:
            at = builder.shl(index, I64(3))
            place, given = builder.add(means, at), builder.add(differences, at)
            mean = _load(builder, place, 0)
            wide = mean + base << clip
            difference = _load(builder, given, 0).at_least(zero - wide).at_most(wide)
            step = difference.size() - mean >> 5 & _load(builder, builder.add(used, at), 0)
            (mean + step).store(place, 0)
            most = zero + limit
            value = (difference >> shift).at_least(zero - most).at_most(most)
            value.store(builder.add(inputs, at), 0)
            return []

        loop(builder, I64(0), builder.shl(eights, I64(3)), _EIGHT, [], eight)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), code

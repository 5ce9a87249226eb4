"""Recursive least squares, in integers: experts with long windows, and small stacks of predictions.

An expert predicts a sample from windows of both channels (see
`cascade_covariance`).  A stack predicts what is left from the predictions of
others.  Predictions are in sample units with 8 fraction bits.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.kernels.vectors_i64 import TILE, accumulate, dot_low_any, sum_rows
from nlac.predictors.cascade.cholesky import solve
from nlac.predictors.cascade.covariance import BATCH, SEGMENTS, STRIDE, SUMS

# cells of an expert
(
    E_COUNT, E_FIRST, E_STRIDE, E_COVARIANCE, E_FACTOR, E_COEFFICIENTS, E_DECAY, E_PERIOD,
    E_ERROR, E_MEAN, E_LOAD, E_UP, E_INVERSES, E_OPTIONAL, E_OFF, E_OTHER_UP, E_OTHER_DOWN, E_PARTS,
) = range(18)
# of each stretch: first variable, length, the same variable's place in the window's sums,
# address of samples, place of the stretch's first at frame 0
P_START, P_LENGTH, P_PLACE_IN_SUMS, P_SOURCE, P_PLACE = range(5)
EXPERT = E_PARTS + 5 * SEGMENTS

# cells of a stack
(
    S_COUNT, S_COVARIANCE, S_FACTOR, S_COEFFICIENTS, S_INPUTS, S_DECAY, S_PERIOD, S_MEAN, S_LOAD,
    S_SHIFT, S_CLOCK, S_RATE, S_CLIP, S_INVERSES, S_MEANS,
) = range(15)  # the last: of the inputs' magnitudes, Q8
STACK = S_MEANS + TILE
STACK_BITS = 3
STACK_BATCH = 1 << STACK_BITS  # samples whose products are added up before they are weighted
INPUT_BITS = 22  # of a stack's inputs
_STACK_UP = 6


@kernel
def predict_expert(expert, t):
    """Prediction of frame t, Q8.

    Widths: see `solve`; each sum is below 2**62, and both together below 2**63.
    """
    own, other = np.int64(0), np.int64(0)
    coefficients = load_i64(expert, E_COEFFICIENTS)
    for i in range(load_i64(expert, E_FIRST), SEGMENTS):
        part = expert + 8 * (E_PARTS + 5 * i)
        count = load_i64(part, P_LENGTH)
        if i == SEGMENTS - 1:
            count -= 1  # the target
        if count > 0:
            total = dot_low_any(
                coefficients + 8 * load_i64(part, P_START),
                load_i64(part, P_SOURCE) + 8 * (load_i64(part, P_PLACE) + t),
                count,
            )
            if i & 1:
                own += total
            else:
                other += total
    # coefficients are those of samples scaled to 19 bits, each channel by its own shift
    other = other << load_i64(expert, E_OTHER_UP) >> load_i64(expert, E_OTHER_DOWN)
    return (own + other + (1 << 11)) >> 12


@kernel
def weight_shift(mean):
    """About 1 / mean as a power of two and a half: shift to the right, and whether times 1.5.

    `mean` is at least 1, Q4.
    """
    k = bit_length(mean) - 1
    mantissa = (mean << 4) >> k  # 16 .. 31
    if mantissa < 19:
        return k, np.int64(0)
    if mantissa < 27:
        return k + 1, np.int64(-1)
    return k + 1, np.int64(0)


@kernel
def learn_expert(expert, window, batch_index):
    """Add the sums of a batch, and solve anew when it is time to."""
    stride, first = load_i64(expert, E_STRIDE), load_i64(expert, E_FIRST)
    sums, sums_stride = load_i64(window, SUMS), load_i64(window, STRIDE)
    covariance, decay = load_i64(expert, E_COVARIANCE), load_i64(expert, E_DECAY)
    mean = load_i64(expert, E_ERROR) // load_i64(window, BATCH)
    store_64(expert, E_ERROR, np.int64(0))
    mean = (3 * mean + load_i64(expert, E_MEAN)) >> 2
    store_64(expert, E_MEAN, mean)
    shift, mask = weight_shift(mean + 32)
    shift -= load_i64(expert, E_UP)
    up, down = max(-shift, 0), max(shift, 0)
    for a in range(first, SEGMENTS):
        left = expert + 8 * (E_PARTS + 5 * a)
        rows, start = load_i64(left, P_LENGTH), load_i64(left, P_START)
        sum_row = load_i64(left, P_PLACE_IN_SUMS)
        for b in range(a, SEGMENTS):
            right = expert + 8 * (E_PARTS + 5 * b)
            columns, column = load_i64(right, P_LENGTH), load_i64(right, P_START)
            sum_column = load_i64(right, P_PLACE_IN_SUMS)
            accumulate(
                covariance + 8 * (stride * start + column),
                8 * stride,
                sums + 8 * (sums_stride * sum_row + sum_column),
                8 * sums_stride,
                rows,
                columns,
                0 if a == b else rows,
                decay,
                up,
                down,
                mask,
            )
    period = load_i64(expert, E_PERIOD)
    if batch_index % period == 0 or (batch_index < 64 and batch_index % 4 == 0):
        solve(
            covariance,
            load_i64(expert, E_FACTOR),
            stride,
            load_i64(expert + 8 * (E_PARTS + 5 * first), P_START),
            load_i64(expert, E_COUNT),
            load_i64(expert, E_LOAD),
            load_i64(expert, E_COEFFICIENTS),
            load_i64(expert, E_INVERSES),
        )


@kernel
def note_error(expert, error):
    """Add an absolute error (Q8) to an expert's account."""
    store_64(expert, E_ERROR, load_i64(expert, E_ERROR) + (error >> 4))


@kernel
def _inputs(stack):
    """Address of the present row of inputs."""
    row = load_i64(stack, S_CLOCK) & (STACK_BATCH - 1)
    return load_i64(stack, S_INPUTS) + 8 * TILE * row


@kernel
def set_input(stack, index, difference):
    """Give a stack an input or, at the last place, its target: a difference in Q8."""
    # what strays far says little, and would drown the rest
    mean = load_i64(stack, S_MEANS + index)
    wide = ((load_i64(stack, S_MEAN) << 4) + mean + 1024) << load_i64(stack, S_CLIP)
    difference = min(max(difference, -wide), wide)
    store_64(stack, S_MEANS + index, mean + ((abs(difference) - mean) >> 5))
    value = difference >> load_i64(stack, S_SHIFT)
    limit = np.int64(1) << INPUT_BITS
    store_64(_inputs(stack), index, min(max(value, -limit), limit))


@kernel
def predict_stack(stack):
    """Weighted sum of the inputs, Q8."""
    inputs, coefficients = _inputs(stack), load_i64(stack, S_COEFFICIENTS)
    total = dot_low_any(coefficients, inputs, load_i64(stack, S_COUNT) - 1)
    return (total >> 20) << load_i64(stack, S_SHIFT)


@kernel
def learn_stack(stack, error):
    """Learn from the inputs and the target; `error` is that of the stack's prediction, Q8.

    Widths: sums of products of inputs are below 2**47, 2**53 with their fraction.
    """
    mean = load_i64(stack, S_MEAN)
    mean += ((error >> 4) - mean) >> load_i64(stack, S_RATE)
    store_64(stack, S_MEAN, mean)
    clock = load_i64(stack, S_CLOCK) + 1
    store_64(stack, S_CLOCK, clock)
    if clock & (STACK_BATCH - 1) != 0:
        return
    count, inputs = load_i64(stack, S_COUNT), load_i64(stack, S_INPUTS)
    # the factor's place is free until the next solution
    covariance, sums = load_i64(stack, S_COVARIANCE), load_i64(stack, S_FACTOR)
    shift, mask = weight_shift(mean + 32)
    shift -= _STACK_UP
    up, down, decay = max(-shift, 0), max(shift, 0), load_i64(stack, S_DECAY)
    step = 8 * TILE
    for i in range(count):
        sum_rows(sums + step * i, inputs + 8 * i, inputs, step, step, STACK_BATCH)
    accumulate(
        covariance, step, sums, step, count, count, np.int64(0), decay, up, down, mask
    )
    if clock % load_i64(stack, S_PERIOD) == 0:
        solve(
            covariance,
            load_i64(stack, S_FACTOR),
            np.int64(TILE),
            np.int64(0),
            count,
            load_i64(stack, S_LOAD),
            load_i64(stack, S_COEFFICIENTS),
            load_i64(stack, S_INVERSES),
        )

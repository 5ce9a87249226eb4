"""An online network: a small network behind a cascade that learns sample by sample, in integers.

It predicts the error of the best location from its past errors in both channels and from the
differences between the cascade's predictions, all in units of a running mean error. It has one
layer of tanh, and a linear path from all inputs beside it. After each sample it takes a normalised
step of gradient descent, so it needs no model.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import QUARTERS, bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i16, load_i32, load_i64, store_16, store_32, store_64
from nlac.kernels.vectors_i16 import dot_i16
from nlac.predictors.networks.online_vectors import ROWS, learn_row, learn_rows
from nlac.predictors.networks.tables import ENTRIES
from nlac.predictors.networks.vectors import add_rows_16

# numbers of the format
UNITS = ROWS
INPUTS = 35
# inputs: past errors of the channel and of its reference, then differences of predictions
OWN, OTHER = 16, 8
PREDICTIONS = OWN + OTHER  # of the RLS predictors
COMBINERS = PREDICTIONS + 5  # of the final combiners but the first
STAGE_SUM, COMBINED, SAMPLE, CONSTANT = range(COMBINERS + 2, COMBINERS + 6)
INPUT_LIMIT = 2047  # inputs are Q9
ONE = 512
MEAN_RATE = 7
LINEAR_RATE = 11  # the linear path learns more slowly
MAX_STEP, MAX_OUTPUT = 1 << 25, 32767

# sizes of arrays of inputs, with zeros at the end for vectors
PADDED, WIDE = 40, 64
SUM_SHIFT = 13  # from Q21 to the index of a table


class OnlineCell(IntEnum):
    """Cells of an online network, int64."""

    HISTORY = 0  # address of time 0 of its past errors, int16 Q9
    OTHER_HISTORY = 1  # that of the reference, 0 for none
    AHEAD = 2  # 1 if the reference's present error is known
    STEP = 3  # step size, scaled for `learn_online`
    INPUTS = 4  # address of the present inputs, int16 Q9
    WEIGHTS = 5  # address of the weights, (PADDED, UNITS) int32 Q28
    COPIES = 6  # address of their upper halves, int16, by pairs of inputs
    LINEAR = 7  # address of the weights of the linear path, int32 Q28
    LINEAR_COPIES = 8  # address of their upper halves, int16
    SUMS = 9  # address of the present sums of the units, int32
    START = 10  # address of UNITS zeros, int32
    SHIFTS = 11  # address of UNITS times SUM_SHIFT, int32
    TANH = 12  # address of the table of tanh
    MEAN = 13  # running mean of the error, Q12
    SEEN = 14  # samples so far
    UNIT = 15  # mean error that is the present unit, Q12
    RECIPROCAL = 16  # of that unit, 17 bits
    SHIFT = 17  # that goes with the reciprocal
    OUTPUT = 18  # present output, Q8
    OUTWARD = 19  # address of the weights of the units' values, int32
    VALUES = 20  # address of the present values of the units, int32 Q15


ONLINE_CELLS = len(OnlineCell)


@cache
def first_weights() -> NDArray[np.int32]:
    """First weights of the units, (UNITS, PADDED) int32, Q28.

    Any weights serve that differ from unit to unit.
    """
    state, weights = 1, np.zeros((UNITS, PADDED), np.int32)
    for unit in range(UNITS):
        for i in range(INPUTS):
            state = (1664525 * state + 1013904223) % 2**32
            weights[unit, i] = (state >> 7) - 2**24
    return weights


def first_inputs() -> NDArray[np.int16]:
    """First inputs, (WIDE,) int16 Q9: all 0 but the constant."""
    inputs = np.zeros(WIDE, np.int16)
    inputs[CONSTANT] = ONE
    return inputs


def step_factor(step: int) -> int:
    """Factor of the gradients for a step: 2**(50 - step / 4)."""
    return QUARTERS[step & 3] << 20 >> (step >> 2)


@kernel
def _scaled(network, value):
    """A value (Q8) in units of the mean error, int64 Q9."""
    bound = load_i64(network, OnlineCell.UNIT) >> 2
    value = min(max(value, -bound), bound)
    value = value * load_i64(network, OnlineCell.RECIPROCAL)
    value = value >> load_i64(network, OnlineCell.SHIFT)
    return min(max(value, -INPUT_LIMIT), INPUT_LIMIT)


@kernel
def _set_unit(network):
    """Take the mean error as the unit of this sample; its reciprocal has 17 bits."""
    unit = load_i64(network, OnlineCell.MEAN) + 256
    size = bit_length(unit) + 16
    store_64(network, OnlineCell.UNIT, unit)
    store_64(network, OnlineCell.RECIPROCAL, (np.int64(1) << size) // unit)
    store_64(network, OnlineCell.SHIFT, size - 13)


@kernel
def predict_online(
    network, t, rls, num_rls, final_combiners, num_combiners, stage_sum, combined, newest
):  # fmt: skip
    """Predict the error of the first final combiner at frame t, int64 Q8.

    `network`, `rls` and `final_combiners` are addresses of the cells and of predictions (Q8).
    `stage_sum` is the prediction with NLMS stages alone, `combined` the one without stages (Q8).
    `newest` is the sample before.
    """
    _set_unit(network)
    inputs = load_i64(network, OnlineCell.INPUTS)
    history = load_i64(network, OnlineCell.HISTORY)
    for i in range(OWN):
        store_16(inputs, i, load_i16(history, t - OWN + i))
    history = load_i64(network, OnlineCell.OTHER_HISTORY)
    if history != 0:
        begin = t - OTHER + load_i64(network, OnlineCell.AHEAD)
        for i in range(OTHER):
            store_16(inputs, OWN + i, load_i16(history, begin + i))
    best = load_i64(final_combiners, 0)
    for i in range(num_rls):
        apart = (load_i64(rls, i) - best) << 2
        store_16(inputs, PREDICTIONS + i, _scaled(network, apart))
    for i in range(1, num_combiners):
        apart = (load_i64(final_combiners, i) - best) << 2
        store_16(inputs, COMBINERS + i - 1, _scaled(network, apart))
    store_16(inputs, STAGE_SUM, _scaled(network, (stage_sum - best) << 2))
    store_16(inputs, COMBINED, _scaled(network, (combined - best) << 2))
    store_16(inputs, SAMPLE, _scaled(network, (best - (newest << 8)) >> 2))
    sums, tanh = load_i64(network, OnlineCell.SUMS), load_i64(network, OnlineCell.TANH)
    add_rows_16(
        load_i64(network, OnlineCell.START), load_i64(network, OnlineCell.COPIES), inputs,
        PADDED // 2, load_i64(network, OnlineCell.SHIFTS), sums,
    )  # fmt: skip
    values, outward = load_i64(network, OnlineCell.VALUES), load_i64(network, OnlineCell.OUTWARD)
    total = np.int64(0)
    for i in range(UNITS):
        index = min(max(load_i32(sums, i), -ENTRIES // 2), ENTRIES // 2 - 1)
        value = load_i16(tanh, index + ENTRIES // 2)
        store_32(values, i, value)
        total += load_i32(outward, i) * value
    total = (total >> 14) + dot_i16(load_i64(network, OnlineCell.LINEAR_COPIES), inputs, WIDE)
    output = min(max(total >> 8, -MAX_OUTPUT), MAX_OUTPUT)
    output = (output * load_i64(network, OnlineCell.UNIT)) >> 17
    store_64(network, OnlineCell.OUTPUT, output)
    return output


@kernel
def learn_online(network, t, error):
    """Update the network with the error of the first final combiner at frame t (Q8)."""
    store_16(load_i64(network, OnlineCell.HISTORY), t, _scaled(network, error))
    left = _scaled(network, error - load_i64(network, OnlineCell.OUTPUT))
    inputs = load_i64(network, OnlineCell.INPUTS)
    energy = dot_i16(inputs, inputs, WIDE) + (1 << 21)
    step = (left * load_i64(network, OnlineCell.STEP)) // ((abs(left) + ONE // 2) * energy)
    step = min(max(step, -MAX_STEP), MAX_STEP)
    learn_rows(
        (step + (1 << 9)) >> 10, load_i64(network, OnlineCell.VALUES),
        load_i64(network, OnlineCell.OUTWARD), load_i64(network, OnlineCell.WEIGHTS),
        load_i64(network, OnlineCell.COPIES), inputs, PADDED // 2,
    )  # fmt: skip
    learn_row(
        load_i64(network, OnlineCell.LINEAR), load_i64(network, OnlineCell.LINEAR_COPIES), inputs,
        np.int64(WIDE), (step + (1 << (LINEAR_RATE - 1))) >> LINEAR_RATE,
    )  # fmt: skip
    seen = load_i64(network, OnlineCell.SEEN) + 1
    store_64(network, OnlineCell.SEEN, seen)
    mean = load_i64(network, OnlineCell.MEAN)
    rate = min(np.int64(MEAN_RATE), bit_length(seen))
    store_64(network, OnlineCell.MEAN, mean + (((abs(error) << 4) - mean) >> rate))

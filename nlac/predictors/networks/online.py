"""A small network behind a cascade that learns as it goes, in integers.

It predicts what the best location will miss, from what it missed before in both
channels and from how far the cascade's predictions lie apart, all in units of a running mean
error: one layer of tanh, and beside it a linear path from all inputs.  After each sample it
takes a step of gradient descent, so it needs no model.
"""

from __future__ import annotations

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
OWN, OTHER = 16, 8  # past errors of the channel and of its reference
PREDICTIONS = OWN + OTHER  # of the experts
FINALS = PREDICTIONS + 5
PLAIN, STACKED, SAMPLE, CONSTANT = range(FINALS + 2, FINALS + 6)
INPUT_LIMIT = 2047  # inputs are Q9
ONE = 512
MEAN_RATE = 7
LINEAR_RATE = 11  # the linear path learns more slowly
MAX_STEP, MAX_OUTPUT = 1 << 25, 32767

# with zeros behind them, as vectors want it
PADDED, WIDE = 40, 64
# cells of a network
(
    N_HISTORY, N_OTHER_HISTORY, N_AHEAD, N_STEP, N_INPUTS, N_WEIGHTS, N_COPIES, N_LINEAR,
    N_LINEAR_COPIES, N_SUMS, N_START, N_SHIFTS, N_TANH, N_MEAN, N_SEEN, N_UNIT, N_RECIPROCAL,
    N_SHIFT, N_OUTPUT, N_OUTWARD, N_VALUES,
) = range(21)
NETWORK = 21
SUM_SHIFT = 13  # from Q21 to the index of a table


@cache
def first_weights() -> NDArray[np.int32]:
    """What the weights of the units are at first, (units, padded inputs), Q28.

    Any will do that differ from unit to unit.
    """
    state, weights = 1, np.zeros((UNITS, PADDED), np.int32)
    for unit in range(UNITS):
        for i in range(INPUTS):
            state = (1664525 * state + 1013904223) % 2**32
            weights[unit, i] = (state >> 7) - 2**24
    return weights


def first_inputs() -> NDArray[np.int16]:
    """All 0 but for the constant."""
    inputs = np.zeros(WIDE, np.int16)
    inputs[CONSTANT] = ONE
    return inputs


def step_factor(step: int) -> int:
    """What gradients are multiplied by: 2**(50 - step / 4)."""
    return QUARTERS[step & 3] << 20 >> (step >> 2)


@kernel
def _scaled(network, value):
    """A value (Q8) in units of the mean error, Q9."""
    bound = load_i64(network, N_UNIT) >> 2
    value = min(max(value, -bound), bound)
    value = (value * load_i64(network, N_RECIPROCAL)) >> load_i64(network, N_SHIFT)
    return min(max(value, -INPUT_LIMIT), INPUT_LIMIT)


@kernel
def _set_unit(network):
    """Fix the mean error as the unit of this sample; its reciprocal has 17 bits."""
    unit = load_i64(network, N_MEAN) + 256
    size = bit_length(unit) + 16
    store_64(network, N_UNIT, unit)
    store_64(network, N_RECIPROCAL, (np.int64(1) << size) // unit)
    store_64(network, N_SHIFT, size - 13)


@kernel
def predict_online(
    network, t, rls, num_experts, final_combiners, num_finals, plain, stacked, newest
):  # fmt: skip
    """What the first of the finals will miss (Q8).

    `experts` and `finals` are addresses of predictions, `plain` is that of LMS stages alone,
    `stacked` what stands before these; `newest` is the sample before.
    """
    _set_unit(network)
    inputs = load_i64(network, N_INPUTS)
    history = load_i64(network, N_HISTORY)
    for i in range(OWN):
        store_16(inputs, i, load_i16(history, t - OWN + i))
    history = load_i64(network, N_OTHER_HISTORY)
    if history != 0:
        begin = t - OTHER + load_i64(network, N_AHEAD)
        for i in range(OTHER):
            store_16(inputs, OWN + i, load_i16(history, begin + i))
    best = load_i64(final_combiners, 0)
    for i in range(num_experts):
        apart = (load_i64(rls, i) - best) << 2
        store_16(inputs, PREDICTIONS + i, _scaled(network, apart))
    for i in range(1, num_finals):
        apart = (load_i64(final_combiners, i) - best) << 2
        store_16(inputs, FINALS + i - 1, _scaled(network, apart))
    store_16(inputs, PLAIN, _scaled(network, (plain - best) << 2))
    store_16(inputs, STACKED, _scaled(network, (stacked - best) << 2))
    store_16(inputs, SAMPLE, _scaled(network, (best - (newest << 8)) >> 2))
    sums, tanh = load_i64(network, N_SUMS), load_i64(network, N_TANH)
    add_rows_16(
        load_i64(network, N_START), load_i64(network, N_COPIES), inputs, PADDED // 2,
        load_i64(network, N_SHIFTS), sums,
    )  # fmt: skip
    values, outward = load_i64(network, N_VALUES), load_i64(network, N_OUTWARD)
    total = np.int64(0)
    for i in range(UNITS):
        index = min(max(load_i32(sums, i), -ENTRIES // 2), ENTRIES // 2 - 1)
        value = load_i16(tanh, index + ENTRIES // 2)
        store_32(values, i, value)
        total += load_i32(outward, i) * value
    total = (total >> 14) + dot_i16(load_i64(network, N_LINEAR_COPIES), inputs, WIDE)
    output = min(max(total >> 8, -MAX_OUTPUT), MAX_OUTPUT)
    output = (output * load_i64(network, N_UNIT)) >> 17
    store_64(network, N_OUTPUT, output)
    return output


@kernel
def learn_online(network, t, error):
    """Learn what the first of the finals missed (Q8)."""
    store_16(load_i64(network, N_HISTORY), t, _scaled(network, error))
    left = _scaled(network, error - load_i64(network, N_OUTPUT))
    inputs = load_i64(network, N_INPUTS)
    energy = dot_i16(inputs, inputs, WIDE) + (1 << 21)
    step = (left * load_i64(network, N_STEP)) // ((abs(left) + ONE // 2) * energy)
    step = min(max(step, -MAX_STEP), MAX_STEP)
    learn_rows(
        (step + (1 << 9)) >> 10, load_i64(network, N_VALUES), load_i64(network, N_OUTWARD),
        load_i64(network, N_WEIGHTS), load_i64(network, N_COPIES), inputs, PADDED // 2,
    )  # fmt: skip
    learn_row(
        load_i64(network, N_LINEAR), load_i64(network, N_LINEAR_COPIES), inputs, np.int64(WIDE),
        (step + (1 << (LINEAR_RATE - 1))) >> LINEAR_RATE,
    )  # fmt: skip
    seen = load_i64(network, N_SEEN) + 1
    store_64(network, N_SEEN, seen)
    mean = load_i64(network, N_MEAN)
    rate = min(np.int64(MEAN_RATE), bit_length(seen))
    store_64(network, N_MEAN, mean + (((abs(error) << 4) - mean) >> rate))

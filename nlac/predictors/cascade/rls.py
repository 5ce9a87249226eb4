"""Recursive least squares in integers: RLS predictors with long windows, and combiners.

RLS (Haykin, Adaptive Filter Theory) as in MPEG-4 ALS RLS-LMS (ISO/IEC 14496-3), but solved in
batches: the weighted covariance is updated batch by batch, and `cholesky.solve` finds new
coefficients now and then, when learning has marked a system as due. An RLS predictor predicts a
sample from windows of both channels (see `covariance`). A combiner predicts a difference as a
linear combination of other differences between predictions. Predictions are in sample units with 8
fraction bits.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.kernels.vectors_covariance import accumulate
from nlac.kernels.vectors_i64 import I64_LANES, dot_low, sum_rows
from nlac.predictors.cascade.cholesky import SystemCell
from nlac.predictors.cascade.covariance import STRETCHES, WindowCell
from nlac.predictors.cascade.vectors import clip_inputs


class RlsCell(IntEnum):
    """Cells of an RLS predictor, int64."""

    COUNT = 0  # variables, with the target
    FIRST = 1  # first stretch in use: 0 with an LTP match, else 2
    STRIDE = 2  # cells from row to row of covariance and factor
    COVARIANCE = 3  # address, int64
    SYSTEM = 4  # address of the cells of its system
    COEFFICIENTS = 5  # address, int64 Q20
    DECAY = 6  # forgetting factor of a batch, 1 - 2**-DECAY
    PERIOD = 7  # batches between two solutions
    ERROR = 8  # sum of |error| in the batch, Q4
    MEAN = 9  # running mean of |error|, Q4
    UP = 10  # bits by which sums of a batch are shifted up at most
    OPTIONAL = 11  # 1 if it works only with an LTP match
    OFF = 12  # 1 while it does not work
    OTHER_UP = 13  # shifts of the reference's part of a prediction
    OTHER_DOWN = 14
    STRETCHES = 15  # first of the cells of the stretches (`RlsStretch`)


class RlsStretch(IntEnum):
    """Cells of a stretch of an RLS predictor, int64."""

    START = 0  # first variable
    LENGTH = 1  # variables
    PLACE_IN_SUMS = 2  # the first variable's row in the sums of the window
    SOURCE = 3  # address of the samples, int64
    PLACE = 4  # index of the first variable's sample at frame 0


class CombinerCell(IntEnum):
    """Cells of a combiner, int64."""

    COUNT = 0  # inputs, with the target
    COVARIANCE = 1  # address, int64, rows of I64_LANES cells
    SUMS = 2  # address of (COUNT, I64_LANES) int64, work space
    COEFFICIENTS = 3  # address, int64 Q20
    INPUTS = 4  # address of COMBINER_BATCH rows of I64_LANES cells
    DECAY = 5  # forgetting factor of a batch, 1 - 2**-DECAY
    PERIOD = 6  # samples between two solutions
    MEAN = 7  # running mean of |error|, Q4
    SYSTEM = 8  # address of the cells of its system
    SHIFT = 9  # bits by which inputs are shifted down
    CLOCK = 10  # samples so far
    RATE = 11  # MEAN moves by 2**-RATE
    CLIP = 12  # inputs are clipped at 2**CLIP times their mean
    MEANS = 13  # running means of the magnitudes of the inputs, Q8
    USED = MEANS + I64_LANES  # -1 for each input without the target, else 0
    DIFFERENCES = USED + I64_LANES  # present differences, Q8


RLS_CELLS = RlsCell.STRETCHES + len(RlsStretch) * STRETCHES
COMBINER_CELLS = CombinerCell.DIFFERENCES + I64_LANES
COMBINER_BITS = 3
COMBINER_BATCH = 1 << COMBINER_BITS  # samples whose products are added up before they are weighted
INPUT_BITS = 22  # magnitude of a combiner's inputs
_COMBINER_UP = 6


@kernel
def predict_rls(rls, t):
    """Prediction of frame t, int64 Q8. `rls` is the address of the cells.

    Widths: see `solve`; each sum is below 2**62, and both together below 2**63.
    """
    own, other = np.int64(0), np.int64(0)
    coefficients = load_i64(rls, RlsCell.COEFFICIENTS)
    for i in range(load_i64(rls, RlsCell.FIRST), STRETCHES):
        part = rls + 8 * (RlsCell.STRETCHES + 5 * i)
        count = load_i64(part, RlsStretch.LENGTH)
        if i == STRETCHES - 1:
            count -= 1  # without the target
        if count > 0:
            total = dot_low(
                coefficients + 8 * load_i64(part, RlsStretch.START),
                load_i64(part, RlsStretch.SOURCE) + 8 * (load_i64(part, RlsStretch.PLACE) + t),
                count,
            )
            if i & 1:
                own += total
            else:
                other += total
    # coefficients are for samples scaled to 19 bits, each channel by its own shift
    other = other << load_i64(rls, RlsCell.OTHER_UP) >> load_i64(rls, RlsCell.OTHER_DOWN)
    return (own + other + (1 << 11)) >> 12


@kernel
def weight_shift(mean):
    """About 1 / mean as 2**-shift, or 1.5 * 2**-shift; returns the shift, and -1 for 1.5, else 0.

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
def learn_rls(rls, window, batch_index):
    """Add the sums of a batch to the covariance.

    Returns whether the system is due then, as a period or the start demands.
    """
    stride, first = load_i64(rls, RlsCell.STRIDE), load_i64(rls, RlsCell.FIRST)
    sums, sums_stride = load_i64(window, WindowCell.SUMS), load_i64(window, WindowCell.STRIDE)
    covariance, decay = load_i64(rls, RlsCell.COVARIANCE), load_i64(rls, RlsCell.DECAY)
    mean = load_i64(rls, RlsCell.ERROR) // load_i64(window, WindowCell.BATCH)
    store_64(rls, RlsCell.ERROR, np.int64(0))
    mean = (3 * mean + load_i64(rls, RlsCell.MEAN)) >> 2
    store_64(rls, RlsCell.MEAN, mean)
    shift, mask = weight_shift(mean + 32)
    shift -= load_i64(rls, RlsCell.UP)
    up, down = max(-shift, 0), max(shift, 0)
    for a in range(first, STRETCHES):
        left = rls + 8 * (RlsCell.STRETCHES + 5 * a)
        rows, start = load_i64(left, RlsStretch.LENGTH), load_i64(left, RlsStretch.START)
        sum_row = load_i64(left, RlsStretch.PLACE_IN_SUMS)
        for b in range(a, STRETCHES):
            right = rls + 8 * (RlsCell.STRETCHES + 5 * b)
            columns, column = load_i64(right, RlsStretch.LENGTH), load_i64(right, RlsStretch.START)
            sum_column = load_i64(right, RlsStretch.PLACE_IN_SUMS)
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
    period = load_i64(rls, RlsCell.PERIOD)
    if batch_index % period == 0 or (batch_index < 64 and batch_index % 4 == 0):
        system = load_i64(rls, RlsCell.SYSTEM)
        start = load_i64(rls + 8 * (RlsCell.STRETCHES + 5 * first), RlsStretch.START)
        store_64(system, SystemCell.FIRST, start)
        store_64(system, SystemCell.DUE, np.int64(1))
        return True
    return False


@kernel
def note_error(rls, error):
    """Add an absolute error (Q8) to the batch's sum."""
    store_64(rls, RlsCell.ERROR, load_i64(rls, RlsCell.ERROR) + (error >> 4))


@kernel
def _inputs(combiner):
    """Address of the inputs of the present sample, int64."""
    row = load_i64(combiner, CombinerCell.CLOCK) & (COMBINER_BATCH - 1)
    return load_i64(combiner, CombinerCell.INPUTS) + 8 * I64_LANES * row


@kernel
def _bound(combiner):
    """What bounds an input beside its mean, Q8: an outlier says little, and would outweigh."""
    return (load_i64(combiner, CombinerCell.MEAN) << 4) + 1024


@kernel
def _eights(combiner):
    """Groups of eight among the inputs."""
    return (load_i64(combiner, CombinerCell.COUNT) + 6) >> 3


@kernel
def set_difference(combiner, index, difference):
    """Set the difference (Q8) of which `set_inputs` makes an input."""
    store_64(combiner, CombinerCell.DIFFERENCES + index, difference)


@kernel
def set_inputs(combiner):
    """Make all inputs of their differences."""
    clip_inputs(
        combiner + 8 * CombinerCell.MEANS, combiner + 8 * CombinerCell.DIFFERENCES,
        combiner + 8 * CombinerCell.USED, _inputs(combiner), _bound(combiner),
        load_i64(combiner, CombinerCell.CLIP), load_i64(combiner, CombinerCell.SHIFT),
        np.int64(1 << INPUT_BITS), _eights(combiner),
    )  # fmt: skip


@kernel
def set_target(combiner, difference):
    """Set the target, the last of the inputs: a difference in Q8."""
    index = load_i64(combiner, CombinerCell.COUNT) - 1
    mean = load_i64(combiner, CombinerCell.MEANS + index)
    wide = (_bound(combiner) + mean) << load_i64(combiner, CombinerCell.CLIP)
    difference = min(max(difference, -wide), wide)
    store_64(combiner, CombinerCell.MEANS + index, mean + ((abs(difference) - mean) >> 5))
    value = difference >> load_i64(combiner, CombinerCell.SHIFT)
    limit = np.int64(1) << INPUT_BITS
    store_64(_inputs(combiner), index, min(max(value, -limit), limit))


@kernel
def predict_combiner(combiner):
    """Weighted sum of the inputs, int64 Q8."""
    inputs, coefficients = _inputs(combiner), load_i64(combiner, CombinerCell.COEFFICIENTS)
    # the coefficients from that of the target on are 0
    total = dot_low(coefficients, inputs, 8 * _eights(combiner))
    return (total >> 20) << load_i64(combiner, CombinerCell.SHIFT)


@kernel
def learn_combiner(combiner, error):
    """Update with the inputs and the target; `error` is |error| of the combined prediction, Q8.

    Returns whether the system is due then. Widths: sums of products of inputs are below 2**47,
    2**53 with their fraction.
    """
    mean = load_i64(combiner, CombinerCell.MEAN)
    mean += ((error >> 4) - mean) >> load_i64(combiner, CombinerCell.RATE)
    store_64(combiner, CombinerCell.MEAN, mean)
    clock = load_i64(combiner, CombinerCell.CLOCK) + 1
    store_64(combiner, CombinerCell.CLOCK, clock)
    if clock & (COMBINER_BATCH - 1) != 0:
        return False
    count, inputs = load_i64(combiner, CombinerCell.COUNT), load_i64(combiner, CombinerCell.INPUTS)
    covariance = load_i64(combiner, CombinerCell.COVARIANCE)
    sums = load_i64(combiner, CombinerCell.SUMS)
    shift, mask = weight_shift(mean + 32)
    shift -= _COMBINER_UP
    up, down, decay = max(-shift, 0), max(shift, 0), load_i64(combiner, CombinerCell.DECAY)
    row = 8 * I64_LANES
    for i in range(count):
        sum_rows(sums + row * i, inputs + 8 * i, inputs, row, row, COMBINER_BATCH)
    accumulate(covariance, row, sums, row, count, count, np.int64(0), decay, up, down, mask)
    if clock % load_i64(combiner, CombinerCell.PERIOD) == 0:
        store_64(load_i64(combiner, CombinerCell.SYSTEM), SystemCell.DUE, np.int64(1))
        return True
    return False

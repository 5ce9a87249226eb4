"""Arguments of every vector loop: one function for each, of the loop's name.

Each takes a generator, and whether numbers are at the ends of their ranges or anywhere in them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.entropy.adaptive_mixture import state as mixture
from nlac.entropy.adaptive_mixture.state import MixtureCell
from nlac.entropy.distributions import CELLS
from nlac.kernels.vectors_f64 import CORRELATED, F64_LANES
from nlac.kernels.vectors_i16 import SUM_LANES, WEIGHT_LIMIT
from nlac.kernels.vectors_i64 import I64_LANES, TOGETHER
from nlac.predictors.cascade.vectors import HISTORY_LIMIT, STAGE_LANES, StageLane
from nlac.predictors.networks import online_vectors
from nlac.predictors.networks.layers import ACTIVATION_LIMIT, GATE_TOP
from nlac.predictors.networks.vectors import CENTRE, ROWS, TIMES


class Call(NamedTuple):
    """Arguments of a vector loop; arrays stand for the addresses of their elements."""

    arguments: tuple[object, ...]


class At(NamedTuple):
    """Address of an element of an array, by its place in memory."""

    array: np.ndarray
    index: int


def integers(rng, bits: int, size, ends: bool, cells=np.int64) -> np.ndarray:
    """Integers of so many bits; with `ends`, mostly the least and the greatest."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    values = rng.integers(low, high, size, endpoint=True)
    if ends:
        extreme = rng.choice([low, high, -1, 0, 1], size)
        values = np.where(rng.random(size) < 0.8, extreme, values)
    return values.astype(cells)


def within(rng, limit: int, size, ends: bool, cells) -> np.ndarray:
    """Integers up to a limit."""
    if ends:
        return rng.choice([-limit, 0, limit], size).astype(cells)
    return rng.integers(-limit, limit, size, endpoint=True).astype(cells)


def floats(rng, size, ends: bool) -> np.ndarray:
    values = rng.normal(size=size) * 10.0 ** rng.integers(-8, 8, size)
    if ends:
        special = rng.choice([0.0, -0.0, 1e-308, 1e300, -1e300, np.inf], size)
        values = np.where(rng.random(size) < 0.1, special, values)
    return values


def subtract_row(rng, ends):
    target, source = floats(rng, 48, ends), floats(rng, 48, ends)
    return Call((target, source, float(floats(rng, (), False)), 8, int(rng.integers(1, 7)) * 8))


def subtract_rows(rng, ends):
    target, source = floats(rng, 40, ends), floats(rng, (4, 48), ends)
    scales = floats(rng, 4, False).tolist()
    return Call((target, source, source.strides[0], *scales, 0, int(rng.integers(1, 6)) * 8))


def dot_f64(rng, ends):
    left, right = floats(rng, 48, ends), floats(rng, 48, ends)
    return Call((left, right, 8, int(rng.integers(1, 7)) * 8))


def subtract_tile(rng, ends):
    target, source = floats(rng, (4, 48), ends), floats(rng, (4, 48), ends)
    end = int(rng.integers(1, 7)) * 8
    return Call((target, source, source.strides[0], int(rng.integers(0, 44)), 8, end))


def finish_row(rng, ends):
    target, source = floats(rng, 48, ends), floats(rng, (3, 48), ends)
    rows, place = int(rng.integers(0, 4)), int(rng.integers(0, 48))
    end = int(rng.integers(1, 7)) * 8
    factor = float(floats(rng, (), False))
    return Call((target, source, source.strides[0], rows, place, factor, 8, end))


def correlate(rng, ends):
    count, vectors = int(rng.integers(0, 40)), int(rng.integers(1, CORRELATED + 1))
    lags = F64_LANES * CORRELATED
    x, y = floats(rng, 40, ends), floats(rng, 40 + lags, ends)
    return Call((x, At(y, lags), count, np.zeros(lags), vectors))


def fill_block(rng, ends):
    rows, columns = (int(rng.integers(1, 20)) for _ in "ab")
    matrix, slope = floats(rng, (20, 40), ends), int(rng.integers(0, 2))
    more, less, come, gone = (floats(rng, 40, ends) for _ in "abcd")
    if slope:
        rows = columns
    return Call((
        At(matrix, 3), matrix.strides[0], rows, columns, slope, At(more, 39), At(less, 39), come,
        gone,
    ))  # fmt: skip


def largest(rng, ends):
    return Call((floats(rng, 48, ends), 8 * int(rng.integers(0, 7))))


def correlate_exact(rng, ends):
    count, vectors = int(rng.integers(0, 90)), int(rng.integers(1, CORRELATED + 1))
    lags = F64_LANES * CORRELATED
    x, y = (integers(rng, 23, size, ends).astype(float) for size in (90, 90 + lags))
    return Call((x, At(y, lags), count, np.zeros(lags), vectors))


def dot_i16(rng, ends):
    a, b = (integers(rng, 16, 320, ends, np.int16) for _ in "ab")
    return Call((a, b, 32 * int(rng.integers(0, 11))))


def four_dots(rng, ends):
    a, b = (integers(rng, 16, 131, ends, np.int16) for _ in "ab")
    return Call((a, b, 32 * int(rng.integers(0, 5)), np.ones(4 * SUM_LANES, np.int32)))


def end_dot(rng, ends):
    a, b = (integers(rng, 16, 32, ends, np.int16) for _ in "ab")
    return Call((a, b, integers(rng, 32, SUM_LANES, ends, np.int32)))


def add_gradients(rng, ends):
    weights = within(rng, WEIGHT_LIMIT, 96, ends, np.int32)
    history = integers(rng, 16, 100, ends, np.int16)
    steps = integers(rng, 32, 2, ends).tolist()
    count, shift = 32 * int(rng.integers(0, 4)), int(rng.integers(0, 31))
    return Call((weights, np.zeros(96, np.int16), At(history, 3), count, shift, *steps))


def sum_rows(rng, ends):
    factor, rows = integers(rng, 64, (20, 3), ends), integers(rng, 64, (20, I64_LANES), ends)
    target = np.zeros(I64_LANES, np.int64)
    return Call((target, factor, rows, 24, 8 * I64_LANES, int(rng.integers(0, 20))))


def eliminate(rng, ends):
    rows = integers(rng, 64, (20, I64_LANES), ends)
    target, source = np.zeros(I64_LANES, np.int64), integers(rng, 64, I64_LANES, ends)
    up, down, count = (int(rng.integers(0, most)) for most in (40, 60, 20))
    return Call((target, source, up, down, At(rows, 5), rows, 8 * I64_LANES, count))


def eliminate_together(rng, ends):
    matrix, source = (integers(rng, 64, (20 + TOGETHER, I64_LANES), ends) for _ in "ab")
    up, down, count = (int(rng.integers(0, most)) for most in (40, 60, 20))
    target = At(matrix, 20 * I64_LANES + 8)
    return Call((target, At(source, 8), up, down, matrix, At(matrix, 8), 8 * I64_LANES, count))


def divide(rng, ends):
    row, down = integers(rng, 64, 48, ends), int(rng.integers(0, 60))
    return Call((row, I64_LANES * int(rng.integers(0, 4)), down, int(integers(rng, 64, (), ends))))


def dot_short(rng, ends):
    a, b = integers(rng, 64, 40, ends), integers(rng, 32, 40, ends, np.int32)
    return Call((a, b, 8 * int(rng.integers(0, 6))))


def add_sliding_dots(rng, ends):
    width, count = int(rng.integers(1, 3)), int(rng.integers(0, 70))
    samples = integers(rng, 32, width * 16 + 70, ends, np.int32)
    return Call((integers(rng, 64, 70, ends), samples, width, count, integers(rng, 60, 16, False)))


def shift_products(rng, ends):
    left, right = integers(rng, 64, 60, ends), integers(rng, 64, 90, ends)
    target = np.zeros((40, 80), np.int64)
    begin, hidden = (int(rng.integers(0, 12)) for _ in "ab")
    end, batch = begin + int(rng.integers(0, 20)), int(rng.integers(0, 20))
    # down the diagonal, as it is used: some of what a row does not show lies before the target
    return Call((At(target, 40), 8 * 41, left, right, batch, begin, hidden, end))


def accumulate(rng, ends):
    target, sums = integers(rng, 64, (50, 75), ends), integers(rng, 64, (50, 80), ends)
    rows, columns, lower = (int(rng.integers(0, most)) for most in (50, 75, 40))
    shifts = (int(rng.integers(0, most)) for most in (20, 20, 40))
    mask = int(rng.integers(-1, 1))
    steps = target.strides[0], sums, sums.strides[0]
    return Call((target, *steps, rows, columns, lower, *shifts, mask))


def add_rows(rng, ends, cells=np.int8):
    pairs = 4 * int(rng.integers(0, 5))
    start = integers(rng, 32, ROWS, ends, np.int32)
    weights = integers(rng, 8 * np.dtype(cells).itemsize, 16 * 2 * ROWS, ends, cells)
    inputs = integers(rng, 16, 32, ends, np.int16)
    shifts = rng.integers(0, 32, ROWS).astype(np.int32)
    return Call((start, weights, inputs, pairs, shifts, np.zeros(ROWS, np.int32)))


def add_rows_16(rng, ends):
    return add_rows(rng, ends, np.int16)


def clip_rows(rng, ends):
    *first, _out = add_rows(rng, ends).arguments
    low, high = sorted(integers(rng, 20, 2, ends).tolist())
    residual = integers(rng, 16, ROWS, ends, np.int16)
    return Call((*first, low, high, residual, np.zeros(ROWS, np.int16)))


def clip_rows_of_times(rng, ends):
    old_pairs, pairs = (int(rng.integers(0, 8)) for _ in "ab")
    start, weights, _inputs, _pairs, shifts, _out = add_rows(rng, ends).arguments
    old, new = (integers(rng, 16, (TIMES, 20), ends, np.int16) for _ in "ab")
    residual = integers(rng, 16, (TIMES, ROWS), ends, np.int16)
    low, out = int(rng.choice([-ACTIVATION_LIMIT, 0])), np.zeros((TIMES, ROWS + 2), np.int16)
    pieces = start, weights, old, old_pairs, new, pairs, old.strides[0], shifts, low
    return Call((*pieces, residual, residual.strides[0], out, out.strides[0]))


def gate_rows(rng, ends):
    units = ROWS * int(rng.integers(1, 3))
    tables = (integers(rng, 16, CENTRE + GATE_TOP + 2, ends, np.int16) for _ in "ab")
    inward, recurrent = (within(rng, 1 << 24, 3 * units, ends, np.int32) for _ in "ab")
    state, out = integers(rng, 16, units, ends, np.int16), np.zeros(units, np.int16)
    return Call((inward, recurrent, units, *tables, state, out))


def learn_rows(rng, ends):
    pairs, step = int(rng.integers(0, 7)), int(within(rng, 1 << 15, (), ends, np.int64))
    values = within(rng, 32767, ROWS, ends, np.int32)
    outward = within(rng, online_vectors.OUTWARD_LIMIT, ROWS, ends, np.int32)
    weights = within(rng, online_vectors.WEIGHT_LIMIT, (7, 2, ROWS), ends, np.int32)
    inputs = within(rng, 2047, 14, ends, np.int16)
    return Call((step, values, outward, weights, np.zeros((7, 2 * ROWS), np.int16), inputs, pairs))


def learn_row(rng, ends):
    weights = within(rng, online_vectors.WEIGHT_LIMIT, 64, ends, np.int32)
    inputs, copies = within(rng, 2047, 64, ends, np.int16), np.zeros(64, np.int16)
    count = ROWS * int(rng.integers(0, 5))
    return Call((weights, copies, inputs, count, int(within(rng, 1 << 14, (), ends, np.int64))))


def mixture_row(rng, ends) -> np.ndarray:
    row = integers(rng, 40, mixture.MIXTURE_CELLS, ends)

    def put(cell: int, low: int, high: int) -> None:
        row[cell : cell + 8] = rng.integers(low, high, 8)

    put(MixtureCell.SOURCE, 0, 20)
    put(MixtureCell.MEAN, 0, 1 << (45 if ends else 20))
    put(MixtureCell.RATE, 0, 12)
    put(MixtureCell.MANTISSA, 0, 1 << 17)
    put(MixtureCell.SHIFT, 0, 40)
    put(MixtureCell.GAINED, -1, 1)
    return row


def prepare_lanes(rng, ends):
    tables = integers(rng, 40, 20, ends), integers(rng, 20, 256, ends)
    exponentials = integers(rng, 20, 2 * mixture.EXP_STEPS + 1, ends)
    features = integers(rng, 10, mixture.FEATURES, ends)
    return Call((mixture_row(rng, ends), features, *tables, exponentials, 3))


def weigh_lanes(rng, ends):
    numbers = int(rng.integers(0, 20)), int(integers(rng, 40, (), ends))
    return Call((mixture_row(rng, ends), *numbers))


def cumulative_lanes(rng, ends):
    table = integers(rng, 64, CELLS + 1, ends)
    edge, slot = int(integers(rng, 40, (), ends)), MixtureCell.SLOTS + int(rng.integers(0, 4))
    return Call((mixture_row(rng, ends), table, edge, slot))


def joint_lanes(rng, ends):
    slots = MixtureCell.SLOTS, MixtureCell.SLOTS + mixture.MAX_PARTS
    return Call((mixture_row(rng, ends), *slots))


def learn_lanes(rng, ends):
    features = integers(rng, 10, mixture.FEATURES, ends)
    numbers = int(rng.integers(0, 20)), int(integers(rng, 40, (), ends))
    leak, sample, age = int(rng.choice([-1, 1])), int(integers(rng, 40, (), ends)), 5
    return Call((mixture_row(rng, ends), features, *numbers, leak, sample, age))


def gradients(rng, ends):
    lanes = integers(rng, 30, STAGE_LANES, ends)

    def put(lane: StageLane, low: int, high: int, count: int = I64_LANES) -> None:
        lanes[lane : lane + count] = rng.choice([low, high - 1], count)
        if not ends:
            lanes[lane : lane + count] = rng.integers(low, high, count)

    put(StageLane.NEWEST, -HISTORY_LIMIT, HISTORY_LIMIT + 1)
    put(StageLane.MEAN, 0, 1 << 24)
    put(StageLane.POWERS, 0, 1 << 34, 3 * I64_LANES)
    put(StageLane.STEP, 0, 1 << 46)
    groups, place = int(rng.integers(1, 3)), int(rng.integers(0, 4))
    residual = int(integers(rng, 41, (), ends))
    return Call((lanes, groups, place, residual, int(rng.integers(-8, 25))))


def clip_inputs(rng, ends):
    means, differences = np.abs(integers(rng, 40, 16, ends)), integers(rng, 41, 16, ends)
    used, inputs = rng.integers(-1, 1, 16), np.zeros(16, np.int64)
    base, clip, shift = (int(rng.integers(0, most)) for most in (1 << 40, 9, 20))
    eights = int(rng.integers(0, 3))
    return Call((means, differences, used, inputs, base, clip, shift, 1 << 22, eights))


add_two_gradients = add_four_gradients = add_gradients
slope_lanes = cumulative_lanes

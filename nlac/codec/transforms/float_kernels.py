"""Kernels of float blocks that encoder and decoder share, and kernels that make integer planes.

All arithmetic is on the bits of the floats (spec, section "Float blocks"). The rounding, denormal
and NaN rules of a processor play no part.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i64, store_64

PROBABILITY_ONE = 1 << 24
SMALLEST = -149  # exponent of the smallest denormal float
LARGEST = 104  # exponent of the last bit of the largest finite float
SIGN = 0x80000000



class ParameterCell(IntEnum):
    """Cells of the parameters of a channel, int64.

    Runs are rows of their own: the frame after the run, its mode (`RunMode`), its exponent.
    """

    EXCEPTIONS = 0  # 1 if samples may be of another kind than PLAIN
    MULTIPLIER = 1  # of the gain
    LIMIT = 2  # largest magnitude of an integer times that multiplier in 64 bits
    ZEROS = 3  # low bits that are 0 in every mantissa
    FLOOR = 4  # no value has a bit below 2**FLOOR
    FIRST_RUN = 5


class RunMode(IntEnum):
    """How the floats of a run follow from its integers."""

    SCALED = 0  # rounded products with a gain
    GRID = 1  # integers are the parts on a grid


class SampleKind(IntEnum):
    """What the side data of a sample holds."""

    PLAIN = 0  # what the mode of the run needs
    NEGATIVE_ZERO = 1
    NEAR = 2  # a small difference of bit patterns
    PATTERN = 3  # the bit pattern


class Model(IntEnum):
    """First of the adaptive binary models of each decision; the index is in brackets."""

    PLAIN = 0  # [last kind][plane is zero]
    NEGATIVE_ZERO = 8  # [last kind]
    NEAR = 12  # [last kind]
    SAME = 16
    DELTA_SIGN = 17
    DELTA = 18  # [length so far]
    EXACT = 26  # [free bits][last two inexact]
    ZERO = 126  # [last two of the cell around zero inexact]
    SIGN = 130  # [sign of the plane before]
    OCTAVE = 133  # [octaves so far]


PARAMETER_CELLS = len(ParameterCell)
MODELS = 157  # two numbers each: probability of a 0 in 2**-24, decisions seen
MAX_DELTA_BITS = 8
MAX_UNARY_OCTAVES = 24
OCTAVE_BITS = 9
MEMORY = 126
MARGIN = 256  # no decision gets a smaller probability, in 2**-24
# at most 32 decisions of 16 bits each and 33 raw bits
WORDS_PER_SAMPLE = 18


@kernel
def float_bits(magnitude, exponent):
    """Bits of magnitude * 2**exponent as float32, rounded to nearest even; -1 if too large."""
    if magnitude == 0:
        return np.int64(0)
    length = bit_length(magnitude)
    shift = max(length - 24, SMALLEST - exponent)
    if shift > 63:
        return np.int64(0)
    if shift > 0:
        half = np.int64(1) << (shift - 1)
        rest = magnitude & (2 * half - 1) if shift < 63 else magnitude
        magnitude = magnitude >> shift if shift < 63 else np.int64(0)
        magnitude += rest > half or (rest == half and magnitude & 1 == 1)
    else:
        magnitude = magnitude << -shift
    # the implicit one adds 1 to the exponent field, and so does a carry of the rounding
    field = exponent + shift - SMALLEST
    if field > 254:
        return np.int64(-1)
    bits = (field << 23) + magnitude
    return bits if bits < 0x7F800000 else np.int64(-1)


@kernel
def unpack(bits):
    """Magnitude (at most 24 bits) and exponent of a finite float's absolute value."""
    field = (bits >> 23) & 255
    if field == 0:
        return bits & 0x7FFFFF, np.int64(SMALLEST)
    return (bits & 0x7FFFFF) | 0x800000, field + (SMALLEST - 1)


@kernel
def free_bits(count, exponent, zeros, floor):
    """Number of a mantissa's `count` low bits that may differ from 0."""
    return max(count - max(zeros, floor - exponent), 0)


@kernel
def learn(models, which, bit):
    """Update the model `which` with a coded bit."""
    at = 2 * which
    p = load_i64(models, at)
    seen = load_i64(models, at + 1)
    if bit:
        p -= (p - MARGIN) // (seen + 2)
    else:
        p += (PROBABILITY_ONE - MARGIN - p) // (seen + 2)
    store_64(models, at, np.int64(p))
    store_64(models, at + 1, np.int64(min(seen + 1, MEMORY)))


@kernel
def clear(models):
    """Set all models to a probability of one half."""
    for i in range(MODELS):
        store_64(models, 2 * i, np.int64(PROBABILITY_ONE // 2))
        store_64(models, 2 * i + 1, np.int64(0))


@kernel
def make_plane(patterns, exponent, plane):
    """Fill the integer plane of a GRID run; exceptions repeat the integer before.

    `patterns` is (frames,) uint32, `plane` (frames,) int32.
    """
    before = np.int64(0)
    for t in range(len(patterns)):
        bits = np.int64(patterns[t])
        if (bits >> 23) & 255 == 255:
            plane[t] = before
            continue
        magnitude, own = unpack(bits)
        shift = exponent - own
        magnitude = magnitude >> min(shift, 24) if shift > 0 else magnitude << -shift
        before = -magnitude if bits & SIGN else magnitude
        plane[t] = before


@kernel
def scaled_bits(value, exponent, parameters):
    """Bits of the float that an integer of a SCALED run stands for; -1 if too large."""
    magnitude = abs(value)
    if magnitude > load_i64(parameters, ParameterCell.LIMIT):
        return np.int64(-1)
    bits = float_bits(magnitude * load_i64(parameters, ParameterCell.MULTIPLIER), exponent)
    return bits | SIGN if value < 0 and bits >= 0 else bits


@kernel
def misfits(patterns, plane, exponent, row):
    """Count the samples that a SCALED plane misses by less than 2**8 bit patterns, and by more."""
    parameters = address(row)
    near = far = 0
    for t in range(len(plane)):
        delta = scaled_bits(np.int64(plane[t]), exponent, parameters) - np.int64(patterns[t])
        if delta != 0:
            small = abs(delta) < 1 << MAX_DELTA_BITS
            near += small
            far += not small
    return near, far

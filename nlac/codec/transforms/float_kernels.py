"""Steps of float blocks that encoder and decoder share, and the making of integer planes.

All arithmetic is on the bits of the floats (spec, section "Float blocks"): no
processor's rounding, denormal or NaN rules enter.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i64, store_64

PROBABILITY_ONE = 1 << 24
SMALLEST = -149  # exponent of the smallest denormal
LARGEST = 104  # exponent of the last bit of the largest finite floats
SIGN = 0x80000000

# a channel's row of parameters; its runs are rows of their own: last frame + 1, mode, exponent
EXCEPTIONS, MULTIPLIER, LIMIT, ZEROS, FLOOR, FIRST_RUN, FIELDS = 0, 1, 2, 3, 4, 5, 6
SCALED, GRID = 0, 1

# what a sample is
PLAIN, NEGATIVE_ZERO, NEAR, PATTERN = 0, 1, 2, 3

# the models: two numbers each (probability of a 0 in 2**-24, decisions seen)
M_PLAIN = 0  # [last kind][plane is zero]
M_NEGATIVE_ZERO = 8  # [last kind]
M_NEAR = 12  # [last kind]
M_SAME = 16
M_DELTA_SIGN = 17
M_DELTA = 18  # [length so far]
M_EXACT = 26  # [free bits][last two inexact]
M_ZERO = 126  # [last two of the cell around zero inexact]
M_SIGN = 130  # [sign of the plane before]
M_OCTAVE = 133  # [octaves so far]
MODELS = 157
MAX_DELTA_BITS = 8
MAX_UNARY_OCTAVES = 24
OCTAVE_BITS = 9
MEMORY = 126
MARGIN = 256  # no decision is believed to be rarer than this
# at most 32 decisions of 16 bits each and 33 raw bits
WORDS_PER_SAMPLE = 18


@kernel
def float_bits(magnitude, exponent):
    """Bits of magnitude * 2**exponent as a float32, to nearest even; -1 if too large."""
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
    # the implicit one adds 1 to the exponent field; a carry of the rounding does the same
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
    """How many of a mantissa's `count` low bits can be other than 0."""
    return max(count - max(zeros, floor - exponent), 0)


@kernel
def learn(models, which, bit):
    """Move a model towards the bit just coded."""
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
    """Set all models to even odds."""
    for i in range(MODELS):
        store_64(models, 2 * i, np.int64(PROBABILITY_ONE // 2))
        store_64(models, 2 * i + 1, np.int64(0))


@kernel
def make_plane(patterns, exponent, plane):
    """Fill the integer plane of a GRID run; exceptions repeat the integer before."""
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
    """Float that an integer of a SCALED channel stands for; -1 if too large."""
    magnitude = abs(value)
    if magnitude > load_i64(parameters, LIMIT):
        return np.int64(-1)
    bits = float_bits(magnitude * load_i64(parameters, MULTIPLIER), exponent)
    return bits | SIGN if value < 0 and bits >= 0 else bits


@kernel
def misfits(patterns, plane, exponent, row):
    """Count samples that a SCALED plane misses by less than 2**8 floats, and by more."""
    parameters = address(row)
    near = far = 0
    for t in range(len(plane)):
        delta = scaled_bits(np.int64(plane[t]), exponent, parameters) - np.int64(patterns[t])
        if delta != 0:
            small = abs(delta) < 1 << MAX_DELTA_BITS
            near += small
            far += not small
    return near, far

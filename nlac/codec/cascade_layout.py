"""Where the parts of a channel's mixture lie in its row of state (`cascade_mixture`).

A mixture has 8 or 16 parts; every quantity of theirs has 16 cells of 64 bits,
so that eight parts fill a vector.
"""

from __future__ import annotations

LANES = 8
MAX_PARTS = 16
MAX_LOCATIONS = 6

# numbers of the format
SHARE_BITS = 28  # shares are Q28
SHARE_RATE = 5  # they move 1/32 of the way to their posterior
SHARE_FLOOR = 5 << 14  # so that no part dies out
FULL_SHARE = 1 << SHARE_BITS  # about what the shares sum to
SHARE_LEAK = 10  # they are scaled by 1 -+ 2**-10 to stay there
FEATURES = 6  # what turns the shares of a sample, in sixteenths of an octave
MAX_FEATURE = 32
GATE_LIMIT = 1 << 23  # gates are Q20
GATE_RATE = 16
EXP_STEPS = 256  # the table reaches from e**-4 to e**4 in steps of 1/64
CONTEXTS = 6  # a side of the square of contexts
GAIN_BITS = 16
MIN_GAIN, MAX_GAIN = 23170, 185364  # 2**-1.5 and 2**1.5
GAIN_RATE = 7

# what the parts are
SOURCE = 0  # which location
RATE = SOURCE + MAX_PARTS  # the mean of |error| moves 2**-rate of the way
INVERSE = RATE + MAX_PARTS  # 1 / width in units of that mean, Q16
GAINED = INVERSE + MAX_PARTS  # -1 if the context's gain widens the part, else 0
LEAST = GAINED + MAX_PARTS  # smallest share
# what is learned
MEAN = LEAST + MAX_PARTS  # of |error|, Q20
SHARE = MEAN + MAX_PARTS  # Q28
GATES = SHARE + MAX_PARTS  # by which factor each feature turns the shares
# what is prepared for a sample
LOCATION = GATES + FEATURES * MAX_PARTS  # Q8
MANTISSA = LOCATION + MAX_PARTS
SHIFT = MANTISSA + MAX_PARTS
WEIGHT = SHIFT + MAX_PARTS  # turned share: before it is scaled to a sum of 1, then Q28
JOINT = WEIGHT + MAX_PARTS
SLOTS = JOINT + MAX_PARTS  # frequencies of the parts below each of four boundaries
# single cells
BELOW = SLOTS + 4 * MAX_PARTS  # slots of the boundaries of the coded bin
ABOVE = BELOW + 1
AGE = BELOW + 2  # samples so far
CONTEXT = BELOW + 3
SUM = BELOW + 4  # of the shares
ERROR = BELOW + 5  # |error| of the last sample at the first location, Q20
OTHER = BELOW + 6  # address of the reference's row, 0 without one
FEATURE = BELOW + 8
GAINS = FEATURE + 8  # inverse gain of each context, Q16
ROW_LENGTH = (GAINS + CONTEXTS * CONTEXTS + 7) // 8 * 8

# parts whose means make the context
MIDDLE, FAST, SLOW = 0, 1, 2
GIVEN = 8  # first of the parts whose means a network gives

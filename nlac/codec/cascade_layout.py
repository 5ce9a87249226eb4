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
SHARE_FLOOR = 12  # a share of 2**-12 is spread over all parts, so that none dies out
CONTEXTS = 6  # a side of the square of contexts
GAIN_BITS = 16
MIN_GAIN, MAX_GAIN = 23170, 185364  # 2**-1.5 and 2**1.5
GAIN_RATE = 7

# what the parts are
SOURCE = 0  # which location
RATE = SOURCE + MAX_PARTS  # the mean of |error| moves 2**-rate of the way
INVERSE = RATE + MAX_PARTS  # 1 / width in units of that mean, Q16
GAINED = INVERSE + MAX_PARTS  # -1 if the context's gain widens the part, else 0
CONSTANT = GAINED + MAX_PARTS  # smallest share
# what is learned
MEAN = CONSTANT + MAX_PARTS  # of |error|, Q20
SHARE = MEAN + MAX_PARTS
# what is prepared for a sample
LOCATION = SHARE + MAX_PARTS  # Q8
MANTISSA = LOCATION + MAX_PARTS
SHIFT = MANTISSA + MAX_PARTS
WEIGHT = SHIFT + MAX_PARTS  # share, Q16
JOINT = WEIGHT + MAX_PARTS
SLOTS = JOINT + MAX_PARTS  # frequencies of the parts below each of three boundaries
# single cells
BELOW = SLOTS + 3 * MAX_PARTS  # slots of the boundaries of the coded bin
ABOVE = BELOW + 1
SLOPE = BELOW + 2
AGE = BELOW + 3  # samples so far
CONTEXT = BELOW + 4
GAINS = BELOW + 8  # inverse gain of each context, Q16
ROW_LENGTH = (GAINS + CONTEXTS * CONTEXTS + 7) // 8 * 8

# parts whose means make the context
MIDDLE, FAST, SLOW = 0, 1, 2

"""What a cascade's mixture starts from: its tables, its parts, and the rows of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.distributions import REACH, ROW, tables

MIXTURE_LANES = 8
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

# `shared`: addresses of tables, then numbers
TABLE, RECIPROCALS, EXPONENTIALS, QUANTILES, GROUPS, LAST = range(6)
SHARED = 6

# location, rate, width (of 16, in means of |error|), whether the context's gain applies;
# locations that there are not leave their parts out
FEW = (
    (0, 4, 16, 1),
    (0, 2, 16, 0),
    (0, 9, 16, 0),
    (0, 4, 10, 1),
    (0, 4, 27, 1),
    (0, 6, 16, 0),
    (1, 4, 16, 1),
    (2, 4, 16, 1),
)
MANY = (*FEW, *((i, 4, 16, 1) for i in (3, 4, 5)), *((i, 7, 16, 0) for i in (1, 2, 3, 4, 5)))
# with a network, whose location is the second: it gives the widths of three parts
_GIVEN = ((1, 4, 16, 0),) * 3
NETWORK = (
    *FEW, *_GIVEN, (1, 7, 16, 0), (1, 2, 16, 0), *((i, 4, 16, 1) for i in (3, 4, 5))
)  # fmt: skip
ENOUGH = 3  # locations up to which there are few parts


def _tables() -> tuple[NDArray[np.int64], ...]:
    row = tables().cumulative[:ROW].astype(np.int64)
    packed = row[:-1] << 32 | np.diff(row)
    reciprocals = (1 << 25) // (513 + 2 * np.arange(256, dtype=np.int64))
    steps = range(-EXP_STEPS, EXP_STEPS + 1)
    exponentials = np.array([round(4096 * (Decimal(i) / 64).exp()) for i in steps], np.int64)
    # only where a search begins: rounding is free
    quantiles = np.interp(np.arange(4097) << 12, row, (np.arange(ROW) << 8) - REACH)
    return packed, reciprocals, exponentials, quantiles.astype(np.int64)


# kernels know them by address: made once, while importing, and never by two threads at a time
_TABLES = _tables()


def mixture_shared(locations: int, network: bool = False) -> NDArray[np.int64]:
    """Return what all channels share; holds addresses of tables that live as long as the process.

    Parameters
    ----------
    locations : int
        How many predictions a sample has, 1 to `MAX_LOCATIONS`, or one more with a network.
    network : bool
        Whether the second of them is a network's.
    """
    shared = np.zeros(SHARED, np.int64)
    shared[:GROUPS] = [table.ctypes.data for table in _TABLES]
    shared[GROUPS] = 1 if locations <= ENOUGH and not network else 2
    shared[LAST] = locations - 1
    return shared


def mixture_state(
    initial: NDArray[np.int64],
    locations: int,
    references: Sequence[int] = (),
    network: bool = False,
) -> NDArray[np.int64]:
    """Return the state that a block starts from, one row a channel.

    Parameters
    ----------
    initial : (channels,) int64
        First mean of |error| of each channel (Q12), at most 2**44.
    locations : int
        How many predictions a sample has.
    references : sequence of int
        The channel whose errors tell of those of each channel, -1 for none; empty if
        there are none.
    network : bool
        Whether the second location is a network's.
    """
    state = np.zeros((len(initial), ROW_LENGTH), np.int64)
    parts = FEW if locations <= ENOUGH else MANY
    if network:
        parts = NETWORK
    used = [(i, part) for i, part in enumerate(parts) if part[0] < locations]
    for i, (source, rate, width, gained) in used:
        state[:, SOURCE + i] = source
        state[:, RATE + i] = rate
        state[:, INVERSE + i] = (16 << GAIN_BITS) // width
        state[:, GAINED + i] = -gained
        state[:, LEAST + i] = SHARE_FLOOR
        state[:, SHARE + i] = FULL_SHARE // len(used)
    state[:, SUM] = FULL_SHARE
    state[:, MEAN : MEAN + MAX_PARTS] = initial[:, None] << 8
    state[:, ERROR] = initial << 8
    state[:, GAINS : GAINS + CONTEXTS * CONTEXTS] = 1 << GAIN_BITS
    for c, reference in enumerate(references):
        if reference >= 0:
            state[c, OTHER] = state.ctypes.data + 8 * ROW_LENGTH * reference
    return state

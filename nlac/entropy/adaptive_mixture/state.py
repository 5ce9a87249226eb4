"""State of the adaptive mixture: cells, tables, and the parts that a block starts with."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.entropy.distributions import REACH, ROW, tables
from nlac.entropy.small_residuals import SMALL_CELLS, new_contexts

MIXTURE_LANES = 8
MAX_PARTS = 16
MAX_LOCATIONS = 6
# constants of the format
SHARE_BITS = 28  # shares are Q28
SHARE_RATE = 5  # shares move by 1/32 towards their posterior
SHARE_FLOOR = 5 << 14  # no share falls below it
FULL_SHARE = 1 << SHARE_BITS  # the shares sum to about this
SHARE_LEAK = 10  # a scaling by 1 -+ 2**-10 keeps them there
FEATURES = 6  # numbers that turn the shares of a sample, in sixteenths of an octave
MAX_FEATURE = 32
GATE_LIMIT = 1 << 23  # gates are Q20
GATE_RATE = 16
EXP_STEPS = 256  # the table reaches from e**-4 to e**4 in steps of 1/64
CONTEXTS = 6  # a side of the square of contexts
GAIN_BITS = 16
MIN_GAIN, MAX_GAIN = 23170, 185364  # 2**-1.5 and 2**1.5
GAIN_RATE = 7


class MixtureCell(IntEnum):
    """Cells of a channel's entropy model, int64; most begin an array with a cell for each part."""

    # definition of the parts
    SOURCE = 0  # index of the location
    RATE = MAX_PARTS  # the mean of |error| moves by 2**-rate
    INVERSE = 2 * MAX_PARTS  # 1 / width in units of that mean, Q16
    GAINED = 3 * MAX_PARTS  # -1 if the context's gain widens the part, else 0
    LEAST = 4 * MAX_PARTS  # smallest share
    # learned
    MEAN = 5 * MAX_PARTS  # running mean of |error|, Q20
    SHARE = 6 * MAX_PARTS  # Q28
    GATES = 7 * MAX_PARTS  # for each feature, MAX_PARTS factors by which it turns the shares, Q20
    # computed for a sample
    LOCATION = GATES + FEATURES * MAX_PARTS  # Q8
    MANTISSA = LOCATION + MAX_PARTS  # inverse of the width
    SHIFT = MANTISSA + MAX_PARTS
    WEIGHT = SHIFT + MAX_PARTS  # turned share; Q28 once the sum is scaled to 1
    JOINT = WEIGHT + MAX_PARTS  # weight times likelihood
    SLOTS = JOINT + MAX_PARTS  # frequencies of the parts below each of four boundaries
    # single cells
    BELOW = SLOTS + 4 * MAX_PARTS  # slot of the lower boundary of the coded bin
    ABOVE = BELOW + 1  # slot of its upper boundary
    AGE = BELOW + 2  # samples so far
    CONTEXT = BELOW + 3  # cell of the present context's gain
    SUM = BELOW + 4  # of the shares
    ERROR = BELOW + 5  # |error| of the last sample at the first location, Q20
    OTHER = BELOW + 6  # address of the reference's row, 0 without one
    FEATURE = BELOW + 8  # features of the sample
    GAINS = FEATURE + 8  # inverse gain of each context, Q16
    # small residuals
    EDGES = GAINS + 40  # of the coded rank: `Edge.shape` and `Edge.table` below, then above; or 0
    SMALL = EDGES + 4  # contexts of `nlac.entropy.small_residuals`


class SharedCell(IntEnum):
    """Cells that all entropy models share, int64: addresses of tables, then numbers."""

    TABLE = 0  # cumulative frequencies and widths, packed
    RECIPROCALS = 1
    EXPONENTIALS = 2
    QUANTILES = 3
    GROUPS = 4  # groups of MIXTURE_LANES parts
    LAST = 5  # index of the last location


MIXTURE_CELLS = (MixtureCell.SMALL + SMALL_CELLS + 7) // 8 * 8
SHARED_CELLS = len(SharedCell)
# parts whose means define the context
MIDDLE, FAST, SLOW = 0, 1, 2
GIVEN = 8  # first of the parts whose means a network gives

# location, rate, width (of 16, in means of |error|), whether the context's gain applies;
# a part is left out if its location does not exist
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
# with a network, whose location is the second and whose outputs are the widths of three parts
_GIVEN = ((1, 4, 16, 0),) * 3
NETWORK = (
    *FEW, *_GIVEN, (1, 7, 16, 0), (1, 2, 16, 0), *((i, 4, 16, 1) for i in (3, 4, 5))
)  # fmt: skip
ENOUGH = 3  # locations up to which there are few parts


def _tables() -> tuple[NDArray[np.int64], ...]:
    row = tables().cumulative[:ROW].astype(np.int64)
    # behind the last cell one of its width, in which the right end lies
    packed = row << 32 | np.diff(row, append=2 * row[-1] - row[-2])
    reciprocals = (1 << 25) // (513 + 2 * np.arange(256, dtype=np.int64))
    steps = range(-EXP_STEPS, EXP_STEPS + 1)
    exponentials = np.array([round(4096 * (Decimal(i) / 64).exp()) for i in steps], np.int64)
    # a search begins there, so rounding is free
    quantiles = np.interp(np.arange(4097) << 12, row, (np.arange(ROW) << 8) - REACH)
    return packed, reciprocals, exponentials, quantiles.astype(np.int64)


# kernels hold their addresses; importing makes them once, and never in two threads at a time
_TABLES = _tables()


def mixture_shared(locations: int, network: bool = False) -> NDArray[np.int64]:
    """Return the cells that all channels share, (SHARED_CELLS,) int64.

    The tables that they point to live as long as the process.

    Parameters
    ----------
    locations : int
        Locations of a sample, 1 to `MAX_LOCATIONS`, or one more with a network.
    network : bool
        Whether the second location is a network's.
    """
    shared = np.zeros(SHARED_CELLS, np.int64)
    shared[:SharedCell.GROUPS] = [table.ctypes.data for table in _TABLES]
    shared[SharedCell.GROUPS] = 1 if locations <= ENOUGH and not network else 2
    shared[SharedCell.LAST] = locations - 1
    return shared


def mixture_state(
    initial_scale: NDArray[np.int64],
    locations: int,
    references: Sequence[int] = (),
    network: bool = False,
) -> NDArray[np.int64]:
    """Return the state at the start of a block, (channels, MIXTURE_CELLS) int64.

    Parameters
    ----------
    initial_scale : (channels,) int64
        First mean of |error| of each channel (Q12), at most 2**44.
    locations : int
        Locations of a sample.
    references : sequence of int
        Coding index of the reference of each channel, -1 for none; empty if no channel has
        one.
    network : bool
        Whether the second location is a network's.
    """
    state = np.zeros((len(initial_scale), MIXTURE_CELLS), np.int64)
    parts = FEW if locations <= ENOUGH else MANY
    if network:
        parts = NETWORK
    used = [(i, part) for i, part in enumerate(parts) if part[0] < locations]
    for i, (source, rate, width, gained) in used:
        state[:, MixtureCell.SOURCE + i] = source
        state[:, MixtureCell.RATE + i] = rate
        state[:, MixtureCell.INVERSE + i] = (16 << GAIN_BITS) // width
        state[:, MixtureCell.GAINED + i] = -gained
        state[:, MixtureCell.LEAST + i] = SHARE_FLOOR
        state[:, MixtureCell.SHARE + i] = FULL_SHARE // len(used)
    state[:, MixtureCell.SUM] = FULL_SHARE
    state[:, MixtureCell.MEAN : MixtureCell.MEAN + MAX_PARTS] = initial_scale[:, None] << 8
    state[:, MixtureCell.ERROR] = initial_scale << 8
    state[:, MixtureCell.GAINS : MixtureCell.GAINS + CONTEXTS * CONTEXTS] = 1 << GAIN_BITS
    state[:, MixtureCell.SMALL : MixtureCell.SMALL + SMALL_CELLS] = new_contexts(len(state))
    for c, reference in enumerate(references):
        if reference >= 0:
            state[c, MixtureCell.OTHER] = state.ctypes.data + 8 * MIXTURE_CELLS * reference
    return state

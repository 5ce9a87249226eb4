"""The state of two shift registers from the lines of a band of noise.

Each bit of what the registers give is a sum modulo 2 of bits of their state. Lines that are known
to a percent tell the highest bits of each number, but for those near which a bit changes. A band of
32 lines gives more equations than the 64 bits of the state, so a wrong scale contradicts itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.noise import HIGH_SHIFT, HIGH_TAPS, LOW_TAPS

_BITS = 64  # of a state
_WORD = 32
_KNOWN = 6  # bits of a line that are asked for at most
MOST_LINES = 96
FEWEST_LINES = 24
_TOLERANCE = 0.012  # of a line, as a part of it
_SURE = 4.0  # standard deviations of the samples' noise, of which none may change a bit
NO_STATE = -1


@cache
def equations() -> NDArray[np.int64]:
    """Return the bits of a state whose sum modulo 2 is bit 31 - k of its follower t + 1.

    Returns
    -------
    (MOST_LINES, 6) int64
        By t and k; the first register is the low half.
    """
    low = [1 << i for i in range(_WORD)]
    high = [1 << (_WORD + i) for i in range(_WORD)]
    rows = []
    for _ in range(MOST_LINES):
        ends = [0, 0]
        for i in range(_WORD):
            if LOW_TAPS >> i & 1:
                ends[0] ^= low[i]
            if i >= HIGH_SHIFT and HIGH_TAPS >> (i - HIGH_SHIFT) & 1:
                ends[1] ^= high[i]
        low, high = [*low[1:], ends[0]], [ends[1], *high[:-1]]
        rows.append([low[_WORD - 1 - k] ^ high[_WORD - 1 - k] for k in range(_KNOWN)])
    return np.array(rows, np.uint64).view(np.int64)


@kernel
def _add(row: int, bit: int, rows: NDArray[np.int64], bits: NDArray[np.int64]) -> int:
    """Add an equation to those in triangular form.

    Returns 1 if it is new, 0 if the others say so too, -1 if they say otherwise.
    """
    for pivot in range(_BITS):
        if (row >> pivot) & 1:
            if rows[pivot] == 0:
                rows[pivot] = row
                bits[pivot] = bit
                return 1
            row ^= rows[pivot]
            bit ^= bits[pivot]
    return -bit


@kernel
def state_of_registers(
    lines: Floats, begin: int, end: int, scale: float, deviation: float, table: NDArray[np.int64]
) -> int:
    """Return the state before lines that are numbers divided by a scale, but for small errors.

    Parameters
    ----------
    lines : float64
    begin, end : int
        Some of the lines.
    scale : float
        Numbers of 32 bits a unit of the lines.
    deviation : float
        Standard deviation of the noise of a line.
    table : (MOST_LINES, 6) int64
        See `equations`.

    Returns
    -------
    int
        The first register, and the second times 2**32, modulo 2**64; `NO_STATE` if the lines
        are none of such numbers, or too few.
    """
    rows, bits = np.zeros(_BITS, np.int64), np.zeros(_BITS, np.int64)
    unit = scale / 4294967296.0
    found = 0
    for t in range(min(end - begin, MOST_LINES)):
        part = lines[begin + t] * unit
        off = abs(part) * _TOLERANCE + _SURE * deviation * unit
        if part < 0:
            part += 1.0
        if part < 0 or part >= 1.0:
            return NO_STATE
        for k in range(_KNOWN):
            part *= 2.0
            off *= 2.0
            bit = int(part)
            # near a place where this bit or a higher one changes
            if part - bit < off or part - bit > 1.0 - off:
                break
            new = _add(table[t, k], bit & 1, rows, bits)
            if new < 0:
                return NO_STATE
            found += new
    if found < _BITS:
        return NO_STATE
    state = 0
    for pivot in range(_BITS - 1, -1, -1):
        bit = bits[pivot]
        rest = rows[pivot] & state
        for _ in range(_BITS):
            bit ^= rest & 1
            rest >>= 1
        if bit:
            state |= 1 << pivot
    return state

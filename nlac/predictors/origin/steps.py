"""Code the steps of a granule: which bands have lines, and their exponents.

Spec, section "Exponents".
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.granules import (
    LONG_BANDS,
    MAX_STEP,
    MIN_STEP,
    NO_STEP,
    SHORT_BANDS,
)

RATE = 14
_USUAL_STEP = -44
_MOST = 30  # differences from which on contexts are shared
_LONGEST = 128

# where contexts of each kind begin, six kinds for each decision
_EMPTY = (0, 624, 636, 1104, 1416, 1464)
_SAME = (1542, 2342, 3590, 5270, 6622, 6878)
_SIGN = (10778, 10878, 10920, 10998, 11167, 11169)
_SIZE = (13119, 16219, 21179, 23783, 34261, 34385)
STEP_CONTEXTS = 35377
# and sets of weights
_EMPTY_SETS, _SAME_SETS, _SIGN_SETS, _SIZE_SETS, STEP_SETS = 0, 24, 56, 58, 120


@inline_kernel
def _cut(value, limit):
    """A signed number as an index from 0 to 2 limit."""
    return min(max(value, np.int64(-limit)), np.int64(limit)) + limit


@kernel
def code_steps(decisions, base, sets, steps, before, earlier, empties, first, second, odd):
    """Code the steps of a granule and channel; returns 0 if they are out of bounds, else 1.

    Parameters
    ----------
    decisions : Decisions
    base, sets : int
        Where the contexts and the sets of weights of steps begin.
    steps : (39,) int8
        The steps, all even or all odd; filled with what a decoder reads.
    before, earlier : (39,) int8
        The last steps of these bands in granules with blocks as long, and those at the granule
        before; updated.
    empties : (39,) uint8
        Whether these bands were empty in the last two such granules, the last in bit 0; updated.
    first : (39,) int8
        The steps of the channel before, in the same granule.
    second : int
        0 for the first channel, 1 for one behind a channel whose blocks are as long, else 2.
    odd : int
        1 in every second granule. Twice as much for short blocks is added: 2 or 3.
    """
    short = odd >> 1
    odd &= 1
    bands, stride = (SHORT_BANDS, 3) if short else (LONG_BANDS, 1)
    last = np.int64(NO_STEP)
    tops = np.full(3, NO_STEP, np.int64)
    places = np.full(3, -1, np.int64)
    hits, even = np.int64(0), np.int64(1)
    good = np.int64(1)
    for b in range(bands):
        step, old = np.int64(steps[b]), np.int64(before[b])
        older = np.int64(earlier[b])
        was_empty, older_empty = np.int64(empties[b]) & 1, np.int64(empties[b]) >> 1
        below = np.int64(1 if b >= stride and steps[b - stride] == NO_STEP else 0)
        above = np.int64(1 if b + stride < bands and empties[b + stride] & 1 else 0)
        other = np.int64(2)
        if second == 1:
            other = np.int64(1 if first[b] == NO_STEP else 0)
        state = (was_empty * 2 + below) * 3 + other
        empty = decide(
            decisions, 1 if step == NO_STEP else 0, RATE, sets + _EMPTY_SETS + state * 2 + short,
            base + _EMPTY[0] + b * 16 + was_empty * 8 + below * 4 + older_empty * 2 + above,
            base + _EMPTY[1] + state,
            base + _EMPTY[2] + b * 12 + state,
            base + _EMPTY[3] + ((b * 2 + below) * 2 + short) * 2 + above,
            base + _EMPTY[4] + state * 4 + older_empty * 2 + above,
            base + _EMPTY[5] + b * 2 + short,
        )  # fmt: skip
        if empty:
            steps[b] = NO_STEP
            continue
        window = b % 3 if short else 0
        reference = tops[window]
        place = places[window]
        if reference == NO_STEP:
            reference = last
        start = np.int64(1 if reference == NO_STEP else 0)
        expected, gap, trend, beside = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        if start:
            reference = old if old != NO_STEP else np.int64(_USUAL_STEP)
        else:
            if old != NO_STEP and place >= 0 and before[place] != NO_STEP:
                # of different granules: the exponents of one are all even or all odd
                expected = (old - before[place]) >> 1 << 1
            gap = old - reference - expected if old != NO_STEP else np.int64(40)
            if place >= 0 and older != NO_STEP and earlier[place] != NO_STEP:
                trend = older - earlier[place] - expected
            if second == 1 and place >= 0 and first[b] != NO_STEP and first[place] != NO_STEP:
                beside = np.int64(first[b]) - first[place] - expected
        reference += expected
        at_gap, at_expected = _cut(gap >> 1, 12), _cut(expected >> 1, 10)
        at_trend, at_beside = _cut(trend >> 1, 6), _cut(beside >> 1, 6)
        recent = hits & 7
        difference = step - reference
        same = decide(
            decisions, 1 if difference == 0 else 0, RATE,
            sets + _SAME_SETS + (recent * 2 + start) * 2 + short,
            base + _SAME[0] + ((at_gap * 8 + recent) * 2 + start) * 2 + short,
            base + _SAME[1] + ((b * 2 + start) * 2 + odd) * 8 + recent,
            base + _SAME[2] + (at_expected * 40 + b) * 2 + start,
            base + _SAME[3] + (at_trend * 13 + at_beside) * 8 + recent,
            base + _SAME[4] + ((hits & 63) * 2 + short) * 2 + start,
            base + _SAME[5] + (b * 25 + at_gap) * 4 + even * 2 + start,
        )  # fmt: skip
        hits = hits * 2 + same
        if same:
            step = reference
        else:
            up = decide(
                decisions, 1 if difference > 0 else 0, RATE, sets + _SIGN_SETS + start,
                base + _SIGN[0] + (at_gap * 2 + start) * 2 + short,
                base + _SIGN[1] + at_expected * 2 + start,
                base + _SIGN[2] + b * 2 + start,
                base + _SIGN[3] + at_trend * 13 + at_beside,
                base + _SIGN[4] + start,
                base + _SIGN[5] + (b * 25 + at_gap) * 2 + even,
            )  # fmt: skip
            size = abs(difference) >> (1 - start)
            count = np.int64(1)
            while count < _LONGEST:
                near = min(count, np.int64(_MOST))
                end = decide(
                    decisions, 1 if size == count else 0, RATE,
                    sets + _SIZE_SETS + near * 2 + start,
                    base + _SIZE[0] + ((near * 2 + up) * 25 + at_gap) * 2 + start,
                    base + _SIZE[1] + ((near * 40 + b) * 2 + start) * 2 + up,
                    base + _SIZE[2] + ((near * 21 + at_expected) * 2 + up) * 2 + start,
                    base + _SIZE[3] + ((near * 13 + at_trend) * 13 + at_beside) * 2 + up,
                    base + _SIZE[4] + (near * 2 + up) * 2 + start,
                    base + _SIZE[5]
                    + ((near * 2 + (count & 1)) * 2 + even) * 8 + start * 4 + up * 2 + short,
                )  # fmt: skip
                if end:
                    break
                count += 1
            if start == 0 and count & 1:
                even = np.int64(0)
            count <<= 1 - start
            step = reference + count if up else reference - count
        if step < MIN_STEP or step > MAX_STEP:
            good = np.int64(0)
            step = min(max(step, np.int64(MIN_STEP)), np.int64(MAX_STEP))
        steps[b] = step
        last = step
        tops[window] = step
        places[window] = b
    for b in range(bands):
        earlier[b] = before[b]
        if steps[b] != NO_STEP:
            before[b] = steps[b]
        empties[b] = (empties[b] & 1) * 2 + (1 if steps[b] == NO_STEP else 0)
    for b in range(bands, SHORT_BANDS):
        steps[b] = NO_STEP
    return good

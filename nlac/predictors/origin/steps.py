"""Code the steps of a granule: which bands have lines, and their exponents.

Spec, section "Exponents".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nlac.entropy.binary_decisions import decide
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.granules import NO_STEP

RATE = 14
_USUAL_STEP = -44
_LABELS = 39  # of bands in contexts; higher bands share the last
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


class StepKind(NamedTuple):
    """What the steps of a kind of blocks are.

    Attributes
    ----------
    bands, stride : int
        Number of bands, and of windows among which they are dealt out.
    short : int
        1 for short blocks.
    unit : int
        1 if the steps of a channel are all even or all odd, else 0.
    lowest, highest : int
    """

    bands: int
    stride: int
    short: int
    unit: int
    lowest: int
    highest: int


@inline_kernel
def _cut(value, limit):
    """A signed number as an index from 0 to 2 limit."""
    return min(max(value, np.int64(-limit)), np.int64(limit)) + limit


@kernel
def code_steps(
    decisions, base, sets, steps, before, earlier, empties, first, second, skipped, odd, kind
):
    """Code the steps of a granule and channel; returns 0 if they are out of bounds, else 1.

    Parameters
    ----------
    decisions : Decisions
    base, sets : int
        Where the contexts and the sets of weights of steps begin.
    steps : (bands,) int8 or int16
        The steps; filled with what a decoder reads.
    before, earlier : (bands,)
        The last steps of these bands in granules with blocks as long, and those at the granule
        before; updated.
    empties : (bands,) uint8
        Whether these bands were empty in the last two such granules, the last in bit 0; updated.
    first : (bands,)
        The steps of the channel before, in the same granule.
    second : int
        0 for the first channel, 1 for one behind a channel whose blocks are as long, else 2.
    skipped : (bands,) uint8
        1 for bands whose steps are not coded.
    odd : int
        1 in every second granule.
    kind : StepKind
    """
    bands, stride, short, unit = kind.bands, kind.stride, kind.short, kind.unit
    last = np.int64(NO_STEP)
    tops = np.full(3, NO_STEP, np.int64)
    places = np.full(3, -1, np.int64)
    hits, even = np.int64(0), np.int64(1)
    good = np.int64(1)
    for b in range(bands):
        if skipped[b]:
            continue
        label = min(b, _LABELS - 1)
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
            base + _EMPTY[0] + label * 16 + was_empty * 8 + below * 4 + older_empty * 2 + above,
            base + _EMPTY[1] + state,
            base + _EMPTY[2] + label * 12 + state,
            base + _EMPTY[3] + ((label * 2 + below) * 2 + short) * 2 + above,
            base + _EMPTY[4] + state * 4 + older_empty * 2 + above,
            base + _EMPTY[5] + label * 2 + short,
        )  # fmt: skip
        if empty:
            steps[b] = NO_STEP
            continue
        window = b % stride
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
                # of different granules: with the unit 1, those of one are all even or all odd
                expected = (old - before[place]) >> unit << unit
            gap = old - reference - expected if old != NO_STEP else np.int64(40)
            if place >= 0 and older != NO_STEP and earlier[place] != NO_STEP:
                trend = older - earlier[place] - expected
            if second == 1 and place >= 0 and first[b] != NO_STEP and first[place] != NO_STEP:
                beside = np.int64(first[b]) - first[place] - expected
        reference += expected
        at_gap, at_expected = _cut(gap >> unit, 12), _cut(expected >> unit, 10)
        at_trend, at_beside = _cut(trend >> unit, 6), _cut(beside >> unit, 6)
        recent = hits & 7
        difference = step - reference
        same = decide(
            decisions, 1 if difference == 0 else 0, RATE,
            sets + _SAME_SETS + (recent * 2 + start) * 2 + short,
            base + _SAME[0] + ((at_gap * 8 + recent) * 2 + start) * 2 + short,
            base + _SAME[1] + ((label * 2 + start) * 2 + odd) * 8 + recent,
            base + _SAME[2] + (at_expected * 40 + label) * 2 + start,
            base + _SAME[3] + (at_trend * 13 + at_beside) * 8 + recent,
            base + _SAME[4] + ((hits & 63) * 2 + short) * 2 + start,
            base + _SAME[5] + (label * 25 + at_gap) * 4 + even * 2 + start,
        )  # fmt: skip
        hits = hits * 2 + same
        if same:
            step = reference
        else:
            up = decide(
                decisions, 1 if difference > 0 else 0, RATE, sets + _SIGN_SETS + start,
                base + _SIGN[0] + (at_gap * 2 + start) * 2 + short,
                base + _SIGN[1] + at_expected * 2 + start,
                base + _SIGN[2] + label * 2 + start,
                base + _SIGN[3] + at_trend * 13 + at_beside,
                base + _SIGN[4] + start,
                base + _SIGN[5] + (label * 25 + at_gap) * 2 + even,
            )  # fmt: skip
            shift = 0 if start else unit
            size = abs(difference) >> shift
            count = np.int64(1)
            while count < _LONGEST:
                near = min(count, np.int64(_MOST))
                end = decide(
                    decisions, 1 if size == count else 0, RATE,
                    sets + _SIZE_SETS + near * 2 + start,
                    base + _SIZE[0] + ((near * 2 + up) * 25 + at_gap) * 2 + start,
                    base + _SIZE[1] + ((near * 40 + label) * 2 + start) * 2 + up,
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
            count <<= shift
            step = reference + count if up else reference - count
        if step < kind.lowest or step > kind.highest:
            good = np.int64(0)
            step = min(max(step, np.int64(kind.lowest)), np.int64(kind.highest))
        steps[b] = step
        last = step
        tops[window] = step
        places[window] = b
    for b in range(bands):
        if skipped[b]:
            continue
        earlier[b] = before[b]
        if steps[b] != NO_STEP:
            before[b] = steps[b]
        empties[b] = (empties[b] & 1) * 2 + (1 if steps[b] == NO_STEP else 0)
    return good

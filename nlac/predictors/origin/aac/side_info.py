"""Code what a frame of AAC tells besides steps and lines (spec, section "Frames")."""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import (
    MAX_ORDER,
    MAX_POSITION,
    MIN_POSITION,
    SHORT,
    WINDOWS,
)

_RATE = 6
_NONE = 4  # stereo of a band that is not there
_LABELS = 51
_MOST = 30
_LONGEST = 512
_LONG_FILTERS = 3

# where contexts of each kind begin
SHAPE, GROUP, STEREO, POSITION, FILTER, SIDE_CONTEXTS = 0, 24, 80, 1106, 1460, 1504
SHAPE_SETS, GROUP_SETS, STEREO_SETS, POSITION_SETS, FILTER_SETS, SIDE_SETS = 0, 1, 2, 5, 6, 7


@kernel
def code_shape(decisions, base, sets, shape, last, other, kind, second):
    """Code the shape of a window; returns it. `other` is 1 more than that of the channel before."""
    at = base + SHAPE
    return decide(
        decisions, shape, _RATE, sets + SHAPE_SETS, at + last, at + 2 + second * 2 + last,
        at + 6 + other, at + 9, at + 10 + last * 3 + other, at + 16 + kind * 2 + last,
    )  # fmt: skip


@kernel
def code_groups(decisions, base, sets, groups, other, second):
    """Code the groups of a short frame; returns them. `other` are those of the channel before."""
    at = base + GROUP
    result, last = np.int64(0), np.int64(0)
    for window in range(1, WINDOWS):
        beside = np.int64(2)
        if second == 1:
            beside = (other >> (7 - window)) & 1
        last = decide(
            decisions, (groups >> (7 - window)) & 1, _RATE, sets + GROUP_SETS, at + window,
            at + 8 + window * 2 + last, at + 24 + beside, at + 27 + window * 3 + beside,
            at + 51 + last, at + 53,
        )  # fmt: skip
        result = result * 2 + last
    return result


@kernel
def code_stereo(decisions, base, sets, stereo, count, per_group, before):
    """Code the stereo of the first `count` bands; `before` has that of earlier ones, updated."""
    at = base + STEREO
    last = np.int64(_NONE)
    for b in range(count):
        band = b % per_group
        label = min(band, _LABELS - 1)
        old = np.int64(before[band])
        kind, node = np.int64(stereo[b]), np.int64(0)
        result = np.int64(0)
        for i in range(2):
            bit = decide(
                decisions, (kind >> (1 - i)) & 1, _RATE, sets + STEREO_SETS + node,
                at + (last * 5 + old) * 3 + node, at + 75 + old * 3 + node,
                at + 90 + (label * 5 + old) * 3 + node, at + 855 + last * 3 + node,
                at + 870 + label * 3 + node, at + 1023 + node,
            )  # fmt: skip
            result = result * 2 + bit
            node = 1 + bit
        stereo[b] = before[band] = result
        last = result


@kernel
def code_chain(decisions, base, sets, numbers, marked, count, per_group):
    """Code numbers of marked bands, such as positions; returns 0 if one is out of bounds, else 1.

    They are coded by their differences from the last; `base` and `sets` are those of the side
    information, or where those of `POSITION` and `POSITION_SETS` shall lie less these.
    """
    at = base + POSITION
    last = np.int64(0)
    good = np.int64(1)
    for b in range(count):
        if not marked[b]:
            continue
        label = min(b % per_group, _LABELS - 1)
        difference = np.int64(numbers[b]) - last
        size = np.int64(0)
        while size < _LONGEST:
            near = min(size, np.int64(_MOST))
            more = decide(
                decisions, 1 if abs(difference) > size else 0, _RATE, sets + POSITION_SETS,
                at + near, at + 31 + near, at + 62 + label,
                at + 113 + label * 4 + min(size, np.int64(3)), at + 317, at + 318 + near,
            )  # fmt: skip
            if not more:
                break
            size += 1
        if size > 0 and raw_bits(decisions, 1 if difference < 0 else 0, 1):
            size = -size
        last += size
        if last < MIN_POSITION or last > MAX_POSITION:
            good = np.int64(0)
            last = min(max(last, np.int64(MIN_POSITION)), np.int64(MAX_POSITION))
        numbers[b] = last
    return good


@kernel
def code_filters(decisions, base, sets, filters, reflections, kind, bands, had, other, second):
    """Code the filters of a frame and channel; returns 0 if they are out of bounds, else 1.

    `had` says which filters there were in the frame before, and is updated; `other` are those of
    the channel before.
    """
    at = base + FILTER
    short = np.int64(1 if kind == SHORT else 0)
    good = np.int64(1)
    missing = False
    for f in range(WINDOWS):
        before = np.int64(had[f])
        had[f] = 0
        if not short and (missing or f >= _LONG_FILTERS):
            filters[f, :] = 0
            reflections[f, :] = 0
            continue
        beside = np.int64(2)
        if second == 1:
            beside = np.int64(1 if other[f, 2] > 0 else 0)
        some = decide(
            decisions, 1 if filters[f, 2] > 0 else 0, _RATE, sets + FILTER_SETS, at + before,
            at + 2 + f * 2 + before, at + 18 + beside, at + 21 + before * 3 + beside,
            at + 27 + short * 8 + f, at + 43,
        )  # fmt: skip
        had[f] = some
        if not some:
            missing = True
            filters[f, :] = 0
            reflections[f, :] = 0
            continue
        first = raw_bits(decisions, np.int64(filters[f, 0]), 6)
        end = raw_bits(decisions, np.int64(filters[f, 1]), 6)
        order = raw_bits(decisions, np.int64(filters[f, 2]) - 1, 4) + 1
        direction = raw_bits(decisions, np.int64(filters[f, 3]), 1)
        resolution = raw_bits(decisions, np.int64(filters[f, 4]) - 3, 1) + 3
        if first >= end or end > bands or order > MAX_ORDER:
            good = np.int64(0)
            first, end, order = np.int64(0), np.int64(1), np.int64(1)
        filters[f, 0], filters[f, 1], filters[f, 2] = first, end, order
        filters[f, 3], filters[f, 4] = direction, resolution
        for i in range(MAX_ORDER):
            index = np.int64(0)
            if i < order:
                index = raw_bits(decisions, np.int64(reflections[f, i]) + 8, 4) - 8
                if resolution == 3 and (index < -4 or index > 3):
                    good = np.int64(0)
                    index = np.int64(0)
            reflections[f, i] = index
    return good

"""Search for the cascade that suits a block (encoder only): trials, one number after another.

A block's cascade travels with it, so it may differ from the preset's. Only such numbers are
changed that leave the decoder's time as it is: how long experts and final stacks remember, the
loads of the solutions, the steps of the stages, and the units of their histories.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.cascade.kernels import PIECE, SPAN
from nlac.predictors.cascade.loops import encode_samples
from nlac.predictors.cascade.parameters import (
    FINAL_MEMORIES,
    LEAST_UNIT,
    LOADS,
    MOST_MEMORY,
    MOST_UNIT,
    STEPS,
    CascadeParameters,
)
from nlac.predictors.cascade.side_info import Course, Head

# by effort: how the numbers are changed in each round, and whether trials see all of the block
_COARSE = (("memory", 1), ("load", 2), ("step", 4), ("unit", 1), ("finals", 1))
_FINE = (("memory", 1), ("load", 1), ("step", 2), ("unit", 1), ("finals", 1))
_EFFORTS = {1: ((_COARSE,), False), 2: ((_COARSE,), True), 3: ((_COARSE, _FINE, _FINE), True)}
_PART, _LEAST_FRAMES = 4, 1 << 17  # of a block that trials see otherwise


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is added to numbers of a cascade, as far as their ranges allow.

    Attributes
    ----------
    memory, load : int
        To those of the experts.
    step : int
        To those of the stages.
    unit : int
        To the units in which the channels' histories are kept.
    finals : int
        To the memories of the final stacks.
    """

    memory: int = 0
    load: int = 0
    step: int = 0
    unit: int = 0
    finals: int = 0

    def apply(
        self, head: Head, parameters: CascadeParameters
    ) -> tuple[Head, CascadeParameters]:
        """Return a head and parameters that are changed by so much."""
        p = parameters
        experts = tuple(
            replace(
                e,
                memory=_within(e.memory + self.memory, p.batch + 1, MOST_MEMORY),
                load=_within(e.load + self.load, *LOADS),
            )
            for e in p.experts
        )
        cascades = tuple(
            tuple(replace(s, step=_within(s.step + self.step, *STEPS)) for s in cascade)
            for cascade in p.cascades
        )
        finals = tuple(_within(memory + self.finals, *FINAL_MEMORIES) for memory in p.finals)
        unit = [_within(unit + self.unit, LEAST_UNIT, MOST_UNIT) for unit in head.unit]
        changed = replace(p, experts=experts, cascades=cascades, finals=finals)
        return replace(head, unit=unit), changed


def search(
    head: Head, parameters: CascadeParameters, ordered: NDArray[np.int32], effort: int
) -> tuple[Head, CascadeParameters]:
    """Find head and parameters with which a block takes fewer bytes, as far as trials tell.

    Parameters
    ----------
    head, parameters
        To begin with.
    ordered : (channels, frames) int32
        The block, in coding order.
    effort : int
        1 to 3, as options of the encoder have it.
    """
    rounds, whole = _EFFORTS[effort]
    seen, samples = (head, ordered) if whole else _middle(head, ordered)
    sizes: dict[tuple[object, ...], int] = {}

    def size(tuning: Tuning) -> int:
        tried, p = tuning.apply(seen, parameters)
        # at the end of a range nothing changes any more
        key = (p, *tried.unit)
        if key not in sizes:
            coded = encode_samples(tried, p, samples)
            assert coded is not None, "a sample is not in its value set"
            sizes[key] = sum(map(len, coded))
        return sizes[key]

    best = Tuning()
    for strides in rounds:
        for name, stride in strides:
            for signed in (stride, -stride):
                found = _moved(best, name, signed)
                while size(found) < size(best):
                    best, found = found, _moved(found, name, signed)
    return best.apply(head, parameters)


def _middle(head: Head, ordered: NDArray[np.int32]) -> tuple[Head, NDArray[np.int32]]:
    """The middle of a block, as if it were one."""
    frames = ordered.shape[1]
    length = min(frames, max(frames // _PART, _LEAST_FRAMES))
    begin = (frames - length) // 2 // SPAN * SPAN
    course = head.course
    total = length + int(course.delay.max())
    spans = slice(begin // SPAN, begin // SPAN + -(-total // SPAN))
    pieces = slice(begin // PIECE, begin // PIECE + -(-total // PIECE))
    lag = course.lag[spans]
    # what lies before cannot be heard
    lag = np.where(lag < (np.arange(len(lag)) + 1) * SPAN, lag, 0)
    part = Course(length, course.delay, lag, course.value_set[pieces])
    return replace(head, course=part), np.ascontiguousarray(ordered[:, begin : begin + length])


def _moved(tuning: Tuning, name: str, by: int) -> Tuning:
    changes: dict[str, int] = {name: getattr(tuning, name) + by}
    return replace(tuning, **changes)


def _within(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)

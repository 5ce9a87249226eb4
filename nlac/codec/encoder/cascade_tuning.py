"""Search for cascade parameters that make a block smaller: coordinate descent by trial encoding.

A block carries the parameters of its cascade, so they may differ from the preset's. The search
changes only parameters that leave the decoder's time as it is: forgetting factors and diagonal
loading of the RLS predictors, forgetting factors of the final combiners, steps of the NLMS stages,
shifts of the histories.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.cascade.kernels import LAG_SPAN, PIECE
from nlac.predictors.cascade.loops import encode_samples
from nlac.predictors.cascade.parameters import (
    FINAL_FORGETTINGS,
    LOADINGS,
    MAX_FORGETTING,
    MAX_HISTORY_SHIFT,
    MIN_HISTORY_SHIFT,
    STEPS,
    CascadeParameters,
)
from nlac.predictors.cascade.side_info import Schedule, SideInfo

# by effort: parameters and strides of each round, and whether trials encode the whole block
_COARSE = (
    ("forgetting", 1),
    ("loading", 2),
    ("step", 4),
    ("history_shift", 1),
    ("final_combiners", 1),
)
_FINE = (
    ("forgetting", 1),
    ("loading", 1),
    ("step", 2),
    ("history_shift", 1),
    ("final_combiners", 1),
)
_EFFORTS = {1: ((_COARSE,), False), 2: ((_COARSE,), True), 3: ((_COARSE, _FINE, _FINE), True)}
_SHARE, _LEAST_FRAMES = 4, 1 << 17  # else they encode its middle quarter, at least 3 seconds
# of `hint`: the share of a block that a trial encodes, its fewest frames, and what it must gain
_HINT_SHARE, _HINT_FRAMES, _HINT_GAIN = 16, 16384, 0.001


@dataclass(frozen=True, slots=True)
class Tuning:
    """Amounts added to the parameters of a cascade; results are clipped to the allowed ranges.

    Attributes
    ----------
    forgetting, loading : int
        Added to every RLS predictor.
    step : int
        Added to every NLMS stage.
    history_shift : int
        Added to the history shift of every channel.
    final_combiners : int
        Added to the forgetting factor of every final combiner.
    """

    forgetting: int = 0
    loading: int = 0
    step: int = 0
    history_shift: int = 0
    final_combiners: int = 0

    def apply(
        self, side_info: SideInfo, parameters: CascadeParameters
    ) -> tuple[SideInfo, CascadeParameters]:
        """Return changed copies of side information and parameters."""
        p = parameters
        rls = tuple(
            replace(
                e,
                forgetting=_within(e.forgetting + self.forgetting, p.batch + 1, MAX_FORGETTING),
                loading=_within(e.loading + self.loading, *LOADINGS),
            )
            for e in p.rls
        )
        cascades = tuple(
            tuple(replace(s, step=_within(s.step + self.step, *STEPS)) for s in cascade)
            for cascade in p.cascades
        )
        final_combiners = tuple(
            _within(forgetting + self.final_combiners, *FINAL_FORGETTINGS)
            for forgetting in p.final_combiners
        )
        shifts = [
            _within(shift + self.history_shift, MIN_HISTORY_SHIFT, MAX_HISTORY_SHIFT)
            for shift in side_info.history_shift
        ]
        changed = replace(p, rls=rls, cascades=cascades, final_combiners=final_combiners)
        return replace(side_info, history_shift=shifts), changed


def tune(
    side_info: SideInfo, parameters: CascadeParameters, ordered: NDArray[np.int32], effort: int
) -> tuple[SideInfo, CascadeParameters]:
    """Find side information and parameters with which a block becomes smaller in trials.

    Parameters
    ----------
    side_info : SideInfo
        Starting point.
    parameters : CascadeParameters
        Starting point.
    ordered : (channels, frames) int32
        The block, in coding order.
    effort : int
        1 to 3, as in `EncodeOptions.effort`.

    Returns
    -------
    (SideInfo, CascadeParameters)
        The best of the trials; the arguments if none is better.
    """
    rounds, whole = _EFFORTS[effort]
    frames = ordered.shape[1]
    length = frames if whole else min(frames, max(frames // _SHARE, _LEAST_FRAMES))
    seen, samples = (side_info, ordered) if whole else _middle(side_info, ordered, length)
    sizes: dict[tuple[object, ...], int] = {}

    def size(tuning: Tuning) -> int:
        tried, p = tuning.apply(seen, parameters)
        # clipped parameters may equal those of an earlier trial
        key = (p, *tried.history_shift)
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
    return best.apply(side_info, parameters)


def hint(
    side_info: SideInfo, parameters: CascadeParameters, ordered: NDArray[np.int32]
) -> CascadeParameters:
    """Find out by a few short trials whether the RLS predictors had better forget otherwise.

    Parameters
    ----------
    side_info : SideInfo
        Of the block.
    parameters : CascadeParameters
        Those to start from.
    ordered : (channels, frames) int32
        The block, in coding order; of a short one, nothing can be found out.

    Returns
    -------
    CascadeParameters
    """
    length = ordered.shape[1] // _HINT_SHARE
    if length < _HINT_FRAMES:
        return parameters
    seen, samples = _middle(side_info, ordered, length)
    sizes = {}
    for more in (0, 1, -1):
        changed = Tuning(forgetting=more).apply(seen, parameters)
        coded = encode_samples(*changed, samples)
        assert coded is not None, "a sample is not in its value set"
        sizes[more] = sum(map(len, coded))
        if more > 0 and sizes[more] < (1 - _HINT_GAIN) * sizes[0]:
            break
    best = min(sizes, key=lambda more: sizes[more])
    if sizes[best] > (1 - _HINT_GAIN) * sizes[0]:
        return parameters
    return Tuning(forgetting=best).apply(side_info, parameters)[1]


def _middle(
    side_info: SideInfo, ordered: NDArray[np.int32], length: int
) -> tuple[SideInfo, NDArray[np.int32]]:
    """Side information and samples of `length` frames amid a block, as a block of its own."""
    frames = ordered.shape[1]
    begin = (frames - length) // 2 // LAG_SPAN * LAG_SPAN
    schedule = side_info.schedule
    total = length + int(schedule.delay.max())
    spans = slice(begin // LAG_SPAN, begin // LAG_SPAN + -(-total // LAG_SPAN))
    pieces = slice(begin // PIECE, begin // PIECE + -(-total // PIECE))
    lag = schedule.lag[spans]
    # matches before the middle are out of reach
    lag = np.where(lag < (np.arange(len(lag)) + 1) * LAG_SPAN, lag, 0)
    cut = Schedule(length, schedule.delay, lag, schedule.value_set[pieces])
    middle = np.ascontiguousarray(ordered[:, begin : begin + length])
    return replace(side_info, schedule=cut), middle


def _moved(tuning: Tuning, name: str, by: int) -> Tuning:
    changes: dict[str, int] = {name: getattr(tuning, name) + by}
    return replace(tuning, **changes)


def _within(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)

"""When a block of `lpc` may be smaller than that of a predictor which learns while coding."""

from __future__ import annotations

from nlac.codec.encoder.analysis import BlockAnalysis
from nlac.entropy.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc.parameters import SPAN

_LONG_WINDOW_GAIN = 0.25  # bits a sample that long windows promise
_WIDE = 1 << 16  # range of the samples
_FEW_BITS = 2.5  # a sample: silence between sounds, or something made by a program
_LTP_GAIN = 0.5  # bits a sample that earlier occurrences save: sequenced or looped


def worth_trying(block: BlockAnalysis, sets: list[ValueSet], num_bytes: int) -> bool:
    """Tell whether an `lpc` block may be smaller than the cascade's `num_bytes`.

    Parameters
    ----------
    block : Preparation
        The block.
    sets : list of ValueSet
        Its value sets.
    num_bytes : int
        What the cascade made of it.
    """
    ordered = block.ordered
    return (
        block.long_window_gain > _LONG_WINDOW_GAIN
        or ordered.shape[1] < SPAN
        or any(int(x.max()) - int(x.min()) >= _WIDE for x in ordered)
        or any(entry.kind != PLAIN for entry in sets)
        or 8 * num_bytes < _FEW_BITS * ordered.size
        or block.ltp_gains.mean() > _LTP_GAIN
    )

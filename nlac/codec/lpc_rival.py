"""When a block of `cascade` is tried as an `lpc` block too (encoder only).

What adapts backwards must learn anew in every block, keeps its signals to 16 bits in the
long filters, and trusts a repetition only after a while. Of segments and their coefficients
none of that holds, so `lpc` is smaller now and then: nearly never for ordinary 16-bit
recordings, which should not pay for a trial.
"""

from __future__ import annotations

from nlac.codec.preparation import Preparation
from nlac.codec.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc_nodes import SPAN

_DEEP_GAIN = 0.25  # bits a sample that long windows promise
_WIDE = 1 << 16  # range of the samples
_FEW_BITS = 2.5  # a sample: silence between sounds, or something made by a program
_FAR_GAIN = 0.5  # bits a sample that earlier occurrences save: sequenced or looped


def worth_trying(block: Preparation, sets: list[ValueSet], num_bytes: int) -> bool:
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
        block.deep_gain > _DEEP_GAIN
        or ordered.shape[1] < SPAN
        or any(int(x.max()) - int(x.min()) >= _WIDE for x in ordered)
        or any(entry.kind != PLAIN for entry in sets)
        or 8 * num_bytes < _FEW_BITS * ordered.size
        or block.far_gains.mean() > _FAR_GAIN
    )

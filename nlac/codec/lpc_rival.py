"""When a block of `cascade` is tried as an `lpc` block too (encoder only).

What adapts backwards must learn anew in every block, keeps its signals to 16 bits in the
long filters, and trusts a repetition only after a while. Of segments and their coefficients
none of that holds, so `lpc` is smaller now and then: nearly never for ordinary 16-bit
recordings, which should not pay for a trial.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.preparation import Preparation
from nlac.codec.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc_segments import SPAN

_DEEP_GAIN = 0.15  # bits a sample that long windows promise
_WIDE = 1 << 16  # range of the samples
_FEW_BITS = 2.5  # a sample: silence between sounds, or something made by a program
_REPEATED = 0.125  # share of the block that is an exact copy of what came before
_PIECE = 1024


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
        or _repeated(ordered, block.lags) > _REPEATED
    )


def _repeated(ordered: NDArray[np.int32], lags: NDArray[np.int64]) -> float:
    """Share of the frames in pieces that are exact copies, in all channels."""
    frames = ordered.shape[1]
    copied = 0
    for begin in range(0, frames, _PIECE):
        end, lag = min(begin + _PIECE, frames), int(lags[begin // SPAN])
        if 0 < lag <= begin and np.array_equal(
            ordered[:, begin:end], ordered[:, begin - lag : end - lag]
        ):
            copied += end - begin
    return float(copied / frames)

"""lpc fallback: when an `lpc` block may be smaller than one of the cascade or a network."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.analysis import BlockAnalysis
from nlac.entropy.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc.parameters import SPAN

_LONG_WINDOW_GAIN = 0.25  # bits a sample that long windows save, by estimate
_WIDE = 1 << 16  # range of the samples of a channel
_FEW_BITS = 2.5  # bits a sample: silence between sounds, or a generated signal
_LTP_GAIN = 0.5  # bits a sample that LTP matches save: sequenced or looped music
_UNPREDICTED = 0.5  # bits a sample below the entropy of Gaussian noise of the same energy
_UNIT, _SILENT_SHARE = 256, 0.01  # frames, and share of units without a change: gated signals


def worth_trying(block: BlockAnalysis, sets: list[ValueSet], num_bytes: int) -> bool:
    """Whether an `lpc` block may be smaller than the block of `num_bytes` bytes.

    Parameters
    ----------
    block : BlockAnalysis
        The block.
    sets : list of ValueSet
        Its value sets.
    num_bytes : int
        Size of the block as coded by the cascade or network.
    """
    ordered = block.ordered
    return (
        block.long_window_gain > _LONG_WINDOW_GAIN
        or ordered.shape[1] < SPAN
        or any(int(x.max()) - int(x.min()) >= _WIDE for x in ordered)
        or any(entry.kind != PLAIN for entry in sets)
        or 8 * num_bytes < _FEW_BITS * ordered.size
        or block.ltp_gains.mean() > _LTP_GAIN
        # the windows of the cascade see one other channel
        or len(ordered) > 2
        or 8 * num_bytes > _noise_bits(ordered) - _UNPREDICTED * ordered.size
        or _silent_share(ordered) > _SILENT_SHARE
    )


def _noise_bits(ordered: NDArray[np.int32]) -> float:
    """Bits of Gaussian noise of the energy of each channel."""
    bits = 0.0
    for x in ordered:
        variance = float(np.var(x.astype(np.float64))) + 1 / 12
        bits += 0.5 * math.log2(2 * math.pi * math.e * variance) * len(x)
    return bits


def _silent_share(ordered: NDArray[np.int32]) -> float:
    """Share of the units of all channels that hold a single value."""
    whole = ordered[:, : ordered.shape[1] // _UNIT * _UNIT]
    units = whole.reshape(len(ordered), -1, _UNIT)
    if units.size == 0:
        return 0.0
    return float(np.mean(units.max(axis=2) == units.min(axis=2)))

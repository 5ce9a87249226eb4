"""lpc fallback: when an `lpc` block may be smaller than one of the cascade or a network."""

from __future__ import annotations

from nlac.codec.encoder.analysis import BlockAnalysis
from nlac.entropy.value_sets import PLAIN, ValueSet
from nlac.predictors.lpc.parameters import SPAN

_LONG_WINDOW_GAIN = 0.25  # bits a sample that long windows save, by estimate
_WIDE = 1 << 16  # range of the samples of a channel
_FEW_BITS = 2.5  # bits a sample: silence between sounds, or a generated signal
_LTP_GAIN = 0.5  # bits a sample that LTP matches save: sequenced or looped music


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
    )

"""What every block encoder finds out first: pairing, repetition, what long windows promise.

None of it depends on how the samples are coded then, so blocks of several kinds can be
tried on one preparation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.channel_pairing import DELAYS, Pairing, pair
from nlac.codec.encoder.lpc.segmentation import long_window_gain
from nlac.codec.encoder.ltp.search import find_lags
from nlac.predictors.lpc.parameters import PAD, SPAN


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """How hard to look.

    Attributes
    ----------
    pieces : int
        Pieces on which stereo pairings are tried, 0 for none.
    long_term : bool
        Look for repetition.
    thorough : bool
        Look for repetition at half the rate, and in windows of six seconds too.
    orders : (int, int), optional
        Lengths of a short and a long window, to judge what the long one promises.
    """

    pieces: int = 24
    long_term: bool = True
    thorough: bool = True
    orders: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class BlockAnalysis:
    """A block as encoders take it.

    Attributes
    ----------
    pairing : Pairing
        Coding order, and what each channel refers to.
    ordered : (channels, frames) int32
        Channels in coding order.
    delayed : (channels, PAD + frames + delay or more) float64
        Channels in coding order, each late by its delay, after `PAD` frames of zeros.
    lags : (spans,) int64
        For each span of `SPAN` delayed frames the distance to its earlier occurrence, 0 for
        none.
    far_gains : (spans,) float64
        Bits a sample that the earlier occurrence saves, about.
    deep_gain : float
        Bits a sample that long windows promise; 0 where that was not asked for.
    """

    pairing: Pairing
    ordered: NDArray[np.int32]
    delayed: NDArray[np.float64]
    lags: NDArray[np.int64]
    ltp_gains: NDArray[np.float64]
    long_window_gain: float

    def lags_worth(self, least: float) -> NDArray[np.int64]:
        """The lags of spans where the earlier occurrence saves so many bits a sample."""
        return np.where(self.ltp_gains > least, self.lags, 0)


def analyse_block(channels: NDArray[np.int32], search: AnalysisSettings) -> BlockAnalysis:
    """Prepare a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one of each.
    search : Search
        How hard to look.
    """
    count, frames = channels.shape
    padded = np.zeros((count, PAD + frames + max(DELAYS)))
    padded[:, PAD : PAD + frames] = channels
    pairing = pair(padded, frames, search.pieces)
    spans = -(-(frames + int(pairing.delay.max())) // SPAN)
    lags, ltp_gains = np.zeros(spans, np.int64), np.zeros(spans)
    if search.long_term:
        found, gains = find_lags(padded, frames, SPAN, search.thorough)
        lags[: len(found)], ltp_gains[: len(found)] = found, gains
    ordered = np.ascontiguousarray(channels[pairing.order])
    delayed = _delayed(padded, pairing, frames)
    gain = 0.0
    if search.orders is not None:
        gain = long_window_gain(delayed, frames, pairing.reference, *search.orders)
    return BlockAnalysis(pairing, ordered, delayed, lags, ltp_gains, gain)


def first_means(ordered: NDArray[np.int32]) -> NDArray[np.int64]:
    """Powers of two (Q12) near the mean change between the first samples of each channel."""
    start = ordered[:, :512].astype(np.int64)
    change = np.abs(np.diff(start, axis=1, prepend=0)).mean(axis=1)
    return np.array([1 << (max(1, int(m * 2048)).bit_length() - 1) for m in change], np.int64)


def _delayed(
    padded: NDArray[np.float64], pairing: Pairing, frames: int
) -> NDArray[np.float64]:
    if not pairing.delay.any() and np.all(np.diff(pairing.order) > 0):
        return padded
    total = PAD + frames + int(pairing.delay.max())
    out = np.zeros((len(padded), total))
    for place, channel in enumerate(pairing.order.tolist()):
        delay = int(pairing.delay[place])
        out[place, PAD + delay :] = padded[channel, PAD : total - delay]
    return out

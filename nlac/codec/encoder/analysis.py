"""Block analysis: inter-channel prediction order, LTP lags, gain of long windows.

The analysis does not depend on how the samples are coded, so an encoder can code one analysed
block in several ways and keep the smallest result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlac._progress import current_meter
from nlac.codec.encoder.inter_channel import DELAYS, InterChannelOrder, choose_order
from nlac.codec.encoder.lpc.segmentation import long_window_gain
from nlac.codec.encoder.ltp.search import find_lags
from nlac.predictors.lpc.parameters import PAD, SPAN


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """How thoroughly a block is analysed.

    Attributes
    ----------
    pieces : int
        Pieces of 4,096 frames on which inter-channel prediction orders are compared; 0 keeps the
        channels in their order, without delay.
    long_term : bool
        Search for LTP lags.
    thorough : bool
        Search for lags at half the sample rate, and in windows of six seconds too.
    orders : (int, int), optional
        Lengths in samples of a short and a long window whose prediction errors are compared.
        Without it `BlockAnalysis.long_window_gain` is 0.
    """

    pieces: int = 24
    long_term: bool = True
    thorough: bool = True
    orders: tuple[int, int] | None = None


@dataclass(slots=True)
class BlockAnalysis:
    """An analysed block.

    Attributes
    ----------
    inter_channel : InterChannelOrder
        Coding order, and the reference and delay of each channel.
    ordered : (channels, frames) int32
        Channels in coding order.
    lags : (spans,) int64
        LTP lag in frames of each span of `SPAN` delayed frames; 0 without an LTP match.
    ltp_gains : (spans,) float64
        Estimated bits a sample that the LTP match saves.
    long_window_gain : float
        Estimated bits a sample that long windows save; 0 if not estimated.
    """

    inter_channel: InterChannelOrder
    ordered: NDArray[np.int32]
    lags: NDArray[np.int64]
    ltp_gains: NDArray[np.float64]
    long_window_gain: float
    _delayed: NDArray[np.float64] | None = None

    def delayed(self) -> NDArray[np.float64]:
        """Channels in coding order, each shifted by its delay, after `PAD` frames of zeros.

        Returns
        -------
        (channels, PAD + frames + delay or more) float64
            Kept until `forget_delayed`, and made anew thereafter.
        """
        if self._delayed is None:
            self._delayed = padded(self.ordered, self.inter_channel.delay.tolist())
        return self._delayed

    def forget_delayed(self) -> None:
        """Free the memory of `delayed`, more than that of all else."""
        self._delayed = None

    def lags_worth(self, least: float) -> NDArray[np.int64]:
        """Lags of the spans, (spans,) int64; 0 unless LTP saves over `least` bits a sample."""
        return np.where(self.ltp_gains > least, self.lags, 0)


def analyse_block(
    channels: NDArray[np.int32],
    settings: AnalysisSettings,
    source: BlockAnalysis | None = None,
    inter_channel: InterChannelOrder | None = None,
) -> BlockAnalysis:
    """Analyse a block.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one channel and one frame.
    settings : AnalysisSettings
        How thoroughly.
    source : BlockAnalysis, optional
        A block of which these are the residuals; its LTP lags are taken over.
    inter_channel : InterChannelOrder, optional
        The order to take; one is chosen without.

    Returns
    -------
    BlockAnalysis
    """
    count, frames = channels.shape
    plain = padded(channels, [0] * count)
    if inter_channel is None:
        inter_channel = choose_order(plain, frames, settings.pieces)
    current_meter().step()
    spans = -(-(frames + int(inter_channel.delay.max())) // SPAN)
    lags, ltp_gains = np.zeros(spans, np.int64), np.zeros(spans)
    if source is not None:
        count = min(spans, len(source.lags))
        lags[:count], ltp_gains[:count] = source.lags[:count], source.ltp_gains[:count]
    elif settings.long_term:
        found, gains = find_lags(plain, frames, SPAN, settings.thorough)
        lags[: len(found)], ltp_gains[: len(found)] = found, gains
        current_meter().step()
    ordered = channels
    if np.any(np.diff(inter_channel.order) < 0):
        ordered = channels[inter_channel.order]
    # no copy where they are: kernels read by address
    ordered = np.ascontiguousarray(ordered)
    _move(plain, ordered, inter_channel)
    gain = 0.0
    if settings.orders is not None:
        gain = long_window_gain(plain, frames, inter_channel.reference, *settings.orders)
        current_meter().step()
    return BlockAnalysis(inter_channel, ordered, lags, ltp_gains, gain, plain)


def first_means(ordered: NDArray[np.int32]) -> NDArray[np.int64]:
    """Initial running means of the absolute error (Q12), one power of two a channel.

    Each is the mean absolute difference of the first 512 samples, rounded down to a power of two.
    """
    start = ordered[:, :512].astype(np.int64)
    change = np.abs(np.diff(start, axis=1, prepend=0)).mean(axis=1)
    return np.array([1 << (max(1, int(m * 2048)).bit_length() - 1) for m in change], np.int64)


def padded(channels: NDArray[np.int32], delay: Sequence[int]) -> NDArray[np.float64]:
    """Channels after `PAD` frames of zeros and their delays, with room for the longest delay."""
    count, frames = channels.shape
    out = np.empty((count, PAD + frames + max(DELAYS)))
    for row, samples, late in zip(out, channels, delay, strict=True):
        _place(row, samples, late)
    return out


def _place(row: NDArray[np.float64], samples: NDArray[np.int32], delay: int) -> None:
    begin = PAD + delay
    row[:begin] = 0.0
    row[begin : begin + len(samples)] = samples
    row[begin + len(samples) :] = 0.0


def _move(
    plain: NDArray[np.float64], ordered: NDArray[np.int32], inter_channel: InterChannelOrder
) -> None:
    """Put padded channels into coding order and delay them, in place."""
    for place, (channel, delay) in enumerate(
        zip(inter_channel.order.tolist(), inter_channel.delay.tolist(), strict=True)
    ):
        if channel != place or delay:
            _place(plain[place], ordered[place], delay)

"""What a loop notes of the samples of a block: arrays that it fills, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.api.origin.parts import Heard
from nlac.entropy.adaptive_mixture.state import MAX_PARTS
from nlac.predictors.cascade.kernels import PIECE

EVERY = 61  # of so many frames of a piece, one tells what the model expects
WEIGHED = 16  # of so many frames, one tells the weights
_FINE, _STEPS, _BITS = 32, 8, 34  # bins of one value, then so many an octave, up to 2**34


class Record(NamedTuple):
    """Notes on the samples of a block; channels in the order of `edges`.

    Attributes
    ----------
    predictions : (channels, frames) int32
    counts : (channels, frames) int32
        Of 2**24, those of the interval that the range coder took; 2**24 without range coder.
    raw : (channels, frames) uint8
        Bits beside the range coder's.
    weights : (channels, pieces, MAX_PARTS) int64
        Sum of the weights (Q28) of the mixture's parts in frames of a piece whose number is a
        multiple of `WEIGHED`.
    expected : (channels, pieces, bins) int32
        Sum of the counts that the model gives to each bin of residuals in the frames
        of a piece whose number in it is a multiple of `EVERY`.
    edges : (channels, bins + 1) int64
        Residuals at which bins begin.
    """

    predictions: NDArray[np.int32]
    counts: NDArray[np.int32]
    raw: NDArray[np.uint8]
    weights: NDArray[np.int64]
    expected: NDArray[np.int32]
    edges: NDArray[np.int64]

    def at(self, places: NDArray[np.int64]) -> Record:
        """The record of other channels, or of the same in another order."""
        return Record(
            self.predictions[places], self.counts[places], self.raw[places],
            self.weights[places], self.expected[places], self.edges[places],
        )  # fmt: skip

    def bits(self) -> NDArray[np.float32]:
        """Bits of each sample, (channels, frames) float32."""
        cost = np.log2(self.counts, dtype=np.float32)
        np.subtract(24, cost, out=cost)
        cost += self.raw
        return cost


class TracedChannels(NamedTuple):
    """Coded channels of a block, in the order of the block.

    Attributes
    ----------
    samples : (channels, frames) int32
    residuals : (channels, frames) int64
        What the prediction missed.
    record : Record
    names : list of str
        What the mixture has locations from; empty without a mixture.
    sources : (MAX_PARTS,) int64
        The location of each part of the mixture, -1 for parts that it lacks.
    heard : sequence of Heard
        What the granules of each section tell that has some.
    section_bits : sequence of float
        Bits of each of these sections.
    """

    samples: NDArray[np.int32]
    residuals: NDArray[np.int64]
    record: Record
    names: list[str]
    sources: NDArray[np.int64]
    heard: Sequence[Heard] = ()
    section_bits: Sequence[float] = ()


def bin_edges() -> NDArray[np.int64]:
    """Residuals at which the bins of histograms begin, ascending.

    One of 0, which is in the middle; then, to both sides, of one value, and of an eighth of an
    octave from 32 on.
    """
    octaves = [
        (_STEPS + i) << shift
        for shift in range(_FINE.bit_length() - _STEPS.bit_length(), _BITS - 3)
        for i in range(_STEPS)
    ]
    ends = np.array([*range(1, _FINE), *octaves], np.int64)
    return np.concatenate([1 - ends[::-1], ends])


def new_record(channels: int, frames: int, steps: NDArray[np.int64], weights: bool) -> Record:
    """Make a record for a block.

    Parameters
    ----------
    channels, frames : int
    steps : (channels,) int64
        Samples are so many times what is coded; bins are those of samples.
    weights : bool
        Whether there is a mixture.
    """
    pieces = -(-frames // PIECE)
    edges = -(-bin_edges() // steps[:, None])
    return Record(
        np.zeros((channels, frames), np.int32),
        np.full((channels, frames), 1 << 24, np.int32),
        np.zeros((channels, frames), np.uint8),
        np.zeros((channels, pieces if weights else 0, MAX_PARTS), np.int64),
        np.zeros((channels, pieces, edges.shape[1] - 1), np.int32),
        np.ascontiguousarray(edges),
    )


def multiples(frames: int, every: int) -> NDArray[np.int64]:
    """How many frames of each piece have a number in it that is a multiple, (pieces,) int64."""
    lengths = np.full(-(-frames // PIECE), PIECE)
    lengths[-1:] = frames - PIECE * (len(lengths) - 1)
    return -(-lengths // every)

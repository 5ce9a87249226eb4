"""Prediction of channels from their neighbours at the same frame, ahead of the streams.

Streams predict a channel from one other channel. An electrode of a probe has many neighbours
that hear the same field and the same common noise, each with a noise of its own: the weighted
mean of several predicts it better than the best one does. Whole-number arithmetic throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.least_squares import (
    factorise,
    log2,
    new_factor,
    padded,
    project,
    round_weights,
)
from nlac.kernels.jit import kernel

MAX_NEIGHBOURS = 32
FRACTION_BITS = 12
MAX_WEIGHT = (1 << 15) - 1

_FRAMES = 8192  # that correlations are taken from
_DIFFERENCE_BITS = 20  # of a squared difference summed over _FRAMES, so that float64 is exact
_TILE = 512
_BITS_OF_A_WEIGHT, _BITS_OF_A_LIST = 24, 64
_NOISE = 0.3  # energy a sample below which gains are none: rounding has 1/12
_BETTER_ORDER = 1.05  # ratio of correlations by which another order must beat the given one


class Neighbours(NamedTuple):
    """References of every channel of a bank, in its coding order.

    Attributes
    ----------
    counts : (channels,) int64
        References of each channel; 0 for one that is kept as it is.
    references : (sum of counts,) int64
        Positions, in the coding order, of channels that come before.
    weights : (sum of counts,) int64
        In units of ``2**-FRACTION_BITS``.
    """

    counts: NDArray[np.int64]
    references: NDArray[np.int64]
    weights: NDArray[np.int64]


@kernel
def _predict(source, known, counts, references, weights, bits, sign, result):
    """Add `sign` times the prediction from `known` to every channel, modulo ``2**bits``.

    `known` is `source` to subtract, and `result` to add again: what a channel refers to is there
    when its turn comes. All are (channels, frames) int32.
    """
    channels, frames = source.shape
    half = np.int64(1) << (bits - 1)
    mask = (np.int64(1) << bits) - 1
    totals = np.empty(_TILE, np.int64)
    first = 0
    for c in range(channels):
        count = counts[c]
        for begin in range(0, frames, _TILE):
            length = min(_TILE, frames - begin)
            for t in range(length):
                totals[t] = np.int64(1) << (FRACTION_BITS - 1)
            for k in range(first, first + count):
                row, weight = references[k], weights[k]
                for t in range(length):
                    totals[t] += weight * known[row, begin + t]
            for t in range(length):
                value = source[c, begin + t] + sign * (totals[t] >> FRACTION_BITS)
                result[c, begin + t] = ((value + half) & mask) - half
        first += count


def subtract(channels: NDArray[np.int32], found: Neighbours, bits: int) -> NDArray[np.int32]:
    """Residuals of the channels, (channels, frames) int32, of `bits` bits as they are."""
    result = np.empty_like(channels)
    _predict(channels, channels, *found, bits, -1, result)
    return result


def add(residuals: NDArray[np.int32], found: Neighbours, bits: int) -> NDArray[np.int32]:
    """Invert `subtract`."""
    result = np.empty_like(residuals)
    _predict(residuals, result, *found, bits, 1, result)
    return result


def correlations(channels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Products of the channels' differences, (channels, channels), over some frames of the middle.

    Differences stand for what time does not predict. The sums are whole numbers that float64
    holds exactly, so they do not depend on the order in which a library adds.
    """
    begin = max(0, (channels.shape[1] - _FRAMES) // 2)
    piece = channels[:, begin : begin + _FRAMES + 1].astype(np.int64)
    changes = np.diff(piece, axis=1)
    largest = int(np.abs(changes).max(initial=0))
    changes >>= max(0, largest.bit_length() - _DIFFERENCE_BITS)
    floats = changes.astype(np.float64)
    products: NDArray[np.float64] = floats @ floats.T
    return products


def gathered(products: NDArray[np.float64], group: int) -> NDArray[np.int64]:
    """Order in which each group of channels are correlated with each other.

    That is the given order, unless groups that are gathered from all channels have distinctly
    larger correlations.
    """
    count = len(products)
    given = np.arange(count, dtype=np.int64)
    scale = np.sqrt(np.maximum(np.diag(products), 1.0))
    alike = np.abs(products) / scale[:, None] / scale
    free = np.ones(count, bool)
    found: list[int] = []
    while len(found) < count:
        if len(found) % group == 0:
            # next to what is taken already, so that groups without a place do not remain
            near = alike[found[-group:]].sum(axis=0) if found else np.zeros(count)
        # a tie goes to the first
        following = int(np.argmax(np.where(free, near, -1.0)))
        near = alike[following] + (near if len(found) % group else 0.0)
        free[following] = False
        found.append(following)
    order = np.array(found, np.int64)

    def together(order: NDArray[np.int64]) -> float:
        """Sum of each channel's largest correlation with one before it in its group."""
        total = 0.0
        for at in range(0, count, group):
            members = order[at : at + group]
            for i in range(1, len(members)):
                total += float(alike[members[i], members[:i]].max())
        return total

    return order if together(order) > _BETTER_ORDER * together(given) else given


def find(products: NDArray[np.float64], frames: int, most: int) -> Neighbours:
    """Choose references and weights of every channel by least squares.

    Parameters
    ----------
    products : (channels, channels) float64
        From `correlations`, in the coding order.
    frames : int
        Length of the channels.
    most : int
        References of a channel, at most `MAX_NEIGHBOURS`. One alone is none, since streams
        refer to one channel themselves.
    """
    analysed = max(1, min(frames - 1, _FRAMES))
    energies = np.maximum(np.diag(products), 1.0)
    counts = np.zeros(len(products), np.int64)
    references: list[int] = []
    weights: list[int] = []
    for c in range(2, len(products)):
        alike = products[c, :c] ** 2 / energies[:c]
        # the most correlated; a tie goes to the first
        nearest = np.argsort(-alike, kind="stable")[:most]
        which = np.append(nearest, c)
        count = _solve(products[np.ix_(which, which)], analysed, frames, quantised := np.zeros(
            len(nearest), np.int64
        ))  # fmt: skip
        if count:
            counts[c] = count
            references += nearest[:count].tolist()
            weights += quantised[:count].tolist()
    return Neighbours(counts, np.array(references, np.int64), np.array(weights, np.int64))


@kernel
def _solve(products, analysed, frames, quantised):
    """Weights of all references, the last row being the channel's; returns how many are worth it.

    That is all of them or none.
    """
    count = len(products) - 1
    factor = new_factor(count)
    solution = np.zeros(padded(count))
    for i in range(count):
        solution[i] = products[i, count]
    usable = factorise(products, count, factor, 0)
    if usable < 2:
        return 0
    project(factor, usable, solution)
    floor = _NOISE * analysed
    energy = products[count, count]
    alone = max(energy - solution[0] * solution[0], floor)
    for i in range(usable):
        energy -= solution[i] * solution[i]
    gain = 0.5 * frames * (log2(alone) - log2(max(energy, floor)))
    if gain < _BITS_OF_A_LIST + _BITS_OF_A_WEIGHT * usable:
        return 0
    if not round_weights(factor, solution, usable, 2.0**-FRACTION_BITS, MAX_WEIGHT, quantised):
        return 0
    return usable

"""Inter-channel prediction order: coding order, reference and delay of each channel.

In stereo, the first channel is predicted from the past of both channels, and the second also from
the present of the first. If the first runs 8 or 16 frames lead, the second sees some of its
future, and the first loses as much of the second's past. With more channels, each refers to the
one it is most correlated with, and lags behind it where its future tells much.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.lpc.covariance import covariance, mirror, room
from nlac.codec.encoder.lpc.least_squares import factorise, log2, new_factor, padded, project
from nlac.codec.encoder.lpc.segments import tap_order
from nlac.kernels.jit import kernel
from nlac.predictors.lpc.parameters import PAD

DELAYS = (0, 8, 16)
_ORDER = 34
_PIECE = 4096
_LEAST_CORRELATION = 0.03
_LEAST_GAIN = 0.002  # share of the bits by which an order must beat the best one so far
_MUCH_GAIN = 0.05  # that by which a delay must, with more channels


class InterChannelOrder(NamedTuple):
    """Coding order of the channels, and the reference and delay of each.

    Attributes
    ----------
    order : (channels,) int64
        Channel that is coded at each position.
    reference : (channels,) int64
        For each position in the coding order, the position of the reference channel, or -1.
    delay : (channels,) int64
        For each position, the frames by which the channel lags behind.
    """

    order: NDArray[np.int64]
    reference: NDArray[np.int64]
    delay: NDArray[np.int64]


@kernel
def _piece_cost(samples, first, second, delay, begin, end, side):
    """Estimated bits of a piece; see `_order_cost`."""
    lags = _ORDER // 2 + 2
    which = np.array([first, second])
    delays = np.array([0, delay])
    counts = np.array([lags, lags])
    cov = np.empty((2 * lags, room(2 * lags)))
    covariance(samples, which, delays, counts, begin, end, cov, 0)
    mirror(cov)
    taps = np.empty(_ORDER, np.int64)
    work = np.empty((2 * lags, 2 * lags))
    factor = new_factor(2 * lags)
    z = np.zeros(padded(2 * lags))
    bits = 0.0
    for each in range(side, 2):
        own = each * lags
        tap_order(True, each == 1, _ORDER, own, lags - own, taps)
        for i in range(_ORDER):
            for j in range(i, _ORDER):
                work[i, j] = cov[taps[i], taps[j]]
            z[i] = cov[taps[i], own]
        usable = factorise(work, _ORDER, factor, 0)
        project(factor, usable, z)
        energy = cov[own, own]
        floor = 1e-9 * energy + 1e-3
        for i in range(usable):
            energy -= z[i] * z[i]
        bits += 0.5 * (end - begin) * (log2(max(energy, floor) / (end - begin) + 0.06) + 4.1)
    return bits


@kernel
def _order_cost(samples, first, second, delay, begin, stop, step, side):
    """Estimated bits of pieces if channel `first` goes first and `second` lags by `delay`.

    Pieces begin at begin, begin + step ... before `stop`.  With `side` 0 the bits are those of both
    channels, which refer to each other; with 1 of `second`.
    """
    bits = 0.0
    for start in range(begin, stop, step):
        bits += _piece_cost(samples, first, second, delay, start, start + _PIECE, side)
    return bits


def choose_order(samples: NDArray[np.float64], frames: int, pieces: int) -> InterChannelOrder:
    """Choose the inter-channel prediction order of a block.

    In stereo, both orders are tried with every delay: least squares on pieces of the block give
    the error energy of both channels, hence the estimated bits.

    Parameters
    ----------
    samples : (channels, PAD + frames + at least 64) float64
        Without delays, after `PAD` frames of zeros.
    frames : int
        Length of the block.
    pieces : int
        Pieces of 4,096 frames on which stereo orders are compared; 0 keeps the given order,
        without delay.

    Returns
    -------
    InterChannelOrder
    """
    channels = len(samples)
    order = np.arange(channels, dtype=np.int64)
    reference = np.full(channels, -1, np.int64)
    delay = np.zeros(channels, np.int64)
    begins: range | None = None
    if pieces and frames >= _PIECE:
        step = max(1, (frames - _PIECE) // pieces)
        begins = range(PAD, PAD + frames - _PIECE + 1, step)
    if channels == 2:
        reference[:] = 1, 0
        if begins is not None:
            best = np.inf
            for first in (0, 1):
                for lead in DELAYS:
                    bits = _pair_cost(samples, first, 1 - first, lead, begins)
                    if bits < best * (1 - _LEAST_GAIN):
                        best = bits
                        order[:] = first, 1 - first
                        delay[:] = 0, lead
    elif channels > 2:
        reference = _most_correlated(samples, frames)
        for c, other in enumerate(reference.tolist()):
            if begins is not None and 0 <= other < c:
                delay[c] = delay[other]
                late = min(DELAYS[1], DELAYS[-1] - int(delay[other]))
                mutual = int(reference[other]) == c
                now, later = (
                    _pair_cost(samples, other, c, lead, begins, mutual) for lead in (0, late)
                )
                if later < now * (1 - _MUCH_GAIN):
                    delay[c] += late
    return InterChannelOrder(order, reference, delay)


def _pair_cost(
    samples: NDArray[np.float64], first: int, second: int, lead: int, begins: range,
    mutual: bool = True,
) -> float:
    """Estimated bits of two channels over all pieces, or of the second if only it refers."""
    side = 0 if mutual else 1
    pieces = begins.start, begins.stop, begins.step
    return float(_order_cost(samples, first, second, lead, *pieces, side))


def _most_correlated(samples: NDArray[np.float64], frames: int) -> NDArray[np.int64]:
    """For each channel the earlier one of largest absolute correlation, or -1; (channels,)."""
    length = min(frames, 1 << 17)
    begin = PAD + (frames - length) // 2
    changes = np.diff(samples[:, begin : begin + length], axis=1)
    changes /= np.sqrt(np.sum(changes**2, axis=1, keepdims=True)) + 1e-9
    # no matrix product: BLAS would keep all cores busy
    correlation = np.abs([[np.sum(a * b) for b in changes] for a in changes])
    reference = np.full(len(samples), -1, np.int64)
    for c in range(1, len(samples)):
        best = int(np.argmax(correlation[c, :c]))
        if correlation[c, best] > _LEAST_CORRELATION:
            reference[c] = best
            if reference[best] < 0:
                # and back: the two refer to each other, the first without the present
                reference[best] = c
    return reference

"""Moves of values and bands, tried on the samples: what each saves, and the best ones made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.box import gains_of
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import shape_of
from nlac.codec.encoder.origin.layer3.rounding.moves import BAND_BITS, MOST, line_of, nearest
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank, Ladder, Layout
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, NO_STEP, SHORT

MISSED = 5.0  # bits of a sample that the synthesis misses
_CHANCE = 0.5  # bits that each line of a band must save
_VALUE_BITS = -3.0  # of missed samples that another value must save
_LEAST = 1e-6  # that it takes off the squares
_HALF = 0.7071067811865476


@kernel
def make_band(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: int,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    wanted: Floats,
    promises: Floats,
    found: NDArray[np.int64],
    softer: float,
    worth: float,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> bool:
    """Make the best of the moves of bands, if it is good.

    Parameters
    ----------
    errors, rails, gain, mid_side, kinds, steps, values, layout, ladder, bank
        See `refine`; those of one granule.
    wanted : (2, C, 576) float64
        Where lines may belong.
    promises, found : (MOST,) float64, (MOST, 4) int64
        Of `find_band_moves`.
    softer : float
        See `beyond`.
    worth : float
        Number of samples outside of the box, over their squares.

    Returns
    -------
    bool
        Whether there was one.
    """
    change = np.zeros(LINES)
    moved = np.empty(LINES, np.int16)
    shape = np.empty(SUPPORT)
    best_shape = np.empty(SUPPORT)
    best, best_at = BAND_BITS, -1
    # at last the best one once more, to make it
    for number in range(MOST + 1):
        last = number == MOST
        at = best_at if last else number
        if at < 0 or promises[at] <= BAND_BITS:
            continue
        channel, band, step, variant = found[at]
        kind = int(kinds[channel])
        which = 1 if kind == SHORT else 0
        order = layout.order[which, layout.starts[which, band] : layout.starts[which, band + 1]]
        old = int(steps[channel, band])
        bits = 0.0
        for i in order:
            value = int(values[channel, i])
            after = nearest(wanted[variant, channel, i], step, kind, gain, ladder)
            moved[i] = after
            bits += ladder.bits[abs(after)] - ladder.bits[abs(value)]
            change[i] = line_of(after, step, kind, gain, ladder)
            change[i] -= line_of(value, old, kind, gain, ladder)
        if last:
            steps[channel, band] = NO_STEP
            for i in order:
                values[channel, i] = moved[i]
                if moved[i] != 0:
                    steps[channel, band] = step
            _take(errors, best_shape, channel, mid_side)
            return True
        shape_of(change, order[0], order[-1] + 1, kind, shape, bank)
        for i in order:
            change[i] = 0.0
        # the more lines, the more of what others did they can undo by chance
        bits += _CHANCE * len(order)
        saved = _saved(errors, rails, shape, channel, mid_side, 0.0, softer, worth) - bits
        if saved > best:
            best, best_at = saved, at
            best_shape[:] = shape
    return False


@kernel
def make_values(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: int,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    promises: Floats,
    found: NDArray[np.int64],
    softer: float,
    worth: float,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> int:
    """Make the moves of values that are good, the best ones first; return their number.

    Parameters
    ----------
    errors, rails, gain, mid_side, kinds, steps, values, softer, worth, layout, ladder, bank
        See `make_band`.
    promises, found : (MOST,) float64, (MOST, 4) int64
        Of `find_value_moves`; promises are overwritten.
    """
    change = np.zeros(LINES)
    shapes = np.empty((MOST, SUPPORT))
    bits = np.empty(MOST)
    left = 0
    for at in range(MOST):
        if promises[at] <= 0.0:
            break
        channel, i, after, _ = found[at]
        kind = int(kinds[channel])
        step = int(steps[channel, layout.bands[1 if kind == SHORT else 0, i]])
        value = int(values[channel, i])
        change[i] = line_of(after, step, kind, gain, ladder)
        change[i] -= line_of(value, step, kind, gain, ladder)
        bits[at] = ladder.bits[abs(after)] - ladder.bits[abs(value)]
        shape_of(change, i, i + 1, kind, shapes[at], bank)
        change[i] = 0.0
        left += 1
    made = 0
    while made < left:
        best, best_at = _VALUE_BITS, -1
        for at in range(left):
            if promises[at] <= 0.0:
                continue
            saved = _saved(errors, rails, shapes[at], found[at, 0], mid_side, _LEAST, softer, worth)
            if saved - bits[at] > best:
                best, best_at = saved - bits[at], at
        if best_at < 0:
            break
        values[found[best_at, 0], found[best_at, 1]] = found[best_at, 2]
        _take(errors, shapes[best_at], found[best_at, 0], mid_side)
        promises[best_at] = 0.0
        made += 1
    return made


@kernel
def _factor(channel: int, of: int, mid_side: int) -> float:
    """Return how much of a channel's lines goes to one of the channels."""
    if mid_side:
        return -_HALF if channel == 1 and of == 1 else _HALF
    return 1.0 if channel == of else 0.0


@kernel
def _saved(
    errors: Floats,
    rails: NDArray[np.int8],
    shape: Floats,
    channel: int,
    mid_side: int,
    least: float,
    softer: float,
    worth: float,
) -> float:
    """Return the bits of missed samples that a change of a channel saves.

    Half of that is told by their number, half by the squares, which fewer errors change by chance.
    If these fall by no more than `least`, the change is impossible.
    """
    squares, fewer = 0.0, 0
    for each in range(len(errors)):
        factor = _factor(channel, each, mid_side)
        if factor != 0.0:
            won = gains_of(errors[each], rails[each], shape, factor, softer)
            squares += won[0]
            fewer += won[1]
    if squares <= least:
        return -IMPOSSIBLE
    return 0.5 * MISSED * (fewer + worth * squares)


@kernel
def _take(errors: Floats, shape: Floats, channel: int, mid_side: int) -> None:
    """Take a change of a channel off the errors."""
    for each in range(len(errors)):
        factor = _factor(channel, each, mid_side)
        for i in range(SUPPORT):
            errors[each, i] -= factor * shape[i]

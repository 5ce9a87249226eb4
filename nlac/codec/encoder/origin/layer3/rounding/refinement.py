"""Values that rounding hid: changes that bring the synthesis within half a step of samples.

Where a band's step is about as large as that of the samples, the nearest values are not always the
true ones; and in a narrow band, values of a coarser step can be near enough. With the true ones
every sample is within one half of the synthesis. So what goes beyond is made less: first by fits of
a granule to lines that what goes beyond makes surer, then by those moves of single values, and of
bands to another step, that it is most correlated with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.box import ROUNDING, measure
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.rounding.lines import granule_lines, mix
from nlac.codec.encoder.origin.layer3.rounding.moves import (
    MOST,
    ask,
    find_band_moves,
    find_value_moves,
)
from nlac.codec.encoder.origin.layer3.rounding.refit import refit
from nlac.codec.encoder.origin.layer3.rounding.trials import MISSED, make_band, make_values
from nlac.codec.encoder.origin.layer3.synthesis import dequantise
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank, Ladder, Layout
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES

_CLEAN = 2e-5  # sum of squares beyond the box, that needs no moves
_MANY = 0.02  # the same from where on more than one line is wrong
_SOFTER = 0.7  # by that many standard deviations of wrong lines the box is smaller then
_HOPELESS = 0.1  # mean squared error of a granule with too much wrong
_FITS = 4  # of a granule in each sweep, at most
_FIT_PRICE = 3  # transforms that take as long
_ROUNDS = 6  # times that moves of it are looked for in each
_TRIED = 2  # of these, after which too little success ends them
_HARDLY = 0.85  # of what was outside of the box, that is too little
_SWEEPS = 4
_BETTER = 0.6  # of what was outside of the box: where that is left, it is worth another look


@kernel
def refine(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: NDArray[np.uint8],
    types: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    budget: int,
    layout: Layout,
    ladder: Ladder,
    dear: Ladder,
    bank: Bank,
) -> int:
    """Change values of granules, as long as that helps and the budget lasts.

    Parameters
    ----------
    errors : (C, 576 (G - 1) + 1632) float64
        Samples less synthesis, in steps of the samples; changed with the values.
    rails : (C, 576 (G - 1) + 1632) int8
        1 and -1 where samples may have been clipped.
    gain : float
        What the synthesis was multiplied by.
    mid_side, types, steps, values : as of `Granules`
        Granules; steps and values are changed in place.
    budget : int
        Transforms of granules to compute at most.
    layout, ladder, dear, bank : Layout, Ladder, Ladder, Bank
        Tables; `dear` is as in `refit`.

    Returns
    -------
    int
        Number of moves.
    """
    count, channels = types.shape
    near = np.empty((channels, SUPPORT))
    near_rails = np.empty((channels, SUPPORT), np.int8)
    moves = 0
    # where nothing moved, nothing will unless a neighbour has
    moved = np.ones(count + 4, np.bool_)
    for _ in range(_SWEEPS):
        for g in range(count):
            if not moved[g : g + 5].any():
                continue
            begin = LINES * g
            for channel in range(channels):
                for i in range(SUPPORT):
                    near[channel, i] = errors[channel, begin + i]
                    near_rails[channel, i] = rails[channel, begin + i]
            made, spent, better = _refine_granule(
                near, near_rails, gain, int(mid_side[g]), types[g], steps[g], values[g], layout,
                ladder, dear, bank,
            )  # fmt: skip
            moved[g + 2] = better
            moves += made
            if made:
                for channel in range(channels):
                    for i in range(SUPPORT):
                        errors[channel, begin + i] = near[channel, i]
            budget -= spent
            if budget <= 0:
                return moves
    return moves


@kernel
def _refine_granule(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    mid_side: int,
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    layout: Layout,
    ladder: Ladder,
    dear: Ladder,
    bank: Bank,
) -> tuple[int, int, bool]:
    """Change values of a granule (see `refine`).

    Returns
    -------
    int
        Number of moves.
    int
        Transforms that they took.
    bool
        Whether they made what is outside of the box much less.
    """
    channels = len(kinds)
    size = channels * SUPPORT
    outside = np.empty(SUPPORT)
    pulls = np.empty((channels, LINES))
    given = np.empty((channels, LINES))
    wanted = np.empty((2, channels, LINES))
    promises = np.empty(MOST)
    found = np.empty((MOST, 4), np.int64)
    moves, spent = 0, 0
    squares, energy = 0.0, 0.0
    for channel in range(channels):
        own = measure(errors[channel], rails[channel], 0.0, outside)
        squares += own[0]
        energy += own[2]
    if squares < _CLEAN or energy > _HOPELESS * size:
        return 0, 0, False
    first = squares
    for _ in range(_FITS):
        spent += _FIT_PRICE
        if not refit(
            errors, rails, gain, mid_side, kinds, steps, values, layout, ladder, dear, bank
        ):
            break
        moves += 1
    for channel in range(channels):
        granule_lines(errors[channel], kinds[channel], wanted[0, channel], bank)
    if mid_side:
        mix(wanted[0])
    _write_given(kinds, steps, values, gain, given, layout, ladder)
    # the lines of the samples, whatever moves
    for channel in range(channels):
        wanted[0, channel] += given[channel]
    bands, since = True, False
    for turn in range(_ROUNDS):
        squares, energy = 0.0, 0.0
        for channel in range(channels):
            own = measure(errors[channel], rails[channel], 0.0, outside)
            squares += own[0]
            energy += own[2]
        if squares < _CLEAN or (turn == _TRIED and squares > _HARDLY * first):
            break
        softer = 0.0
        if squares > _MANY:
            softer = _SOFTER * np.sqrt(max(energy / size - ROUNDING, 0.0))
        squares, count = 0.0, 0
        for channel in range(channels):
            own = measure(errors[channel], rails[channel], softer, outside)
            squares += own[0]
            count += own[1]
            granule_lines(outside, kinds[channel], pulls[channel], bank)
        spent += 1
        if mid_side:
            mix(pulls)
        share, worth = count / size, count / squares
        if bands:
            _write_given(kinds, steps, values, gain, given, layout, ladder)
            ask(given, pulls, wanted, kinds, layout)
            find_band_moves(
                pulls, wanted, share, MISSED * worth, gain, kinds, steps, values, promises, found,
                layout, ladder,
            )  # fmt: skip
            spent += 1
            if make_band(
                errors, rails, gain, mid_side, kinds, steps, values, wanted, promises, found,
                softer, worth, layout, ladder, bank,
            ):  # fmt: skip
                moves += 1
                continue
            bands = since = False
        find_value_moves(pulls, share, gain, kinds, steps, values, promises, found, layout, ladder)
        made = make_values(
            errors, rails, gain, mid_side, kinds, steps, values, promises, found, softer, worth,
            layout, ladder, bank,
        )  # fmt: skip
        moves += made
        if made:
            since = True
        elif since:
            # other values may ask for another step
            bands = True
        else:
            break
    squares = 0.0
    for channel in range(channels):
        squares += measure(errors[channel], rails[channel], 0.0, outside)[0]
    return moves, spent, squares < _BETTER * first


@kernel
def _write_given(
    kinds: NDArray[np.uint8],
    steps: NDArray[np.int8],
    values: NDArray[np.int16],
    gain: float,
    given: Floats,
    layout: Layout,
    ladder: Ladder,
) -> None:
    """Write the lines of all values, in steps of the samples."""
    for channel in range(len(kinds)):
        dequantise(values[channel], steps[channel], kinds[channel], given[channel], layout, ladder)
        given[channel] *= gain

"""A granule fitted again, with what is estimated to be wrong with its lines added to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.box import beyond
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.band_search import fit_granule
from nlac.codec.encoder.origin.layer3.filter_bank import add_lines, unproject
from nlac.codec.encoder.origin.layer3.rounding.lines import granule_lines, mix
from nlac.codec.encoder.origin.layer3.rounding.moves import line_of
from nlac.codec.encoder.origin.layer3.rounding.trials import MISSED
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, Bank, Ladder, Layout
from nlac.codec.encoder.origin.sharpening import correlation_of, sharpen
from nlac.codec.encoder.origin.step_costs import IMPOSSIBLE
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, NO_STEP, SHORT, SUBBANDS

_STEP = 3.0  # bits of a step
_LEAST = 0.002  # variance that what is told has at least, in squared steps of the samples


@kernel
def refit(
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
) -> bool:
    """Fit a granule again; return whether that was better, and is kept.

    Parameters
    ----------
    errors, rails, gain, mid_side, kinds, steps, values, layout, ladder, bank
        See `refine`; those of one granule, which are changed.
    dear : Ladder
        Tables with more bits for values: without that, fits follow the noise that is left.
    """
    channels = len(kinds)
    told = np.empty((channels, SUPPORT))
    tried = np.empty((channels, SUPPORT))
    wrong = np.empty((channels, LINES))
    before = np.empty((channels, LINES))
    variances = np.empty(2)
    new_steps, new_values = steps.copy(), values.copy()
    for channel in range(channels):
        for i in range(SUPPORT):
            error = errors[channel, i]
            tried[channel, i] = 0.0 if error * rails[channel, i] < 0.0 else error
        variances[channel] = max(sharpen(tried[channel], told[channel]), _LEAST)
        granule_lines(told[channel], kinds[channel], wrong[channel], bank)
    if mid_side:
        shared = correlation_of(told, variances) * np.sqrt(variances[0] * variances[1])
        mean = 0.5 * (variances[0] + variances[1])
        variances[0], variances[1] = mean + shared, mean - shared
        mix(wrong)
    cost = 0.0
    for channel in range(channels):
        kind = int(kinds[channel])
        bands = layout.bands[1 if kind == SHORT else 0]
        for i in range(LINES):
            step, value = int(steps[channel, bands[i]]), int(values[channel, i])
            before[channel, i] = line_of(value, step, kind, gain, ladder)
            wrong[channel, i] = (wrong[channel, i] + before[channel, i]) / gain
        found = fit_granule(
            wrong[channel], kind, np.full(SUBBANDS, variances[channel] / (gain * gain)), IMPOSSIBLE,
            new_steps[channel], new_values[channel], layout, dear,
        )  # fmt: skip
        if found[0] >= IMPOSSIBLE:
            return False
        for i in range(LINES):
            step, value = int(new_steps[channel, bands[i]]), int(new_values[channel, i])
            wrong[channel, i] = line_of(value, step, kind, gain, ladder) - before[channel, i]
            cost += ladder.bits[abs(value)] - ladder.bits[abs(int(values[channel, i]))]
        for band in range(steps.shape[1]):
            if new_steps[channel, band] != NO_STEP:
                cost += _STEP
            if steps[channel, band] != NO_STEP:
                cost -= _STEP
    if mid_side:
        mix(wrong)
    slots = np.empty((36, SUBBANDS))
    for channel in range(channels):
        slots[:] = 0.0
        tried[channel] = 0.0
        add_lines(wrong[channel], kinds[channel], slots, bank)
        unproject(slots, tried[channel], bank)
        for i in range(SUPPORT):
            rail = rails[channel, i]
            tried[channel, i] = errors[channel, i] - tried[channel, i]
            if beyond(tried[channel, i], rail, 0.0) != 0.0:
                cost += MISSED
            if beyond(errors[channel, i], rail, 0.0) != 0.0:
                cost -= MISSED
    if cost >= 0.0:
        return False
    for channel in range(channels):
        errors[channel] = tried[channel]
        steps[channel] = new_steps[channel]
        values[channel] = new_values[channel]
    return True

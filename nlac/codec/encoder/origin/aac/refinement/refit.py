"""Frames that are fitted again, to lines that are far nearer to the true ones than the first.

With the true values every sample is within one half of a step of the synthesis, but for what the
decoder's arithmetic adds. Where some are not, these tell more of what is wrong than all others do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.filtered_fit import Habits, new_habits
from nlac.codec.encoder.origin.aac.part_fit import Part, new_part
from nlac.codec.encoder.origin.aac.refinement.drafts import bits_of, clear_draft, expect, take_draft
from nlac.codec.encoder.origin.aac.slopes.pairs import lines_of
from nlac.codec.encoder.origin.aac.stretch import Fit, fit_frame
from nlac.codec.encoder.origin.aac.synthesis import add_lines, slopes_of, synthesise
from nlac.codec.encoder.origin.aac.tables import Bank, Ladder, Layout, bank, ladder, layout
from nlac.codec.encoder.origin.aac.transforms import WORK
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.sharpening import correlation_of, sharpen
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import LINES, SHORT, Frames, empty_frames

_BOX = 0.504  # largest error of rounding, and of a decoder that counts in floats
_CLEAN = 2  # samples beyond, that aren't worth a fit
_HOPELESS = LINES // 4  # samples beyond of a channel, which tell too little
_RESIDUAL = 5.0  # bits of a sample beyond
_DEARER = 1.5  # bits of values: without that, fits follow the noise that is left
_LEAST = 0.002  # variance that what is told has at least, in squared steps of the samples
_SWEEPS, _FITS = 3, 3  # over all frames, and of each
# credit at first, for each frame and sweep, and for each fit that is better; a fit takes so much,
# and one of short windows more
_CREDIT, _INCOME, _REWARD, _PRICE, _SHORT_PRICE = 100, 1, 8, 4, 12
_UNKNOWN = 2  # rail of a sample that is not known


@kernel
def _heard(errors: Floats, rails: NDArray[np.int8], begin: int, heard: Floats) -> int:
    """Copy the errors that tell of a frame; return how many are beyond."""
    count = 0
    for i in range(2 * LINES):
        rail = rails[begin + i]
        heard[i] = errors[i]
        # a clipped sample may be anywhere beyond its rail
        if rail == _UNKNOWN or errors[i] * rail < 0.0:
            heard[i] = 0.0
        if abs(heard[i]) > _BOX:
            count += 1
    return count


@kernel
def _refine(
    errors: Floats,
    rails: NDArray[np.int8],
    gain: float,
    frames: Frames,
    exact: Floats,
    draft: Frames,
    habits: Habits,
    part: Part,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> None:
    """Fit frames again, as long as that helps; see `refine`. `draft` is room for one frame."""
    count, channels = frames.sequences.shape
    work = np.empty(WORK)
    lines = np.empty((2, LINES))
    heard, told = np.empty((channels, 2 * LINES)), np.empty((channels, 2 * LINES))
    tried = np.empty((channels, 2 * LINES))
    made, last = np.zeros((channels, LINES)), np.zeros((channels, LINES))
    variances = np.zeros(2)
    misfits = np.zeros(channels)
    slopes = np.zeros((channels, 2), np.int64)
    todo = np.ones(count, np.bool_)
    credit = _CREDIT
    for _ in range(_SWEEPS):
        for g in range(count):
            credit += _INCOME
            if not todo[g]:
                continue
            todo[g] = False
            begin = LINES * g
            beyond, price = 0, _PRICE
            for c in range(channels):
                tried[c] = errors[c, begin : begin + 2 * LINES]
                beyond += _heard(tried[c], rails[c], begin, heard[c])
                last[c] = exact[g, c]
                slopes[c, 0], slopes[c, 1] = slopes_of(frames, g, c)
                if frames.sequences[g, c] == SHORT:
                    price = _SHORT_PRICE
            if beyond <= _CLEAN or beyond > _HOPELESS * channels:
                continue
            least = _RESIDUAL * beyond + bits_of(frames, g, ladder)
            together = channels == 2
            if channels == 2:
                together = slopes[0, 0] == slopes[1, 0] and slopes[0, 1] == slopes[1, 1]
            expect(part, frames, g)
            for _ in range(_FITS):
                if credit < price:
                    break
                credit -= price
                for c in range(channels):
                    variances[c] = max(sharpen(heard[c], told[c]), _LEAST)
                    part.variances[c, :] = variances[c] / (gain * gain)
                    lines_of(told[c], 0, slopes[c, 0], slopes[c, 1], lines[c], work, bank)
                    for i in range(LINES):
                        lines[c, i] = last[c, i] + lines[c, i] / gain
                part.correlation[0] = correlation_of(told, variances) if channels == 2 else 0.0
                clear_draft(draft, frames, g)
                made[:] = 0.0
                fit_frame(part, lines, together, 0, draft, made, misfits, habits, layout, ladder)
                beyond = 0
                same = True
                for c in range(channels):
                    for i in range(LINES):
                        same &= made[c, i] == last[c, i]
                        lines[c, i] = (exact[g, c, i] - made[c, i]) * gain
                    tried[c] = errors[c, begin : begin + 2 * LINES]
                    add_lines(lines[c], slopes[c, 0], slopes[c, 1], tried[c], 0, work, bank)
                    beyond += _heard(tried[c], rails[c], begin, heard[c])
                    last[c] = made[c]
                if same:
                    break
                cost = _RESIDUAL * beyond + bits_of(draft, 0, ladder)
                if cost < least and beyond <= _HOPELESS * channels:
                    least = cost
                    credit += _REWARD
                    take_draft(draft, frames, g)
                    for c in range(channels):
                        exact[g, c] = made[c]
                        errors[c, begin : begin + 2 * LINES] = tried[c]
                    # what is wrong in its neighbours is clearer now
                    for other in range(max(g - 1, 0), min(g + 2, count)):
                        todo[other] = True
                if beyond <= _CLEAN:
                    break
                expect(part, draft, 0)


def refine(
    found: Fit,
    samples: Floats,
    rails: NDArray[np.int8],
    seen: tuple[int, int],
    gain: float,
    table: int,
) -> None:
    """Fit frames again, of samples that were only rounded; those found and their lines change.

    Parameters
    ----------
    found : Fit
        Frames.
    samples : (C, 1024 * (F + 1)) float64
        Samples, divided by the gain. The first is the first of frame 0.
    rails : (C, 1024 * (F + 1)) int8
        1 and -1 where a sample may have been clipped from above and from below.
    seen : tuple of int
        First sample that is known, and the first after it that is not.
    gain : float
        Gain.
    table : int
        Table of bands.
    """
    errors = (samples - synthesise(found.frames, found.lines)) * gain
    rails = rails.copy()
    rails[:, : max(seen[0], 0)] = _UNKNOWN
    rails[:, max(seen[1], 0) :] = _UNKNOWN
    steps = ladder()
    _refine(
        errors, rails, gain, found.frames, found.lines, empty_frames(1, found.frames.channels),
        new_habits(), new_part(), layout(table), steps._replace(bits=steps.bits * _DEARER), bank(),
    )  # fmt: skip

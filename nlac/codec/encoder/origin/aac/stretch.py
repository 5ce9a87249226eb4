"""Frames of a stretch of samples on a known grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.filtered_fit import Habits, fit_filtered, new_habits
from nlac.codec.encoder.origin.aac.frame_fit import fit_long, fit_short, forget, write_long
from nlac.codec.encoder.origin.aac.part_fit import Part, new_part
from nlac.codec.encoder.origin.aac.slopes.edges import choose_slopes, try_slopes
from nlac.codec.encoder.origin.aac.slopes.pairs import lines_of
from nlac.codec.encoder.origin.aac.tables import (
    SHORT_SINE,
    Bank,
    Ladder,
    Layout,
    bank,
    ladder,
    layout,
)
from nlac.codec.encoder.origin.aac.transforms import WORK
from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.predictors.origin.aac.frames import (
    LINES,
    SHORT,
    START,
    STOP,
    Frames,
    empty_frames,
)

# bits a line that the values of a coded frame may cost more than log2 of its lines
_CODED = 1.8


class Fit(NamedTuple):
    """Frames that were fitted.

    Attributes
    ----------
    frames : Frames
        Frames of the stretch; where none fits, the nearest that are worth their bits.
    coded : (F,) bool
        Where an AAC encoder may well have made it: the values cost far less than what the samples
        hold.
    lines : (F, C, 1024) float64
        Lines that the frames stand for.
    misfits : (F, C) float64
        Squared misfit of each channel in variances, by line.
    density : (F,) float64
        Least mean of log2(abs(line) + 1/2) of any slopes that were tried.
    """

    frames: Frames
    coded: NDArray[np.bool_]
    lines: Floats
    misfits: Floats
    density: Floats


@kernel
def fit_frame(
    part: Part,
    lines: Floats,
    together: bool,
    frame: int,
    frames: Frames,
    exact: Floats,
    misfits: Floats,
    habits: Habits,
    layout: Layout,
    ladder: Ladder,
) -> float:
    """Fit the lines of a frame whose windows are known, and write it; return its cost in bits.

    Parameters
    ----------
    part : Part
        With the variances of all channels; steps and stereo of long windows in it are guesses.
    lines : (2, 1024) float64
        Lines of each channel; overwritten.
    together : bool
        Whether the channels have the same windows.
    frame, frames
        Where to write; sequences and shapes are set.
    exact : (C, 1024) float64
        Lines that the frame stands for; overwritten.
    misfits : (C,) float64
        Squared misfit of each channel in variances; overwritten.
    habits : Habits
        Of the filters of the stream.
    layout, ladder : Layout, Ladder
        Tables.
    """
    channels = frames.sequences.shape[1]
    total = 0.0
    first = 0
    while first < channels:
        width = 2 if together else 1
        if frames.sequences[frame, first] == SHORT:
            total += fit_short(
                part, lines, first, width, frame, frames, exact, misfits, layout, ladder
            )
            forget(part)
        else:
            if not together:
                forget(part)
            before = part.guesses.copy()
            cost = fit_long(part, lines, first, width, layout, ladder)
            write_long(part, first, width, frame, frames, exact, layout)
            for c in range(width):
                misfits[first + c] = part.misfits[c]
            total += fit_filtered(
                part, lines, first, width, cost, frame, frames, exact, misfits, habits,
                before, layout, ladder,
            )  # fmt: skip
        first += width
    return total


@kernel
def _fit_frames(
    samples: Floats,
    variances: Floats,
    slopes: NDArray[np.int64],
    frames: Frames,
    exact: Floats,
    misfits: Floats,
    costs: Floats,
    habits: Habits,
    part: Part,
    layout: Layout,
    ladder: Ladder,
    bank: Bank,
) -> None:
    """Fit all frames with known slopes."""
    count, channels = frames.sequences.shape
    work = np.empty(WORK)
    lines = np.empty((2, LINES))
    for c in range(channels):
        frames.first_shapes[c] = slopes[0, c] & 1
    for g in range(count):
        for c in range(channels):
            left, right = slopes[g, c], slopes[g + 1, c]
            frames.shapes[g, c] = right & 1
            if right >= SHORT_SINE:
                frames.sequences[g, c] = SHORT if left >= SHORT_SINE else START
            elif left >= SHORT_SINE:
                frames.sequences[g, c] = STOP
            lines_of(samples[c], LINES * g, left, right, lines[c], work, bank)
            part.variances[c, :] = variances[g]
        together = channels == 2
        if channels == 2:
            together = slopes[g, 0] == slopes[g, 1] and slopes[g + 1, 0] == slopes[g + 1, 1]
        costs[g] = fit_frame(
            part, lines, together, g, frames, exact[g], misfits[g], habits, layout, ladder
        )


def fit_frames(
    samples: Floats, variances: Floats, shape: int, table: int, before: Fit | None = None
) -> Fit:
    """Fit frames to samples.

    Parameters
    ----------
    samples : (C, 1024 * (F + 1)) float64
        Samples, divided by the gain. The first is the first of frame 0.
    variances : (F,) float64
        Variance of the noise on the samples that each frame reaches.
    shape : int
        Usual shape of windows.
    table : int
        Table of bands.
    before : Fit, optional
        Of much the same samples: its slopes of windows are taken instead of looked for.

    Returns
    -------
    Fit
    """
    count, channels = len(variances), len(samples)
    tables = layout(table), ladder(), bank()
    if before is None:
        trial = try_slopes(samples, variances, shape, new_part(), *tables)
        slopes, density = choose_slopes(trial), trial.density
    else:
        slopes, density = edges_of(before.frames), before.density
    frames = empty_frames(count, channels)
    lines = np.zeros((count, channels, LINES))
    misfits = np.zeros((count, channels))
    costs = np.zeros(count)
    _fit_frames(
        samples, variances, slopes, frames, lines, misfits, costs, new_habits(), new_part(), *tables
    )
    coded = costs / (channels * LINES) - density < _CODED
    return Fit(frames, coded, lines, misfits / LINES, density)


def edges_of(frames: Frames) -> NDArray[np.int64]:
    """Return the slopes at all edges of frames, (F + 1, C)."""
    shapes = np.concatenate([frames.first_shapes[None], frames.shapes])
    starts, stops = np.zeros(shapes.shape, np.bool_), np.zeros(shapes.shape, np.bool_)
    stops[1:] = (frames.sequences == START) | (frames.sequences == SHORT)
    starts[:-1] = (frames.sequences == STOP) | (frames.sequences == SHORT)
    return np.where(starts | stops, SHORT_SINE, 0) + shapes.astype(np.int64)

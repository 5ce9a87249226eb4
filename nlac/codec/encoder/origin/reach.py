"""Bands whose steps a stream can't tell: too far from the steps around them.

It tells the difference of a step from what is expected after the last ones, which is bounded. Steps
of one encoder never differ so much, but those that were fitted where no step fits may.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.predictors.origin.aac.frames import NO_STEP, SHORT, WINDOWS, Frames, bands_of


def without_bands(frames: Frames, table: int, bands: NDArray[np.bool_]) -> Frames:
    """Return frames with zeros in some bands.

    Parameters
    ----------
    frames : Frames
        F frames of C channels.
    table : int
        Table of bands.
    bands : (F, C, 120) bool
        Which bands; none that hold noise, or the second channel of intensity.
    """
    steps, values = frames.steps.copy(), frames.values.copy()
    steps[bands] = NO_STEP
    layout = bands_of(table)
    for f, c in np.argwhere(bands.any(axis=2)).tolist():
        of_line = layout.long
        if frames.sequences[f, c] == SHORT:
            alone = [
                int(frames.groups[f, c]) >> (WINDOWS - 1 - w) & 1 ^ 1 for w in range(1, WINDOWS)
            ]
            groups = np.concatenate([[0], np.cumsum(alone)])
            count = len(layout.short_starts) - 1
            of_line = layout.short + count * np.tile(groups, len(layout.short) // WINDOWS)
        values[f, c, bands[f, c][of_line]] = 0
    return frames._replace(steps=steps, values=values)

"""Lines of what a single granule hears."""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of, project
from nlac.codec.encoder.origin.layer3.tables import Bank
from nlac.kernels.jit import kernel
from nlac.predictors.origin.granules import LINES, SUBBANDS

_HALF = 0.7071067811865476


@kernel
def granule_lines(samples: Floats, kind: int, lines: Floats, bank: Bank) -> None:
    """Write the lines of the samples that a granule reaches.

    Parameters
    ----------
    samples : (1632,) float64
    kind : int
        Block type.
    lines : (576,) float64
        Overwritten.
    bank : Bank
        Tables.
    """
    slots = np.zeros((36, SUBBANDS))
    project(samples, slots, bank)
    lines_of(slots, kind, lines, bank)


@kernel
def mix(lines: Floats) -> None:
    """Make sum and difference, over the square root of 2, of two channels' lines, in place."""
    for i in range(LINES):
        total = (lines[0, i] + lines[1, i]) * _HALF
        lines[1, i] = (lines[0, i] - lines[1, i]) * _HALF
        lines[0, i] = total

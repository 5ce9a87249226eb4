"""Code granules of Layer III: pairs, block types, steps, lines (spec, section "Granules")."""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep
from nlac.predictors.origin.block_types import TYPE_SETS, code_type
from nlac.predictors.origin.granules import (
    LINES,
    LONG_BANDS,
    MAX_STEP,
    MIN_STEP,
    NO_STEP,
    SHORT,
    SHORT_BANDS,
)
from nlac.predictors.origin.lines import (
    LINE_SETS,
    PAD,
    RATE,
    LineLayout,
    LinePlaces,
    code_lines,
)
from nlac.predictors.origin.steps import STEP_CONTEXTS, STEP_SETS, StepKind, code_steps
from nlac.predictors.origin.synthesis import SIZE_BITS

_ROW = LINES + 2 * PAD
_LAYOUT = LineLayout(0, 107520, 148992, 0, 24, 40, SIZE_BITS)
_LONG_STEPS = StepKind(LONG_BANDS, 1, 0, 1, MIN_STEP, MAX_STEP)
_SHORT_STEPS = StepKind(SHORT_BANDS, 3, 1, 1, MIN_STEP, MAX_STEP)
_TYPE = 150000
_PAIR = (150144, 150146, 150150, 150158, 150162, 150163)
_STEPS = 150192
SPECTRUM_CONTEXTS = _STEPS + STEP_CONTEXTS
_TYPE_SETS = LINE_SETS
_PAIR_SETS = _TYPE_SETS + TYPE_SETS
_STEP_SETS = _PAIR_SETS + 1
SPECTRUM_SETS = _STEP_SETS + STEP_SETS


@kernel
def code_granules(decisions, granules, bands, tables):
    """Code or decode granules; returns 0 if they are out of bounds, else 1.

    Parameters
    ----------
    decisions : Decisions
    granules : Granules
        Filled when decoding.
    bands : Bands
    tables : SizeTables
    """
    count, channels = granules.types.shape
    sizes = np.zeros((channels, 3, _ROW), np.int64)
    at_sizes = address(sizes)
    before = np.full((channels, 2, SHORT_BANDS), NO_STEP, np.int8)
    earlier = np.full((channels, 2, SHORT_BANDS), NO_STEP, np.int8)
    empties = np.full((channels, 2, SHORT_BANDS), 3, np.uint8)
    skipped = np.zeros(SHORT_BANDS, np.uint8)
    lasts, olders = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    pairs = np.int64(0)
    good = np.int64(1)
    for g in range(count):
        if channels == 2:
            pair = decide(
                decisions, np.int64(granules.mid_side[g]), RATE, _PAIR_SETS, _PAIR[0] + (pairs & 1),
                _PAIR[1] + (pairs & 3), _PAIR[2] + (pairs & 7), _PAIR[3] + lasts[0], _PAIR[4],
                _PAIR[5] + (g & 1) * 8 + (pairs & 7),
            )  # fmt: skip
            pairs = pairs * 2 + pair & 7
            granules.mid_side[g] = pair
        for c in range(channels):
            second = np.int64(1 if c > 0 else 0)
            other = np.int64(granules.types[g, c - 1]) + 1 if c > 0 else np.int64(0)
            kind = code_type(
                decisions, _TYPE, _TYPE_SETS, np.int64(granules.types[g, c]), lasts[c],
                olders[c], other, second,
            )  # fmt: skip
            granules.types[g, c] = kind
            olders[c] = lasts[c]
            lasts[c] = kind
            short = np.int64(1 if kind == SHORT else 0)
            alike = second
            if c > 0 and (granules.types[g, c - 1] == SHORT) != (kind == SHORT):
                alike = np.int64(2)
            good &= code_steps(
                decisions, _STEPS, _STEP_SETS, granules.steps[g, c], before[c, short],
                earlier[c, short], empties[c, short], granules.steps[g, max(c - 1, 0)], alike,
                skipped, g & 1, _SHORT_STEPS if short else _LONG_STEPS,
            )  # fmt: skip
            if not short:
                granules.steps[g, c, LONG_BANDS:] = NO_STEP
            row = at_sizes + 8 * _ROW * 3 * c
            rows = (
                row + 8 * _ROW * (g % 3), row + 8 * _ROW * ((g + 2) % 3),
                row + 8 * _ROW * ((g + 1) % 3),
                row + 8 * _ROW * (g % 3 - 3 * second),
            )  # fmt: skip
            band_of = bands.short if short else bands.long
            good &= code_lines(
                decisions, _LAYOUT, granules.values[g, c], granules.steps[g, c],
                LinePlaces(band_of, band_of), 3 if short else 1, second, rows, tables,
            )  # fmt: skip
    keep(sizes)
    return good

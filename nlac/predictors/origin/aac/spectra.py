"""Code the frames of AAC: windows, stereo, filters, steps and lines (spec, section "Frames")."""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import raw_bits
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, keep
from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LEFT_RIGHT,
    LINES,
    MAX_BANDS,
    MAX_STEP,
    MIN_STEP,
    NO_STEP,
    SHORT,
    WINDOWS,
)
from nlac.predictors.origin.aac.noise import (
    NOISE_CONTEXTS,
    NOISE_SETS,
    code_noise,
    code_states,
)
from nlac.predictors.origin.aac.side_info import (
    FILTER,
    POSITION,
    POSITION_SETS,
    SIDE_CONTEXTS,
    SIDE_SETS,
    code_chain,
    code_filters,
    code_groups,
    code_shape,
    code_stereo,
)
from nlac.predictors.origin.aac.synthesis import SIZE_BITS, band_places
from nlac.predictors.origin.block_types import TYPE_CONTEXTS, TYPE_SETS, code_type
from nlac.predictors.origin.lines import (
    ESCAPE_CONTEXTS,
    LINE_SETS,
    PAD,
    LineLayout,
    LinePlaces,
    code_lines,
)
from nlac.predictors.origin.steps import STEP_CONTEXTS, STEP_SETS, StepKind, code_steps

_ROW = LINES + 2 * PAD
_SHORT_LABEL = 48  # of the first band of short windows; the highest long bands share a label
_LAYOUT = LineLayout(0, 119040, 192768, 0, 43, 64, SIZE_BITS)
_TYPE = _LAYOUT.escape + ESCAPE_CONTEXTS
_SIDE = _TYPE + TYPE_CONTEXTS
_STEPS = _SIDE + SIDE_CONTEXTS
_NOISE = _STEPS + STEP_CONTEXTS
_LEVELS = _NOISE + NOISE_CONTEXTS  # of noise, as positions have them
FRAME_CONTEXTS = _LEVELS + FILTER - POSITION
_TYPE_SETS = LINE_SETS
_SIDE_SETS = _TYPE_SETS + TYPE_SETS
_STEP_SETS = _SIDE_SETS + SIDE_SETS
_NOISE_SETS = _STEP_SETS + STEP_SETS
FRAME_SETS = _NOISE_SETS + NOISE_SETS + 1


@kernel
def _code_windows(decisions, frames, f, lasts, olders, shapes):
    """Code the sequences, shapes and groups of a frame; returns whether all channels agree."""
    alike = np.int64(1)
    for c in range(frames.sequences.shape[1]):
        second = np.int64(1 if c > 0 else 0)
        other, other_shape = np.int64(0), np.int64(0)
        if c > 0:
            other = np.int64(frames.sequences[f, c - 1]) + 1
            other_shape = np.int64(frames.shapes[f, c - 1]) + 1
        kind = code_type(
            decisions, _TYPE, _TYPE_SETS, np.int64(frames.sequences[f, c]), lasts[c], olders[c],
            other, second,
        )  # fmt: skip
        shape = code_shape(
            decisions, _SIDE, _SIDE_SETS, np.int64(frames.shapes[f, c]), shapes[c], other_shape,
            kind, second,
        )  # fmt: skip
        frames.sequences[f, c], frames.shapes[f, c] = kind, shape
        olders[c], lasts[c], shapes[c] = lasts[c], kind, shape
        groups = np.int64(0)
        if kind == SHORT:
            beside = np.int64(0)
            if c > 0 and frames.sequences[f, c - 1] == SHORT:
                beside = np.int64(1)
            groups = code_groups(
                decisions, _SIDE, _SIDE_SETS, np.int64(frames.groups[f, c]),
                np.int64(frames.groups[f, max(c - 1, 0)]), beside,
            )  # fmt: skip
        frames.groups[f, c] = groups
        if c > 0 and (
            frames.sequences[f, 0] != kind
            or frames.shapes[f, 0] != shape
            or frames.groups[f, 0] != groups
        ):
            alike = np.int64(0)
    return alike


@kernel
def _number_of_groups(groups):
    count = np.int64(1)
    for window in range(1, WINDOWS):
        count += 1 - ((groups >> (7 - window)) & 1)
    return count


@kernel
def _band_lengths(lengths, short, groups, starts):
    """Lines of each band of a frame, those of all windows of its group."""
    count = len(starts) - 1
    for b in range(count):
        lengths[b] = starts[b + 1] - starts[b]
    if not short:
        return
    group, windows = 0, 1
    for window in range(1, WINDOWS + 1):
        if window < WINDOWS and groups >> (7 - window) & 1:
            windows += 1
            continue
        for b in range(count):
            lengths[group * count + b] = windows * (starts[b + 1] - starts[b])
        group, windows = group + 1, 1


@kernel
def _has_registers(frames):
    """Whether the generator of the first band of noise is that of shift registers."""
    for f in range(len(frames.sequences)):
        for c in range(frames.sequences.shape[1]):
            for b in range(MAX_BANDS):
                if frames.noise[f, c, b]:
                    return np.int64(1 if frames.states[f, c, b, 1] > 0 else 0)
    return np.int64(0)


@kernel
def code_frames(decisions, frames, bands, sizes):
    """Code or decode frames; returns 0 if they are out of bounds, else 1.

    Parameters
    ----------
    decisions : Decisions
    frames : Frames
        Filled when decoding.
    bands : Bands
    sizes : SizeTables
    """
    count, channels = frames.sequences.shape
    rows_of = np.zeros((channels, 3, _ROW), np.int64)
    at_rows = address(rows_of)
    before = np.full((channels, 2, MAX_BANDS), NO_STEP, np.int16)
    earlier = np.full((channels, 2, MAX_BANDS), NO_STEP, np.int16)
    empties = np.full((channels, 2, MAX_BANDS), 3, np.uint8)
    lasts, olders = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    shapes = np.zeros(channels, np.int64)
    pairs = np.zeros((2, MAX_BANDS), np.uint8)
    had = np.zeros((channels, WINDOWS), np.uint8)
    places, labels = np.zeros(LINES, np.int64), np.zeros(LINES, np.int64)
    skipped, own = np.zeros(MAX_BANDS, np.uint8), np.zeros(MAX_BANDS, np.int16)
    noisy = np.zeros((channels, 2, MAX_BANDS), np.uint8)
    lengths, counts = np.zeros((channels, MAX_BANDS), np.int64), np.zeros(channels, np.int64)
    state = np.zeros(2, np.int64)
    state[1] = raw_bits(decisions, _has_registers(frames), 1)
    good = np.int64(1)
    for c in range(channels):
        frames.first_shapes[c] = raw_bits(decisions, np.int64(frames.first_shapes[c]), 1)
        shapes[c] = frames.first_shapes[c]
    for f in range(count):
        alike = _code_windows(decisions, frames, f, lasts, olders, shapes)
        for c in range(channels):
            kind, groups = frames.sequences[f, c], np.int64(frames.groups[f, c])
            short = np.int64(1 if kind == SHORT else 0)
            starts = bands.short_starts if short else bands.long_starts
            per_group = len(starts) - 1
            num_groups = _number_of_groups(groups) if short else np.int64(1)
            num_bands = num_groups * per_group
            stereo = frames.stereo[f]
            if c == 0:
                end = np.int64(0)
                if channels == 2 and alike:
                    end = num_bands
                    code_stereo(
                        decisions, _SIDE, _SIDE_SETS, stereo, num_bands, per_group, pairs[short]
                    )
                stereo[end:] = LEFT_RIGHT
            steps, second = frames.steps[f, c], np.int64(1 if c > 0 else 0)
            for b in range(MAX_BANDS):
                skipped[b] = 1 if c > 0 and stereo[b] >= IN_PHASE else 0
            if second:
                good &= code_chain(
                    decisions, _SIDE, _SIDE_SETS, steps, skipped, num_bands, per_group
                )
            beside = second if alike else 2 * second
            noise = frames.noise[f, c]
            code_noise(
                decisions, _NOISE, _NOISE_SETS, noise, skipped, num_bands, per_group,
                noisy[c, short], frames.noise[f, 0], beside,
            )  # fmt: skip
            good &= code_chain(
                decisions, _LEVELS - POSITION, _NOISE_SETS + NOISE_SETS - POSITION_SETS, steps,
                noise, num_bands, per_group,
            )  # fmt: skip
            counts[c] = num_bands
            _band_lengths(lengths[c], short, groups, starts)
            for b in range(MAX_BANDS):
                skipped[b] |= noise[b]
            good &= code_filters(
                decisions, _SIDE, _SIDE_SETS, frames.filters[f, c], frames.reflections[f, c],
                kind, per_group, had[c], frames.filters[f, max(c - 1, 0)], second,
            )  # fmt: skip
            step_kind = StepKind(per_group, 1, int(short), 0, MIN_STEP, MAX_STEP)
            for group in range(num_groups):
                low, high = group * per_group, (group + 1) * per_group
                good &= code_steps(
                    decisions, _STEPS, _STEP_SETS, steps[low:high], before[c, short],
                    earlier[c, short], empties[c, short], frames.steps[f, 0, low:high], beside,
                    skipped[low:high], f & 1, step_kind,
                )  # fmt: skip
            steps[num_bands:] = NO_STEP
            for b in range(MAX_BANDS):
                own[b] = NO_STEP if skipped[b] else steps[b]
            band_places(bands, short, groups, places)
            for i in range(LINES):
                labels[i] = min(bands.long[i], np.int64(_SHORT_LABEL - 1))
                if short:
                    labels[i] = _SHORT_LABEL + bands.short[i]
            row = at_rows + 8 * _ROW * 3 * c
            rows = (
                row + 8 * _ROW * (f % 3), row + 8 * _ROW * ((f + 2) % 3),
                row + 8 * _ROW * ((f + 1) % 3), row + 8 * _ROW * (f % 3 - 3 * second),
            )  # fmt: skip
            good &= code_lines(
                decisions, _LAYOUT, frames.values[f, c], own, LinePlaces(places, labels),
                WINDOWS if short else 1, second, rows, sizes,
            )  # fmt: skip
        code_states(
            decisions, _NOISE, _NOISE_SETS, frames.noise[f], frames.states[f], lengths, counts,
            alike, state,
        )  # fmt: skip
    keep(rows_of)
    return good

"""Frozen streams of granules that no lossy stream ever held, made from integers alone."""

from __future__ import annotations

import numpy as np
from aac_noise import in_order, moved_on
from golden_signals import hashed, ints, tones
from origin.aac_random import line_bands
from origin_blocks import Part, granules_of, origin_stream, within_the_rails, writer

from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    LONG,
    NO_STEP,
    SHORT,
    START,
    STOP,
    Frames,
    bands_of,
    empty_frames,
)
from nlac.predictors.origin.granules import Granules, empty_granules
from nlac.predictors.origin.head import Section

KINDS = (0, 1, 2, 3, 0)  # block types, one after the other
UNITY = 1 << 30


def granules(count: int, channels: int, seed: int) -> Granules:
    """Lines that get smaller towards high frequencies, one of them far out; bands of zeros."""
    made = empty_granules(count, channels)
    made.mid_side[:] = hashed(count, seed) % 3 > 0 if channels == 2 else 0
    for g in range(count):
        for c in range(channels):
            own = 100 * seed + 10 * g + c
            made.types[g, c] = KINDS[(g + c // 2 + seed) % len(KINDS)]
            steps = 2 * (hashed(39, own) % 5 - 24) + hashed(1, own + 1) % 2
            made.steps[g, c] = np.where(hashed(39, own + 2) % 8, steps, -128)
            sizes = 9 // (1 + np.arange(576) // 40)
            made.values[g, c] = hashed(576, own + 3) % (2 * sizes + 1) - sizes
            made.values[g, c, hashed(1, own + 4) % 20] = 150 - 60 * c
    return made


def loudest(count: int) -> Granules:
    """Every fourth line at the end of its range, and so the exponents."""
    made = empty_granules(count, 2)
    made.types[:, 1] = 2
    made.mid_side[1:] = 1
    made.steps[:] = np.array([19, -107])[hashed(39, 71) % 2]
    signs = 1 - 2 * (hashed(576 * 2, 72).reshape(2, 576) % 5 // 4)
    made.values[:] = np.where(np.arange(576) % 4, 0, 8206 * signs)
    return made


def aac_frames(table: int) -> Frames:
    """Four frames of two channels, of which the last two differ, with all that frames can have."""
    made, bands = empty_frames(4, 2), bands_of(table)
    made.first_shapes[:] = 1, 0
    made.sequences[:] = np.array([[START] * 2, [SHORT] * 2, [STOP] * 2, [LONG, START]])
    made.shapes[:] = np.array([[0, 0], [1, 1], [1, 1], [0, 1]])
    made.groups[1] = 0b1011001
    state = 0, 0
    for f in range(4):
        for c in range(2):
            own = 10 * f + c
            of_line = line_bands(made, f, c, bands)
            count = int(of_line.max()) + 1
            if c == 0 and f < 3:
                made.stereo[f, :count] = hashed(count, own + 60) % 4
            away = made.stereo[f, :count] >= (IN_PHASE if c else 4)
            steps = 26 - np.arange(count) // 8 + hashed(count, own + 61) % 4
            steps = np.where(hashed(count, own + 62) % 6, steps, NO_STEP)
            noise = ~away & (steps != NO_STEP) & (hashed(count, own + 63) % 5 == 0)
            made.noise[f, c, :count] = noise
            made.steps[f, c, :count] = np.where(away, hashed(count, own + 64) % 7 - 2, steps)
            sizes = np.maximum(5 - np.arange(1024) // 50, 0)
            values = hashed(1024, own + 65) % (2 * sizes + 1) - sizes
            values[hashed(1, own + 66) % 40] = 900 - 70 * own
            silent = away | noise | (steps == NO_STEP)
            made.values[f, c] = np.where(silent[of_line], 0, values)
        for c, band in in_order(made.noise[f], f < 3, state[1]):
            if band % 9 == 4:
                # shift registers from the second frame on
                low, high = (1 + int(each) for each in hashed(2, 10 * f + c))
                state = low, high if f else 0
            made.states[f, c, band] = state
            state = moved_on(state, np.count_nonzero(line_bands(made, f, c, bands) == band))
    for f, c, number, *told in (
        (0, 0, 0, 3, 30, 5, 0, 4), (0, 0, 1, 0, 3, 2, 1, 3), (1, 0, 2, 1, 9, 3, 1, 3),
        (1, 1, 0, 0, 12, 7, 0, 4), (2, 1, 0, 2, 20, 12, 1, 4),
    ):  # fmt: skip
        made.filters[f, c, number] = told
        order = told[2]
        made.reflections[f, c, number, :order] = hashed(order, 10 * f + c + 67) % 5 - 2
    return made


def sounds(
    lengths: list[int | Section], channels: int, bits: int, missed: int
) -> tuple[list[Part], np.ndarray]:
    """Sections, of which numbers have no granules, and samples; one residual of `missed` is 0."""
    parts, rows = [], []
    for number, each in enumerate(lengths):
        if isinstance(each, int):
            parts.append(Part(Section(each)))
            rows.append(ints(tones(each, channels, bits, number).T))
            continue
        rare = hashed(channels * each.frames, 80 + number).reshape(channels, -1)
        residuals = np.where(rare % missed, 0, rare // missed % 3 - 1)
        if bits > 16:
            residuals = rare % 7 - 3 + np.where(rare // 7 % 300, 0, rare // 2100)
        part = Part(each, granules(granules_of(each), channels, number), residuals.astype(np.int32))
        part, samples = within_the_rails(part, 6, bits)
        parts.append(part)
        rows.append(samples)
    return parts, np.concatenate(rows, axis=1)


def origin(name: str) -> bytes:
    """One of the frozen streams."""
    bits, predictor, table = 16, "lpc", 6
    if name == "origin":
        sections = [90, Section(1300, 500), 60, Section(1152, 1727, UNITY, 1)]
        parts, samples = sounds(sections, 2, bits, 60)
    elif name == "origin-24":
        bits, predictor = 24, "cascade"
        parts, samples = sounds([Section(1152, 0, 800_000_001, 2), 300], 1, bits, 1)
    elif name == "origin-aac":
        section = Section(2048, 1900, 1_000_000_007)
        residuals = np.where(hashed(4096, 90) % 90, 0, 1).reshape(2, 2048).astype(np.int32)
        table = 4
        part, samples = within_the_rails(Part(section, aac_frames(table), residuals), table, bits)
        parts = [part]
    else:
        section = Section(1152, 7, 2 * UNITY)
        silent = np.zeros((2, section.frames), np.int32)
        table = 2
        part, samples = within_the_rails(Part(section, loudest(3), silent), table, bits)
        parts = [part]
    work = writer(parts, samples, table, bits)
    return origin_stream(samples.T, bits, work, predictor=predictor)

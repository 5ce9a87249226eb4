"""Frozen streams of granules that no lossy stream ever held, made from integers alone."""

from __future__ import annotations

import numpy as np
from golden_signals import hashed, ints, tones
from origin_blocks import Part, granules_of, origin_stream, within_the_rails, writer

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
    else:
        section = Section(1152, 7, 2 * UNITY)
        silent = np.zeros((2, section.frames), np.int32)
        table = 2
        part, samples = within_the_rails(Part(section, loudest(3), silent), table, bits)
        parts = [part]
    work = writer(parts, samples, table, bits)
    return origin_stream(samples.T, bits, work, predictor=predictor)

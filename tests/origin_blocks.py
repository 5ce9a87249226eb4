"""Origin blocks of a test's own choice, and streams whose blocks these are."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import nlac
from nlac.predictors.methods import Method
from nlac.predictors.origin.block import Section, write_head
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.granules import LINES, MAX_STEP, MIN_STEP, Granules, empty_granules
from nlac.predictors.origin.synthesis import Output, synthesise


class Part(NamedTuple):
    """A section, and its granules and residuals, (C, frames) int32, if it has any."""

    section: Section
    granules: Granules | None = None
    residuals: NDArray[np.int32] | None = None


def hostile_granules(rng: np.random.Generator, count: int, channels: int) -> Granules:
    """Lines and exponents at the ends of their ranges, block types in any order."""
    granules = empty_granules(count, channels)
    granules.types[:] = rng.integers(0, 4, granules.types.shape)
    if channels == 2:
        granules.mid_side[:] = rng.integers(0, 2, count)
    loud = rng.random() < 0.5
    for steps, values in zip(
        granules.steps.reshape(-1, 39), granules.values.reshape(-1, LINES), strict=True
    ):
        odd = int(rng.integers(2))
        ends = [MIN_STEP + odd, MAX_STEP - 1 + odd]
        steps[:] = ends[1] if loud else rng.choice([*ends, -44 + odd, -46 + odd], 39)
        steps[rng.random(39) < rng.choice([0, 0.3])] = -128
        values[:] = rng.choice([0, 1, 2, 17, 18, 8206], LINES, p=rng.dirichlet([0.7] * 6))
        values *= rng.choice([-1, 1], LINES).astype(np.int16) if not loud else np.int16(1)
    return granules


def write_origin(
    parts: Sequence[Part], table: int, bits: int, others: bytes = b""
) -> tuple[bytes, list[NDArray[np.int64]]]:
    """A block, and the samples of its sections with granules; `others` codes those without."""
    sounds = [part for part in parts if part.granules is not None]
    room = sum(each.granules.length * each.granules.channels for each in sounds) * 3000
    coder = SectionCoder(np.zeros(room + 64, np.uint32), False)
    samples = []
    for section, granules, residuals in sounds:
        assert section.shift is not None
        assert coder.granules(granules, table)
        output = Output(section.gain, section.rounding, bits)
        made, places = synthesise(granules, table, output, section.shift, section.frames)
        coder.residuals(residuals.copy(), places)
        samples.append(made.astype(np.int64) + residuals)
    words = coder.words
    return write_head(table, [part.section for part in parts], words) + others, samples


def origin_stream(
    samples: NDArray[np.int32],
    bits: int,
    write_block: Callable[[NDArray[np.int32], Callable[..., bytes]], bytes],
    sample_rate: int = 8000,
    **options: Any,
) -> bytes:
    """A stream whose coded channels `write_block` writes.

    It is given them, (channels, frames), and a function that codes such as a block of the stream's
    predictor.
    """
    coded = Method.encode

    def encode(self: Method, channels: Any, stream: Any, asked: Any, before: bytes = b"") -> bytes:
        return write_block(channels, lambda rows: coded(self, rows, stream, asked, before))

    out = io.BytesIO()
    with patch.object(Method, "encode", encode):
        nlac.write(out, samples, sample_rate, bits_per_sample=bits, **options)
    return out.getvalue()

"""Origin blocks of a test's own choice, and streams whose blocks these are."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import nlac
from nlac.codec.decoder.payload import INTEGERS
from nlac.codec.encoder import payload
from nlac.codec.encoder.channels import split_channels
from nlac.predictors.origin.aac.frames import Frames
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.granules import LINES, MAX_STEP, MIN_STEP, Granules, empty_granules
from nlac.predictors.origin.head import Section, write_head
from nlac.predictors.origin.kinds import AAC, LAYER3
from nlac.predictors.origin.lossy import lossy_of
from nlac.predictors.origin.output import Output
from nlac.predictors.registry import predictor_by_id

EncodeRows: TypeAlias = Callable[[NDArray[np.int32], bytes], bytes]
WriteBlock: TypeAlias = Callable[[NDArray[np.int32], EncodeRows], bytes]


class Part(NamedTuple):
    """A section, and its granules or frames, and residuals, (C, frames) int32, if it has any."""

    section: Section
    units: Granules | Frames | None = None
    residuals: NDArray[np.int32] | None = None


def granules_of(section: Section) -> int:
    """How many granules a section has."""
    assert section.shift is not None
    return LAYER3.units(section.shift, section.frames)


def frames_of(section: Section) -> int:
    """How many frames of AAC a section has."""
    assert section.shift is not None
    return AAC.units(section.shift, section.frames)


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
    parts: Sequence[Part], table: int, bits: int
) -> tuple[bytes, list[NDArray[np.int64]]]:
    """A block up to that of the sections without granules, and the samples of the others."""
    sounds = [part for part in parts if part.units is not None]
    lossy = lossy_of(AAC if any(isinstance(part.units, Frames) for part in parts) else LAYER3)
    room = sum(each.units.length * each.units.channels for each in sounds) * 4000
    coder = SectionCoder(lossy, np.zeros(room + 64, np.uint32), False)
    samples = []
    for section, units, residuals in sounds:
        assert section.shift is not None
        assert coder.units(units, table)
        output = Output(section.gain, section.rounding, bits)
        made, places = lossy.synthesise(units, table, output, section.shift, section.frames)
        coder.residuals(residuals.copy(), places)
        samples.append(made.astype(np.int64) + residuals)
    words = coder.words
    return write_head(lossy.kind, table, [part.section for part in parts], words), samples


def within_the_rails(part: Part, table: int, bits: int) -> tuple[Part, NDArray[np.int32]]:
    """A section with other residuals where these lead beyond what a sample can be; its samples."""
    high = (1 << (bits - 1)) - 1
    (made,) = write_origin([part], table, bits)[1]
    samples = made.clip(~high, high)
    assert part.residuals is not None
    missed = part.residuals + (samples - made)
    return part._replace(residuals=missed.astype(np.int32)), samples.astype(np.int32)


def writer(parts: Sequence[Part], samples: NDArray[np.int32], table: int, bits: int) -> WriteBlock:
    """Writes samples, (channels, frames), in sections."""
    starts = [0, *accumulate(part.section.frames for part in parts)]
    others = [
        samples[:, start : start + part.section.frames]
        for start, part in zip(starts, parts, strict=False)
        if part.units is None
    ]

    def write_block(channels: NDArray[np.int32], encode: EncodeRows) -> bytes:
        assert np.array_equal(channels, samples)
        head, _ = write_origin(parts, table, bits)
        return head + (encode(np.concatenate(others, axis=1), head) if others else b"")

    return write_block


def origin_stream(
    samples: NDArray[np.int32], bits: int, write_block: WriteBlock, **options: Any
) -> bytes:
    """A stream at 8000 Hz, samples (frames, channels), whose coded channels `write_block` writes.

    It is given those of a block, (channels, frames), and a function that codes such, behind some
    bytes, as a block of the stream's predictor.
    """

    def found(integers: Any, stream: Any, asked: Any, around: Any) -> tuple[bytes, bool]:
        mapped, channels = split_channels(integers, moved=False)
        head = bytes([INTEGERS]) + mapped
        method = predictor_by_id(stream.predictor_id).method

        def encode(rows: NDArray[np.int32], before: bytes) -> bytes:
            return method.encode(rows, stream, asked, head + before)

        return head + write_block(channels, encode), True

    out = io.BytesIO()
    with patch.object(payload, "_find_origin", found):
        nlac.write(out, samples, 8000, bits_per_sample=bits, **options)
    return out.getvalue()

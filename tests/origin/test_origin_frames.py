"""Frames of AAC come back from their words; those out of bounds are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from aac_random import random_frames
from hypothesis import given, settings
from hypothesis import strategies as st
from origin_blocks import Part, frames_of, write_origin

from nlac._errors import CorruptStream
from nlac.bitstream.header import StreamHeader
from nlac.predictors.methods import METHODS
from nlac.predictors.origin.aac.frames import (
    IN_PHASE,
    MAX_POSITION,
    MAX_STEP,
    MIN_POSITION,
    MIN_STEP,
    NO_STEP,
    SHORT,
    Frames,
    empty_frames,
)
from nlac.predictors.origin.aac.synthesis import synthesise
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.head import Section, write_head
from nlac.predictors.origin.kinds import AAC as KIND
from nlac.predictors.origin.lossy import AAC
from nlac.predictors.origin.output import PLACES, Output

LPC = METHODS[0]
STREAM = StreamHeader(8000, 2, 16, False, 0, 9000, 9000, 1, b"", 0, b"")
SOUND = Section(KIND.least_frames, 30)


def decode(block: bytes, frames: int = SOUND.frames) -> np.ndarray:
    pieces = LPC.decode(block, 0, frames, STREAM.channels, STREAM)
    return np.concatenate([piece.copy() for piece in pieces], axis=1)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32), count=st.integers(1, 9), channels=st.integers(1, 2),
    table=st.integers(0, 6), size=st.sampled_from([0.1, 300.0]), hostile=st.booleans(),
)  # fmt: skip
def test_frames_come_back(seed, count, channels, table, size, hostile):
    rng = np.random.default_rng(seed)
    frames = random_frames(seed, count, channels, table, hostile)
    shape = (channels, 1024 * count)
    residuals = np.rint(rng.laplace(0, size, shape)).astype(np.int32)
    places = rng.integers(0, PLACES, shape).astype(np.uint8)
    coder = SectionCoder.encoder(AAC, 4 * residuals.size + 4000)
    for _ in range(2):
        given_frames = frames.part(0, count)
        assert coder.units(given_frames, table)
        if not hostile:
            # of the others some steps are too far from each other
            assert all(np.array_equal(a, b) for a, b in zip(given_frames, frames, strict=True))
        coder.residuals(residuals.copy(), places)
    words = coder.words.copy()

    decoder = SectionCoder(AAC, words, True)
    for _ in range(2):
        again = empty_frames(count, channels)
        assert decoder.units(again, table)
        assert all(np.array_equal(a, b) for a, b in zip(again, given_frames, strict=True))
        found = np.zeros_like(residuals)
        decoder.residuals(found, places)
        assert np.array_equal(found, residuals)
    assert len(words) <= decoder.finish() <= len(words) + 2


@pytest.mark.parametrize("section", [SOUND, SOUND._replace(shift=KIND.most_shift, gain=1 << 29)])
def test_blocks_of_frames(section):
    frames = random_frames(3, frames_of(section), 2)
    residuals = np.random.default_rng(4).integers(-1, 2, (2, section.frames), np.int32)
    block, (samples,) = write_origin([Part(section, frames, residuals)], 0, 16)
    assert np.array_equal(decode(block), samples)
    for wrong in (section._replace(frames=section.frames - 1), section._replace(shift=2048)):
        with pytest.raises(CorruptStream):
            decode(write_head(KIND, 0, [wrong], np.zeros(99, np.uint32)), wrong.frames)


def stepped(step: int) -> Callable[[Frames], Any]:
    def change(frames: Frames) -> None:
        # the first step is told by its difference from -44, which has a bound
        frames.steps[0, 0, 4:6] = min(step, 60), step

    return change


def far_line(frames: Frames) -> None:
    frames.steps[0, 0, 5] = 20
    frames.values[0, 0, 20] = 8207


def filtered(
    first: int = 0, end: int = 5, order: int = 3, resolution: int = 4, index: int = 0,
    sequence: int = 0,
) -> Callable[[Frames], Any]:  # fmt: skip
    def change(frames: Frames) -> None:
        frames.sequences[0] = sequence
        frames.filters[0, 1, 0] = first, end, order, 0, resolution
        frames.reflections[0, 1, 0, : min(order, 12)] = index

    return change


def placed(position: int, band: int = 7) -> Callable[[Frames], Any]:
    def change(frames: Frames) -> None:
        frames.stereo[0, band] = IN_PHASE
        frames.steps[0, 1, band] = position

    return change


def loud_noise(level: int, second: bool = False) -> Callable[[Frames], Any]:
    def change(frames: Frames) -> None:
        frames.noise[0, int(second), 9] = 1
        frames.steps[0, int(second), 9] = level

    return change


def coded(change: Callable[[Frames], Any], good: bool) -> bytes:
    """A block of frames of which one is changed."""
    frames = empty_frames(frames_of(SOUND), 2)
    change(frames)
    coder = SectionCoder.encoder(AAC, 9000)
    assert coder.units(frames, 0) == good
    _, places = synthesise(frames, 0, Output(), 30, SOUND.frames)
    coder.residuals(np.zeros((2, SOUND.frames), np.int32), places)
    return write_head(KIND, 0, [SOUND], coder.words)


@pytest.mark.parametrize(
    "change",
    [
        stepped(MIN_STEP - 1),
        stepped(MAX_STEP + 1),
        far_line,
        filtered(first=5),
        filtered(end=50),
        filtered(sequence=SHORT, end=15),
        filtered(order=13),
        filtered(resolution=3, index=4),
        filtered(resolution=3, index=-5),
        placed(MIN_POSITION - 1),
        placed(MAX_POSITION + 1),
        loud_noise(MIN_STEP - 1),
        loud_noise(MAX_STEP + 1, second=True),
    ],
)
def test_frames_out_of_bounds(change):
    with pytest.raises(CorruptStream) as caught:
        decode(coded(change, False))
    assert caught.value.path == "origin.units"


@pytest.mark.parametrize(
    "change",
    [
        stepped(-40),
        filtered(end=49, order=12, index=-8),
        filtered(sequence=SHORT, end=14, resolution=3, index=3),
        placed(MIN_POSITION),
        placed(MAX_POSITION),
        loud_noise(MIN_STEP),
        loud_noise(MAX_STEP, second=True),
    ],
)
def test_frames_at_their_bounds(change):
    decode(coded(change, True))


def test_lines_of_bands_that_have_none_do_not_come_back():
    frames = empty_frames(1, 2)
    frames.stereo[0, :2] = IN_PHASE
    frames.noise[0, 0, 3] = 1
    frames.steps[0, :, :4] = 0
    frames.steps[0, 0, 1] = NO_STEP
    frames.values[:] = 1
    SectionCoder.encoder(AAC, 9000).units(frames, 0)
    assert list(frames.values[0, 0, :20]) == [1] * 4 + [0] * 4 + [1] * 4 + [0] * 8
    assert list(frames.values[0, 1, :20]) == [0] * 8 + [1] * 8 + [0] * 4

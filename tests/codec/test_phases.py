"""Blocks in phases: what was upsampled simply costs what it was made of."""

from __future__ import annotations

import io

import numpy as np
import pytest

import nlac
from nlac._errors import CorruptStream
from nlac.codec.encoder.phases import find_phases
from nlac.codec.transforms.phases import (
    join_phases,
    phased_frames,
    read_phases,
    split_phases,
    write_phases,
)

FRAMES = 6000


def music(channels: int = 2, seed: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, (FRAMES, channels)).cumsum(axis=0)
    x -= np.linspace(x[0], x[-1], FRAMES)
    return np.round(x * 100 + random.normal(0, 300, x.shape)).clip(-30000, 30000).astype(np.int32)


def raised(x: np.ndarray, factor: int, how: str) -> np.ndarray:
    held = np.repeat(x, factor, axis=0).astype(np.int64)
    steps = (np.arange(len(held)) % factor)[:, None]
    if how == "zeros":
        held *= steps == 0
    elif how == "linear":
        held = (held * (factor - steps) + np.roll(held, -factor, axis=0) * steps) // factor
    return held.astype(np.int32)


def size(x: np.ndarray, **options) -> int:
    out = io.BytesIO()
    nlac.write(out, x, 48000, bits_per_sample=16, **options)
    samples, _ = nlac.read(out.getvalue(), always_2d=True)
    assert np.array_equal(samples, x)
    return len(out.getvalue())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("phases", "offset"), [(2, 0), (2, 1), (3, 2), (8, 5)])
@pytest.mark.parametrize("held", [True, False])
def test_phases_are_joined_again(channels, phases, offset, held):
    x = np.arange(47 * channels, dtype=np.int32).reshape(47, channels)
    parts = split_phases(x, phases, offset, held)
    assert parts.shape == (phased_frames(47, phases, offset), phases * channels)
    assert np.array_equal(join_phases(parts, 47, phases, offset), x)


@pytest.mark.parametrize("how", ["held", "zeros", "linear"])
@pytest.mark.parametrize(("factor", "cut"), [(2, 0), (2, 1), (3, 1), (4, 3)])
def test_upsampling_is_found(how, factor, cut):
    x = raised(music(), factor, how)[cut:]
    found = find_phases(x)
    assert found is not None
    assert (found.phases, found.offset, found.held) == (factor, cut, how == "held")


@pytest.mark.parametrize(
    "x",
    [
        music(),
        np.zeros((FRAMES, 1), np.int32),
        np.repeat([[1], [2]], FRAMES // 2, axis=0).astype(np.int32),
        np.arange(FRAMES, dtype=np.int32)[:, None] % 2,
        music()[:40],
    ],
    ids=["music", "silence", "step", "alternating", "short"],
)
def test_what_was_not_upsampled_is_left_alone(x):
    found = find_phases(x)
    # a step or an alternation is told by phases as well, and cheaply
    assert found is None or len(np.unique(x)) <= 2


@pytest.mark.parametrize("preset", ["fast", "standard", "high"])
@pytest.mark.parametrize("how", ["held", "zeros"])
def test_held_and_stuffed_samples_cost_nothing(preset, how):
    x = music()
    assert size(raised(x, 3, how)[1:], preset=preset) < size(x, preset=preset) + 40


@pytest.mark.parametrize("channels", [1, 2])
def test_straight_lines_cost_little(channels):
    x = music(channels)
    assert size(raised(x, 2, "linear")) < 1.12 * size(x)


def test_floats_in_phases():
    x = (raised(music(1), 2, "held") / 32768).astype(np.float32)
    out = io.BytesIO()
    nlac.write(out, x, 48000)
    one = io.BytesIO()
    nlac.write(one, x[::2], 48000)
    samples, _ = nlac.read(out.getvalue(), always_2d=True, dtype="float32")
    assert np.array_equal(samples, x)
    assert len(out.getvalue()) < 1.1 * len(one.getvalue())


@pytest.mark.parametrize(
    ("phases", "offset", "channels", "told"),
    [
        (1, 0, 1, "1 phases; 2 to 8"),
        (9, 0, 1, "9 phases; 2 to 8"),
        (3, 3, 1, "offset 3 of 3 phases"),
        (3, 0, 100, "3 phases; 2 to 2"),
    ],
    ids=["few", "many", "offset", "channels"],
)
def test_bad_phases_are_refused(phases, offset, channels, told):
    with pytest.raises(CorruptStream, match=told):
        read_phases(write_phases(phases, offset), 0, channels)

"""Frames of AAC-LC are fitted again where samples err by more than rounding."""

from __future__ import annotations

import numpy as np
import pytest
from aac_signals import lines_of, music_frames, samples_of

from nlac.codec.encoder.origin.aac.refinement.refit import refine
from nlac.codec.encoder.origin.aac.stretch import Fit, fit_frames
from nlac.codec.encoder.origin.sharpening import sharpen
from nlac.predictors.origin.aac.frames import IN_PHASE, KBD, NO_STEP, Frames

_TABLE = 0
_LOWER = 18  # exponents: the finest steps are near those of the samples then


def _quiet_frames(seed: int, count: int, channels: int) -> Frames:
    """Frames of which some steps are about as large as those of the samples."""
    frames = music_frames(seed, count, channels, _TABLE)
    lower = frames.steps != NO_STEP
    if channels == 2:
        # positions of intensity stay
        lower[:, 1] &= frames.stereo < IN_PHASE
    frames.steps[lower] -= _LOWER
    return frames


def _fit(samples: np.ndarray) -> Fit:
    return fit_frames(samples, np.full(samples.shape[1] // 1024 - 1, 1 / 12), KBD, _TABLE)


def _off(found: Fit, lines: np.ndarray) -> np.ndarray:
    """Whether each frame's lines differ from the true ones."""
    return np.abs(found.lines - lines).max(axis=(1, 2)) > 0.06


@pytest.mark.parametrize("spread", [0.01, 0.03, 0.1])
@pytest.mark.jit
def test_few_samples_tell_what_is_wrong(spread):
    rng = np.random.default_rng(5)
    wrong = spread * rng.standard_normal(1 << 17)
    told = np.empty_like(wrong)
    variance = sharpen(rng.uniform(-0.5, 0.5, wrong.size) + wrong, told)
    assert variance == pytest.approx(np.mean(told**2))
    assert variance < 0.65 * spread + 0.002
    assert np.dot(told, wrong) / np.dot(wrong, wrong) == pytest.approx(1, abs=0.1)


@pytest.mark.jit
def test_rounding_alone_tells_nothing():
    errors = np.random.default_rng(6).uniform(-0.5, 0.5, 2048)
    told = np.empty_like(errors)
    assert sharpen(errors, told) < 0.003
    assert sharpen(np.zeros(2048), told) == 0.0
    assert not told.any()


@pytest.mark.parametrize("channels", [1, 2])
def test_more_frames_are_right(channels):
    frames = _quiet_frames(3, 40, channels)
    lines = lines_of(frames, _TABLE)
    exact = samples_of(frames, lines)
    samples = np.rint(exact)
    found = _fit(samples)
    before = _off(found, lines)
    rails = np.zeros(samples.shape, np.int8)
    refine(found, samples, rails, (0, samples.shape[1]), 1.0, _TABLE)
    after = _off(found, lines)
    assert after.sum() < 0.5 * before.sum()
    # the lines are still those of the frames
    np.testing.assert_allclose(found.lines, lines_of(found.frames, _TABLE), atol=1e-6)


def test_unknown_samples_change_nothing():
    frames = _quiet_frames(4, 12, 2)
    samples = np.rint(samples_of(frames, lines_of(frames, _TABLE)))
    found = _fit(samples)
    given = found.frames.values.copy()
    rails = np.zeros(samples.shape, np.int8)
    refine(found, np.zeros_like(samples), rails, (0, 0), 1.0, _TABLE)
    np.testing.assert_array_equal(found.frames.values, given)
    assert not rails.any()

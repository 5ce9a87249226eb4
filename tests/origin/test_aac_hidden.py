"""Frames of AAC-LC that are hard to see: attacks in silence, quiet streams, clipped samples."""

from __future__ import annotations

import shutil
import subprocess
import wave

import numpy as np
import pytest
from aac_signals import lines_of, music_frames, samples_of

from nlac.codec.encoder.origin.aac import clipped_fit
from nlac.codec.encoder.origin.aac.clipped_fit import fit
from nlac.codec.encoder.origin.aac.gain import find_level
from nlac.codec.encoder.origin.aac.recover import recover
from nlac.codec.encoder.origin.aac.stretch import fit_frames
from nlac.codec.encoder.origin.clipping import rails_of, unclipped
from nlac.codec.encoder.origin.grids import Grid
from nlac.predictors.origin.aac.frames import (
    KBD,
    LINES,
    LONG,
    NO_STEP,
    SHORT,
    SINE,
    START,
    STOP,
    Frames,
)

RATE = 48000


def rounded(frames: Frames) -> np.ndarray:
    given = np.rint(samples_of(frames, lines_of(frames, 0)))
    return np.clip(given, -32768, 32767).astype(np.int32)


def silenced(frames: Frames, chosen: np.ndarray) -> None:
    """Let some frames hold nothing."""
    for f in np.flatnonzero(chosen):
        frames.steps[f] = NO_STEP
        frames.stereo[f] = 0
        frames.values[f] = 0
        frames.noise[f] = 0
        frames.states[f] = 0


@pytest.mark.parametrize("channels", [1, 2])
def test_attacks_in_silence_have_short_windows(channels):
    frames = music_frames(11, 40, channels)
    kinds = np.full(40, LONG)
    attacks = np.array([8, 17, 18, 29])
    kinds[attacks] = SHORT
    kinds[[7, 16, 28]] = START
    kinds[[9, 19, 30]] = STOP
    other = music_frames(12, 400, channels)
    for f, kind in enumerate(kinds):
        # frames that have the right number of bands
        like = np.flatnonzero((other.sequences[:, 0] == SHORT) == (kind == SHORT))[f]
        for name in Frames._fields:
            if name != "first_shapes":
                getattr(frames, name)[f] = getattr(other, name)[like]
        frames.sequences[f] = kind
        frames.shapes[f] = SINE if kind in (START, SHORT) else KBD
    frames.steps[frames.noise > 0] = NO_STEP
    frames.noise[:] = 0
    frames.states[:] = 0
    silenced(frames, np.isin(np.arange(40), [4, 5, 6, 7, 14, 15, 16, 26, 27, 28]))
    samples = rounded(frames)[:, LINES : 39 * LINES]
    (section,) = recover(samples, RATE)
    first = 1 - section.shift // LINES
    found = section.units.sequences[2 - first : 37 - first]
    assert np.mean(found == frames.sequences[2:37]) > 0.9
    assert np.all(section.units.sequences[attacks - first] == SHORT)


def test_where_it_is_quiet_the_gain_is_one_that_is_known():
    rng = np.random.default_rng(3)
    frames = music_frames(13, 60, 1)
    frames.steps[frames.steps != NO_STEP] -= 46
    samples = rounded(frames)
    assert 0.3 < np.std(samples) < 20
    level = find_level(samples, Grid(0, 20.0, KBD), 0, 1.0)
    assert level is not None
    assert level.gain == 1.0
    noise = np.rint(rng.normal(0, 900, (1, 60 * LINES))).astype(np.int32)
    assert find_level(noise, Grid(0, 20.0, KBD), 0, 1.0) is None


def test_of_24_bits_more_than_rounding_is_noise():
    frames = music_frames(16, 40, 2)
    frames.steps[frames.noise > 0] = NO_STEP
    frames.noise[:] = 0
    exact = samples_of(frames, lines_of(frames, 0)) * 256
    # decoders count in numbers of 24 bits
    exact += np.random.default_rng(6).normal(0, 1.0, exact.shape)
    samples = np.rint(exact).astype(np.int32)[:, 700 : 40 * LINES]
    (section,) = recover(samples, RATE, 24)
    assert section.gain == 1.0
    first = 700 // LINES - section.shift // LINES
    given, found = frames.values[3:37], section.units.values[3 - first : 37 - first]
    assert np.mean(np.all(given == found, axis=2)) > 0.8


def test_what_a_decoder_clipped_is_fitted():
    frames = music_frames(14, 40, 2)
    frames.steps[frames.steps != NO_STEP] += 4
    exact = samples_of(frames, lines_of(frames, 0))
    level = np.percentile(np.abs(exact), 99.95)
    samples = np.clip(np.rint(exact), -level, level)
    rails = (np.abs(exact) > level).astype(np.int8) * np.sign(exact).astype(np.int8)
    touched = rails.reshape(2, -1, LINES).any(axis=(0, 2))
    assert np.count_nonzero(touched) > 5
    found = fit(samples, rails, 1 / 12, KBD, 0)
    same = np.all(found.frames.values == frames.values, axis=(1, 2))
    clipped = touched[:-1] | touched[1:]
    assert np.mean(same[clipped]) > 0.5
    plain = fit(samples, np.zeros_like(rails), 1 / 12, KBD, 0)
    assert np.mean(np.all(plain.frames.values == frames.values, axis=(1, 2))[clipped]) < 0.2


def test_an_empty_band_tells_what_was_beyond_the_rails():
    time = np.arange(20_000)
    exact = sum(12_000 * np.sin(time * w + w) for w in (0.11, 0.37, 0.71))[None]
    samples = np.clip(np.rint(exact), -32768, 32767)
    rails = rails_of(samples.astype(np.int32), 16)
    assert 20 < np.count_nonzero(rails) < 600
    filled = unclipped(samples, rails, 0.6)
    off = np.abs(filled - exact)[rails != 0]
    assert np.median(off) < 0.05 * np.median(np.abs(samples - exact)[rails != 0])
    assert np.array_equal(filled[rails == 0], samples[rails == 0])
    assert np.array_equal(unclipped(samples, rails, 0.999), samples)


@pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("faad") is None,
    reason="ffmpeg or faad is not on PATH",
)
def test_noise_of_faad_is_followed(tmp_path):
    rng = np.random.default_rng(15)
    time = np.arange(44100 * 3) / 44100
    tones = sum(3000 / k * np.sin(2 * np.pi * 220 * k * time + k) for k in range(1, 12))
    music = np.stack([tones, 0.7 * tones]) + rng.normal(0, 400, (2, len(time)))
    source, coded, decoded = (str(tmp_path / name) for name in ("a.wav", "a.m4a", "b.wav"))
    with wave.open(source, "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(np.rint(music).astype("<i2").T.tobytes())
    run = ["ffmpeg", "-v", "error", "-y", "-i", source, "-c:a", "aac", "-b:a", "96k", coded]
    subprocess.run(run, check=True)
    subprocess.run(["faad", "-q", "-o", decoded, coded], check=True)
    with wave.open(decoded) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    (section,) = recover(np.ascontiguousarray(data.T[:, 3000:]).astype(np.int32), 44100)
    noise = section.units.noise > 0
    assert np.count_nonzero(noise) > 100
    assert np.all(section.units.states[noise][:, 1] > 0)


def test_frames_that_clip_are_fitted_again_a_bounded_number_of_times(monkeypatch):
    count, fitted = 40, []

    def counted(samples, variances, *others):
        fitted.append(len(variances))
        return fit_frames(samples, variances, *others)

    monkeypatch.setattr(clipped_fit, "fit_frames", counted)
    # frames of nothing that was coded, of which no fit is right
    exact = np.random.default_rng(8).normal(0, 9000, (1, LINES * (count + 1)))
    rails = (np.abs(exact) > 30000).astype(np.int8) * np.sign(exact).astype(np.int8)
    fit(np.rint(exact), rails, 1 / 12, KBD, 0)
    assert fitted[0] == count
    assert 0 < sum(fitted[1:]) <= 1.5 * count


def test_slopes_of_a_fit_before_are_taken():
    frames = music_frames(17, 30, 2)
    exact = samples_of(frames, lines_of(frames, 0))
    variances = np.full(30, 1 / 12)
    first = fit_frames(np.rint(exact), variances, KBD, 0)
    assert len(np.unique(first.frames.sequences)) > 1
    again = fit_frames(np.rint(exact), variances, KBD, 0, first)
    for one, other in zip(first.frames, again.frames, strict=True):
        assert np.array_equal(one, other)

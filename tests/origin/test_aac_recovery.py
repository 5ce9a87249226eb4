"""Frames of AAC-LC are found again in the samples that they give."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import wave

import numpy as np
import pytest
from aac_noise import values_after
from aac_signals import filtered, lines_of, music_frames, samples_of

from nlac.codec.encoder.origin.aac.filters import find_filter
from nlac.codec.encoder.origin.aac.grid import find_grid
from nlac.codec.encoder.origin.aac.noise.congruential import lattice
from nlac.codec.encoder.origin.aac.noise.marks import find_state, new_generators
from nlac.codec.encoder.origin.aac.noise.registers import NO_STATE
from nlac.codec.encoder.origin.aac.recover import recover
from nlac.codec.encoder.origin.aac.synthesis import synthesise
from nlac.codec.encoder.origin.aac.tables import ladder
from nlac.predictors.origin.aac.frames import (
    LINES,
    MAX_ORDER,
    RATES,
    START,
    Frames,
    bands_of,
    table_of,
)

SECONDS_48K = 48000
_ALL_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)


def _rounded(samples: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int32)


def _again(frames: Frames, table: int) -> np.ndarray:
    return samples_of(frames, lines_of(frames, table))


def _wrong(section, channels: np.ndarray, table: int) -> np.ndarray:
    """Whether the samples of a section differ from what its frames give."""
    begin, end, shift = section.begin, section.end, section.shift
    made = _rounded(_again(section.units, table) * section.gain)
    return made[:, shift : shift + end - begin] != channels[:, begin:end]


@pytest.mark.parametrize("rate", _ALL_RATES)
def test_bands_reach_the_last_line(rate):
    table = table_of(rate)
    bands = bands_of(table)
    assert bands.long_starts[-1] == 1024
    assert bands.short_starts[-1] == 128
    assert np.all(np.diff(bands.long_starts) > 0)
    assert np.all(np.diff(bands.short_starts) > 0)
    assert len(bands.long) == len(bands.short) == LINES
    assert table < len(RATES)


def test_float_synthesis_is_that_of_the_formulas():
    frames = music_frames(1, 24, 2)
    assert set(frames.sequences.ravel()) == {0, 1, 2, 3}
    lines = lines_of(frames, 0)
    np.testing.assert_allclose(synthesise(frames, lines), samples_of(frames, lines), atol=1e-6)


@pytest.mark.parametrize(("channels", "registers"), [(1, False), (2, False), (1, True), (2, True)])
def test_frames_come_back_from_their_samples(channels, registers):
    frames = music_frames(7, 60, channels, registers=registers)
    trim = 1303
    samples = _rounded(_again(frames, 0))[:, trim : 60 * LINES]
    (section,) = recover(samples, SECONDS_48K)
    assert section.begin == 0
    assert section.end > samples.shape[1] - LINES
    assert section.gain == 1.0
    assert section.table == 0
    assert (section.shift - trim) % LINES == 0
    assert 0 <= section.shift < 2 * LINES
    assert section.units.length == -(-(section.shift + section.end) // LINES)
    wrong = _wrong(section, samples, 0)[:, 2 * LINES : -2 * LINES]
    assert wrong.mean() < 0.01
    first = trim // LINES - section.shift // LINES
    for f in range(3, 55):
        given, found = frames.part(f, f + 1), section.units.part(f - first, f - first + 1)
        assert np.array_equal(given.sequences, found.sequences)
        assert np.array_equal(given.shapes, found.shapes)
    # most lines are the very same
    found = section.units.values[3 - first : 55 - first]
    assert np.mean(found == frames.values[3:55]) > 0.97
    noise = frames.noise[3:55] > 0
    states = section.units.states[3 - first : 55 - first]
    assert np.mean(states[noise] == frames.states[3:55][noise]) > (0.9 if registers else 0.95)


def test_frames_come_back_where_another_stream_follows():
    parts = [_rounded(_again(music_frames(seed, 50, 1), 0))[:, 700:-1500] for seed in (3, 4)]
    samples = np.concatenate(parts, axis=1)
    sections = recover(samples, SECONDS_48K)
    assert len(sections) == 2
    edge = parts[0].shape[1]
    assert abs(sections[0].end - edge) < 3 * LINES
    assert abs(sections[1].begin - edge) < 3 * LINES
    assert sections[0].end <= sections[1].begin
    for section in sections:
        assert _wrong(section, samples, 0)[:, 2 * LINES : -2 * LINES].mean() < 0.01


def test_filters_come_back():
    frames = music_frames(5, 40, 1)
    frames.noise[:] = 0
    bands = bands_of(0)
    rng = np.random.default_rng(0)
    long = np.flatnonzero(frames.sequences[:, 0] <= START)[5:35:3]
    indices = np.array([-5, 4, -2, 1, 1, -1])
    for f in long:
        frames.values[f, 0, 216:576] = np.rint(rng.laplace(0, 0.7, 360))
        frames.steps[f, 0, 25:37] = 30
        frames.filters[f, 0, 0] = 25, 37, 6, f & 1, 4
        frames.reflections[f, 0, 0, :6] = indices
    samples = _rounded(_again(frames, 0))[:, 500 : 40 * LINES]
    (section,) = recover(samples, SECONDS_48K)
    first = 500 // LINES - section.shift // LINES
    same = [
        np.array_equal(section.units.filters[f - first, 0, 0], frames.filters[f, 0, 0])
        and np.array_equal(section.units.reflections[f - first, 0, 0, :6], indices)
        for f in long
    ]
    assert np.mean(same) > 0.7
    assert bands.long_starts[25] == 216
    assert bands.long_starts[37] == 576


@pytest.mark.jit
@pytest.mark.parametrize("falling", [False, True])
def test_the_sparsest_lines_tell_a_filter(falling):
    rng = np.random.default_rng(2)
    indices = np.array([-6, 3, 2, -1])
    lines = np.zeros(LINES)
    lines[200:500] = np.rint(rng.laplace(0, 0.8, 300)) * 40
    lines[200:500] = filtered(lines[200:500], indices, falling)
    lines += rng.normal(0, 0.29, LINES)
    found = np.zeros(MAX_ORDER, np.int64)
    saved, order, down = find_filter(lines, 200, 500, ladder().reflections[1], found)
    assert saved > 500
    assert order == 4
    assert down == falling
    assert np.array_equal(found[:4], indices)


def test_the_basis_is_one_of_states_that_follow_each_other():
    basis = lattice().basis.tolist()
    for row in basis:
        assert all((1664525 * a - b) % 2**32 == 0 for a, b in itertools.pairwise(row))
    assert round(abs(np.linalg.slogdet(np.array(basis, float))[1]) / np.log(2), 3) == 7 * 32


@pytest.mark.jit
@pytest.mark.parametrize("registers", [False, True])
def test_a_state_is_told_from_lines_of_noise(registers):
    rng = np.random.default_rng(4)
    work, told = np.zeros(32), 0
    for _ in range(40):
        low, high = (int(each) for each in rng.integers(2**32, size=2))
        high *= registers
        values = values_after((low, high), 32)
        lines = values * 2 ** (rng.integers(24, 50) / 4) / np.sqrt(np.sum(values**2))
        lines += rng.normal(0, 0.29, 32)
        found = find_state(lines, 0, 32, 1, 1 / 12, new_generators(), work)
        assert found == NO_STATE or found % 2**64 == low + (high << 32)
        told += found != NO_STATE
        for other in (np.rint(rng.laplace(0, 1, 32)) * 40.0, rng.uniform(-900, 900, 32)):
            assert find_state(other, 0, 32, 1, 1 / 12, new_generators(), work) == NO_STATE
    # one band in sixteen is too uneven for the registers
    assert told >= 30 if registers else told == 40


def test_quiet_passages_that_tell_nothing_do_not_hide_a_grid():
    frames = music_frames(7, 80, 1)
    loud = _rounded(_again(frames, 0))[:, : 80 * LINES]
    quiet = np.rint(np.random.default_rng(5).normal(0, 60, (1, 200_000))).astype(np.int32)
    found = find_grid(np.concatenate([quiet, loud, quiet], axis=1), SECONDS_48K)
    assert found is not None
    assert found.offset == quiet.shape[1] % LINES


def test_what_was_never_coded_has_no_grid():
    rng = np.random.default_rng(8)
    noise = np.rint(rng.normal(0, 2000, (2, SECONDS_48K * 3))).astype(np.int32)
    assert find_grid(noise, SECONDS_48K) is None
    assert recover(noise, SECONDS_48K) == []
    assert find_grid(noise, 44000) is None
    assert find_grid(noise[:, :2000], SECONDS_48K) is None


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not on PATH")
def test_what_ffmpeg_coded_and_decoded_comes_back(tmp_path):
    rng = np.random.default_rng(9)
    time = np.arange(44100 * 3) / 44100
    tones = sum(3000 / k * np.sin(2 * np.pi * 220 * k * time + k) for k in range(1, 12))
    music = np.stack([tones, 0.7 * tones]) * (1.2 + np.sin(2 * np.pi * 3 * time))
    music += rng.normal(0, 150, music.shape)
    source, coded, decoded = (str(tmp_path / name) for name in ("a.wav", "a.aac", "b.wav"))
    with wave.open(source, "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(_rounded(music).astype("<i2").T.tobytes())
    run = ["ffmpeg", "-v", "error", "-y"]
    subprocess.run([*run, "-i", source, "-c:a", "aac", "-b:a", "128k", coded], check=True)
    subprocess.run([*run, "-i", coded, "-c:a", "pcm_s16le", decoded], check=True)
    with wave.open(decoded) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    samples = np.ascontiguousarray(data.T[:, 3000:]).astype(np.int32)
    (section,) = recover(samples, 44100)
    assert (section.shift - 3000) % LINES == 0
    assert _wrong(section, samples, section.table)[:, 2 * LINES : -3 * LINES].mean() < 0.1

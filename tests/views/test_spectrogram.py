"""Sines are where their frequency is, and as loud as they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import UsageError
from nlac.views import peaks as peaks_module
from nlac.views.peaks import Overview
from nlac.views.recording import ArrayRecording
from nlac.views.spectrogram import spectrogram, spectrogram_of, window_length

RATE = 44_100
FRAMES = 40_000


def sine(share_of_nyquist, level=0.0, frames=FRAMES, dtype=np.float32):
    """A cosine, which does not vanish at the Nyquist frequency."""
    phase = np.pi * share_of_nyquist * np.arange(frames)
    return (10 ** (level / 20) * np.cos(phase)).astype(dtype)


@given(st.floats(0.0, 1.0), st.sampled_from([37, 256, 1000, 3000]), st.floats(-80, -6))
def test_peak_of_a_sine_is_in_its_row(share, height, level):
    picture = spectrogram_of(sine(share, level), 5, height, 4096)
    row = np.argmax(picture[:, 2])
    # row 0 ends at Nyquist
    expected = height - 1 - min(height - 1, int(share * height))
    assert abs(row - expected) <= 1 + height / 1024
    # two images of a sine meet near the ends of the range
    if 0.01 < share < 0.99:
        assert abs(picture[row, 2] - 255 * (1 + level / 120)) <= 255 * 1.6 / 120


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_ends_of_the_range_are_as_loud(share):
    picture = spectrogram_of(sine(share, -20), 3, 100, 2048)
    assert abs(int(picture[0 if share else 99, 1]) - round(255 * (1 - 20 / 120))) <= 1


@given(st.integers(0, FRAMES - 1), st.integers(1, FRAMES), st.integers(1, 90))
def test_spans_read_no_more_than_they_need_and_are_the_same(start, length, width):
    samples = sine(0.3) * np.linspace(0, 1, FRAMES, dtype=np.float32)
    recording = ArrayRecording(np.stack([samples, -samples / 2], 1), RATE)
    stop = min(FRAMES, start + length)
    picture = spectrogram(recording, start, stop, width, 64, 1)
    window = window_length(RATE, (stop - start) / width)
    padded = np.pad(-samples / 2, FRAMES)
    for column in {0, width // 2, width - 1}:
        centre = start + (2 * column + 1) * (stop - start) // (2 * width)
        part = padded[FRAMES + centre - window // 2 :][:window]
        alone = spectrogram_of(part, 1, 64, window)[:, 0]
        assert np.abs(picture[:, column].astype(int) - alone).max() <= 1


def test_integers_have_the_scale_of_their_bits():
    for bits in (8, 16, 24, 32):
        top = 2 ** (bits - 1) - 1
        samples = np.rint(sine(0.25, dtype=np.float64) * top).astype(np.int32)[:, None]
        picture = spectrogram(ArrayRecording(samples, RATE, bits), 0, FRAMES, 3, 64)
        assert abs(int(picture.max()) - 255) <= 1


def test_silence_and_what_is_no_number_are_black():
    silence = np.zeros((5000, 1), np.float32)
    assert not spectrogram(ArrayRecording(silence, RATE), 0, 5000, 4, 16).any()
    silence[:] = np.nan
    assert not spectrogram(ArrayRecording(silence, RATE), -100, 9000, 4, 16).any()


def test_overview_shows_the_same_from_what_it_gathered(monkeypatch):
    monkeypatch.setattr(peaks_module, "_DIRECT_FRAMES", 1000)
    frames = 500_000
    samples = np.where(np.arange(frames) < 250_000, sine(0.2, frames=frames), sine(0.7, -30,
                       frames=frames))[:, None]  # fmt: skip
    recording = ArrayRecording(samples.astype(np.float32), RATE)
    overview = Overview(recording)
    overview.fill()
    for height in (50, 512, 700):
        gathered = overview.spectrogram(0, frames, 40, height).astype(int)
        direct = spectrogram(recording, 0, frames, 40, height).astype(int)
        rows = np.abs(gathered.argmax(0) - direct.argmax(0))
        assert rows.max() <= 1 + height // 100
        assert np.abs(gathered.max(0) - direct.max(0)).max() <= 2


def test_pictures_that_are_none_are_refused():
    recording = ArrayRecording(np.zeros((100, 1), np.int16), RATE)
    for wrong in [(0, 100, 0, 5, 0), (0, 100, 5, 0, 0), (5, 5, 5, 5, 0), (0, 100, 5, 5, 1)]:
        with pytest.raises(UsageError):
            spectrogram(recording, *wrong)

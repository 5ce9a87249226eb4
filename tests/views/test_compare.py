"""What differs is found, counted and measured; what is the same is told so."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import UsageError
from nlac.views import compare as module
from nlac.views.compare import Difference, compare, difference
from nlac.views.peaks import Overview
from nlac.views.recording import ArrayRecording

RATE = 8000
NOISE = np.random.default_rng(1).integers(-30_000, 30_000, (5000, 2)).astype(np.int16)


def of(samples, bits=16, rate=RATE):
    return ArrayRecording(samples, rate, bits)


def test_identical():
    found = compare(of(NOISE), of(NOISE.copy()))
    assert found.identical
    assert found.first_difference is None
    assert found.differing_samples == 0
    assert found.rms_difference_dbfs is None


@given(st.lists(st.tuples(st.integers(0, 4999), st.integers(0, 1), st.integers(1, 500)),
                min_size=1, max_size=20, unique_by=lambda x: x[:2]))  # fmt: skip
def test_differences_are_those_made(changes):
    other = NOISE.astype(np.int32)
    for frame, channel, size in changes:
        other[frame, channel] += size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE_FRAMES", 700)
        found = compare(of(NOISE), of(other))
    places = sorted(change[:2] for change in changes)
    assert not found.identical
    assert found.differing_samples == len(changes)
    assert (found.first_difference.frame, found.first_difference.channel) == places[0]
    assert (found.last_difference.frame, found.last_difference.channel) == places[-1]
    assert found.peak_difference_lsb == max(change[2] for change in changes)
    energy = sum(change[2] ** 2 for change in changes) / NOISE.size / 2**30
    assert found.rms_difference_dbfs == pytest.approx(10 * np.log10(energy))
    assert found.first_difference.seconds == places[0][0] / RATE
    json.dumps(found.to_dict(), allow_nan=False)


def test_length_and_depth():
    found = compare(of(NOISE), of(NOISE[:4000]))
    assert (found.identical, found.same_format, found.differing_samples) == (False, True, 0)
    assert found.frames_compared == 4000
    deeper = compare(of(NOISE), of(NOISE.astype(np.int32) << 8, 24))
    assert not deeper.identical
    assert not deeper.same_format
    assert deeper.differing_samples == 0
    floats = compare(of(NOISE), of((NOISE / 32768).astype(np.float32)))
    assert floats.differing_samples == 0
    assert floats.peak_difference_lsb is None


def test_floats_are_compared_by_their_bits():
    values = np.array([[0.0], [1.0], [np.nan], [np.inf]], np.float32)
    assert compare(of(values), of(values.copy())).identical
    other = values.copy()
    other[0] = -0.0
    found = compare(of(values), of(other))
    assert found.differing_samples == 1
    assert found.peak_difference == 0
    assert found.peak_place is None


def test_other_rates_are_not_compared():
    found = compare(of(NOISE), of(NOISE, rate=9000))
    assert (found.comparable, found.identical, found.frames_compared) == (False, False, 0)
    with pytest.raises(UsageError, match="9000"):
        Difference(of(NOISE), of(NOISE, rate=9000))


def test_difference_is_a_recording():
    extremes = np.array([[2**31 - 1], [-(2**31)]], np.int32)
    np.testing.assert_array_equal(
        difference(of(extremes, 32), of(extremes[::-1].copy(), 32), 0, 2)[:, 0],
        [2**32 - 1, 1 - 2**32],
    )
    both = Difference(of(NOISE), of(np.roll(NOISE, 1, 0)[:4500]))
    overview = Overview(both)
    overview.fill()
    peaks = overview.peaks(0, 4500, 3)
    whole = NOISE[:4500].astype(int) - np.roll(NOISE, 1, 0)[:4500]
    assert peaks.low.min() == whole.min()
    assert overview.spectrogram(0, 4500, 10, 20, 1).shape == (20, 10)

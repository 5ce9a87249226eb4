"""Peaks of any span are those of the whole array, whatever has been decoded when they are asked."""

from __future__ import annotations

import json
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlac
from nlac.views import peaks as peaks_module
from nlac.views.columns import column_edges
from nlac.views.peaks import Overview
from nlac.views.recording import ArrayRecording, open_recording

RATE = 8000
FRAMES = 300_001
RNG = np.random.default_rng(5)
SAMPLES = (RNG.normal(size=(FRAMES, 2)) * 3000 * np.linspace(0, 2, FRAMES)[:, None]).astype(
    np.int16
)
FLOATS = (SAMPLES / 8192).astype(np.float32)


def brute(samples, edges):
    spans = [samples[a:b] for a, b in pairwise(edges)]
    return np.stack([s.min(0) for s in spans], 1), np.stack([s.max(0) for s in spans], 1)


@pytest.fixture(scope="module", params=["integers", "floats", "empty"])
def filled(request):
    samples = FLOATS if request.param == "floats" else SAMPLES
    overview = Overview(ArrayRecording(samples, RATE))
    if request.param != "empty":
        overview.fill()
    return samples, overview


@settings(max_examples=150)
@given(st.integers(0, FRAMES - 1), st.integers(1, FRAMES), st.integers(1, 400))
def test_peaks_are_those_of_the_whole_array(filled, start, length, columns):
    samples, overview = filled
    stop = min(FRAMES, start + length)
    peaks = overview.peaks(start, stop, columns)
    edges = column_edges(start, stop, columns, FRAMES)
    low, high = brute(samples, edges)
    np.testing.assert_array_equal(peaks.low, low)
    np.testing.assert_array_equal(peaks.high, high)
    assert peaks.exact
    assert (peaks.start, peaks.stop) == (edges[0], edges[-1])


@given(st.integers(0, FRAMES), st.integers(0, FRAMES), st.integers(1, 2000))
def test_edges_are_where_they_were_asked_for(start, stop, columns):
    edges = column_edges(start, stop, columns, FRAMES)
    if start >= stop:
        assert len(edges) == 2
        assert edges[0] == edges[1]
        return
    assert (np.diff(edges) > 0).all()
    even = start + (stop - start) * np.arange(len(edges)) / (len(edges) - 1)
    wide = (stop - start) >= 1024 * columns
    assert np.abs(edges - even).max() <= (256 if wide else 1)
    assert edges[-1] <= FRAMES


def test_gaps_are_told_and_filled(monkeypatch):
    monkeypatch.setattr(peaks_module, "_DIRECT_FRAMES", 1000)
    overview = Overview(ArrayRecording(SAMPLES, RATE))
    assert overview.progress == 0
    first = overview.peaks(0, FRAMES, 100)
    assert not first.exact
    assert 0 < first.known.mean() < 0.5
    low, high = brute(SAMPLES, column_edges(0, FRAMES, 100, FRAMES))
    inner = np.flatnonzero(first.known)[1:-1]
    np.testing.assert_array_equal(first.low[:, inner], low[:, inner])
    assert first.low[0, 0] == first.low[0, np.flatnonzero(first.known)[0]]
    assert first.as_dict()["known"] == first.known.tolist()
    overview.fill()
    last = overview.peaks(0, FRAMES, 100)
    np.testing.assert_array_equal(last.low, low)
    np.testing.assert_array_equal(last.high, high)
    assert last.exact
    assert overview.progress == 1


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    path = tmp_path_factory.mktemp("peaks") / "noise.nlac"
    nlac.write(path, SAMPLES, RATE, preset="fast", block_seconds=3)
    return path


def test_streams_are_seen_slice_by_slice(stream, monkeypatch):
    monkeypatch.setattr(peaks_module, "_DIRECT_FRAMES", 1000)
    with open_recording(stream) as recording:
        overview = Overview(recording)
        calls = []

        class Stop:
            def is_set(self):
                calls.append(overview.progress)
                return len(calls) > 4

        overview.fill(Stop())
        assert overview.progress < 1
        some = overview.peaks(0, FRAMES, 50)
        assert not some.exact
        assert 0 < some.known.mean() < 1
        overview.fill()
        peaks = overview.peaks(0, FRAMES, 50)
        assert peaks.exact
        np.testing.assert_array_equal(
            peaks.low, brute(SAMPLES, column_edges(0, FRAMES, 50, FRAMES))[0]
        )


def test_threads_fill_and_look_at_once(stream):
    with open_recording(stream) as recording:
        overview = Overview(recording)
        threads = [threading.Thread(target=overview.fill) for _ in range(2)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            overview.peaks(1000, 200_000, 100)
            overview.spectrogram(0, FRAMES, 50, 20)
        peaks = overview.peaks(0, FRAMES, 77)
        np.testing.assert_array_equal(
            peaks.high, brute(SAMPLES, column_edges(0, FRAMES, 77, FRAMES))[1]
        )


def test_damage_is_told_and_the_rest_is_shown(stream, tmp_path):
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / "damaged.nlac"
    path.write_bytes(data)
    with open_recording(path) as recording:
        overview = Overview(recording)
        overview.fill()
        peaks = overview.peaks(0, FRAMES, 100)
        fine = overview.peaks(0, FRAMES, 1000)
        picture = overview.spectrogram(0, FRAMES, 100, 10)
    assert overview.progress == 1
    assert "block" in overview.damage[0]
    assert not peaks.exact
    assert 0.7 < peaks.known.mean() < 1
    assert peaks.complete
    for found in (peaks, fine):
        low = found.as_dict()["low"][0]
        assert [each is None for each in low] == (~found.known).tolist()
        # no columns of neighbours
        assert not found.high[:, ~found.known].any()
    assert not fine.exact
    assert 0 < (~fine.known).mean() < 0.3
    assert 0 < (picture.max(0) == 0).mean() < 0.3


def test_intact_blocks_beside_damaged_ones_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(peaks_module, "_DIRECT_FRAMES", 1000)
    nlac.write(tmp_path / "a.nlac", SAMPLES, RATE, preset="fast", block_seconds=5)
    data = bytearray((tmp_path / "a.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.nlac").write_bytes(data)
    with open_recording(tmp_path / "a.nlac") as recording:
        overview = Overview(recording)
        overview.fill()
        edges = recording.borders
        known = [overview.peaks(int(a), int(b), 10).known.all() for a, b in pairwise(edges)]
        picture = overview.spectrogram(0, FRAMES, 300, 10)
    assert known.count(False) == 1
    share = 5 * RATE / FRAMES
    assert (picture.max(0) == 0).mean() == pytest.approx(share, abs=0.05)


def test_plain_values(filled):
    samples, overview = filled
    single = overview.as_dict(10, 14, 100)
    assert single == {"start": 10, "stop": 14, "samples": samples[10:14].T.tolist()}
    many = json.loads(json.dumps(overview.as_dict(0, FRAMES, 30)))
    assert (many["columns"], len(many["low"]), len(many["high"][1])) == (30, 2, 30)
    assert overview.as_dict(FRAMES + 5, FRAMES + 9, 10)["samples"] == [[], []]


def test_what_is_no_number_becomes_null():
    floats = np.array([[1.0, np.nan], [np.inf, np.nan], [-1.0, np.nan]] * 20, np.float32)
    values = Overview(ArrayRecording(floats, RATE)).as_dict(0, 60, 2)
    assert values["low"] == [[-1.0, -1.0], [None, None]]
    assert values["high"] == [[None, None], [None, None]]


def test_nothing_has_no_columns():
    overview = Overview(ArrayRecording(SAMPLES[:0], RATE))
    overview.fill()
    assert overview.progress == 1
    assert overview.peaks(0, 100, 10).low.shape == (2, 0)

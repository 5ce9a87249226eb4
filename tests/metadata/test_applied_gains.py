"""Gains that tags tell, applied to samples when asked, and never else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from track_tools import RATE, SAMPLES

import nlac
from nlac._errors import UsageError
from nlac.metadata.replay_gain import gain_tags


@settings(max_examples=25)
@given(st.sampled_from([8, 16, 24, 32]), st.floats(-60, 60), st.sampled_from([None, 0.25, 1.0]))
def test_gain_is_applied_to_each_sample(bits: int, gain: float, peak: float | None) -> None:
    top = (1 << (bits - 1)) - 1
    rng = np.random.default_rng(bits)
    samples = rng.integers(-top // 4, top // 4, 500)
    tags = {"REPLAYGAIN_TRACK_GAIN": f"{gain:+.2f} dB"}
    if peak is not None:
        tags["replaygain_track_peak"] = f"{peak:.6f}"
    stream, out = io.BytesIO(), io.BytesIO()
    nlac.write(stream, samples, 8000, bits_per_sample=bits, tags=tags, preset="fast")
    result = nlac.decode(stream.getvalue(), out, container="raw", apply_gain="track")
    highest = np.inf if peak is None else -20 * np.log10(peak)
    decibels = min(round(gain, 2), highest)
    assert result.gain_db == pytest.approx(decibels)
    width = bits // 8
    raw = np.frombuffer(out.getvalue(), np.uint8).reshape(-1, width)
    padded = np.zeros((len(raw), 8), np.uint8)
    padded[:, 8 - width :] = raw
    found = padded.reshape(-1).view("<i8") >> (64 - bits)
    wanted = np.rint(samples * 10 ** (decibels / 20))
    expected = np.clip(wanted, -top - 1, top)
    assert np.array_equal(found, expected)
    told = " ".join(result.warnings)
    assert ("limited" in told) != np.array_equal(wanted, expected)
    assert ("instead of" in told) == (decibels < round(gain, 2))


def test_gain_is_never_applied_unasked_and_its_tags_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nlac"
    tags = gain_tags("album", -10.0, 0.9, r128=True) | {"TITLE": "x"}
    nlac.write(path, SAMPLES[:2000], RATE, preset="fast", tags=tags)
    nlac.decode(path, tmp_path / "plain.flac")
    assert np.array_equal(soundfile.read(tmp_path / "plain.flac", dtype="int16")[0], SAMPLES[:2000])
    assert nlac.decode(path, tmp_path / "a.flac", apply_gain="album").gain_db == -8.0
    found = soundfile.read(tmp_path / "a.flac", dtype="int16")[0]
    assert np.array_equal(found, np.rint(SAMPLES[:2000] * 10 ** (-8 / 20)))
    data = (tmp_path / "a.flac").read_bytes()
    assert b"TITLE=x" in data
    assert b"REPLAYGAIN" not in data
    assert b"R128" not in data
    with pytest.raises(UsageError, match="REPLAYGAIN_TRACK_GAIN; nlac gain"):
        nlac.decode(path, tmp_path / "b.wav", apply_gain="track")
    with pytest.raises(UsageError, match="'track' or 'album'"):
        nlac.decode(path, tmp_path / "b.wav", apply_gain="loud")


def test_gains_in_other_forms(tmp_path: Path) -> None:
    path = tmp_path / "a.nlac"
    for tags, expected in (
        ({"R128_TRACK_GAIN": "-512"}, 3.0),
        ({"REPLAYGAIN_TRACK_GAIN": "-3.5"}, -3.5),
        ({"REPLAYGAIN_TRACK_GAIN": "loud"}, None),
        ({"R128_TRACK_GAIN": "1e9"}, None),
    ):
        nlac.write(path, SAMPLES[:10], RATE, preset="fast", tags=tags, force=True)
        if expected is None:
            with pytest.raises(UsageError, match="TRACK_GAIN"):
                nlac.decode(path, tmp_path / "b.wav", apply_gain="track", force=True)
        else:
            done = nlac.decode(path, tmp_path / "b.wav", apply_gain="track", force=True)
            assert done.gain_db == expected

"""``nlac test --origin`` tells what audio files were before."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
from layer3_maker import coded, music

RATE = 44100


@pytest.fixture
def files(tmp_path):
    """``was.wav``, which was an MP3, and ``never.wav``, which was not."""
    samples = music(2, 130_000, 5)
    made = np.clip(np.rint(coded(samples, RATE, 5, coarseness=0.5).samples), -32768, 32767)
    soundfile.write(tmp_path / "was.wav", made.astype(np.int16).T[1303:], RATE, "PCM_16")
    rounded = np.clip(np.rint(samples), -32768, 32767)
    soundfile.write(tmp_path / "never.wav", rounded.astype(np.int16).T, RATE, "PCM_16")
    return tmp_path / "was.wav", tmp_path / "never.wav"


def test_a_line_for_each_file(call, files):
    done = call("test", "--origin", *files)
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert "was.wav: was an MP3: about " in first
    assert second.endswith("never.wav: no sign of an MP3 or AAC")


def test_json_and_streams(call, files):
    assert call("encode", files[0], "--preset", "high").exit_code == 0
    stream = files[0].with_suffix(".nlac")
    first, second = map(json.loads, call("test", "--origin", "--json", *files).stdout.splitlines())
    (one,) = first["origin"]["stretches"]
    assert one["kind"] == "MPEG-1 Layer III"
    assert (one["start"], one["share"]) == (0, 1.0)
    assert second["origin"] is None
    (told,) = json.loads(call("test", "--origin", "--json", stream).stdout)["origin"]["stretches"]
    assert told["kbit_s"] == one["kbit_s"]


def test_what_is_no_audio_fails(call, tmp_path, files):
    (tmp_path / "text.wav").write_text("nothing to hear")
    done = call("test", "--origin", tmp_path / "text.wav", files[1])
    assert done.exit_code != 0
    assert "text.wav: FAILED" in done.stderr
    assert "no sign" in done.stdout


def test_not_both(call, files):
    assert call("test", "--origin", "--quick", files[0]).exit_code == 2

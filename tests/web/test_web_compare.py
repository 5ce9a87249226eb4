"""Two recordings compared by the server."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from web_tools import wav_bytes

SONG = soundfile.read(io.BytesIO(wav_bytes(seed=2)), dtype="int16")[0]


def ask(client, b, path="", a="library:plain.wav", **query):
    answer = client.get(f"/api/compare{path}", params={"a": a, "b": b, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def changed(archive, frame=1234, by=3):
    samples = SONG.copy()
    samples[frame, 1] += by
    soundfile.write(archive / "changed.wav", samples, 44100, "PCM_16")
    return "library:changed.wav"


def test_stream_and_its_original_are_the_same(client, archive):
    import nlac

    nlac.encode(archive / "plain.wav", archive / "plain.nlac", preset="fast")
    told = ask(client, "library:plain.nlac")
    assert told["identical"]
    assert told["first_difference"] is None


def test_place_and_size_of_a_difference(client, archive):
    told = ask(client, changed(archive))
    assert not told["identical"]
    assert told["same_format"]
    assert told["differing_samples"] == 1
    assert told["first_difference"]["frame"] == 1234
    assert told["first_difference"]["channel"] == 1
    assert told["peak_difference_lsb"] == 3


def test_waveform_of_the_difference(client, archive):
    ref = changed(archive)
    close = ask(client, ref, "/peaks", start=1230, stop=1240, columns=10)
    np.testing.assert_array_equal(close["samples"], [[0] * 10, [0] * 4 + [-3] + [0] * 5])
    wide = ask(client, ref, "/peaks", columns=4)
    assert wide["exact"]
    assert [min(wide["low"][1]), max(wide["high"][1])] == [-3, 0]


def test_spectra(client, archive):
    rate = 32_000
    tone = 0.25 * np.sin(2 * np.pi * 8_000 / rate * np.arange(rate))
    for name, samples in (("tone.wav", tone), ("none.wav", 0 * tone)):
        soundfile.write(archive / name, samples, rate, "PCM_24")
    told = ask(client, "library:none.wav", "/spectrum", a="library:tone.wav", bins=8)
    assert len(told["a"]) == 257
    assert int(np.argmax(told["a"])) == 128
    assert max(told["a"]) == pytest.approx(20 * np.log10(0.25), abs=0.1)
    assert max(told["b"]) == -200
    assert told["difference"] == told["a"]


def test_what_cannot_be_compared(client, archive):
    soundfile.write(archive / "mono.wav", SONG[:, 0], 44100, "PCM_16")
    told = ask(client, "library:mono.wav")
    assert (told["comparable"], told["identical"]) == (False, False)
    for path in ("/peaks", "/spectrum"):
        answer = client.get(
            f"/api/compare{path}", params={"a": "library:plain.wav", "b": "library:mono.wav"}
        )
        assert answer.status_code == 422
    missing = client.get("/api/compare", params={"a": "library:plain.wav", "b": "library:x"})
    assert missing.status_code == 404

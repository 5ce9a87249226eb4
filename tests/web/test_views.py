"""Waveforms, spectrograms and traces from the server."""

from __future__ import annotations

import io
import itertools
import time

import numpy as np
import pytest
import soundfile
from web_tools import wav_bytes

SONG = soundfile.read(io.BytesIO(wav_bytes(seed=3)), dtype="int16")[0].astype(np.int64)
REF = "library:sub/song.nlac"


def ask(client, url, **query):
    answer = client.get(url, params={"ref": REF, **query})
    assert answer.status_code == 200, answer.text
    return answer


def complete_trace(client, **query):
    end = time.monotonic() + 60
    while not (told := ask(client, "/api/trace", **query).json())["complete"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    return told


def test_peaks_are_those_of_the_samples(client):
    told = ask(client, "/api/peaks", columns=50).json()
    assert told["exact"]
    assert (told["start"], told["stop"]) == (0, len(SONG))
    edges = np.linspace(0, len(SONG), 51).astype(int)
    for channel in range(2):
        parts = [SONG[a:b, channel] for a, b in itertools.pairwise(edges)]
        assert told["low"][channel] == [int(part.min()) for part in parts]
        assert told["high"][channel] == [int(part.max()) for part in parts]


def test_close_up_has_the_samples(client):
    told = ask(client, "/api/peaks", start=100, stop=140, columns=50).json()
    np.testing.assert_array_equal(told["samples"], SONG[100:140].T)


def test_prediction_and_residual_add_up(client):
    parts = [
        np.array(
            ask(client, "/api/peaks", start=500, stop=900, columns=400, kind=kind).json()["samples"]
        )
        for kind in ("prediction", "residual")
    ]
    np.testing.assert_array_equal(sum(parts), SONG[500:900].T)
    assert np.abs(parts[1]).max() < np.abs(SONG).max() / 10


def test_residual_can_be_heard(client):
    sounds = [
        soundfile.read(io.BytesIO(ask(client, "/api/audio", kind=kind).content), dtype="int16")[0]
        for kind in ("prediction", "residual")
    ]
    np.testing.assert_array_equal(sounds[0].astype(int) + sounds[1], SONG)


def test_spectrogram_has_its_peak_in_the_right_row(client, archive):
    rate, height = 32_000, 64
    tone = 0.5 * np.sin(2 * np.pi * 12_000 / rate * np.arange(rate))
    soundfile.write(archive / "tone.wav", tone, rate, "PCM_16")
    answer = client.get(
        "/api/spectrogram", params={"ref": "library:tone.wav", "width": 20, "height": height}
    )
    picture = np.frombuffer(answer.content, np.uint8).reshape(height, 20)
    # three quarters of the way from 0 Hz, at the bottom, to 16 kHz
    rows = picture[:, 2:-2].argmax(axis=0)
    assert set(rows.tolist()) <= {height // 4 - 1, height // 4}
    assert picture.max() == pytest.approx(255 * (1 - 6.02 / 120), abs=2)


def test_trace_tells_what_coding_took(client, archive):
    told = complete_trace(client)
    (block,) = told["blocks"]
    assert (block["start"], block["frames"]) == (0, len(SONG))
    assert told["problems"] == []
    assert {one["channel"] for one in told["segments"]} == {0, 1}
    bits = np.array(told["bits"], float)
    mean = bits.mean(axis=1).sum() * len(SONG)
    assert mean == pytest.approx(told["totals"][0]["samples"], rel=0.05)
    assert told["totals"][0]["total"] <= 8 * (archive / "sub/song.nlac").stat().st_size
    assert sum(map(sum, told["histogram"]["counts"])) == SONG.size


def test_damage_is_told_and_the_rest_is_shown(client, archive):
    path = archive / "sub/song.nlac"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    told = complete_trace(client)
    assert "CRC does not match" in told["problems"][0]
    shown = ask(client, "/api/peaks", start=0, stop=10, columns=10).json()
    assert shown["samples"] == [[0] * 10] * 2
    assert "CRC does not match" in shown["damage"][0]
    gaps = ask(client, "/api/peaks", columns=10).json()
    assert (gaps["exact"], gaps["complete"]) == (False, True)
    assert gaps["low"] == [[None] * 10] * 2
    for query in ({}, {"start": 0, "stop": 500}):
        residual = ask(client, "/api/peaks", columns=10, kind="residual", **query).json()
        assert residual["high"] == [[None] * 10] * 2
        assert "CRC does not match" in residual["damage"][0]
    # what is heard is as long as it was
    heard = client.get("/api/audio", params={"ref": REF})
    assert heard.status_code == 200
    assert len(heard.content) == len(wav_bytes(seed=3))
    # and what is saved breaks off
    with pytest.raises(RuntimeError, match="response already started"):
        client.get("/api/download", params={"ref": REF, "what": "original"})


def test_what_cannot_be_shown(client):
    plain = {"ref": "library:plain.wav"}
    assert client.get("/api/trace", params=plain).status_code == 422
    assert client.get("/api/peaks", params={**plain, "kind": "residual"}).status_code == 422
    size = {**plain, "width": 10, "height": 10}
    assert client.get("/api/spectrogram", params={**size, "channel": 2}).status_code == 422
    assert client.get("/api/spectrogram", params={**size, "start": 10**9}).status_code == 422
    nothing = client.get("/api/peaks", params={**plain, "start": 10**9}).json()
    assert nothing["samples"] == [[], []]


def test_files_are_closed_when_others_are_looked_at(client, archive):
    for k in range(12):
        (archive / f"{k}.wav").write_bytes(wav_bytes(frames=500, seed=k))
        query = {"ref": f"library:{k}.wav", "columns": 10}
        assert client.get("/api/peaks", params=query).status_code == 200
    assert len(client.app.state.nlac.files._files) == 8

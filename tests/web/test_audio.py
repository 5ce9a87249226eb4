"""Audio from the server: exact bytes, ranges, and formats for players."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from web_tools import wav_bytes

import nlac
from nlac.audio.format import AudioFormat
from nlac.web.files.wav import WavView

LONG = "bytes=" + "9" * 5000
SONG = wav_bytes(seed=3)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=-10", len(SONG) - 10, None),
        ("bytes=-99999999", 0, None),
        ("bytes=500-99999999", 500, None),
    ],
)
@pytest.mark.parametrize("url", ["/audio/sub/song.wav", "/api/audio?ref=library:sub/song.nlac"])
def test_ranges(client, url, header, start, stop):
    answer = client.get(url, headers={"Range": header})
    expected = SONG[start:stop]
    assert (answer.status_code, answer.content) == (206, expected)
    last = start + len(expected) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{last}/{len(SONG)}"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=-", "bytes=x-3", "frames=1-2", LONG])
def test_other_ranges_give_the_whole(client, header):
    answer = client.get("/audio/sub/song.wav", headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, SONG)


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=9-3", "bytes=-0"])
def test_ranges_outside(client, header):
    answer = client.get("/audio/sub/song.wav", headers={"Range": header})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SONG)}"


def test_head_and_tags(client):
    head = client.head("/audio/sub/song.wav")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(SONG))
    tag = head.headers["etag"]
    assert client.get("/audio/sub/song.wav", headers={"If-None-Match": tag}).status_code == 304
    stale = client.get("/audio/sub/song.wav", headers={"Range": "bytes=0-9", "If-Range": '"x"'})
    assert (stale.status_code, stale.content) == (200, SONG)


def test_flac_for_players(client):
    answer = client.get("/audio/sub/song.flac")
    assert answer.headers["content-type"] == "audio/flac"
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    expected, _ = soundfile.read(io.BytesIO(SONG), dtype="int16")
    assert rate == 44100
    np.testing.assert_array_equal(samples, expected)
    part = client.get("/audio/sub/song.flac", headers={"Range": "bytes=4-7"})
    assert part.content == answer.content[4:8]


@pytest.mark.parametrize(
    "path",
    ["", ".wav", "none.wav", "notes.txt", "notes.wav", "sub/song.mp3", "../outside.wav", "sub"],
)
def test_what_players_do_not_get(client, path):
    # written so that no client tidies up the path
    assert client.get("/audio/" + path.replace("..", "%2e%2e")).status_code == 404


def test_playlist(client):
    lines = client.get("/audio.m3u8").text.splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[2::2] == ["http://testserver/audio/plain.wav", "http://testserver/audio/sub/song.wav"]
    assert lines[3].endswith(",Nobody - Étude")


def test_recordings_of_one_name_are_told_apart(client, archive):
    others = {"x.wav": wav_bytes(seed=5), "x.nlac": wav_bytes(seed=6), "x.aiff": wav_bytes(seed=7)}
    (archive / "x.wav").write_bytes(others["x.wav"])
    stream = io.BytesIO()
    nlac.encode(others["x.nlac"], stream, preset="fast")
    (archive / "x.nlac").write_bytes(stream.getvalue())
    samples = soundfile.read(io.BytesIO(others["x.aiff"]), dtype="int16")[0]
    soundfile.write(archive / "x.aiff", samples, 44100, "PCM_16")
    lines = client.get("/audio.m3u8").text.splitlines()
    urls = [line.removeprefix("http://testserver") for line in lines if "/x" in line]
    assert urls == ["/audio/x.aiff.wav", "/audio/x.nlac.wav", "/audio/x.wav"]
    for url, name in zip(urls, ("x.aiff", "x.nlac", "x.wav"), strict=True):
        heard, expected = (
            soundfile.read(io.BytesIO(data), dtype="int16")[0]
            for data in (client.get(url).content, others[name])
        )
        np.testing.assert_array_equal(heard, expected)


def test_other_formats_are_heard_as_wav(client, archive):
    samples = np.arange(-3000, 3000, dtype=np.int16).reshape(-1, 2)
    stream = io.BytesIO()
    nlac.write(stream, samples, 48000)
    nlac.decode(stream.getvalue(), archive / "other.aiff")
    answer = client.get("/api/audio", params={"ref": "library:other.aiff"})
    np.testing.assert_array_equal(
        soundfile.read(io.BytesIO(answer.content), dtype="int16")[0], samples
    )
    refused = client.get("/api/audio", params={"ref": "library:other.aiff", "kind": "residual"})
    assert refused.status_code == 422


@given(
    frames=st.integers(0, 300),
    channels=st.integers(1, 3),
    bits=st.sampled_from([8, 16, 20, 24, 32]),
    spans=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1, max_size=5),
)
def test_wav_view_is_one_file(frames, channels, bits, spans):
    rng = np.random.default_rng(frames)
    samples = rng.integers(-(1 << bits - 1), 1 << bits - 1, (frames, channels)).astype(np.int32)
    view = WavView(
        AudioFormat(44100, channels, bits, False, 0), frames, lambda a, b: samples[a:b]
    )
    whole = view.read_at(0, view.size)
    assert len(whole) == view.size
    for start, count in spans:
        assert view.read_at(start, count) == whole[start : start + count]
    back = nlac.read(_encoded(whole))[0] if frames else samples
    np.testing.assert_array_equal(back.reshape(frames, channels), samples)


def _encoded(wav):
    stream = io.BytesIO()
    nlac.encode(wav, stream, preset="fast", verify=False)
    return stream.getvalue()

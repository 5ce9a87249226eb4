"""Recordings of a dataset: any format and rate becomes integers of one."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
from data_tools import RATE, made, put, samples_by_name, tone

import nlac
from nlac._errors import (
    MissingDependency,
    UnsupportedAudio,
)
from nlac.training.data import decoding
from nlac.training.data.conversion import convert

NEEDS_SOXR = pytest.mark.skipif(
    importlib.util.find_spec("soxr") is None, reason="soxr is not installed"
)
NEEDS_FFMPEG = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not on PATH")


def test_samples_of_the_same_format_stay_as_they_are(tmp_path):
    stereo = tone(1, channels=2)
    for name, subtype in (("a.wav", "PCM_16"), ("b.aiff", "PCM_16"), ("c.flac", "PCM_16")):
        put(tmp_path / "in" / name, stereo + len(name) * ord(name[0]), subtype=subtype)
    nlac.write(tmp_path / "in" / "d.nlac", tone(2, channels=2), RATE)
    report, dataset = made(tmp_path, tmp_path / "in")
    assert (report.num_clipped, report.manifest.skipped) == (0, ())
    found = samples_by_name(dataset)
    np.testing.assert_array_equal(found["a.wav"], stereo + 5 * ord("a"))
    np.testing.assert_array_equal(found["b.aiff"], stereo + 6 * ord("b"))
    np.testing.assert_array_equal(found["c.flac"], stereo + 6 * ord("c"))
    np.testing.assert_array_equal(found["d.nlac"], tone(2, channels=2))
    assert all(samples.dtype == np.int32 for samples in found.values())
    facts = next(each.source for each in dataset.recordings if each.name == "d.nlac")
    assert facts["sha256"] == hashlib.sha256(tone(2, channels=2).tobytes()).hexdigest()


def test_24_bits_mono_and_stereo(tmp_path):
    wide = (tone(3, channels=2).astype(np.int32) << 8) + 77
    put(tmp_path / "in" / "wide.wav", wide << 8, subtype="PCM_24")
    put(tmp_path / "in" / "mono.wav", tone(4))
    _, dataset = made(tmp_path, tmp_path / "in", bits=24)
    found = samples_by_name(dataset)
    np.testing.assert_array_equal(found["wide.wav"], wide)
    np.testing.assert_array_equal(found["mono.wav"], np.repeat(tone(4), 2, 1).astype(int) << 8)
    _, mono = made(tmp_path / "mono", tmp_path / "in", channels=1)
    mean = np.rint(wide.astype(float).mean(axis=1, keepdims=True) / 256)
    assert np.abs(samples_by_name(mono)["wide.wav"] - mean).max() <= 1


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.ogg", "VORBIS"), ("a.mp3", "MPEG_LAYER_III"), ("a.wav", "ULAW"), ("a.caf", "PCM_16"),
     ("a.au", "PCM_16"), ("a.wav", "FLOAT"), ("a.wav", "PCM_U8")],
)  # fmt: skip
def test_formats_of_libsndfile(tmp_path, name, subtype):
    wave = 20000 / 32768 * np.sin(np.arange(16000) * 0.3)[:, None]
    put(tmp_path / name, wave, subtype=subtype)
    _, dataset = made(tmp_path, tmp_path / name, channels=1)
    found = dataset.read(0)
    assert abs(len(found) - 16000) < 1200
    # lossy codings have another phase; the level is the same
    assert np.std(found[4000:12000]) == pytest.approx(20000 / np.sqrt(2), rel=0.05)


@NEEDS_FFMPEG
def test_other_formats_by_ffmpeg(tmp_path, monkeypatch):
    import subprocess

    wave = np.rint(20000 * np.sin(np.arange(16000) * 0.3))[:, None].astype(np.int16)
    put(tmp_path / "a.wav", wave)
    for name in ("-a.tta", "b.m4a"):
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.wav"), f"file:{tmp_path / name}"],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    _, dataset = made(tmp_path, Path("-a.tta"), Path("b.m4a"), channels=1)
    np.testing.assert_array_equal(dataset.read(0), wave)
    assert np.std(dataset.read(1)[4000:12000]) == pytest.approx(20000 / np.sqrt(2), rel=0.05)
    cut = Path("cut.tta")
    cut.write_bytes(Path("-a.tta").read_bytes()[:9000])
    report, _ = made(tmp_path / "other", Path("-a.tta"), cut)
    assert "ffmpeg" in report.manifest.skipped[0]["reason"]


def test_without_ffmpeg_the_message_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding.shutil, "which", lambda name: None)
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0 ftypM4A what follows")
    (tmp_path / "b.wav").write_bytes(b"no audio at all")
    with pytest.raises(MissingDependency, match=r"\.m4a files are read by the program ffmpeg"):
        made(tmp_path, tmp_path / "a.m4a")
    with pytest.raises(UnsupportedAudio, match=r"ffmpeg, which reads more formats, is not on PATH"):
        made(tmp_path, tmp_path / "b.wav", bad="refuse")


@NEEDS_SOXR
@pytest.mark.parametrize(("rate", "frames"), [(44100, 22050), (11025, 5513), (RATE, 4001)])
def test_any_rate_to_any_rate(tmp_path, rate, frames):
    hertz = 440.0
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(frames) / rate)
    put(tmp_path / "a.wav", wave[:, None], rate, "FLOAT")
    converted = convert(tmp_path / "a.wav", RATE, 1).samples[:, 0]
    assert len(converted) == int(np.floor(frames * RATE / rate + 0.5))
    expected = 0.5 * np.sin(2 * np.pi * hertz * np.arange(len(converted)) / RATE)
    assert np.abs(converted - expected)[200:-200].max() < 1e-4


@NEEDS_SOXR
def test_long_recordings_go_through_a_file(tmp_path, monkeypatch):
    from nlac.training.data import conversion

    put(tmp_path / "a.wav", tone(1, 60000, 2), 11025)
    expected = convert(tmp_path / "a.wav", RATE, 2).samples
    monkeypatch.setattr(conversion, "_IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr(decoding, "PIECE_FRAMES", 5000)
    again = convert(tmp_path / "a.wav", RATE, 2).samples
    assert isinstance(again, np.memmap)
    assert len(again) == len(expected)
    assert np.abs(again - expected).max() < 1e-4

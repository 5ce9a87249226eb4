"""Datasets: levels, bad recordings, shards, and what is checked when opened."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
from data_tools import RATE, made, put, samples_by_name, tone

import nlac
from nlac._errors import (
    FormatError,
    OutputExists,
    UnsupportedAudio,
    UsageError,
)
from nlac.training.data import PrepareSettings, open_dataset, prepare
from nlac.training.data.levels import loudness, peak, sound_range


def test_loudness_is_that_of_the_recommendation():
    # a full-scale sine of 997 Hz on one channel
    for rate, tolerance in ((48000, 0.01), (44100, 0.01), (16000, 0.1), (8000, 0.1)):
        sine = np.sin(2 * np.pi * 997 * np.arange(3 * rate) / rate).astype(np.float32)[:, None]
        assert loudness(sine, rate) == pytest.approx(-3.01, abs=tolerance)
        assert loudness(np.repeat(sine, 2, 1), rate) == pytest.approx(0.0, abs=tolerance)
    # silence between is gated away, and has no loudness itself
    quiet = np.concatenate([sine, np.zeros((9 * rate, 1), np.float32)])
    assert loudness(quiet, rate) == pytest.approx(loudness(sine, rate), abs=0.3)
    assert loudness(np.zeros((rate, 1), np.float32), rate) is None
    assert loudness(sine[:100], rate) is not None


def test_silence_around_is_trimmed():
    sound = np.concatenate([np.zeros(1000), 0.5 * np.ones(2000), np.full(900, 1e-4)])
    samples = sound.astype(np.float32)[:, None]
    begin, end = sound_range(samples, RATE, 60)
    assert (begin, end) == (1000 - 1000 % 160 - 160, 3200)
    assert sound_range(samples, RATE, 90) == (begin, 3900)
    assert sound_range(samples * 0, RATE, 60) == (0, 0)


def test_normalising(tmp_path):
    loud, quiet = tone(1, 16000), tone(2, 16000) // 50
    put(tmp_path / "in" / "loud.wav", loud)
    put(tmp_path / "in" / "quiet.wav", quiet)
    put(tmp_path / "in" / "none.wav", 0 * quiet)
    _, dataset = made(tmp_path / "peak", tmp_path / "in", channels=1, peak=-6.0)
    for name, found in samples_by_name(dataset).items():
        expected = 0 if name == "none.wav" else 32768 * 10 ** (-6 / 20)
        assert np.abs(found).max() == pytest.approx(expected, abs=1)
    report, dataset = made(tmp_path / "lufs", tmp_path / "in", channels=1, loudness=-20.0)
    for name, found in samples_by_name(dataset).items():
        if name != "none.wav":
            level = loudness((found / 32768).astype(np.float32), RATE)
            assert level == pytest.approx(-20, abs=0.1)
    assert report.num_held_back == 0
    report, dataset = made(tmp_path / "over", tmp_path / "in", channels=1, loudness=0.0)
    assert (report.num_held_back, report.num_clipped) == (2, 0)
    assert peak(samples_by_name(dataset)["loud.wav"].astype(np.float32)) >= 32766


def test_samples_beyond_full_scale_are_counted(tmp_path):
    wave = np.array([0.5, 1.0, -1.0, 1.5, -2.0, 0.25])[:, None]
    put(tmp_path / "a.wav", wave, subtype="FLOAT")
    report, dataset = made(tmp_path, tmp_path / "a.wav", channels=1)
    assert report.num_clipped == 2
    assert dataset.read(0)[:, 0].tolist() == [16384, 32767, -32768, 32767, -32768, 8192]


def bad_files(folder: Path) -> dict[str, str]:
    """Recordings that are none, and what is told of them."""
    good = put(folder / "good.wav", tone(1))
    (folder / "empty.wav").write_bytes(b"")
    put(folder / "headonly.wav", tone(2)[:0])
    put(folder / "short.wav", tone(3, 10))
    for name, value in (("nan", np.nan), ("infinite", np.inf)):
        wave = tone(4).astype(np.float32) / 40000
        wave[1234] = value
        put(folder / f"{name}.wav", wave, subtype="FLOAT")
    put(folder / "rate.wav", tone(5), 11025)
    (folder / "text.wav").write_bytes(b"this is no audio file, whatever its name says")
    (folder / "cut.wav").write_bytes(good.read_bytes()[:-500])
    flac = put(folder / "cut.flac", tone(6)).read_bytes()
    (folder / "cut.flac").write_bytes(flac[: len(flac) // 2])
    nlac.write(folder / "damaged.nlac", tone(7), RATE)
    data = bytearray((folder / "damaged.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "damaged.nlac").write_bytes(data)
    put(folder / "many.wav", tone(8, channels=5))
    put(folder / "copy.wav", tone(1))
    return {
        "cut.flac": "damaged", "cut.wav": "the file ends after", "damaged.nlac": "CRC",
        "empty.wav": "0 bytes", "good.wav": "the same samples as copy.wav",
        "headonly.wav": "no samples", "infinite.wav": "infinity at frame 1234, channel 0",
        "many.wav": "5 channels", "nan.wav": "NaN at frame 1234, channel 0",
        "rate.wav": "its rate is 11025 Hz, not 8000", "short.wav": "too short: 0.001 s",
        "text.wav": "no",
    }  # fmt: skip


def test_bad_recordings_are_named_skipped_and_counted(tmp_path, caplog):
    expected = bad_files(tmp_path / "in")
    report, dataset = made(tmp_path, tmp_path / "in", min_seconds=0.1, resample=False)
    assert [each.name for each in dataset.recordings] == ["copy.wav"]
    skipped = {each["name"]: each["reason"] for each in report.manifest.skipped}
    assert sorted(skipped) == sorted(expected)
    for name, text in expected.items():
        assert text in skipped[name], (name, skipped[name])
        assert f"{name} left out: {skipped[name]}" in caplog.text


def test_bad_recordings_are_refused(tmp_path):
    expected = bad_files(tmp_path / "in")
    # the same samples twice are no fault
    del expected["good.wav"]
    settings = {"bad": "refuse", "min_seconds": 0.1, "resample": False}
    for name, text in expected.items():
        with pytest.raises(UnsupportedAudio, match=text) as caught:
            made(tmp_path, tmp_path / "in" / name, **settings)
        assert str(tmp_path / "in" / name) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_nothing_but_silence(tmp_path):
    put(tmp_path / "in" / "a.wav", tone(1))
    put(tmp_path / "in" / "b.wav", 0 * tone(1))
    report, _ = made(tmp_path, tmp_path / "in", trim=60)
    assert report.manifest.skipped == ({"name": "b.wav", "reason": "it holds nothing but silence"},)
    with pytest.raises(UnsupportedAudio, match="none of 1 recordings is good"):
        made(tmp_path / "x", tmp_path / "in" / "b.wav", trim=60)


def test_recordings_must_be_those_of_the_manifest(tmp_path):
    put(tmp_path / "in" / "a.wav", tone(1))
    right = hashlib.sha256(tone(1).tobytes()).hexdigest()
    manifest = tmp_path / "in" / "MANIFEST.tsv"
    manifest.write_text(f"file\tsha256\na.wav\t{right}\n")
    made(tmp_path, tmp_path / "in", bad="refuse")
    manifest.write_text(f"file\tsha256\na.wav\t{right[::-1]}\n")
    with pytest.raises(UnsupportedAudio, match="differs from its manifest's"):
        made(tmp_path / "x", tmp_path / "in", bad="refuse")


def test_the_same_bytes_whatever_the_threads(tmp_path):
    for i in range(6):
        put(tmp_path / "in" / f"{i}.wav", tone(i, 3000 + i))
    settings = PrepareSettings(RATE, channels=1, licence="CC0")
    for name, threads in (("one", 1), ("four", 4)):
        prepare(
            [tmp_path / "in"], tmp_path / name, settings, threads=threads, shard_bytes=7000
        )
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    # a recording goes into a shard that is not full, as a whole
    assert files == ["manifest.json", "shard-00000.pcm", "shard-00001.pcm", "shard-00002.pcm"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "four" / name).read_bytes()
    dataset = open_dataset(tmp_path / "one")
    assert dataset.licences == ("CC0",)
    assert dataset.manifest_hash == hashlib.sha256(
        (tmp_path / "one" / "manifest.json").read_bytes()
    ).hexdigest()
    for i, samples in enumerate(samples_by_name(dataset).values()):
        np.testing.assert_array_equal(samples, tone(i, 3000 + i))
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again.read(3, 10, 20), dataset.read(3)[10:20])
    assert str(tmp_path) not in (tmp_path / "one" / "manifest.json").read_text()


def test_a_dataset_appears_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    put(tmp_path / "in" / "a.wav", tone(1))
    made(tmp_path, tmp_path / "in")
    before = (tmp_path / "set" / "manifest.json").read_bytes()
    settings = PrepareSettings(RATE, channels=1)
    with pytest.raises(OutputExists, match="give force"):
        prepare([tmp_path / "in"], tmp_path / "set", settings)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([tmp_path / "in"], tmp_path / "set", settings, force=True, progress=interrupt)
    assert (tmp_path / "set" / "manifest.json").read_bytes() == before
    prepare([tmp_path / "in"], tmp_path / "set", settings, force=True)
    assert open_dataset(tmp_path / "set").channels == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "set"]
    # only what is a dataset is replaced
    with pytest.raises(OutputExists, match=r"has no manifest\.json, so it stays"):
        prepare([tmp_path / "in"], tmp_path / "in", settings, force=True)


def test_damage_is_found_when_opened(tmp_path):
    put(tmp_path / "in" / "a.wav", tone(1))
    made(tmp_path, tmp_path / "in")
    folder = tmp_path / "set"
    shard, manifest = folder / "shard-00000.pcm", folder / "manifest.json"
    data, text = shard.read_bytes(), manifest.read_text()
    shard.write_bytes(data[:-1])
    with pytest.raises(FormatError, match=r"shard-00000\.pcm has 7999 bytes instead of 8000"):
        open_dataset(folder, verify=False)
    shard.write_bytes(data[:-1] + b"x")
    with pytest.raises(FormatError, match="SHA-256 differs"):
        open_dataset(folder)
    assert open_dataset(folder, verify=False).rate == RATE
    shard.unlink()
    with pytest.raises(FormatError, match="is missing"):
        open_dataset(folder)
    shard.write_bytes(data)
    for change, error, message in (
        (lambda m: m | {"schema": "nlac-dataset/9"}, UsageError, "schema 'nlac-dataset/9'"),
        (lambda m: m | {"bits": 0}, FormatError, "bits: 0; a whole number from 2 to 24"),
        (lambda m: m | {"recordings": 2 * m["recordings"]}, FormatError, "the same name"),
        (lambda m: m | {"shards": []}, FormatError, r"a\.wav: there is no shard 0"),
        (lambda m: {k: v for k, v in m.items() if k != "shards"}, FormatError, "shards"),
        (lambda m: m["recordings"][0].update(frames=2001) or m, FormatError, "outside the shard"),
        (lambda m: m["recordings"][0].update(split="dev") or m, FormatError, "split 'dev'"),
        (lambda m: m["shards"][0].update(file="../x") or m, FormatError, "name of a file"),
    ):
        manifest.write_text(json.dumps(change(json.loads(text))))
        with pytest.raises(error, match=message):
            open_dataset(folder)
    manifest.write_text("{")
    with pytest.raises(FormatError, match="not the manifest of a dataset"):
        open_dataset(folder)
    with pytest.raises(UsageError, match="is no dataset"):
        open_dataset(tmp_path)
    manifest.write_text(text)
    with pytest.raises(UsageError, match="has 8000 Hz, and 16000 Hz are needed"):
        open_dataset(folder, rate=16000)
    with pytest.raises(UsageError, match="seconds: for the dataset synthetic only"):
        open_dataset(folder, seconds=3)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"rate": 0}, "rate: 0; 1 or more Hz"),
        ({"channels": 3}, "channels: 3; 1 or 2"),
        ({"bits": 25}, "bits: 25"),
        ({"peak": 1.0}, "peak: 1.0"),
        ({"loudness": 3.0}, "loudness: 3.0"),
        ({"trim": 0.0}, "trim: 0.0"),
        ({"bad": "ask"}, "bad: 'ask'; skip or refuse"),
        ({"peak": -1.0, "loudness": -20.0}, "only one of them"),
    ],
)
def test_bad_settings_are_named(change, text):
    with pytest.raises(UsageError, match=text):
        PrepareSettings(**{"rate": RATE} | change)


def test_labels_of_a_dataset(tmp_path):
    for i, kind in enumerate(("b", "a", "b")):
        put(tmp_path / "in" / kind / f"{i}.wav", tone(i))
    put(tmp_path / "in" / "top.wav", tone(9))
    _, dataset = made(tmp_path, tmp_path / "in")
    assert dataset.label_names == ("category",)
    assert dataset.label_values("category") == ("a", "b")
    with pytest.raises(UsageError, match="has no label 'mood'; it has: category"):
        dataset.label_values("mood")
    assert dataset.licences == ("unclear",)
    assert soundfile.info(tmp_path / "in" / "top.wav").frames == dataset.recordings[-1].frames

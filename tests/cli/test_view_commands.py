"""`nlac compare` and `nlac analyze`."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import sys

import numpy as np
import pytest
import soundfile
from cli_tools import wav_bytes

import nlac


@pytest.fixture
def stream(call, wav, tmp_path):
    assert call("encode", "-q", "--preset", "fast", wav).exit_code == 0
    return tmp_path / "in.nlac"


def changed(wav, tmp_path):
    samples, rate = soundfile.read(wav, dtype="int16", always_2d=True)
    samples = samples.copy()
    samples[100, 0] ^= 1
    soundfile.write(tmp_path / "other.wav", samples, rate)
    return len(samples), rate


def test_same_samples_are_identical(call, stream):
    done = call("compare", "in.wav", stream)
    assert (done.exit_code, "identical" in done.stdout) == (0, True)
    assert json.loads(call("compare", "--json", "in.wav", stream).stdout)["identical"]
    assert call("compare", "-q", "in.wav", stream).stdout == ""


def test_differences_have_an_exit_code_of_their_own(call, stream, wav, tmp_path):
    _, rate = changed(wav, tmp_path)
    done = call("compare", stream, "other.wav")
    assert done.exit_code == 6
    assert f"first at frame 100 ({100 / rate:.3f} s), channel 1" in done.stdout
    found = json.loads(call("compare", "--json", stream, "other.wav").stdout)
    assert found["first_difference"]["frame"] == found["last_difference"]["frame"] == 100
    assert found["differing_samples"] == found["peak_difference_lsb"] == 1


def test_other_lengths_and_rates_differ(call, wav, tmp_path):
    samples, rate = soundfile.read(wav, dtype="int16", always_2d=True)
    soundfile.write(tmp_path / "short.wav", samples[:-5], rate)
    soundfile.write(tmp_path / "quick.wav", samples, rate + 1)
    short = call("compare", wav, "short.wav")
    assert short.exit_code == 6
    assert "longer by 5 frames" in short.stdout
    quick = call("compare", wav, "quick.wav")
    assert quick.exit_code == 6
    assert "not compared" in quick.stdout
    assert call("compare", "--json", wav, "quick.wav").exit_code == 6


def test_what_cannot_be_compared_has_the_code_of_its_error(call, wav, stream, tmp_path):
    assert call("compare", wav, "none.wav").exit_code == 1
    (tmp_path / "text").write_text("no audio " * 20)
    assert call("compare", wav, "text").exit_code == 1
    data = bytearray(stream.read_bytes())
    data[len(data) // 2] ^= 1
    stream.write_bytes(data)
    assert call("compare", wav, stream).exit_code == 3


def test_facts_are_printed(call, stream):
    done = call("analyze", stream)
    assert done.exit_code == 0
    assert "block 0 at 0.000 s" in done.stdout
    assert "fast" not in done.stdout
    assert "fast: " in call("analyze", "in.wav", "--against", "fast").stdout


def test_json_and_csv(call, stream):
    frames = nlac.info(stream).num_frames
    found = json.loads(call("analyze", "--json", "--columns", 10, stream).stdout)
    blocks = found["streams"]["this stream"]["blocks"]
    assert sum(each["frames"] for each in blocks) == frames
    assert len(found["peaks"]["low"][0]) == 10
    rows = list(csv.reader(io.StringIO(call("analyze", "--csv", "--columns", 10, stream).stdout)))
    assert rows[0][:4] == ["frame", "seconds", "low_1", "high_1"]
    assert len(rows) == 11
    samples = nlac.read(stream, always_2d=True)[0]
    assert min(int(row[2]) for row in rows[1:]) == samples[:, 0].min()
    both = json.loads(call("analyze", "--json", "--against", "fast", "in.wav").stdout)
    assert list(both["streams"]) == ["fast"]


def test_pages_and_pictures_lie_beside_the_file(call, stream, tmp_path):
    assert call("analyze", "--html", stream).exit_code == 0
    assert (tmp_path / "in.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert call("analyze", "--html", stream).exit_code == 5
    assert call("analyze", "--html", "-f", stream).exit_code == 0
    assert call("analyze", "--html", "-o", "-", stream).stdout.startswith("<!doctype html>")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert call("analyze", "--png", "--against", "fast", stream, "-o", "a.png").exit_code == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_damage_is_shown_and_told(call, tmp_path):
    (tmp_path / "long.wav").write_bytes(wav_bytes(40_000))
    call("encode", "-q", "--preset", "fast", "--block-seconds", 1, "long.wav")
    data = bytearray((tmp_path / "long.nlac").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "long.nlac").write_bytes(data)
    done = call("analyze", "--json", "long.nlac")
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert "block" in found["damage"][0]
    assert not found["peaks"]["exact"]
    assert call("analyze", "--html", "long.nlac").exit_code == 3


def test_wrong_use(call, wav, tmp_path):
    assert call("analyze", "--json", "--csv", wav).exit_code == 2
    assert call("analyze", "-o", "x", wav).exit_code == 2
    assert call("compare", "-", wav).exit_code == 2
    assert "standard input cannot be compared" in call("compare", wav, "-").stderr


def test_files_without_samples_or_audio_are_named(call, wav, tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1), np.int16), 8000)
    assert call("analyze", "empty.wav").exit_code == 1
    (tmp_path / "text").write_text("no audio " * 20)
    for words in (["analyze", "text"], ["compare", wav, "text"], ["thumbnail", "text", "a.png"]):
        done = call(*words)
        assert done.exit_code == 1
        assert "error: text: unknown" in done.stderr
        assert "raw" not in done.stderr


def test_one_frame_is_singular(call, wav, tmp_path):
    samples, rate = soundfile.read(wav, dtype="int16", always_2d=True)
    soundfile.write(tmp_path / "short.wav", samples[:-1], rate)
    assert "longer by 1 frame\n" in call("compare", wav, "short.wav").stdout
    soundfile.write(tmp_path / "one.wav", samples[:1], rate)
    assert "identical, 1 frame of" in call("compare", "one.wav", "one.wav").stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_names_that_are_no_text(call, wav, tmp_path):
    name = os.fsdecode(b"a\xff.wav")
    (tmp_path / name).write_bytes((tmp_path / "in.wav").read_bytes())
    assert call("analyze", "--html", name).exit_code == 0
    page = (tmp_path / os.fsdecode(b"a\xff.html")).read_text(encoding="utf-8")
    assert "<h1>a\ufffd.wav</h1>" in page
    assert json.loads(call("analyze", "--json", name).stdout)["name"] == "a\ufffd.wav"
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert call("analyze", "--png", name).exit_code == 0
    assert "a\ufffd.wav" in call("analyze", name).stdout
    assert call("compare", name, wav).exit_code == 0


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_what_is_not_finite_is_counted(call, tmp_path):
    samples = np.full((5000, 2), 0.5, np.float32)
    samples[100, 0], samples[200:300, 0], samples[:, 1] = np.inf, np.nan, np.nan
    samples[50, 0] = -3e38
    soundfile.write(tmp_path / "odd.wav", samples, 8000, "FLOAT")
    samples[50, 0] = 0
    soundfile.write(tmp_path / "half.wav", samples, 8000, "FLOAT")
    done = call("analyze", "half.wav")
    assert "peaks: -6.02 dBFS, silent" in done.stdout
    assert "5,101 values are not finite: 101, 5,000 by channel" in done.stdout
    found = json.loads(call("analyze", "--json", "half.wav").stdout)
    assert found["not_finite"] == [101, 5000]
    assert call("analyze", "--html", "odd.wav").exit_code == 0
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert call("analyze", "--png", "odd.wav").exit_code == 0


@pytest.fixture
def damaged(tmp_path):
    """Noise of 40 s in blocks of 5 s, of which the fifth is damaged."""
    noise = np.random.default_rng(1).integers(-9000, 9000, (40 * 8000, 1)).astype(np.int16)
    nlac.write(tmp_path / "damaged.nlac", noise, 8000, preset="fast", block_seconds=5)
    data = bytearray((tmp_path / "damaged.nlac").read_bytes())
    middle = len(data) * 9 // 16
    data[middle : middle + 8] = bytes(each ^ 0x55 for each in data[middle : middle + 8])
    (tmp_path / "damaged.nlac").write_bytes(data)
    return "damaged.nlac"


def test_intact_blocks_are_shown_and_damaged_ones_are_gaps(call, damaged):
    done = call("analyze", "--json", "--columns", 8, damaged)
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert [each is None for each in found["peaks"]["low"][0]] == [i == 4 for i in range(8)]
    assert found["peaks"]["complete"]
    assert not found["peaks"]["exact"]
    stream = found["streams"]["this stream"]
    assert [each["index"] for each in stream["blocks"]] == [0, 1, 2, 3, 5, 6, 7]
    assert {each["start"] // 40_000 for each in stream["segments"]} == {0, 1, 2, 3, 5, 6, 7}
    bits = np.array(stream["bits"], float)[0]
    assert np.flatnonzero(np.isnan(bits)).tolist() == list(range(500, 625))
    assert len(found["damage"]) == 1
    rows = list(csv.reader(io.StringIO(call("analyze", "--csv", "--columns", 8, damaged).stdout)))
    assert [row[2:] == ["", "", ""] for row in rows[1:]] == [i == 4 for i in range(8)]
    assert "7 intact blocks" in call("analyze", damaged).stdout


def test_pictures_of_damaged_files_have_gaps(call, damaged, tmp_path):
    assert call("analyze", "--html", damaged).exit_code == 3
    text = (tmp_path / "damaged.html").read_text(encoding="utf-8")
    feeds = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])["feeds"]
    for name in ("peaks:original", "peaks:residual"):
        low = feeds[name]["low"][0]
        assert 0.1 < low.count(None) / len(low) < 0.15
        # nothing is being read any more
        assert "exact" not in feeds[name]
    picture = np.frombuffer(base64.b64decode(feeds["spectrogram:0"]["bytes"]), np.uint8)
    silent = picture.reshape(feeds["spectrogram:0"]["height"], -1).max(axis=0) == 0
    assert 0.1 < silent.mean() < 0.15
    done = call("thumbnail", damaged, "small.png")
    assert (done.exit_code, "warning" in done.stderr) == (0, True)
    image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")
    assert call("analyze", "--png", damaged).exit_code == 3
    seen = image.imread(tmp_path / "small.png")[:, :, 3].any(axis=0)
    assert np.flatnonzero(~seen).tolist() == list(range(128, 160))


def test_damage_is_told_with_the_file_that_has_it(call, damaged, wav):
    done = call("compare", damaged, damaged)
    assert done.exit_code == 3
    assert f"error: {damaged}: " in done.stderr


def test_tables_of_pages_scroll_on_narrow_screens(call, wav, tmp_path):
    call("analyze", "--html", "--against", "fast", wav)
    assert '<div class="scroll"><table>' in (tmp_path / "in.html").read_text(encoding="utf-8")

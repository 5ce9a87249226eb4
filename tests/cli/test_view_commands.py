"""`nlac compare` and `nlac analyze`."""

from __future__ import annotations

import csv
import io
import json

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
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1), np.int16), 8000)
    assert call("analyze", "empty.wav").exit_code == 2

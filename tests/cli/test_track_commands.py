"""Cue sheets, tracks and gains on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

import nlac

Call = Callable[..., Result]
RATE = 8000
SHEET = """\
TITLE "Björk & co"
FILE "in.wav" WAVE
  TRACK 01 AUDIO
    TITLE "A"
    INDEX 00 00:00:00
    INDEX 01 00:00:15
  TRACK 02 AUDIO
    TITLE "B"
    INDEX 01 00:01:00
"""


@pytest.fixture
def album(call: Call, tmp_path: Path) -> Path:
    """``album.nlac`` of two seconds, with a cue sheet."""
    wave = 8000 * np.sin(np.arange(2 * RATE) / 15)
    soundfile.write(tmp_path / "album.wav", wave.astype(np.int16), RATE)
    (tmp_path / "album.cue").write_text(SHEET, encoding="utf-8")
    done = call("encode", "-q", "--preset", "fast", "album.wav", "--cuesheet", "album.cue")
    assert done.exit_code == 0, done.stderr
    return tmp_path / "album.nlac"


def test_info_and_show_tell_the_tracks(call: Call, album: Path) -> None:
    lines = call("info", album).stdout.splitlines()
    assert "  track 02  0:01.000, 0:01.000 long, B" in lines
    told = json.loads(call("info", "--json", album).stdout)
    assert [track["start"] for track in told["tracks"]] == [1600, 8000]
    shown = call("cue", "show", album).stdout.splitlines()
    assert shown[0].endswith("album.nlac: Björk & co")
    assert shown[1] == "  01  0:00.200  0:00.800 long, after 0:00.200 of gap  A"
    facts = json.loads(call("cue", "show", "--json", album).stdout)
    assert facts["title"] == "Björk & co"
    assert (facts["is_cd"], facts["tracks"]) == (False, told["tracks"])


def test_sheets_go_out_and_in(call: Call, album: Path, tmp_path: Path) -> None:
    assert call("cue", "export", album).stdout == SHEET
    assert call("cue", "export", album, "album.cue").exit_code == 5
    assert call("cue", "export", "-f", album, "album.cue").exit_code == 0
    assert (tmp_path / "album.cue").read_text(encoding="utf-8") == SHEET
    assert call("cue", "remove", album).exit_code == 0
    for command in ("show", "export", "remove"):
        done = call("cue", command, album)
        assert done.exit_code == 1
        assert done.stderr.endswith("the stream has no cue sheet\n")
    assert json.loads(call("cue", "show", "--json", album).stdout)["error"] == "NoCueSheet"
    (tmp_path / "latin.cue").write_text(SHEET, encoding="cp1252")
    done = call("cue", "import", album, "latin.cue")
    assert done.exit_code == 1
    assert done.stderr.startswith("nlac: error: latin.cue, line 1: not UTF-8 at byte 9; ")
    given = ["--cuesheet-encoding", "cp1252"]
    assert call("cue", "import", album, "latin.cue", *given).stdout.endswith("of 2 tracks\n")
    assert call("cue", "export", album).stdout == SHEET
    assert call("test", album).exit_code == 0
    (tmp_path / "wrong.cue").write_text(SHEET + "  INDEX 03 00:01:30\n")
    done = call("cue", "import", album, "wrong.cue")
    assert done.exit_code == 1
    assert done.stderr == "nlac: error: wrong.cue, line 10: INDEX 03 follows INDEX 01\n"


def test_split(call: Call, album: Path, tmp_path: Path) -> None:
    done = call("decode", album, "--split", "tracks", "--json", "-n")
    assert json.loads(done.stdout)["skipped"] == "dry run"
    assert not (tmp_path / "tracks").exists()
    done = call("decode", album, "--split", "tracks")
    assert done.exit_code == 0, done.stderr
    assert " -> tracks: 3 files, 2.000 s, " in done.stdout
    assert "of the whole, verified, as wav" in done.stdout
    assert "hidden audio before the first track are in 00.wav" in done.stderr
    names = sorted(path.name for path in (tmp_path / "tracks").iterdir())
    assert names == ["00.wav", "01 A.wav", "02 B.wav"]
    done = call("decode", album, "--split", "tracks")
    assert (done.exit_code, "00.wav exists; -f replaces it" in done.stderr) == (5, True)
    assert "skipped" in call("decode", album, "--split", "tracks", "--skip-existing").stdout
    given = ["--split-name", "{title}", "--format", "flac", "--pregap", "next", "--json"]
    told = json.loads(call("decode", album, "--split", "other", *given).stdout)
    assert [track["path"] for track in told["tracks"]] == ["other/A.flac", "other/B.flac"]
    assert told["md5"] == nlac.info(album).md5
    # several recordings have folders of their own
    (tmp_path / "second.nlac").write_bytes(album.read_bytes())
    assert call("decode", "-q", album, "second.nlac", "--split", "all").exit_code == 0
    assert (tmp_path / "all" / "second" / "02 B.wav").exists()


def test_cue_ranges(call: Call, album: Path, tmp_path: Path) -> None:
    assert call("decode", "-q", album, "--cue", "1.1-2.1", "part.wav").exit_code == 0
    whole = soundfile.read(tmp_path / "album.wav", dtype="int16")[0]
    part = soundfile.read(tmp_path / "part.wav", dtype="int16")[0]
    assert np.array_equal(part, whole[1600:8000])
    (tmp_path / "other.cue").write_text("TRACK 1 AUDIO\nINDEX 1 0\nTRACK 2 AUDIO\nINDEX 1 1234\n")
    done = call("decode", "-qf", album, "--cue", "2.1-", "--cuesheet", "other.cue", "part.wav")
    assert done.exit_code == 0
    part = soundfile.read(tmp_path / "part.wav", dtype="int16")[0]
    assert np.array_equal(part, whole[1234:])


def test_join(call: Call, album: Path, tmp_path: Path) -> None:
    parts = ["a.nlac", "b.nlac"]
    wave = soundfile.read(tmp_path / "album.wav", dtype="int16")[0]
    for name, part in zip(parts, (wave[:777], wave[777:]), strict=True):
        nlac.write(tmp_path / name, part, RATE, preset="fast")
    done = call("join", *parts, "all.nlac", "-T", "TITLE=x", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["inputs"], told["encoded"], told["md5"]) == (2, False, nlac.info(album).md5)
    assert nlac.info(tmp_path / "all.nlac").tags == {"TITLE": ["x"]}
    assert call("join", *parts).exit_code == 5
    assert "2 blocks kept as they were" in call("join", "-f", *parts, "-o", "all.nlac").stdout
    done = call("join", *parts, "-")
    assert nlac.info(done.stdout_bytes).num_blocks == 2
    assert "verified" in done.stderr


def test_gain(call: Call, album: Path, tmp_path: Path) -> None:
    (tmp_path / "b.nlac").write_bytes(album.read_bytes())
    before = album.read_bytes()
    done = call("gain", "-n", album, "album.wav")
    assert done.exit_code == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert " LUFS, " in first
    assert first.endswith("; no tags were written")
    assert second.endswith("; tags are written to nlac files only")
    assert album.read_bytes() == before
    done = call("gain", "--album", "--r128", "--json", album, "b.nlac")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(each["tags"] == "written" for each in told)
    # twice the same is as loud as once
    assert told[0]["album"]["loudness_lufs"] == pytest.approx(told[0]["loudness_lufs"], abs=0.01)
    tags = nlac.info(album).tags
    gain = -18 - told[0]["loudness_lufs"]
    assert tags["REPLAYGAIN_TRACK_GAIN"] == [f"{gain:.2f} dB"]
    assert tags["REPLAYGAIN_TRACK_PEAK"] == [f"{told[0]['true_peak']:.6f}"]
    assert tags["REPLAYGAIN_REFERENCE_LOUDNESS"] == ["-18.00 LUFS"]
    assert int(tags["R128_ALBUM_GAIN"][0]) == pytest.approx(256 * (gain - 5), abs=1)
    assert nlac.test(album).restored
    # once more replaces the tags
    assert call("gain", album).exit_code == 0
    assert nlac.info(album).tags["REPLAYGAIN_TRACK_GAIN"] == [f"{gain:.2f} dB"]
    done = call("decode", album, "--apply-gain", "track", "louder.wav")
    assert f"with a gain of {gain:+.2f} dB" in done.stdout
    peak = np.abs(soundfile.read(tmp_path / "louder.wav")[0]).max()
    assert 20 * np.log10(peak / told[0]["sample_peak"]) == pytest.approx(gain, abs=0.01)


def test_silence_gets_no_tags_and_no_infinite_gain(call: Call, tmp_path: Path) -> None:
    nlac.write(tmp_path / "s.nlac", np.zeros(RATE, np.int16), RATE, preset="fast")
    done = call("gain", "s.nlac")
    assert done.exit_code == 0
    assert done.stdout == "s.nlac: no loudness; silence, or too short, so without tags\n"
    told = json.loads(call("gain", "--json", "s.nlac").stdout)
    assert (told["loudness_lufs"], told["true_peak_dbtp"], told["tags"]) == (None, None, "silence")
    assert nlac.info(tmp_path / "s.nlac").tags == {}


def test_an_album_is_tagged_whole_or_not_at_all(call: Call, album: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.nlac").write_bytes(album.read_bytes()[:-9])
    done = call("gain", "--album", album, "bad.nlac")
    assert done.exit_code == 3
    assert "not all files of the album" in done.stderr
    assert nlac.info(album).tags == {}


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["encode", "album.wav", "album.wav", "-o", "x/", "--cuesheet", "album.cue"], "several"),
        (["decode", "album.nlac", "--cue", "1.1", "--skip", "1"], "don't go with --cue"),
        (["decode", "album.nlac", "--cue", "1"], "TRACK.INDEX"),
        (["decode", "album.nlac", "--cue", "2.1-1.1", "x.wav"], "ends"),
        (["decode", "album.nlac", "--split", "x", "--cue", "1.1"], "a part as one file"),
        (["decode", "album.nlac", "--split", "x", "--recover"], "don't go with --cue and --split"),
        (["decode", "album.nlac", "--split", "x", "-o", "y"], "no meaning as an output"),
        (["decode", "album.nlac", "--split", "x", "--update"], "--skip-existing"),
        (["decode", "album.nlac", "--split", "x", "--split-name", "{x}"], "no field 'x'"),
        (["decode", "album.nlac", "--split", "x", "--apply-gain", "track"], "doesn't go"),
        (["decode", "album.nlac", "--pregap", "next"], "are for --split"),
        (["decode", "album.nlac", "--cuesheet", "album.cue"], "for --cue and --split"),
        (["decode", "album.nlac", "--format", "nlac"], "is for --split"),
        (["decode", "album.nlac", "--format", "original", "--cue", "1.1"], "as it was"),
        (["decode", "album.nlac", "--apply-gain", "track", "-o", "x.wav"], "nlac gain measures"),
        (["join", "x.nlac"], "an input and an output"),
        (["join", "album.nlac", "x.nlac", "--preset", "max"], "for --reencode"),
        (["join", "album.nlac", "x.wav"], "foreign extension"),
        (["join", "album.nlac", "x.nlac", "-T", "x"], "FIELD=VALUE"),
    ],
)
def test_wrong_use_of_tracks(call: Call, album: Path, args: list[str], hint: str) -> None:
    before = sorted(album.parent.iterdir())
    done = call(*args)
    assert done.exit_code == 2, done.stderr
    assert hint in done.stderr
    assert sorted(album.parent.iterdir()) == before

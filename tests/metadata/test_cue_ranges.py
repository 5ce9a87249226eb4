"""Parts of a recording that a cue sheet names: its tracks, and ranges as flac has them."""

from __future__ import annotations

import subprocess
from shutil import which

import pytest
from cue_tools import ALBUM, CD, FRAMES, T1

from nlac._errors import UsageError
from nlac.metadata.cue_sheet.parser import parse_cue_sheet
from nlac.metadata.cue_sheet.ranges import CueRange, track_parts


def test_tracks_divide_the_recording_whatever_becomes_of_gaps() -> None:
    sheet = parse_cue_sheet(ALBUM, CD, FRAMES)
    for mode, numbers in (("previous", [0, 1, 2, 3]), ("next", [1, 2, 3])):
        parts = track_parts(sheet, FRAMES, mode)
        assert [part.number for part in parts] == numbers
        ends = [0, *(part.stop for part in parts)]
        assert ends[:-1] == [part.start for part in parts]
        assert ends[-1] == FRAMES
    dropped = track_parts(sheet, FRAMES, "drop")
    assert [(part.start, part.stop) for part in dropped][:2] == [
        (88_200, (239 * 75 + 74) * 588), (241 * 44_100, 420 * 44_100)
    ]  # fmt: skip
    with pytest.raises(UsageError):
        track_parts(sheet, FRAMES, "sideways")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.1-2.1", (2, 241)),
        ("2.1", (241, 600)),
        ("2.1-", (241, 600)),
        ("-2.1", (0, 241)),
        ("-", (0, 600)),
        ("3.1-4.1", (420, 600)),  # there is no track 4
        ("3.7-", (420, 600)),  # the closest one before
        ("-1.5", (0, 240 - 1 / 75)),  # the closest one after
        ("0.0-1.0", (0, 0)),
    ],
)
def test_ranges_mean_what_they_mean_to_flac(text: str, seconds: tuple[float, float]) -> None:
    sheet = parse_cue_sheet(ALBUM, CD, FRAMES)
    expected = tuple(round(44_100 * each) for each in seconds)
    assert CueRange.parse(text).resolve(sheet, FRAMES) == expected


@pytest.mark.skipif(which("flac") is None, reason="needs flac")
def test_flac_decodes_the_same_ranges(tmp_path) -> None:
    frames = 44_100 * 90
    text = T1 + "INDEX 0 0:0:0\nINDEX 1 0:9:0\nTRACK 2 AUDIO\nINDEX 0 0:20:1\n"
    text += "INDEX 1 0:21:0\nINDEX 2 0:30:0\nTRACK 3 AUDIO\nINDEX 1 1:2:3\n"
    (tmp_path / "a.cue").write_text(text)
    (tmp_path / "a.raw").write_bytes(bytes(4 * frames))
    raw = ["--force-raw-format", "--endian=little", "--sign=signed"]
    fmt = ["--channels=2", "--bps=16", "--sample-rate=44100"]

    def flac(*args: str) -> bytes:
        command = ["flac", "-s", *raw, *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout

    flac("-0", *fmt, "--cuesheet=a.cue", "a.raw")
    sheet = parse_cue_sheet(text, CD, frames)
    for cues in ("1.1-2.1", "2.1", "-2.1", "3.1-4.1", "3.7-", "2.2-2.9", "9.1-10.1", "1.9-3.0"):
        start, stop = CueRange.parse(cues).resolve(sheet, frames)
        assert len(flac("-d", "-c", f"--cue={cues}", "a.flac")) == 4 * (stop - start)


@pytest.mark.parametrize("text", ["", "3", "3.", ".1", "1.1-2", "1.1-2.1-", "a", "1.1 - 2", "٣.1"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match=r"TRACK\.INDEX"):
        CueRange.parse(text)


def test_a_range_does_not_end_before_it_begins() -> None:
    with pytest.raises(UsageError, match="ends"):
        CueRange.parse("3.1-1.1").resolve(parse_cue_sheet(ALBUM, CD), FRAMES)

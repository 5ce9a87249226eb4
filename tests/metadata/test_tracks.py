"""Recordings divided into tracks: the samples are the same, by their MD5."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile
from track_tools import PICTURE, RATE, SAMPLES, SHEET, md5

import nlac
from nlac._errors import CueSheetError, OutputExists, UsageError
from nlac.api.tracks.sheets import read_cue_sheet
from nlac.bitstream.metadata import MetadataItem
from nlac.editing.editor import MetadataEditor


def test_the_sheet_is_kept_as_it_is(album: Path) -> None:
    found = read_cue_sheet(album)
    assert found.text == SHEET
    info = nlac.info(album)
    assert [(track.number, track.gap, track.start, track.stop) for track in info.tracks] == [
        (1, 0, 17_640, 44_100), (2, 44_100, 49_980, 88_788), (3, 88_788, 88_788, len(SAMPLES)),
    ]  # fmt: skip
    assert info.tracks[0].performer == "Band"
    assert info.cue_sheet_problem is None
    # the original file comes back all the same
    assert nlac.test(album).restored


@pytest.mark.parametrize("container", ["wav", "flac", "nlac", None])
@pytest.mark.parametrize("pregap", ["previous", "next"])
def test_tracks_are_the_recording(
    album: Path, tmp_path: Path, container: str | None, pregap: str
) -> None:
    result = nlac.split(album, tmp_path / "t", container=container, pregap=pregap, preset="fast")
    read = nlac.read if container == "nlac" else lambda path: soundfile.read(path, dtype="int16")
    pieces = [read(track.path)[0] for track in result.tracks]
    assert md5(np.concatenate(pieces)) == result.md5 == nlac.info(album).md5
    assert [track.md5 for track in result.tracks] == [md5(piece) for piece in pieces]
    assert result.whole
    assert [track.number for track in result.tracks] == [0, 1, 2, 3][pregap == "next" :]
    assert any("hidden audio" in text for text in result.warnings) == (pregap == "previous")
    assert sorted(Path(tmp_path / "t").iterdir()) == sorted(Path(t.path) for t in result.tracks)


def test_gaps_may_be_left_out_which_is_told(album: Path, tmp_path: Path) -> None:
    result = nlac.split(album, tmp_path, container="raw", pregap="drop")
    data = b"".join(Path(track.path).read_bytes() for track in result.tracks)
    kept = [SAMPLES[17_640:44_100], SAMPLES[49_980:88_788], SAMPLES[88_788:]]
    assert data == np.concatenate(kept).astype("<i2").tobytes()
    assert not result.whole
    assert any("gaps before tracks are left out" in text for text in result.warnings)


def test_tracks_have_tags_and_safe_names(album: Path, tmp_path: Path) -> None:
    result = nlac.split(album, tmp_path, container="nlac", preset="fast")
    names = [Path(track.path).name for track in result.tracks]
    assert names == ["00.nlac", "01 One_.._.._etc.nlac", "02 con.nlac", "03 con.nlac"]
    with nlac.open(result.tracks[2].path) as file:
        assert file.tags == {
            "TITLE": ["con"], "ARTIST": ["Band"], "ALBUM": ["Album"], "ALBUMARTIST": ["Band"],
            "TRACKNUMBER": ["2"], "TRACKTOTAL": ["3"], "DATE": ["1999"], "LABEL": ["L"],
        }  # fmt: skip
        assert file.pictures == [PICTURE]


@pytest.mark.skipif(which("metaflac") is None, reason="needs flac")
def test_flac_tracks_have_tags(album: Path, tmp_path: Path) -> None:
    result = nlac.split(album, tmp_path, container="flac", name="{title}")
    assert [Path(track.path).name for track in result.tracks][2:] == ["_con.flac", "_con (2).flac"]
    shown = subprocess.run(
        ["metaflac", "--export-tags-to=-", result.tracks[1].path],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "TITLE=One/../../etc\nARTIST=Band\n" in shown


def test_another_sheet_may_be_used(album: Path, tmp_path: Path) -> None:
    sheet = "TRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:02:74\n"
    result = nlac.split(album, tmp_path, cuesheet=sheet, dry_run=True)
    assert [track.stop - track.start for track in result.tracks] == [131_712, 688]
    assert not list(tmp_path.iterdir())
    with pytest.raises(CueSheetError, match="line 2"):
        nlac.split(album, tmp_path, cuesheet=sheet.replace("00:00:00", "00:00:01"))


def test_no_more_is_written_than_granted(album: Path, tmp_path: Path) -> None:
    with pytest.raises(nlac.LimitExceeded, match="529600 bytes"):
        nlac.split(album, tmp_path / "t", max_output=529_599)
    assert not (tmp_path / "t").exists()
    nlac.split(album, tmp_path / "t", max_output=529_600)


def test_nothing_is_replaced_unasked(album: Path, tmp_path: Path) -> None:
    (tmp_path / "03 con.wav").write_bytes(b"precious")
    with pytest.raises(OutputExists, match="03 con"):
        nlac.split(album, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["03 con.wav"]
    nlac.split(album, tmp_path, force=True)
    assert (tmp_path / "03 con.wav").stat().st_size > 1000
    # a template may not lead back to the recording itself
    copy = tmp_path / "00.nlac"
    copy.write_bytes(album.read_bytes())
    with pytest.raises(UsageError, match="same file"):
        nlac.split(copy, tmp_path, container="nlac", force=True)


def edit(path: Path, sheet: bytes | None = None, **tags: str) -> None:
    """Have a stream hold a cue sheet, good or bad, and tags."""
    with MetadataEditor(path) as editor:
        for name, value in tags.items():
            editor.tags[name] = value
        editor.replace_items(3, [] if sheet is None else [MetadataItem(3, sheet)])
        editor.save()


def test_streams_without_a_good_sheet(album: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.nlac"
    nlac.write(path, SAMPLES[:100], RATE, preset="fast")
    with pytest.raises(UsageError, match="no cue sheet"):
        nlac.split(path, tmp_path / "t")
    # a sheet of another recording, as a stranger's stream may have
    edit(path, sheet=SHEET.encode())
    assert "behind the end" in nlac.info(path).cue_sheet_problem
    with pytest.raises(CueSheetError):
        nlac.split(path, tmp_path / "t")
    edit(path, sheet=b"\xff")
    assert "not UTF-8" in nlac.info(path).cue_sheet_problem
    sheet = "TRACK 01 AUDIO\nINDEX 01 00:00:00\n"
    edit(path, cuesheet=sheet)
    assert len(nlac.info(path).tracks) == 1


def test_wrong_sheets_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    wav, out = tmp_path / "a.wav", tmp_path / "a.nlac"
    soundfile.write(wav, SAMPLES[:RATE], RATE)
    with pytest.raises(CueSheetError, match=r"line 11: .* behind the end"):
        nlac.encode(wav, out, cuesheet=SHEET)
    # of a pipe the length is known at the end only
    pipe = open(wav, "rb", buffering=0)  # noqa: SIM115
    with pipe, pytest.raises(CueSheetError, match="behind the end"):
        nlac.encode(_Pipe(pipe), out, cuesheet=SHEET, preset="fast")
    assert not out.exists()


class _Pipe:
    def __init__(self, file) -> None:
        self.read = file.read

    def seekable(self) -> bool:
        return False


@pytest.mark.skipif(which("metaflac") is None, reason="needs flac")
def test_complaint_3_cue_points_reach_flac_and_wav(album: Path, tmp_path: Path) -> None:
    """Complaint 3 (xiph/flac#61): cue markers are lost. Here they are kept by default.

    The original WAV has its `cue ` chunk again, and a FLAC file gets the cue sheet.
    """
    wav = tmp_path / "marked.wav"
    soundfile.write(wav, SAMPLES[:1000], RATE)
    cue = b"cue " + (4 + 24).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(24)
    data = bytearray(wav.read_bytes() + cue)
    data[4:8] = (len(data) - 8).to_bytes(4, "little")
    wav.write_bytes(data)
    nlac.encode(wav, tmp_path / "marked.nlac", preset="fast")
    nlac.decode(tmp_path / "marked.nlac", tmp_path / "back.wav")
    assert (tmp_path / "back.wav").read_bytes() == data

    flac = tmp_path / "album.flac"
    result = nlac.decode(album, flac)
    assert not result.warnings
    shown = subprocess.run(
        ["metaflac", "--export-cuesheet-to=-", flac], capture_output=True, text=True, check=True
    ).stdout
    assert "TRACK 03 AUDIO\n    INDEX 01 88788\n" in shown
    assert "TITLE" not in shown
    tag = ["metaflac", "--show-tag=CUESHEET", flac]
    told = subprocess.run(tag, capture_output=True, text=True, check=True).stdout
    assert told.rstrip() == f"CUESHEET={SHEET}".rstrip()
    # the sheet is that of the whole recording
    part = nlac.decode(album, tmp_path / "part.flac", stop=90_000)
    assert part.warnings == ("not in the flac file: 1 cue sheet",)

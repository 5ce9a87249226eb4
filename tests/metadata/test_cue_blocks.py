"""Cue sheets as FLAC's metadata block has them."""

from __future__ import annotations

import random
import subprocess
from shutil import which

import pytest
from cue_tools import ALBUM, CD, FRAMES, TWO

from nlac._errors import CueSheetError
from nlac.metadata.cue_sheet.flac import block_of_cue_sheet, cue_sheet_of_block
from nlac.metadata.cue_sheet.model import CueTrack
from nlac.metadata.cue_sheet.parser import parse_cue_sheet


def block() -> bytes:
    return block_of_cue_sheet(parse_cue_sheet(ALBUM, CD, FRAMES), FRAMES)


def test_blocks_are_read_as_they_were_written() -> None:
    sheet = parse_cue_sheet(ALBUM, CD, FRAMES)
    again = cue_sheet_of_block(block())
    assert again.is_cd
    assert (again.catalog, again.lead_in, again.lead_out) == (sheet.catalog, 88_200, FRAMES)
    for mine, theirs in zip(sheet.tracks, again.tracks, strict=True):
        assert (mine.number, mine.indices, mine.isrc) == (
            theirs.number, theirs.indices, theirs.isrc,
        )  # fmt: skip
    assert again.tracks[0].flags == ("PRE",)
    assert block_of_cue_sheet(again, FRAMES) == block()


def test_a_recording_that_ends_within_a_sector_is_no_cd_to_flac() -> None:
    data = block_of_cue_sheet(parse_cue_sheet(TWO, CD), FRAMES + 1)
    sheet = cue_sheet_of_block(data)
    assert not sheet.is_cd
    assert sheet.lead_out == FRAMES + 1
    with pytest.raises(CueSheetError, match="ends before the last index"):
        block_of_cue_sheet(sheet, 100)


@pytest.mark.skipif(which("metaflac") is None, reason="needs flac")
def test_metaflac_makes_the_same_block(tmp_path) -> None:
    pcm, flac, cue = (tmp_path / name for name in ("a.raw", "a.flac", "a.cue"))
    # a silent minute and a half
    frames = 44_100 * 90
    pcm.write_bytes(bytes(4 * frames))
    raw = ["--force-raw-format", "--endian=little", "--sign=signed", "--channels=2", "--bps=16"]
    text = ALBUM.replace("03:59", "00:59").replace("04:01", "01:01").replace("05:0", "01:1")
    text = text.replace("07:00", "01:20")
    cue.write_text(text)
    command = ["flac", "-s", "-0", "--no-padding", "--no-seektable", *raw, "--sample-rate=44100"]
    subprocess.run([*command, f"--cuesheet={cue}", "-o", flac, pcm], check=True)
    data = flac.read_bytes()
    place = 4
    while data[place] & 0x7F != 5:
        place += 4 + int.from_bytes(data[place + 1 : place + 4], "big")
    theirs = data[place + 4 : place + 4 + int.from_bytes(data[place + 1 : place + 4], "big")]
    assert block_of_cue_sheet(parse_cue_sheet(text, CD, frames), frames) == theirs
    exported = tmp_path / "out.cue"
    subprocess.run(["metaflac", f"--export-cuesheet-to={exported}", flac], check=True)
    assert cue_sheet_of_block(theirs).tracks == tuple(
        CueTrack(t.number, t.indices, isrc=t.isrc, flags=t.flags)
        for t in parse_cue_sheet(exported.read_text(), CD, frames).tracks
    )


BLOCK_FAULTS = {
    "cut_off": lambda data: data[:300],
    "cut_off_in_the_lead_out": lambda data: data[:-1],
    "bytes_behind": lambda data: data + b"\0",
    "no_tracks": lambda data: data[:395] + b"\0",
    "reserved_bits": lambda data: data[:137] + b"\1" + data[138:],
    "catalog_not_ascii": lambda data: b"\xe4" + data[1:],
    "track_number_0": lambda data: data[:404] + b"\0" + data[405:],
    "lead_out_missing": lambda data: data[:395] + b"\3" + data[396:-36],
}


@pytest.mark.parametrize("name", BLOCK_FAULTS)
def test_bad_blocks(name: str) -> None:
    with pytest.raises(CueSheetError, match="FLAC block"):
        cue_sheet_of_block(BLOCK_FAULTS[name](block()))


def test_changed_blocks_are_read_or_refused() -> None:
    random_ = random.Random(5)
    good = block()
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(random_.randint(1, 4)):
            data[random_.randrange(len(data))] = random_.choice((0, 1, 2, 170, 255))
        try:
            sheet = cue_sheet_of_block(bytes(data[: random_.choice((len(data), 500))]))
        except CueSheetError:
            continue
        assert sheet.lead_out is not None
        assert block_of_cue_sheet(sheet, sheet.lead_out)

"""Cue sheets as text: good and bad ones by name, in the manner of flac's own test set."""

from __future__ import annotations

import random

import pytest
from cue_tools import ALBUM, AT0, CD, FRAMES, ONE, T1, TWO
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import CueSheetError
from nlac.audio.format import AudioFormat
from nlac.metadata.cue_sheet.model import CueIndex, CueSheet, CueTrack
from nlac.metadata.cue_sheet.parser import MAX_CHARACTERS, parse_cue_sheet
from nlac.metadata.cue_sheet.stored import decode_text
from nlac.metadata.cue_sheet.tags import track_tags
from nlac.metadata.cue_sheet.writer import write_cue_sheet

HIRES = AudioFormat(96_000, 2, 24)

GOOD = {
    "000.everything": (ALBUM, CD),
    "001.least": (ONE, CD),
    "002.dos_format": (ALBUM.replace("\n", "\r\n"), CD),
    "003.mac_format": (ALBUM.replace("\n", "\r"), CD),
    "004.byte_order_mark": ("\ufeff" + ALBUM, CD),
    "005.no_line_end": (ALBUM.rstrip(), CD),
    "006.blank_lines_and_tabs": ("\n \n\t\n" + TWO.replace(" ", "\t"), CD),
    "007.small_letters": (TWO.lower(), CD),
    "008.first_track_not_1": (TWO.replace("K 02", "K 08").replace("K 01", "K 07"), CD),
    "009.time_of_one_digit": (TWO.replace("01:00:00", "1:0:0"), CD),
    "010.long_times": (ONE + "TRACK 02 AUDIO\nINDEX 01 9999:59:74\n", AudioFormat(100, 2, 16)),
    "020.empty_texts": ('TITLE ""\n' + T1 + 'PERFORMER ""\n' + AT0, CD),
    "021.unknown_remarks": ("REM\nREM \nREM a b  c\n" + ONE, CD),
    "022.cd_text_file": ('CDTEXTFILE "a b.cdt"\n' + ONE, CD),
    "030.all_flags": (T1 + "FLAGS 4CH DCP PRE SCMS\n" + AT0, CD),
    "060.non_cdda_frames": (TWO.replace("01:00:00", "12345"), HIRES),
    "061.non_cdda_milliseconds": (TWO.replace("01:00:00", "01:00.125"), HIRES),
    "062.frames_in_cd_format": (TWO.replace("01:00:00", "12345"), CD),
    "063.rate_without_sectors": (TWO, AudioFormat(16_000, 1, 16)),
    "064.many_indices": (T1 + "".join(f"INDEX {i:02} 0:{i}:0\n" for i in range(50)), CD),
    "100.non_cdda_catalog": ("CATALOG anything-else\n" + ONE, HIRES),
    "110.isrc_without_hyphens": (T1 + "ISRC usabc9912345\n" + AT0, CD),
    "130.data_track": (TWO.replace("2 AUDIO", "2 MODE1/2352"), CD),
    "131.ninety_nine_tracks": (
        "".join(f"TRACK {i:02} AUDIO\nINDEX 01 00:{i - 1:02}:00\n" for i in range(1, 61)),
        CD,
    ),
    "132.non_cdda_tracks_above_99": (
        ONE + "".join(f"TRACK {i} AUDIO\nINDEX 01 {i}\n" for i in range(2, 255)),
        HIRES,
    ),
    "200.FLAC_lead_in_and_lead_out": (
        f"REM FLAC__lead-in 88200\nREM FLAC__lead-out 170 {FRAMES}\n{TWO}",
        CD,
    ),
    "201.FLAC_lead_out_of_no_cd": (f"REM FLAC__lead-out 255 {FRAMES}\n{TWO}", CD),
}

BAD = {
    "000.CATALOG_multiple": ("CATALOG 0123456789012\n" * 2 + ONE, 2, "a second CATALOG"),
    "001.CATALOG_missing_number": ("CATALOG\n" + ONE, 1, "lacks a number"),
    "002.CATALOG_number_too_long": (f"CATALOG {'1' * 129}\n{ONE}", 1, "no more than 128"),
    "003.CATALOG_not_13_digits": ("CATALOG 012345678901X\n" + ONE, 1, "13 digits"),
    "004.CATALOG_not_ASCII": ("CATALOG ä\n" + ONE, 1, "ASCII"),
    "020.FILE_multiple": ("FILE a WAVE\nFILE b WAVE\n" + ONE, 2, "a second FILE"),
    "021.FILE_after_TRACK": (ONE + "FILE b.wav WAVE\n", 3, "has one, in front"),
    "022.FILE_missing_type": ('FILE "a.wav"\n' + ONE, 1, "lacks a type"),
    "030.FLAGS_multiple": (T1 + "FLAGS PRE\nFLAGS DCP\n" + AT0, 3, "a second FLAGS"),
    "031.FLAGS_wrong_place_1": ("FLAGS PRE\n" + ONE, 1, "before the first TRACK"),
    "032.FLAGS_wrong_place_2": (ONE + "FLAGS PRE\n", 3, "FLAGS after INDEX"),
    "033.FLAGS_unknown": (T1 + "FLAGS PRO\n" + AT0, 2, "'PRO' is no flag"),
    "033.FLAGS_twice": (T1 + "FLAGS PRE pre\n" + AT0, 2, "twice"),
    "034.FLAGS_missing": (T1 + "FLAGS\n" + AT0, 2, "lacks flags"),
    "060.INDEX_wrong_place": (AT0 + ONE, 1, "INDEX before the first TRACK"),
    "061.INDEX_missing_number": (T1 + "INDEX\n", 2, "lacks a number"),
    "062.INDEX_invalid_number_1": (T1 + "INDEX a 00:00:00\n", 2, "not an index number"),
    "062.INDEX_invalid_number_2": (T1 + "INDEX -1 00:00:00\n", 2, "not an index number"),
    "063.first_INDEX_not_0_or_1": (T1 + "INDEX 02 00:00:00\n", 2, "is 00 or 01"),
    "064.INDEX_num_non_sequential": (ONE + "INDEX 03 00:10:00\n", 3, "INDEX 03 follows INDEX 01"),
    "065.INDEX_num_out_of_range": (
        T1 + "".join(f"INDEX {i} 0:{i // 60}:{i % 60}\n" for i in range(101)),
        102,
        "0 to 99",
    ),
    "066.INDEX_missing_offset": (T1 + "INDEX 01\n", 2, "lacks a position"),
    "067.INDEX_illegal_offset": (ONE + "INDEX 02 00:xx:00\n", 3, "is no position"),
    "068.INDEX_cdda_illegal_offset": (ONE + "INDEX 02 12345\n", 3, "are MM:SS:FF"),
    "068.INDEX_cdda_75_sectors": (ONE + "INDEX 02 00:01:75\n", 3, "is no position"),
    "069.nonzero_first_INDEX": (T1 + "INDEX 01 00:00:01\n", 2, "not at 00:00:00"),
    "070.INDEX_offset_not_ascending_1": (ONE + "INDEX 02 00:00:00\n", 3, "not behind"),
    "071.INDEX_offset_not_ascending_2": (TWO + "INDEX 02 00:59:00\n", 5, "not behind"),
    "072.INDEX_behind_the_end": (ONE + "INDEX 02 10:00:00\n", 3, "behind the end"),
    "073.INDEX_after_POSTGAP": (ONE + "POSTGAP 0:2:0\nINDEX 02 1:0:0\n", 4, "after POSTGAP"),
    "080.PREGAP_after_INDEX": (ONE + "PREGAP 00:02:00\n", 3, "PREGAP after INDEX"),
    "081.PREGAP_multiple": (T1 + "PREGAP 0:2:0\n" * 2 + AT0, 3, "a second PREGAP"),
    "082.POSTGAP_before_INDEX": (T1 + "POSTGAP 0:2:0\n" + AT0, 2, "POSTGAP before INDEX"),
    "083.POSTGAP_multiple": (ONE + "POSTGAP 0:2:0\n" * 2, 4, "a second POSTGAP"),
    "110.ISRC_multiple": (T1 + "ISRC USABC9912345\n" * 2 + AT0, 3, "a second ISRC"),
    "111.ISRC_wrong_place_1": ("ISRC USABC9912345\n" + ONE, 1, "before the first TRACK"),
    "112.ISRC_wrong_place_2": (ONE + "ISRC USABC9912345\n", 3, "ISRC after INDEX"),
    "113.ISRC_missing_number": (T1 + "ISRC\n" + AT0, 2, "lacks a code"),
    "114.ISRC_invalid_number": (T1 + "ISRC USABC991234X\n" + AT0, 2, "is no ISRC"),
    "130.TRACK_missing_INDEX_01_1": (T1, 1, "TRACK 01 has no INDEX 01"),
    "131.TRACK_missing_INDEX_01_2": (T1 + "INDEX 00 00:00:00\n", 1, "no INDEX 01"),
    "132.TRACK_missing_INDEX_01_3": (T1 + "TRACK 02 AUDIO\n", 1, "TRACK 01 has no INDEX 01"),
    "133.TRACK_missing_INDEX_01_4": (ONE + "TRACK 02 AUDIO\n", 3, "TRACK 02 has no INDEX 01"),
    "134.TRACK_missing_number": ("TRACK\n" + AT0, 1, "lacks a number"),
    "135.TRACK_invalid_number_1": ("TRACK x AUDIO\n" + AT0, 1, "not a track number"),
    "136.TRACK_invalid_number_2": ("TRACK 0 AUDIO\n" + AT0, 1, "track number 0: 1 to 254"),
    "137.TRACK_cdda_out_of_range": ("TRACK 100 AUDIO\n" + AT0, 1, "has 1 to 99"),
    "138.TRACK_num_non_sequential": (ONE + "TRACK 03 AUDIO\n", 3, "track 3 follows track 1"),
    "139.TRACK_missing_type": ("TRACK 01\n" + AT0, 1, "lacks a type"),
    "139.TRACK_unknown_type": ("TRACK 01 VIDEO\n" + AT0, 1, "no type of a track"),
    "140.no_TRACKs": ("FILE a.wav WAVE\n", None, "no TRACK"),
    "141.empty": ("", None, "no TRACK"),
    "160.unknown_command": (ONE + "INDX 02 00:01:00\n", 3, "'INDX' is no command"),
    "161.quotation_mark_open": ('TITLE "a\n' + ONE, 1, "quotation mark"),
    "162.quotation_mark_inside": ('TITLE "The "Best" Of"\n' + ONE, 1, "quotation mark"),
    "163.text_without_quotes": ("TITLE The Best\n" + ONE, 1, "quote spaces"),
    "164.TITLE_multiple": ("TITLE a\nTITLE b\n" + ONE, 2, "a second TITLE"),
    "165.PERFORMER_missing": ("PERFORMER\n" + ONE, 1, "lacks a text"),
    "166.control_character": ("TITLE a\0b\n" + ONE, 1, "control character"),
    "167.too_long": ("REM " + "x" * MAX_CHARACTERS, None, "longer than"),
    "168.too_many_lines": ("\n" * 20_000 + ONE, None, "more than 20000 lines"),
    "169.too_many_words": ("TITLE " + "a " * 500_000, 1, "quote spaces"),
    "200.FLAC_leadin_missing_offset": ("REM FLAC__lead-in\n" + ONE, 1, "lacks a number"),
    "201.FLAC_leadin_illegal_offset": ("REM FLAC__lead-in x\n" + ONE, 1, "not a number"),
    "202.FLAC_leadin_cdda_illegal_offset": ("REM FLAC__lead-in 587\n" + ONE, 1, "multiple of 588"),
    "203.FLAC_leadin_multiple": ("REM FLAC__lead-in 0\n" * 2 + ONE, 2, "a second lead-in"),
    "230.FLAC_leadout_multiple": (f"REM FLAC__lead-out 170 {FRAMES}\n" * 2 + ONE, 2, "a second"),
    "231.FLAC_leadout_missing_track": ("REM FLAC__lead-out\n" + ONE, 1, "lacks a track"),
    "232.FLAC_leadout_illegal_track": (f"REM FLAC__lead-out 7 {FRAMES}\n" + ONE, 1, "is track 170"),
    "233.FLAC_leadout_missing_offset": ("REM FLAC__lead-out 170\n" + ONE, 1, "lacks a number"),
    "234.FLAC_leadout_illegal_offset": ("REM FLAC__lead-out 170 x\n" + ONE, 1, "not a number"),
    "235.FLAC_leadout_offset_not_the_end": ("REM FLAC__lead-out 170 588\n" + ONE, 1, "26460000"),
}


@pytest.mark.parametrize("name", GOOD)
def test_good(name: str) -> None:
    text, fmt = GOOD[name]
    sheet = parse_cue_sheet(text, fmt, FRAMES if fmt is CD else None)
    assert all(track.indices for track in sheet.tracks)
    # what is written of it means the same
    written = write_cue_sheet(sheet, fmt.sample_rate)
    again = parse_cue_sheet(written, fmt, FRAMES if fmt is CD else None)
    assert again.tracks == sheet.tracks
    assert (again.catalog, again.title, again.lead_out) == (
        sheet.catalog, sheet.title, sheet.lead_out,
    )  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad(name: str) -> None:
    text, line, reason = BAD[name]
    is_cd = True if "cdda" in name else None
    with pytest.raises(CueSheetError) as caught:
        parse_cue_sheet(text, CD, FRAMES, is_cd)
    assert caught.value.line == line
    assert reason in caught.value.reason
    assert str(caught.value).startswith("cue sheet" + (f", line {line}: " if line else ": "))


def test_everything_is_understood() -> None:
    sheet = parse_cue_sheet(ALBUM, CD, FRAMES)
    assert sheet.is_cd
    assert (sheet.title, sheet.performer) == ("Two, three", "The Örgan")
    assert (sheet.catalog, sheet.file_name) == ("0123456789012", "album.wav")
    assert (sheet.remark("GENRE"), sheet.remark("DATE")) == ("Ambient", "1999")
    first, second, third = sheet.tracks
    assert (first.title, first.isrc, first.flags) == ("Öne", "DEABC9900001", ("DCP", "PRE"))
    assert (first.first_frame, first.start) == (0, 88_200)
    assert [index.frame for index in second.indices] == [
        (239 * 75 + 74) * 588, 241 * 44_100, (300 * 75 + 37) * 588,
    ]  # fmt: skip
    assert (third.pregap, third.postgap) == (88_200, 44_100)


def test_a_time_between_frames_means_the_earlier() -> None:
    sheet = parse_cue_sheet(ONE + "INDEX 02 00:00:01\n", AudioFormat(16_000, 1, 16))
    assert sheet.tracks[0].indices[1].frame == 213


def test_a_sheet_in_another_encoding_is_told() -> None:
    data = ALBUM.encode("cp1252")
    with pytest.raises(CueSheetError, match=r"line 4: not UTF-8 .* --cuesheet-encoding"):
        decode_text(data)
    assert decode_text(data, "cp1252") == ALBUM
    with pytest.raises(CueSheetError, match="no encoding 'klingon'"):
        decode_text(data, "klingon")


def test_tags_of_a_track() -> None:
    sheet = parse_cue_sheet(ALBUM, CD)
    album = [("Title", "x"), ("DATE", "2001"), ("LABEL", "L"), ("REPLAYGAIN_ALBUM_GAIN", "1 dB")]
    assert track_tags(sheet, sheet.tracks[1], album) == [
        ("TITLE", "Two"),
        ("ARTIST", "Another"),
        ("ALBUM", "Two, three"),
        ("ALBUMARTIST", "The Örgan"),
        ("TRACKNUMBER", "2"),
        ("TRACKTOTAL", "3"),
        ("BARCODE", "0123456789012"),
        ("GENRE", "Ambient"),
        ("DATE", "1999"),
        ("LABEL", "L"),
        ("REPLAYGAIN_ALBUM_GAIN", "1 dB"),
    ]
    hidden = dict(track_tags(sheet, None))
    assert hidden["TRACKNUMBER"] == "0"
    assert "TITLE" not in hidden


def test_texts_that_no_sheet_can_hold_are_replaced() -> None:
    track = CueTrack(1, (CueIndex(1, 0),), title='a "b"\nc\x00\ud800', performer="　d")
    text = write_cue_sheet(CueSheet((track,)), 44_100)
    again = parse_cue_sheet(text, CD).tracks[0]
    assert (again.title, again.performer) == ("a 'b' c", "d")


WORDS = [
    *("CATALOG", "FILE", "FLAGS", "INDEX", "ISRC", "PREGAP", "POSTGAP", "REM", "TITLE", "TRACK"),
    *("AUDIO", "WAVE", "00", "01", "02", "99", "255", "00:00:00", "00:00:01", "99:59:74", "1.5"),
    *('"', '"a"', "\n", "\r", "\t", "\0", "\ufeff", "\x85", "PRE", "4CH", "FLAC__lead-in", "٣"),
    *("FLAC__lead-out", "170", "18446744073709551616", "USABC9912345", "0123456789012"),
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=40).map(" ".join))
def test_nothing_but_our_error_comes_of_hostile_sheets(text: str) -> None:
    for fmt in (CD, AudioFormat(1, 255, 1), AudioFormat(2**32 - 1, 1, 32)):
        try:
            sheet = parse_cue_sheet(text, fmt, 1_000_000)
        except CueSheetError:
            continue
        assert len(sheet.tracks) <= 254
        write_cue_sheet(sheet, fmt.sample_rate)


def test_changed_sheets_are_read_or_refused() -> None:
    random_ = random.Random(19)
    lines = ALBUM.splitlines()
    for _ in range(2000):
        changed = lines[:]
        for _ in range(random_.randint(1, 3)):
            place = random_.randrange(len(changed))
            other = random_.choice(lines)
            changed[place : place + random_.randint(0, 2)] = [other] * random_.randint(0, 2)
        try:
            sheet = parse_cue_sheet("\n".join(changed), CD, FRAMES)
        except CueSheetError:
            continue
        frames = [index.frame for track in sheet.tracks for index in track.indices]
        assert frames == sorted(set(frames))

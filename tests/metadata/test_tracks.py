"""Recordings divided into tracks and joined again: the samples are the same, by their MD5."""

from __future__ import annotations

import hashlib
import io
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import nlac
from nlac._errors import CueSheetError, OutputExists, UnsupportedAudio, UsageError
from nlac.api.tracks.naming import NameTemplate, distinct, safe_name
from nlac.api.tracks.sheets import read_cue_sheet
from nlac.bitstream.items import Picture
from nlac.bitstream.metadata import MetadataItem
from nlac.bitstream.reader import IndexedReader
from nlac.bitstream.writer import StreamWriter
from nlac.editing.editor import MetadataEditor
from nlac.metadata.replay_gain import gain_tags

RATE = 44_100
SHEET = """\
REM DATE 1999
TITLE "Album"
PERFORMER "Band"
FILE "a.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One/../../etc"
    INDEX 00 00:00:00
    INDEX 01 00:00:30
  TRACK 02 AUDIO
    TITLE "con"
    INDEX 00 00:01:00
    INDEX 01 00:01:10
  TRACK 03 AUDIO
    TITLE "con"
    INDEX 01 00:02:01
"""
PICTURE = Picture(3, "image/png", "", 1, 1, 24, 0, b"\x89PNG and so on")


def music(frames: int, channels: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wave = 9000 * np.sin(np.arange(frames) / 30)[:, None] * np.ones(channels)
    return (wave + rng.normal(0, 30, (frames, channels))).astype(np.int16)


SAMPLES = music(3 * RATE + 100)


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds in blocks of 0.7 s, with a cue sheet."""
    folder = tmp_path_factory.mktemp("album")
    soundfile.write(folder / "album.wav", SAMPLES, RATE)
    nlac.encode(
        folder / "album.wav", folder / "album.nlac", cuesheet=SHEET, preset="fast",
        block_seconds=0.7, tags={"TITLE": "Album", "DATE": "x", "LABEL": "L"}, pictures=[PICTURE],
    )  # fmt: skip
    return folder / "album.nlac"


def md5(samples: np.ndarray) -> str:
    return hashlib.md5(samples.astype("<i2").tobytes()).hexdigest()


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


NAMES = {
    "": "_", ".": "_", "..": "_", "  ": "_", "...And": "And", "a/b\\c": "a_b_c", "Nul": "_Nul",
    "com1.x": "_com1.x", "a\0b\n": "a_b_", "ends. ": "ends", "con artist": "con artist",
    "x" * 500: "x" * 200, "é" * 300: "é" * 100, "\ud800": "_", 'a"*?<>|:': "a_______",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_are_safe(text: str) -> None:
    assert safe_name(text) == NAMES[text]


@given(st.text(max_size=300))
def test_no_title_leads_out_of_the_folder(text: str) -> None:
    name = NameTemplate("{title}").fill({"title": text})
    assert name == Path(name).name
    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert len(name.encode()) <= 201


def test_equal_names_get_numbers() -> None:
    assert distinct(["a", "A", "b", "a"]) == ["a", "A (2)", "b", "a (3)"]
    assert distinct(["a", "a (2)", "a"]) == ["a", "a (2)", "a (3)"]


@pytest.mark.parametrize(
    "template",
    ["{x}", "{title.__class__}", "{0}", "{title", "}", "{track:99999d}", "a/{title}", "..\\x"],
)
def test_wrong_templates(template: str) -> None:
    with pytest.raises(UsageError, match="name "):
        NameTemplate(template)


# joining


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three streams of unlike block lengths and coders."""
    folder = tmp_path_factory.mktemp("parts")
    given = [(0, 30_001, 0.2, "auto"), (30_001, 30_002, 1.0, "rice"), (30_002, 70_000, 0.5, "auto")]
    for number, (start, stop, block_seconds, coder) in enumerate(given, 1):
        nlac.write(
            folder / f"{number}.nlac", SAMPLES[start:stop], RATE, preset="fast", coder=coder,
            block_seconds=block_seconds, pictures=[PICTURE],
            tags={"ALBUM": "All", "TITLE": f"T{number}", "ISRC": "USABC9912345", "N": str(number)},
        )  # fmt: skip
    return [folder / f"{number}.nlac" for number in (1, 2, 3)]


def payloads(path: Path) -> list[bytes]:
    with open(path, "rb") as file:
        reader = IndexedReader(file)
        return [reader.block(number).payload for number in range(reader.num_blocks)]


def test_blocks_are_kept(parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "all.nlac"
    result = nlac.join(parts, out)
    assert result.md5 == md5(SAMPLES[:70_000]) == nlac.test(out).md5
    assert payloads(out) == [payload for part in parts for payload in payloads(part)]
    info = nlac.info(out)
    assert (info.block_length, info.coder) == (RATE, "auto")
    assert (result.frames, result.num_blocks) == (70_000, info.num_blocks)
    assert info.tags == {"ALBUM": ["All"], "N": ["1"]}
    assert [(t.title, t.start, t.isrc) for t in info.tracks] == [
        ("T1", 0, "USABC9912345"), ("T2", 30_001, "USABC9912345"), ("T3", 30_002, "USABC9912345"),
    ]  # fmt: skip
    with nlac.open(out) as file:
        assert file.pictures == [PICTURE]
        assert np.array_equal(file[29_990:30_010], SAMPLES[29_990:30_010])


def test_split_and_join_are_inverse(album: Path, tmp_path: Path) -> None:
    tracks = nlac.split(album, tmp_path, container="nlac", preset="fast").tracks
    result = nlac.join([track.path for track in tracks], tmp_path / "all.nlac")
    assert result.md5 == nlac.info(album).md5
    again = nlac.split(tmp_path / "all.nlac", tmp_path / "again", container="wav")
    assert [track.md5 for track in again.tracks] == [track.md5 for track in tracks]


def test_tags_of_a_joint_stream(parts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "a.nlac"
    nlac.join(parts, out, tags_from="common", tags={"TITLE": "Mine"}, cuesheet=False)
    assert nlac.info(out).tags == {"ALBUM": ["All"], "TITLE": ["Mine"]}
    assert nlac.info(out).tracks == ()
    nlac.join(parts, out, tags_from="none", force=True)
    assert nlac.info(out).tags == {}
    assert [item.name for item in nlac.info(out).metadata] == ["cue sheet"]
    with pytest.raises(UsageError, match="tags_from"):
        nlac.join(parts, out, tags_from="last", force=True)


def test_pictures_of_all_inputs_alike_are_not_told_as_lost(
    parts: list[Path], tmp_path: Path
) -> None:
    assert nlac.join(parts, tmp_path / "a.nlac").warnings == ()
    told = nlac.join(parts, tmp_path / "b.nlac", tags_from="common").warnings
    assert told == ()
    told = nlac.join(parts, tmp_path / "c.nlac", tags_from="none").warnings
    assert told == ("not in the result: 3 pictures",)


def test_originals_and_sheets_of_the_inputs_are_told(album: Path, tmp_path: Path) -> None:
    result = nlac.join([album, album], tmp_path / "a.nlac")
    assert "original file of 2 of 2 inputs" in result.warnings[0]
    assert "2 cue sheets" in result.warnings[1]
    assert nlac.info(tmp_path / "a.nlac").container is None


def test_many_inputs(parts: list[Path], tmp_path: Path) -> None:
    """More tracks than a compact disc has; and inputs of no frames are no tracks."""
    one = tmp_path / "one.nlac"
    nlac.write(one, SAMPLES[:588], RATE, preset="fast")
    empty = tmp_path / "empty.nlac"
    nlac.write(empty, SAMPLES[:0], RATE, preset="fast")
    out = tmp_path / "a.nlac"
    nlac.join([empty, *[one] * 100, empty], out)
    assert len(nlac.info(out).tracks) == 100
    result = nlac.join([one] * 255, out, force=True)
    assert result.warnings == ("no cue sheet: 255 tracks, of 1 to 254",)
    assert nlac.join([empty], out, force=True).frames == 0


FORMATS = {
    "22050 Hz": {"sample_rate": 22_050},
    "1 channels": {"channels": 1},
    "12 bits": {"bits_per_sample": 12},
    "float samples": {"is_float": True, "bits_per_sample": 32},
}


@pytest.mark.parametrize("told", FORMATS)
def test_streams_that_never_fit(parts: list[Path], tmp_path: Path, told: str) -> None:
    fmt = {"sample_rate": RATE, "channels": 2, "bits_per_sample": 16} | FORMATS[told]
    other = tmp_path / "b.nlac"
    with nlac.open(other, "w", preset="fast", **fmt) as file:
        file.write(np.zeros((9, fmt["channels"]), np.float32 if "is_float" in fmt else np.int16))
    with pytest.raises(UnsupportedAudio, match=f"b.nlac: {told}, but .*1.nlac has"):
        nlac.join([parts[0], other], tmp_path / "a.nlac", reencode=True)


def test_unlike_predictors_are_encoded_anew_if_asked(parts: list[Path], tmp_path: Path) -> None:
    other, out = tmp_path / "b.nlac", tmp_path / "a.nlac"
    # silence needs no predictor
    silence = np.zeros((3000, 2), np.int16)
    nlac.write(tmp_path / "lpc.nlac", silence, RATE, preset="fast")
    with open(tmp_path / "lpc.nlac", "rb") as file:
        reader = IndexedReader(file)
        writer = StreamWriter(replace(reader.header, predictor_id=2))
        data = writer.begin() + writer.block(reader.block(0).payload, 3000)
        other.write_bytes(data + writer.end(reader.trailer.pcm_md5))
    with pytest.raises(UnsupportedAudio, match=r"coded by cascade, .* by lpc; reencode"):
        nlac.join([parts[0], other], out)
    result = nlac.join([parts[0], other], out, reencode=True, preset="fast", block_seconds=0.1)
    assert result.encoded
    assert result.md5 == nlac.test(out).md5
    assert result.md5 == md5(np.concatenate([SAMPLES[:30_001], silence]))
    assert result.num_blocks == 8


def test_channel_masks(parts: list[Path], tmp_path: Path) -> None:
    left_right, back = tmp_path / "b.nlac", tmp_path / "c.nlac"
    nlac.write(left_right, SAMPLES[:9], RATE, preset="fast", channel_mask=3)
    nlac.write(back, SAMPLES[:9], RATE, preset="fast", channel_mask=0x30)
    result = nlac.join([parts[0], left_right], tmp_path / "a.nlac")
    assert "mask 0x3 is taken" in result.warnings[0]
    assert nlac.info(tmp_path / "a.nlac").channel_mask == 3
    with pytest.raises(UnsupportedAudio, match="masks"):
        nlac.join([left_right, back], tmp_path / "d.nlac")


def test_damaged_inputs_are_named(parts: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.nlac"
    data = bytearray(parts[2].read_bytes())
    data[len(data) // 2] ^= 1
    bad.write_bytes(data)
    out = tmp_path / "a.nlac"
    with pytest.raises(nlac.CorruptStream, match=r"bad\.nlac: "):
        nlac.join([parts[0], bad], out)
    bad.write_bytes(b"RIFF and so on, for long enough to be a header of something else")
    with pytest.raises(nlac.BadMagic, match=r"bad\.nlac: .* WAV"):
        nlac.join([parts[0], bad], out)
    assert not out.exists()
    with pytest.raises(UsageError, match="same file"):
        nlac.join([parts[0], parts[1]], parts[1], force=True)
    for nothing in ([], str(parts[0])):
        with pytest.raises(UsageError, match="sequence"):
            nlac.join(nothing, out)


# changing metadata, and gains


@settings(max_examples=25)
@given(st.sampled_from([8, 16, 24, 32]), st.floats(-60, 60), st.sampled_from([None, 0.25, 1.0]))
def test_gain_is_applied_to_each_sample(bits: int, gain: float, peak: float | None) -> None:
    top = (1 << (bits - 1)) - 1
    rng = np.random.default_rng(bits)
    samples = rng.integers(-top // 4, top // 4, 500)
    tags = {"REPLAYGAIN_TRACK_GAIN": f"{gain:+.2f} dB"}
    if peak is not None:
        tags["replaygain_track_peak"] = f"{peak:.6f}"
    stream, out = io.BytesIO(), io.BytesIO()
    nlac.write(stream, samples, 8000, bits_per_sample=bits, tags=tags, preset="fast")
    result = nlac.decode(stream.getvalue(), out, container="raw", apply_gain="track")
    highest = np.inf if peak is None else -20 * np.log10(peak)
    decibels = min(round(gain, 2), highest)
    assert result.gain_db == pytest.approx(decibels)
    width = bits // 8
    raw = np.frombuffer(out.getvalue(), np.uint8).reshape(-1, width)
    padded = np.zeros((len(raw), 8), np.uint8)
    padded[:, 8 - width :] = raw
    found = padded.reshape(-1).view("<i8") >> (64 - bits)
    wanted = np.rint(samples * 10 ** (decibels / 20))
    expected = np.clip(wanted, -top - 1, top)
    assert np.array_equal(found, expected)
    told = " ".join(result.warnings)
    assert ("limited" in told) != np.array_equal(wanted, expected)
    assert ("instead of" in told) == (decibels < round(gain, 2))


def test_gain_is_never_applied_unasked_and_its_tags_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nlac"
    tags = gain_tags("album", -10.0, 0.9, r128=True) | {"TITLE": "x"}
    nlac.write(path, SAMPLES[:2000], RATE, preset="fast", tags=tags)
    nlac.decode(path, tmp_path / "plain.flac")
    assert np.array_equal(soundfile.read(tmp_path / "plain.flac", dtype="int16")[0], SAMPLES[:2000])
    assert nlac.decode(path, tmp_path / "a.flac", apply_gain="album").gain_db == -8.0
    found = soundfile.read(tmp_path / "a.flac", dtype="int16")[0]
    assert np.array_equal(found, np.rint(SAMPLES[:2000] * 10 ** (-8 / 20)))
    data = (tmp_path / "a.flac").read_bytes()
    assert b"TITLE=x" in data
    assert b"REPLAYGAIN" not in data
    assert b"R128" not in data
    with pytest.raises(UsageError, match="REPLAYGAIN_TRACK_GAIN; nlac gain"):
        nlac.decode(path, tmp_path / "b.wav", apply_gain="track")
    with pytest.raises(UsageError, match="'track' or 'album'"):
        nlac.decode(path, tmp_path / "b.wav", apply_gain="loud")


def test_gains_in_other_forms(tmp_path: Path) -> None:
    path = tmp_path / "a.nlac"
    for tags, expected in (
        ({"R128_TRACK_GAIN": "-512"}, 3.0),
        ({"REPLAYGAIN_TRACK_GAIN": "-3.5"}, -3.5),
        ({"REPLAYGAIN_TRACK_GAIN": "loud"}, None),
        ({"R128_TRACK_GAIN": "1e9"}, None),
    ):
        nlac.write(path, SAMPLES[:10], RATE, preset="fast", tags=tags, force=True)
        if expected is None:
            with pytest.raises(UsageError, match="TRACK_GAIN"):
                nlac.decode(path, tmp_path / "b.wav", apply_gain="track", force=True)
        else:
            done = nlac.decode(path, tmp_path / "b.wav", apply_gain="track", force=True)
            assert done.gain_db == expected

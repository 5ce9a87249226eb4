"""Streams joined to one: blocks are kept as they are, and what gets lost is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from track_tools import PICTURE, RATE, SAMPLES, md5

import nlac
from nlac._errors import UnsupportedAudio, UsageError
from nlac.bitstream.reader import IndexedReader
from nlac.bitstream.writer import StreamWriter


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

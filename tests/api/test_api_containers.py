"""Fresh files: which container they have, and what of the stream reaches them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stream_tools import RATE, PipeEnd

import nlac
from nlac.api.fresh import carried
from nlac.audio.flac import encoders
from nlac.audio.format import AudioFormat
from nlac.audio.source import open_source
from nlac.bitstream import constants as c
from nlac.bitstream.items import Tags
from nlac.bitstream.metadata import MetadataItem


def test_strip_chunks_writes_a_fresh_file(wav, samples, tmp_path):
    result = nlac.encode(wav, tmp_path / "s.nlac", strip_chunks=True)
    assert not result.restorable
    assert nlac.info(tmp_path / "s.nlac").container is None
    decoded = nlac.decode(tmp_path / "s.nlac", tmp_path / "s.wav")
    assert not decoded.restored
    assert decoded.container == "wav"
    back, rate = soundfile.read(tmp_path / "s.wav", dtype="int16")
    np.testing.assert_array_equal(back, samples)
    assert rate == RATE
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(tmp_path / "s.nlac", io.BytesIO(), container="original")


@pytest.mark.parametrize("suffix", ["flac", "aiff", "w64", "caf", "wav"])
def test_suffix_chooses_the_container(coded, samples, suffix, tmp_path):
    result = nlac.decode(coded, tmp_path / f"b.{suffix}")
    assert result.container == suffix
    assert result.restored == (suffix == "wav")
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / f"b.{suffix}", dtype="int16")[0], samples
    )


def test_container_chosen_by_name(coded, wav, tmp_path):
    result = nlac.decode(coded, tmp_path / "b.flac", container="original")
    assert result.restored
    assert (tmp_path / "b.flac").read_bytes() == wav.read_bytes()
    assert nlac.decode(coded, tmp_path / "noname").restored
    assert nlac.decode(coded, io.BytesIO()).restored
    assert nlac.decode(coded, tmp_path / "b.wav", container="rf64").container == "rf64"
    # a name may ask for it, too
    for name in ("rf64", "bw64"):
        assert nlac.decode(coded, tmp_path / f"c.{name}").container == name
        assert (tmp_path / f"c.{name}").read_bytes()[:4] == name.upper().encode()
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(coded, io.BytesIO(), container="original", start=1)


def test_a_part_is_a_fresh_file(coded, samples, tmp_path):
    result = nlac.decode(coded, tmp_path / "p.wav", start=5, stop=-5)
    assert not result.restored
    assert result.md5 is None
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "p.wav", dtype="int16")[0], samples[5:-5]
    )


def test_audio_only_sources_are_refused_unless_accepted(samples, tmp_path):
    soundfile.write(tmp_path / "a.caf", samples, RATE)
    with pytest.raises(nlac.NotRestorable, match="audio_only"):
        nlac.encode(tmp_path / "a.caf", tmp_path / "a.nlac")
    assert [p.name for p in tmp_path.iterdir()] == ["a.caf"]
    result = nlac.encode(tmp_path / "a.caf", tmp_path / "a.nlac", audio_only=True)
    assert not result.restorable
    assert result.container == "caf"
    np.testing.assert_array_equal(nlac.read(tmp_path / "a.nlac")[0], samples)


PICTURE = nlac.Picture(3, "image/png", "front", 1, 1, 24, 0, b"png")


def flac_facts(data):
    """What a FLAC file holds besides audio, as the encoder names it."""
    with open_source(io.BytesIO(data)) as source:
        while len(source.read(1000)):
            pass
        return source.warnings[1:]


def test_tags_and_pictures_reach_flac(samples, wav, tmp_path):
    path = tmp_path / "a.nlac"
    tags = {"Title": "Ä", "Artist": ["A", "B"]}
    nlac.encode(wav, path, tags=tags, pictures=[PICTURE, PICTURE])
    for out in (tmp_path / "b.flac", PipeEnd(), io.BytesIO()):
        container = None if isinstance(out, Path) else "flac"
        result = nlac.decode(path, out, container=container)
        assert result.warnings == ()
        if isinstance(out, Path):
            data = out.read_bytes()
        else:
            data = out.data if isinstance(out, PipeEnd) else out.getvalue()
        assert flac_facts(data) == ["not kept: tags (TITLE, ARTIST), 2 pictures"]
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            assert file.title == "Ä"
            np.testing.assert_array_equal(file.read(dtype="int16"), samples)


def test_what_a_fresh_file_lacks_is_named(wav, coded, tmp_path):
    result = nlac.decode(coded, tmp_path / "b.w64")
    assert result.warnings == ("not in the w64 file: tags (TITLE, ARTIST)",)
    result = nlac.decode(coded, tmp_path / "c.wav", start=3)
    assert result.warnings == (
        "not in the wav file: tags (TITLE, ARTIST)",
        "not in a part of the file: chunks (bext, cue)",
    )
    result = nlac.decode(coded, tmp_path / "d.w64", recover=True)
    assert result.warnings == ("not in the w64 file: tags (TITLE, ARTIST)",)
    assert nlac.decode(coded, tmp_path / "e.wav").warnings == ()
    assert nlac.decode(coded, None).warnings == ()


def test_items_of_all_kinds_are_carried_or_named():
    tags = Tags.from_mapping({"A": "b"}).to_item()
    items = [
        MetadataItem(c.ITEM_PADDING, bytes(9)),
        tags,
        Tags.from_mapping({"second": "b"}).to_item(),
        PICTURE.to_item(),
        MetadataItem(c.ITEM_PICTURE, b"bad"),
        MetadataItem(c.ITEM_CUE_SHEET, b"FILE"),
        MetadataItem(c.ITEM_APPLICATION, b"riffdata"),
        MetadataItem(200, b"private"),
    ]
    blocks, lost = carried(items, "flac", AudioFormat(RATE, 2, 16))
    assert [(b.kind, b.data) for b in blocks] == [
        (4, tags.data), (6, PICTURE.to_item().data), (2, b"riffdata")
    ]  # fmt: skip
    assert lost == ["1 damaged item of type picture", "1 cue sheet"]
    blocks, lost = carried(items, "wav", AudioFormat(RATE, 2, 16))
    assert blocks == []
    assert sorted(lost, key=lambda text: "damaged" in text) == [
        "tags (A)",
        "1 cue sheet",
        "1 picture",
        "1 application",
        "1 damaged item of type picture",
    ]


@pytest.mark.parametrize(
    ("bits", "container", "depth"),
    [(20, "flac", 24), (20, "caf", 24), (2, "au", 8), (12, "raw", 16), (20, "wav", 20)],
)
def test_a_depth_that_the_container_does_not_have_is_told(bits, container, depth, monkeypatch):
    monkeypatch.setattr(encoders, "_PROGRAM", "no such program")
    stream = io.BytesIO()
    nlac.write(stream, np.ones((9, 1), np.int32), RATE, bits_per_sample=bits)
    result = nlac.decode(stream, io.BytesIO(), container=container)
    told = f"samples of {depth} bits, {1 << (depth - bits)} times those of {bits} bits"
    assert [told in warning for warning in result.warnings] == [True] * (depth != bits)


def test_a_recovered_part_has_no_md5_of_the_whole(coded):
    whole = nlac.decode(coded, None, recover=True)
    assert whole.md5 == nlac.info(coded).md5
    assert nlac.decode(coded, None, recover=True, start=10).md5 is None

"""Tags inside of original files go on into fresh files, tracks and joint streams."""

from __future__ import annotations

import io
from pathlib import Path

import flac_tools
import numpy as np
import pytest
from originals_tools import bext, id3, info, stored
from wavmaker import BIG, DATA, Pipe, aiff, chunk, comm, fmt, wav

import nlac
from nlac.bitstream.reader import IndexedReader
from nlac.metadata import mutagen_tags
from nlac.metadata.files import read_file_tags

INFO = info(INAM=b"Song", IART=b"Me")
TAGS = {"TITLE": ["Song"], "ARTIST": ["Me"]}
SHEET = 'FILE "a.wav" WAVE\nTRACK 01 AUDIO\n  TITLE "One"\n  INDEX 01 00:00:00\n'
PICTURE = nlac.Picture(3, "image/gif", "", 1, 1, 24, 0, b"gif")


def flac_tags(data: bytes | Path) -> dict[str, list[str]]:
    return read_file_tags(data).to_mapping()


def of_flac(*texts: str, more: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    """A FLAC file of 100 frames with these comments."""
    samples = np.arange(100, dtype=np.int64)[:, None]
    return flac_tools.flac(samples, 16, blocks=[(4, flac_tools.comments(*texts)), *more])


def with_sheet(data: bytes, path: Path) -> Path:
    """The stream of a file, with a cue sheet of one track."""
    nlac.encode(data, path, preset="fast", threads=1, cuesheet=SHEET, force=True)
    return path


# fresh files


@pytest.mark.parametrize("options", [{}, {"start": 10}, {"recover": True}])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_flac_file_gets_the_tags_of_a_wav_original(place, options, tmp_path):
    stream = stored(wav(fmt(), DATA, **{place: INFO}))
    result = nlac.decode(stream, tmp_path / "a.flac", **options)
    assert flac_tags(tmp_path / "a.flac") == TAGS
    missing = ("not in a part of the file: chunks (LIST)",)
    assert result.warnings == (missing if "start" in options else ())


def test_a_flac_file_gets_the_texts_of_an_aiff_original(tmp_path):
    texts = chunk(b"NAME", b"T", order=">") + chunk(b"ANNO", b"one", order=">")
    nlac.decode(stored(aiff(comm(frames=100), BIG, after=texts)), tmp_path / "a.flac")
    assert flac_tags(tmp_path / "a.flac") == {"TITLE": ["T"], "COMMENT": ["one"]}


def test_stored_tags_stand_for_those_of_the_original(tmp_path):
    path = tmp_path / "a.nlac"
    path.write_bytes(stored(wav(fmt(), DATA, after=INFO)))
    with nlac.open(path, "r+") as file:
        file.pictures.append(PICTURE)
        file.tags["TITLE"] = ["Mine"]
        del file.tags["ARTIST"]
    nlac.decode(path, tmp_path / "a.flac")
    assert flac_tags(tmp_path / "a.flac") == {"TITLE": ["Mine"]}
    assert list(read_file_tags(tmp_path / "a.flac").pictures) == [PICTURE]


def test_tags_that_a_pipe_brings_too_late_are_told():
    """FLAC's comments are in front of the samples."""
    stream = stored(wav(fmt(), DATA, before=bext(1), after=INFO))
    late = "not in the file: tags (TITLE, ARTIST), which came after the audio"
    out = io.BytesIO()
    result = nlac.decode(Pipe(stream), out, container="flac")
    assert result.warnings == (late,)
    tags = flac_tags(out.getvalue())
    assert tags["DESCRIPTION"] == ["A scene"]
    assert "TITLE" not in tags
    # what is in front is in the file
    early = stored(wav(fmt(), DATA, before=INFO))
    out = io.BytesIO()
    assert nlac.decode(Pipe(early), out, container="flac").warnings == ()
    assert flac_tags(out.getvalue()) == TAGS
    # neither the original nor a check of it lacks anything
    assert nlac.decode(Pipe(stream), io.BytesIO()).warnings == ()
    assert nlac.decode(Pipe(stream), None).warnings == ()


def test_a_growing_stream_is_not_read_ahead(tmp_path):
    (tmp_path / "a.nlac").write_bytes(stored(wav(fmt(), DATA, after=INFO)))
    result = nlac.follow(tmp_path / "a.nlac", tmp_path / "a.flac", container="flac")
    assert result.warnings == ("not in the file: tags (TITLE, ARTIST), which came after the audio",)


@pytest.mark.parametrize("container", ["w64", "flac"])
def test_what_needs_mutagen_is_told(container, monkeypatch, tmp_path):
    monkeypatch.setattr(mutagen_tags, "is_installed", lambda: False)
    stream = stored(wav(fmt(), DATA, after=chunk(b"id3 ", id3(TIT2=b"a"))))
    for source in (stream, Pipe(stream)):
        (told,) = nlac.decode(source, io.BytesIO(), container=container).warnings
        assert "nlac[tags]" in told


def test_damage_behind_the_samples_is_placed_as_ever(tmp_path):
    stream = bytearray(stored(wav(fmt(), DATA, after=INFO)))
    with nlac.open(bytes(stream)) as file:
        assert file.tags == TAGS
    stream[IndexedReader(io.BytesIO(stream)).trailer.end_of_blocks + 20] ^= 1
    with pytest.raises(nlac.ChecksumMismatch, match="metadata") as raised:
        nlac.decode(bytes(stream), tmp_path / "a.flac")
    assert raised.value.offset_bytes is not None
    assert not (tmp_path / "a.flac").exists()


def test_a_gain_inside_of_the_original_can_be_applied(tmp_path):
    pytest.importorskip("mutagen")
    gain = id3(TIT2=b"Song", TXXX=b"replaygain_track_gain\0-6.02 dB")
    stream = stored(wav(fmt(), DATA, after=chunk(b"id3 ", gain)))
    result = nlac.decode(stream, tmp_path / "a.flac", apply_gain="track")
    assert result.gain_db == -6.02
    assert flac_tags(tmp_path / "a.flac") == {"TITLE": ["Song"]}


def test_comments_of_a_flac_original_stay_beside_a_cue_sheet(tmp_path):
    path = with_sheet(of_flac("TITLE=Song", "CUESHEET=old"), tmp_path / "a.nlac")
    assert nlac.decode(path, tmp_path / "a.flac", container="flac").warnings == ()
    assert flac_tags(tmp_path / "a.flac") == {"TITLE": ["Song"], "CUESHEET": [SHEET]}


# tracks


@pytest.mark.parametrize("container", ["flac", "nlac"])
def test_tracks_get_the_tags_of_the_original(container, tmp_path):
    tagged = wav(fmt(), DATA, after=info(INAM=b"Song", IART=b"Me", IGNR=b"Pop"))
    for number, (data, genre) in enumerate(
        [(tagged, ["Pop"]), (of_flac("TITLE=Song", "ARTIST=Me"), None)]
    ):
        path = with_sheet(data, tmp_path / "a.nlac")
        tracks = nlac.split(path, tmp_path / str(number), container=container, preset="fast").tracks
        tags = flac_tags(Path(tracks[0].path))
        assert (tags["TITLE"], tags["ARTIST"], tags.get("GENRE")) == (["One"], ["Me"], genre)


def test_tracks_are_flac_files_where_parts_are(tmp_path):
    """Of Ogg FLAC, which nothing writes afresh, and where only metadata of a FLAC file are kept."""
    samples = np.arange(64, dtype=np.int64)[:, None]
    oga, alone = tmp_path / "a.nlac", tmp_path / "b.nlac"
    with_sheet(b"".join(flac_tools.ogg_flac(samples, 16)), oga)
    nlac.encode(
        of_flac("TITLE=Song"), alone, preset="fast", exact=False, audio_only=True, cuesheet=SHEET
    )  # fmt: skip
    assert nlac.info(oga).container == "oga"
    assert nlac.info(alone).container is None
    for path in (oga, alone):
        result = nlac.split(path, tmp_path / path.stem)
        assert result.container == nlac.decode(path, io.BytesIO(), start=1).container == "flac"
        assert [Path(track.path).name for track in result.tracks] == ["01 One.flac"]


# joint streams


def test_joint_streams_get_the_tags_that_their_inputs_show(tmp_path):
    texts = [(b"Song", b"1999"), (b"Next", b"1999")]
    parts = []
    for number, (title, year) in enumerate(texts):
        data = wav(fmt(), DATA, after=info(INAM=title, IART=b"Me", ICRD=year))
        parts.append(tmp_path / f"{number}.nlac")
        parts[-1].write_bytes(stored(data))
    nlac.write(
        tmp_path / "2.nlac", np.zeros((50, 2), np.int16), nlac.info(parts[0]).sample_rate,
        preset="fast", tags={"TITLE": "Last", "ARTIST": "Me"},
    )  # fmt: skip
    out = tmp_path / "all.nlac"
    nlac.join(parts, out)
    assert nlac.info(out).tags == {"ARTIST": ["Me"], "DATE": ["1999"]}
    assert nlac.info(out).tags_origin == "tags"
    tracks = [(track.title, track.performer) for track in nlac.info(out).tracks]
    assert tracks == [("Song", "Me"), ("Next", "Me")]
    nlac.join([*parts, tmp_path / "2.nlac"], out, tags_from="common", force=True)
    assert nlac.info(out).tags == {"ARTIST": ["Me"]}
    nlac.join(parts, out, tags_from="none", force=True)
    assert nlac.info(out).tags == {}


def test_joint_streams_get_comments_and_pictures_of_flac_originals(tmp_path):
    more = ((6, PICTURE.to_item().data), (2, b"abcdef"))
    path, out = tmp_path / "a.nlac", tmp_path / "all.nlac"
    path.write_bytes(stored(of_flac("ALBUM=All", "TITLE=Song", more=more)))
    result = nlac.join([path, path], out)
    with nlac.open(out) as file:
        assert file.tags == {"ALBUM": ["All"]}
        assert file.pictures == [PICTURE]
    assert result.warnings[1:] == ("not in the result: 2 applications",)


def test_what_of_the_inputs_needs_mutagen_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(mutagen_tags, "is_installed", lambda: False)
    path = tmp_path / "a.nlac"
    path.write_bytes(stored(wav(fmt(), DATA, after=chunk(b"id3 ", id3(TIT2=b"a")))))
    told = nlac.join([path], tmp_path / "all.nlac").warnings
    assert told[0].startswith(f"{path}: ")
    assert "nlac[tags]" in told[0]

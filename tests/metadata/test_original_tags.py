"""Tags in the chunks of original files: shown as tags, stored once, the file byte for byte.

Complaint (ecosystem 2.6, row 25): the INFO tags of WAV files are ignored.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from originals_tools import IXML, bext, id3, info, stored
from wavmaker import BIG, DATA, aiff, chunk, comm, fmt, rf64, w64, wav

import nlac
from nlac.metadata import mutagen_tags
from nlac.metadata.files import read_file_tags
from nlac.metadata.originals.reading import chunk_tags

W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")


def tags_of(data: bytes) -> dict[str, list[str]]:
    with nlac.open(stored(data)) as file:
        assert not [each for each in file.info.metadata if each.name == "tags"]
        assert file.info.tags == file.tags
        assert file.info.tags_origin == file.tags_origin
        # what is copied from the file itself is the same
        assert read_file_tags(data).to_mapping() == file.tags
        return dict(file.tags)


FILES = {
    "after": wav(fmt(), DATA, after=info(INAM=b"Caf\xc3\xa9\0", IART=b"Me", IXYZ=b"z")),
    "before": wav(fmt(), DATA, before=info(INAM=b"Caf\xe9\0\0", IART=b" Me ", IXYZ=b"z")),
    "RIFX": wav(
        fmt(order=">"), BIG, after=info(">", INAM=b"Caf\xc3\xa9", IART=b"Me", IXYZ=b"z"),
        magic=b"RIFX",
    ),
    "RF64": rf64(fmt(), DATA, after=info(INAM=b"Caf\xc3\xa9", IART=b"Me", IXYZ=b"z")),
    "W64": w64(
        fmt(), DATA,
        before=b"list" + W64_TAIL + struct.pack("<Q", 24 + 44)
        + info(INAM=b"Caf\xc3\xa9", IART=b"Me", IXYZ=b"z")[8:].ljust(44, b"\0") + bytes(4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_complaint_info_tags_are_shown_as_tags(name):
    """Row 25, on every kind of WAV file."""
    assert tags_of(FILES[name]) == {"TITLE": ["Café"], "ARTIST": ["Me"], "IXYZ": ["z"]}


def test_broadcast_chunks():
    tags = tags_of(wav(fmt(), DATA, before=bext() + IXML, after=info(ICRD=b"2024")))
    assert tags["DATE"] == ["2024"]
    assert tags["DESCRIPTION"] == ["A scene"]
    assert tags["TIME_REFERENCE"] == ["48000"]
    assert tags["LOUDNESS_VALUE"] == ["-23.00"]
    assert tags["MAX_TRUE_PEAK_LEVEL"] == ["-1.05"]
    assert "LOUDNESS_RANGE" not in tags
    assert tags["CODING_HISTORY"] == ["A=PCM,F=48000"]
    assert tags["UMID"][0].startswith("01")
    assert (tags["PROJECT"], tags["TAKE"], tags["TRACK_NAME"]) == (["Film"], ["3"], ["Boom"])
    assert "CIRCLED" not in tags
    assert "LOUDNESS_VALUE" not in tags_of(wav(fmt(), DATA, before=bext(1)))


def test_aiff_texts():
    texts = [(b"NAME", b"T"), (b"ANNO", b"one"), (b"ANNO", b"two"), (b"(c) ", b"\xa9 1991")]
    chunks = b"".join(chunk(name, text, order=">") for name, text in texts)
    tags = tags_of(aiff(comm(frames=100), BIG, before=chunks))
    assert tags == {"TITLE": ["T"], "COMMENT": ["one", "two"], "COPYRIGHT": ["© 1991"]}


def test_id3_by_mutagen():
    pytest.importorskip("mutagen")
    tag = id3(TIT2=b"From ID3", TRCK=b"3/12", TXXX=b"mood\0calm")
    tags = tags_of(wav(fmt(), DATA, after=chunk(b"id3 ", tag) + info(INAM=b"no", IART=b"Me")))
    assert tags == {
        "TITLE": ["From ID3"], "TRACKNUMBER": ["3"], "TRACKTOTAL": ["12"], "MOOD": ["calm"],
        "ARTIST": ["Me"],
    }  # fmt: skip
    assert tags_of(aiff(comm(frames=100), BIG, after=chunk(b"ID3 ", tag, order=">")))["MOOD"]
    # in front of the file, and damaged
    assert tags_of(tag + wav(fmt(), DATA))["TITLE"] == ["From ID3"]
    assert tags_of(wav(fmt(), DATA, after=chunk(b"id3 ", b"ID3\x04rubbish"))) == {}


def test_compressed_id3_frames_are_left_alone():
    """They could inflate to any length."""
    pytest.importorskip("mutagen")
    packed = zlib.compress(b"\0" + bytes(10**6))
    frame = b"TALB" + struct.pack(">IH", len(packed) + 4, 0x80)
    frame += struct.pack(">I", 10**6 + 1) + packed
    plain = id3(TIT2=b"From ID3")
    size = len(plain) - 10 + len(frame)
    head = plain[:6] + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    tag = head + frame + plain[10:]
    assert tags_of(wav(fmt(), DATA, after=chunk(b"id3 ", tag))) == {"TITLE": ["From ID3"]}


def test_without_mutagen_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(mutagen_tags, "is_installed", lambda: False)
    data = wav(fmt(), DATA, after=chunk(b"id3 ", id3(TIT2=b"a")) + info(IART=b"Me"))
    facts = nlac.info(stored(data))
    assert facts.tags == {"ARTIST": ["Me"]}
    assert "nlac[tags]" in facts.notes[0]


def test_stored_tags_count_before_those_of_the_original():
    out = io.BytesIO()
    nlac.encode(FILES["after"], out, preset="fast", tags={"title": "Mine"})
    with nlac.open(out.getvalue()) as file:
        assert file.tags == {"TITLE": ["Mine"]}
        assert file.tags_origin == "tags"


def test_a_decoder_fed_in_pieces_shows_the_same_tags():
    decoder = nlac.Decoder()
    assert decoder.tags == {}
    data = stored(FILES["before"])
    decoder.feed(data)
    assert decoder.tags == nlac.info(data).tags
    assert decoder.tags == {"TITLE": ["Café"], "ARTIST": ["Me"], "IXYZ": ["z"]}
    # what is stored counts alone, if only a picture
    out = io.BytesIO()
    picture = nlac.Picture(3, "image/gif", "", 1, 1, 24, 0, b"gif")
    nlac.encode(FILES["before"], out, preset="fast", pictures=[picture])
    decoder = nlac.Decoder()
    decoder.feed(out.getvalue())
    assert decoder.tags == nlac.info(out.getvalue()).tags == {}


@pytest.mark.parametrize(
    "chunks",
    [
        chunk(b"iXML", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a><PROJECT>&b;</PROJECT></a>"),
        chunk(b"iXML", "<!DOCTYPE a><a><TAKE>1</TAKE></a>".encode("utf-16")),
        chunk(b"iXML", b"<a>"),
        chunk(b"bext", b"short"),
        chunk(b"LIST", b"INFOINAM\xff\xff\xff\xff"),
        chunk(b"LIST", b"adtlINAM\1\0\0\0a"),
    ],
)
def test_what_makes_no_sense_shows_nothing(chunks):
    assert tags_of(wav(fmt(), DATA, after=chunks)) == {}


@given(st.data())
def test_no_chunks_make_it_fail(data):
    whole = bytearray(wav(fmt(), DATA[:4], after=bext() + IXML + info(INAM=b"abc")))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    whole = whole[: data.draw(st.integers(44, len(whole)))]
    shown = chunk_tags("wav", bytes(whole[:44]), 4, bytes(whole[48:]))
    assert shown is None or all(value for _, value in shown.comments)


def test_cutting_tells_what_it_drops(tmp_path):
    data = wav(fmt(), DATA, before=bext(), after=info(INAM=b"T"))
    result = nlac.decode(stored(data), tmp_path / "part.wav", start=10)
    tags, chunks = result.warnings
    assert tags.startswith("not in the wav file: tags (TITLE, ")
    assert chunks == "not in a part of the file: chunks (bext, LIST)"
    assert nlac.decode(stored(data), tmp_path / "whole.wav").warnings == ()
    assert nlac.decode(stored(wav(fmt(), DATA)), tmp_path / "b.wav", start=10).warnings == ()


def test_complaint_writing_keeps_tags_of_another_file(tmp_path):
    """Ecosystem 2.6, row 22: opening a file in write mode removes its metadata."""
    source = tmp_path / "a.wav"
    source.write_bytes(FILES["after"])
    samples = np.arange(50, dtype=np.int16)
    nlac.write(tmp_path / "b.nlac", samples, 8000, preset="fast", like=source)
    assert nlac.info(tmp_path / "b.nlac").tags == read_file_tags(source).to_mapping()
    picture = nlac.Picture(3, "image/gif", "", 1, 1, 24, 0, b"gif")
    with nlac.open(tmp_path / "b.nlac", "r+") as file:
        file.pictures.append(picture)
    nlac.write(
        tmp_path / "c.nlac", samples, 8000, preset="fast", like=tmp_path / "b.nlac",
        tags={"Artist": "Her"},
    )  # fmt: skip
    with nlac.open(tmp_path / "c.nlac") as file:
        assert file.tags == {"TITLE": ["Café"], "ARTIST": ["Her"], "IXYZ": ["z"]}
        assert file.pictures == [picture]


def test_complaint_kept_chunks_can_be_read_by_programs():
    """Ecosystem 2.6, row 5: chunks that a stream keeps are out of reach."""
    with nlac.open(stored(wav(fmt(), DATA, before=IXML, after=info(INAM=b"T")))) as file:
        chunks = {each.name: each.data for each in file.chunks}
    assert list(chunks) == ["iXML", "fmt ", "LIST"]
    assert chunks["iXML"] == IXML[8 : 8 + len(chunks["iXML"])]

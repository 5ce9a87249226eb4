"""What is named of files that are coded for their audio only."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import soundfile
from sndfile_tools import made_by_libsndfile
from wavmaker import Pipe, noise

from nlac.audio.original.dropped import dropped_from
from nlac.audio.source import open_source

SAMPLES = noise(400, 2, 16)


def warnings(data: bytes) -> list[str]:
    found = []
    for stream in (io.BytesIO(data), Pipe(data)):
        with open_source(stream) as source:  # type: ignore[arg-type]
            assert len(source.read(401)) == 400 or source.num_frames is None
            found.append([text for text in source.warnings if text.startswith("not kept")])
    assert found[0] == found[1]
    return found[0]


def test_files_without_anything_else() -> None:
    for container in ("CAF", "AU", "NIST"):
        assert warnings(made_by_libsndfile(SAMPLES, container, "PCM_16")) == []


def test_chunks_of_caf() -> None:
    file: Any = io.BytesIO()
    with soundfile.SoundFile(file, "w", 44100, 2, "PCM_16", format="CAF") as sound:
        sound.title = "One"
        sound.write(SAMPLES.astype(np.int16))
    extra = b"uuid" + struct.pack(">q", 20) + bytes(20)
    assert warnings(file.getvalue() + extra * 2) == ["not kept: chunks (info, uuid)"]
    # samples of unknown size go on to the end of the file
    data = bytearray(file.getvalue())
    place = data.find(b"data") + 4
    data[place : place + 8] = b"\xff" * 8
    assert dropped_from(io.BytesIO(bytes(data) + extra)) == ["chunks (info)"]


def test_annotation_of_au() -> None:
    data = made_by_libsndfile(SAMPLES, "AU", "PCM_16")
    start = struct.unpack(">I", data[4:8])[0]
    for text, expected in ((b"a note\0\0", ["not kept: an annotation"]), (bytes(8), [])):
        whole = data[:4] + struct.pack(">I", start + 8) + data[8:start] + text + data[start:]
        assert warnings(whole) == expected


@pytest.mark.parametrize(
    ("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
def test_tags_of_lossy_files(container: str, subtype: str) -> None:
    sine = np.sin(np.arange(9600) / 20).astype(np.float32)
    file: Any = io.BytesIO()
    with soundfile.SoundFile(file, "w", 48000, 1, format=container, subtype=subtype) as sound:
        sound.title = "One"
        sound.artist = "Two"
        sound.write(sine)
    with open_source(io.BytesIO(file.getvalue())) as source:
        text = "\n".join(source.warnings)
    assert "TITLE, ARTIST" in text or "not kept: an ID3v1 tag" in text
    if container == "MP3":
        with open_source(io.BytesIO(b"ID3\4\0\0\0\0\0\4abcd" + file.getvalue())) as source:
            assert "not kept: an ID3v2 tag, an ID3v1 tag" in source.warnings

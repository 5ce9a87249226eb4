"""Tags in the chunks of WAV and AIFF files: LIST/INFO, bext, iXML; NAME, AUTH, (c) and ANNO.

What does not make sense is passed over: these are views of bytes that are kept anyway. References:
RIFF (Microsoft and IBM, 1991), EBU Tech 3285 version 2 (bext), iXML 3.0, AIFF 1.3 (Apple, 1989).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

from nlac.audio.original.chunks import Chunk

Comments: TypeAlias = list[tuple[str, str]]

# what is looked at of a chunk at most
_LIMIT_BYTES = 1 << 20
_INFO_NAMES = {
    "INAM": "TITLE",
    "IART": "ARTIST",
    "IPRD": "ALBUM",
    "ICRD": "DATE",
    "IGNR": "GENRE",
    "ICMT": "COMMENT",
    "ICOP": "COPYRIGHT",
    "ITRK": "TRACKNUMBER",
    "IPRT": "TRACKNUMBER",
    "ISFT": "ENCODER",
    "ITCH": "ENCODED-BY",
    "IENG": "ENGINEER",
    "IKEY": "KEYWORDS",
    "ILNG": "LANGUAGE",
    "IMED": "SOURCEMEDIA",
    "IMUS": "COMPOSER",
    "IWRI": "LYRICIST",
    "IPRO": "PRODUCER",
    "ISBJ": "SUBJECT",
    "ISRC": "SOURCE",
}
_AIFF_NAMES = {"NAME": "TITLE", "AUTH": "ARTIST", "(c) ": "COPYRIGHT", "ANNO": "COMMENT"}
_BEXT = struct.Struct("<256s32s32s10s8sQH64s5h180x")
_BEXT_TEXTS = ("DESCRIPTION", "ORIGINATOR", "ORIGINATOR_REFERENCE", "ORIGINATION_DATE",
               "ORIGINATION_TIME")  # fmt: skip
_BEXT_LOUDNESS = ("LOUDNESS_VALUE", "LOUDNESS_RANGE", "MAX_TRUE_PEAK_LEVEL",
                  "MAX_MOMENTARY_LOUDNESS", "MAX_SHORT_TERM_LOUDNESS")  # fmt: skip
_NOT_MEASURED = 0x7FFF
_IXML_FIELDS = ("PROJECT", "SCENE", "TAKE", "TAPE", "NOTE", "CIRCLED", "FAMILY_NAME",
                "TIMECODE_RATE", "TIMECODE_FLAG")  # fmt: skip


def of_info(chunk: Chunk, big_endian: bool) -> Comments:
    """Tags of a LIST chunk of type INFO."""
    data = chunk.data
    if chunk.name.upper() != "LIST" or data[:4] != b"INFO":
        return []
    comments = []
    for name, value in _fields(data[:_LIMIT_BYTES], ">" if big_endian else "<"):
        text = _text(value, "cp1252")
        if text:
            comments.append((_INFO_NAMES.get(name.upper(), name), text))
    return comments


def _fields(data: bytes, order: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the fields of a LIST chunk, until one makes no sense."""
    place = 4
    while place + 8 <= len(data):
        name, size = struct.unpack_from(order + "4sI", data, place)
        place += 8
        if size > len(data) - place or not all(32 < byte < 127 and byte != 61 for byte in name):
            return
        yield name.decode("ascii"), data[place : place + size]
        place += size + size % 2


def of_bext(chunk: Chunk, big_endian: bool = False) -> Comments:
    """Tags of a broadcast extension chunk; its loudness from version 2 on."""
    if chunk.name.lower() != "bext" or len(chunk.data) < _BEXT.size:
        return []
    fields = _BEXT.unpack_from(chunk.data)
    *texts, time_reference, version, umid = fields[:8]
    comments = [
        (name, text) for name, value in zip(_BEXT_TEXTS, texts, strict=True)
        if (text := _text(value, "cp1252"))
    ]  # fmt: skip
    if time_reference:
        comments.append(("TIME_REFERENCE", str(time_reference)))
    if version >= 1 and any(umid):
        comments.append(("UMID", umid.hex().upper()))
    if version >= 2:
        comments += [
            (name, f"{value / 100:.2f}")
            for name, value in zip(_BEXT_LOUDNESS, fields[8:], strict=True)
            if value != _NOT_MEASURED
        ]
    history = _text(chunk.data[_BEXT.size : _LIMIT_BYTES], "cp1252")
    return comments + ([("CODING_HISTORY", history)] if history else [])


def of_ixml(chunk: Chunk, big_endian: bool = False) -> Comments:
    """Tags of an iXML chunk: project, scene, take, tape, notes, time code rate, names of tracks."""
    from xml.etree import ElementTree

    if chunk.name.lower() != "ixml" or len(chunk.data) > _LIMIT_BYTES:
        return []
    # as text, so that no declared encoding hides what is looked for
    text = _text(chunk.data, "cp1252").removeprefix("\ufeff")
    # no document type is needed, and entities that it declares could grow without bounds
    if "<!DOCTYPE" in text:
        return []
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return []
    comments = [(name, node.text or "") for name in _IXML_FIELDS for node in root.iter(name)]
    comments += [("TRACK_NAME", node.findtext("NAME") or "") for node in root.iter("TRACK")]
    return [
        (name, text)
        for name, value in comments
        if (text := value.strip().replace("\0", "")) and (name, text) != ("CIRCLED", "FALSE")
    ]


def of_aiff_text(chunk: Chunk, big_endian: bool = True) -> Comments:
    """Tag of a text chunk of AIFF."""
    name = _AIFF_NAMES.get(chunk.name)
    text = _text(chunk.data[:_LIMIT_BYTES], "mac_roman")
    return [(name, text)] if name and text else []


def _text(data: bytes, otherwise: str) -> str:
    """Text up to the first zero byte: UTF-8, or what older programs of the field write."""
    data = data.split(b"\0", 1)[0]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode(otherwise, "replace")
    return text.strip()


# in the order in which they count where several have the same name
READERS: dict[str, Callable[[Chunk, bool], Comments]] = {
    "LIST/INFO": of_info,
    "bext": of_bext,
    "iXML": of_ixml,
    "text chunks": of_aiff_text,
}

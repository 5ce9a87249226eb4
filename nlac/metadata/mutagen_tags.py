"""Tags that mutagen reads: ID3v2, and files of other programs (APEv2 and more).

mutagen is GPL, and so an optional extra (``nlac[tags]``). It reads tags only: facts about audio
come from the readers of this package.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
from collections.abc import Iterable
from typing import Any, BinaryIO

from nlac._errors import MissingDependency, UnsupportedAudio, UsageError
from nlac.bitstream.items import Picture, tag_name_is_good
from nlac.metadata.pictures import FRONT_COVER, TYPE_NAMES, make_picture

EXTRA = "pip install 'nlac[tags]'"
_ID3_NAMES = {
    "TIT1": "GROUPING", "TIT2": "TITLE", "TIT3": "SUBTITLE", "TPE1": "ARTIST",
    "TPE2": "ALBUMARTIST", "TPE3": "CONDUCTOR", "TPE4": "REMIXER", "TALB": "ALBUM",
    "TSST": "DISCSUBTITLE", "TCOM": "COMPOSER", "TEXT": "LYRICIST", "TCON": "GENRE",
    "TDRC": "DATE", "TDOR": "ORIGINALDATE", "TRCK": "TRACKNUMBER", "TPOS": "DISCNUMBER",
    "TCOP": "COPYRIGHT", "TPUB": "ORGANIZATION", "TSRC": "ISRC", "TENC": "ENCODED-BY",
    "TSSE": "ENCODER", "TBPM": "BPM", "TLAN": "LANGUAGE", "TKEY": "INITIALKEY", "TMOO": "MOOD",
    "TMED": "SOURCEMEDIA", "TSOP": "ARTISTSORT", "TSOA": "ALBUMSORT", "TSOT": "TITLESORT",
    "TSO2": "ALBUMARTISTSORT", "COMM": "COMMENT", "USLT": "LYRICS",
}  # fmt: skip
# flags of compressed frames in versions 2.3 and 2.4
_ID3_COMPRESSED = 0x88
# "3/12" tells the number and the total
_TOTALS = {"TRACKNUMBER": "TRACKTOTAL", "DISCNUMBER": "DISCTOTAL"}
# names that other formats spell otherwise than Vorbis comments
_APE_NAMES = {
    "TRACK": "TRACKNUMBER", "DISC": "DISCNUMBER", "YEAR": "DATE", "ALBUM ARTIST": "ALBUMARTIST",
    "PUBLISHER": "ORGANIZATION", "COMMENTS": "COMMENT",
}  # fmt: skip
# WavPack, Monkey's Audio, TTA, Musepack and OptimFROG: mutagen shall read their tags and nothing
# else, since it fails on some of their rates
_APE_MAGICS = (b"wvpk", b"MAC ", b"TTA1", b"MPCK", b"OFR ")
_APE_COVERS = {"COVER ART (FRONT)": 3, "COVER ART (BACK)": 4}
_MP4_NAMES = {
    "\xa9nam": "TITLE", "\xa9ART": "ARTIST", "\xa9alb": "ALBUM", "\xa9day": "DATE",
    "\xa9gen": "GENRE", "\xa9cmt": "COMMENT", "\xa9wrt": "COMPOSER", "aART": "ALBUMARTIST",
    "cprt": "COPYRIGHT", "\xa9too": "ENCODER", "\xa9lyr": "LYRICS",
}  # fmt: skip

Comments = list[tuple[str, str]]


def is_installed() -> bool:
    """Whether mutagen is there."""
    return importlib.util.find_spec("mutagen") is not None


def read_id3(data: bytes) -> tuple[Comments, list[Picture]]:
    """Tags and pictures of ID3v2 tags, as a chunk or the beginning of a file holds them.

    Nothing of data that mutagen does not read.

    Raises
    ------
    MissingDependency
        mutagen is not installed.
    """
    id3 = _mutagen("id3")
    try:
        known = {**id3.Frames, **id3.Frames_2_2}
        frames = {name: _Uncompressed(frame) for name, frame in known.items()}
        tags = id3.ID3(io.BytesIO(data), known_frames=frames, load_v1=False)
    except Exception:
        # damaged tags raise whatever their parser meets
        return [], []
    return _of_id3(tags.values())


class _Uncompressed:
    """A kind of ID3 frame, as mutagen takes them, without what could grow when it is read.

    mutagen inflates compressed frames, which nobody writes, to any length.
    """

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def _fromData(self, header: Any, flags: int, data: bytes) -> Any:
        if flags & _ID3_COMPRESSED:
            raise NotImplementedError
        return self._frame._fromData(header, flags, data)


def _of_id3(frames: Iterable[Any]) -> tuple[Comments, list[Picture]]:
    comments: Comments = []
    pictures: list[Picture] = []
    for frame in frames:
        kind = type(frame).__name__
        if kind == "APIC":
            pictures += _picture(frame.data, int(frame.type), frame.mime, frame.desc)
            continue
        name = frame.desc if kind == "TXXX" else _ID3_NAMES.get(kind)
        values = getattr(frame, "genres", None) if kind == "TCON" else getattr(frame, "text", None)
        if name and values is not None:
            for value in [values] if isinstance(values, str) else values:
                comments += _comment(name, str(value))
    return comments, pictures


def read_tags(file: BinaryIO) -> tuple[Comments, list[Picture]]:
    """Tags and pictures of a file of any kind that mutagen knows.

    Parameters
    ----------
    file : binary file object
        Seekable, at its beginning.

    Raises
    ------
    MissingDependency
        mutagen is not installed.
    UnsupportedAudio
        mutagen does not know the format, or fails on it.
    """
    mutagen = _mutagen("")
    magic = file.read(4)
    file.seek(0)
    try:
        if magic in _APE_MAGICS:
            tags, opened = _ape(file), None
        else:
            opened = mutagen.File(fileobj=file)
            tags = opened.tags if opened is not None else None
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise UnsupportedAudio(f"its tags cannot be read: {reason}") from error
    if opened is None and magic not in _APE_MAGICS:
        raise UnsupportedAudio("of an unknown kind: no tags can be read from it")
    if not tags:
        return [], []
    if isinstance(tags, _mutagen("id3").ID3):
        return _of_id3(tags.values())
    comments: Comments = []
    pictures: list[Picture] = []
    for key, values in dict(tags).items():
        upper = str(key).upper()
        if upper in _APE_COVERS and isinstance(getattr(values, "value", None), bytes):
            # a file name comes before the image
            image = values.value.partition(b"\0")[2]
            pictures += _picture(image, _APE_COVERS[upper], "", "")
            continue
        chosen = _MP4_NAMES.get(str(key)) or _APE_NAMES.get(upper, upper)
        for value in values if isinstance(values, list) or hasattr(values, "kind") else [values]:
            if isinstance(value, str):
                comments += _comment(chosen, value)
    pictures += map(_of_flac, getattr(opened, "pictures", ()))
    return comments, pictures


def _ape(file: BinaryIO) -> Any:
    """APEv2 tags of a file; None if it has none."""
    ape = _mutagen("apev2")
    try:
        return ape.APEv2(file)
    except ape.APENoHeaderError:
        return None


def _comment(name: str, value: str) -> Comments:
    name = name.upper() if name.isascii() else ""
    if not tag_name_is_good(name):
        return []
    value = value.replace("\0", "").strip()
    total = _TOTALS.get(name)
    if total and "/" in value:
        value, _, of = value.partition("/")
        return [(name, value.strip()), (total, of.strip())]
    with contextlib.suppress(UnicodeEncodeError):
        value.encode()
        return [(name, value)] if value else []
    return []


def _picture(data: bytes, kind: int, media_type: str, description: str) -> list[Picture]:
    kind = kind if 0 <= kind < len(TYPE_NAMES) else 0
    for picture_type in (kind, FRONT_COVER):
        # what is called an icon need not be one of 32 x 32 pixels
        with contextlib.suppress(UsageError):
            return [make_picture(data, picture_type=picture_type, description=description)]
    return []


def _of_flac(picture: Any) -> Picture:
    return Picture(
        picture.type, picture.mime, picture.desc, picture.width, picture.height, picture.depth,
        picture.colors, picture.data,
    )  # fmt: skip


def _mutagen(module: str) -> Any:
    try:
        return importlib.import_module(f"mutagen.{module}".rstrip("."))
    except ImportError:
        raise MissingDependency(f"ID3 and APEv2 tags need mutagen: {EXTRA}") from None

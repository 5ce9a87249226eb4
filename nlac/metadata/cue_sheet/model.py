"""A cue sheet as it is understood: tracks, index points in frames, texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlac.audio.format import AudioFormat

# a second of a compact disc has so many sectors, which are the units of MM:SS:FF
SECTORS_PER_SECOND = 75
CD_SAMPLE_RATE = 44_100
CD_SECTOR_FRAMES = CD_SAMPLE_RATE // SECTORS_PER_SECOND
# numbers of tracks and index points (RFC 9639, section 8.7)
MAX_TRACKS = 254
MAX_CD_TRACKS = 99
MAX_INDEX = 255
MAX_CD_INDEX = 99
CATALOG_BYTES = 128
# numbers of what stands behind the last track
CD_LEAD_OUT_TRACK, LEAD_OUT_TRACK = 170, 255
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CueIndex:
    """An index point.

    Attributes
    ----------
    number : int
        0 for the gap before a track, 1 for its beginning, more for places in it.
    frame : int
        Frames of the recording before it.
    """

    number: int
    frame: int


@dataclass(frozen=True, slots=True)
class CueTrack:
    """A track.

    Attributes
    ----------
    number : int
        1 to 99 on a compact disc, otherwise up to 254.
    indices : tuple of CueIndex
        Index points in order; 1 is among them.
    kind : str
        ``"AUDIO"``, or the type of a data track.
    isrc : str or None
        The 12 characters of its ISRC, without hyphens.
    flags : tuple of str
        Of ``"DCP"``, ``"4CH"``, ``"PRE"``, ``"SCMS"``, ``"DATA"``.
    title, performer, songwriter : str or None
        Texts.
    pregap, postgap : int
        Frames of silence before and after the track that the recording does not hold.
    remarks : tuple of (str, str)
        First word and rest of each REM.
    """

    number: int
    indices: tuple[CueIndex, ...]
    kind: str = "AUDIO"
    isrc: str | None = None
    flags: tuple[str, ...] = ()
    title: str | None = None
    performer: str | None = None
    songwriter: str | None = None
    pregap: int = 0
    postgap: int = 0
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def first_frame(self) -> int:
        """First frame of the gap before the track, or of the track if there is no gap."""
        return self.indices[0].frame

    @property
    def start(self) -> int:
        """Frame of INDEX 01."""
        return next(index.frame for index in self.indices if index.number == 1)


@dataclass(frozen=True, slots=True)
class CueSheet:
    """A cue sheet.

    Attributes
    ----------
    tracks : tuple of CueTrack
        Tracks in order, at least one.
    is_cd : bool
        The sheet is that of a compact disc: positions are whole sectors of 588 frames.
    catalog : str or None
        Media catalog number; 13 digits on a compact disc.
    title, performer, songwriter : str or None
        Texts about all of it.
    remarks : tuple of (str, str)
        First word and rest of each REM before the first track.
    file_name : str or None
        What FILE says. Never to be opened.
    lead_in : int or None
        Frames before the first track, on the disc; None if the sheet does not tell.
    lead_out : int or None
        Frame after the last one; None if the sheet does not tell.
    """

    tracks: tuple[CueTrack, ...]
    is_cd: bool = False
    catalog: str | None = None
    title: str | None = None
    performer: str | None = None
    songwriter: str | None = None
    remarks: tuple[tuple[str, str], ...] = ()
    file_name: str | None = None
    lead_in: int | None = None
    lead_out: int | None = None

    def remark(self, name: str) -> str | None:
        """Rest of the first REM that begins with a word, in capitals or not."""
        return next((rest for word, rest in self.remarks if word.upper() == name), None)


def can_be_cd(fmt: AudioFormat) -> bool:
    """Whether samples are those of a compact disc: 44,100 Hz, 16 bits, two channels."""
    return (fmt.sample_rate, fmt.bits_per_sample, fmt.channels) == (CD_SAMPLE_RATE, 16, 2)


def plain_isrc(text: str) -> str | None:
    """The 12 characters of an ISRC, without hyphens and in capitals; None if it is none."""
    plain = text.replace("-", "").upper()
    return plain if _ISRC.fullmatch(plain) else None

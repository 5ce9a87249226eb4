"""Read the text of a cue sheet, strictly: every error tells the line and the rule.

The commands are CATALOG, CDTEXTFILE, FILE, FLAGS, INDEX, ISRC, PERFORMER, POSTGAP, PREGAP, REM,
SONGWRITER, TITLE and TRACK, in capitals or not. As in the program ``flac``, an index point is
``MM:SS:FF`` (75ths of a second), or in a sheet that is none of a compact disc ``MM:SS.fff`` or a
number of frames; and ``REM FLAC__lead-in`` and ``REM FLAC__lead-out`` hold what its block has
besides. One recording has one FILE.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nlac._errors import CueSheetError
from nlac.audio.format import AudioFormat
from nlac.metadata.cue_sheet.line_reader import LineReader
from nlac.metadata.cue_sheet.model import (
    CATALOG_BYTES,
    CD_LEAD_OUT_TRACK,
    LEAD_OUT_TRACK,
    MAX_CD_INDEX,
    MAX_CD_TRACKS,
    MAX_INDEX,
    MAX_TRACKS,
    SECTORS_PER_SECOND,
    CueIndex,
    CueSheet,
    CueTrack,
    can_be_cd,
    plain_isrc,
)

MAX_CHARACTERS = 1 << 20
MAX_LINES = 20_000
FLAGS = ("DCP", "4CH", "PRE", "SCMS", "DATA")
LEAD_IN, LEAD_OUT = "FLAC__LEAD-IN", "FLAC__LEAD-OUT"
_KIND = re.compile(r"AUDIO|CDG|MODE[12]/\d{4}|CDI/\d{4}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class _Texts:
    """Texts that disc and tracks have alike."""

    title: str | None = None
    performer: str | None = None
    songwriter: str | None = None
    remarks: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Track:
    """A track whose lines are being read."""

    number: int
    kind: str
    line: int
    indices: list[CueIndex] = field(default_factory=list)
    texts: _Texts = field(default_factory=_Texts)
    isrc: str | None = None
    flags: tuple[str, ...] | None = None
    pregap: int | None = None
    postgap: int | None = None

    def finished(self) -> CueTrack:
        texts = self.texts
        return CueTrack(
            self.number, tuple(self.indices), self.kind, self.isrc, self.flags or (),
            texts.title, texts.performer, texts.songwriter, self.pregap or 0, self.postgap or 0,
            tuple(texts.remarks),
        )  # fmt: skip


def parse_cue_sheet(
    text: str, fmt: AudioFormat, num_frames: int | None = None, is_cd: bool | None = None
) -> CueSheet:
    """Parse a cue sheet.

    A time between two frames means the earlier.

    Parameters
    ----------
    text : str
        The sheet; line ends and a byte order mark may be of any kind.
    fmt : AudioFormat
        What the recording is.
    num_frames : int, optional
        Its length, which no index point may exceed.
    is_cd : bool, optional
        Whether the rules of compact discs hold. By default they do where the format is that of
        compact discs and every position is in ``MM:SS:FF``.

    Raises
    ------
    CueSheetError
        A rule is broken.
    """
    return _Parser(fmt.sample_rate, num_frames).parse(text, is_cd, can_be_cd(fmt))


class _Parser(LineReader):
    """Reads line after line."""

    def __init__(self, sample_rate: int, num_frames: int | None) -> None:
        super().__init__(sample_rate)
        self._num_frames = num_frames
        self._tracks: list[CueTrack] = []
        self._track: _Track | None = None
        self._disc = _Texts()
        self._catalog: tuple[str, int] | None = None
        self._file_name: str | None = None
        self._lead_in: int | None = None
        self._lead_out: tuple[int, int, int] | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "CATALOG": self._read_catalog,
            "CDTEXTFILE": self._read_cd_text,
            "FILE": self._read_file,
            "FLAGS": self._read_flags,
            "INDEX": self._read_index,
            "ISRC": self._read_isrc,
            "PERFORMER": self._read_performer,
            "POSTGAP": self._read_postgap,
            "PREGAP": self._read_pregap,
            "REM": self._read_remark,
            "SONGWRITER": self._read_songwriter,
            "TITLE": self._read_title,
            "TRACK": self._read_track,
        }

    def parse(self, text: str, is_cd: bool | None, can_be: bool) -> CueSheet:
        if len(text) > MAX_CHARACTERS:
            raise CueSheetError(f"longer than {MAX_CHARACTERS} characters")
        lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"), maxsplit=MAX_LINES)
        if len(lines) > MAX_LINES:
            raise CueSheetError(f"more than {MAX_LINES} lines")
        for number, line in enumerate(lines, 1):
            self.line = number
            if _CONTROL.search(line):
                raise self.error("a control character")
            name, *rest = line.split(None, 1) or [""]
            if not name:
                continue
            command = self._commands.get(name.upper())
            if command is None:
                raise self.error(f"{name[:40]!r} is no command of a cue sheet")
            command(rest[0] if rest else "")
        self._end_track()
        if not self._tracks:
            raise CueSheetError("no TRACK")
        if is_cd is None:
            other_end = self._lead_out is not None and self._lead_out[0] == LEAD_OUT_TRACK
            is_cd = can_be and self.in_sectors and not other_end
        if self._catalog is not None:
            self._check_catalog(*self._catalog)
        if is_cd and self.cd_faults:
            raise self.cd_faults[0]
        if self._lead_out is not None:
            self._check_lead_out(*self._lead_out, is_cd)
        disc = self._disc
        return CueSheet(
            tuple(self._tracks), is_cd, self._catalog[0] if self._catalog else None,
            disc.title, disc.performer, disc.songwriter, tuple(disc.remarks), self._file_name,
            self._lead_in, self._lead_out[1] if self._lead_out else None,
        )  # fmt: skip

    # commands

    def _read_catalog(self, rest: str) -> None:
        if self._catalog is not None:
            raise self.error("a second CATALOG")
        (number,) = self.words("CATALOG", rest, "a number")
        self._catalog = number, self.line

    def _read_cd_text(self, rest: str) -> None:
        self.words("CDTEXTFILE", rest, "a file name")

    def _read_file(self, rest: str) -> None:
        if self._file_name is not None or self._track is not None:
            raise self.error(
                "a second FILE, or one after a TRACK: the sheet of one recording has one, in front"
            )
        self._file_name, _kind = self.words("FILE", rest, "a name", "a type such as WAVE")

    def _read_track(self, rest: str) -> None:
        number, kind = self.words("TRACK", rest, "a number", "a type such as AUDIO")
        self._end_track()
        value = self.small(number, "a track number")
        if not 1 <= value <= MAX_TRACKS:
            raise self.error(f"track number {value}: 1 to {MAX_TRACKS}")
        if value > MAX_CD_TRACKS:
            self.fault(f"track number {value}: a compact disc has 1 to {MAX_CD_TRACKS}")
        if self._tracks and value != self._tracks[-1].number + 1:
            raise self.error(f"track {value} follows track {self._tracks[-1].number}")
        if not _KIND.fullmatch(kind.upper()):
            raise self.error(f"{kind[:40]!r} is no type of a track, such as AUDIO")
        self._track = _Track(value, kind.upper(), self.line)

    def _read_index(self, rest: str) -> None:
        track = self._in_track("INDEX")
        if track.postgap is not None:
            raise self.error("INDEX after POSTGAP")
        number, position = self.words("INDEX", rest, "a number", "a position")
        value = self.small(number, "an index number")
        frame = self.position(position)
        if value > MAX_INDEX:
            raise self.error(f"index number {value}: 0 to {MAX_INDEX}")
        if value > MAX_CD_INDEX:
            self.fault(f"index number {value}: a compact disc has 0 to {MAX_CD_INDEX}")
        if not track.indices and value > 1:
            raise self.error("the first INDEX of a track is 00 or 01")
        if track.indices and value != track.indices[-1].number + 1:
            raise self.error(f"INDEX {value:02} follows INDEX {track.indices[-1].number:02}")
        before = track.indices or (self._tracks[-1].indices if self._tracks else ())
        if not before and frame:
            raise self.error(
                "the first INDEX of the first TRACK is not at 00:00:00; INDEX 00 00:00:00 "
                "takes in what comes before INDEX 01"
            )
        if before and frame <= before[-1].frame:
            raise self.error("the position is not behind that of the INDEX before")
        if self._num_frames is not None and frame >= max(1, self._num_frames):
            raise self.error(f"the position, frame {frame}, is behind the end of the recording")
        track.indices.append(CueIndex(value, frame))

    def _read_flags(self, rest: str) -> None:
        track = self._before_index("FLAGS")
        if track.flags is not None:
            raise self.error("a second FLAGS in one TRACK")
        flags = tuple(word.upper() for word in rest.split())
        if not flags:
            raise self.error("FLAGS lacks flags")
        for flag in flags:
            if flag not in FLAGS:
                raise self.error(f"{flag[:40]!r} is no flag; there are {' '.join(FLAGS)}")
        if len(set(flags)) < len(flags):
            raise self.error("a flag is there twice")
        track.flags = flags

    def _read_isrc(self, rest: str) -> None:
        track = self._before_index("ISRC")
        if track.isrc is not None:
            raise self.error("a second ISRC in one TRACK")
        (code,) = self.words("ISRC", rest, "a code")
        track.isrc = plain_isrc(code)
        if track.isrc is None:
            raise self.error(f"{code[:40]!r} is no ISRC: 5 letters or digits, then 7 digits")

    def _read_pregap(self, rest: str) -> None:
        track = self._before_index("PREGAP")
        if track.pregap is not None:
            raise self.error("a second PREGAP in one TRACK")
        track.pregap = self.position(*self.words("PREGAP", rest, "a length"))

    def _read_postgap(self, rest: str) -> None:
        track = self._in_track("POSTGAP")
        if track.postgap is not None:
            raise self.error("a second POSTGAP in one TRACK")
        if not track.indices:
            raise self.error("POSTGAP before INDEX")
        track.postgap = self.position(*self.words("POSTGAP", rest, "a length"))

    def _read_title(self, rest: str) -> None:
        texts = self._texts()
        texts.title = self._text("TITLE", rest, texts.title)

    def _read_performer(self, rest: str) -> None:
        texts = self._texts()
        texts.performer = self._text("PERFORMER", rest, texts.performer)

    def _read_songwriter(self, rest: str) -> None:
        texts = self._texts()
        texts.songwriter = self._text("SONGWRITER", rest, texts.songwriter)

    def _read_remark(self, rest: str) -> None:
        word, _, value = rest.strip().partition(" ")
        value = value.strip()
        if word.upper() == LEAD_IN:
            self._read_lead_in(value)
        elif word.upper() == LEAD_OUT:
            self._read_lead_out(value)
        else:
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            self._texts().remarks.append((word, value))

    def _read_lead_in(self, rest: str) -> None:
        if self._lead_in is not None:
            raise self.error("a second lead-in")
        (frames,) = self.words("the lead-in", rest, "a number of frames")
        self._lead_in = self.whole(frames, "a number of frames")
        if self._lead_in % (self.sample_rate // SECTORS_PER_SECOND or 1):
            self.fault("the lead-in of a compact disc is a multiple of 588 frames")

    def _read_lead_out(self, rest: str) -> None:
        if self._lead_out is not None:
            raise self.error("a second lead-out")
        track, frame = self.words("the lead-out", rest, "a track number", "a number of frames")
        number = self.small(track, "a track number")
        self._lead_out = number, self.whole(frame, "a number of frames"), self.line

    # checks of what was read

    def _end_track(self) -> None:
        track = self._track
        if track is None:
            return
        if all(index.number != 1 for index in track.indices):
            raise CueSheetError(f"TRACK {track.number:02} has no INDEX 01", track.line)
        self._tracks.append(track.finished())
        self._track = None

    def _check_catalog(self, number: str, line: int) -> None:
        if len(number) > CATALOG_BYTES or not all(" " <= char <= "~" for char in number):
            raise CueSheetError(f"CATALOG is no more than {CATALOG_BYTES} ASCII characters", line)
        if not re.fullmatch(r"[0-9]{13}", number):
            self.cd_faults.append(CueSheetError("CATALOG of a compact disc is 13 digits", line))

    def _check_lead_out(self, number: int, frame: int, line: int, is_cd: bool) -> None:
        wanted = CD_LEAD_OUT_TRACK if is_cd else LEAD_OUT_TRACK
        if number != wanted:
            raise CueSheetError(f"the lead-out is track {wanted}, not {number}", line)
        if self._num_frames not in (None, frame):
            raise CueSheetError(
                f"the lead-out is at frame {frame}, the recording has {self._num_frames}", line
            )
        if frame <= self._tracks[-1].indices[-1].frame:
            raise CueSheetError("the lead-out is not behind the last INDEX", line)

    def _text(self, command: str, rest: str, before: str | None) -> str:
        if before is not None:
            raise self.error(f"a second {command}")
        (text,) = self.words(command, rest, "a text")
        return text

    def _texts(self) -> _Texts:
        return self._disc if self._track is None else self._track.texts

    def _in_track(self, command: str) -> _Track:
        if self._track is None:
            raise self.error(f"{command} before the first TRACK")
        return self._track

    def _before_index(self, command: str) -> _Track:
        track = self._in_track(command)
        if track.indices:
            raise self.error(f"{command} after INDEX")
        return track

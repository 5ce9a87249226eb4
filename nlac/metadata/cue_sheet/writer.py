"""Write the text of a cue sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlac.metadata.cue_sheet.model import (
    CD_LEAD_OUT_TRACK,
    LEAD_OUT_TRACK,
    SECTORS_PER_SECOND,
    CueSheet,
    CueTrack,
)

# control characters, and halves of characters
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def write_cue_sheet(sheet: CueSheet, sample_rate: int, *, in_frames: bool = False) -> str:
    """The text of a sheet.

    Positions are written as ``MM:SS:FF`` if all of them are whole 75ths of a second, otherwise
    all as numbers of frames. What a cue sheet cannot hold is replaced: quotation marks by
    apostrophes, line ends by spaces.

    Parameters
    ----------
    sheet : CueSheet
        The sheet.
    sample_rate : int
        Frames a second.
    in_frames : bool
        Write all positions as numbers of frames; the sheet is not that of a compact disc then.
    """
    positions = [index.frame for track in sheet.tracks for index in track.indices]
    positions += [gap for track in sheet.tracks for gap in (track.pregap, track.postgap)]
    exact = not in_frames and all(
        frame * SECTORS_PER_SECOND % sample_rate == 0 for frame in positions
    )

    def position(frame: int) -> str:
        if not exact:
            return str(frame)
        seconds, sectors = divmod(frame * SECTORS_PER_SECOND // sample_rate, SECTORS_PER_SECOND)
        return f"{seconds // 60:02}:{seconds % 60:02}:{sectors:02}"

    def track_lines(track: CueTrack) -> Iterator[str]:
        yield f"  TRACK {track.number:02} {track.kind}"
        for line in _texts(track):
            yield f"    {line}"
        if track.isrc:
            yield f"    ISRC {track.isrc}"
        if track.flags:
            yield f"    FLAGS {' '.join(track.flags)}"
        if track.pregap:
            yield f"    PREGAP {position(track.pregap)}"
        for index in track.indices:
            yield f"    INDEX {index.number:02} {position(index.frame)}"
        if track.postgap:
            yield f"    POSTGAP {position(track.postgap)}"

    lines = list(_texts(sheet))
    if sheet.catalog:
        lines.insert(0, f"CATALOG {_quoted(sheet.catalog)}")
    if sheet.lead_in:
        lines.append(f"REM FLAC__lead-in {sheet.lead_in}")
    if sheet.lead_out is not None:
        number = CD_LEAD_OUT_TRACK if sheet.is_cd and exact else LEAD_OUT_TRACK
        lines.append(f"REM FLAC__lead-out {number} {sheet.lead_out}")
    lines.append(f"FILE {_quoted(sheet.file_name or 'audio.wav')} WAVE")
    for track in sheet.tracks:
        lines += track_lines(track)
    return "\n".join(lines) + "\n"


def _texts(part: CueSheet | CueTrack) -> Iterator[str]:
    for word, rest in part.remarks:
        yield f"REM {_line(word)} {_line(rest)}".rstrip()
    named = ("TITLE", part.title), ("PERFORMER", part.performer), ("SONGWRITER", part.songwriter)
    for command, text in named:
        if text is not None:
            yield f"{command} {_quoted(text)}"


def _quoted(text: str) -> str:
    quoteless = _line(text).replace('"', "'")
    return f'"{quoteless}"'


def _line(text: str) -> str:
    """The text in one line, without control characters."""
    return _CONTROL.sub(" ", text).strip()

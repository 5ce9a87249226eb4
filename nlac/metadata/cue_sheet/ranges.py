"""From tracks to frames: ranges between cue points, and the part of each track."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nlac._errors import UsageError
from nlac.metadata.cue_sheet.model import CueSheet, CueTrack

PregapMode: TypeAlias = Literal["previous", "next", "drop"]
PREGAP_MODES: tuple[PregapMode, ...] = ("previous", "next", "drop")
_RANGE = re.compile(r"(?:(\d{1,3})\.(\d{1,3}))?(-(?:(\d{1,3})\.(\d{1,3}))?)?", re.ASCII)
_LAST = (1 << 16, 0)


@dataclass(frozen=True, slots=True)
class CueRange:
    """A range between cue points, each a track and an index; None is the beginning or the end."""

    first: tuple[int, int] | None
    last: tuple[int, int] | None

    @classmethod
    def parse(cls, text: str) -> CueRange:
        """Read ``3.1-4.1``, ``3.1``, ``3.1-`` or ``-4.1``, as the program ``flac`` does.

        Raises
        ------
        UsageError
            `text` is no such range.
        """
        match = _RANGE.fullmatch(text)
        if match is None or not text:
            raise UsageError(
                f"{text!r} is no range of cue points, which are TRACK.INDEX: 3.1-4.1, 3.1- or -4.1"
            )
        first, first_index, _dash, last, last_index = match.groups()
        return cls(
            (int(first), int(first_index)) if first else None,
            (int(last), int(last_index)) if last else None,
        )

    def resolve(self, sheet: CueSheet, num_frames: int) -> tuple[int, int]:
        """First frame of the range, and the frame after its last.

        For a point that does not exist the closest one counts: before it for the beginning,
        after it for the end; where there is none, the beginning or the end of the recording.

        Raises
        ------
        UsageError
            The range ends before it begins.
        """
        points = [
            ((track.number, index.number), index.frame)
            for track in sheet.tracks
            for index in track.indices
        ]
        first = self.first or (0, 0)
        last = self.last or _LAST
        start = max((frame for point, frame in points if point <= first), default=0)
        stop = min((frame for point, frame in points if point >= last), default=num_frames)
        if stop < start:
            raise UsageError(f"the range of cue points ends (frame {stop}) before frame {start}")
        return start, stop


@dataclass(frozen=True, slots=True)
class TrackPart:
    """The frames of a recording that belong to a track.

    Attributes
    ----------
    number : int
        Number of the track; 0 for hidden audio before the first.
    track : CueTrack or None
        The track; None for hidden audio before the first.
    start, stop : int
        First frame, and the frame after the last.
    """

    number: int
    track: CueTrack | None
    start: int
    stop: int


def track_parts(sheet: CueSheet, num_frames: int, pregap: PregapMode) -> list[TrackPart]:
    """Divide a recording into tracks.

    Parameters
    ----------
    sheet : CueSheet
        The sheet.
    num_frames : int
        Frames of the recording.
    pregap : {"previous", "next", "drop"}
        Whether a gap (INDEX 00 to INDEX 01) ends the track before it, begins its own, or is
        left out. What comes before the first track has no track before it: with "previous" it
        is a part of its own, number 0. With "previous" and "next" the parts together are the
        whole recording.

    Raises
    ------
    UsageError
        There is no such mode.
    """
    if pregap not in PREGAP_MODES:
        raise UsageError(f"pregap {pregap!r}: one of {', '.join(PREGAP_MODES)}")
    tracks = sheet.tracks
    starts = [track.first_frame if pregap == "next" else track.start for track in tracks]
    stops = [track.first_frame for track in tracks[1:]] if pregap == "drop" else starts[1:]
    parts = [
        TrackPart(track.number, track, start, stop)
        for track, start, stop in zip(tracks, starts, [*stops, num_frames], strict=True)
    ]
    if pregap == "previous" and starts[0]:
        parts.insert(0, TrackPart(0, None, 0, starts[0]))
    return parts

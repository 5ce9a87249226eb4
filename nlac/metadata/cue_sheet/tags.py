"""Tags of tracks, from a cue sheet and from the tags of the whole recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nlac.metadata.cue_sheet.model import CueSheet, CueTrack
from nlac.metadata.cue_sheet.stored import CUE_SHEET_TAG

# tags of a recording that hold neither for its parts nor for what it becomes a part of
OF_ONE_RECORDING = frozenset(
    {
        *("TITLE", "ISRC", "TRACKNUMBER", "TRACKTOTAL", "TOTALTRACKS", CUE_SHEET_TAG),
        *("REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_TRACK_RANGE"),
        "R128_TRACK_GAIN",
    }
)
# first words of REM that are names of tags
_REMARKS = ("GENRE", "DATE", "COMMENT", "DISCID", "DISCNUMBER", "TOTALDISCS", "COMPOSER", "LABEL")


def track_tags(
    sheet: CueSheet, track: CueTrack | None, tags: Iterable[tuple[str, str]] = ()
) -> list[tuple[str, str]]:
    """Vorbis comments of a track.

    What the sheet says comes first, and takes the place of the tags of the same name that the
    recording has.

    Parameters
    ----------
    sheet : CueSheet
        The sheet.
    track : CueTrack or None
        The track; None for hidden audio before the first.
    tags : iterable of (str, str)
        Vorbis comments of the recording.
    """
    told = list(_told(sheet, track))
    known = {name for name, _value in told} | OF_ONE_RECORDING
    if track is not None and track.title is not None and sheet.title is None:
        # recordings of an album are often called by its title
        titles = [value for name, value in tags if name.upper() == "TITLE"]
        if titles and not any(name.upper() == "ALBUM" for name, _value in tags):
            told.append(("ALBUM", titles[0]))
    return told + [(name, value) for name, value in tags if name.upper() not in known]


def _told(sheet: CueSheet, track: CueTrack | None) -> Iterator[tuple[str, str]]:
    performer = sheet.performer if track is None else track.performer or sheet.performer
    songwriter = sheet.songwriter if track is None else track.songwriter or sheet.songwriter
    fields: list[tuple[str, str | None]] = [
        ("TITLE", track.title if track is not None else None),
        ("ARTIST", performer),
        ("ALBUM", sheet.title),
        ("ALBUMARTIST", sheet.performer),
        ("COMPOSER", songwriter),
        ("TRACKNUMBER", str(track.number) if track is not None else "0"),
        ("TRACKTOTAL", str(len(sheet.tracks))),
        ("ISRC", track.isrc if track is not None else None),
        ("BARCODE", sheet.catalog),
    ]
    told = [(name, value) for name, value in fields if value]
    names = {name for name, _value in told}
    remarks = [] if track is None else list(track.remarks)
    for word, rest in [*remarks, *sheet.remarks]:
        name = word.upper()
        if name in _REMARKS and name not in names and rest:
            told.append((name, rest))
            names.add(name)
    return iter(told)

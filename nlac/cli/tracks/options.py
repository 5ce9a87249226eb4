"""Options about cue sheets and tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import CueSheetError, UsageError

if TYPE_CHECKING:
    from nlac.metadata.cue_sheet.ranges import CueRange

PREGAPS = ("previous", "next", "drop")


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """What `track_options` were given.

    Attributes
    ----------
    cue : CueRange or None
        Range between cue points.
    sheet : str or None
        Text of a cue sheet.
    folder : str or None
        Where tracks go.
    name : str
        Template of their names; empty without `folder`.
    pregap : str
        What becomes of gaps.
    """

    cue: CueRange | None
    sheet: str | None
    folder: str | None
    name: str
    pregap: str


def read_sheet(path: str, encoding: str) -> str:
    """Text of a cue sheet file.

    Raises
    ------
    CueSheetError
        The file is too long, or in another encoding.
    OSError
        It can't be read.
    """
    from nlac.metadata.cue_sheet.parser import MAX_CHARACTERS
    from nlac.metadata.cue_sheet.stored import decode_text

    with open(path, "rb") as file:
        data = file.read(4 * MAX_CHARACTERS + 1)
    if len(data) > 4 * MAX_CHARACTERS:
        raise CueSheetError(f"longer than {MAX_CHARACTERS} characters", source=path)
    try:
        return decode_text(data, encoding)
    except CueSheetError as error:
        raise CueSheetError(error.reason, error.line, path) from error


def sheet_options(help_text: str) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Add the options that name a cue sheet; the command gets its text as `cuesheet`."""

    def decorate(command: Callable[..., object]) -> Callable[..., object]:
        @wraps(command)
        def with_text(
            *args: Any, cuesheet: str | None, cuesheet_encoding: str, **given: Any
        ) -> object:
            text = None if cuesheet is None else read_sheet(cuesheet, cuesheet_encoding)
            return command(*args, cuesheet=text, **given)

        return click.option("--cuesheet", metavar="FILE", help=help_text)(
            click.option(
                "--cuesheet-encoding",
                metavar="NAME",
                default="utf-8",
                show_default=True,
                help="Encoding of the cue sheet, such as cp1252 or shift_jis.",
            )(with_text)
        )

    return decorate


def _checked_name(template: str | None) -> str:
    from nlac.api.tracks.naming import DEFAULT_TEMPLATE, NameTemplate

    name = DEFAULT_TEMPLATE if template is None else template
    NameTemplate(name)
    return name


def _parsed_range(cue: str | None) -> CueRange | None:
    if cue is None:
        return None
    from nlac.metadata.cue_sheet.ranges import CueRange

    return CueRange.parse(cue)


def track_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add the options of decoding that concern tracks; the command gets them as `tracks`."""

    @wraps(command)
    def bundled(
        *,
        cue: str | None,
        cuesheet: str | None,
        split: str | None,
        split_name: str | None,
        pregap: str | None,
        **given: Any,
    ) -> object:
        if split is None and (split_name is not None or pregap is not None):
            raise UsageError("--split-name and --pregap are for --split")
        if split is None and cue is None and cuesheet is not None:
            raise UsageError("--cuesheet is for --cue and --split")
        if split is not None and cue is not None:
            raise UsageError("--split writes all tracks, --cue a part as one file")
        name = "" if split is None else _checked_name(split_name)
        tracks = TrackOptions(_parsed_range(cue), cuesheet, split, name, pregap or PREGAPS[0])
        return command(tracks=tracks, **given)

    decorated: Callable[..., object] = sheet_options(
        "A cue sheet to use instead of that of the stream."
    )(bundled)
    for option in (
        click.option(
            "--pregap",
            type=click.Choice(PREGAPS),
            help="Gaps before tracks end the track before (the default), begin their own, or "
            "are left out.",
        ),
        click.option(
            "--split-name",
            metavar="TEMPLATE",
            help="Names of the files of --split. [default: {track:02d} {title}]",
        ),
        click.option("--split", metavar="FOLDER", help="Write one file for each track."),
        click.option(
            "--cue",
            metavar="RANGE",
            help="Decode from one cue point to another: TRACK.INDEX-TRACK.INDEX, such as "
            "3.1-4.1; both are optional.",
        ),
    ):
        decorated = option(decorated)
    return decorated

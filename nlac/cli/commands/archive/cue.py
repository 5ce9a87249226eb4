"""``nlac cue``: the cue sheets of nlac files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import CueSheetError, NlacError, UsageError
from nlac._log import logger
from nlac.cli import _console, _files, _streams
from nlac.cli._batch import each_input
from nlac.cli._kinds import check_editable
from nlac.cli._suggest import SuggestingGroup
from nlac.cli.options.bundles import json_option

if TYPE_CHECKING:
    from nlac.bitstream.metadata import MetadataItem


@click.group("cue", cls=SuggestingGroup)
def command() -> None:
    """Show, export, import and remove the cue sheets of nlac files.

    \b
    Examples:
      nlac cue show album.nlac
      nlac cue export album.nlac album.cue
      nlac cue import album.nlac album.cue
      nlac cue remove album.nlac
    """


@command.command("show")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@_console.verbosity_options
def show(files: tuple[str, ...], as_json: bool) -> int:
    """Show the tracks of cue sheets.

    \b
    Examples:
      nlac cue show album.nlac
      nlac cue show --json *.nlac | jq -r '.tracks[].title'
    """

    def one(source: _files.Input) -> None:
        import nlac
        from nlac.api.tracks.sheets import read_cue_sheet

        name = source.path
        found = read_cue_sheet(name, _kept_text(name))
        tracks = nlac.info(name).tracks
        sheet = found.sheet
        if as_json:
            facts: dict[str, Any] = {
                "file": name,
                "ok": True,
                "title": sheet.title,
                "performer": sheet.performer,
                "catalog": sheet.catalog,
                "is_cd": sheet.is_cd,
                "tracks": [track.to_dict() for track in tracks],
            }
            click.echo(json.dumps(facts))
            return
        about = [text for text in (sheet.performer, sheet.title) if text]
        click.echo(f"{name}{': ' if about else ''}{' - '.join(about)}")
        for track in tracks:
            texts = [text for text in (track.performer, track.title) if text]
            gap = f", after {_time((track.start - track.gap) / found.format.sample_rate)} of gap"
            click.echo(
                f"  {track.number:02}  {_time(track.start_seconds)}  {_time(track.seconds)} long"
                + gap * (track.gap < track.start)
                + "  " * bool(texts) + " - ".join(texts)
            )  # fmt: skip

    return each_input([_files.Input(name) for name in files], as_json, one)


@command.command("export")
@click.argument("file", metavar="FILE")
@click.argument("output", metavar="[SHEET]", default=_files.PIPE)
@click.option("-f", "--force", is_flag=True, help="Replace a file that exists.")
@_console.verbosity_options
def export(file: str, output: str, force: bool) -> None:
    """Write the cue sheet of a file, as it was kept; without SHEET to standard output.

    \b
    Examples:
      nlac cue export album.nlac album.cue
      nlac cue export album.nlac | less
    """
    from nlac._output import open_output

    data = _kept_text(file).encode()
    if output == _files.PIPE:
        sys.stdout.flush()
        _streams.binary_output().write(data)
        return
    with open_output(output, force=force) as target:
        target.write(data)


@command.command("import")
@click.argument("file", metavar="FILE")
@click.argument("sheet", metavar="SHEET")
@click.option(
    "--cuesheet-encoding",
    metavar="NAME",
    default="utf-8",
    show_default=True,
    help="Encoding of the cue sheet, such as cp1252 or shift_jis.",
)
@_console.verbosity_options
def import_(file: str, sheet: str, cuesheet_encoding: str) -> None:
    """Keep a cue sheet in a file, in place of the one that it has.

    \b
    Examples:
      nlac cue import album.nlac album.cue
      nlac cue import album.nlac album.cue --cuesheet-encoding cp1252
    """
    from nlac.api.tracks.sheets import read_cue_sheet
    from nlac.cli.tracks.options import read_sheet
    from nlac.metadata.cue_sheet.stored import cue_sheet_item

    check_editable(file)
    text = read_sheet(sheet, cuesheet_encoding)
    try:
        found = read_cue_sheet(file, text)
    except CueSheetError as error:
        raise CueSheetError(error.reason, error.line, sheet) from error
    _replace(file, [cue_sheet_item(text)])
    number = len(found.sheet.tracks)
    _console.say(f"{file}: a cue sheet of {number} track{'s' * (number != 1)}")


@command.command("remove")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_console.verbosity_options
def remove(files: tuple[str, ...]) -> int:
    """Remove the cue sheets of files.

    \b
    Examples:
      nlac cue remove album.nlac
    """

    def one(name: str) -> None:
        check_editable(name)
        _kept_text(name)
        _replace(name, [])
        _console.say(f"{name}: without a cue sheet")

    return _console.each_file(list(files), one)


class NoCueSheet(NlacError):
    """A file has no cue sheet to show, export or remove."""


def _kept_text(file: str) -> str:
    """Text of the cue sheet of a file."""
    from nlac.api.tracks.sheets import read_cue_text

    try:
        return read_cue_text(file)
    except UsageError as error:
        # it is the file that lacks something, not the command line
        raise NoCueSheet(str(error)) from None


def _replace(file: str, items: list[MetadataItem]) -> None:
    """Put a cue sheet, or none, in the place of the one that a file has, be it an item or a tag."""
    from nlac.bitstream.constants import ITEM_CUE_SHEET
    from nlac.editing.editor import MetadataEditor
    from nlac.metadata.cue_sheet.stored import CUE_SHEET_TAG

    with MetadataEditor(file) as editor:
        if CUE_SHEET_TAG in editor.tags:
            del editor.tags[CUE_SHEET_TAG]
        editor.replace_items(ITEM_CUE_SHEET, items)
        for warning in editor.save().warnings:
            logger.warning(f"{file}: {warning}")


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:06.3f}"

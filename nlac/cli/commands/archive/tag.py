"""``nlac tag``."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import MissingDependency, UsageError
from nlac.cli import _console, _files, _streams
from nlac.cli._suggest import SuggestingGroup
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.options.tags import given_pictures, given_tags, tag_options
from nlac.cli.tags.chunks import chunks
from nlac.cli.tags.edits import ANY_AUDIO, EditOptions, edit_files, edit_options, tell_each
from nlac.cli.tags.listing import picture_line, readable, tag_facts
from nlac.cli.tags.pictures import picture
from nlac.cli.tags.texts import text_source
from nlac.metadata.originals import STORED

if TYPE_CHECKING:
    from nlac.editing.editor import MetadataEditor
    from nlac.metadata.tags import TagEditor

_FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True)
_ADD = click.option("--add", is_flag=True, help="Add to the values that there are already.")


@click.group("tag", cls=SuggestingGroup)
def command() -> None:
    """List and edit tags, pictures and kept chunks.

    Tags are changed in place where the file has padding for them; else the file is
    rewritten, with the audio copied as it is. The tags of an original WAV or AIFF
    file are shown until others are stored.

    \b
    Examples:
      nlac tag list *.nlac
      nlac tag set song.nlac -T ARTIST=One -T ARTIST=Two -T TITLE='Night train'
      nlac tag remove -r archive -T 'REPLAYGAIN_*'
      nlac tag export song.nlac > tags.txt
      nlac tag import song.nlac --from tags.txt
      nlac tag copy song.flac song.nlac
    """


@command.command("list")
@_FILES
@search_options
@json_option
@_console.verbosity_options
def list_tags(
    files: tuple[str, ...], recursive: bool, include: tuple[str, ...], as_json: bool
) -> int:
    """List tags and pictures of nlac and other audio files.

    \b
    Examples:
      nlac tag list song.nlac
      nlac tag list -r archive --json | jq -r '[.file, .tags.TITLE[0]] | @tsv'
    """
    inputs = _files.find_inputs(files, recursive=recursive, include=include, suffixes=ANY_AUDIO)

    def show(source: _files.Input) -> tuple[str, dict[str, Any]]:
        from nlac.metadata.files import read_file_tags

        shown = read_file_tags(source.file())
        facts = tag_facts(shown)
        lines = [readable(f"{name}={value}") for name, value in shown.comments]
        lines += map(picture_line, facts["pictures"])
        is_original = shown.origin not in (None, STORED)
        head = f"{source}: tags of {shown.origin}" if is_original else str(source)
        notes = [f"({note})" for note in shown.notes]
        return "\n  ".join([head, *lines, *notes]), facts

    return tell_each(inputs, as_json, show)


@command.command("set")
@_FILES
@tag_options
@click.option(
    "--picture",
    "pictures",
    metavar="SPEC",
    multiple=True,
    help="Add a picture: FILE, or TYPE|MEDIA TYPE|DESCRIPTION|SIZE|FILE as in flac.",
)
@_ADD
@edit_options
def set_tags(
    files: tuple[str, ...],
    options: EditOptions,
    tags: tuple[str, ...],
    tags_from_files: tuple[str, ...],
    pictures: tuple[str, ...],
    add: bool,
) -> int:
    """Set tags: the values of a field are replaced by those given, other fields stay.

    \b
    Examples:
      nlac tag set song.nlac -T ARTIST=One -T ARTIST=Two
      nlac tag set *.nlac -T GENRE=Folk --add
      nlac tag set song.nlac --tag-from-file LYRICS=lyrics.txt --picture cover.jpg
    """
    pairs, made = given_tags(tags, tags_from_files), given_pictures(pictures)
    if not (pairs or made):
        raise UsageError("nothing to set: give -T FIELD=VALUE, --tag-from-file or --picture")

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        _put(editor.tags, pairs, add)
        editor.pictures += made

    return edit_files(files, options, change)


@command.command("remove")
@_FILES
@click.option(
    "-T",
    "--tag",
    "tags",
    metavar="FIELD[=VALUE]",
    multiple=True,
    required=True,
    help="A field, or one value of it; FIELD may be a pattern such as 'REPLAYGAIN_*'.",
)
@edit_options
def remove(files: tuple[str, ...], options: EditOptions, tags: tuple[str, ...]) -> int:
    """Remove tags.

    \b
    Examples:
      nlac tag remove song.nlac -T COMMENT -T ARTIST=Two
    """

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        for tag in tags:
            pattern, equals, value = tag.partition("=")
            for name in list(editor.tags):
                if not fnmatch.fnmatchcase(name, pattern.upper()):
                    continue
                if equals:
                    editor.tags.remove_value(name, value)
                else:
                    del editor.tags[name]

    return edit_files(files, options, change)


@command.command("clear")
@_FILES
@click.option(
    "--keep", metavar="FIELD", multiple=True, help="A field to keep; may be repeated, or a pattern."
)
@click.option("--pictures", is_flag=True, help="Remove the pictures, too.")
@edit_options
def clear(
    files: tuple[str, ...], options: EditOptions, keep: tuple[str, ...], pictures: bool
) -> int:
    """Remove all tags.

    \b
    Examples:
      nlac tag clear song.nlac
      nlac tag clear -r archive --keep ARTIST --keep TITLE --pictures
    """

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        for name in list(editor.tags):
            if not any(fnmatch.fnmatchcase(name, pattern.upper()) for pattern in keep):
                del editor.tags[name]
        if pictures:
            editor.pictures = []

    return edit_files(files, options, change)


@command.command("export")
@_FILES
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A text file, or a folder for FILE.txt of each file; stdout by default.",
)
@click.option("-f", "--force", is_flag=True, help="Replace files that exist.")
@search_options
@_console.verbosity_options
def export(
    files: tuple[str, ...],
    output: str | None,
    force: bool,
    recursive: bool,
    include: tuple[str, ...],
) -> int:
    """Write tags as text: a line FIELD=value each.

    A value of several lines goes on in lines that begin with a tab.

    \b
    Examples:
      nlac tag export song.nlac > tags.txt
      nlac tag export *.nlac -o tags/
    """
    inputs = _files.find_inputs(files, recursive=recursive, include=include, suffixes=ANY_AUDIO)
    many = recursive or len(inputs) > 1
    if many and output is None:
        raise UsageError("several files need a folder: -o FOLDER")
    outputs = _files.Outputs(output, many, force)

    def write(source: _files.Input) -> None:
        from nlac._files import open_target
        from nlac.metadata.files import read_file_tags
        from nlac.metadata.text import dump_tags

        data = dump_tags(read_file_tags(source.file()).comments).encode()
        if output is None:
            _streams.binary_output().write(data)
            return
        path = outputs.place(source, f"{source.stem}.txt")
        with open_target(_files.sink(path), force=True) as target:
            target.file.write(data)
        if path != _files.PIPE:
            _console.say(f"{source} -> {path}")

    return _console.each_file(inputs, write)


@command.command("import")
@_FILES
@click.option(
    "--from",
    "text",
    metavar="PATH",
    help="A text file as export writes it, - for stdin, or a folder with FILE.txt for each file.",
)
@click.option(
    "--from-original",
    is_flag=True,
    help="Store the tags that are in the chunks of the original file.",
)
@_ADD
@edit_options
def import_tags(
    files: tuple[str, ...], options: EditOptions, text: str | None, from_original: bool, add: bool
) -> int:
    """Replace all tags by those of a text file, or by those of the original file.

    \b
    Examples:
      nlac tag import song.nlac --from tags.txt
      nlac tag import -r archive --from-original
    """
    if (text is None) == (not from_original):
        raise UsageError("tags from where? --from PATH or --from-original")
    if from_original and add:
        raise UsageError("--add goes with --from")
    tags_for = text_source(text) if text is not None else None

    def change(editor: MetadataEditor, source: _files.Input) -> str | None:
        if tags_for is not None:
            pairs = tags_for(source)
            if not add:
                editor.tags.clear()
            _put(editor.tags, pairs, add=True)
        elif not editor.import_original():
            if editor.notes:
                raise MissingDependency("; ".join(editor.notes))
            return "nothing to import, its original file has no tags"
        return None

    return edit_files(files, options, change)


@command.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("files", metavar="TO...", nargs=-1, required=True)
@click.option("--no-pictures", is_flag=True, help="Copy the tags only.")
@_ADD
@edit_options
def copy(
    source: str, files: tuple[str, ...], options: EditOptions, no_pictures: bool, add: bool
) -> int:
    """Copy tags and pictures from a file of any kind, in place of those that there are.

    \b
    Examples:
      nlac tag copy song.flac song.nlac
      nlac tag copy first.nlac second.nlac third.nlac --no-pictures
    """
    from nlac.metadata.files import read_file_tags

    try:
        shown = read_file_tags(_files.Input(source).file())
    except Exception as error:
        if _console.ends_the_run(error):
            raise
        return _console.report_error(error, source)

    def change(editor: MetadataEditor, target: _files.Input) -> None:
        if not add:
            editor.tags.clear()
        _put(editor.tags, list(shown.comments), add=True)
        if not no_pictures:
            kept = editor.pictures if add else []
            editor.pictures = kept + [each for each in shown.pictures if each not in kept]

    return edit_files(files, options, change)


def _put(tags: TagEditor, pairs: list[tuple[str, str]], add: bool) -> None:
    if add:
        for name, value in pairs:
            tags.add(name, value)
        return
    values: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name.upper(), []).append(value)
        names.setdefault(name.upper(), name)
    for key, given in values.items():
        tags[names[key]] = given


command.add_command(picture)
command.add_command(chunks)

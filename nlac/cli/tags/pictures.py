"""``nlac tag picture``: list, add, export and remove pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import NlacError, UsageError
from nlac.cli import _console, _files
from nlac.cli._suggest import SuggestingGroup
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.options.tags import given_pictures
from nlac.cli.tags.edits import ANY_AUDIO, EditOptions, edit_files, edit_options, tell_each
from nlac.cli.tags.listing import picture_facts, picture_line

if TYPE_CHECKING:
    from nlac.bitstream.items import Picture
    from nlac.editing.editor import MetadataEditor


class NoPicture(NlacError):
    """A file lacks the picture that a file was to be made of."""


@click.group("picture", cls=SuggestingGroup)
def picture() -> None:
    """List, add, export and remove pictures.

    \b
    Examples:
      nlac tag picture add *.nlac --picture cover.jpg
      nlac tag picture export song.nlac -o covers/
      nlac tag picture remove song.nlac --type "back cover"
    """


def _selection(command: Callable[..., object]) -> Callable[..., object]:
    number = click.option(
        "-n",
        "--number",
        "numbers",
        metavar="N",
        type=click.IntRange(1),
        multiple=True,
        help="Number of a picture, as list tells it; may be repeated.",
    )
    kind = click.option(
        "--type",
        "types",
        metavar="TYPE",
        multiple=True,
        help="Pictures of a type: a number or a name such as 'front cover'; may be repeated.",
    )
    return number(kind(command))


def _selected(
    pictures: list[Picture], numbers: tuple[int, ...], types: tuple[str, ...]
) -> list[tuple[int, Picture]]:
    """Pictures that were chosen, with their numbers; all of them if none was."""
    from nlac.metadata.pictures import picture_type_number

    kinds = {picture_type_number(each) for each in types}
    for number in numbers:
        if number > len(pictures):
            raise UsageError(f"there is no picture {number}, but {len(pictures)}")
    return [
        (number, each)
        for number, each in enumerate(pictures, 1)
        if not (numbers or types) or number in numbers or each.picture_type in kinds
    ]


@picture.command("list")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@search_options
@json_option
@_console.verbosity_options
def list_pictures(
    files: tuple[str, ...], recursive: bool, include: tuple[str, ...], as_json: bool
) -> int:
    """List the pictures of nlac and other audio files.

    \b
    Examples:
      nlac tag picture list song.nlac song.flac
    """
    inputs = _files.find_inputs(files, recursive=recursive, include=include, suffixes=ANY_AUDIO)

    def show(source: _files.Input) -> tuple[str, dict[str, Any]]:
        from nlac.metadata.files import read_file_tags

        facts = picture_facts(read_file_tags(source.file()).pictures)
        return "\n  ".join([str(source), *map(picture_line, facts)]), {"pictures": facts}

    return tell_each(inputs, as_json, show)


@picture.command("add")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--picture",
    "pictures",
    metavar="SPEC",
    multiple=True,
    required=True,
    help="FILE, or TYPE|MEDIA TYPE|DESCRIPTION|SIZE|FILE as in flac; may be repeated.",
)
@edit_options
def add(files: tuple[str, ...], options: EditOptions, pictures: tuple[str, ...]) -> int:
    """Add pictures to files: PNG, JPEG, GIF or WebP.

    \b
    Examples:
      nlac tag picture add *.nlac --picture cover.jpg
      nlac tag picture add song.nlac --picture '4||Back||back.png'
    """
    made = given_pictures(pictures)

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        editor.pictures += made

    return edit_files(files, options, change)


@picture.command("remove")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_selection
@click.option("--all", "everything", is_flag=True, help="Remove all pictures.")
@edit_options
def remove(
    files: tuple[str, ...],
    options: EditOptions,
    numbers: tuple[int, ...],
    types: tuple[str, ...],
    everything: bool,
) -> int:
    """Remove pictures from files.

    \b
    Examples:
      nlac tag picture remove song.nlac --type 'back cover'
      nlac tag picture remove -r archive --all
    """
    if not (numbers or types or everything):
        raise UsageError("which pictures? -n NUMBER, --type TYPE or --all")

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        gone = {number for number, _ in _selected(editor.pictures, numbers, types)}
        if everything:
            editor.pictures = []
        editor.pictures = [
            each for number, each in enumerate(editor.pictures, 1) if number not in gone
        ]

    return edit_files(files, options, change)


@picture.command("export")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@_selection
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A folder for the images, which are named after the file; of a single picture also a "
    "file, or - for stdout. By default they lie beside the file.",
)
@click.option("-f", "--force", is_flag=True, help="Replace images that exist.")
@search_options
@_console.verbosity_options
def export(
    files: tuple[str, ...],
    numbers: tuple[int, ...],
    types: tuple[str, ...],
    output: str | None,
    force: bool,
    recursive: bool,
    include: tuple[str, ...],
) -> int:
    """Write pictures as the image files that they are.

    \b
    Examples:
      nlac tag picture export song.nlac --type 'front cover' -o cover.jpg
      nlac tag picture export -r archive -o covers/
    """
    inputs = _files.find_inputs(files, recursive=recursive, include=include, suffixes=ANY_AUDIO)
    outputs = _files.Outputs(output, recursive or len(inputs) > 1, force)

    def write(source: _files.Input) -> None:
        from nlac._files import open_target
        from nlac.metadata.files import read_file_tags
        from nlac.metadata.pictures import EXTENSIONS, type_name

        chosen = _selected(list(read_file_tags(source.file()).pictures), numbers, types)
        if not chosen:
            if outputs.is_named(source):
                # whoever named the file goes on to use it
                raise NoPicture("has no such picture")
            _console.say(f"{source}: nothing to export, it has no such picture")
            return
        if len(chosen) > 1 and outputs.is_named(source):
            raise UsageError(
                f"has {len(chosen)} such pictures; choose one by -n, or name a folder: -o {output}/"
            )
        for number, each in chosen:
            # of what the stream tells only words of our own reach a name
            kind = type_name(each.picture_type).replace(" ", "-")
            name = f"{source.stem}-{number}-{kind}{EXTENSIONS.get(each.media_type, '.bin')}"
            path = outputs.place(source, name)
            with open_target(_files.sink(path), force=True) as target:
                target.file.write(each.data)
            piped = path == _files.PIPE
            to = "stdout" if piped else path
            _console.say(f"{source} -> {to}: {len(each.data):,} bytes", stdout_is_data=piped)

    return _console.each_file(inputs, write)

"""Changing one file after the other: shared options, and what is told of each file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
from nlac._log import logger
from nlac._names import AUDIO_SUFFIXES
from nlac.cli import _console
from nlac.cli._batch import each_input
from nlac.cli._files import Input, find_inputs
from nlac.cli._kinds import check_editable, check_stream
from nlac.cli.options.bundles import bundled, json_option
from nlac.cli.options.search import search_options
from nlac.cli.options.sizes import padding_size

if TYPE_CHECKING:
    from nlac.editing.editor import Edit, MetadataEditor

STREAMS = frozenset({".nlac"})
ANY_AUDIO = AUDIO_SUFFIXES | STREAMS
# may return what to tell of a file besides
Change = Callable[["MetadataEditor", Input], str | None]


@dataclass(frozen=True, slots=True)
class EditOptions:
    """What `edit_options` were given."""

    recursive: bool
    include: tuple[str, ...]
    padding: int | None
    preserve_mtime: bool
    as_json: bool


# of all commands that edit files
edit_options = bundled(
    EditOptions,
    click.option(
        "--padding",
        callback=padding_size,
        metavar="SIZE",
        help="Bytes of padding that the file shall have; it is rewritten if it has others.",
    ),
    click.option("--preserve-mtime", is_flag=True, help="Keep the time of modification."),
    search_options,
    json_option,
    _console.verbosity_options,
)


def edit_files(names: Sequence[str], options: EditOptions, change: Change) -> int:
    """Change one file after the other, and tell of each.

    Parameters
    ----------
    names : sequence of str
        Files and folders.
    options : EditOptions
        How.
    change : callable
        Changes an editor's tags, pictures or items.

    Returns
    -------
    int
        The gravest exit code.
    """
    inputs = find_inputs(
        names, recursive=options.recursive, include=options.include, suffixes=STREAMS
    )
    return tell_each(inputs, options.as_json, lambda source: _edit(source, options, change))


def tell_each(inputs: Sequence[Input], as_json: bool, work: Callable[[Input], Any]) -> int:
    """Do work on one file after the other; an error ends the file, not the run.

    Parameters
    ----------
    inputs : sequence of Input
        The files.
    as_json : bool
        Tell in JSON.
    work : callable
        Returns text for people and a dict for JSON.

    Returns
    -------
    int
        The gravest exit code.
    """

    def tell(source: Input) -> None:
        text, facts = work(source)
        if as_json:
            click.echo(json.dumps({"file": source.path, "ok": True, **facts}))
        else:
            _console.say(text)

    return each_input(inputs, as_json, tell)


def _edit(source: Input, options: EditOptions, change: Change) -> tuple[str, dict[str, Any]]:
    from nlac.editing.editor import MetadataEditor

    check_editable(source.path)
    if source.is_pipe or (os.path.exists(source.path) and not os.path.isfile(source.path)):
        # one that is opened for reading could wait for ever
        raise UsageError("a pipe or device cannot be edited; name a file")
    with source.open() as file:
        check_stream(source, file)
    with MetadataEditor(source.path) as editor:
        said = change(editor, source)
        edit = editor.save(padding=options.padding, preserve_mtime=options.preserve_mtime)
        for note in (*editor.notes, *edit.warnings):
            logger.warning(f"{source}: {note}")
        numbers = len(editor.tags.comments), len(editor.pictures)
    facts = {
        "changed": edit.changed,
        "in_place": edit.in_place,
        "why": edit.why,
        "bytes_before": edit.bytes_before,
        "bytes_after": edit.bytes_after,
        "padding": edit.padding,
        "num_tags": numbers[0],
        "num_pictures": numbers[1],
        "warnings": list(edit.warnings),
    }
    return f"{source}: {said or _counts(*numbers)}; {_wording(edit)}", facts


def _counts(tags: int, pictures: int) -> str:
    text = f"{tags} tag{'s' * (tags != 1)}"
    return f"{text}, {pictures} picture{'s' * (pictures != 1)}" if pictures else text


def _wording(edit: Edit) -> str:
    if not edit.changed:
        return "unchanged"
    if edit.in_place:
        return f"written in place, {edit.padding:,} bytes of padding left"
    return f"rewritten: {edit.why}"

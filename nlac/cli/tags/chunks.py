"""``nlac tag chunks``: list what a stream keeps of its original file, and remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nlac._log import logger
from nlac.cli import _console, _files
from nlac.cli._kinds import check_stream
from nlac.cli._suggest import SuggestingGroup
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.tags.edits import STREAMS, EditOptions, edit_files, edit_options, tell_each
from nlac.cli.tags.listing import readable
from nlac.metadata.originals import STORED

if TYPE_CHECKING:
    from nlac.editing.editor import MetadataEditor


@click.group("chunks", cls=SuggestingGroup)
def chunks() -> None:
    """List and remove the chunks that a stream keeps of its original file.

    \b
    Examples:
      nlac tag chunks list take.nlac
      nlac tag chunks remove take.nlac --keep-tags
    """


@chunks.command("list")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@search_options
@json_option
@_console.verbosity_options
def list_chunks(
    files: tuple[str, ...], recursive: bool, include: tuple[str, ...], as_json: bool
) -> int:
    """List the chunks of the original files, besides their samples.

    \b
    Examples:
      nlac tag chunks list take.nlac
      nlac tag chunks list -r archive --json
    """
    inputs = _files.find_inputs(files, recursive=recursive, include=include, suffixes=STREAMS)

    def show(source: _files.Input) -> tuple[str, dict[str, Any]]:
        import nlac

        with source.open() as file:
            check_stream(source, file)
            with nlac.open(file) as opened:
                kept = opened.chunks
                container = opened.info.container
        facts = [{"name": each.name, "num_bytes": len(each.data)} for each in kept]
        head = "the original file is not kept" if container is None else f"{container} file"
        lines = [f"{source}: {head}"]
        lines += [f"{readable(each.name)}  {len(each.data):,} bytes" for each in kept]
        return "\n  ".join(lines), {"container": container, "chunks": facts}

    return tell_each(inputs, as_json, show)


@chunks.command("remove")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--keep-tags", is_flag=True, help="Store the tags that are shown from the chunks as tags."
)
@edit_options
def remove(files: tuple[str, ...], options: EditOptions, keep_tags: bool) -> int:
    """Remove everything that is kept of the original files besides the audio.

    The original file does not come back then: decoding writes a fresh one. The audio
    stays as it is.

    \b
    Examples:
      nlac tag chunks remove take.nlac --keep-tags
    """

    def change(editor: MetadataEditor, source: _files.Input) -> None:
        if editor.origin not in (None, STORED):
            if keep_tags:
                editor.import_original()
            else:
                logger.warning(
                    f"{source}: its tags were those of {editor.origin}; they go with the chunks "
                    "(--keep-tags stores them)"
                )
        editor.remove_original()

    return edit_files(files, options, change)

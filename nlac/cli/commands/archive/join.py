"""``nlac join``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

from nlac._errors import OutputExists, UsageError
from nlac._log import logger
from nlac.cli import _console, _files
from nlac.cli.options.sizes import memory_option
from nlac.cli.options.tags import given_tags


@click.command("join")
@click.argument("files", metavar="IN... OUT", nargs=-1, required=True)
@click.option("-o", "--output", metavar="PATH", help="The output, instead of the last argument.")
@click.option("-f", "--force", is_flag=True, help="Replace an output that exists.")
@click.option(
    "--tags-from",
    type=click.Choice(["first", "common", "none"]),
    default="first",
    show_default=True,
    help="Tags of the result: the first input's, those that all have alike, or none.",
)
@click.option("-T", "--tag", "tags", metavar="FIELD=VALUE", multiple=True, help="Add a tag.")
@click.option(
    "--cuesheet/--no-cuesheet",
    default=True,
    show_default=True,
    help="Make a cue sheet with a track for each input.",
)
@click.option(
    "--reencode", is_flag=True, help="Encode anew, which joins files of unlike predictors."
)
@click.option(
    "--preset",
    type=click.Choice(["fast", "standard", "high", "max", "neural"]),
    help="Preset of --reencode. [default: standard]",
)
@click.option(
    "-j", "--threads", metavar="N", type=click.IntRange(0), default=0, help="Threads; 0: all cores."
)
@memory_option
@_files.model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    output: str | None,
    tags: tuple[str, ...],
    preset: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Join nlac files without a gap, and without encoding them again.

    The blocks are kept, and all of them are decoded and compared with the MD5 of
    their file. The result has a cue sheet, by which nlac decode --split divides it.

    \b
    Examples:
      nlac join 01.nlac 02.nlac 03.nlac album.nlac
      nlac join disc1/*.nlac disc2/*.nlac -o both.nlac --tags-from common
      nlac join a.nlac b.nlac ab.nlac --reencode --preset high
    """
    import nlac

    names = list(files)
    if output is None:
        output = names.pop()
        if output != _files.PIPE and Path(output).is_file() and not settings["force"]:
            # the last input, where the output was forgotten
            raise OutputExists(f"{output} exists; it would be the output, and -f replaces it")
    if not names:
        raise UsageError("an input and an output are needed")
    if preset is not None and not settings["reencode"]:
        raise UsageError("--preset is for --reencode")
    settings["preset"] = preset or "standard"
    to_stdout = output == _files.PIPE
    _console.before_coding()
    begin = time.perf_counter()
    with _console.progress_bar(output) as progress:
        result = nlac.join(
            names,
            _files.sink(output),
            tags=given_tags(tags, ()),
            progress=progress,
            **settings,
        )
    seconds = time.perf_counter() - begin
    for warning in result.warnings:
        logger.warning(f"{output}: {warning}")
    if as_json:
        facts = {"output": output, "inputs": len(names), **result.to_dict()}
        line = json.dumps(facts | {"wall_seconds": round(seconds, 3)})
        click.echo(line, err=to_stdout)
        return
    how = "encoded anew" if result.encoded else f"{result.num_blocks} blocks kept as they were"
    _console.say(
        f"{len(names)} files -> {'stdout' if to_stdout else output}: {result.seconds:.3f} s, "
        f"{how}, MD5 {result.md5}, verified",
        stdout_is_data=to_stdout,
    )

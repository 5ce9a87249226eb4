"""``nlac repair``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from nlac._errors import FormatError, UsageError
from nlac._log import logger
from nlac.cli import _console, _details, _files
from nlac.cli._batch import Batch, Done
from nlac.cli._kinds import check_editable
from nlac.cli.options.in_place import InPlaceOptions, in_place_options

if TYPE_CHECKING:
    from nlac import RepairResult
    from nlac.api.results.parity import DamagedRange

_DAMAGED = FormatError.exit_code
# ranges that are listed without -v
_LISTED = 3


@click.command("repair")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "-n", "--dry-run", is_flag=True, help="Write nothing; tell whether files could be repaired."
)
@click.option(
    "--no-keep", is_flag=True, help="Don't keep the damaged file under NAME.damaged."
)
@click.option(
    "--partial",
    is_flag=True,
    help="Write what can be repaired even if some damage is left (exit code 3).",
)
@in_place_options
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    options: InPlaceOptions,
    dry_run: bool,
    no_keep: bool,
    partial: bool,
) -> int:
    """Restore damaged nlac files by the parity that nlac protect added.

    What is written is the stream as it was, byte for byte, which its SHA-256 proves;
    otherwise nothing is written. The repaired file takes the name, and the damaged
    one is kept beside it as NAME.damaged. Files without damage are left alone.

    \b
    Examples:
      nlac repair song.nlac
      nlac repair song.nlac -o whole.nlac
      nlac repair -n -r archive
      nlac decode --recover song.nlac           saves what it can without parity
    """
    inputs, outputs = options.find(files)
    _console.before_coding()

    def repair_one(source: _files.Input) -> Done:
        import nlac

        in_place = options.output is None
        if in_place and not dry_run:
            check_editable(source.path, "; -o names an output")
        path = source.path if dry_run else options.place(outputs, source)
        if in_place and source.is_pipe and not dry_run:
            raise UsageError("standard input needs an output; -o names it")
        times = options.times(source)
        begin = time.perf_counter()
        with _console.progress_bar(str(source), " bytes") as progress:
            result = nlac.repair(
                source.file(),
                None if in_place else _files.sink(path),
                write=not dry_run,
                keep=not no_keep,
                partial=partial,
                force=options.force or not in_place,
                progress=progress,
            )
        _details.tell_time(str(source), time.perf_counter() - begin)
        if in_place and result.state == "intact":
            raise _files.Passed(path, "intact", "is intact")
        if not dry_run:
            options.finish(times, path)
        _list(source, result)
        code = _DAMAGED if dry_run or result.state == "partial" else 0
        facts = result.to_dict()
        # told as that of every command
        del facts["output"]
        return Done(path, _told(result, dry_run), result.bytes_in, result.bytes_out, facts, code)

    to_stdout = options.output == _files.PIPE and not dry_run
    batch = Batch("repaired", as_json=options.as_json, stdout_is_data=to_stdout)
    return batch.run(inputs, repair_one)


def _told(result: RepairResult, dry_run: bool) -> str:
    if result.state == "intact":
        return "is intact"
    parts = []
    if result.damaged:
        parts.append(f"{result.repaired_bytes:,} bytes in {_places(len(result.damaged))}")
        shown = result.damaged[:_LISTED]
        more = ", ..." if len(result.damaged) > _LISTED else ""
        parts[-1] += f" ({', '.join(_place(each) for each in shown)}{more})"
    if result.shifted_bytes > 0:
        parts.append(f"{result.shifted_bytes:,} foreign bytes left out")
    elif result.shifted_bytes < 0:
        parts.append(f"{-result.shifted_bytes:,} bytes were missing")
    if result.parity_damaged and result.state == "repaired":
        parts.append("parity made anew")
    word = "could be repaired" if dry_run else "repaired"
    text = f"{word}, as its SHA-256 proves: " + "; ".join(parts)
    if result.state == "partial":
        left = sum(each.stop - each.start for each in result.left)
        text = f"damage is left in {left:,} bytes in {_places(len(result.left))}"
    if result.kept is not None:
        text += f"; the damaged file is {result.kept}"
    return text


def _places(number: int) -> str:
    return f"{number} place{'s' * (number != 1)}"


def _place(each: DamagedRange) -> str:
    if each.start_seconds is None:
        return each.part
    return f"{each.part}, {each.start_seconds:.3f} to {each.stop_seconds:.3f} s"


def _list(source: _files.Input, result: RepairResult) -> None:
    """Tell every damaged range; with ``-v`` only."""
    for each in result.damaged:
        logger.info(f"{source}: bytes {each.start} to {each.stop - 1} ({_place(each)})")
    for each in result.left:
        logger.warning(
            f"{source}: bytes {each.start} to {each.stop - 1} are left damaged ({_place(each)})"
        )

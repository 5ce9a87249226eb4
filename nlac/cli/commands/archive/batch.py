"""``nlac batch``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
from nlac._urls import is_url
from nlac.cli import _console, _streams
from nlac.cli.archive.batch_report import BatchReport, shown
from nlac.cli.commands.files import encode
from nlac.cli.options.bundles import json_option
from nlac.cli.options.sizes import memory_option

if TYPE_CHECKING:
    from nlac.batch.engines import DaskEngine, LocalEngine
    from nlac.batch.plan import Settings
    from nlac.batch.report import Report
    from nlac.batch.selection import Selection

# options of `nlac encode` that hold for all files of a tree
_ENCODING = (
    *("preset", "predictor", "model", "coder", "effort", "origin", "no_long_term", "block_seconds"),
    *("profile", "padding", "protect", "exact"),
)


class _Folder(click.Path):
    """A folder of this machine: locks, renaming and times are not to be had behind a URL."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse URLs, which would otherwise pass for folders of odd names."""
        if is_url(value):
            self.fail(f"{value} is a URL; a batch works on folders.", param, ctx)
        return super().convert(value, param, ctx)


def _encoding_options(command: click.Command) -> click.Command:
    """Add the options that files are encoded with, as `nlac encode` has them."""
    options = {option.name: option for option in encode.command.params}
    command.params[-2:-2] = [options[name] for name in (*_ENCODING, "audio_only")]
    return command


@_encoding_options
@click.command("batch")
@click.argument("root", type=_Folder(path_type=Path))
@click.argument("out", type=_Folder(path_type=Path), required=False)
@click.option("--check", is_flag=True, help="Prove ROOT, the output of a batch, by its manifest.")
@click.option("--restore", is_flag=True, help="Restore from ROOT, the output of a batch, to OUT.")
@click.option(
    "--engine",
    default="local",
    show_default=True,
    metavar="local|dask://HOST:PORT",
    help="Processes of this machine, or the workers of a Dask cluster.",
)
@click.option(
    "-J",
    "--jobs",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Files at a time on this machine; 0 (the default): as many as there are cores.",
)
@click.option(
    "--include",
    metavar="GLOB",
    multiple=True,
    help="Take only files whose name matches, or whose path does if there is a / in it; may be "
    "repeated.",
)
@click.option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave out files and folders whose name or path matches; may be repeated.",
)
@click.option(
    "--files-from",
    metavar="LIST",
    help="Take the files that are named in this file, one a line; - is standard input.",
)
@click.option("-0", "--null", is_flag=True, help="Names in LIST end with NUL, as of find -print0.")
@click.option(
    "--others",
    type=click.Choice(["copy", "link", "leave"]),
    default="copy",
    show_default=True,
    help="What becomes of files that are no audio, or can't come back byte for byte.",
)
@click.option("--update", is_flag=True, help="Encode again what has changed since.")
@click.option("-f", "--force", is_flag=True, help="Replace files that no batch wrote.")
@click.option(
    "--delete-source",
    is_flag=True,
    help="Delete each source once a re-read of its output has given every byte of it back.",
)
@click.option(
    "--retries",
    metavar="N",
    type=click.IntRange(0, 100),
    default=2,
    show_default=True,
    help="How often a file is tried again whose failure may pass.",
)
@click.option("--moved", is_flag=True, help="ROOT has another place than in the runs before.")
@memory_option
@click.option("-n", "--dry-run", is_flag=True, help="Write nothing; tell what would be done.")
@json_option
@_console.verbosity_options
def command(
    root: Path,
    out: Path | None,
    check: bool,
    restore: bool,
    engine: str,
    jobs: int,
    memory: int | None,
    force: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Encode the tree ROOT into the tree OUT, resumably.

    Each recording is encoded, read again from the disk, decoded and compared, and
    has a line in the manifest OUT/nlac-batch.jsonl. The same command goes on where
    a run ended, however it did. Other files are copied. --restore gives the tree
    back: names, contents, times, folders, links.

    \b
    Examples:
      nlac batch recordings archive             archive/a/b.wav.nlac from recordings/a/b.wav
      nlac batch --check archive
      nlac batch --restore archive recordings
      nlac batch recordings archive --exclude '*.tmp' --delete-source
      find recordings -name '*.wav' -print0 | nlac batch recordings archive --files-from - -0
      nlac batch recordings archive --engine dask://server:8786
    """
    if check and restore:
        raise UsageError("--check and --restore exclude each other")
    if out is None and not check:
        raise UsageError("two folders are needed: nlac batch ROOT OUT")
    if out is not None and check:
        raise UsageError("--check takes one folder, the output of a batch")
    report = BatchReport(as_json=as_json)
    if not settings["dry_run"]:
        _console.before_coding()
    if check:
        from nlac.batch import back

        return _finish(
            report, lambda done: back.check(root, _engine(engine, jobs), memory, report.tell, done)
        )
    assert out is not None
    if restore:
        from nlac.batch import back

        return _finish(
            report,
            lambda done: back.restore(
                root, out, _engine(engine, jobs), force=force, memory=memory,
                on_record=report.tell, on_progress=done,
            ),
        )  # fmt: skip
    return _encode(report, root, out, engine, jobs, memory=memory, force=force, **settings)


def _encode(
    report: BatchReport,
    root: Path,
    out: Path,
    engine: str,
    jobs: int,
    *,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    files_from: str | None,
    null: bool,
    dry_run: bool,
    no_long_term: bool,
    others: str,
    audio_only: bool,
    update: bool,
    force: bool,
    delete_source: bool,
    retries: int,
    memory: int | None,
    moved: bool,
    **options: Any,
) -> int:
    from nlac.batch.plan import Settings
    from nlac.batch.run import plan_only, run
    from nlac.batch.selection import Selection, check_trees

    options["long_term"] = not no_long_term
    chosen = Settings(
        root, out, options, audio_only, others, update, force, delete_source, retries, memory, moved
    )
    check_trees(root, out)
    names = _read_names(files_from, null=null)
    selection = Selection(root, out, include, exclude, names)
    if dry_run:
        return _tell_plan(plan_only, chosen, selection)
    return _finish(
        report,
        lambda done: run(chosen, selection, _engine(engine, jobs), report.tell, done),
    )


def _engine(name: str, jobs: int) -> LocalEngine | DaskEngine:
    from nlac.batch.engines import open_engine

    return open_engine(name, jobs)


def _read_names(files_from: str | None, *, null: bool) -> list[str] | None:
    from nlac.batch.selection import read_names

    if files_from is None:
        if null:
            raise UsageError("-0 tells how names end in the list of --files-from")
        return None
    if files_from == "-":
        return read_names(_streams.binary_input().read(), nul=null)
    return read_names(Path(files_from).read_bytes(), nul=null)


def _tell_plan(plan_only: Callable[..., Any], settings: Settings, selection: Selection) -> int:
    plan = plan_only(settings, selection)
    verbs = {"encode": "encoded", "copy": "copied", "link": "linked", "prove": "proved"}
    for job in plan.jobs:
        output = shown(job.output or job.copy)
        _console.say(f"{shown(job.source)} -> {output}: would be {verbs[job.kind]}")
    code = 0
    for record in plan.records:
        if record.exit_code:
            _console.report_error(UsageError(record.reason or ""), shown(record.source))
            code = _console.gravest(code, record.exit_code)
    size = sum(job.size for job in plan.jobs)
    _console.say(f"{len(plan.jobs)} files to do, {size:,} bytes; {len(plan.kept)} unchanged")
    return code


def _finish(report: BatchReport, work: Callable[[Any], Report]) -> int:
    with report.progress() as done:
        result = work(done)
    sys.stderr.flush()
    return report.finish(result)

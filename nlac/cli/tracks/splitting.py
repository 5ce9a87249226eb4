"""``nlac decode --split``: one file for each track."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from nlac._errors import OutputExists, UsageError
from nlac._log import logger
from nlac.cli import _console
from nlac.cli._batch import Done, file_size
from nlac.cli._files import Input, Passed
from nlac.cli.options.output import OutputOptions
from nlac.cli.tracks.options import TrackOptions

if TYPE_CHECKING:
    from nlac.api.tracks.results import SplitResult
    from nlac.metadata.cue_sheet.ranges import PregapMode


def check_split(options: OutputOptions, output: str | None) -> None:
    """Refuse options that are of no use for tracks.

    Raises
    ------
    UsageError
        There is one.
    """
    if output is not None:
        raise UsageError(f"--split names the folder, so {output} has no meaning as an output")
    if options.update:
        raise UsageError("--update is not for --split; there are -f and --skip-existing")


def split_one(
    source: Input,
    file: BinaryIO,
    many: bool,
    container: str | None,
    tracks: TrackOptions,
    options: OutputOptions,
    limits: dict[str, Any],
) -> Done:
    """Write the tracks of one recording.

    Parameters
    ----------
    source : Input
        The recording.
    file : BinaryIO
        The same, opened.
    many : bool
        Whether there are several recordings, each with a folder of its own.
    container : str or None
        Container of the files.
    tracks, options
        Options of the command line.
    limits : dict
        Further arguments of `nlac.split`.
    """
    import nlac

    assert tracks.folder is not None
    folder = str(Path(tracks.folder, source.folder, source.stem) if many else Path(tracks.folder))
    begin = time.perf_counter()
    try:
        with _console.progress_bar(str(source)) as progress:
            result = nlac.split(
                file,
                folder,
                container=container,
                name=tracks.name,
                pregap=cast("PregapMode", tracks.pregap),
                cuesheet=tracks.sheet,
                force=options.force,
                dry_run=options.dry_run,
                progress=progress,
                **limits,
            )
    except OutputExists as error:
        if options.skip_existing:
            raise Passed(folder, "exists", "exists, skipped") from error
        raise OutputExists(f"{str(error).partition(':')[0]} exists; -f replaces it") from error
    seconds = time.perf_counter() - begin
    for warning in result.warnings:
        logger.warning(f"{source}: {warning}")
    if options.dry_run:
        names = ", ".join(Path(track.path).name for track in result.tracks)
        raise Passed(folder, "dry run", f"{_count(result)} would be written: {names}")
    for track in result.tracks:
        options.finish(source, track.path)
        logger.info(f"{source}: {track.path}: {track.seconds:.3f} s, MD5 {track.md5}")
    facts = [_count(result), f"{result.seconds:.3f} s"]
    if result.frames:
        facts.append(f"{result.seconds / seconds:.1f}x real time")
    facts.append(f"MD5 {result.md5} of the whole, verified")
    facts.append(f"as {result.container}")
    told = result.to_dict() | {"wall_seconds": round(seconds, 3)}
    return Done(folder, ", ".join(facts), file_size(source.path), result.bytes_out, told)


def _count(result: SplitResult) -> str:
    number = len(result.tracks)
    return f"{number} file{'s' * (number != 1)}"

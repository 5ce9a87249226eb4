"""``nlac decode``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from nlac._errors import FormatError, UsageError
from nlac._log import logger
from nlac.cli import _console, _details, _files, _limits
from nlac.cli._batch import Batch, Done, file_size
from nlac.cli._kinds import check_stream
from nlac.cli.options.output import OutputOptions, output_options
from nlac.cli.options.sizes import memory_option, size_option
from nlac.cli.options.times import SECONDS, Position, frame_range, position_option
from nlac.cli.tracks.options import TrackOptions, track_options
from nlac.cli.tracks.splitting import check_split, split_one

if TYPE_CHECKING:
    from nlac import DecodeResult
    from nlac.audio.original.restoration import StoredOriginal

_DAMAGED = FormatError.exit_code
_NLAC_SUFFIXES = frozenset({".nlac"})
_CONTAINERS = ("wav", "rf64", "bw64", "w64", "aiff", "aifc", "raw", "flac", "caf", "au")
_EXTENSIONS = {name: f".{name}" for name in _CONTAINERS} | {"rf64": ".wav", "bw64": ".wav"}


@click.command("decode")
@click.argument("files", metavar="IN... [OUT]", nargs=-1, required=True)
@click.option(
    "--format",
    "container",
    type=click.Choice(["original", *_EXTENSIONS, "nlac"]),
    help="Write a fresh file in this format; original insists on the original file, and nlac is "
    "for --split. By default the name of the output tells, or else it is the original file.",
)
@click.option(
    "--skip",
    callback=position_option,
    metavar="POSITION",
    help="Begin here: seconds (1.5), mm:ss.fff or frames (441000f); with - from the end.",
)
@click.option(
    "--until",
    callback=position_option,
    metavar="POSITION",
    help="Stop before this place; with + counted from --skip, with - from the end.",
)
@track_options
@click.option(
    "--apply-gain",
    type=click.Choice(["track", "album"]),
    help="Apply the ReplayGain of the tags, and no more of it than the peak allows.",
)
@click.option(
    "--recover", is_flag=True,
    help="Write what is intact of damaged files, with silence for the rest (exit code 3).",
)  # fmt: skip
@click.option(
    "--follow", is_flag=True,
    help="Decode a file that is still being written, as it grows, to its end.",
)  # fmt: skip
@click.option(
    "--timeout",
    metavar="S",
    type=SECONDS,
    help="With --follow: give up if the file has not grown for so many seconds.",
)
@click.option(
    "-j", "--threads", metavar="N", type=click.IntRange(0), default=0, help="Threads; 0: all cores."
)
@memory_option
@click.option(
    "--max-output",
    callback=size_option,
    metavar="SIZE",
    help="Refuse to write more than this (10G); silence takes next to nothing in a stream.",
)
@_files.model_option
@output_options
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    options: OutputOptions,
    container: str | None,
    skip: Position | None,
    until: Position | None,
    tracks: TrackOptions,
    apply_gain: str | None,
    recover: bool,
    follow: bool,
    timeout: float | None,
    threads: int,
    memory: int | None,
    max_output: int | None,
) -> int:
    """Restore the original files, or write the audio in another format.

    The original file comes back byte for byte, and its MD5 is checked. The name -
    is standard input or output.

    \b
    Examples:
      nlac decode song.nlac                     to song.wav, if it was one
      nlac decode song.nlac song.flac           as FLAC
      nlac decode *.nlac -o unpacked/ --format aiff
      nlac decode song.nlac --skip 1:30 --until +0:10 part.wav
      nlac decode song.nlac - | aplay
      nlac decode album.nlac --split tracks --format flac
      nlac decode album.nlac --cue 3.1-4.1 third.wav
      nlac decode --recover damaged.nlac saved.wav
      nlac decode --follow growing.nlac - | aplay
    """
    split = _files.split_arguments(files, options.output, lambda name: not _is_stream(name))
    inputs, outputs = options.find(*split, _NLAC_SUFFIXES)
    is_part = bool(skip or until or tracks.cue)
    if container == "original" and (is_part or apply_gain):
        raise UsageError(
            "--format original takes the whole file as it was, without --skip, --until, --cue "
            "and --apply-gain"
        )
    if follow and (is_part or recover or tracks.folder or apply_gain):
        raise UsageError(
            "--follow takes all of a file as it is, without --skip, --until, --cue, --split, "
            "--recover and --apply-gain"
        )
    if timeout is not None and not follow:
        raise UsageError("--timeout is the time to wait with --follow")
    _check_tracks(tracks, container, options, split[1], bool(skip or until), recover, apply_gain)
    if not options.dry_run:
        _console.before_coding()
        _limits.spare_threads()
    limits: dict[str, Any] = {"threads": threads, "memory": memory, "max_output": max_output}
    many = len(inputs) > 1 or options.recursive

    def split_tracks(source: _files.Input) -> Done:
        with _seekable(source, wanted=True) as file:
            check_stream(source, file)
            _details.tell_stream(str(source), file, threads)
            return split_one(source, file, many, container, tracks, options, limits)

    if tracks.folder is not None:
        batch = Batch("split", as_json=options.as_json, stdout_is_data=False)
        return batch.run(inputs, split_tracks)

    def decode_one(source: _files.Input) -> Done:
        start: int
        stop: int | None
        if follow:
            # its beginning need not be there yet, so that nothing is asked of it before
            path = outputs.place(source, source.stem + _EXTENSIONS.get(container or "wav", ".wav"))
            return _decode(
                source, path, source.file(), follow=True, timeout=timeout, container=container,
                **limits,
            )  # fmt: skip
        unnamed = not outputs.is_named(source)
        with _seekable(source, wanted=unnamed or is_part) as file:
            if not recover:
                check_stream(source, file)
                _details.tell_stream(str(source), file, threads)
            name, chosen = "", container
            if unnamed:
                fresh = is_part or apply_gain is not None
                name, chosen = _name(source, file, container, recover, fresh)
            path = outputs.place(source, name)
            if tracks.cue is not None:
                start, stop = _cued(file, tracks)
            else:
                start, stop = frame_range(file, skip, until, recover)
            part = limits | {"start": start, "stop": stop, "recover": recover}
            done = _decode(source, path, file, container=chosen, apply_gain=apply_gain, **part)
        options.finish(source, path)
        return done

    to_stdout = _files.writes_to_stdout(inputs, split[1]) and not options.dry_run
    batch = Batch("decoded", as_json=options.as_json, stdout_is_data=to_stdout)
    return batch.run(inputs, decode_one)


def _check_tracks(
    tracks: TrackOptions,
    container: str | None,
    options: OutputOptions,
    output: str | None,
    is_range: bool,
    recover: bool,
    apply_gain: str | None,
) -> None:
    """Refuse options that don't go with tracks."""
    if tracks.folder is None and container == "nlac":
        raise UsageError("--format nlac is for --split; nlac encode makes nlac files of others")
    if tracks.cue is None and tracks.folder is None:
        return
    if is_range or recover:
        raise UsageError("--skip, --until and --recover don't go with --cue and --split")
    if tracks.folder is not None:
        check_split(options, output)
        if apply_gain is not None:
            raise UsageError("--apply-gain doesn't go with --split")


def _cued(file: BinaryIO, tracks: TrackOptions) -> tuple[int, int]:
    """Frames between two cue points."""
    from nlac.api.tracks.sheets import read_cue_sheet

    assert tracks.cue is not None
    found = read_cue_sheet(file, tracks.sheet)
    return tracks.cue.resolve(found.sheet, found.num_frames)


def _is_stream(name: str) -> bool:
    """Judge the second of two arguments: an input, if it looks like a stream.

    One that is called so counts as an input, too, if its beginning is damaged.
    """
    path = Path(name)
    return path.suffix.lower() in _NLAC_SUFFIXES or (path.is_file() and _files.is_stream(name))


def _name(
    source: _files.Input, file: BinaryIO, container: str | None, recover: bool, is_part: bool
) -> tuple[str, str | None]:
    """File name and container of an output whose name the user left open.

    The name has the original's suffix where the original is written, or a part of it. Whatever
    that suffix stands for otherwise, the container is the original's then.
    """
    if container in (None, "original"):
        original, default = _original(file, recover)
        if original is not None and (not is_part or original.container in _EXTENSIONS):
            container = original.container if is_part else "original"
            return source.stem + original.suffix, container
        container = original.fresh_container if original is not None else container or default
    return source.stem + _EXTENSIONS.get(container or "wav", ".wav"), container


def _original(file: BinaryIO, recover: bool) -> tuple[StoredOriginal | None, str | None]:
    """The original that a stream restores, and the container that it suggests otherwise."""
    from nlac.api.render import default_container
    from nlac.audio.original.restoration import stored_original
    from nlac.codec.decoder.sequential import SequentialDecoder
    from nlac.codec.decoder.workers import Workers

    # not by nlac.info, which needs the end of the stream: that may be what is damaged
    try:
        decoder = SequentialDecoder(file, Workers(1))
        default = default_container(decoder.leading, decoder.header)
        return stored_original(decoder.leading, decoder.header), default
    except FormatError:
        if recover:
            return None, None
        raise
    finally:
        file.seek(0)


@contextmanager
def _seekable(source: _files.Input, *, wanted: bool) -> Iterator[BinaryIO]:
    """Give the input; where it must be read in any order, a pipe is copied to a file first."""
    with source.open() as file:
        if file.seekable() or not wanted:
            yield cast(BinaryIO, file)
            return
        import shutil
        import tempfile

        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.seek(0)
            yield cast(BinaryIO, copy)


def _decode(
    source: _files.Input,
    path: str,
    file: str | BinaryIO,
    *,
    follow: bool = False,
    **arguments: Any,
) -> Done:
    import nlac

    begin = time.perf_counter()
    decode = nlac.follow if follow else nlac.decode
    with _console.progress_bar(str(source)) as progress:
        # whether an existing output may go has been settled by now
        result = decode(file, _files.sink(path), force=True, progress=progress, **arguments)
    seconds = time.perf_counter() - begin
    _details.tell_time(str(source), seconds)
    for warning in result.warnings:
        logger.warning(f"{source}: {warning}")
    _report_damage(source, result)
    facts = [f"{result.seconds:.3f} s"]
    if result.frames:
        facts.append(f"{result.seconds / seconds:.1f}x real time")
    if result.gain_db is not None:
        facts.append(f"with a gain of {result.gain_db:+.2f} dB")
    elif result.md5 is not None:
        facts.append(f"MD5 {result.md5}")
    facts.append("the original file, verified" if result.restored else f"as {result.container}")
    return Done(
        path,
        ", ".join(facts),
        file_size(source.path),
        result.bytes_out,
        result.to_dict() | {"wall_seconds": round(seconds, 3)},
        _DAMAGED if result.lost or result.problems else 0,
    )


def _report_damage(source: _files.Input, result: DecodeResult) -> None:
    for problem in result.problems:
        logger.error(f"{source}: {problem}")
    for lost in result.lost:
        logger.error(
            f"{source}: lost, now silent: frames {lost.start} to {lost.stop - 1} "
            f"({lost.start_seconds:.3f} s to {lost.stop_seconds:.3f} s)"
        )

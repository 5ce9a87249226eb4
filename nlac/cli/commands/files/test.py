"""``nlac test``."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from nlac._errors import BadMagic, CorruptStream, FormatError, UsageError
from nlac._log import logger
from nlac._names import AUDIO_SUFFIXES
from nlac.cli import _console, _details, _files, _limits
from nlac.cli._batch import failure_facts
from nlac.cli._kinds import check_stream
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.options.sizes import memory_option

# what the parity of a damaged file is good for
_HINTS = {
    "intact": "its parity finds nothing wrong",
    "repairable": "nlac repair can restore it",
    "not repairable": "more damage than its parity repairs; nlac decode --recover saves the rest",
}


@click.command("test")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--origin",
    is_flag=True,
    help="Tell instead whether audio files (also WAV, FLAC ...) were MP3s or AAC before.",
)
@click.option("--quick", is_flag=True, help="Check the checksums only, without decoding the audio.")
@json_option
@search_options
@click.option(
    "-j", "--threads", metavar="N", type=click.IntRange(0), default=0, help="Threads; 0: all cores."
)
@memory_option
@_files.model_option
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    origin: bool,
    quick: bool,
    as_json: bool,
    recursive: bool,
    include: tuple[str, ...],
    threads: int,
    memory: int | None,
) -> int:
    """Check files for damage.

    Every byte is checked by the checksums, the audio is decoded, and its MD5 is
    compared with that of what was encoded, as is the MD5 of the original file.
    Each file gets one line; the exit code is 3 if one is damaged.

    With --origin, nothing is checked: each audio file is told to have been an MP3
    or AAC before, or not, as far as its samples tell.

    \b
    Examples:
      nlac test *.nlac
      nlac test -r archive --quick
      nlac test --json *.nlac | jq 'select(.ok | not)'
      nlac test --origin *.wav *.flac
    """
    if origin and quick:
        raise UsageError("--quick and --origin: only one of them")
    inputs = _files.find_inputs(
        files, recursive=recursive, include=include,
        suffixes=AUDIO_SUFFIXES | {".nlac"} if origin else frozenset({".nlac"}),
    )  # fmt: skip
    if origin:
        return _tell_origins(inputs, as_json)
    if not quick:
        _console.before_coding()
        _limits.spare_threads()
    code = failed = 0
    for source in inputs:
        facts: dict[str, Any] = {"file": source.path, "ok": True}
        try:
            with source.open() as file:
                check_stream(source, file)
                facts |= _check_quickly(file) if quick else _check(source, file, threads, memory)
                facts["parity"] = _parity_of_intact(file)
        except Exception as error:
            if _console.ends_the_run(error):
                raise
            facts |= failure_facts(error, str(source))
            if isinstance(error, BadMagic) and _ends_like_a_stream(source):
                facts["message"] = (
                    "the beginning is no nlac stream's, but the end is: the header is damaged or "
                    "missing, or other bytes precede it"
                )
            if isinstance(error, CorruptStream) and (lost := _damaged_slices(source, error)):
                facts["lost"] = lost
                times = (f"{x['start_seconds']:.3f} to {x['stop_seconds']:.3f} s" for x in lost)
                facts["message"] += f"; only {', '.join(times)} of the block damaged"
            if isinstance(error, FormatError):
                facts["parity"] = _parity_of_damaged(source)
            code = _console.gravest(code, facts["exit_code"])
        if as_json:
            click.echo(json.dumps(facts))
        else:
            _print(source, facts)
        failed += not facts["ok"]
    if len(inputs) > 1 and not as_json:
        _console.say(f"{len(inputs)} files: {len(inputs) - failed} ok, {failed} failed")
    return code


def _tell_origins(inputs: list[_files.Input], as_json: bool) -> int:
    """Tell what files were before; returns the exit code."""
    from nlac.views.origin import find_origin
    from nlac.views.recording import open_recording

    _console.before_coding()
    code = 0
    for source in inputs:
        facts: dict[str, Any] = {"file": source.path, "ok": True}
        try:
            with (
                open_recording(source.path) as recording,
                _console.progress_bar(str(source)) as progress,
            ):
                found = find_origin(recording, progress)
            facts["origin"] = None if found is None else found.to_dict()
        except Exception as error:
            if _console.ends_the_run(error):
                raise
            facts |= failure_facts(error, str(source))
            code = _console.gravest(code, facts["exit_code"])
        if as_json:
            click.echo(json.dumps(facts))
        elif not facts["ok"]:
            logger.error(f"{source}: FAILED: {facts['message']}")
        else:
            told = facts["origin"]
            what = "; ".join(told["summary"]) if told else "no sign of an MP3 or AAC"
            click.echo(f"{source}: {what}")
    return code


def _check(
    source: _files.Input, file: BinaryIO, threads: int, memory: int | None
) -> dict[str, Any]:
    import nlac

    _details.tell_stream(str(source), file, threads)
    with _console.progress_bar(str(source)) as progress:
        result = nlac.test(file, threads=threads, memory=memory, progress=progress)
    return {"seconds": result.seconds, "md5": result.md5, "original": result.restored}


def _check_quickly(file: BinaryIO) -> dict[str, Any]:
    from nlac.bitstream.reader import read_elements

    for _ in read_elements(file):
        pass
    return {}


def _parity_of_intact(file: BinaryIO) -> str | None:
    """State of the parity of a stream whose checksums are right.

    Raises
    ------
    CorruptStream
        The parity does not belong to the stream.
    """
    from nlac.api.parity.repairing import parity_state

    state = parity_state(file) if file.seekable() else None
    if state not in (None, "intact"):
        raise CorruptStream("the parity is not that of the stream; nlac protect -f makes it anew")
    return state


def _ends_like_a_stream(source: _files.Input) -> bool:
    """Whether there is an intact trailer at the end of a file whose beginning is none of nlac's."""
    from nlac.bitstream.reader import last_trailer

    if source.is_pipe:
        return False
    with source.open() as file:
        if not file.seekable():
            return False
        try:
            last_trailer(file)
        except FormatError:
            return False
    return True


def _damaged_slices(source: _files.Input, error: CorruptStream) -> list[dict[str, Any]]:
    """Times that the damage of a block concerns, where it has entry points that tell."""
    from nlac.bitstream.block import parse_block_header
    from nlac.bitstream.constants import BLOCK_HEADER_BYTES
    from nlac.bitstream.reader import read_header, read_up_to
    from nlac.codec.decoder.parts import damaged_frames

    if source.is_pipe or error.block_index is None or error.offset_bytes is None:
        return []
    with source.open() as file:
        if not file.seekable():
            return []
        try:
            stream = read_header(file)
            file.seek(error.offset_bytes)
            head = read_up_to(file, BLOCK_HEADER_BYTES)
            block = parse_block_header(head, stream, stream.checksum)
        except FormatError:
            return []
        payload = read_up_to(file, block.payload_length)
    first, rate = block.first_frame, stream.sample_rate
    return [
        {
            "start": first + frames.start,
            "stop": first + frames.stop,
            "start_seconds": (first + frames.start) / rate,
            "stop_seconds": (first + frames.stop) / rate,
        }
        for frames in damaged_frames(payload, block.num_frames, stream, block.payload_length)
    ]


def _parity_of_damaged(source: _files.Input) -> str | None:
    from nlac.api.parity.repairing import parity_state

    if source.is_pipe:
        return None
    with source.open() as file:
        return parity_state(file) if file.seekable() else None


def _print(source: _files.Input, facts: dict[str, Any]) -> None:
    if not facts["ok"]:
        line = f"{source}: FAILED: {facts['message']}"
        if facts.get("parity") is not None:
            line += f"; {_HINTS[facts['parity']]}"
        # a failure is told even with -q
        logger.error(line) if _console.is_quiet() else click.echo(line)
    elif "md5" in facts:
        parity = ", parity" if facts["parity"] else ""
        _console.say(f"{source}: ok ({facts['seconds']:.3f} s, MD5 {facts['md5']}{parity})")
    else:
        _console.say(f"{source}: ok (checksums{', parity' if facts['parity'] else ''})")

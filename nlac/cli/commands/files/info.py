"""``nlac info``."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from nlac._names import AUDIO_SUFFIXES
from nlac.bitstream.constants import MAGIC
from nlac.cli import _console, _files
from nlac.cli._batch import each_input
from nlac.cli._kinds import is_damaged
from nlac.cli.options.bundles import json_option
from nlac.cli.options.search import search_options
from nlac.cli.tags.listing import readable
from nlac.metadata.originals import STORED


@click.command("info")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@search_options
@json_option
@_console.verbosity_options
def command(
    files: tuple[str, ...], recursive: bool, include: tuple[str, ...], as_json: bool
) -> int:
    """Show what nlac and other audio files hold.

    \b
    Examples:
      nlac info song.nlac
      nlac info --json *.nlac | jq -r '[.file, .ratio] | @tsv'
      nlac info song.wav
      nlac info -r archive
    """
    inputs = _files.find_inputs(
        files, recursive=recursive, include=include, suffixes=AUDIO_SUFFIXES | {".nlac"}
    )

    def show(source: _files.Input) -> None:
        with source.open() as file:
            is_stream = file.peek(len(MAGIC))[: len(MAGIC)] == MAGIC or is_damaged(source, file)
            facts = _of_stream(file) if is_stream else _of_audio(file)
        if as_json:
            click.echo(json.dumps({"file": source.path, "ok": True, **facts}))
            return
        lines = _stream_lines(facts) if is_stream else _audio_lines(facts)
        width = max(len(label) for label, _ in lines)
        text = "".join(f"\n  {label:{width}}  {value}" for label, value in lines)
        click.echo(f"{source}{text}")

    return each_input(inputs, as_json, show)


def _of_stream(file: BinaryIO) -> dict[str, Any]:
    import nlac

    return {"kind": "nlac", **nlac.info(file).to_dict()}


def _of_audio(file: BinaryIO) -> dict[str, Any]:
    from nlac.audio.base import Keep
    from nlac.audio.source import open_source

    with open_source(file, keep=Keep.EVERYTHING) as audio:
        fmt = audio.format
        frames = audio.num_frames if audio.num_frames is not None else audio.expected_frames
        return {
            "kind": "audio",
            "sample_rate": fmt.sample_rate,
            "channels": fmt.channels,
            "bits_per_sample": fmt.bits_per_sample,
            "is_float": fmt.is_float,
            "channel_mask": fmt.channel_mask,
            "num_frames": frames,
            "seconds": None if frames is None else frames / fmt.sample_rate,
            "container": audio.container,
            "restorable": audio.restorable,
            "warnings": audio.warnings,
        }


def _format(facts: dict[str, Any]) -> str:
    depth = "32-bit float" if facts["is_float"] else f"{facts['bits_per_sample']} bits"
    channels = "1 channel" if facts["channels"] == 1 else f"{facts['channels']} channels"
    mask = f" (mask {facts['channel_mask']:#x})" if facts["channel_mask"] else ""
    return f"{facts['sample_rate']} Hz, {channels}{mask}, {depth}"


def _length(facts: dict[str, Any]) -> str:
    if facts["num_frames"] is None:
        return "not known"
    minutes, seconds = divmod(facts["seconds"], 60)
    return f"{int(minutes)}:{seconds:06.3f} ({facts['num_frames']:,} frames)"


def _stream_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("audio", _format(facts)), ("length", _length(facts))]
    size = f"{facts['num_bytes']:,} bytes"
    samples = facts["num_frames"] * facts["channels"]
    if samples:
        per_sample = 8 * facts["num_bytes"] / samples
        size += f", {100 * facts['ratio']:.2f} %, {per_sample:.3f} bits/sample"
    lines.append(("size", size))
    coding = f"predictor {facts['predictor']}, coder {facts['coder']}"
    if facts["model_hash"]:
        coding += f", model {facts['model_hash']}"
    number = facts["num_blocks"]
    blocks = f"{number} block{'s' * (number != 1)} of up to {facts['block_length']:,} frames"
    lines.append(("stream", f"version {facts['format_version']}, {coding}, {blocks}"))
    if facts["origin"] is not None:
        lines += [("origin", line) for line in facts["origin"]["summary"]]
    lines.append(("MD5", f"{facts['md5']} (samples)"))
    if facts["container"] is not None:
        lines.append(("original", f"{facts['container']}, {facts['original_bytes']:,} bytes"))
        lines.append(("", f"MD5 {facts['original_md5']}"))
    else:
        lines.append(("original", "not kept; the audio only"))
    if facts["tags_origin"] not in (None, STORED):
        lines.append(("tags of", f"the original file, {facts['tags_origin']}"))
    for name, values in facts["tags"].items():
        lines += [("tag", readable(f"{name}={value}")) for value in values]
    lines += [("note", note) for note in facts["notes"]]
    for track in facts["tracks"]:
        lines.append((f"track {track['number']:02}", _track(track)))
    if facts["cue_sheet_problem"] is not None:
        lines.append(("problem", facts["cue_sheet_problem"]))
    if facts["parity"] is not None:
        parity = facts["parity"]
        share = 100 * parity["num_bytes"] / (facts["num_bytes"] - parity["num_bytes"])
        lines.append(("parity", f"{parity['num_bytes']:,} bytes, {share:.2f} %"))
        lines.append(("", f"repairs {parity['burst_bytes']:,} damaged bytes in a row"))
    for item in facts["metadata"]:
        lines.append(("keeps", f"{item['name']}, {item['num_bytes']:,} bytes"))
    return lines


def _track(track: dict[str, Any]) -> str:
    """Place, length, performer and title of a track."""
    minutes, seconds = divmod(track["start_seconds"], 60)
    length, rest = divmod(track["seconds"], 60)
    text = f"{int(minutes)}:{seconds:06.3f}, {int(length)}:{rest:06.3f} long"
    names = [name for name in (track["performer"], track["title"]) if name]
    return f"{text}, {' - '.join(names)}" if names else text


def _audio_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    restorable = "its audio only (--audio-only)"
    if facts["restorable"]:
        restorable = "byte for byte"
    elif facts["container"] in ("flac", "oga"):
        restorable = "its audio and metadata blocks"
    return [
        ("audio", _format(facts)),
        ("length", _length(facts)),
        ("container", facts["container"]),
        ("nlac keeps", restorable),
        *(("warning", warning) for warning in facts["warnings"]),
    ]

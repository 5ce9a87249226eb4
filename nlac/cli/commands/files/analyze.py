"""``nlac analyze``."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nlac._errors import UsageError
from nlac._log import logger
from nlac._urls import is_url, url_name
from nlac.cli import _console, _files
from nlac.cli.options.bundles import force_option, output_option

if TYPE_CHECKING:
    from nlac.views.analysis import Analysis

PRESETS = ("fast", "standard", "high", "max", "neural")
# what is printed where -o does not tell a file
_PRINTED = ("json", "csv")


@click.command("analyze")
@click.argument("file", metavar="FILE")
@click.option("--png", "form", flag_value="png", help="A picture, FILE.png.")
@click.option("--html", "form", flag_value="html", help="A page with everything in it, FILE.html.")
@click.option("--csv", "form", flag_value="csv", help="Peaks and bits over time, to stdout.")
@click.option("--json", "as_json", is_flag=True, help="All figures as one JSON object.")
@click.option(
    "--against",
    metavar="PRESET",
    type=click.Choice(PRESETS),
    help="Encode it to a temporary file, and show the bits and blocks of that, too.",
)
@click.option(
    "--columns",
    metavar="N",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Places in time, for --json and --csv.",
)
@output_option("Output file; - is stdout.")
@force_option
@_files.model_option
@_console.verbosity_options
def command(
    file: str,
    form: str | None,
    as_json: bool,
    against: str | None,
    columns: int,
    output: str | None,
    force: bool,
) -> int:
    """Look into an audio file: waveform, spectrogram, blocks and bits.

    FILE is an nlac file, or any audio file that nlac encode reads. Of a damaged nlac
    file, what is intact is shown, and the exit code is 3. A picture needs matplotlib.

    \b
    Examples:
      nlac analyze song.nlac
      nlac analyze song.wav --html --against standard
      nlac analyze song.nlac --png -o picture.png
      nlac analyze song.nlac --csv > bits.csv
      nlac analyze song.nlac --json | jq '.streams[].blocks[].bytes'
    """
    if as_json and form is not None:
        raise UsageError(f"--json and --{form} exclude each other")
    form = "json" if as_json else form
    if form is None and output is not None:
        raise UsageError("-o: what for? --png, --html, --json or --csv tells")
    from nlac.views.analysis import analyze
    from nlac.views.naming import display_name, naming

    _console.before_coding()
    with _console.progress_bar(file) as progress, naming(file):
        analysis = analyze(file, against=against, progress=progress)
    with contextlib.closing(analysis.recording):
        if form is None:
            _console.say(display_name("\n  ".join(_lines(file, analysis))))
        elif form == "png":
            from nlac.views.output.picture import draw

            path = output or _beside(file, "png")
            draw(analysis, path, force=force)
            _console.say(display_name(f"{file} -> {path}"))
        else:
            _write(file, _text(file, form, analysis, columns), form, output, force)
    for text in analysis.damage:
        logger.error(f"{file}: {text}")
    return 3 if analysis.damage else 0


def _text(file: str, form: str, analysis: Analysis, columns: int) -> str:
    if form == "json":
        return json.dumps({"file": file, **analysis.as_dict(columns)}) + "\n"
    if form == "csv":
        return _csv(analysis, columns)
    from nlac.views.output.html import page

    return page(analysis)


def _write(file: str, text: str, form: str, output: str | None, force: bool) -> None:
    from nlac._output import open_output
    from nlac.views.naming import display_name

    path = output or ("-" if form in _PRINTED else _beside(file, form))
    if path == "-":
        click.echo(text, nl=False)
        return
    with open_output(path, force=force) as out:
        # tags and the like may hold what is no UTF-8, as names may
        out.write(text.encode(errors="replace"))
    _console.say(display_name(f"{file} -> {path}"))


def _beside(file: str, suffix: str) -> str:
    """Name of an output beside the input; here, where that is elsewhere in the network."""
    path = Path(url_name(file)) if is_url(file) else Path(file)
    return str(path.with_suffix(f".{suffix}"))


def _csv(analysis: Analysis, columns: int) -> str:
    """A row for each column of the waveform: where, peaks, and bits of each stream."""
    recording, peaks = analysis.recording, analysis.peaks(columns)
    count = peaks.low.shape[1]
    channels = range(1, recording.channels + 1)
    head = ["frame", "seconds", *(f"{end}_{k}" for k in channels for end in ("low", "high"))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*head, *(f"bits_{name}".replace(" ", "_") for name in analysis.streams)])
    for i, frame in enumerate(peaks.edges[:count].tolist()):
        row: list[object] = [frame, f"{frame / recording.sample_rate:.6f}"]
        for low, high in zip(peaks.low[:, i].tolist(), peaks.high[:, i].tolist(), strict=True):
            # none where it is damaged
            row += [low, high] if peaks.known[i] else [None, None]
        writer.writerow([*row, *(each.bits_at(frame) for each in analysis.streams.values())])
    return text.getvalue()


def _lines(file: str, analysis: Analysis) -> list[str]:
    from nlac.views.output.html import format_line

    lines = [file, format_line(analysis.facts())]
    levels = ["silent" if x is None else f"{x:.2f} dBFS" for x in analysis.peak_decibels()]
    lines.append(f"peaks: {', '.join(levels)}")
    if odd := sum(analysis.not_finite()):
        lines.append(
            f"{odd:,} value{'s are' if odd != 1 else ' is'} not finite: "
            f"{', '.join(f'{each:,}' for each in analysis.not_finite())} by channel"
        )
    for name, stream in analysis.streams.items():
        blocks = stream.trace["blocks"]
        kinds = ", ".join(sorted({each["predictor"] or each["mode"] for each in blocks}))
        lines.append(
            f"{name}: {stream.bytes:,} bytes, {stream.bits_per_sample:.3f} bits a sample, "
            f"{len(blocks)} {'intact ' * stream.damaged}block{'s' * (len(blocks) != 1)}"
            f"{f' ({kinds})' * bool(kinds)}"
        )
        lines += [f"  {line}" for line in stream.origin_lines()]
        for each in blocks:
            seconds = each["start"] / analysis.recording.sample_rate
            rate = 8 * each["bytes"] / (each["frames"] * analysis.recording.channels)
            lines.append(
                f"  block {each['index']} at {seconds:.3f} s: {each['frames']:,} "
                f"frame{'s' * (each['frames'] != 1)}, "
                f"{each['bytes']:,} bytes, {rate:.3f} bits a sample, "
                f"{each['predictor'] or each['mode']}"
            )
    return lines

"""``nlac compare``."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
from nlac.cli import _console, _files

if TYPE_CHECKING:
    from nlac.views.compare import Comparison, Place
    from nlac.views.recording import Recording

# no other code says it: 1 is a file that could not be read
DIFFERENT = 6


@click.command("compare")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_files.model_option
@_console.verbosity_options
def command(a: str, b: str, as_json: bool) -> int:
    """Compare the samples of two audio files, of any format.

    Tells whether they are identical: format, length and every sample; and if not,
    where they first differ, how often, and by how much. Tags and containers do not
    count. The exit code is 0 if they are identical, 6 if they are not, and that of
    the error if one cannot be read.

    \b
    Examples:
      nlac compare song.wav song.nlac
      nlac compare master.wav remaster.flac
      nlac compare --json a.nlac b.nlac | jq .first_difference
    """
    from nlac.views.compare import compare
    from nlac.views.naming import NamedRecording, display_name, naming
    from nlac.views.recording import open_recording

    if "-" in (a, b):
        raise UsageError("standard input cannot be compared: its samples are taken at any place")
    _console.before_coding()
    with ExitStack() as stack:
        recordings = []
        for name in (a, b):
            with naming(name):
                recordings.append(NamedRecording(stack.enter_context(open_recording(name)), name))
        first, second = recordings
        with _console.progress_bar(f"{a}, {b}") as progress:
            found = compare(first, second, progress)
        if as_json:
            facts = {"a": _facts(a, first), "b": _facts(b, second), **found.to_dict()}
            click.echo(json.dumps(facts))
        else:
            _console.say(display_name("\n  ".join(_lines(a, b, first, second, found))))
    return 0 if found.identical else DIFFERENT


def _facts(path: str, recording: Recording) -> dict[str, Any]:
    return {
        "file": path,
        "format": recording.container,
        "sample_rate": recording.sample_rate,
        "channels": recording.channels,
        "bits_per_sample": recording.bits_per_sample,
        "is_float": recording.is_float,
        "frames": recording.frames,
    }


def _lines(a: str, b: str, first: Recording, second: Recording, found: Comparison) -> list[str]:
    if found.identical:
        return [f"{a} and {b}: identical, {_frames(found.frames_a)} of {_format(first)}"]
    lines = [f"{a} and {b}: different"]
    if not found.same_format:
        lines.append(f"{_format(first)} against {_format(second)}")
    if not found.comparable:
        return [*lines, "samples of different sample rates or channels are not compared"]
    if found.frames_a != found.frames_b:
        longer, more = (
            (a, found.frames_a) if found.frames_a > found.frames_b else (b, found.frames_b)
        )
        lines.append(f"{longer} is longer by {_frames(more - found.frames_compared)}")
    if found.first_difference is None or found.last_difference is None:
        same = "is" if found.frames_compared == 1 else "are"
        return [*lines, f"the {_frames(found.frames_compared)} of both {same} the same"]
    total = found.frames_compared * first.channels
    share = 100 * found.differing_samples / total
    samples = f"{total:,} sample{'s' * (total != 1)}"
    verb = "differs" if found.differing_samples == 1 else "differ"
    lines.append(f"{found.differing_samples:,} of {samples} {verb} ({share:.4g} %)")
    lines.append(f"first at {_place(found.first_difference)}")
    lines.append(f"last at {_place(found.last_difference)}")
    if found.peak_difference_dbfs is not None and found.peak_place is not None:
        steps = "" if found.peak_difference_lsb is None else f"{found.peak_difference_lsb:,}, "
        level = f"{found.peak_difference_dbfs:.2f} dBFS"
        lines.append(f"by at most {steps}{level}, at {_place(found.peak_place)}")
    if found.rms_difference_dbfs is not None:
        lines.append(f"by {found.rms_difference_dbfs:.2f} dBFS on average (RMS)")
    return lines


def _frames(count: int) -> str:
    return f"{count:,} frame{'s' * (count != 1)}"


def _format(recording: Recording) -> str:
    bits = recording.bits_per_sample
    depth = "32-bit float" if recording.is_float else f"{bits} bit{'s' * (bits != 1)}"
    channels = f"{recording.channels} channel{'s' * (recording.channels != 1)}"
    return f"{recording.sample_rate} Hz, {channels}, {depth}"


def _place(place: Place) -> str:
    return f"frame {place.frame:,} ({place.seconds:.3f} s), channel {place.channel + 1}"

"""``nlac data``: datasets made of recordings, and what they hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import OutputExists
from nlac.cli import _console
from nlac.cli._suggest import SuggestingGroup

if TYPE_CHECKING:
    from nlac.training.data.preparation import PrepareReport

# kinds of a label that are shown by name
_SHOWN_VALUES = 8


@click.group("data", cls=SuggestingGroup)
def command() -> None:
    """Make datasets of recordings, for training, and show what they hold.

    \b
    Examples:
      nlac data prepare recordings/ --out music16k --rate 16000 --mono
      nlac data info music16k
    """


def _level_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--peak", metavar="DB", type=float, help="Bring each peak to this level."),
            click.option(
                "--loudness",
                metavar="LUFS",
                type=float,
                help="Bring each recording to this loudness, or as near as goes without clipping.",
            ),
            click.option(
                "--trim",
                metavar="DB",
                type=float,
                help="Cut the beginning and end that are more than DB below the loudest 20 ms.",
            ),
            click.option(
                "--min-seconds",
                metavar="S",
                type=float,
                default=0.0,
                help="Recordings that are shorter, after trimming, are bad.",
            ),
        )
    ):
        function = option(function)
    return function


def _split_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option(
                "--valid",
                metavar="SHARE",
                type=float,
                default=0.1,
                show_default=True,
                help="Share of the recordings for validation, where their layout tells no split.",
            ),
            click.option(
                "--test",
                metavar="SHARE",
                type=float,
                default=0.1,
                show_default=True,
                help="Share for tests, likewise.",
            ),
            click.option(
                "--split-by",
                metavar="LABEL",
                default="",
                help="Keep recordings with the same label, such as speaker, in one split.",
            ),
            click.option(
                "--own-splits/--no-own-splits",
                default=True,
                help="Whether layouts such as LibriSpeech's tell the splits; by default they do.",
            ),
            click.option("--seed", metavar="N", type=int, default=0, help="Seed of the division."),
        )
    ):
        function = option(function)
    return function


@command.command("prepare")
@click.argument("recordings", metavar="RECORDINGS...", nargs=-1, required=True)
@click.option("-o", "--out", metavar="DATASET", required=True, help="Folder to write.")
@click.option(
    "--rate", metavar="HZ", type=int, required=True, help="Sample rate; others are resampled."
)
@click.option("--mono/--stereo", default=False, help="Mix all channels, or keep two (the default).")
@click.option(
    "--bits",
    metavar="N",
    type=int,
    default=16,
    show_default=True,
    help="Bits of a sample, 2 to 24.",
)
@click.option(
    "--resample/--no-resample", default=True, help="Whether recordings of other rates are taken."
)
@_level_options
@_split_options
@click.option("--licence", metavar="TEXT", default="", help="Licence where the layout tells none.")
@click.option(
    "--bad",
    type=click.Choice(["skip", "refuse"]),
    default="skip",
    show_default=True,
    help="Leave out recordings that are empty, short, unreadable and the like, or give up.",
)
@click.option(
    "-j", "--threads", metavar="N", type=click.IntRange(0), default=0, help="Threads; 0: all cores."
)
@click.option("-f", "--force", is_flag=True, help="Replace a dataset that exists.")
@_console.verbosity_options
def prepare_command(
    recordings: tuple[str, ...], out: str, mono: bool, threads: int, force: bool, **settings: Any
) -> int:
    """Make a dataset of files and of folders, which are searched with all folders in them.

    Reads WAV, AIFF, FLAC, nlac, Ogg, MP3 and whatever else libsndfile reads, and by the
    program ffmpeg what that reads. Folders in the layout of LibriSpeech, VCTK or NSynth
    give splits and labels, as does a file MANIFEST.tsv.

    \b
    Examples:
      nlac data prepare recordings/ --out music16k --rate 16000 --mono
      nlac data prepare LibriSpeech/ --out speech --rate 16000 --mono --trim 50
      nlac data prepare VCTK/ --out voices --rate 16000 --mono --split-by speaker
      nlac data prepare mixes/ --out mixes44 --rate 44100 --loudness -20 --valid 0.2
    """
    if Path(out).exists() and not force:
        raise OutputExists(f"{out} exists; -f replaces it")
    from nlac.training.data.preparation import PrepareSettings, prepare

    chosen = PrepareSettings(channels=1 if mono else 2, **settings)
    _console.before_coding()
    with _console.progress_bar(out, " recordings") as progress:
        report = prepare(recordings, out, chosen, force=force, threads=threads, progress=progress)
    _console.say(_summary(out, report))
    return 0


def _summary(out: str, report: PrepareReport) -> str:
    manifest = report.manifest
    counts = Counter(each.split for each in manifest.recordings)
    seconds = sum(each.frames for each in manifest.recordings) / manifest.rate
    parts = ", ".join(f"{counts[split]} {split}" for split in ("train", "valid", "test"))
    lines = [f"{out}: {len(manifest.recordings)} recordings ({parts}), {_duration(seconds)}"]
    if manifest.skipped:
        lines.append(f"  {len(manifest.skipped)} left out; the manifest tells why")
    if report.num_clipped:
        lines.append(
            f"  {report.num_clipped:,} samples beyond full scale clipped; --peak avoids it"
        )
    if report.num_held_back:
        lines.append(f"  {report.num_held_back} quieter than asked for, as they would have clipped")
    empty = [split for split in ("train", "valid") if not counts[split]]
    if empty:
        lines.append(f"  no recordings in {' and '.join(empty)}: training needs both")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


@command.command("info")
@click.argument("dataset", metavar="DATASET")
@click.option("--verify", is_flag=True, help="Compare the checksums of all samples.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(dataset: str, verify: bool, as_json: bool) -> None:
    """Show what a dataset holds; DATASET is a folder, or synthetic for the built-in set.

    \b
    Examples:
      nlac data info music16k
      nlac data info music16k --json | jq .splits
      nlac data info synthetic
    """
    from nlac.training.data.dataset import dataset_facts, open_dataset

    facts = dataset_facts(open_dataset(dataset, verify=verify or None))
    if as_json:
        click.echo(json.dumps(facts))
        return
    channels = "mono" if facts["channels"] == 1 else "stereo"
    click.echo(f"{dataset}\n  audio     {facts['rate']} Hz, {channels}, {facts['bits']} bits")
    for split, of in facts["splits"].items():
        click.echo(f"  {split:8}  {of['recordings']} recordings, {_duration(of['seconds'])}")
    for name, values in facts["labels"].items():
        click.echo(f"  label     {name}: {_values(values)}")
    for licence, count in facts["licences"].items():
        click.echo(f"  licence   {licence}: {count}")
    if facts["skipped"]:
        click.echo(f"  left out  {len(facts['skipped'])}")
        for each in facts["skipped"]:
            click.echo(f"            {each['name']}: {each['reason']}")
    click.echo(f"  hash      {facts['hash']}")


def _values(counts: dict[str, int]) -> str:
    if len(counts) > _SHOWN_VALUES:
        return f"{len(counts)} values"
    return ", ".join(f"{value} ({count})" for value, count in sorted(counts.items()))

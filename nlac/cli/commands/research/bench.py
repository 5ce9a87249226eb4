"""``nlac bench``: the front of `nlac.bench`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import OutputExists, UsageError
from nlac.cli import _console

if TYPE_CHECKING:
    from nlac.bench.peers import Peer
    from nlac.bench.results import Results

PRESETS = ("fast", "standard", "high", "max", "neural")


@click.command("bench")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("--split", metavar="NAME", help="Only files of this split of the manifest.")
@click.option(
    "--category",
    "categories",
    metavar="NAME",
    multiple=True,
    help="Only this category; may be repeated.",
)
@click.option(
    "-c",
    "--codec",
    "codecs",
    metavar="NAME",
    multiple=True,
    help="Only this preset (with options: fast:coder=rice,long_term=no) or codec ('flac -8', or "
    "flac for all of flac's); may be repeated. By default fast, standard and every codec on PATH.",
)
@click.option(
    "--peers", metavar="FILE", help="TOML or JSON file that describes further codecs to run."
)
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Only the first N files.")
@click.option(
    "--repeat", metavar="N", type=click.IntRange(1), default=1, help="Measure N times; best counts."
)
@click.option("--by-file", is_flag=True, help="Print the table of all files, too.")
@click.option("--json", "json_path", metavar="OUT.json", help="Write all results as JSON.")
@click.option("--report", "report_path", metavar="OUT.md", help="Write a report in Markdown.")
@click.option("--plot", "plot_path", metavar="OUT.png", help="Draw size against speed.")
@click.option("-f", "--force", is_flag=True, help="Replace these files if they exist.")
@_console.verbosity_options
def command(
    folder: str,
    codecs: tuple[str, ...],
    peers: str | None,
    by_file: bool,
    json_path: str | None,
    report_path: str | None,
    plot_path: str | None,
    force: bool,
    **selection: Any,
) -> int:
    """Compare presets and other codecs on a folder of audio.

    Every file goes through every codec and back, and is compared. Times are CPU
    times of one thread, without the compilation of kernels. A file MANIFEST.tsv
    in the folder may give categories and splits. Exit code 1: some codec did not
    give back what it got.

    \b
    Examples:
      nlac bench recordings
      nlac bench recordings -c fast -c standard -c 'flac -8' --by-file
      nlac bench corpus --split test --json out.json --report out.md --plot out.png
    """
    paths = [path for path in (json_path, report_path, plot_path) if path]
    # found out before the long run, not after it
    for path in paths:
        if os.path.exists(path) and not force:
            raise OutputExists(f"{path} exists; -f replaces it")
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(f"the folder of {path} does not exist")
    from nlac.bench.report import render_text
    from nlac.bench.run import run_bench

    presets, wanted = _choose(codecs, peers)
    with _console.progress_bar("bench", " files") as bar:

        def progress(done: int, total: int, name: str) -> None:
            if bar is not None:
                bar(done, total)

        results = run_bench(folder, presets=presets, peers=wanted, progress=progress, **selection)
    _write(results, json_path, report_path, plot_path)
    _console.say(render_text(results, by_file=by_file).rstrip("\n"))
    return 1 if results.failures() else 0


def _choose(codecs: Sequence[str], peers_path: str | None) -> tuple[list[str], list[Peer]]:
    """Split the wishes of ``-c`` into presets and other codecs."""
    from nlac.bench.peers import DEFAULT_PEERS, load_peers
    from nlac.bench.run import DEFAULT_PRESETS

    peers = [*DEFAULT_PEERS, *(load_peers(peers_path) if peers_path else ())]
    if not codecs:
        return list(DEFAULT_PRESETS), peers
    presets: list[str] = []
    wanted: list[Peer] = []
    for name in codecs:
        matching = [peer for peer in peers if peer.label == name]
        matching = matching or [peer for peer in peers if peer.label.startswith(name + " ")]
        if name.partition(":")[0] in PRESETS:
            presets.append(name)
        elif not matching:
            known = ", ".join([*PRESETS, *(repr(peer.label) for peer in peers)])
            raise UsageError(f"there is no codec {name!r}; there are: {known}")
        wanted += [peer for peer in matching if peer not in wanted]
    return presets, wanted


def _write(
    results: Results, json_path: str | None, report_path: str | None, plot_path: str | None
) -> None:
    from nlac.bench.plot import save_plot
    from nlac.bench.report import render_markdown

    # the results first: they took the time, and drawing may lack a package
    if json_path:
        Path(json_path).write_text(results.to_json(), "utf-8")
    if report_path:
        beside = Path(report_path).absolute().parent
        picture = os.path.relpath(plot_path, beside).replace(os.sep, "/") if plot_path else None
        Path(report_path).write_text(render_markdown(results, plot=picture), "utf-8")
    if plot_path:
        save_plot(results, plot_path)

"""Measure presets and peers on a corpus; write results, report and plot.

    python benchmarks/corpus.py CORPUS --split test --total music --total music-48k

writes ``benchmarks/results/corpus.json``, ``.md`` and ``.png``. With ``--from``
the report and the plot are made anew from stored results.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nlac.bench.peers import DEFAULT_PEERS, load_peers
from nlac.bench.plot import save_plot
from nlac.bench.report import render_markdown, render_text
from nlac.bench.results import Results
from nlac.bench.run import DEFAULT_PRESETS, run_bench

RESULTS = Path(__file__).with_name("results")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", nargs="?", type=Path, help="folder of audio files")
    parser.add_argument("--split", help="only files of this split of the manifest")
    parser.add_argument("--category", action="append", default=[], help="only this category")
    parser.add_argument("--preset", action="append", help="PRESET or PRESET:option=value,...")
    parser.add_argument("--peers", type=Path, help="TOML or JSON file with further peers")
    parser.add_argument("--only-nlac", action="store_true", help="no peers")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the best counts")
    parser.add_argument("--reference", help="codec to compare with")
    parser.add_argument("--total", action="append", default=[], help="category of the main total")
    parser.add_argument("--name", default="corpus", help="name of the files written")
    parser.add_argument("--from", dest="source", type=Path, help="results to report again")
    arguments = parser.parse_args()
    if (arguments.corpus is None) == (arguments.source is None):
        parser.error("give either a corpus or --from RESULTS")
    return arguments


def measure(arguments: argparse.Namespace) -> Results:
    peers = () if arguments.only_nlac else DEFAULT_PEERS
    if arguments.peers:
        peers = (*peers, *load_peers(arguments.peers))
    return run_bench(
        arguments.corpus,
        split=arguments.split,
        categories=arguments.category,
        presets=arguments.preset or DEFAULT_PRESETS,
        peers=peers,
        repeat=arguments.repeat,
        progress=lambda done, total, name: print(f"{done}/{total} {name}", file=sys.stderr),
    )


def main() -> None:
    arguments = parse_arguments()
    wishes = {"reference": arguments.reference, "total": arguments.total}
    RESULTS.mkdir(exist_ok=True)
    stem = RESULTS / arguments.name
    if arguments.source:
        results = Results.load(arguments.source)
    else:
        results = measure(arguments)
        # first of all, so that a wrong wish for the report costs no measurement
        stem.with_suffix(".json").write_text(results.to_json(), "utf-8")
    picture = stem.with_suffix(".png")
    save_plot(results, picture, **wishes)
    report = render_markdown(results, plot=picture.name, **wishes)
    stem.with_suffix(".md").write_text(report, "utf-8")
    print(render_text(results, **wishes))
    if results.failures():
        sys.exit(3)


if __name__ == "__main__":
    main()

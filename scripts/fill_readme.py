"""Write the benchmark's tables into the README, between the marks that say so.

    python scripts/fill_readme.py [--table NAME=CATEGORY+...[@RESULTS]]

RESULTS is the name of one of the results in benchmarks/results, ``corpus`` without; a table
without categories is of all. Without ``--table`` there is one table for all categories.
"""

from __future__ import annotations

import argparse
import itertools
import re
from pathlib import Path

from nlac.bench.report import format_table
from nlac.bench.results import Results, Summary, summarise

ROOT = Path(__file__).resolve().parents[1]
MARKED = re.compile(r"(<!-- benchmark -->\n).*?(<!-- /benchmark -->)", re.DOTALL)


def cells(one: Summary) -> tuple[str, ...]:
    peaks = one.enc_rss, one.dec_rss
    return (
        one.codec,
        "-" if one.share is None else f"{100 * one.share:.2f} %",
        "-" if one.versus is None else f"{100 * one.versus:+.2f} %",
        "-" if one.enc_speed is None else f"{one.enc_speed:,.0f}x",
        "-" if one.dec_speed is None else f"{one.dec_speed:,.0f}x",
        " / ".join("-" if peak is None else f"{peak / 2**20:,.0f}" for peak in peaks),
    )


def table(results: Results, title: str, categories: list[str] | None) -> str:
    reference = results.reference()
    header = ("codec", "of PCM", f"against {reference}", "encoding", "decoding", "MiB")
    chosen = [row for row in results.rows if categories is None or row.category in categories]
    if not chosen:
        raise SystemExit(f"no category {categories}; there are: {', '.join(results.categories)}")
    rows = [cells(one) for one in summarise(results, reference, categories)]
    lengths = {row.file: row.audio_s for row in chosen}
    seconds = sum(lengths.values())
    told = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    about = f"**{title}** ({len(lengths)} files, {told})"
    return f"{about}\n\n{format_table(header, rows, markdown=True)}\n"


def load(name: str) -> Results:
    results = Results.load(ROOT / "benchmarks/results" / f"{name}.json")
    if results.failures():
        raise SystemExit(f"{name}: a codec did not give back what it got; that is not for a README")
    return results


def measured(results: Results) -> str:
    return (
        f"Measured on {results.date} on one thread of {results.host.cpu}; sizes are of "
        "whole files, speeds in seconds of audio a second of CPU time, and every file was decoded "
        "and compared. MiB are the most memory that encoding and decoding took, "
        "Python's included.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", action="append", metavar="NAME=CATEGORY+...[@RESULTS]")
    wishes = [wish.partition("@") for wish in parser.parse_args().table or ["All categories"]]
    tables = ["![Size against speed, of nlac and of others](benchmarks/results/corpus.png)\n"]
    for source, same in itertools.groupby(wishes, lambda wish: wish[2] or "corpus"):
        results = load(source)
        for wish, _, _ in same:
            title, _, categories = wish.partition("=")
            tables.append(table(results, title, categories.split("+") if categories else None))
        tables.append(measured(results))
    readme = ROOT / "README.md"
    text, count = MARKED.subn(
        lambda match: match[1] + "\n".join(tables) + match[2], readme.read_text("utf-8")
    )
    if count != 1:
        raise SystemExit(f"{count} marked places in {readme.name}")
    readme.write_text(text, "utf-8")


if __name__ == "__main__":
    main()

"""Compare the recipes of the research bench, linear prediction, the codec and FLAC.

    python benchmarks/recipes.py DATASET RUN... [--seconds 4] [--name max]...

One method after the other runs over the `test` split of a prepared dataset. What has been measured
is kept in `benchmarks/results/recipes.json`, so the command goes on where it was interrupted, and
another RUN adds a line; `--again` measures a method anew. The table in `docs/recipes/index.md` is
made from all that is in the file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlac._output import open_output
from nlac.bench.results import CodecInfo, Results
from nlac.training.evaluation import figures
from nlac.training.evaluation.baselines import Baseline
from nlac.training.evaluation.codecs import Flac, named_codec
from nlac.training.evaluation.evaluate import evaluate
from nlac.training.evaluation.method import Method
from nlac.training.evaluation.recordings import Wanted, find
from nlac.training.evaluation.report import table
from nlac.training.evaluation.runs import method_of_run

ROOT = Path(__file__).resolve().parents[1]
BASELINES = ("lpc8", "lpc16", "lpc32", "lpc8-file", "lpc16-file", "lpc32-file", "joint")
CODECS = ("fast", "standard", "high", "max", "cnn", "gru", "neural")
BEGIN, END = "<!-- made by benchmarks/recipes.py -->\n", "<!-- end -->\n"
# those that make audio are compared by other figures
AUDIO = "log_spectral_distance"


def main() -> None:
    """Measure what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", help="what nlac data prepare wrote")
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each recording's middle")
    parser.add_argument("--name", action="append", help="only these, beside the runs")
    parser.add_argument("--again", action="append", default=[], help="label to measure anew")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks/results/recipes.json")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/recipes/index.md")
    given = parser.parse_args()
    wanted = Wanted(seconds=given.seconds)
    recordings = find([given.dataset], wanted)
    known = Results.load(given.results) if given.results.is_file() else None
    done = set(known.labels if known else ()) - set(given.again)
    for method in methods(given.runs, given.name):
        if method.info.label in done:
            continue
        begin = time.perf_counter()
        found = evaluate([method], recordings, corpus=Path(given.dataset).name, wanted=wanted)
        known = merged(known, found.results)
        with open_output(given.results, force=True) as file:
            file.write(known.to_json().encode())
        print(f"{method.info.label}: {time.perf_counter() - begin:.0f} s", flush=True)
    if known is not None:
        write_page(known, given.page)


def methods(runs: list[Path], names: list[str] | None) -> Iterator[Method]:
    """FLAC, baselines, runs and codecs, each made when its turn comes."""
    yield Flac()
    for name in BASELINES if names is None else [n for n in names if n in BASELINES]:
        yield Baseline(name)
    for run in runs:
        method = method_of_run(run, "cpu")
        # the codec has networks of the same names
        method.info = replace(method.info, label=f"recipe {method.info.label}")
        yield method
    for name in CODECS if names is None else [n for n in names if n not in BASELINES]:
        yield named_codec(name)


def merged(known: Results | None, new: Results) -> Results:
    """Results with those of one more method, and all sizes relative to FLAC."""
    if known is None:
        return new
    if (known.corpus, known.notes) != (new.corpus, new.notes):
        raise SystemExit(f"the results are of {known.corpus}, {known.notes}; name others")
    (info,) = new.codecs
    kept = [row for row in known.rows if row.codec != info.label]
    rows = (*kept, *(replace(row, figures=rounded(row.figures)) for row in new.rows))
    infos = (*(codec for codec in known.codecs if codec.label != info.label), info)
    references = figures.references_of(rows)

    def updated(codec: CodecInfo) -> CodecInfo:
        own = [row for row in rows if row.codec == codec.label]
        return replace(codec, figures=codec.figures | figures.of_all(own, references))

    return replace(new, rows=rows, codecs=tuple(map(updated, infos)))


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Figures with seven digits, which keeps the file small."""
    return {k: float(f"{v:.7g}") if isinstance(v, float) else v for k, v in values.items()}


def write_page(results: Results, page: Path) -> None:
    """Replace the tables in the page."""
    coding = [codec for codec in results.codecs if "bits_per_sample" in codec.figures]
    coding.sort(key=lambda codec: codec.figures["bits_per_sample"])
    audio = [codec for codec in results.codecs if AUDIO in codec.figures]
    parts = [table(replace(results, codecs=tuple(coding)), markdown=True)]
    if audio:
        parts.append(table(replace(results, codecs=tuple(audio)), markdown=True))
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open_output(page, force=True) as file:
        file.write((before + BEGIN + "\n\n".join(parts) + "\n" + END + after).encode())


if __name__ == "__main__":
    main()

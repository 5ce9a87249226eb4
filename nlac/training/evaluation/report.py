"""Evaluations as tables, and what belongs into the folder of a run."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nlac.bench.report import format_table
from nlac.bench.results import REFERENCE, Results
from nlac.training.evaluation.evaluate import Evaluation
from nlac.training.runs.folder import RunFolder, write_json

_NUMBER: Callable[[float], str] = "{:.3f}".format
# heading, figure, and how it is told
_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("bits/sample", "bits_per_sample", _NUMBER),
    ("as", "bits_are", str),
    ("vs flac", "versus_reference", lambda value: f"{100 * value:+.1f} %"),
    ("cross-entropy", "cross_entropy", _NUMBER),
    ("res. entropy", "residual_entropy", _NUMBER),
    ("gain dB", "prediction_gain", "{:.1f}".format),
    ("SNR dB", "snr", "{:.1f}".format),
    ("segSNR dB", "segmental_snr", "{:.1f}".format),
    ("MSE", "mse", "{:.4g}".format),
    ("MAE", "mae", "{:.4g}".format),
    ("accuracy", "accuracy", _NUMBER),
    ("LSD dB", "log_spectral_distance", "{:.2f}".format),
    ("MCD dB", "mel_cepstral_distortion", "{:.2f}".format),
    ("Fréchet", "frechet_distance", "{:.2f}".format),
    ("next: LSD dB", "continuation_log_spectral_distance", "{:.2f}".format),
    ("next: MCD dB", "continuation_mel_cepstral_distortion", "{:.2f}".format),
    ("next: Fréchet", "continuation_frechet_distance", "{:.2f}".format),
    ("samples/s", "samples_per_second", "{:,.0f}".format),
)


def table(results: Results, *, markdown: bool = False) -> str:
    """Lay out the figures of all recordings, a line for each method.

    Parameters
    ----------
    results : Results
        Results of an evaluation.
    markdown : bool
        A Markdown table instead of plain text.

    Returns
    -------
    str
        A star marks methods that left samples out which others coded.
    """
    totals = [codec.figures for codec in results.codecs]
    columns = [column for column in _COLUMNS if any(column[1] in each for each in totals)]
    header = ["method", *(name for name, _, _ in columns)]
    rows = []
    most = max((each.get("samples", 0) for each in totals), default=0)
    for codec in results.codecs:
        fewer = codec.figures.get("samples", most) < most
        cells = [f"{codec.label} *" if fewer else codec.label]
        for _, key, tell in columns:
            value = codec.figures.get(key)
            cells.append("-" if value is None else tell(value))
        rows.append(cells)
    return format_table(header, rows, markdown)


def text(results: Results) -> str:
    """The table, what it means, and remarks."""
    count = len(results.files)
    samples = max((codec.figures.get("samples", 0) for codec in results.codecs), default=0)
    lines = [
        f"{count} recording{'' if count == 1 else 's'}, {samples:,} samples, split {results.split}",
        table(results),
        "fewer bits are better; coded: a file, decoded and compared; counted: code words and side",
        "information, exact, without a file; ideal: logarithms of probabilities, no file",
    ]
    if REFERENCE in results.labels:
        lines.append(f"vs flac: size relative to {REFERENCE}; negative is smaller")
    if any(codec.figures.get("samples", samples) < samples for codec in results.codecs):
        lines.append("* over fewer samples than others: only vs flac can be compared with theirs")
    lines += results.notes
    for codec in results.codecs:
        refused = [row for row in results.rows if row.codec == codec.label and row.note]
        if refused:
            few = "" if len(refused) == 1 else f" and {len(refused) - 1} more"
            lines.append(f"{codec.label}: {refused[0].file}{few} left out: {refused[0].note}")
    return "\n".join(lines)


def save_plots(evaluation: Evaluation, runs: list[Path], folder: str | Path) -> list[Path]:
    """Draw all pictures into a folder, their names beginning with the label of the method.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    """
    from nlac.training.evaluation.pictures import save_pictures

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for label, example in evaluation.examples.items():
        prefix = "".join(c if c.isalnum() or c in "-_." else "-" for c in label) + "-"
        written += save_pictures(example, label, folder, prefix)
    for run, codec in zip(runs, evaluation.results.codecs, strict=False):
        prefix = "".join(c if c.isalnum() or c in "-_." else "-" for c in codec.label) + "-"
        written += _curves(RunFolder(run), folder / f"{prefix}curves.png")
    return written


def write_run_results(evaluation: Evaluation, run: str | Path, label: str) -> list[Path]:
    """Write an evaluation into ``results/`` of a run.

    ``metrics.json`` gets the key ``evaluation``, with the figures, the recordings and the table's
    other methods; ``predictions.wav`` is what was predicted of the first recording. Pictures are
    drawn where matplotlib is installed.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.
    run : str or Path
        Folder of the run.
    label : str
        Its label in the evaluation.

    Returns
    -------
    list of Path
        The files; they replace earlier ones.
    """
    from nlac.training.generation.files import write_audio

    folder, results = RunFolder(run), evaluation.results
    folder.results.mkdir(exist_ok=True)
    path = folder.results / "metrics.json"
    earlier = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    told = {
        "date": results.date, "corpus": results.corpus, "split": results.split,
        "notes": list(results.notes),
        "figures": {codec.label: codec.figures for codec in results.codecs},
        "of_this_run": label,
    }  # fmt: skip
    write_json(path, earlier | {"evaluation": told})
    written = [path]
    draws = importlib.util.find_spec("matplotlib") is not None
    example = evaluation.examples.get(label)
    if example is not None:
        path = folder.results / "predictions.wav"
        scale = 2.0 ** (1 - example.item.bits)
        write_audio(path, np.asarray(example.predicted) * scale, example.item.rate, force=True)
        written.append(path)
        if draws:
            from nlac.training.evaluation.pictures import save_pictures

            written += save_pictures(example, label, folder.results)
    if draws:
        written += _curves(folder, folder.results / "curves.png")
    return written


def _curves(run: RunFolder, path: Path) -> list[Path]:
    from nlac.training.runs.plot import plot_curves

    if not run.metrics():
        return []
    plot_curves([run], path)
    return [path]

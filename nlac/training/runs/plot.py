"""Curves of runs: each figure over the steps, in training and validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from nlac._errors import UsageError
from nlac._output import open_output
from nlac.training.runs.folder import RunFolder
from nlac.views.output.figures import new_figure

_COLUMNS = 3


def plot_curves(runs: Sequence[RunFolder], path: str | Path, names: Sequence[str] = ()) -> None:
    """Draw figures over the steps: training dashed, validation solid, a colour for each run.

    Parameters
    ----------
    runs : sequence of RunFolder
        Runs with metrics.
    path : str or Path
        Picture to write; its extension (``.png``, ``.svg``) determines the format.
    names : sequence of str
        Figures to draw, such as ``loss``; all if empty.

    Raises
    ------
    MissingDependency
        matplotlib is not installed.
    UsageError
        The runs have no such figure.
    """
    records = {run.path: run.metrics() for run in runs}
    known = dict.fromkeys(
        key.partition(".")[2]
        for lines in records.values()
        for line in lines
        for key in line
        if "." in key
    )
    shown = list(names) or list(known)
    for name in shown:
        if name not in known:
            raise UsageError(f"no figure {name} in these runs; there are {', '.join(known)}")
    if not shown:
        raise UsageError("these runs have no metrics yet")
    columns = min(_COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = new_figure(5 * columns, 3.4 * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, shown, strict=False):
        for i, run in enumerate(runs):
            for prefix, style in (("train", "--"), ("valid", "-")):
                key = f"{prefix}.{name}"
                points = [(r["step"], r[key]) for r in records[run.path] if key in r]
                if points:
                    steps, values = zip(*points, strict=True)
                    axis.plot(
                        steps, values, style, color=f"C{i % 10}", marker=".",
                        alpha=0.6 if prefix == "train" else 1.0,
                        label=f"{run.path.name} {prefix}",
                    )  # fmt: skip
        axis.set_xlabel("step")
        axis.set_title(name)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    with open_output(path, force=True) as file:
        figure.savefig(file, format=Path(path).suffix.removeprefix(".") or "png", dpi=110)

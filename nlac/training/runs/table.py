"""Runs in tables: what each is, and in what their settings differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlac.training.config.files import flattened
from nlac.training.runs.folder import RunFolder


def summary(run: RunFolder) -> dict[str, Any]:
    """Facts of a run on a line.

    Returns
    -------
    dict
        ``run``, ``recipe``, ``state``, ``step``, ``steps``, ``criterion`` and ``best`` (its value,
        or None), ``seconds``, ``begin``, ``parameters``, ``device``.
    """
    metadata, results, records = run.metadata(), run.metadata().get("results", {}), run.metrics()
    criterion = metadata.get("criterion", "loss")
    best = results.get(criterion)
    if not results and records:
        # still running: what there is so far
        last = records[-1]
        values = [r[f"valid.{criterion}"] for r in records if f"valid.{criterion}" in r]
        results, best = last, (values[-1] if values else None)
    return {
        "run": str(run.path),
        "recipe": metadata.get("recipe", ""),
        "state": run.state(),
        "step": results.get("step", 0),
        "steps": run.config().get("train", {}).get("steps"),
        "criterion": criterion,
        "best": best,
        "seconds": results.get("seconds", 0.0),
        "begin": metadata.get("begin", ""),
        "parameters": metadata.get("parameters"),
        "device": metadata.get("device", ""),
    }


def compared(runs: Sequence[RunFolder]) -> dict[str, list[Any]]:
    """Settings and results in which runs differ, by dotted key, with a value for each run."""
    columns = [
        flattened(run.config()) | flattened(run.metadata().get("results", {}), "results.")
        for run in runs
    ]
    keys = dict.fromkeys(key for column in columns for key in column)
    table = {key: [column.get(key) for column in columns] for key in keys}
    return {key: row for key, row in table.items() if any(value != row[0] for value in row)}

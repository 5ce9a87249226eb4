"""Card of a model that a run has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlac.training.runs.folder import RunFolder

UNKNOWN = "unknown: the data names none"


def licence_of(licences: Sequence[str]) -> str:
    """Licence of what was learned from recordings: theirs, all of them."""
    return "; ".join(sorted({*licences} - {""})) or UNKNOWN


def make_card(run: RunFolder, name: str) -> dict[str, Any]:
    """Describe the best model of a run.

    Parameters
    ----------
    run : RunFolder
        The run.
    name : str
        Name of the model.

    Returns
    -------
    dict
        ``name``, ``licence`` (that of the data), ``date``, ``commit``, ``data`` (``recordings``,
        ``licences``, ``manifest_hash``), ``training`` (settings, without folders), ``metrics``.
    """
    metadata, config = run.metadata(), run.config()
    data = metadata.get("data", {})
    settings = {**config["data"], **config["model"], **config["train"]}
    folders = ("corpus", "folder", "start")
    return {
        "name": name,
        "licence": licence_of(data.get("licences", [])),
        "date": str(metadata.get("end") or metadata.get("begin", ""))[:10],
        "commit": metadata.get("commit", ""),
        "data": data,
        "training": {"recipe": config["recipe"]}
        | {key: value for key, value in settings.items() if key not in folders},
        "metrics": dict(metadata.get("results", {})),
    }

"""Whether a folder may be trained in with given settings."""

from __future__ import annotations

from typing import Any

from nlac._errors import UsageError
from nlac.training.config.experiment import Experiment, differences
from nlac.training.config.train import MAY_DIFFER
from nlac.training.runs.folder import RunFolder


def check_resumable(run: RunFolder, experiment: Experiment) -> None:
    """Compare the settings of a run with those it is to be resumed with.

    Raises
    ------
    UsageError
        They differ in what changes the result. The error names each key, both values, and the keys
        that may differ.
    """
    allowed = {f"train.{name}" for name in MAY_DIFFER} | {f"data.{experiment.kind.data_key}"}
    old, new = run.config(), experiment.as_dict()
    for values in (old, new):
        values.pop("tune", None)
    wrong = {k: v for k, v in differences(old, new).items() if k not in allowed}
    if wrong:
        told = "; ".join(f"{key} was {one!r}, now {other!r}" for key, (one, other) in wrong.items())
        raise UsageError(
            f"{run.path} is a run with other settings: {told}. A resumed run may differ in "
            f"{', '.join(sorted(allowed))}; another folder (--out) begins a new run"
        )


def check_data(run: RunFolder, facts: dict[str, Any]) -> None:
    """Compare the data of a run with that it is to be resumed with.

    Raises
    ------
    UsageError
        The data is another.
    """
    before = run.metadata().get("data", {}).get("manifest_hash", "")
    now = facts.get("manifest_hash", "")
    if before and now != before:
        raise UsageError(
            f"{run.path}: trained on the data {before[:12]}, but this is {now[:12] or 'unknown'}; "
            "a run can only be resumed with the data that it began with"
        )

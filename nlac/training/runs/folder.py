"""The folder of a run.

::

    config.yaml            settings as resolved
    metadata.json          versions, commit, machine, device, data, begin, end, state, results
    checkpoints/           best.safetensors, last.safetensors, step-00001000.safetensors
    logs/                  train.log, metrics.jsonl, tensorboard/
    results/               metrics.json, predictions.wav, pictures
    artifacts/             generated.wav
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nlac._errors import UsageError
from nlac._leftovers import is_locked, lock
from nlac._output import open_output
from nlac.training.config.files import read_yaml, write_yaml

RUNNING, FINISHED, STOPPED = "running", "finished", "stopped early"
INTERRUPTED, FAILED, KILLED = "interrupted", "failed", "killed"
_ATTEMPTS = 5  # on file systems that know locks


class RunFolder:
    """Paths and records of a run.

    Parameters
    ----------
    path : str or Path
        The folder. It need not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_path = self.path / "config.yaml"
        self.metadata_path = self.path / "metadata.json"
        self.checkpoints = self.path / "checkpoints"
        self.logs = self.path / "logs"
        self.metrics_path = self.logs / "metrics.jsonl"
        self.log_path = self.logs / "train.log"
        self.tensorboard = self.logs / "tensorboard"
        self.results = self.path / "results"
        self.artifacts = self.path / "artifacts"
        self._lock_path = self.logs / ".lock"

    @property
    def best(self) -> Path:
        """Checkpoint of the weights that were best in validation."""
        return self.checkpoints / "best.safetensors"

    @property
    def last(self) -> Path:
        """Checkpoint that a resumed run continues from."""
        return self.checkpoints / "last.safetensors"

    def kept(self, step: int) -> Path:
        """Checkpoint of a step, kept for good."""
        return self.checkpoints / f"step-{step:08d}.safetensors"

    def exists(self) -> bool:
        """Whether the folder holds a run."""
        return self.config_path.is_file()

    def create(self) -> None:
        """Make the folders."""
        for folder in (self.checkpoints, self.logs, self.results, self.artifacts):
            folder.mkdir(parents=True, exist_ok=True)

    def config(self) -> dict[str, Any]:
        """Settings of the run.

        Raises
        ------
        UsageError
            There is no run.
        """
        if not self.exists():
            raise UsageError(f"{self.path}: no run, for it has no config.yaml")
        return read_yaml(self.config_path)

    def write_config(self, values: dict[str, Any]) -> None:
        """Write the settings."""
        write_yaml(self.config_path, values)

    def metadata(self) -> dict[str, Any]:
        """Metadata; empty if there is none yet.

        Raises
        ------
        UsageError
            The file is no JSON object.
        """
        try:
            values = json.loads(self.metadata_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UsageError(f"{self.metadata_path}: not valid JSON: {error}") from error
        if not isinstance(values, dict):
            raise UsageError(f"{self.metadata_path}: not a JSON object")
        return values

    def write_metadata(self, values: dict[str, Any]) -> None:
        """Write the metadata; the file appears whole."""
        write_json(self.metadata_path, values)

    def state(self) -> str:
        """State of the run; one that says it is running and has no process was killed."""
        state = str(self.metadata().get("state", ""))
        return KILLED if state == RUNNING and not is_locked(self._lock_path) else state

    def metrics(self) -> list[dict[str, Any]]:
        """Lines of metrics; a last one that is incomplete is left out.

        Raises
        ------
        UsageError
            A line is no JSON object.
        """
        if not self.metrics_path.is_file():
            return []
        records = []
        for i, line in enumerate(_whole_lines(self.metrics_path)):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise UsageError(f"{self.metrics_path}: line {i + 1}: {error}") from error
            records.append(record)
        return records

    def forget_later_metrics(self, step: int) -> None:
        """Drop the metrics of steps after a checkpoint, which will be trained again."""
        if not self.metrics_path.is_file():
            return
        kept = [
            line for line in _whole_lines(self.metrics_path) if json.loads(line)["step"] <= step
        ]
        text = "".join(kept)
        if text != self.metrics_path.read_text(encoding="utf-8"):
            with open_output(self.metrics_path, force=True) as file:
                file.write(text.encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Context in which no other process may write to the folder.

        Raises
        ------
        UsageError
            Another process does.
        """
        if is_locked(self._lock_path):
            raise UsageError(f"{self.path}: another process is training this run")
        with open(self._lock_path, "wb") as file:
            # one who asks for the state holds it for a moment
            for _ in range(_ATTEMPTS):
                if lock(file.fileno()):
                    break
                time.sleep(0.01)
            yield


def write_json(path: Path, values: Any) -> None:
    """Write a JSON file, which appears whole and replaces an earlier one."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    with open_output(path, force=True) as file:
        file.write(text.encode() + b"\n")


def _whole_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n")]


def find_runs(folders: list[Path]) -> list[RunFolder]:
    """List runs among folders and at most three levels below them, by name.

    Raises
    ------
    UsageError
        A folder does not exist.
    """
    found: dict[Path, RunFolder] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        for pattern in (".", "*", "*/*", "*/*/*"):
            for path in sorted(folder.glob(pattern)) if pattern != "." else [folder]:
                run = RunFolder(path)
                if run.exists() and run.metadata_path.is_file():
                    found.setdefault(path.resolve(), run)
    return list(found.values())

"""Checkpoints: tensors as safetensors, numbers as JSON in their header. No pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from nlac._errors import CorruptStream, UsageError
from nlac._output import open_output
from nlac.training.runs.folder import RunFolder

WEIGHTS, AVERAGE = "weights.", "average."
_KEY = "run"


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
    """Write a checkpoint; it appears whole, and the one before stays until then."""
    # safetensors takes neither strided nor shared memory
    copies = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    data = save(copies, {_KEY: json.dumps(numbers)})
    with open_output(path, force=True) as file:
        file.write(data)


def read_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint: tensors on the CPU, and numbers.

    Raises
    ------
    UsageError
        There is none.
    CorruptStream
        It is damaged, or something else.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, "pt") as file:
            numbers = json.loads((file.metadata() or {})[_KEY])
            return {name: file.get_tensor(name) for name in file.keys()}, numbers  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise CorruptStream(f"no checkpoint, or damaged: {error}", path=str(path)) from error


def weights_of(path: Path) -> dict[str, Tensor]:
    """Weights of a checkpoint by name; the averaged ones, where there are any."""
    tensors, _ = read_checkpoint(path)
    found = {
        name.removeprefix(prefix): value
        for prefix in (WEIGHTS, AVERAGE)
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
    if not found:
        raise UsageError(f"{path}: no weights of a run")
    return found


def best_weights(folder: str | Path) -> dict[str, Tensor]:
    """Weights of a run that were best in validation; the last ones, if there was none yet.

    Raises
    ------
    UsageError
        The folder has no checkpoint.
    """
    run = RunFolder(folder)
    for path in (run.best, run.last):
        if path.is_file():
            return weights_of(path)
    raise UsageError(f"{folder}: no run with a checkpoint")

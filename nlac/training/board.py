"""Curves of a training run in TensorBoard, where that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Show = Callable[[Mapping[str, Any]], None]


@contextmanager
def board(folder: Path, step: int) -> Iterator[Show]:
    """Draw curves while the context lasts: of each number of a line of the metrics.

    Parameters
    ----------
    folder : Path
        Of the run, where TensorBoard finds them.
    step : int
        Up to which earlier curves stay; a resumed run draws the rest anew.

    Yields
    ------
    callable
        Takes a line; does nothing where TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield lambda record: None
        return

    def show(record: Mapping[str, Any]) -> None:
        for name in record.keys() - {"step"}:
            writer.add_scalar(name, record[name], record["step"])
        writer.flush()

    with SummaryWriter(str(folder), purge_step=step + 1) as writer:
        yield show

"""Write the curves of a training run for TensorBoard, if that is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Show = Callable[[Mapping[str, Any]], None]


@contextmanager
def board(folder: Path, step: int) -> Iterator[Show]:
    """Context in which lines of metrics are written as curves, one for each number.

    Parameters
    ----------
    folder : Path
        Folder of the curves.
    step : int
        Last step whose curves are kept; a resumed run writes those after it again.

    Yields
    ------
    callable
        Takes a line of metrics; does nothing without TensorBoard.
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

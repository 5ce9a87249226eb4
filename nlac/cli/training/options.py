"""Options and checks that the commands of the research bench share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from nlac._errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def device_options(command: F) -> F:
    """Add ``--device`` and ``--gpu-id`` to a command; see `device_name`."""
    device = click.option(
        "--device",
        metavar="auto|cpu|cuda[:N]",
        envvar="AUDIO_DEVICE",
        default="auto",
        show_default=True,
        help="Where to compute; auto takes a GPU if there is one. The variable AUDIO_DEVICE too.",
    )
    gpu = click.option(
        "--gpu-id", type=click.IntRange(0), metavar="N", help="The same as --device cuda:N."
    )
    return device(gpu(command))


def device_name(device: str, gpu_id: int | None) -> str:
    """Device that the options name.

    Raises
    ------
    UsageError
        They contradict each other.
    """
    if gpu_id is None:
        return device
    if device not in ("auto", "cuda", f"cuda:{gpu_id}"):
        raise UsageError(f"--gpu-id {gpu_id} and --device {device} contradict each other")
    return f"cuda:{gpu_id}"

"""Devices, and what is on them; precision, threads and seeds."""

from __future__ import annotations

import os
import random
import re
from typing import Any

import numpy as np
import torch

from nlac._errors import MissingDependency, UsageError
from nlac.training.recipes.base import map_leaves

VARIABLE = "AUDIO_DEVICE"
_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(name: str = "", local_rank: int | None = None) -> torch.device:
    """Device to train on.

    Parameters
    ----------
    name : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; what the variable ``AUDIO_DEVICE`` says if empty,
        or else ``auto``, which is a GPU if there is one.
    local_rank : int, optional
        Number of this process on its machine, where several train together: each takes the GPU of
        its number.

    Raises
    ------
    UsageError
        The name is another one.
    MissingDependency
        PyTorch finds no such GPU.
    """
    name = name or os.environ.get(VARIABLE) or "auto"
    match = re.fullmatch(r"auto|cpu|cuda(?::(\d+))?", name)
    if not match:
        raise UsageError(f"device: {name}; auto, cpu, cuda or cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not count):
        return torch.device("cpu")
    if not count:
        raise MissingDependency(f"device {name}: PyTorch finds no GPU that it can use (CUDA)")
    index = int(match[1]) if match[1] else local_rank or 0
    if index >= count:
        raise MissingDependency(f"device cuda:{index}: there are {count}, from cuda:0 on")
    return torch.device("cuda", index)


def prepare_device(device: torch.device, threads: int) -> None:
    """Set threads, and choose algorithms that give the same result every time."""
    if threads:
        torch.set_num_threads(threads)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True


def describe_device(device: torch.device) -> str:
    """The device in words."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    count = torch.get_num_threads()
    return f"{device} ({count} thread{'' if count == 1 else 's'})"


def to_device(batch: Any, device: torch.device) -> Any:
    """Batch of tensors on a device; arrays become tensors."""

    def moved(leaf: Any) -> torch.Tensor:
        tensor = torch.from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        return tensor.to(device, non_blocking=True)

    return map_leaves(batch, moved)


def autocast(device: torch.device, precision: str) -> Any:
    """Context in which layers compute in a precision of `TrainSettings`."""
    dtype = _DTYPES.get(precision, torch.bfloat16)
    return torch.autocast(device.type, dtype, enabled=precision in _DTYPES)


def make_scaler(device: torch.device, precision: str) -> Any:
    """Scaler of the loss, which float16 needs for its small range; does nothing for others."""
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")


def seed_all(*numbers: int) -> None:
    """Seed every generator of random numbers by some integers.

    Called before every step with the seed of the run, the step and the process, so that no state of
    a generator needs to be kept for a run to be resumed exactly.
    """
    first, second = np.random.SeedSequence(numbers).generate_state(2).tolist()
    seed = first << 32 | second
    # torch.manual_seed would keep the stack of each call for devices that are not in use
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    random.seed(first)
    np.random.seed(first)

"""Several processes that share each step, on one machine or many, as `torchrun` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn


class Processes:
    """The processes of a run; alone, nothing is exchanged.

    Attributes
    ----------
    rank, count : int
        Number of this process from 0, and how many there are.
    local_rank : int
        Number of this process on its machine.
    """

    def __init__(self, rank: int = 0, count: int = 1, local_rank: int = 0) -> None:
        self.rank, self.count, self.local_rank = rank, count, local_rank
        self._device = torch.device("cpu")

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def use(self, device: torch.device) -> None:
        """Exchange tensors on a device."""
        if self.count > 1 and distributed.get_backend() == "nccl":
            self._device = device

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Sums over all processes."""
        if self.count == 1:
            return list(numbers)
        together = torch.tensor(numbers, dtype=torch.float64, device=self._device)
        distributed.all_reduce(together)
        return [float(x) for x in together.tolist()]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace gradients by their sums over all processes, in one exchange for each type."""
        if self.count == 1:
            return
        self._exchange([p.grad for p in parameters if p.grad is not None], 1.0)

    def average_buffers(self, model: nn.Module) -> None:
        """Replace floating-point buffers, such as running statistics, by their means."""
        if self.count == 1:
            return
        self._exchange([b for b in model.buffers() if b.is_floating_point()], 1 / self.count)

    def _exchange(self, tensors: list[Tensor], factor: float) -> None:
        for dtype in sorted({t.dtype for t in tensors}, key=str):
            alike = [t for t in tensors if t.dtype == dtype]
            flat = torch.cat([t.reshape(-1) for t in alike])
            distributed.all_reduce(flat)
            parts = (flat * factor).split([t.numel() for t in alike])
            for tensor, part in zip(alike, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def joined() -> Iterator[Processes]:
    """Context in which the processes that `torchrun` started are connected.

    They exchange by NCCL where there are GPUs, by Gloo elsewhere. Without ``torchrun`` there is one
    process.

    Yields
    ------
    Processes
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend)
    try:
        yield Processes(
            distributed.get_rank(), count, int(os.environ.get("LOCAL_RANK", "0"))
        )  # fmt: skip
    finally:
        distributed.destroy_process_group()

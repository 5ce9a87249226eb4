"""Number of blocks coded at a time, by threads and memory.

The bytes of a stream never depend on it. `docs/notes/memory.md` has the measured memory of a block
while it is coded. The process itself takes `PROCESS_BYTES` more.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nlac._arguments import whole_number
from nlac._errors import LimitExceeded, UsageError
from nlac.bitstream.header import StreamHeader

PROCESS_BYTES = 1 << 28
_MIB = 1 << 20
# if the system does not report its memory
_ASSUMED_BYTES = 1 << 32
# bytes of memory for each sample of a block: integers, floats
_ENCODING = {False: 56, True: 72}
_DECODING = {False: 36, True: 44}


@dataclass(frozen=True, slots=True)
class Workers:
    """Limits on threads and memory.

    Attributes
    ----------
    threads : int
        Upper bound on the blocks coded at a time; 0 uses all cores.
    memory : int or None
        Upper bound on memory in bytes; fewer threads run if all would need more. If None, half
        of the available memory, and at least one thread.

    Raises
    ------
    UsageError
        A limit is out of bounds.
    """

    threads: int = 0
    memory: int | None = None

    def __post_init__(self) -> None:
        if whole_number("threads", self.threads) < 0:
            raise UsageError(f"threads {self.threads!r} is negative; 0 uses all cores")
        if self.memory is not None and whole_number("memory", self.memory) <= 0:
            raise UsageError(f"memory {self.memory!r} is not a positive number of bytes")

    def encoding(self, stream: StreamHeader) -> int:
        """Number of blocks of a stream to encode at a time.

        Raises
        ------
        LimitExceeded
            One block needs more memory than granted.
        """
        return self._blocks(stream, _ENCODING[stream.is_float])

    def decoding(self, stream: StreamHeader) -> int:
        """Number of blocks of a stream to decode at a time; see `encoding`."""
        return self._blocks(stream, _DECODING[stream.is_float])

    def _blocks(self, stream: StreamHeader, bytes_per_sample: int) -> int:
        threads = int(self.threads) or available_cores()
        if threads == 1 and self.memory is None:
            return 1  # runs in any case, and to look at the memory takes longer than a short file
        frames = stream.block_length
        if stream.num_frames is not None:
            frames = min(frames, stream.num_frames)
        needed = max(1, frames * stream.channels * bytes_per_sample)
        granted = available_memory() // 2 if self.memory is None else int(self.memory)
        fit = (granted - PROCESS_BYTES) // needed
        if fit < 1 and self.memory is not None:
            total = -(-(needed + PROCESS_BYTES) // _MIB)
            raise LimitExceeded(
                f"a block of {frames} frames and {stream.channels} channels needs about "
                f"{total} MiB of memory; the limit is {granted // _MIB} MiB"
            )
        return int(max(1, min(threads, fit)))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes of memory that this process may still allocate, as far as the system reports."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * int(next(x for x in lines if x.startswith("MemAvailable")).split()[1]))
    if not found and hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    # limit of a container (cgroup version 2); "max" stands for none
    with contextlib.suppress(OSError, ValueError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    if sys.platform != "win32":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(limit)
    return min(found, default=_ASSUMED_BYTES)

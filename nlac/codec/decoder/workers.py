"""How many blocks are coded at a time: as many as threads and memory allow.

The bytes of a stream never depend on it. What a block takes while it is coded was measured
(`docs/notes/memory.md`); the process itself takes `PROCESS_BYTES` besides.
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
# where nothing tells how much memory there is
_ASSUMED_BYTES = 1 << 32
# bytes for each sample of a block: of integers, of floats
_ENCODING = {False: 56, True: 72}
_DECODING = {False: 36, True: 44}


@dataclass(frozen=True, slots=True)
class Workers:
    """Threads and memory that a caller grants.

    Attributes
    ----------
    threads : int
        Blocks coded at a time, at most; 0 takes all cores.
    memory : int or None
        Bytes of memory; fewer threads run where more would be needed. None takes half of
        what is available, and one thread runs in any case.

    Raises
    ------
    UsageError
        One of them is out of bounds.
    """

    threads: int = 0
    memory: int | None = None

    def __post_init__(self) -> None:
        if whole_number("threads", self.threads) < 0:
            raise UsageError(f"threads {self.threads!r}: 0 (all cores) or more")
        if self.memory is not None and whole_number("memory", self.memory) <= 0:
            raise UsageError(f"memory {self.memory!r}: a positive number of bytes")

    def encoding(self, stream: StreamHeader) -> int:
        """Blocks of a stream to encode at a time.

        Raises
        ------
        LimitExceeded
            The memory that was granted is not enough for one.
        """
        return self._blocks(stream, _ENCODING[stream.is_float])

    def decoding(self, stream: StreamHeader) -> int:
        """Blocks of a stream to decode at a time, as `encoding`."""
        return self._blocks(stream, _DECODING[stream.is_float])

    def _blocks(self, stream: StreamHeader, bytes_per_sample: int) -> int:
        frames = stream.block_length
        if stream.num_frames is not None:
            frames = min(frames, stream.num_frames)
        needed = max(1, frames * stream.channels * bytes_per_sample)
        granted = available_memory() // 2 if self.memory is None else int(self.memory)
        fit = (granted - PROCESS_BYTES) // needed
        if fit < 1 and self.memory is not None:
            total = -(-(needed + PROCESS_BYTES) // _MIB)
            raise LimitExceeded(
                f"a block of {frames} frames and {stream.channels} channels takes about "
                f"{total} MiB of memory, of which {granted // _MIB} are granted"
            )
        return int(max(1, min(int(self.threads) or available_cores(), fit)))


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def available_memory() -> int:
    """Bytes of memory that this process may still take, as far as the system tells."""
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * int(next(x for x in lines if x.startswith("MemAvailable")).split()[1]))
    if not found and hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    # of a container (cgroup of version 2); "max" where there is no limit
    with contextlib.suppress(OSError, ValueError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    if sys.platform != "win32":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(limit)
    return min(found, default=_ASSUMED_BYTES)

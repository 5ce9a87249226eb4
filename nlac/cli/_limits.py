"""Limits of the system that must be known before work begins."""

from __future__ import annotations

import importlib
import os

# the interpreter, the compiler's library and the loops take half of it
_NEEDED_BYTES = 1 << 30


def spare_threads() -> None:
    """Have NumPy, which is not imported yet, start no threads of its own.

    Blocks are coded in threads of ours. Its library would start one for each core, which is
    a fifth of the time of its import with two of them, and they would find nothing to do.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def check_address_space() -> None:
    """Refuse a limit on the address space (``ulimit -v``) in which nothing could be coded.

    The compiler's library ends the process where memory is short: no error could be
    caught, and nothing cleaned up.

    Raises
    ------
    MemoryError
        The limit is too low.
    """
    if os.name != "posix":
        return
    resource = importlib.import_module("resource")
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit not in (-1, resource.RLIM_INFINITY) and limit < _NEEDED_BYTES:
        raise MemoryError(
            f"not enough memory: it is limited to {limit >> 20} MiB (ulimit -v), and "
            f"{_NEEDED_BYTES >> 20} MiB are needed; long blocks and many threads need more"
        )

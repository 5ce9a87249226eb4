"""Whether encoders write the same on a processor without the vector instructions of this one.

    python scripts/same_bytes.py [--quick]

Makes the streams of `stream_hashes.py` twice, as always and with kernels that were compiled for any
processor of this kind, which takes minutes. Ends with 1 if a stream differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(__file__).with_name("stream_hashes.py")


def hashes(**environment: str) -> list[str]:
    """A line for each stream."""
    return subprocess.run(
        [sys.executable, PROGRAM, *sys.argv[1:]],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        native = hashes()
        generic = hashes(NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=folder)
    for line, other in zip(native, generic, strict=True):
        print("same   " if line == other else "DIFFERS", line)
    return int(native != generic)


if __name__ == "__main__":
    sys.exit(main())

"""Whether encoders write the same on a processor without the vector instructions of this one.

    python scripts/same_bytes.py [FILE.wav ...]

Encodes each file (or a signal of its own) with every preset, once as always and once with kernels
that were compiled for any processor of this kind, which takes some minutes. Ends with 1 if streams
differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

PRESETS = ("fast", "standard", "high", "max")
PROGRAM = """
import hashlib, io, sys
import nlac
for preset in sys.argv[1].split(","):
    for path in sys.argv[2:]:
        out = io.BytesIO()
        nlac.encode(path, out, preset=preset)
        print(preset, hashlib.sha256(out.getvalue()).hexdigest(), path)
"""


def streams(files: list[str], **environment: str) -> str:
    """A line for each stream."""
    command = [sys.executable, "-c", PROGRAM, ",".join(PRESETS), *files]
    return subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def signal() -> np.ndarray:
    """A bar of noisy tones, three times."""
    rng = np.random.default_rng(1)
    times = np.arange(20000)[:, None] * np.array([0.031, 0.044])
    bar = 6000 * np.sin(times) + 3000 * np.sin(7 * times) + rng.normal(0, 300, times.shape)
    return np.tile(bar, (3, 1)).astype(np.int16)


def main(files: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        if not files:
            files = [str(Path(folder) / "signal.wav")]
            soundfile.write(files[0], signal(), 44100)
        native = streams(files)
        generic = streams(files, NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=folder)
    for line, other in zip(native.splitlines(), generic.splitlines(), strict=True):
        print("same   " if line == other else "DIFFERS", line)
    return int(native != generic)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

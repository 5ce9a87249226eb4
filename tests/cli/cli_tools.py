"""A small file to encode, and where the sources are."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


def wav_bytes(frames: int = 3000, seed: int = 1) -> bytes:
    """A stereo WAV of 16 bits with a chunk of odd length behind its samples."""
    generator = np.random.default_rng(seed)
    wave = 8000 * np.sin(np.arange(frames) / 15)[:, None] + generator.normal(0, 20, (frames, 2))
    data = wave.astype("<i2").tobytes()
    fmt = struct.pack("<HHIIHH", 1, 2, 8000, 32000, 4, 16)
    chunks = b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data
    chunks += b"odd " + struct.pack("<I", 3) + b"abc\0"
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def damage(path: Path, share: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 0x10
    path.write_bytes(data)

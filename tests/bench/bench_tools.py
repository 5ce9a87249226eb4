"""Small corpora and fake codecs for the tests of the benchmark."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np

from nlac.bench.peers import Peer
from nlac.bench.wav import write_plain_wav

COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
# keeps the length and loses the last sample's value
SPOIL = (
    "import sys; data = bytearray(open(sys.argv[1], 'rb').read()); data[-1] ^= 1; "
    "open(sys.argv[2], 'wb').write(data)"
)


def python_peer(label: str, encode: str = COPY, decode: str = COPY, **fields: object) -> Peer:
    """A codec made of two Python one-liners with input and output as arguments."""
    ends = ("{input}", "{output}")
    start = (sys.executable, "-S", "-c")
    return Peer(label, (*start, encode, *ends), (*start, decode, *ends), **fields)  # type: ignore[arg-type]


def make_fmt(rate: int, channels: int, bits: int, tag: int = 1) -> bytes:
    """Content of a ``fmt `` chunk of 16 bytes."""
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)


def write_tone(
    path: Path, *, rate: int = 8000, channels: int = 1, bits: int = 16, seconds: float = 0.25
) -> bytes:
    """Write a WAV file of a noisy tone; return its PCM bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    frames = round(rate * seconds)
    top = 1 << (bits - 2)
    tone = np.sin(np.arange(frames) * 0.05)[:, None] * top * 0.5
    values = np.rint(tone + rng.normal(0, top * 0.01, (frames, channels))).astype("<i4")
    if bits == 8:
        values += 128
    pcm: bytes = values.reshape(-1, 1).view(np.uint8)[:, : bits // 8].tobytes()
    write_plain_wav(path, fmt=make_fmt(rate, channels, bits), data=[pcm])
    return pcm

"""Small WAV files and files that are pipes, for the tests of streams and of the API."""

from __future__ import annotations

import io
import struct

import numpy as np

BLOCK = 16
RATE = 8000


class Pipe(io.RawIOBase):
    """Bytes that come in small pieces and can't be read twice."""

    def __init__(self, data: bytes, step: int = 1000) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._data.readinto(memoryview(buffer)[: self._step])


class PipeEnd(io.RawIOBase):
    """Takes bytes, a few at a time, and can't seek."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        part = bytes(data[:700])
        self.data += part
        return len(part)


def make_wav(samples: np.ndarray, chunks: bytes = b"", tail: bytes = b"") -> bytes:
    """16-bit WAV file with chunks before and bytes after the samples."""
    data = samples.astype("<i2").tobytes()
    channels = samples.shape[1]
    fmt = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + chunks
    body += b"data" + struct.pack("<I", len(data)) + data + tail
    return b"RIFF" + struct.pack("<I", len(body)) + body

"""Small streams of every mode and format, with their samples, and a file that counts."""

from __future__ import annotations

import io
from functools import cache
from typing import NamedTuple

import numpy as np
import strategies
from numpy.typing import NDArray

import nlac

RATE = 8000


class Case(NamedTuple):
    """A stream and what is in it."""

    data: bytes
    samples: NDArray


def _signal(name: str, frames: int, channels: int, bits: int) -> NDArray:
    samples = strategies.make(name, frames, channels, bits, seed=5)
    return samples.astype(np.int16) if bits <= 16 else samples


def _floats(frames: int) -> NDArray:
    values = _signal("music", frames, 2, 16) / np.float32(32768)
    values[7] = [np.nan, -0.0]
    return values.astype(np.float32)


# name of a case: samples, bits, frames of a block, options
_CASES = {
    "empty": lambda: (np.zeros((0, 2), np.int16), 16, 100, {}),
    "one frame": lambda: (_signal("noise", 1, 2, 16), 16, 100, {}),
    "blocks of one frame": lambda: (_signal("noise", 23, 1, 8), 8, 1, {}),
    "mono": lambda: (_signal("music", 1000, 1, 16), 16, 256, {}),
    "stereo": lambda: (_signal("music", 2053, 2, 16), 16, 512, {}),
    "rice": lambda: (_signal("related_channels", 1031, 2, 16), 16, 300, {"coder": "rice"}),
    "standard": lambda: (_signal("repeated_loop", 1500, 2, 16), 16, 700, {"preset": "standard"}),
    "cascade": lambda: (_signal("music", 700, 2, 16), 16, 300, {"preset": "high"}),
    "verbatim": lambda: (_signal("noise", 900, 2, 24), 24, 128, {}),
    "silence": lambda: (_signal("silence", 900, 3, 20), 20, 128, {}),
    "bursts": lambda: (_signal("bursts", 1024, 2, 12), 12, 128, {}),
    "six channels": lambda: (_signal("related_channels", 509, 6, 24), 24, 100, {}),
    "32 bits": lambda: (_signal("sine", 400, 1, 32), 32, 399, {}),
    "floats": lambda: (_floats(800), 32, 300, {}),
}
NAMES = sorted(_CASES)


@cache
def case(name: str) -> Case:
    """Encode one of the cases, once."""
    samples, bits, block, options = _CASES[name]()
    stream = io.BytesIO()
    arguments = {"preset": "fast", "block_seconds": block / RATE, "threads": 1} | options
    depth = {} if samples.dtype == np.float32 else {"bits_per_sample": bits}
    nlac.write(stream, samples, RATE, **depth, **arguments)
    return Case(stream.getvalue(), samples[:, 0] if samples.shape[1] == 1 else samples)


class Counting(io.RawIOBase):
    """A file object of no known kind that notes what is read of it."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self.requests: list[int] = []

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._data.seek(offset, whence)

    def tell(self) -> int:
        return self._data.tell()

    def readinto(self, buffer) -> int:
        count = self._data.readinto(buffer)
        self.requests.append(count)
        return count

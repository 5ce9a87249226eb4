"""Files of every container and depth, some odd, and the streams that were made of them."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import wavmaker as make

import nlac

RATE = 44100


def _data(bits: int, width: int, channels: int = 2, frames: int = 1500, order: str = "little"):
    samples = make.noise(frames, channels, bits) << (8 * width - bits)
    samples[frames // 4 : frames // 2] = 0
    return make.bytes_of(samples, width, order)


def _unsigned(frames: int, channels: int) -> bytes:
    return bytes(make.noise(frames, channels, 8).astype("int8").view("uint8").ravel() ^ 128)


def _long_tail() -> bytes:
    """A tail of several items, hard to deflate."""
    return make.chunk(b"junk", _data(16, 2, 1, 700_000)) + make.chunk(b"note", b"the end")


# name: file, and options to encode it with; 100 frames and more to a block
_FILES: dict[str, Any] = {
    "16.wav": lambda: (make.wav(make.fmt(), _data(16, 2)), {}),
    "8.wav": lambda: (make.wav(make.fmt(bits=8, channels=1), _unsigned(901, 1)), {}),
    "20 in 24.wav": lambda: (make.wav(make.extensible(bits=24, valid=20), _data(20, 3)), {}),
    "24.wav": lambda: (make.wav(make.fmt(bits=24), _data(24, 3)), {"preset": "standard"}),
    "32.wav": lambda: (make.wav(make.fmt(bits=32), _data(32, 4)), {}),
    "float.wav": lambda: (make.wav(make.fmt(tag=3, bits=32), make.float_bits().tobytes() * 40), {}),
    "no pad.wav": lambda: (
        make.wav(make.fmt(bits=24, channels=1), _data(24, 3, 1, 333), pad=False),
        {},
    ),
    "six.wav": lambda: (
        make.wav(make.extensible(channels=6, bits=24, mask=63), _data(24, 3, 6, 700)),
        {},
    ),
    "chunks.wav": lambda: (
        make.wav(
            make.fmt(),
            _data(16, 2),
            before=make.chunk(b"bext", bytes(602)),
            after=make.chunk(b"LIST", b"INFOINAM\x05\0\0\0Song\0"),
        )
        + b"odd",
        {},
    ),
    "long tail.wav": lambda: (make.wav(make.fmt(), _data(16, 2), after=_long_tail()), {}),
    "cut.wav": lambda: (make.wav(make.fmt(), _data(16, 2) + b"x", data_size=9000), {}),
    "big endian.wav": lambda: (
        make.wav(make.fmt(order=">"), _data(16, 2, order="big"), magic=b"RIFX"),
        {},
    ),
    "slices.wav": lambda: (
        make.wav(make.fmt(), _data(16, 2, 2, 90_000)),
        {"preset": "standard", "block_seconds": 30},
    ),
    "cascade.wav": lambda: (make.wav(make.fmt(), _data(16, 2, 2, 600)), {"preset": "high"}),
    "no samples.wav": lambda: (make.wav(make.fmt(), b""), {}),
    "rf64.wav": lambda: (make.rf64(make.fmt(), _data(16, 2)), {}),
    "some.w64": lambda: (make.w64(make.fmt(bits=24), _data(24, 3)), {}),
    "16.aiff": lambda: (make.aiff(make.comm(2, 1500), _data(16, 2, order="big")), {}),
    "24.aiff": lambda: (make.aiff(make.comm(2, 1500, 24), _data(24, 3, order="big"), offset=5), {}),
    "sowt.aifc": lambda: (
        make.aiff(make.comm(2, 1500, compression=b"sowt"), _data(16, 2), form=b"AIFC"),
        {},
    ),
    "some.raw": lambda: (_data(16, 2), {"raw": "44100,s16le,2"}),
}
NAMES = sorted(_FILES)


@cache
def original(name: str) -> tuple[bytes, bytes]:
    """A file, and its stream."""
    data, options = _FILES[name]()
    stream = io.BytesIO()
    nlac.encode(data, stream, **{"preset": "fast", "block_seconds": 300 / RATE} | options)
    return data, stream.getvalue()

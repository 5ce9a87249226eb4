"""Hand-built audio files, odd ones above all, and file objects that cannot seek.

Everything here is written from the format descriptions with `struct` alone and shares
nothing with the package under test.
"""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nlac.audio.source import AudioSource, open_source

GUID_TAIL = bytes.fromhex("0000000010008000 00aa00389b71".replace(" ", ""))
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
UNKNOWN = 0xFFFFFFFF
BOTH = pytest.mark.parametrize("pipe", [False, True])


class Pipe(io.RawIOBase):
    """A stream that cannot seek and gives its bytes in pieces of uneven size."""

    def __init__(self, data: bytes, pieces: tuple[int, ...] = (1, 4096, 17, 65536, 3)) -> None:
        super().__init__()
        self._data = data
        self._place = 0
        self._pieces = pieces
        self._turn = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._pieces[self._turn % len(self._pieces)])
        self._turn += 1
        piece = self._data[self._place : self._place + count]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


class OutPipe(io.RawIOBase):
    """A sink that cannot seek and takes only a part of what it is given at a time."""

    def __init__(self, limit: int = 1000) -> None:
        super().__init__()
        self.data = bytearray()
        self._limit = limit

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        piece = bytes(data[: self._limit])
        self.data += piece
        return len(piece)


def chunk(name: bytes, contents: bytes, *, pad: bool = True, order: str = "<") -> bytes:
    """Return one RIFF chunk (AIFF with order ">"), padded to an even size or not."""
    padding = bytes(len(contents) % 2) if pad else b""
    return name + struct.pack(order + "I", len(contents)) + contents + padding


def fmt(
    tag: int = 1,
    channels: int = 2,
    rate: int = 44100,
    bits: int = 16,
    *,
    block_align: int | None = None,
    size: int = 16,
    cb_size: int = 0,
    order: str = "<",
) -> bytes:
    """Return the contents of a fmt chunk of 14, 16, 18 or more bytes."""
    frame = channels * ((bits + 7) // 8) if block_align is None else block_align
    data = struct.pack(order + "HHIIH", tag, channels, rate, (rate * frame) % 2**32, frame)
    data += struct.pack(order + "HH", bits, cb_size)
    return data[:size].ljust(size, b"\0")


def extensible(
    channels: int = 2,
    rate: int = 48000,
    bits: int = 16,
    valid: int | None = None,
    mask: int = 0,
    *,
    sub: int = 1,
    cb_size: int = 22,
    block_align: int | None = None,
) -> bytes:
    """Return the 40 bytes of an EXTENSIBLE fmt chunk."""
    frame = channels * bits // 8 if block_align is None else block_align
    return (
        struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * frame, frame, bits)
        + struct.pack("<HHIH", cb_size, bits if valid is None else valid, mask, sub)
        + GUID_TAIL
    )


def wav(
    fmt_contents: bytes,
    data: bytes,
    *,
    before: bytes = b"",
    after: bytes = b"",
    data_size: int | None = None,
    riff_size: int | None = None,
    magic: bytes = b"RIFF",
    pad: bool = True,
) -> bytes:
    """Return a WAV file; `before` and `after` are whole chunks around fmt and data."""
    order = ">" if magic == b"RIFX" else "<"
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + before + chunk(b"fmt ", fmt_contents, order=order)
    body += b"data" + struct.pack(order + "I", size) + data
    body += (bytes(len(data) % 2) if pad else b"") + after
    return magic + struct.pack(order + "I", len(body) if riff_size is None else riff_size) + body


def rf64(
    fmt_contents: bytes,
    data: bytes,
    *,
    magic: bytes = b"RF64",
    after: bytes = b"",
    sizes: tuple[int, int] | None = None,
    data_size: int = UNKNOWN,
) -> bytes:
    """Return an RF64 or BW64 file; `sizes` are those of the ds64 chunk."""
    pad = bytes(len(data) % 2)
    rest = chunk(b"fmt ", fmt_contents) + b"data" + struct.pack("<I", data_size) + data + pad
    whole = 4 + 36 + len(rest) + len(after)
    ds64 = struct.pack("<QQQI", *(sizes or (whole, len(data))), 0, 0)
    return magic + struct.pack("<I", UNKNOWN) + b"WAVE" + chunk(b"ds64", ds64) + rest + after


def w64(
    fmt_contents: bytes,
    data: bytes,
    *,
    before: bytes = b"",
    after: bytes = b"",
    data_size: int | None = None,
    riff_size: int | None = None,
) -> bytes:
    """Return a W64 file."""

    def block(name: bytes, contents: bytes, size: int | None = None) -> bytes:
        length = 24 + len(contents)
        size = length if size is None else size
        return name + W64_TAIL + struct.pack("<Q", size) + contents + bytes(-length % 8)

    body = b"wave" + W64_TAIL + before + block(b"fmt ", fmt_contents)
    body += block(b"data", data, data_size) + after
    whole = 24 + len(body) if riff_size is None else riff_size
    return W64_RIFF + struct.pack("<Q", whole) + body


def rate80(rate: float) -> bytes:
    """Return a positive number as an 80-bit float."""
    mantissa, exponent = np.frexp(rate)
    return struct.pack(">HQ", 16382 + int(exponent), int(float(mantissa) * 2**64))


def comm(
    channels: int = 2,
    frames: int = 0,
    bits: int = 16,
    rate: float = 44100.0,
    compression: bytes | None = None,
) -> bytes:
    """Return the contents of a COMM chunk; with `compression`, that of AIFF-C."""
    data = struct.pack(">HIH", channels, frames, bits) + rate80(rate)
    return data if compression is None else data + compression + b"\0\0"


def aiff(
    comm_contents: bytes,
    data: bytes,
    *,
    form: bytes = b"AIFF",
    before: bytes = b"",
    after: bytes = b"",
    offset: int = 0,
    ssnd_size: int | None = None,
    form_size: int | None = None,
    comm_last: bool = False,
) -> bytes:
    """Return an AIFF or AIFF-C file."""
    contents = struct.pack(">II", offset, 0) + b"\xee" * offset + data
    size = len(contents) if ssnd_size is None else ssnd_size
    ssnd = b"SSND" + struct.pack(">I", size) + contents + bytes(len(contents) % 2)
    comm_chunk = chunk(b"COMM", comm_contents, order=">")
    body = form + before + (ssnd + comm_chunk if comm_last else comm_chunk + ssnd) + after
    return b"FORM" + struct.pack(">I", len(body) if form_size is None else form_size) + body


def noise(frames: int, channels: int, bits: int, seed: int = 1) -> np.ndarray[Any, Any]:
    """Return integers over the whole range of `bits` bits, extremes included."""
    rng = np.random.default_rng(seed)
    top = 1 << (bits - 1)
    samples = rng.integers(-top, top, (frames, channels), dtype=np.int64)
    if samples.size > 1:
        samples.flat[0], samples.flat[-1] = -top, top - 1
    return samples.astype(np.int32)


def bytes_of(samples: np.ndarray[Any, Any], width: int, order: str = "little") -> bytes:
    """Pack signed integers the slow way."""
    return b"".join(int(v).to_bytes(width, order, signed=True) for v in samples.ravel())  # type: ignore[arg-type]


def float_bits() -> np.ndarray[Any, Any]:
    """Return floats that arithmetic would change: NaNs of all kinds, -0.0, denormals."""
    words = [0x7F800001, 0xFFBFFFFF, 0x7FC00000, 0xFFFFFFFF, 0x80000000, 1, 0x807FFFFF]
    words += [0x7F800000, 0xFF800000, 0x3F800000, 0xBF800000, 0x00800000, 0x7F7FFFFF, 0]
    return np.array(words, dtype=np.uint32).view(np.float32).reshape(-1, 2)


SAMPLES = noise(100, 2, 16)
DATA = bytes_of(SAMPLES, 2)
BIG = bytes_of(SAMPLES, 2, "big")


@dataclass
class Restored:
    """What came out of a source."""

    source: AudioSource
    samples: np.ndarray[Any, Any]
    file: bytes
    tail: bytes

    @property
    def warnings(self) -> str:
        return "\n".join(self.source.warnings)


def restore(data: bytes, *, pipe: bool = False, step: int = 37, **options: Any) -> Restored:
    """Read a file by its source, put it together again, and check that it is the same."""
    stream: Any = Pipe(data) if pipe else io.BytesIO(data)
    with open_source(stream, **options) as source:
        parts = []
        while len(part := source.read(step)):
            parts.append(part)
        empty = source.read(step)
        assert empty.shape == (0, source.format.channels)
        assert source.packing is not None
        samples = np.concatenate([*parts, empty])
        tail = b"".join(source.tail())
        whole = source.head + source.packing.pack(samples) + tail
        assert whole == data
        assert source.digest == hashlib.md5(data).digest()
        if pipe:
            assert source.num_frames is None
        else:
            assert source.num_frames == len(samples)
        return Restored(source, samples, whole, tail)

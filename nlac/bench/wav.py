"""Plain WAV files: find, hash and write the samples.

This walk over chunks is independent of the containers of the product on purpose: a fault there must
not hide itself when results are compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nlac._errors import UnsupportedAudio

_WAVE_FORMAT_PCM, _WAVE_FORMAT_FLOAT, _WAVE_FORMAT_EXTENSIBLE = 1, 3, 0xFFFE
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class WavInfo:
    """Format of a WAV file, and position of its samples.

    `bits` is the depth of the container (8, 16, 24, 32). `data_bytes` is limited to the length of
    the file.
    """

    sample_rate: int
    channels: int
    bits: int
    is_float: bool
    fmt: bytes
    data_offset: int
    data_bytes: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.data_bytes / (self.channels * (self.bits // 8)) / self.sample_rate

    @property
    def pcm_name(self) -> str:
        """Name of the sample format in ffmpeg, for example ``s16le``."""
        if self.is_float:
            return f"f{self.bits}le"
        return "u8" if self.bits == 8 else f"s{self.bits}le"


def read_wav_info(path: str | Path) -> WavInfo:
    """Walk the chunks of a WAV file.

    Raises
    ------
    UnsupportedAudio
        The file is not RIFF WAVE with integers of 8 to 32 bits or 32-bit floats.
    """
    path = Path(path)
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise UnsupportedAudio(f"{path.name}: not a RIFF WAVE file")
        fmt = b""
        while True:
            chunk = file.read(8)
            if len(chunk) < 8:
                raise UnsupportedAudio(f"{path.name}: no data chunk")
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                break
            if chunk[:4] == b"fmt ":
                fmt = file.read(length)
                file.seek(length & 1, 1)
            else:
                file.seek(length + (length & 1), 1)
        offset = file.tell()
    if len(fmt) < 16:
        raise UnsupportedAudio(f"{path.name}: no fmt chunk before the data")
    tag, channels, rate, frame_bytes, bits = (
        int.from_bytes(fmt[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (12, 14), (14, 16))
    )
    if tag == _WAVE_FORMAT_EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    is_float = tag == _WAVE_FORMAT_FLOAT
    known = (32,) if is_float else (8, 16, 24, 32)
    bits = (bits + 7) // 8 * 8
    if tag not in (_WAVE_FORMAT_PCM, _WAVE_FORMAT_FLOAT) or bits not in known:
        raise UnsupportedAudio(f"{path.name}: unsupported WAV format {tag} with {bits} bits")
    if channels == 0 or rate == 0 or frame_bytes != channels * (bits // 8):
        raise UnsupportedAudio(f"{path.name}: inconsistent fmt chunk")
    data_bytes = min(length, size - offset) // frame_bytes * frame_bytes
    return WavInfo(rate, channels, bits, is_float, fmt, offset, data_bytes)


def pcm_pieces(path: str | Path, info: WavInfo) -> Iterator[bytes]:
    """Yield the bytes of the samples, in pieces of at most 1 MiB."""
    with open(path, "rb") as file:
        file.seek(info.data_offset)
        left = info.data_bytes
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                return
            left -= len(piece)
            yield piece


def pcm_digest(path: str | Path) -> str:
    """Return the MD5 of format and samples of a WAV file, as hexadecimal digits.

    Two files have the same digest if they have the same sample bytes, sample rate, depth and number
    of channels. Other chunks do not matter.
    """
    info = read_wav_info(path)
    md5 = hashlib.md5(
        f"{info.sample_rate} {info.channels} {info.pcm_name}\n".encode(), usedforsecurity=False
    )
    for piece in pcm_pieces(path, info):
        md5.update(piece)
    return md5.hexdigest()


def write_plain_wav(
    path: str | Path, *, fmt: bytes, data: Iterable[bytes], size: int | None = None
) -> None:
    """Write a WAV file with a ``fmt `` and a ``data`` chunk only.

    Parameters
    ----------
    path : str or Path
    fmt : bytes
        Content of the ``fmt `` chunk.
    data : iterable of bytes
        Samples in that format, in pieces.
    size : int, optional
        Total bytes of the pieces; if None, they are joined first.

    Raises
    ------
    UnsupportedAudio
        The file would have 4 GiB or more.
    """
    if size is None:
        data = [b"".join(data)]
        size = len(data[0])
    padded_fmt = fmt + b"\0" * (len(fmt) & 1)
    riff = 4 + 8 + len(padded_fmt) + 8 + size + (size & 1)
    if riff >= 1 << 32:
        raise UnsupportedAudio(f"{size} bytes of samples are too many for a plain WAV file")
    with open(path, "wb") as out:
        out.write(b"RIFF" + riff.to_bytes(4, "little") + b"WAVE")
        out.write(b"fmt " + len(fmt).to_bytes(4, "little") + padded_fmt)
        out.write(b"data" + size.to_bytes(4, "little"))
        for piece in data:
            out.write(piece)
        out.write(b"\0" * (size & 1))

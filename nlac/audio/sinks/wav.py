"""Write WAV, RF64, BW64 and W64 files, known lengths or not, seekable outputs or pipes."""

from __future__ import annotations

import struct
from typing import BinaryIO

from nlac._errors import UnsupportedAudio
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing, packing_for
from nlac.audio.riff import UNKNOWN_32, UNKNOWN_64
from nlac.audio.sinks.base import PackedSink
from nlac.audio.w64 import CHUNK_HEADER_BYTES, DATA_GUID, FACT_GUID, FMT_GUID, RIFF_GUID, WAVE_GUID
from nlac.audio.wavefmt import EXTENSIBLE, FLOAT, PCM, SUBFORMAT_GUID_TAIL

_MAGICS = {"rf64": b"RF64", "bw64": b"BW64"}
# stands for "unknown" in 64 bits: all ones would be a negative number to some readers
_LARGEST = UNKNOWN_64 >> 1
# sizes of riff, data, samples, and an empty table
_DS64_BYTES = 28


def wave_format(fmt: AudioFormat, packing: Packing, *, most_plain_channels: int = 2) -> bytes:
    """Return the contents of a ``fmt `` chunk.

    The plain form is used where it says everything: few channels without a mask, and valid
    bits that fill their bytes; else the EXTENSIBLE form.
    """
    tag = FLOAT if fmt.is_float else PCM
    width = packing.bytes_per_sample
    frame_bytes = width * fmt.channels
    plain = fmt.channels <= most_plain_channels and not fmt.channel_mask and not packing.shift
    common = struct.pack(
        "<HHIIHH",
        tag if plain else EXTENSIBLE,
        fmt.channels,
        fmt.sample_rate,
        min(fmt.sample_rate * frame_bytes, 0xFFFFFFFF),
        frame_bytes,
        8 * width,
    )
    if plain:
        return common + struct.pack("<H", 0) if fmt.is_float else common
    return (
        common
        + struct.pack("<HHIH", 22, fmt.bits_per_sample, fmt.channel_mask, tag)
        + SUBFORMAT_GUID_TAIL
    )


def _chunk(name: bytes, contents: bytes) -> bytes:
    return name + struct.pack("<I", len(contents)) + contents


class WavSink(PackedSink):
    """A WAV, RF64 or BW64 file.

    A WAV file that would pass 4 GiB becomes RF64; where its length is not known beforehand
    but the output is seekable, room for that is kept in a ``JUNK`` chunk (EBU Tech 3306).
    On a pipe without a known length all sizes are 0xFFFFFFFF.
    """

    def __init__(
        self, file: BinaryIO, fmt: AudioFormat, container: str, num_frames: int | None
    ) -> None:
        packing = packing_for(fmt, unsigned_8_bit=True)
        self._magic = _MAGICS.get(container)
        self._chunks = _chunk(b"fmt ", wave_format(fmt, packing))
        self._needs_fact = fmt.is_float
        self._has_room = self._magic is not None or (num_frames is None and file.seekable())
        if num_frames is not None and self._magic is None:
            data_bytes = num_frames * packing.bytes_per_sample * fmt.channels
            self._has_room = self._riff_size(data_bytes) >= UNKNOWN_32
        super().__init__(file, fmt, packing, num_frames)

    def _prefix_bytes(self) -> int:
        """Bytes of everything before the first sample."""
        fact = 12 if self._needs_fact else 0
        room = 8 + _DS64_BYTES if self._has_room else 0
        return 12 + room + len(self._chunks) + fact + 8

    def _riff_size(self, data_bytes: int) -> int:
        return self._prefix_bytes() - 8 + data_bytes + data_bytes % 2

    def _header(self, num_frames: int | None) -> bytes:
        data_bytes = None if num_frames is None else num_frames * self.frame_bytes
        riff_size = None if data_bytes is None else self._riff_size(data_bytes)
        too_long = riff_size is not None and riff_size >= UNKNOWN_32
        magic = self._magic or (b"RF64" if too_long else b"RIFF")
        room = b""
        if magic != b"RIFF":
            sizes = (riff_size, data_bytes, num_frames)
            known = (_LARGEST if size is None else size for size in sizes)
            room = _chunk(b"ds64", struct.pack("<QQQI", *known, 0))
        elif self._has_room:
            room = _chunk(b"JUNK", bytes(_DS64_BYTES))
        long_or_unknown = magic != b"RIFF" or riff_size is None or data_bytes is None
        fact = b""
        if self._needs_fact:
            count = UNKNOWN_32 if num_frames is None else min(num_frames, UNKNOWN_32)
            fact = _chunk(b"fact", struct.pack("<I", count))
        return b"".join(
            (
                magic,
                struct.pack("<I", UNKNOWN_32 if long_or_unknown else riff_size),
                b"WAVE",
                room,
                self._chunks,
                fact,
                b"data",
                struct.pack("<I", UNKNOWN_32 if long_or_unknown else data_bytes),
            )
        )

    def _padding(self, data_bytes: int) -> bytes:
        return bytes(data_bytes % 2)

    def _check_room(self, num_frames: int) -> None:
        if self._announced is None or self._has_room:
            return
        if self._riff_size(num_frames * self.frame_bytes) >= UNKNOWN_32:
            raise UnsupportedAudio(
                f"over 4 GiB of samples in a WAV file begun for {self._announced} frames; "
                "write RF64 or W64"
            )


class W64Sink(PackedSink):
    """A W64 file; on a pipe without a known length, sizes are the largest signed number.

    Nothing pads the last chunk to a multiple of 8 bytes: no chunk follows, and readers such as
    libsndfile and ffmpeg take the padding for samples.
    """

    def __init__(self, file: BinaryIO, fmt: AudioFormat, num_frames: int | None) -> None:
        super().__init__(file, fmt, packing_for(fmt, unsigned_8_bit=True), num_frames)

    def _header(self, num_frames: int | None) -> bytes:
        # libsndfile reads floats in W64 only in the plain form
        contents = wave_format(self.format, self.packing, most_plain_channels=255)
        chunks = self._chunk(FMT_GUID, contents)
        if self.format.is_float:
            count = _LARGEST if num_frames is None else num_frames
            chunks += self._chunk(FACT_GUID, struct.pack("<Q", count))
        whole, data = _LARGEST, _LARGEST
        if num_frames is not None:
            data = CHUNK_HEADER_BYTES + num_frames * self.frame_bytes
            whole = 40 + len(chunks) + data
        return (
            RIFF_GUID
            + struct.pack("<Q", whole)
            + WAVE_GUID
            + chunks
            + DATA_GUID
            + struct.pack("<Q", data)
        )

    def _padding(self, data_bytes: int) -> bytes:
        return b""

    @staticmethod
    def _chunk(guid: bytes, contents: bytes) -> bytes:
        size = CHUNK_HEADER_BYTES + len(contents)
        return guid + struct.pack("<Q", size) + contents + bytes(-size % 8)

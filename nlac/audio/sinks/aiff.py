"""Write AIFF and AIFF-C files."""

from __future__ import annotations

import struct
from typing import BinaryIO

from nlac._errors import UnsupportedAudio
from nlac.audio.aiff import UNKNOWN_32, pack_rate
from nlac.audio.format import AudioFormat
from nlac.audio.packing import packing_for
from nlac.audio.sinks.base import PackedSink

# the date of the only AIFF-C there is, as its FVER chunk tells it
_AIFC_VERSION = 0xA2805140


class AiffSink(PackedSink):
    """An AIFF file, or AIFF-C for float samples or when asked for.

    On a pipe without a known length all sizes are 0xFFFFFFFF and the number of frames is 0.
    """

    def __init__(
        self, file: BinaryIO, fmt: AudioFormat, container: str, num_frames: int | None
    ) -> None:
        self._is_aifc = container == "aifc" or fmt.is_float
        packing = packing_for(fmt, big_endian=True)
        if num_frames is not None:
            self._check_bytes(num_frames * packing.bytes_per_sample * fmt.channels)
        super().__init__(file, fmt, packing, num_frames)

    def _header(self, num_frames: int | None) -> bytes:
        fmt = self.format
        common = struct.pack(">HIH", fmt.channels, num_frames or 0, fmt.bits_per_sample)
        common += pack_rate(fmt.sample_rate)
        chunks = b""
        if self._is_aifc:
            chunks = struct.pack(">4sII", b"FVER", 4, _AIFC_VERSION)
            name = b"IEEE 32-bit float" if fmt.is_float else b"not compressed"
            common += (b"fl32" if fmt.is_float else b"NONE") + bytes((len(name),)) + name
            # a string with its length byte takes an even number of bytes
            common += bytes(len(common) % 2)
        chunks += struct.pack(">4sI", b"COMM", len(common)) + common
        form_size, sound_size = UNKNOWN_32, UNKNOWN_32
        if num_frames is not None:
            data_bytes = num_frames * self.frame_bytes
            sound_size = 8 + data_bytes
            form_size = 4 + len(chunks) + 8 + sound_size + sound_size % 2
        return (
            struct.pack(">4sI4s", b"FORM", form_size, b"AIFC" if self._is_aifc else b"AIFF")
            + chunks
            + struct.pack(">4sIII", b"SSND", sound_size, 0, 0)
        )

    def _padding(self, data_bytes: int) -> bytes:
        return bytes(data_bytes % 2)

    def _check_room(self, num_frames: int) -> None:
        if self._announced is not None or self.can_rewrite:
            self._check_bytes(num_frames * self.frame_bytes)

    @staticmethod
    def _check_bytes(data_bytes: int) -> None:
        # a kibibyte is ample for the header
        if data_bytes + 1024 >= UNKNOWN_32:
            raise UnsupportedAudio(
                "AIFF cannot hold over 4 GiB of samples; write RF64, W64 or CAF instead"
            )

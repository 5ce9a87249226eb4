"""What every output has in common: samples in a form that all players take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nlac._typing import AnyArray


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """Samples as outputs get them: integers fill 16 or 32 bits.

    Attributes
    ----------
    sample_rate, channels : int
        Frames a second, samples of a frame.
    dtype : str
        ``"int16"``, ``"int32"`` or ``"float32"``, interleaved and little-endian.
    """

    sample_rate: int
    channels: int
    dtype: str

    @classmethod
    def of(
        cls, sample_rate: int, channels: int, bits_per_sample: int, is_float: bool
    ) -> OutputFormat:
        """The form that samples of a depth have."""
        dtype = "float32" if is_float else "int16" if bits_per_sample <= 16 else "int32"
        return cls(sample_rate, channels, dtype)

    @property
    def bits(self) -> int:
        """Bits of a sample."""
        return 16 if self.dtype == "int16" else 32

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return self.channels * self.bits // 8

    def pack(self, samples: AnyArray, bits_per_sample: int) -> bytes:
        """Bytes of samples, shape (frames, channels); integers are shifted up, and exact."""
        kind = np.dtype(self.dtype).newbyteorder("<")
        if self.dtype == "float32":
            return samples.astype(kind, copy=False).tobytes()
        return (samples.astype(kind, copy=False) << (self.bits - bits_per_sample)).tobytes()


class Output(Protocol):
    """Plays what is written to it, in order."""

    def write(self, data: bytes) -> None:
        """Play bytes of whole frames after what was written before; returns when there is room.

        Raises
        ------
        PlayerError
            Nothing can be played any more.
        """

    def heard(self) -> int:
        """Frames that have been heard, about."""

    def end(self) -> None:
        """Hear that nothing more will be written; harmless to repeat."""

    def has_ended(self) -> bool:
        """Whether all that was written has been heard; then the output is closed.

        Raises
        ------
        PlayerError
            It was not played.
        """

    def stop(self) -> None:
        """Be silent at once, and close."""

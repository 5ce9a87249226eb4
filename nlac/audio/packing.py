"""How samples lie in the bytes of a container, both ways, and exactly.

Containers put samples of ``b`` valid bits at the top of their bytes: WAV EXTENSIBLE and
AIFF say so in as many words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, NotRestorable, UnsupportedAudio, UsageError
from nlac._samples import in_pieces
from nlac._typing import AnyArray, Samples
from nlac.audio.format import AudioFormat


class Packer(Protocol):
    """Makes the bytes between head and tail of a file from its samples, in order."""

    def pack(self, samples: Samples) -> Iterable[bytes]:
        """Give the bytes that are complete with the next samples."""

    def end(self) -> Iterable[bytes]:
        """Give what is left once all samples have come."""


# the width that stands for coded frames, whose packing is another (spec 6.3.2)
CODED = 0
_BIG_ENDIAN = 1
_UNSIGNED = 2
_FLOAT = 4


@dataclass(frozen=True, slots=True)
class Packing:
    """The layout of one sample in a container.

    Parameters
    ----------
    bytes_per_sample : int
        Bytes of the container, 1 to 4; 4 for float.
    big_endian : bool
        The most significant byte comes first.
    unsigned : bool
        Integers are offset binary: half the range is added to them, as in 8-bit WAV.
    shift : int
        Unused low bits of the container: its bits less the valid bits.
    is_float : bool
        Samples are IEEE 754 single precision.

    Raises
    ------
    ValueError
        If these do not describe a sample of 1 to 32 valid bits.
    """

    bytes_per_sample: int
    big_endian: bool = False
    unsigned: bool = False
    shift: int = 0
    is_float: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.bytes_per_sample <= 4:
            raise ValueError(f"bytes_per_sample is {self.bytes_per_sample}, not 1 to 4")
        if not 0 <= self.shift < 8 * self.bytes_per_sample:
            raise ValueError(f"shift is {self.shift}, not below the bits of the container")
        if self.is_float and (self.bytes_per_sample != 4 or self.shift or self.unsigned):
            raise ValueError("float samples take four whole bytes")

    @property
    def bits_per_sample(self) -> int:
        """Valid bits of a sample, 1 to 32."""
        return 8 * self.bytes_per_sample - self.shift

    def unpack(self, data: bytes, channels: int, *, first_frame: int = 0) -> Samples:
        """Turn bytes of a container into samples.

        Parameters
        ----------
        data : bytes
            Whole frames, interleaved.
        channels : int
            Channels of a frame.
        first_frame : int
            Number of the first frame in `data`, for messages only.

        Returns
        -------
        ndarray
            Shape (frames, channels), a new array.  Integers are int32, signed and
            right-justified; float32 keeps every bit of the input (NaN payloads too).

        Raises
        ------
        NotRestorable
            If a bit below the valid bits is set: `pack` could not bring it back.
        UsageError
            If `data` is not a whole number of frames.
        """
        width = self.bytes_per_sample
        if len(data) % (width * channels):
            raise UsageError(f"{len(data)} bytes are no whole frames of {channels} x {width} bytes")
        if self.is_float:
            bits = np.frombuffer(data, dtype=">u4" if self.big_endian else "<u4")
            return bits.astype(np.uint32).view(np.float32).reshape(-1, channels)
        words = _signed_words(data, width, self.big_endian, self.unsigned)
        if self.shift:
            unused = np.int32((1 << self.shift) - 1)
            if words.size and np.bitwise_or.reduce(words) & unused:
                place = int(np.flatnonzero(words & unused)[0])
                raise NotRestorable(
                    f"frame {first_frame + place // channels}, channel {place % channels}: a bit "
                    f"is set below the {self.bits_per_sample} valid bits that the header "
                    f"declares; read the file at full depth ({8 * width} bits) to keep it exactly"
                )
            words >>= np.int32(self.shift)
        return words.reshape(-1, channels)

    def pack(self, samples: Samples) -> bytes:
        """Turn samples into bytes of the container: the inverse of `unpack`.

        Parameters
        ----------
        samples : ndarray
            Shape (frames, channels); float32 for a float packing, else integers of 32 bits
            or fewer, signed and right-justified.

        Returns
        -------
        bytes
            The frames, interleaved.

        Raises
        ------
        UnsupportedAudio
            If the type does not fit, or a value needs more than the valid bits.
        """
        if self.is_float:
            if samples.dtype != np.float32:
                raise UnsupportedAudio(f"float32 samples are needed here, not {samples.dtype}")
            bits = np.ascontiguousarray(samples).view(np.uint32)
            return bits.astype(">u4" if self.big_endian else "<u4").tobytes()
        words = _checked(samples, self.bits_per_sample)
        width = self.bytes_per_sample
        if width == words.itemsize == 2 and not (self.shift or self.unsigned):
            return words.astype(">i2" if self.big_endian else "<i2", copy=False).tobytes()
        words = words.astype(np.int32, copy=False)
        if self.shift:
            words = words << np.int32(self.shift)
        if self.unsigned:
            words = words ^ np.int32(-1 << (8 * self.bytes_per_sample - 1))
        return _low_bytes(words, width, self.big_endian)

    def packer(self, *, exact: bool = True) -> Packer:
        """Return what packs samples that come one after the other.

        Parameters
        ----------
        exact : bool
            Makes no difference here: plain samples can always be packed.
        """
        return _PlainPacker(self)

    def to_bytes(self) -> bytes:
        """Return the packing as three bytes: width, flags, shift.

        Flags are 1 for big-endian, 2 for unsigned, 4 for float.
        """
        flags = _BIG_ENDIAN * self.big_endian + _UNSIGNED * self.unsigned + _FLOAT * self.is_float
        return bytes((self.bytes_per_sample, flags, self.shift))

    @classmethod
    def from_bytes(cls, data: bytes) -> Packing:
        """Read what `to_bytes` wrote.

        Raises
        ------
        CorruptStream
            If the bytes describe no packing.
        """
        if len(data) != 3:
            raise CorruptStream(f"{len(data)} bytes instead of 3", path="packing")
        width, flags, shift = data
        if flags & ~(_BIG_ENDIAN | _UNSIGNED | _FLOAT):
            raise CorruptStream(f"unknown flags {flags:#04x}", path="packing")
        try:
            return cls(
                bytes_per_sample=width,
                big_endian=bool(flags & _BIG_ENDIAN),
                unsigned=bool(flags & _UNSIGNED),
                shift=shift,
                is_float=bool(flags & _FLOAT),
            )
        except ValueError as error:
            raise CorruptStream(str(error), path="packing") from error


class _PlainPacker:
    def __init__(self, packing: Packing) -> None:
        self._packing = packing

    def pack(self, samples: Samples) -> Iterable[bytes]:
        return map(self._packing.pack, in_pieces(samples))

    def end(self) -> Iterable[bytes]:
        return ()


def _signed_words(
    data: bytes, width: int, big_endian: bool, unsigned: bool
) -> NDArray[np.int32]:
    """Return each `width` bytes as an integer; a new array."""
    order = ">" if big_endian else "<"
    if width == 3:
        # four bytes are read at every third, and the foreign one is shifted out
        padded = data + b"\0" if big_endian else b"\0" + data
        words = np.ndarray(len(data) // 3, order + "u4", padded, strides=(3,)).astype(np.uint32)
        if unsigned:
            words ^= np.uint32(1 << 31)
        signed = words.view(np.int32)
        signed >>= np.int32(8)
        return signed
    raw = np.frombuffer(data, f"{order}u{width}")
    if unsigned:
        raw = raw ^ raw.dtype.type(1 << (8 * width - 1))
    return raw.view(raw.dtype.str.replace("u", "i")).astype(np.int32)


def _low_bytes(words: NDArray[np.int32], width: int, big_endian: bool) -> bytes:
    """Return the low `width` bytes of every word: the inverse of `_signed_words`."""
    order = ">" if big_endian else "<"
    if width == 3:
        pieces = np.ascontiguousarray(words, order + "i4").view(np.uint8).reshape(-1, 4)
        first = 1 if big_endian else 0
        packed = np.empty((len(pieces), 3), dtype=np.uint8)
        # whole columns are much faster than rows of three
        for column in range(3):
            packed[:, column] = pieces[:, first + column]
        return packed.tobytes()
    return words.astype(f"{order}i{width}").tobytes()


def _checked(samples: Samples, bits_per_sample: int) -> AnyArray:
    if not np.can_cast(samples.dtype, np.int32, casting="safe"):
        raise UnsupportedAudio(
            f"integer samples of up to 32 bits are needed here, not {samples.dtype}"
        )
    if bits_per_sample < 32 and samples.size:
        top = 1 << (bits_per_sample - 1)
        lowest, highest = int(samples.min()), int(samples.max())
        if lowest < -top or highest >= top:
            raise UnsupportedAudio(
                f"samples from {lowest} to {highest} do not fit {bits_per_sample} bits"
            )
    return samples


def left_justified(samples: Samples, bits_per_sample: int) -> NDArray[np.int32]:
    """Return integers at the top of 32 bits, as a new array.

    Parameters
    ----------
    samples : ndarray
        Integers of 32 bits or fewer, right-justified, of any shape.
    bits_per_sample : int
        Their valid bits.

    Raises
    ------
    UnsupportedAudio
        If the type does not fit, or a value needs more than the valid bits.
    """
    words = np.ascontiguousarray(_checked(samples, bits_per_sample), np.int32)
    return words << np.int32(32 - bits_per_sample)


def container_bytes(bits_per_sample: int) -> int:
    """Return the bytes of the smallest container for that many bits."""
    return (bits_per_sample + 7) // 8


def packing_for(
    fmt: AudioFormat, *, big_endian: bool = False, unsigned_8_bit: bool = False
) -> Packing:
    """Return the packing of `fmt` in the smallest container that holds it.

    Parameters
    ----------
    fmt : AudioFormat
        What to hold.
    big_endian : bool
        Byte order.
    unsigned_8_bit : bool
        Containers of one byte are offset binary, as in WAV.
    """
    width = container_bytes(fmt.bits_per_sample)
    return Packing(
        bytes_per_sample=width,
        big_endian=big_endian,
        unsigned=unsigned_8_bit and width == 1 and not fmt.is_float,
        shift=8 * width - fmt.bits_per_sample,
        is_float=fmt.is_float,
    )

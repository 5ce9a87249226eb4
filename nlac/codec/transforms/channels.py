"""Map coded channels to the channels of a block (spec, section "Channels").

A channel that is constant, or equal to an earlier one (with either sign, and an offset), has no
samples of its own. Any other sample x is ``step * y + offset``, which removes empty low bits and
means; the y are coded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac._typing import AnyArray, IntSamples
from nlac.entropy.varint import read_signed, read_varint

CONSTANT, COPY, NEGATED_COPY, CODED = 0, 1, 2, 3
_LIMIT = 1 << 34


def _read_signed(data: bytes, at: int, path: str) -> tuple[int, int]:
    value, at = read_signed(data, at)
    if abs(value) > _LIMIT:
        raise CorruptStream("number out of range", path=path)
    return value, at


class ChannelMap:
    """Maps coded channels to those of a block; parsed from its bytes.

    Attributes
    ----------
    entries : list of (int, int, int)
        For each channel its kind, the step of a coded channel or the number of the one that it
        copies, and the offset.
    end : int
        Where the map ends.
    num_coded : int
        Coded channels.
    """

    def __init__(self, data: bytes, at: int, channels: int) -> None:
        self.entries: list[tuple[int, int, int]] = []
        coded: list[int] = []
        for channel in range(channels):
            path = f"channel[{channel}]"
            kind, at = read_varint(data, at)
            if kind not in (CONSTANT, COPY, NEGATED_COPY, CODED):
                raise CorruptStream(f"unknown kind {kind}", path=path)
            number = 0
            if kind != CONSTANT:
                number, at = read_varint(data, at)
                if kind == CODED:
                    coded.append(channel)
                    if not 1 <= number < 1 << 32:
                        raise CorruptStream(f"step {number} is not in 1 .. 2**32 - 1", path=path)
                elif number not in coded:
                    raise CorruptStream("copies a channel that is not coded before", path=path)
            offset, at = _read_signed(data, at, path)
            self.entries.append((kind, number, offset))
        self.end = at
        self.num_coded = len(coded)

    def join(self, coded: NDArray[np.int32], out: IntSamples, bits_per_sample: int = 32) -> None:
        """Write the samples of some frames, from those of the coded channels.

        Parameters
        ----------
        coded : (coded channels, frames) int32
        out : (frames, channels) int16 or int32
            Receives the samples.
        bits_per_sample : int
            Bits that a sample may have.

        Raises
        ------
        CorruptStream
            A sample exceeds the bits.
        """
        limit = 1 << (bits_per_sample - 1)
        row = 0
        for channel, (kind, number, offset) in enumerate(self.entries):
            source: AnyArray = np.zeros(1, np.int32)
            factor = 1
            if kind == CODED:
                source, factor = coded[row], number
                row += 1
            elif kind != CONSTANT:
                source, factor = out[:, number], 1 if kind == COPY else -1
            if len(out):
                ends = [factor * int(end) + offset for end in (source.min(), source.max())]
                if min(ends) < -limit or max(ends) >= limit:
                    raise CorruptStream(
                        f"a sample exceeds {bits_per_sample} bits", path=f"channel[{channel}]"
                    )
            # modulo 2**32, which is exact after the check above
            if factor != 1:
                source = np.multiply(source, _low_word(factor), dtype=np.int32)
            np.add(source, _low_word(offset), out=out[:, channel], dtype=np.int32, casting="unsafe")


def _low_word(value: int) -> np.int32:
    """Low 32 bits of a value, as a signed integer."""
    value &= 0xFFFFFFFF
    return np.int32(value - (value >> 31 << 32))

"""What the samples of an audio file are, apart from how they lie in it."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import UnsupportedAudio

MAX_SAMPLE_RATE = 2**32 - 1
MAX_CHANNELS = 255
MAX_BITS_PER_SAMPLE = 32


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Rate, channels and depth of a piece of audio.

    Parameters
    ----------
    sample_rate : int
        Frames a second, 1 to 2**32 - 1.
    channels : int
        1 to 255.
    bits_per_sample : int
        Valid bits, 1 to 32; always 32 for float.
    is_float : bool
        Samples are IEEE 754 single precision.
    channel_mask : int
        Speaker positions as WAVE's ``dwChannelMask`` has them; 0 is unspecified.

    Raises
    ------
    UnsupportedAudio
        If a value is outside these ranges.
    """

    sample_rate: int
    channels: int
    bits_per_sample: int
    is_float: bool = False
    channel_mask: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.sample_rate <= MAX_SAMPLE_RATE:
            raise UnsupportedAudio(
                f"a sample rate of {self.sample_rate} Hz cannot be coded "
                f"(1 to {MAX_SAMPLE_RATE} can); correct the header, or read the samples as raw"
            )
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise UnsupportedAudio(
                f"{self.channels} channels cannot be coded (1 to {MAX_CHANNELS} can); "
                "split the file into groups of channels"
            )
        if not 1 <= self.bits_per_sample <= MAX_BITS_PER_SAMPLE:
            raise UnsupportedAudio(
                f"samples of {self.bits_per_sample} bits cannot be coded "
                f"(1 to {MAX_BITS_PER_SAMPLE} can)"
            )
        if self.is_float and self.bits_per_sample != 32:
            raise UnsupportedAudio(
                f"float samples of {self.bits_per_sample} bits cannot be coded; "
                "convert them to 32-bit float first"
            )
        if not 0 <= self.channel_mask < 2**32:
            raise UnsupportedAudio(f"the channel mask {self.channel_mask:#x} has over 32 bits")

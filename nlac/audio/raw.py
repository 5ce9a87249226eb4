"""Samples without any header: the user says what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlac._arguments import whole_number
from nlac._errors import UnsupportedAudio, UsageError
from nlac.audio.format import AudioFormat
from nlac.audio.layout import Layout
from nlac.audio.packing import Packing

_ENCODING = re.compile(r"([suf])(8|16|24|32|64)(le|be)?")


@dataclass(frozen=True, slots=True)
class RawSpec:
    """Rate, encoding and channels of raw samples.

    Parameters
    ----------
    sample_rate : int
        Frames a second.
    encoding : str
        ``u8``, ``s8``, ``s16le``, ``s16be``, ``s24le``, ``s24be``, ``s32le``, ``s32be``,
        ``f32le`` or ``f32be``, as ffmpeg names them; also ``u16le`` to ``u32be``.
    channels : int
        Interleaved channels.

    Raises
    ------
    UsageError
        If the encoding has no such name.
    UnsupportedAudio
        If such audio cannot be coded.
    """

    sample_rate: int
    encoding: str
    channels: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "sample_rate", whole_number("sample_rate", self.sample_rate))
        object.__setattr__(self, "channels", whole_number("channels", self.channels))
        match = _ENCODING.fullmatch(self.encoding)
        if match is None or (match[2] != "8" and not match[3]) or match.group(1, 2) == ("f", "8"):
            raise UsageError(
                f"unknown raw encoding {self.encoding!r}; use u8, s8, s16le, s16be, s24le, s24be, "
                "s32le, s32be, f32le or f32be"
            )
        if match[2] == "64" or (match[1] == "f" and match[2] != "32"):
            raise UnsupportedAudio(
                f"raw samples as {self.encoding} cannot be coded; convert them to f32le or to "
                "integers of up to 32 bits first"
            )
        self.format  # noqa: B018 - checks rate and channels

    @classmethod
    def parse(cls, text: str) -> RawSpec:
        """Read ``RATE,ENCODING,CHANNELS``, such as ``44100,s16le,2``.

        Raises
        ------
        UsageError
            If the text is not of that shape.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 3 or not (parts[0].isdecimal() and parts[2].isdecimal()):
            raise UsageError(f"{text!r} is not RATE,ENCODING,CHANNELS, such as 44100,s16le,2")
        return cls(int(parts[0]), parts[1].lower(), int(parts[2]))

    @property
    def packing(self) -> Packing:
        """How the samples lie in their bytes."""
        kind, bits = self.encoding[0], int(self.encoding[1:].removesuffix("le").removesuffix("be"))
        return Packing(
            bits // 8,
            big_endian=self.encoding.endswith("be"),
            unsigned=kind == "u",
            is_float=kind == "f",
        )

    @property
    def format(self) -> AudioFormat:
        """What the samples are."""
        packing = self.packing
        return AudioFormat(
            self.sample_rate,
            self.channels,
            packing.bits_per_sample,
            is_float=packing.is_float,
        )

    def layout(self) -> Layout:
        """Return the layout of a file that is samples from its first byte to its last."""
        return Layout("raw", self.format, self.packing, None)

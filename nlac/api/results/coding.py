"""What encoding and decoding give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlac.api.results.record import Record

if TYPE_CHECKING:
    from nlac.codec.decoder.recovery import LostRange


@dataclass(frozen=True, slots=True)
class EncodeResult(Record):
    """What an encoding did.

    Attributes
    ----------
    frames : int
        Length in frames.
    sample_rate : int
        Frames a second.
    channels : int
        1 to 255.
    seconds : float
        Length in seconds.
    bytes_in, bytes_out : int
        Length of the input (of its samples in whole bytes where only those are kept), and
        of the stream.
    ratio : float
        `bytes_out` over `bytes_in`; 0 for an empty input.
    md5 : str
        MD5 of the samples, in hexadecimal.
    container : str
        Container of the input.
    restorable : bool
        The stream gives the input back byte for byte.
    verified : bool
        Every block was decoded again and compared.
    warnings : tuple of str
        What was odd about the input.
    """

    frames: int
    sample_rate: int
    channels: int
    seconds: float
    bytes_in: int
    bytes_out: int
    ratio: float
    md5: str
    container: str
    restorable: bool
    verified: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecodeResult(Record):
    """What a decoding did.

    Attributes
    ----------
    frames : int
        Frames that were written, silence for lost ones included.
    sample_rate : int
        Frames a second.
    seconds : float
        The same in seconds.
    bytes_out : int
        Length of the output.
    md5 : str or None
        MD5 of the stream's samples, in hexadecimal, if all of them were decoded and found
        to match it.
    container : str
        Container of the output.
    restored : bool
        The output is the original file, proved by its MD5.
    lost : tuple of LostRange
        Frames that were lost (only with ``recover=True``), counted from the beginning of
        the stream.
    problems : tuple of str
        What is wrong with the stream (only with ``recover=True``).
    warnings : tuple of str
        What of the stream is not in the output, or otherwise there.
    gain_db : float or None
        Gain that was applied, in decibels, if one was asked for.
    """

    frames: int
    sample_rate: int
    seconds: float
    bytes_out: int
    md5: str | None
    container: str
    restored: bool
    lost: tuple[LostRange, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    gain_db: float | None = None

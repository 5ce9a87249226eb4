"""Write a fresh audio file in a container of choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from nlac.audio.flac.blocks import Block
from nlac.audio.flac.encoders import suits_program
from nlac.audio.flac.sink import FlacSink
from nlac.audio.format import AudioFormat
from nlac.audio.packing import packing_for
from nlac.audio.sinks.aiff import AiffSink
from nlac.audio.sinks.base import PackedSink, Sink
from nlac.audio.sinks.other import SoundfileSink
from nlac.audio.sinks.wav import W64Sink, WavSink

__all__ = ["OWN_CONTAINERS", "Sink", "open_sink"]

# containers written by own code; all others go through libsndfile
OWN_CONTAINERS = ("wav", "rf64", "bw64", "w64", "aiff", "aifc", "raw")


class RawSink(PackedSink):
    """Samples without a header: little-endian, signed, left-justified in whole bytes."""

    def __init__(self, file: BinaryIO, fmt: AudioFormat, num_frames: int | None) -> None:
        super().__init__(file, fmt, packing_for(fmt), num_frames)
        # nothing tells of valid bits
        self.bits_per_sample = 8 * self.packing.bytes_per_sample

    def _header(self, num_frames: int | None) -> bytes:
        return b""

    def _padding(self, data_bytes: int) -> bytes:
        return b""

    def finish(self) -> None:
        """Do nothing: there is no header to correct."""


def open_sink(
    file: BinaryIO,
    fmt: AudioFormat,
    container: str,
    num_frames: int | None = None,
    flac_blocks: Sequence[Block] = (),
    flac_block_length: int | None = None,
) -> Sink:
    """Begin to write an audio file.

    Parameters
    ----------
    file : binary file object
        Where to.  A pipe does: own containers are written strictly forward, others through
        a temporary file.  Headers are corrected at the end where the file is seekable.
    fmt : AudioFormat
        What the samples are.  A depth that no container of whole bytes has is left-justified
        in the next larger one; WAV tells the valid bits in an EXTENSIBLE header.
    container : str
        ``"wav"`` (RF64 by itself over 4 GiB), ``"rf64"``, ``"bw64"``, ``"w64"``, ``"aiff"``
        (AIFF-C for float), ``"aifc"``, ``"raw"``, or a format of libsndfile in lower case
        that holds such samples exactly, such as ``"flac"``, ``"caf"`` or ``"au"``.
    num_frames : int or None
        Frames to come, if known.
    flac_blocks : sequence of Block
        Metadata blocks, if this is to be a FLAC file.
    flac_block_length : int, optional
        Samples of a FLAC frame, if it was made from one; see `FlacSink`.

    Returns
    -------
    Sink

    Raises
    ------
    UnsupportedAudio
        If the container cannot hold such samples exactly.
    UsageError
        If there is no such container.
    MissingDependency
        If it needs soundfile and that is not installed.
    """
    if container in ("wav", "rf64", "bw64"):
        return WavSink(file, fmt, container, num_frames)
    if container == "w64":
        return W64Sink(file, fmt, num_frames)
    if container in ("aiff", "aifc"):
        return AiffSink(file, fmt, container, num_frames)
    if container == "raw":
        return RawSink(file, fmt, num_frames)
    if container == "flac" and (
        # libsndfile writes nothing at all where there are no frames
        flac_blocks or flac_block_length is not None or suits_program(fmt) or not num_frames
    ):
        return FlacSink(file, fmt, flac_blocks, flac_block_length)
    return SoundfileSink(file, fmt, container)

"""Write audio files: the original one byte for byte, or a fresh one in a container of choice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from nlac._errors import LimitExceeded
from nlac._typing import Samples
from nlac.audio.flac.blocks import Block
from nlac.audio.flac.encoders import suits_program
from nlac.audio.flac.sink import FlacSink
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packer, packing_for
from nlac.audio.sinks.aiff import AiffSink
from nlac.audio.sinks.base import PackedSink, Sink, write_all
from nlac.audio.sinks.other import SoundfileSink
from nlac.audio.sinks.wav import W64Sink, WavSink

__all__ = ["OWN_CONTAINERS", "SUFFIXES", "RestoreSink", "Sink", "container_for", "open_sink"]

# containers written by own code; all others go through libsndfile
OWN_CONTAINERS = ("wav", "rf64", "bw64", "w64", "aiff", "aifc", "raw")
# all names that outputs may have, and the container that each stands for
SUFFIXES = {
    ".wav": "wav",
    ".wave": "wav",
    ".bwf": "wav",
    ".rf64": "rf64",
    ".bw64": "bw64",
    ".w64": "w64",
    ".aif": "aiff",
    ".aiff": "aiff",
    ".aifc": "aifc",
    ".afc": "aifc",
    ".raw": "raw",
    ".pcm": "raw",
    ".flac": "flac",
    ".caf": "caf",
    ".au": "au",
    ".snd": "au",
}


def container_for(name: str | os.PathLike[str]) -> str | None:
    """Return the container that a file name's suffix stands for, or None."""
    return SUFFIXES.get(os.path.splitext(os.fspath(name))[1].lower())


class RestoreSink:
    """Write an original file again: its head, its samples, its tail.

    Parameters
    ----------
    file : binary file object
        Where to; a pipe does.
    head : bytes
        Every byte before the first sample.
    packer : Packer
        Makes the bytes between head and tail.
    max_bytes : int, optional
        The most that may be written.

    Attributes
    ----------
    num_bytes : int
        Bytes written so far.
    """

    def __init__(
        self, file: BinaryIO, head: bytes, packer: Packer, max_bytes: int | None = None
    ) -> None:
        self.num_bytes = 0
        self._file = file
        self._packer = packer
        self._max_bytes = max_bytes
        self._hash = hashlib.md5(usedforsecurity=False)
        self._put(head)

    def write(self, samples: Samples) -> None:
        """Append frames, as `Sink.write` does."""
        for data in self._packer.pack(samples):
            self._put(data)

    def finish(self, tail: Iterable[bytes] = ()) -> None:
        """Append every byte that follows the last frame.

        Parameters
        ----------
        tail : iterable of bytes
            Pieces, in order.
        """
        for data in self._packer.end():
            self._put(data)
        for piece in tail:
            self._put(piece)

    @property
    def digest(self) -> bytes:
        """MD5 of everything written so far, 16 bytes."""
        return self._hash.digest()

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        self.num_bytes += len(data)
        if self._max_bytes is not None and self.num_bytes > self._max_bytes:
            raise LimitExceeded(
                f"the output takes over {self._max_bytes} bytes, which is max_output"
            )
        write_all(self._file, data)


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

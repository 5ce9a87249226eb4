"""What every audio source offers to its reader."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from nlac._files import Closing
from nlac._typing import Samples
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packer, Packing

if TYPE_CHECKING:
    import hashlib


class Keep(IntEnum):
    """How much of a FLAC file is wanted besides its samples."""

    NOTHING = 0
    METADATA = 1
    EVERYTHING = 2


class FramePacking(Protocol):
    """How samples are packed in coded frames: what `Packing` is for plain samples."""

    @property
    def pieces(self) -> Sequence[bytes]:
        """Contents of the items with the parameters of the frames."""

    def to_bytes(self) -> bytes:
        """Return the packing as the recipe has it (spec 6.3.2)."""

    def packer(self, *, exact: bool = True) -> Packer:
        """Return what makes the frames from samples; see `Packing.packer`."""


class LastBytes(NamedTuple):
    """Bytes of samples as they lie in their file.

    Attributes
    ----------
    data : bytes
        The bytes.
    digest_before : bytes
        MD5 of all bytes of the file before them.
    hash_after : hash object
        The MD5 of all bytes up to their end, to be continued.
    """

    data: bytes
    digest_before: bytes
    hash_after: hashlib._Hash


class AudioSource(Closing):
    """An audio file or pipe, read forward once.

    Where `restorable`, the original file is the head, what ``packing.packer()`` makes of the
    samples, and the tail, byte for byte: `head` is known from the start, the samples come from
    `read`, and `tail` gives the rest.

    Attributes
    ----------
    container : str
        ``"wav"``, ``"rf64"``, ``"bw64"``, ``"w64"``, ``"aiff"``, ``"aifc"``, ``"raw"``, or
        libsndfile's name of another format in lower case.
    format : AudioFormat
        What the samples are.
    num_frames : int or None
        Frames that `read` will give in all; None where nobody can vouch for it (a pipe).
    expected_frames : int or None
        Frames that the header announces: for progress, not to be relied on.
    announced_frames : int or None
        The same, but judged alike for files and pipes, whether or not so many follow.
    restorable : bool
        Whether head, packing and tail exist; else the source gives audio only.
    packing : Packing, FramePacking or None
        How samples lie in the file; None if not `restorable`.
    head : bytes
        Every byte before the first sample.
    kept_blocks : bytes
        Metadata blocks of a FLAC file that is not restorable, if they are to be kept.
    warnings : list of str
        What is odd about the file; may grow until `tail` has ended.
    """

    container: str
    format: AudioFormat
    num_frames: int | None
    expected_frames: int | None
    restorable: bool
    packing: Packing | FramePacking | None
    head: bytes
    kept_blocks: bytes = b""
    warnings: list[str]

    @property
    def announced_frames(self) -> int | None:
        """Frames that the header announces, the same for a file as for a pipe."""
        return self.expected_frames

    @abstractmethod
    def read(self, frames: int) -> Samples:
        """Return the next samples.

        Parameters
        ----------
        frames : int
            At most so many; fewer come only at the end.

        Returns
        -------
        ndarray
            Shape (frames, channels): int32, signed and right-justified, or float32.  No
            frames mean the end.

        Raises
        ------
        NotRestorable
            If the samples use bits that the header declares unused.
        UnsupportedAudio
            If a file ends sooner than it did when it was opened.
        """

    @abstractmethod
    def tail(self) -> Iterator[bytes]:
        """Give every byte after the last frame, in pieces of at most 1 MiB.

        Call it once, after `read` has come to the end.

        Raises
        ------
        UsageError
            If samples are left.
        """

    def last_bytes(self) -> LastBytes | None:
        """Give the bytes of the samples that `read` returned last, once.

        None where they are not at hand.
        """
        return None

    @property
    @abstractmethod
    def digest(self) -> bytes:
        """MD5 of the whole file, once `tail` has ended; empty if not `restorable`."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened here; a file object that was passed in stays open."""


class AudioOnlySource(AudioSource):
    """A source of which only the audio is read: the bytes of the file do not come back."""

    restorable = False
    packing = None
    head = b""

    def tail(self) -> Iterator[bytes]:
        """Give nothing: only the audio is read."""
        return iter(())

    @property
    def digest(self) -> bytes:
        """Nothing: the file cannot be restored."""
        return b""

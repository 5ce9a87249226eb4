"""All errors of nlac, and the exit code that the command line gives for each.

The tree::

    NlacError                         exit 1
    +-- UsageError (ValueError)       exit 2   an argument or option is wrong
    +-- FormatError (ValueError)      exit 3   not a (good) nlac stream
    |   +-- BadMagic
    |   +-- UnsupportedVersion        exit 4
    |   +-- CorruptStream
    |       +-- ChecksumMismatch
    |       +-- TruncatedStream
    +-- UnsupportedAudio              exit 1   input that cannot be coded
    |   +-- NotRestorable             exit 1   input file would not come back exactly
    +-- UnknownPredictor              exit 4
    +-- ModelMismatch                 exit 4
    +-- MissingDependency             exit 4
    +-- VerifyMismatch                exit 3   an encoder fault, caught before any harm
    +-- OutputExists (FileExistsError) exit 5
    +-- LimitExceeded               exit 1   more memory or output than was granted
"""

from __future__ import annotations


class NlacError(Exception):
    """Base of every error that nlac raises on purpose."""

    exit_code = 1


class UsageError(NlacError, ValueError):
    """An argument or option is wrong."""

    exit_code = 2


class FormatError(NlacError, ValueError):
    """The bytes are not a valid nlac stream."""

    exit_code = 3


class BadMagic(FormatError):
    """The bytes do not begin like an nlac stream."""


class UnsupportedVersion(FormatError):
    """The stream was written in a format version that is not known here."""

    exit_code = 4


class CorruptStream(FormatError):
    """A damaged stream, with the place of the damage.

    Parameters
    ----------
    message : str
        What is wrong.
    offset_bytes : int or None
        Byte offset in the stream where it was noticed.
    block_index : int or None
        Index of the block concerned, from 0.
    first_frame : int or None
        First frame of that block.
    sample_rate : int or None
        Frames a second, to tell the time of `first_frame`.
    path : str
        Path to the culprit, such as ``block[17].channel[1].order``.
    """

    def __init__(
        self,
        message: str,
        *,
        offset_bytes: int | None = None,
        block_index: int | None = None,
        first_frame: int | None = None,
        sample_rate: int | None = None,
        path: str = "",
    ) -> None:
        self.message = message
        self.offset_bytes = offset_bytes
        self.block_index = block_index
        self.first_frame = first_frame
        self.sample_rate = sample_rate
        self.path = path
        super().__init__(str(self))

    def __str__(self) -> str:
        where = []
        if self.offset_bytes is not None:
            where.append(f"byte {self.offset_bytes}")
        if self.block_index is not None:
            where.append(f"block {self.block_index}")
        if self.first_frame is not None:
            frame = f"frame {self.first_frame}"
            if self.sample_rate:
                frame += f", {self.first_frame / self.sample_rate:.3f} s"
            where.append(frame)
        text = f"{self.path}: {self.message}" if self.path else self.message
        return f"{text} (at {', '.join(where)})" if where else text


class ChecksumMismatch(CorruptStream):
    """A checksum does not match the bytes or samples that it covers."""


class TruncatedStream(CorruptStream):
    """The stream ends before it should."""


class UnsupportedAudio(NlacError):
    """Audio, or an audio file, that cannot be coded."""


class NotRestorable(UnsupportedAudio):
    """A file whose exact bytes could not be restored from what would be stored."""


class UnknownPredictor(NlacError):
    """A predictor (name or id) that is not registered here."""

    exit_code = 4


class ModelMismatch(NlacError):
    """The stream asks for a model that is not at hand."""

    exit_code = 4


class MissingDependency(NlacError):
    """An optional package is needed and not installed."""

    exit_code = 4


class VerifyMismatch(NlacError):
    """What was encoded does not decode to the same samples."""

    exit_code = 3


class LimitExceeded(NlacError):
    """More memory, or more output, would be needed than the caller has granted."""


class OutputExists(NlacError, FileExistsError):
    """The output exists and overwriting was not allowed."""

    exit_code = 5

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else "output exists"

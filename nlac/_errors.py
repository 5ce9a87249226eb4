"""Errors of nlac, and their exit codes on the command line.

The tree::

    NlacError                         exit 1
    +-- UsageError (ValueError)       exit 2   an argument or option is wrong
    +-- FormatError (ValueError)      exit 3   not a valid nlac stream
    |   +-- BadMagic
    |   +-- UnsupportedVersion        exit 4
    |   +-- CorruptStream
    |       +-- ChecksumMismatch
    |       +-- TruncatedStream
    |       +-- NotRepairable
    +-- UnsupportedAudio              exit 1   input that cannot be coded
    |   +-- NotRestorable             exit 1   input file would not come back exactly
    +-- UnknownPredictor              exit 4
    +-- ModelMismatch                 exit 4
    +-- MissingDependency             exit 4
    +-- VerifyMismatch                exit 3   an encoder fault, caught before any harm
    +-- OutputExists (FileExistsError) exit 5
    +-- LimitExceeded               exit 1   more memory or output than was granted
    +-- CueSheetError (ValueError)  exit 1   a cue sheet that breaks a rule
    +-- MountError                  exit 1   a file system that could not be mounted
    +-- PlayerError                 exit 1   a sound device or player that failed
"""

from __future__ import annotations

# exit code for a fault of nlac itself
UNEXPECTED = 70


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
    """The bytes do not begin with the mark of an nlac stream."""


class UnsupportedVersion(FormatError):
    """The stream has an unknown format version."""

    exit_code = 4


class CorruptStream(FormatError):
    """A damaged stream, with the position of the damage.

    Parameters
    ----------
    message : str
        What is wrong.
    offset_bytes : int or None
        Byte offset in the stream at which the damage was found.
    block_index : int or None
        Index of the damaged block, from 0.
    first_frame : int or None
        First frame of that block.
    sample_rate : int or None
        Frames a second, for the time of `first_frame`.
    path : str
        Path of the damaged field, for example ``block[17].channel[1].order``.
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
    """A checksum does not match its bytes or samples."""


class TruncatedStream(CorruptStream):
    """The stream ends early."""


class NotRepairable(CorruptStream):
    """A damaged stream without parity, or with more damage than its parity repairs."""


class UnsupportedAudio(NlacError):
    """Audio, or an audio file, that cannot be encoded."""


class NotRestorable(UnsupportedAudio):
    """An audio file that a stream could not restore byte for byte."""


class UnknownPredictor(NlacError):
    """The name or number of a predictor is unknown."""

    exit_code = 4


class ModelMismatch(NlacError):
    """The stream needs a model that is not available."""

    exit_code = 4


class MissingDependency(NlacError):
    """An optional package or device is needed, but not available."""

    exit_code = 4


class VerifyMismatch(NlacError):
    """An encoded block does not decode to the same samples."""

    exit_code = 3


class LimitExceeded(NlacError):
    """More memory, or more output, would be needed than the caller has granted."""


class MountError(NlacError):
    """A file system could not be mounted."""


class PlayerError(NlacError):
    """A sound device, or the program that plays, failed."""


class CueSheetError(NlacError, ValueError):
    """A cue sheet breaks a rule of the format.

    Parameters
    ----------
    reason : str
        The rule.
    line : int or None
        Line of the sheet, from 1; None where the sheet is no text, or as a whole is wrong.
    source : str
        What to call the sheet.
    """

    def __init__(self, reason: str, line: int | None = None, source: str = "cue sheet") -> None:
        self.reason = reason
        self.line = line
        super().__init__(f"{source}{'' if line is None else f', line {line}'}: {reason}")


class OutputExists(NlacError, FileExistsError):
    """The output exists, and overwriting is not allowed."""

    exit_code = 5

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else "output exists"


def exit_code(error: BaseException) -> int:
    """Return the exit code of the command line for an error; one nobody foresaw has its own."""
    if isinstance(error, NlacError):
        return error.exit_code
    return 1 if isinstance(error, (OSError, MemoryError)) else UNEXPECTED

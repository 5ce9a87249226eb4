"""What a file is that should be an nlac stream and is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nlac._errors import NlacError, UsageError
from nlac._urls import is_url
from nlac.bitstream.constants import MAGIC

if TYPE_CHECKING:
    from nlac.cli._files import Input

# what files begin with, and what they are called
_KINDS = {
    b"RIFF": "a WAV file",
    b"RF64": "a WAV file (RF64)",
    b"BW64": "a WAV file (BW64)",
    b"riff": "a W64 file",
    b"FORM": "an AIFF file",
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"caff": "a CAF file",
    b".snd": "an AU file",
    b"ID3\2": "an MP3 file, or another with ID3 tags",
    b"ID3\3": "an MP3 file, or another with ID3 tags",
    b"ID3\4": "an MP3 file, or another with ID3 tags",
}


class NotAStream(NlacError):
    """A file of another kind where an nlac stream was expected; it need not be damaged."""


def check_editable(name: str, hint: str = "") -> None:
    """Refuse a URL where a file is to be changed in place, before anything of it is fetched.

    Raises
    ------
    UsageError
        It is one; `hint` ends the message.
    """
    if is_url(name):
        raise UsageError(f"URLs can't be edited{hint}")


def check_stream(source: Input, file: BinaryIO) -> None:
    """Refuse a file of another kind, which is something else than a damaged stream.

    A file that is called .nlac and begins like nothing that is known is left to the decoder,
    since its first bytes may be what is damaged. Nothing is read away.

    Raises
    ------
    NotAStream
        It is one.
    """
    head = _head(file)
    if len(head) < len(MAGIC) or head == MAGIC:
        # a pipe may give less at first
        return
    if head in _KINDS:
        raise NotAStream(f"not an nlac stream but {_KINDS[head]}; nlac encode makes a stream of it")
    if not source.is_pipe and not _is_called_stream(source):
        raise NotAStream("not an nlac stream; nlac encode makes one of an audio file")


def is_damaged(source: Input, file: BinaryIO) -> bool:
    """Tell whether a file is called .nlac and begins like nothing that is known.

    Nothing is read away.
    """
    head = _head(file)
    return _is_called_stream(source) and head != MAGIC and head not in _KINDS


def _head(file: BinaryIO) -> bytes:
    return bytes(file.peek(16)[:4]) if hasattr(file, "peek") else MAGIC


def _is_called_stream(source: Input) -> bool:
    return not source.is_pipe and Path(source.path).suffix.lower() == ".nlac"

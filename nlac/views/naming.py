"""Names of files where people read them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from nlac._errors import CorruptStream, NlacError, UnsupportedAudio
from nlac.views.base import Recording, WrappedRecording

# advice for those who can say what samples are
_RAW_ADVICE = re.compile(r"; if these are samples without a header, .*", re.DOTALL)


def display_name(name: str) -> str:
    """A file's name, or a text with it, that every output takes: bytes that are no UTF-8 differ."""
    return os.fsencode(name).decode(errors="replace")


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have errors of the statement's body name the file.

    Parameters
    ----------
    path : str
        The file, as its user calls it.
    """
    try:
        yield
    except CorruptStream as error:
        message = f"{error.path}: {error.message}" if error.path else error.message
        raise type(error)(
            f"{path}: {message}",
            offset_bytes=error.offset_bytes,
            block_index=error.block_index,
            first_frame=error.first_frame,
            sample_rate=error.sample_rate,
        ) from error
    except NlacError as error:
        text = str(error)
        if isinstance(error, UnsupportedAudio):
            text = _RAW_ADVICE.sub("", text)
        named = text.startswith((f"{path}:", f"{path} "))
        raise type(error)(text if named else f"{path}: {text}") from error


class NamedRecording(WrappedRecording):
    """A recording whose errors name its file.

    Parameters
    ----------
    recording : Recording
        It stays open.
    name : str
        What its user calls it.
    """

    def __init__(self, recording: Recording, name: str) -> None:
        super().__init__(recording)
        self._name = name

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        with naming(self._name):
            return self._recording.read(start, stop)

"""Standard input, output and error, whatever state the caller left them in."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import BinaryIO, TextIO

from nlac._errors import UsageError

_NAMES = ("input", "output", "error")
_closed: set[int] = set()


def secure() -> None:
    """Put the null device in place of standard streams that were closed by the caller.

    Otherwise the next file to be opened would take the number of the stream, and whatever
    is printed would go into that file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # the system gives the lowest free number
            os.open(os.devnull, os.O_RDWR)
            _closed.add(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - open to the end


def binary_input() -> BinaryIO:
    """Return standard input for reading bytes.

    Raises
    ------
    UsageError
        The caller closed it.
    """
    return _binary(0, sys.stdin)


def binary_output() -> BinaryIO:
    """Return standard output for writing bytes.

    Raises
    ------
    UsageError
        The caller closed it.
    """
    return _binary(1, sys.stdout)


def _binary(number: int, stream: TextIO) -> BinaryIO:
    if number in _closed:
        raise UsageError(f"standard {_NAMES[number]} is closed")
    return stream.buffer


def discard_output() -> None:
    """Drop what standard output could not take, which would be tried again at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

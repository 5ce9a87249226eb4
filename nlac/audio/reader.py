"""Reading bytes forward from a file or pipe: counted, hashed, and never more than is there."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import BinaryIO

from nlac._errors import UnsupportedAudio

PIECE_BYTES = 1 << 20
HEAD_LIMIT_BYTES = 64 << 20
# an empty chunk costs time but hardly any of the bytes that the head may have
MAX_CHUNKS_BEFORE_DATA = 1 << 16


class ByteReader:
    """Read a binary file object from where it stands to its end, without seeking.

    Memory follows the bytes that are really there: a header that claims much allocates
    nothing.

    Parameters
    ----------
    file : binary file object
        Seekable or not; raw and buffered ones both do.

    Attributes
    ----------
    position : int
        Bytes taken so far.
    size : int or None
        Bytes in all; None where it cannot be known (a pipe).
    start : int or None
        Place in the file at which reading began; None for a pipe.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.position = 0
        self.start: int | None
        self.size: int | None
        self.start, self.size = _extent(file)
        self._file = file
        self._ahead = bytearray()
        self._hash = hashlib.md5(usedforsecurity=False)
        self._head: bytearray | None = bytearray()

    @property
    def is_pipe(self) -> bool:
        """Whether the end is not known beforehand."""
        return self.size is None

    @property
    def remaining(self) -> int | None:
        """Bytes still to come; None where it cannot be known."""
        return None if self.size is None else max(0, self.size - self.position)

    def peek(self, count: int, offset: int = 0) -> bytes:
        """Return up to `count` bytes from `offset` bytes ahead, without taking them."""
        want = offset + count
        while len(self._ahead) < want:
            piece = self._read(min(PIECE_BYTES, want - len(self._ahead)))
            if not piece:
                break
            self._ahead += piece
        return bytes(self._ahead[offset:want])

    def take(self, count: int) -> bytes:
        """Take up to `count` bytes; fewer only where the input ends."""
        pieces = []
        if self._ahead:
            first = bytes(self._ahead[:count])
            del self._ahead[:count]
            pieces.append(first)
            count -= len(first)
        while count > 0:
            piece = self._read(min(PIECE_BYTES, count))
            if not piece:
                break
            pieces.append(piece)
            count -= len(piece)
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.position += len(data)
        self._hash.update(data)
        if self._head is not None:
            self._head += data
        return data

    def need(self, count: int, what: str) -> bytes:
        """Take exactly `count` bytes of a header.

        Raises
        ------
        UnsupportedAudio
            If the input ends before, or the head would grow over `HEAD_LIMIT_BYTES`.
        """
        start = self.position
        if start + count > HEAD_LIMIT_BYTES:
            raise UnsupportedAudio(
                f"{what} at byte {start} claims {count} bytes; over {HEAD_LIMIT_BYTES >> 20} MiB "
                "before the first sample are not accepted (a damaged header?)"
            )
        data = self.take(count)
        if len(data) < count:
            raise UnsupportedAudio(
                f"the file ends at byte {self.position} inside {what}, which begins at byte "
                f"{start} and needs {count} bytes"
            )
        return data

    def end_head(self) -> bytes:
        """Return every byte taken so far, and keep no further ones."""
        head = bytes(self._head or b"")
        self._head = None
        return head

    @property
    def digest(self) -> bytes:
        """MD5 of every byte taken so far."""
        return self._hash.digest()

    def hash_so_far(self) -> hashlib._Hash:
        """Return a copy of the MD5 of every byte taken so far, to be continued."""
        return self._hash.copy()

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if data is None:
            raise UnsupportedAudio("the input is a non-blocking file; open it in blocking mode")
        return data


def _extent(file: BinaryIO) -> tuple[int, int] | tuple[None, None]:
    """Tell where the file stands and how many bytes follow, if it knows."""
    try:
        if not file.seekable():
            return None, None
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            # devices such as terminals may call themselves seekable
            return None, None
    except (AttributeError, OSError, ValueError):
        # in-memory files have no descriptor, and need none
        pass
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None, None
    return here, max(0, end - here)

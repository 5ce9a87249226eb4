"""Write an original file again, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import BinaryIO

from nlac._errors import LimitExceeded
from nlac._typing import Samples
from nlac.audio.packing import Packer
from nlac.audio.sinks.base import write_all


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

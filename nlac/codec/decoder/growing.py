"""Read a stream that another process is still writing."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from typing import BinaryIO

from nlac._errors import TruncatedStream
from nlac._files import can_seek
from nlac._parallel import FLUSH, Flush
from nlac.bitstream.parser import Element, parse_stream
from nlac.bitstream.trailer import Trailer

_PIECE_BYTES = 1 << 20
# pauses between two looks at the file, each twice the one before
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.25


def read_growing(file: BinaryIO, timeout: float | None) -> Iterator[Element | Flush]:
    """Yield the elements of a stream as they become complete, and `FLUSH` while none is.

    It ends with the trailer. What follows that in the file by then is an error, as in any stream.

    Parameters
    ----------
    file : BinaryIO
        Regular file or pipe, at the beginning of the stream.
    timeout : float or None
        Seconds without a new byte after which the writer is taken for dead; None: never.

    Raises
    ------
    TruncatedStream
        It was, or the pipe was closed before the trailer, or the file became shorter.
    FormatError
        At the first damage.
    """
    source = _Source(file)
    parser = parse_stream()
    request = next(parser)
    ended = False
    try:
        while True:
            if not isinstance(request, int):
                ended = isinstance(request, Trailer)
                yield request
                request = next(parser)
                continue
            data = bytearray()
            pause, since = _FIRST_PAUSE_SECONDS, time.monotonic()
            while len(data) < request:
                piece = source.read(min(request - len(data), _PIECE_BYTES))
                if piece:
                    data += piece
                    pause, since = _FIRST_PAUSE_SECONDS, time.monotonic()
                    continue
                if ended:
                    break
                waited = time.monotonic() - since
                if piece == b"" or (timeout is not None and waited >= timeout):
                    grown = f"the stream has not grown for {waited:.1f} s"
                    raise TruncatedStream(
                        f"{'the pipe was closed' if piece == b'' else grown} and there is no "
                        "trailer: the writer stopped or was killed; recover saves what is there",
                        offset_bytes=source.num_bytes,
                    )
                yield FLUSH
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            request = parser.send(bytes(data))
    except StopIteration:
        return


class _Source:
    """Bytes that are there by now."""

    def __init__(self, file: BinaryIO) -> None:
        self.num_bytes = 0
        self._file = file
        self._is_pipe = not can_seek(file)
        # what a buffer holds cannot be asked for without waiting for more
        self._raw = getattr(file, "raw", file) if self._is_pipe else file

    def read(self, count: int) -> bytes | None:
        """Return up to `count` bytes; None if none is there yet, and b"" if no more can come."""
        data = self._read(count)
        self.num_bytes += len(data or b"")
        return data

    def _read(self, count: int) -> bytes | None:
        if self._is_pipe:
            return self._raw.read(count) if self._is_ready() else None
        data = self._file.read(count)
        if not data and self._shortened():
            raise TruncatedStream("the file became shorter", offset_bytes=self.num_bytes)
        return data or None

    def _is_ready(self) -> bool:
        if os.name != "posix":
            # to read waits for more, and what is decoded waits with it
            return True
        try:
            return bool(select.select([self._raw], [], [], 0)[0])
        except (OSError, ValueError, TypeError):
            # not a descriptor
            return True

    def _shortened(self) -> bool:
        try:
            return os.fstat(self._file.fileno()).st_size < self.num_bytes
        except (AttributeError, OSError, ValueError):
            return False

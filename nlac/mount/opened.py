"""Files of an archive that are read: a bounded number of them is open."""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

from nlac._files import Identity, file_identity
from nlac.mount.tree import Node
from nlac.playback.original import OriginalFile, SharedCache

_Key: TypeAlias = tuple[str, Identity, bool]


class Opened(Protocol):
    """A file to read at any place."""

    def read_at(self, offset: int, count: int, /) -> bytes:
        """Return bytes; fewer at the end of the file."""

    def next_block(self, offset: int, /) -> int | None:
        """Where what is decoded at a time begins behind an offset; None if nowhere."""

    def close(self) -> None:
        """Close it."""


class PlainFile:
    """A file as it is."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)

    def read_at(self, offset: int, count: int, /) -> bytes:
        """Return bytes; fewer at the end of the file."""
        return os.pread(self._descriptor, count, offset)

    def next_block(self, offset: int, /) -> int | None:
        """Return None: nothing is decoded."""
        return None

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


class OpenFiles:
    """Opens files when they are read, and closes those that were not for longest.

    Parameters
    ----------
    limit : int
        Files to keep open at most, besides those that are being read at the moment.
    cache : SharedCache
        Keeps what is decoded of all streams.
    """

    def __init__(self, limit: int, cache: SharedCache) -> None:
        self._limit = limit
        self._cache = cache
        self._lock = threading.Lock()
        # each with the number of those who read it
        self._files: OrderedDict[_Key, tuple[Opened, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._files)

    @contextmanager
    def reading(self, node: Node) -> Iterator[Opened]:
        """Open a file, or take the one that is open.

        Raises
        ------
        OSError
            It can't be opened, or is not any more what it was when `node` was looked up.
        """
        identity = file_identity(node.status)
        assert identity is not None
        key = node.path, identity, node.shown is not None
        with self._lock:
            if key not in self._files:
                self._files[key] = self._open(node, identity), 0
            file, users = self._files[key]
            self._files[key] = file, users + 1
            self._files.move_to_end(key)
            self._close_others()
        try:
            yield file
        finally:
            with self._lock:
                # not if all were closed meanwhile
                if key in self._files:
                    file, users = self._files[key]
                    self._files[key] = file, users - 1
                    self._close_others()

    def _open(self, node: Node, identity: Identity) -> Opened:
        file: Opened
        if node.shown is not None:
            file = OriginalFile(node.path, shared=self._cache)
        else:
            file = PlainFile(node.path)
        if file_identity(os.stat(node.path)) != identity:
            file.close()
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), node.path)
        return file

    def _close_others(self) -> None:
        idle = [key for key, (_file, users) in self._files.items() if not users]
        for key in idle[: max(0, len(self._files) - self._limit)]:
            self._files.pop(key)[0].close()

    def close(self) -> None:
        """Close all."""
        with self._lock:
            while self._files:
                self._files.popitem()[1][0].close()

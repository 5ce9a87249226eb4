"""What a mounted archive answers to the system, in the terms of FUSE."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count

from nlac._errors import CorruptStream, NlacError
from nlac._log import logger
from nlac.codec.decoder.access import SpanCache
from nlac.mount.opened import Opened, OpenFiles
from nlac.mount.tree import Kept, Node, Tree
from nlac.playback.ahead import Ahead

# what follows is decoded ahead once so many bytes were read in order
_IN_ORDER_BYTES = 1 << 20
# the system asks for several ranges at a time, and they come in any order
_NEAR_BYTES = 1 << 20
# damaged places that were told, so as not to tell them with every request
_MAX_TOLD = 1 << 16


@dataclass(slots=True)
class Activity:
    """What has been read of a mounted archive so far.

    Attributes
    ----------
    handles : int
        Files that programs have open.
    requests, num_bytes : int
        Requests that were answered, and bytes that were read by them.
    damaged : int
        Places that can't be read.
    """

    handles: int = 0
    requests: int = 0
    num_bytes: int = 0
    damaged: int = 0


@dataclass(slots=True)
class _Handle:
    """A file that a program has open: how much was read in order, to where, and what comes."""

    node: Node
    in_order: int = 0
    end: int = 0
    coming: int | None = None


class Operations:
    """Read-only file system of an archive. Several threads may use it.

    Parameters
    ----------
    root : str
        The archive.
    cache_bytes : int
        Bytes of decoded samples to keep at most.
    max_open : int
        Files to keep open at most.
    when_mounted : callable
        Called when the system has taken the file system over.

    Attributes
    ----------
    activity : Activity
        What has been read so far.
    """

    # times are integers, in nanoseconds
    use_ns = True

    def __init__(
        self,
        root: str,
        cache_bytes: int,
        max_open: int,
        when_mounted: Callable[[], None] = lambda: None,
    ) -> None:
        self.activity = Activity()
        self._tree = Tree(root)
        self._files = OpenFiles(max_open, SpanCache(cache_bytes))
        self._when_mounted = when_mounted
        self._handles: dict[int, _Handle] = {}
        self._ahead = Ahead()
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._told: Kept[tuple[str, int | None], bool] = Kept(_MAX_TOLD)

    def init(self, path: str) -> None:
        """Hear that all is ready."""
        self._when_mounted()

    def destroy(self, path: str) -> None:
        """Close everything: the file system has gone."""
        self._ahead.end()
        self._files.close()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        """Fields of ``stat``."""
        handle = self._handles.get(fh or 0)
        return (handle.node if handle else self._tree.node(path)).attributes()

    def readdir(self, path: str, fh: int) -> list[str]:
        """Names of a folder."""
        return [".", "..", *self._tree.names("" if path == "/" else path)]

    def readlink(self, path: str) -> str:
        """Where a link leads."""
        return os.readlink(self._tree.node(path).path)

    def open(self, path: str, flags: int) -> int:
        """Open a file; returns its handle."""
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        node = self._tree.node(path)
        # errors are told here rather than at the first read
        with self._reading(node), self._lock:
            handle = next(self._numbers)
            self._handles[handle] = _Handle(node)
            self.activity.handles += 1
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Read bytes; where a stream is damaged that is an error of input."""
        handle = self._handles[fh]
        with self._reading(handle.node) as file:
            data = file.read_at(offset, size)
            coming = file.next_block(offset)
        with self._lock:
            self.activity.requests += 1
            self.activity.num_bytes += len(data)
            near = abs(offset - handle.end) <= _NEAR_BYTES
            handle.in_order = handle.in_order + len(data) if near else 0
            handle.end = offset + len(data)
            is_new = handle.in_order >= _IN_ORDER_BYTES and coming not in (None, handle.coming)
            if is_new:
                handle.coming = coming
        if is_new and coming is not None:
            self._ahead.do(partial(self._decode, handle.node, coming))
        return data

    def _decode(self, node: Node, offset: int) -> None:
        """Have a block decoded; whoever reads it will be told if it is damaged."""
        with self._files.reading(node) as file:
            file.read_at(offset, 1)

    def release(self, path: str, fh: int) -> int:
        """Close a file."""
        with self._lock:
            if self._handles.pop(fh, None) is not None:
                self.activity.handles -= 1
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        """Room on the disk of the archive; none of it is free here."""
        if not hasattr(os, "statvfs"):
            return {}
        status = os.statvfs(self._tree.root)
        names = ("f_bsize", "f_frsize", "f_blocks", "f_files", "f_namemax")
        return {name: getattr(status, name) for name in names}

    @contextmanager
    def _reading(self, node: Node) -> Iterator[Opened]:
        """A file to read; what is wrong with a stream becomes an error of input, and is told."""
        try:
            with self._files.reading(node) as file:
                yield file
        except NlacError as error:
            self._tell(node, error)
            raise OSError(errno.EIO, os.strerror(errno.EIO), node.path) from error

    def _tell(self, node: Node, error: NlacError) -> None:
        """Log what can't be read of a stream, once."""
        block = error.block_index if isinstance(error, CorruptStream) else None
        if self._told.find((node.path, block)):
            return
        self._told.keep((node.path, block), True)
        self.activity.damaged += 1
        logger.warning(f"{node.path}: {error}")

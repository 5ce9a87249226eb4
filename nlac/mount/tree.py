"""What an archive looks like when it is mounted: names, and the files behind them.

A stream ``song.nlac`` is shown under the name of its original. Where another file has that name,
it is shown as ``song.nlac.wav``: the names of other files are never changed. What can't be opened
as a stream is shown as it is.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import PurePath
from typing import Generic, TypeAlias, TypeVar

from nlac._errors import NlacError
from nlac._files import Identity, file_identity
from nlac._log import logger
from nlac.playback.original import OriginalFile

# folders and streams of which names and sizes are kept
_MAX_FOLDERS = 1024
_MAX_STREAMS = 1 << 16
# a folder that changed within this time may change again without another time of modification
_SETTLED_NS = 2 * 10**9
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

K = TypeVar("K")
V = TypeVar("V")
Names: TypeAlias = dict[str, str]


class Kept(Generic[K, V]):
    """Values by key; the one that was not used for longest goes first. For several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def find(self, key: K) -> V | None:
        """Return a value, if it is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep a value."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._limit:
                self._values.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """How a stream is shown: suffix of the original file, with its dot, and length in bytes."""

    suffix: str
    size: int


@dataclass(frozen=True, slots=True)
class Node:
    """A file, folder or link of the mounted tree.

    Attributes
    ----------
    path : str
        What is behind it, in the archive.
    status : os.stat_result
        Of that; of a stream that a link leads to, the stream's.
    shown : Shown or None
        How the stream is shown; None of everything that is shown as it is.
    """

    path: str
    status: os.stat_result
    shown: Shown | None = None

    def attributes(self) -> dict[str, int]:
        """Fields of ``stat``; nothing is writable, and times are in nanoseconds."""
        status = self.status
        size = status.st_size if self.shown is None else self.shown.size
        return {
            "st_mode": status.st_mode & ~_WRITABLE,
            "st_nlink": status.st_nlink,
            "st_uid": status.st_uid,
            "st_gid": status.st_gid,
            "st_size": size,
            "st_blocks": -(-size // 512),
            "st_atime": status.st_atime_ns,
            "st_mtime": status.st_mtime_ns,
            "st_ctime": status.st_ctime_ns,
        }


class Tree:
    """The mounted tree of an archive. Several threads may use it.

    Parameters
    ----------
    root : str
        The archive, as an absolute path.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._folders: Kept[tuple[str, int, int], Names] = Kept(_MAX_FOLDERS)
        self._streams: Kept[Identity, Shown | str] = Kept(_MAX_STREAMS)

    def names(self, folder: str) -> Names:
        """Names that a folder shows, and those behind them; `folder` begins with ``/``.

        Raises
        ------
        OSError
            It can't be read.
        """
        path = self.root + folder
        status = os.stat(path)
        key = path, status.st_ino, status.st_mtime_ns
        names = self._folders.find(key)
        if names is None:
            names = self._look_at(path)
            if abs(time.time_ns() - status.st_mtime_ns) > _SETTLED_NS:
                self._folders.keep(key, names)
        return names

    def node(self, path: str) -> Node:
        """What is behind a path, which begins with ``/``.

        Raises
        ------
        OSError
            There is no such file.
        """
        if path == "/":
            return Node(self.root, os.stat(self.root))
        folder, _, name = path.rpartition("/")
        behind = self.names(folder).get(name)
        if behind is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self._node(f"{self.root}{folder}/{behind}")

    def _node(self, path: str) -> Node:
        status = os.lstat(path)
        if path.lower().endswith(".nlac"):
            if stat.S_ISLNK(status.st_mode) and self._stays_inside(path):
                target = os.stat(path)
                if stat.S_ISREG(target.st_mode) and (shown := self._shown(path, target)):
                    return Node(path, target, shown)
            elif stat.S_ISREG(status.st_mode) and (shown := self._shown(path, status)):
                return Node(path, status, shown)
        return Node(path, status)

    def _stays_inside(self, path: str) -> bool:
        """Whether a link leads to something in the archive.

        Others stay links: what they lead to, only those may read who could without the mount.
        """
        target = os.path.realpath(path)
        return os.path.exists(target) and os.path.commonpath((self.root, target)) == self.root

    def _shown(self, path: str, status: os.stat_result) -> Shown | None:
        """How a stream is shown; None if it can't be opened, which is told once."""
        identity = file_identity(status)
        assert identity is not None
        shown = self._streams.find(identity)
        if shown is None:
            try:
                with OriginalFile(path, cache_bytes=0) as file:
                    shown = Shown(file.suffix, file.size)
            except (NlacError, OSError) as error:
                shown = str(error)
                logger.warning(f"{path}: is shown as it is, for it can't be read: {error}")
            self._streams.keep(identity, shown)
        return None if isinstance(shown, str) else shown

    def _look_at(self, path: str) -> Names:
        """Names of a folder as it is now."""
        names: Names = {}
        streams: list[tuple[str, str]] = []
        for name in sorted(os.listdir(path)):
            try:
                node = self._node(f"{path}/{name}")
            except OSError:
                # it has gone
                continue
            if node.shown is not None:
                streams.append((name, node.shown.suffix))
            elif _can_be_shown(node.status.st_mode):
                names[name] = name
        for name, suffix in streams:
            names[_free(names, name, suffix)] = name
        return names


def _can_be_shown(mode: int) -> bool:
    """Whether it is a file, folder or link; pipes and devices would be others than these."""
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _free(names: Names, name: str, suffix: str) -> str:
    """Name for a stream that no other file has."""
    wanted, number = PurePath(name).stem + suffix, 1
    while wanted in names:
        wanted = f"{name}{suffix}" if number == 1 else f"{name}.{number}{suffix}"
        number += 1
    return wanted

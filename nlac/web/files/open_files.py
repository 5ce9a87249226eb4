"""Files that the page looks at: opened once, kept for a while, closed when others come."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from nlac.web.files.refs import Audio

if TYPE_CHECKING:
    from nlac.web.files.open_file import OpenFile

_MOST_OPEN = 8

Key: TypeAlias = tuple[str, int, int]


class OpenFiles:
    """The files that are open, the one that was not used for longest first."""

    def __init__(self) -> None:
        self._files: OrderedDict[Key, OpenFile] = OrderedDict()
        self._lock = threading.Lock()
        self._opening: dict[Key, threading.Lock] = {}

    @contextmanager
    def use(self, audio: Audio) -> Iterator[OpenFile]:
        """Use a file; it stays open at least as long as the context."""
        file = self.take(audio)
        try:
            yield file
        finally:
            self.give_back(file)

    def take(self, audio: Audio) -> OpenFile:
        """Open a file if it is not open, and keep it so until it is given back."""
        # a server that has been asked nothing yet needs none of it
        from nlac.web.files.open_file import OpenFile

        status = os.stat(audio.path)
        key = str(audio.path), status.st_mtime_ns, status.st_size
        with self._lock:
            opening = self._opening.setdefault(key, threading.Lock())
        # not under the common lock: some files take long to open
        with opening:
            with self._lock:
                file = self._files.get(key)
            if file is None:
                file = OpenFile(audio.path, f"{key[1]:x}-{key[2]:x}")
            with self._lock:
                self._files[key] = file
                self._files.move_to_end(key)
                file.users += 1
                self._opening.pop(key, None)
                # of files that have changed since, too
                old = [k for k in self._files if k[0] == key[0] and k != key]
                old += list(self._files)[: max(0, len(self._files) - len(old) - _MOST_OPEN)]
                dropped = [self._files.pop(k) for k in dict.fromkeys(old)]
        self._drop(dropped)
        return file

    def give_back(self, file: OpenFile) -> None:
        """Say that a file is not used any more."""
        with self._lock:
            file.users -= 1
            over = file.gone and not file.users
        if over:
            file.close()

    def close(self) -> None:
        """Close all files as soon as nobody uses them."""
        with self._lock:
            dropped = list(self._files.values())
            self._files.clear()
        self._drop(dropped)

    def _drop(self, files: list[OpenFile]) -> None:
        for file in files:
            with self._lock:
                file.gone = True
                idle = not file.users
            if idle:
                file.close()

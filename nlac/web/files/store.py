"""Temporary files of the server: uploads, and what jobs make. They go away with it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nlac._leftovers import find_leftovers, lock, temporary_path

# another server that starts may not have locked its folder yet
_YOUNG_SECONDS = 2.0


@dataclass(slots=True)
class Entry:
    """A folder of the store, with one purpose.

    Attributes
    ----------
    id : str
        Its name in refs.
    folder : Path
        Where its files are.
    name : str
        Name of what it holds, for the user.
    num_bytes : int
        Bytes that it takes, as far as told.
    used : float
        When it was last wanted.
    pins : int
        How many are working with it.
    """

    id: str
    folder: Path
    name: str = ""
    num_bytes: int = 0
    used: float = field(default_factory=time.monotonic)
    pins: int = 0


class Store:
    """Folders for temporary files, below one that is locked while the server lives.

    What a killed server left is removed when the next one starts.

    Parameters
    ----------
    limit_bytes : int
        Bytes to keep at most.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._stack = ExitStack()
        parent = Path(tempfile.gettempdir())
        for old in find_leftovers(parent, min_age=_YOUNG_SECONDS):
            if old.name.startswith(".nlac-serve."):
                shutil.rmtree(old, ignore_errors=True)
        self.folder = temporary_path(parent / "nlac-serve")
        self.folder.mkdir(mode=0o700)
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        if hasattr(os, "O_DIRECTORY"):
            descriptor = os.open(self.folder, os.O_RDONLY)
            self._stack.callback(os.close, descriptor)
            lock(descriptor)

    def new(self, name: str = "", entry_id: str = "") -> Entry:
        """Make a folder."""
        entry_id = entry_id or secrets.token_hex(8)
        entry = Entry(entry_id, self.folder / entry_id, name)
        entry.folder.mkdir(mode=0o700)
        with self._lock:
            self._entries[entry.id] = entry
        return entry

    def find(self, entry_id: str) -> Entry | None:
        """Return a folder by its name, as used now; None if there is none."""
        entry = self._entries.get(entry_id)
        if entry is not None:
            entry.used = time.monotonic()
        return entry

    @contextmanager
    def pinned(self, entry: Entry) -> Iterator[Entry]:
        """Keep a folder while the context lasts."""
        with self._lock:
            entry.pins += 1
        try:
            yield entry
        finally:
            with self._lock:
                entry.pins -= 1

    def pin(self, entry: Entry, change: int) -> None:
        """Count one who works with a folder (1), or has ended (-1)."""
        with self._lock:
            entry.pins += change

    def discard(self, entry: Entry) -> None:
        """Remove a folder."""
        with self._lock:
            self._entries.pop(entry.id, None)
        shutil.rmtree(entry.folder, ignore_errors=True)

    def measure(self, entry: Entry) -> None:
        """Note how much a folder takes, and remove others where that is too much."""
        with contextlib.suppress(OSError):
            entry.num_bytes = sum(
                path.stat().st_size for path in entry.folder.rglob("*") if path.is_file()
            )
        while (oldest := self._superfluous(entry)) is not None:
            self.discard(oldest)

    def room(self) -> int:
        """Bytes that can be stored yet, if all is removed that nobody works with."""
        with self._lock:
            pinned = sum(entry.num_bytes for entry in self._entries.values() if entry.pins)
        return max(0, self._limit - pinned)

    def _superfluous(self, newest: Entry) -> Entry | None:
        with self._lock:
            if sum(entry.num_bytes for entry in self._entries.values()) <= self._limit:
                return None
            idle = [
                entry for entry in self._entries.values() if not entry.pins and entry is not newest
            ]
        return min(idle, key=lambda entry: entry.used, default=None)

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()

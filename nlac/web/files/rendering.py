"""Recordings decoded to files of the store: for what can be made only as a whole."""

from __future__ import annotations

import threading
from pathlib import Path, PurePath

import nlac
from nlac.web.files.refs import Audio
from nlac.web.files.store import Entry, Store


class Renderings:
    """Decoded files, each made once and kept as long as there is room.

    Parameters
    ----------
    store : Store
        Where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, int, int, str], str] = {}
        self._locks: dict[tuple[str, int, int, str], threading.Lock] = {}
        self._guard = threading.Lock()

    def file(self, audio: Audio, suffix: str = "") -> tuple[Path, str]:
        """Return a recording of an nlac file in another format, and the name to save it under.

        Parameters
        ----------
        audio : Audio
            The nlac file.
        suffix : str
            Suffix of the format, such as ``.flac``; empty for the original file.
        """
        status = audio.path.stat()
        key = str(audio.path), status.st_mtime_ns, status.st_size, suffix
        suffix = suffix or nlac.info(audio.path).original_suffix or ".wav"
        name = PurePath(audio.name).stem + suffix
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            entry = self._store.find(self._known.get(key, ""))
            if entry is None:
                entry = self._made(audio, suffix)
                self._known[key] = entry.id
        return entry.folder / f"audio{suffix}", name

    def _made(self, audio: Audio, suffix: str) -> Entry:
        entry = self._store.new()
        try:
            with self._store.pinned(entry):
                nlac.decode(audio.path, entry.folder / f"audio{suffix}", threads=1)
                self._store.measure(entry)
        except BaseException:
            self._store.discard(entry)
            raise
        return entry

"""The library: recordings below a folder, with what their headers tell."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import nlac
from nlac._errors import NlacError
from nlac._leftovers import is_temporary_name
from nlac._names import AUDIO_SUFFIXES

_SUFFIXES = AUDIO_SUFFIXES | {".nlac"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of the library.

    Attributes
    ----------
    path : str
        Path below the folder, with slashes.
    num_bytes : int
        Length of the file.
    original_bytes : int or None
        Length of what an nlac file was made of.
    seconds : float or None
        Length.
    sample_rate, channels, bits_per_sample : int or None
        Its format.
    title, artist, album : str
        Tags.
    predictor : str
        Predictor of an nlac file.
    damaged : str
        What is wrong with it, as far as headers and trailer tell.
    has_cover : bool
        It has a picture.
    """

    path: str
    num_bytes: int
    original_bytes: int | None = None
    seconds: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bits_per_sample: int | None = None
    title: str = ""
    artist: str = ""
    album: str = ""
    predictor: str = ""
    damaged: str = ""
    has_cover: bool = False

    @property
    def text(self) -> str:
        """What a search looks in."""
        return " ".join((self.path, self.title, self.artist, self.album)).casefold()


class Library:
    """Recordings below a folder. A file is looked into once, and again when it has changed.

    Parameters
    ----------
    folder : Path
        The folder. Links out of it are not followed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[tuple[int, int], Recording]] = {}
        self._lock = threading.Lock()

    def recordings(self) -> list[Recording]:
        """All recordings, by their path."""
        with self._lock:
            found = {}
            for path, mark in _files(self.folder):
                known = self._known.get(path)
                if known is None or known[0] != mark:
                    known = mark, _look(self.folder, path, mark[0])
                found[path] = known
            self._known = found
        return [recording for _, recording in found.values()]


def is_listed(relative: str) -> bool:
    """Whether the library lists a file of this path below its folder, if it is there.

    Hidden files and folders are not listed, nor is what is no audio by its name.
    """
    path = PurePosixPath(relative)
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in _SUFFIXES and not hidden and not is_temporary_name(path.name)


def _files(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Paths of audio files below a folder, each with length and time of change."""
    root = folder.resolve()
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not is_listed(name):
                continue
            try:
                # JSON has no place for other names
                name.encode()
                if not path.resolve().is_relative_to(root) or not path.is_file():
                    continue
                status = path.stat()
            except (OSError, RuntimeError, ValueError):
                # gone, a link to itself, or no name in UTF-8
                continue
            yield path.relative_to(root).as_posix(), (status.st_size, status.st_mtime_ns)


def _look(folder: Path, relative: str, num_bytes: int) -> Recording:
    path = folder / relative
    if path.suffix.lower() != ".nlac":
        return _look_at_audio(path, relative, num_bytes)
    try:
        with nlac.open(path) as file:
            info, has_cover = file.info, bool(file.pictures)
    except (NlacError, OSError) as error:
        return Recording(relative, num_bytes, damaged=str(error))

    def tag(name: str) -> str:
        return "; ".join(info.tags.get(name, ()))[:500]

    return Recording(
        relative, num_bytes, info.original_bytes or info.pcm_bytes, info.seconds,
        info.sample_rate, info.channels, info.bits_per_sample,
        tag("TITLE"), tag("ARTIST"), tag("ALBUM"), info.predictor, "", has_cover,
    )  # fmt: skip


def _look_at_audio(path: Path, relative: str, num_bytes: int) -> Recording:
    from nlac.audio.base import Keep
    from nlac.audio.source import open_source

    try:
        with open(path, "rb") as file, open_source(file, keep=Keep.NOTHING) as source:
            fmt, frames = source.format, source.num_frames or source.expected_frames
    except (NlacError, OSError) as error:
        return Recording(relative, num_bytes, damaged=str(error))
    seconds = None if frames is None else frames / fmt.sample_rate
    return Recording(
        relative, num_bytes, None, seconds, fmt.sample_rate, fmt.channels, fmt.bits_per_sample
    )

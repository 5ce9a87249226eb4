"""What of a tree a batch takes: files, folders and links, in the order of their names."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlac._errors import UsageError
from nlac._names import AUDIO_SUFFIXES
from nlac.batch.paths import MANIFEST_NAME


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the tree.

    Parameters
    ----------
    path : str
        Relative to the tree, see `nlac.batch.paths`.
    kind : str
        ``"file"``, ``"folder"``, ``"link"``, ``"special"`` (a pipe, a device), or ``"failed"``
        of what can't be looked at.
    size, mtime_ns, mode : int
        Bytes, time of modification, permission bits.
    detail : str
        Target of a link; why something failed.
    """

    path: str
    kind: str
    size: int = 0
    mtime_ns: int = 0
    mode: int = 0
    detail: str = ""

    @property
    def is_audio(self) -> bool:
        """Whether the name is that of an audio file; not so attributes that macOS left."""
        name = os.path.basename(self.path)
        suffix = os.path.splitext(name)[1].lower()
        return self.kind == "file" and suffix in AUDIO_SUFFIXES and not name.startswith("._")


class Selection:
    """Chooses from a tree by patterns, or by a list of names.

    Parameters
    ----------
    root, out : Path
        The tree, and the output, which is left out where it lies in the tree.
    include, exclude : sequence of str
        Patterns; a ``/`` in one makes it count for the whole path. Their case does not matter.
        Files must match one of `include`, if there are any. What matches one of `exclude` is left
        out, folders with all that is in them.
    names : sequence of str, optional
        Take these instead of searching.
    """

    def __init__(
        self,
        root: Path,
        out: Path,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        names: Sequence[str] | None = None,
    ) -> None:
        self._root = root
        self._include = [_Pattern(text) for text in include]
        self._exclude = [_Pattern(text) for text in exclude]
        self._names = names
        self._out = _identity(out)

    def entries(self) -> Iterator[Entry]:
        """Find everything that is to be taken; a folder comes before what is in it.

        Raises
        ------
        UsageError
            A name of the list lies outside the tree.
        """
        found = self._search() if self._names is None else self._listed(self._names)
        if self._names is None and not self._include:
            yield from found
            return
        told: set[str] = set()
        for entry in found:
            # folders come with the files in them only
            if entry.kind == "folder" and self._names is None:
                continue
            for folder in _parents(entry.path):
                if folder not in told:
                    told.add(folder)
                    yield self._entry(folder)
            if entry.path not in told:
                told.add(entry.path)
                yield entry

    def _search(self) -> Iterator[Entry]:
        waiting = ["."]
        while waiting:
            entry = self._entry(waiting.pop())
            if entry.kind != "folder":
                yield entry
                continue
            try:
                with os.scandir(self._root / entry.path) as scan:
                    found = {each.name: each.is_dir(follow_symlinks=False) for each in scan}
            except OSError as error:
                yield Entry(entry.path, "failed", detail=error.strerror or str(error))
                continue
            yield entry
            for name in sorted(found, key=os.fsencode, reverse=True):
                path = name if entry.path == "." else f"{entry.path}/{name}"
                if self._is_wanted(path, found[name]):
                    waiting.append(path)

    def _is_wanted(self, path: str, is_folder: bool) -> bool:
        if any(pattern.matches(path) for pattern in self._exclude):
            return False
        if is_folder:
            return self._out is None or _identity(self._root / path) != self._out
        return not self._include or any(pattern.matches(path) for pattern in self._include)

    def _listed(self, names: Sequence[str]) -> Iterator[Entry]:
        for name in names:
            entry = self._entry(self._inside(name))
            inner = [folder for folder in _parents(entry.path) if folder != "."]
            if all(self._is_wanted(folder, True) for folder in inner) and (
                entry.path == "." or self._is_wanted(entry.path, entry.kind == "folder")
            ):
                yield entry

    def _inside(self, name: str) -> str:
        """Path in the tree for a name as ``find`` prints it, or as it is in the tree."""
        # no link is followed but those that lead to the tree
        top = os.path.realpath(self._root)
        full = os.path.join(os.path.realpath(os.path.dirname(name) or "."), os.path.basename(name))
        if os.path.isdir(name) and not os.path.islink(name):
            full = os.path.realpath(name)
        inside = full == top or full.startswith(os.path.join(top, ""))
        if not os.path.isabs(name) and not (inside and os.path.lexists(full)):
            full = os.path.normpath(os.path.join(top, name))
            inside = full == top or full.startswith(os.path.join(top, ""))
        if not inside:
            raise UsageError(f"{name}: lies outside {self._root}")
        return Path(os.path.relpath(full, top)).as_posix()

    def _entry(self, path: str) -> Entry:
        try:
            status = os.lstat(self._root / path)
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode) and path != ".":
                target = os.readlink(self._root / path)
                return Entry(path, "link", mtime_ns=status.st_mtime_ns, detail=target)
            if path == ".":
                status = os.stat(self._root)
                mode = stat.S_IMODE(status.st_mode)
        except OSError as error:
            return Entry(path, "failed", detail=error.strerror or str(error))
        if stat.S_ISDIR(status.st_mode):
            return Entry(path, "folder", 0, status.st_mtime_ns, mode)
        kind = "file" if stat.S_ISREG(status.st_mode) else "special"
        return Entry(path, kind, status.st_size, status.st_mtime_ns, mode)


class _Pattern:
    def __init__(self, text: str) -> None:
        self._whole = "/" in text.rstrip("/")
        pattern = text.rstrip("/").removeprefix("./").casefold()
        self._match = re.compile(fnmatch.translate(pattern)).match

    def matches(self, path: str) -> bool:
        subject = path if self._whole else path.rpartition("/")[2]
        return self._match(subject.casefold()) is not None


def _parents(path: str) -> Iterator[str]:
    if path == ".":
        return
    yield "."
    names = path.split("/")[:-1]
    for count in range(1, len(names) + 1):
        yield "/".join(names[:count])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def check_trees(root: Path, out: Path) -> None:
    """Refuse trees that can't be the source and the output of a batch.

    Raises
    ------
    UsageError
        ROOT is no folder, is or lies in OUT, or is the output of a batch; or OUT is no folder.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: no folder of that name")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; the output of a batch is a folder")
    if (root / MANIFEST_NAME).exists():
        raise UsageError(f"{root}: is the output of a batch ({MANIFEST_NAME} lies in it)")
    source, target = os.path.realpath(root), os.path.realpath(out)
    if source == target or source.startswith(os.path.join(target, "")):
        raise UsageError(f"{root}: lies in the output {out}, which must be another folder")


def read_names(data: bytes, *, nul: bool) -> list[str]:
    """Return the names of a list, one a line or each with a NUL byte behind it."""
    parts = data.split(b"\0" if nul else b"\n")
    return [os.fsdecode(part) for part in parts if part]

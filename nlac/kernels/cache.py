"""Where the machine code of kernels is kept.

Numba judges the freshness of cached machine code by the one file in which the
kernel is written. A kernel that calls a kernel, or freezes a constant, of
another file would stay as it was when that other file changes: after an update
of the package old and new arithmetic could be mixed, which a lossless codec
must not risk. So each module's code is kept in a folder named after a digest of
the module and of all modules of this package that it imports, at any depth.

The folder is, in this order: ``$NUMBA_CACHE_DIR``; the package's own
``__pycache__``; the user's cache folder. Where none can be written the kernels
are compiled anew by every process. Tables that a kernel uses as globals must
come from a module's source, not from a data file, which the digest can't see.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from nlac.kernels.plain import cache_tag

_PACKAGE = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+nlac([\w.]*)(?:[ \t]+import[ \t]+(?:\(([^)]*)|([^#\n]*)))?",
    re.MULTILINE,
)


def cache_folder() -> Path | None:
    """Tell where compiled kernels are kept; None if no folder can be written."""
    return _base(os.environ.get("NUMBA_CACHE_DIR", ""))


@lru_cache(maxsize=4)
def _base(configured: str) -> Path | None:
    # several installations may share the outer folders, with sources of their own
    installation = "nlac-" + hashlib.sha256(str(_PACKAGE).encode()).hexdigest()[:8]
    candidates = [Path(configured, installation)] if configured else []
    candidates += [_PACKAGE / "__pycache__" / "kernels", _user_cache() / "nlac" / installation]
    for folder in candidates:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        return folder
    return None


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser()
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


@cache
def module_folder(file: str) -> Path | None:
    """Folder for the machine code of a module; removes those of the module's other states.

    Parameters
    ----------
    file : str
        Path of the module's source.

    Returns
    -------
    folder : Path or None
        It is made when code is kept; None if no folder can be written, or the source is none
        (as of a function typed into an interpreter).
    """
    base = cache_folder()
    path = Path(file).resolve()
    if base is None or not path.is_file():
        return None
    name = _name(path) + "-" + cache_tag()
    folder = base / (name + _digest(path))
    if not folder.is_dir():
        for old in base.glob(name + "[0-9a-f]" * 16):
            if old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
            else:
                with suppress(OSError):  # if it stays in the way, code is not kept
                    old.unlink()
    return folder


def _name(path: Path) -> str:
    """Names of folders and module below the package: `lpc/block.py` is `lpc-block`."""
    inside = path.is_relative_to(_PACKAGE)
    return "-".join(path.relative_to(_PACKAGE).with_suffix("").parts) if inside else path.stem


def _digest(path: Path) -> str:
    """Digest of a module and of the modules of this package that it imports at any depth."""
    found: set[Path] = set()
    waiting = {path}
    while waiting:
        found |= waiting
        waiting = {target for each in waiting for target in _imports(each)} - found
    digest = hashlib.sha256()
    for each in sorted(found):
        digest.update(os.path.relpath(each, _PACKAGE).encode() + b"\0")
        digest.update(hashlib.sha256(_source(each)).digest())
    return digest.hexdigest()[:16]


@cache
def _source(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _imports(path: Path) -> frozenset[Path]:
    """Source files of this package that a source file names in its import statements."""
    targets = set()
    for dotted, listed, plain in _IMPORT.findall(_source(path)):
        module = _PACKAGE.joinpath(*dotted.decode().strip(".").split("."))
        names = re.findall(rb"\w+", listed or plain)
        targets |= {module.with_suffix(".py"), module / "__init__.py"}
        targets |= {module / f"{name.decode()}.py" for name in names}
    return frozenset(target for target in targets if target.is_file())

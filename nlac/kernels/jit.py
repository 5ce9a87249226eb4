"""Compiled kernels: the decorator for all of them, and where the machine code is kept.

``@kernel`` (or ``@kernel(inline="always")``) is numba's ``njit`` with the
settings that every kernel here needs: the interpreter lock is released, so that
blocks can be coded in threads; division follows C, not Python's exceptions; and
the machine code is kept on disk, so that only the first run compiles.

Importing this module imports numba (about 0.3 s): import it only from modules
that hold kernels, and those only inside functions that need them.

The cache
---------
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
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast, overload

import numba
from numba.core import event as numba_event

from nlac.kernels.interpreted import interpreted

F = TypeVar("F", bound=Callable[..., Any])

# numba's own annotations differ between its releases, so none of them is used
# numba's array module imports scipy.linalg (0.4 s) only to make sure of BLAS for functions
# that no kernel here uses; whoever uses them elsewhere still gets the check
try:
    from numba.np import linalg as _linalg

    _check, _linalg.ensure_blas = _linalg.ensure_blas, lambda: None
    try:
        import numba.np.arraymath
    finally:
        _linalg.ensure_blas = _check
except (ImportError, AttributeError):
    pass  # another release of numba, arranged differently: slower to start, no more

_config: Any = numba.config
_events: Any = numba_event
_Listener: Any = numba_event.Listener
_njit: Any = numba.njit

_PACKAGE = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+nlac([\w.]*)(?:[ \t]+import[ \t]+(?:\(([^)]*)|([^#\n]*)))?",
    re.MULTILINE,
)


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(**options: Any) -> Callable[[F], F]: ...
def kernel(function: Any = None, **options: Any) -> Any:
    """Compile a function with numba on its first call, and keep the code on disk.

    Parameters
    ----------
    function : callable
        What to compile, when used without arguments.
    **options
        Further options of ``numba.njit``, such as ``inline="always"``.

    Examples
    --------
    >>> @kernel
    ... def double(x):
    ...     return 2 * x
    >>> double(21)
    42
    """

    def decorate(plain: F) -> F:
        if _config.DISABLE_JIT:
            return cast(F, interpreted(plain))
        folder = _module_folder(plain.__code__.co_filename)
        settings = {"nogil": True, "error_model": "numpy", "cache": folder is not None} | options
        # numba settles the place while decorating; the setting is given back at
        # once because other packages of the process have caches of their own
        before = _config.CACHE_DIR
        if folder is not None:
            _config.CACHE_DIR = str(folder)
        try:
            compiled: F = _njit(**settings)(plain)
            if folder is not None:
                _forgive(compiled)
        finally:
            _config.CACHE_DIR = before
        return compiled

    return decorate if function is None else decorate(function)


# calls cost more than what most of these do
inline_kernel = kernel(forceinline=True)


def when_compiling(announce: Callable[[], None]) -> None:
    """Call a function once, when a kernel is first found to need compiling.

    Parameters
    ----------
    announce : callable
        Called without arguments, from the thread that is about to compile.
    """
    _events.register("numba:compile", _Announcer(announce))


def cache_folder() -> Path | None:
    """Tell where compiled kernels are kept; None if no folder can be written."""
    return _base(_config.CACHE_DIR)


def _forgive(compiled: Any) -> None:
    """Let code that can't be loaded count as missing, as when two processes write it at once."""
    load = compiled._cache.load_overload

    def load_or_miss(signature: Any, context: Any) -> Any:
        try:
            return load(signature, context)
        except Exception:
            return None

    compiled._cache.load_overload = load_or_miss


class _Announcer(_Listener):  # type: ignore[misc]
    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce: Callable[[], None] | None = announce

    def on_start(self, event: Any) -> None:
        announce, self._announce = self._announce, None
        if announce is not None:
            announce()

    def on_end(self, event: Any) -> None:
        pass


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
def _module_folder(file: str) -> Path | None:
    """Folder for the machine code of one module; makes it, and removes its forerunners."""
    base = _base(_config.CACHE_DIR)
    path = Path(file).resolve()
    if base is None or not path.is_file():
        return None
    # the whole path below the package: `lpc/block.py` and `encoder/lpc/block.py` are two
    name = "-".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts[1:]) \
        if path.is_relative_to(_PACKAGE) else path.stem
    folder = base / f"{name}-{_digest(path)}"
    if not folder.is_dir():
        for old in base.glob(f"{name}-" + "[0-9a-f]" * 16):
            shutil.rmtree(old, ignore_errors=True)
        folder.mkdir(exist_ok=True)
    return folder


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

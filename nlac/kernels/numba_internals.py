"""Everything of numba and llvmlite that is used and not documented, in one place.

`pyproject.toml` names the range of numba's releases in which all of it was tried:
``python scripts/try_numba.py`` runs the oldest and the newest.  numba's own annotations differ
between its releases, so none of them is used.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import caching as numba_caching


def _import_array_functions() -> None:
    """Import numba's array module without scipy.linalg (0.4 s), which no kernel here needs.

    The module imports it only to make sure of BLAS; whoever uses BLAS elsewhere still gets
    the check.
    """
    try:
        from numba.np import linalg
    except ImportError:
        return  # another release of numba, arranged differently: slower to start, no more
    check: Any = getattr(linalg, "ensure_blas", None)
    if check is None:
        return
    linalg.ensure_blas = lambda: None
    try:
        pass
    finally:
        linalg.ensure_blas = check


_import_array_functions()
config: Any = numba.config


def is_jit_disabled() -> bool:
    """Whether ``NUMBA_DISABLE_JIT`` asks for kernels as plain Python."""
    return bool(config.DISABLE_JIT)


def configured_cache() -> str:
    """``NUMBA_CACHE_DIR``, or an empty string."""
    return str(config.CACHE_DIR)


def target(context: Any) -> tuple[str, str]:
    """Triple and features of the processor that a target context compiles for.

    Features are as LLVM writes them, such as ``+avx2,-avx512bw``; numba's settings
    (``NUMBA_CPU_FEATURES``) are applied.
    """
    triple, _name, features = context.codegen().magic_tuple()
    return str(triple), str(features)


def keep_code(compiled: Any, folder: Path) -> None:
    """Let the machine code of a kernel be kept in a folder, which need not exist.

    Parameters
    ----------
    compiled : numba dispatcher
        What ``numba.njit`` returned, not yet called.
    folder : Path
        It belongs to one state of the kernel's sources: their age is not looked at.
    """
    compiled._cache = _Cache(compiled.py_func, folder)


caching: Any = numba_caching


class _Locator(caching._CacheLocator):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._py_file = function.__code__.co_filename  # numba names it in warnings
        self._line = function.__code__.co_firstlineno
        self._folder = folder

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=self._folder).close()

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return ""

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, function: Any, file: Any) -> Any:
        raise NotImplementedError("made by `keep_code` alone")


class _CheckedFiles(caching.IndexDataCacheFile):  # type: ignore[misc]
    """numba's index and data files; data carry their key, and a digest of themselves.

    Damaged machine code is never run.  The key settles what numba leaves open: two processes
    that compile two signatures at once may choose the same file.
    """

    def save(self, key: Any, data: Any) -> None:
        payload = self._dump((key, data))
        super().save(key, (hashlib.sha256(payload).digest(), payload))

    def load(self, key: Any) -> Any:
        found = super().load(key)
        if found is None:
            return None
        digest, payload = found
        if hashlib.sha256(payload).digest() != digest:
            raise ValueError("damaged machine code")
        stored, data = pickle.loads(payload)
        return data if stored == key else None

    def remove(self) -> None:
        """Remove all files of the kernel, and folders that stand in their place."""
        base = self._index_name.removesuffix("nbi")
        try:
            found = [path for path in Path(self._cache_path).iterdir()
                     if path.name.startswith(base)]  # fmt: skip
        except OSError:
            return
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
                continue
            with suppress(OSError):  # if it stays, the code is compiled anew each time
                path.unlink()


class _Implementation(caching.CompileResultCacheImpl):  # type: ignore[misc]
    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # in place of numba's, which looks for a folder in places of its own
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, folder)
        name = f"{Path(function.__code__.co_filename).stem}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """A cache that is only ever a saving of time: whatever is wrong with it, kernels run."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._impl_class = lambda function: _Implementation(function, folder)
        super().__init__(function)
        plain = self._cache_file
        self._cache_file: Any = _CheckedFiles(
            cache_path=plain._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=plain._source_stamp,
        )

    def load_overload(self, signature: Any, context: Any) -> Any:
        try:
            return super().load_overload(signature, context)
        except MemoryError:
            raise
        except Exception:
            # an index or code that is cut, of another kind, or can't be read
            self._cache_file.remove()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        for _ in range(2):
            try:
                super().save_overload(signature, data)
            except MemoryError:
                raise
            except Exception:
                # what is in the way; were it the disk that is full, the next run compiles again
                self._cache_file.remove()
            else:
                return

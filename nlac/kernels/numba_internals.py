"""Everything of numba and llvmlite that is used and not documented, in one place.

`pyproject.toml` names the range of numba's releases in which all of it was tried:
``python scripts/try_numba.py`` runs the oldest and the newest.  numba's own annotations differ
between its releases, so none of them is used.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from llvmlite import binding, ir
from numba.core import caching as numba_caching
from numba.core import cgutils as numba_cgutils
from numba.core import codegen as numba_codegen
from numba.core import registry, types
from numba.core.compiler_lock import global_compiler_lock


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
        importlib.import_module("numba.np.arrayobj")
    finally:
        linalg.ensure_blas = check


_import_array_functions()
cgutils: Any = numba_cgutils
codegen: Any = numba_codegen


def machine() -> str:
    """Name of the machine that is compiled for, such as ``x86_64-unknown-linux-gnu``."""
    return str(binding.get_process_triple())


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


def linkable_code(overload: Any) -> Any:
    """LLVM's module of a compiled kernel and of all that it calls, to be linked with others.

    Parameters
    ----------
    overload : object
        Of a dispatcher's ``overloads``; it was compiled in this process, not read from a cache.
    """
    with global_compiler_lock:
        return overload.library._get_module_for_linking().clone()


def write_call(
    builder: Any, module: Any, overload: Any, take: Callable[[int, Any], Any]
) -> tuple[Any, list[Any], int]:
    """Write the call of a kernel as numba's own code calls it.

    Parameters
    ----------
    builder, module : llvmlite IRBuilder and Module
        Where to.
    overload : object
        Of a dispatcher's ``overloads``.
    take : callable
        Given a number and LLVM's type, writes what yields that one of the arguments' parts:
        tuples and arrays are taken apart.

    Returns
    -------
    done, results, count : LLVM value, list of LLVM values, int
        Whether the kernel raised nothing, the parts of its result, the number of parts of its
        arguments.
    """
    context, described = registry.cpu_target.target_context, overload.fndesc
    packer = context.get_arg_packer(described.argtypes)
    parts = [take(i, kind) for i, kind in enumerate(packer.argument_types)]
    calls, signature = context.call_conv, (described.restype, described.argtypes)
    callee = cgutils.get_or_insert_function(
        module, calls.get_function_type(*signature), described.llvm_func_name
    )
    arguments = packer.from_arguments(builder, parts)
    status, value = calls.call_function(builder, callee, *signature, arguments)
    if described.restype == types.none:
        return status.is_ok, [], len(parts)
    results = context.get_arg_packer([described.restype]).as_arguments(builder, [value])
    return status.is_ok, list(results), len(parts)


def compile_for(triple: str, cpu: str, features: str, target_machine: Any) -> None:
    """Let numba compile to LLVM's language alone, for any kind of machine.

    What it compiles can't be run in this process then.

    Parameters
    ----------
    triple, cpu, features : str
        As LLVM names them.
    target_machine : llvmlite TargetMachine
        Of these.
    """
    native = codegen.JITCPUCodegen._init

    def initialise(self: Any, module: Any) -> None:
        native(self, module)
        self._tm = target_machine
        self._target_data = target_machine.target_data
        self._data_layout = str(target_machine.target_data)

    def empty(self: Any, name: str) -> Any:
        module = ir.Module(cgutils.normalize_ir_text(name))
        # the engine's own module, the first, stays native
        module.triple = triple if self._data_layout else machine()
        if self._data_layout:
            module.data_layout = self._data_layout
        return module

    codegen.JITCPUCodegen._init = initialise
    codegen.CPUCodegen._create_empty_module = empty
    codegen.CPUCodegen.magic_tuple = lambda self: (triple, cpu, features)
    codegen.JITCPUCodegen._add_module = lambda self, module: None
    codegen.JITCPUCodegen.set_env = lambda self, name, env: None
    codegen.JITCodeLibrary._finalize_specific = lambda self: None
    codegen.JITCodeLibrary.get_pointer_to_function = lambda self, name: 0

"""Where compiled kernels are kept, and when they are compiled anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlac.kernels import cache as _cache
from nlac.kernels.jit import kernel, when_compiling


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of a package of modules, taken for the real one, with caches of its own."""
    folder = tmp_path / "nlac"
    (folder / "sub").mkdir(parents=True)
    (folder / "first.py").write_text("from nlac.sub import (\n    second,\n)\n")
    (folder / "sub/second.py").write_text("def later():\n    from nlac.third import X\n")
    (folder / "third.py").write_text("X = 1\nimport nlac.first\n")
    (folder / "other.py").write_text("import numpy as np\n")
    monkeypatch.setattr(_cache, "_PACKAGE", folder)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    forget()
    yield folder
    forget()


def forget() -> None:
    for cached in (
        _cache._base,
        _cache._imports,
        _cache.module_folder,
        _cache._source,
    ):
        cached.cache_clear()


def test_what_a_module_imports_makes_its_code_stale(package: Path) -> None:
    def digest() -> str:
        forget()
        return _cache._digest(package / "first.py")

    before = digest()
    (package / "other.py").write_text("import scipy\n")
    assert digest() == before
    (package / "third.py").write_text("X = 2\nimport nlac.first\n")
    assert digest() != before


def test_a_new_version_replaces_the_old(package: Path) -> None:
    old = _cache.module_folder(str(package / "third.py"))
    other = _cache.module_folder(str(package / "other.py"))
    for folder in (old, other):
        assert folder is not None
        folder.mkdir()  # numba makes it with the first code
    (package / "third.py").write_text("X = 3\n")
    forget()
    new = _cache.module_folder(str(package / "third.py"))
    assert new is not None
    assert old.parent == new.parent == package / "__pycache__" / "kernels"
    assert (old.exists(), new.exists(), other.exists()) == (False, False, True)


def test_a_package_that_cannot_be_written(package: Path, tmp_path: Path) -> None:
    (package / "__pycache__").write_text("in the way")
    folder = _cache.cache_folder()
    assert folder is not None
    assert folder.parent == tmp_path / "user" / "nlac"


@pytest.mark.jit
def test_no_cache_at_all(package: Path, tmp_path: Path) -> None:
    (package / "__pycache__").write_text("in the way")
    (tmp_path / "user").write_text("in the way")
    assert _cache.cache_folder() is None

    @kernel
    def double(x: int) -> int:
        return 2 * x

    assert double(21) == 42


@pytest.mark.jit
def test_compiling_is_announced_once(package: Path) -> None:
    calls: list[int] = []
    when_compiling(lambda: calls.append(1))

    def compiled() -> Callable[[int], int]:
        @kernel
        def triple(x: int) -> int:
            return 3 * x

        return triple

    assert compiled()(2) == 6
    assert calls == [1]
    # this one comes from the cache, and another would not be announced again
    assert compiled()(2) == 6
    assert calls == [1]

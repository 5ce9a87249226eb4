"""The architecture: lower layers never import higher ones, and nothing heavy comes early."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import nlac

PACKAGE = Path(nlac.__file__).parent

# from the bottom up; modules of one layer may import each other
LAYERS = [
    {
        "_errors",
        "_kernels",
        "_llvm",
        "_log",
        "_memory",
        "_output",
        "_pairs",
        "_tiles",
        "_typing",
        "_vectors",
    },
    {"bitstream"},
    {"predictors"},
    {"audio"},
    {"codec"},
    {
        "api",
        "_arrays",
        "_chunks",
        "_decode",
        "_encode",
        "_file",
        "_incremental",
        "_info",
        "_render",
        "_results",
        "_sources",
        "_writer",
    },
    {"cli", "bench", "training", "__init__", "__main__"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HEAVY = ["numba", "scipy", "torch", "safetensors", "soundfile", "matplotlib", "constriction"]


def imports_of(path: Path) -> set[str]:
    """Full names of the nlac modules that a module imports, at any place in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "nlac"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports_point_down(path):
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert first in RANK, f"{first} belongs to no layer"
    for name in imports_of(path):
        parts = name.split(".")
        if len(parts) > 1 and parts[1] in RANK:
            assert RANK[parts[1]] <= RANK[first], f"{first} imports {name}"


def loaded_by(code: str) -> list[str]:
    code += f"; import sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_import_loads_nothing_heavy():
    assert loaded_by("import nlac, nlac.cli.main") == []


def test_reading_facts_loads_nothing_heavy():
    assert loaded_by("import nlac; nlac.info, nlac.read, nlac.Encoder, nlac.encode") == []


def test_exports_are_sorted_and_complete():
    assert nlac.__all__ == sorted(nlac.__all__)
    for name in nlac.__all__:
        assert getattr(nlac, name).__doc__
    assert set(nlac.__all__) <= set(dir(nlac))
    with pytest.raises(AttributeError):
        _ = nlac.nothing_of_that_name
    api = importlib.import_module("nlac.api")
    assert api.__all__ == sorted(api.__all__)
    assert set(api.__all__) <= set(nlac.__all__)

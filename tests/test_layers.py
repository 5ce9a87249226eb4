"""The architecture: lower layers never import higher ones, and nothing heavy comes early."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nlac

PACKAGE = Path(nlac.__file__).parent

# from the bottom up; folders and modules of one floor may import each other. The codec's transforms
# stand below the predictors although their folder is one of the codec's.
FLOORS = [
    [
        *("_arguments", "_errors", "_log", "_names", "_parallel", "_progress", "_samples"),
        *("_typing", "kernels"),
    ],
    [
        *("_descriptors", "_files", "_output", "_leftovers", "_ranges", "_urls"),
        *("entropy", "predictors.networks"),
    ],
    ["bitstream", "codec.transforms"],
    ["audio", "metadata", "parity", "predictors", "predictors.lpc"],
    ["predictors.cascade"],
    ["predictors.neural"],
    ["codec.decoder"],
    ["codec.encoder", "codec"],
    # `nlac.open` opens files to edit
    ["api", "editing", ""],
    ["loudness"],
    ["views"],
    ["batch", "bench", "storage", "torch", "training"],
    ["playback", "mount"],
    ["web"],
    ["cli", "__main__"],
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
# nothing on these floors may need the encoder, at whatever depth
DECODER = [name for names in FLOORS[: FLOOR_OF["codec.encoder"]] for name in names]
HEAVY = ["numba", "scipy", "torch", "safetensors", "soundfile", "matplotlib", "constriction"]


def modules() -> dict[str, Path]:
    """Path of each module, by its name below the package; "" is the package itself."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").removesuffix(".")] = path
    return found


MODULES = modules()


def imports_of(name: str, top_only: bool = False) -> set[str]:
    """Names of the modules of the package that a module imports, at any place in it."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    found = set()
    for node in ast.iter_child_nodes(tree) if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {each if below(each) in MODULES else node.module for each in inner}
    return {below(each) for each in found if each.partition(".")[0] == "nlac"}


def below(name: str) -> str:
    return name.removeprefix("nlac").removeprefix(".")


def folder_of(module: str) -> str:
    """The longest prefix that has a floor."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        if (name := ".".join(parts[:count])) in FLOOR_OF:
            return name
    raise AssertionError(f"{module} belongs to no floor")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    floor = FLOOR_OF[folder_of(module)]
    for name in imports_of(module):
        if module:  # the package gives out names of the interface
            assert FLOOR_OF[folder_of(name)] <= floor, f"{module} imports {name}"


def test_modules_import_each_other_in_no_circle():
    """When a module is loaded; types and late imports may refer to each other."""
    above: dict[str, set[str]] = {name: imports_of(name, True) - {name} for name in MODULES}
    while leaves := [name for name, needs in above.items() if not needs & above.keys()]:
        for name in leaves:
            del above[name]
    assert not above, f"circle among {sorted(above)}"


def test_decoder_needs_nothing_of_the_encoder():
    for module in MODULES:
        if module and folder_of(module) in DECODER:
            wrong = {name for name in imports_of(module) if folder_of(name) not in DECODER}
            assert not wrong, f"{module} imports {wrong}"


def test_folders_and_modules_are_of_a_size_to_know():
    for folder in {path.parent for path in MODULES.values()}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) < 16, f"{folder} has too many modules"
    for path in MODULES.values():
        count = len(path.read_text(encoding="utf-8").splitlines())
        assert count <= 350, f"{path} has {count} lines"


@pytest.mark.parametrize("preset", ["standard", "high", "neural"])
def test_decoding_loads_no_encoder(tmp_path, preset):
    path = tmp_path / "some.nlac"
    nlac.write(path, np.arange(3000, dtype=np.int16) % 77, 8000, preset=preset)
    program = (
        f"import nlac, sys; nlac.read({str(path)!r}); nlac.decode({str(path)!r}, None); "
        f"decoder = nlac.Decoder(); decoder.feed(open({str(path)!r}, 'rb').read()); "
        "decoder.finish(); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "nlac.codec.decoder.payload" in loaded
    assert [name for name in loaded if name.startswith("nlac.codec.encoder")] == []
    assert "torch" not in loaded


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

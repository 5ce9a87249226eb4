"""Hooks of hatchling: wheels hold compiled kernels, and need numba only where they don't.

Without a linker, or with ``NLAC_PURE=1``, a wheel holds the sources alone, and numba compiles
kernels on their first call. ``NLAC_LEVELS=2,3,4`` names levels of x86-64 processors, and
``NLAC_SYSTEM`` another system, see ``tools/ahead/build.py``.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).resolve().parent
# what links where there is no C compiler
ZIG = "ziglang==0.17.1"
_TAGS = {
    "linux-x86_64": "manylinux_2_17_x86_64",
    "linux-aarch64": "manylinux_2_17_aarch64",
    "macos-x86_64": "macosx_11_0_x86_64",
    "macos-arm64": "macosx_11_0_arm64",
    "windows-x86_64": "win_amd64",
}


def _ahead() -> Any:
    """The module `tools/ahead/build.py`."""
    spec = importlib.util.spec_from_file_location("ahead", ROOT / "tools" / "ahead" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ahead"] = module
    spec.loader.exec_module(module)
    return module


def _system() -> Any:
    named = os.environ.get("NLAC_SYSTEM")
    return _ahead().SYSTEMS[named] if named else _ahead().this_system()


def _is_pure() -> bool:
    return os.environ.get("NLAC_PURE", "") not in ("", "0")


def _why_not() -> str | None:
    """Tell why kernels can't be compiled here; None if they can."""
    if _is_pure():
        return "NLAC_PURE asks for sources alone"
    if importlib.util.find_spec("numba") is None:
        return "numba is not installed"
    try:
        _ahead().linker(_system())
    except _ahead().NoLinker as error:
        return str(error)
    return None


class Dependencies(MetadataHookInterface):
    """Requirements: those of ``tool.hatch.metadata.hooks.custom``, and numba where it is needed."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the requirements."""
        needed = list(self.config["dependencies"])
        if _why_not() is not None:
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
            needed += project["project"]["optional-dependencies"]["jit"]
        metadata["dependencies"] = sorted(needed)


class Kernels(BuildHookInterface[Any]):
    """Compiles kernels into wheels."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What links, where nothing else does."""
        has_compiler = any(map(shutil.which, ("cc", "gcc", "clang"))) and sys.platform != "win32"
        foreign = bool(os.environ.get("NLAC_SYSTEM"))
        return [] if _is_pure() or (has_compiler and not foreign) else [ZIG]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile."""
        if self.target_name != "wheel" or version == "editable":
            return
        problem = _why_not()
        if problem is not None:
            self.app.display_warning(
                f"kernels are not compiled into the wheel ({problem}): numba will do so when they"
                " are first used"
            )
            return
        named = os.environ.get("NLAC_SYSTEM")
        levels = [int(level) for level in re.findall(r"\d", os.environ.get("NLAC_LEVELS", ""))]
        self._folder = tempfile.mkdtemp()
        self.app.display_info("compiling kernels, which takes about a minute ...")
        _ahead().build(Path(self._folder), _system(), levels)
        for path in Path(self._folder).iterdir():
            build_data["force_include"][str(path)] = f"nlac/kernels/ahead/built/{path.name}"
        build_data["pure_python"] = False
        here = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{_TAGS[named] if named else here}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clear up."""
        if folder := getattr(self, "_folder", None):
            shutil.rmtree(folder, ignore_errors=True)

"""Configurations that are shipped, by name."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from nlac._errors import UsageError
from nlac.training.config.files import read_yaml

_SUFFIX = ".yaml"


def shipped_configs() -> dict[str, Path]:
    """Files of the shipped configurations by name, such as ``wavenet`` and ``wavenet-full``."""
    package = Path(str(files("nlac")))
    # a wheel has them in the package, a source tree beside it
    for folder in (package / "training" / "shipped", package.parent / "recipes"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob(f"*{_SUFFIX}"))}
    return {}


def find_config(name: str | Path) -> Path:
    """Find a configuration by its path, or by its name among those that are shipped.

    Raises
    ------
    UsageError
        There is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_configs()
    if str(name) not in shipped:
        known = ", ".join(shipped) or "none"
        raise UsageError(f"configuration {name}: no such file, and no such name (known: {known})")
    return shipped[str(name)]


def describe_config(path: Path) -> dict[str, Any]:
    """Facts of a configuration, without PyTorch.

    Returns
    -------
    dict
        ``name``; ``about``, the comment that it begins with; ``recipe``; ``data``, ``model`` and
        ``train``, its settings, without defaults.
    """
    values = read_yaml(path)
    comment = re.match(r"# ?(.*)", path.read_text(encoding="utf-8"))
    return {
        "name": path.stem,
        "about": comment[1] if comment else "",
        "recipe": values.get("recipe", "codec"),
        **{section: values.get(section, {}) for section in ("data", "model", "train")},
    }

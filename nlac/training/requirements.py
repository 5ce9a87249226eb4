"""Packages that training needs."""

from __future__ import annotations

import importlib.util

from nlac._errors import MissingDependency


def need_packages(*names: str) -> None:
    """See that packages for training are installed, without importing them.

    Raises
    ------
    MissingDependency
        Some are not.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependency(f"{', '.join(missing)} not installed: pip install 'nlac[train]'")

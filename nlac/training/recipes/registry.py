"""Recipes by name: those of nlac, those of installed packages, and files of one's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from nlac._errors import UsageError
from nlac.training.recipes.base import Recipe

GROUP = "nlac.recipes"
# modules of nlac that register recipes, by the names they register
_SHIPPED = {"codec": "nlac.training.codec.recipe"}
_recipes: dict[str, type[Recipe]] = {}
R = TypeVar("R", bound=type[Recipe])


def register(recipe: R) -> R:
    """Make a recipe known by its name; a decorator of its class.

    Raises
    ------
    UsageError
        Another recipe has the name.
    """
    known = _recipes.get(recipe.name)
    if known is not None and (known.__module__, known.__qualname__) != (
        recipe.__module__,
        recipe.__qualname__,
    ):
        raise UsageError(f"recipe {recipe.name}: there is one of that name already")
    _recipes[recipe.name] = recipe
    return recipe


def find_recipe(name: str, folder: str | Path = ".") -> type[Recipe]:
    """Find a recipe.

    Parameters
    ----------
    name : str
        A registered name; the name of an entry point in the group ``nlac.recipes``; or
        ``FILE.py:NAME``, a recipe that a Python file registers.
    folder : str or Path
        Folder that a relative FILE is in.

    Raises
    ------
    UsageError
        There is none.
    """
    file, colon, inner = name.rpartition(":")
    if colon and file.endswith(".py"):
        _load(Path(folder) / file)
        name = inner
    elif name in _SHIPPED:
        importlib.import_module(_SHIPPED[name])
    elif name not in _recipes:
        for point in entry_points(group=GROUP):
            if point.name == name:
                register(point.load())
    if name not in _recipes:
        raise UsageError(f"recipe: {name}; one of {', '.join(recipe_names())}")
    return _recipes[name]


def recipe_names() -> list[str]:
    """Names that `find_recipe` knows."""
    return sorted({*_recipes, *_SHIPPED, *(point.name for point in entry_points(group=GROUP))})


def _load(path: Path) -> None:
    """Import a Python file once, under a name of its own."""
    if not path.is_file():
        raise UsageError(f"recipe: no file {path}")
    key = f"nlac_recipe_{path.resolve().as_posix().replace('/', '_').removesuffix('.py')}"
    if key in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(key, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up
    sys.modules[key] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[key]
        raise

"""Recipes by name: those of nlac, those of installed packages, and files of one's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from nlac._errors import UsageError
from nlac.training.recipes.base import Recipe

GROUP = "nlac.recipes"
# modules of nlac that register recipes, by the names they register
_EXPERIMENTS = "nlac.training.recipes.experiments"
_SHIPPED = {
    "bytes": f"{_EXPERIMENTS}.samples",
    "cnn": f"{_EXPERIMENTS}.samples",
    "codec": "nlac.training.codec.recipe",
    "continuation": f"{_EXPERIMENTS}.continuation",
    "gru": f"{_EXPERIMENTS}.samples",
    "mel": f"{_EXPERIMENTS}.mel",
    "wavenet": f"{_EXPERIMENTS}.samples",
}
_FILE = "nlac_recipe_"  # begins the names of modules that are files of a user
_recipes: dict[str, type[Recipe]] = {}
R = TypeVar("R", bound=type[Recipe])


def register(recipe: R) -> R:
    """Make a recipe known by its name; a decorator of its class.

    One in a file that a configuration names is found there, and nowhere else.

    Raises
    ------
    UsageError
        Another recipe has the name.
    """
    if recipe.__module__.startswith(_FILE):
        return recipe
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
        ``FILE.py:NAME``, a recipe in a Python file.
    folder : str or Path
        Folder that a relative FILE is in.

    Raises
    ------
    UsageError
        There is none.
    """
    file, colon, inner = name.rpartition(":")
    if colon and file.endswith(".py"):
        found = _recipes_of(Path(folder) / file)
        if inner not in found:
            raise UsageError(f"recipe: {name}; one of {', '.join(found) or 'none'} in that file")
        return found[inner]
    if name in _SHIPPED:
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


def _recipes_of(path: Path) -> dict[str, type[Recipe]]:
    """Recipes of a Python file, by name."""
    if not path.is_file():
        raise UsageError(f"recipe: no file {path}")
    return {
        value.name: value
        for value in vars(_load(path)).values()
        if isinstance(value, type) and issubclass(value, Recipe) and hasattr(value, "name")
    }


def _load(path: Path) -> ModuleType:
    """Import a Python file once, under a name of its own."""
    key = _FILE + path.resolve().as_posix().replace("/", "_").removesuffix(".py")
    if key in sys.modules:
        return sys.modules[key]
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
    return module

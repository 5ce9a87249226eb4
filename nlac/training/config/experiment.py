"""A whole configuration: recipe, data, model, training, and perhaps a space to search."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nlac._errors import UsageError
from nlac.training.config.checks import SettingError, make
from nlac.training.config.files import flattened, overridden, read_yaml
from nlac.training.config.train import TrainSettings
from nlac.training.recipes.base import Recipe, Settings
from nlac.training.recipes.registry import find_recipe

SYNTHETIC = "synthetic"
_SECTIONS = ("recipe", "data", "model", "train", "tune")


@dataclass(frozen=True, slots=True)
class Experiment:
    """A checked configuration.

    Attributes
    ----------
    name : str
        Recipe as the configuration names it.
    kind : type
        The recipe.
    settings : Settings
        Sections `data` and `model`.
    train : TrainSettings
        Section `train`.
    tune : dict
        Section `tune` as it is in the file; see `nlac.training.tuning`.
    """

    name: str
    kind: type[Recipe]
    settings: Settings
    train: TrainSettings
    tune: dict[str, Any] = field(default_factory=dict)

    def recipe(self) -> Recipe:
        """Make the recipe with its settings."""
        return self.kind(self.settings)

    def as_dict(self) -> dict[str, Any]:
        """Sections as in a file, with every default filled in."""
        sections = {
            "recipe": self.name,
            "data": asdict(self.settings.data),
            "model": asdict(self.settings.model),
            "train": asdict(self.train),
        }
        return sections | ({"tune": self.tune} if self.tune else {})


def make_experiment(values: Mapping[str, Any], folder: str | Path = ".") -> Experiment:
    """Check the sections of a configuration.

    Parameters
    ----------
    values : mapping
        The sections. Those of the codec's networks may also lie flat beside each other, with a key
        `predictor` instead of `recipe` (`nlac.training.codec.settings`).
    folder : str or Path
        Folder that a file in the key `recipe` is relative to.

    Raises
    ------
    SettingError
        Something is unknown, missing or not allowed; the error names the key.
    UsageError
        There is no such recipe.
    """
    if "recipe" not in values:
        from nlac.training.codec.settings import is_flat, sections

        if not is_flat(values):
            raise SettingError("recipe", "is missing")
        try:
            return make_experiment(sections(values))
        except SettingError as error:
            # in the file there are no sections
            raise SettingError(error.key.partition(".")[2] or error.key, error.text) from error
    for name, value in values.items():
        if name not in _SECTIONS:
            raise SettingError(name, f"unknown section (known: {', '.join(_SECTIONS)})")
        if name != "recipe" and not isinstance(value, Mapping):
            raise SettingError(name, f"{value!r}; a mapping of settings")
    name = values["recipe"]
    if not isinstance(name, str):
        raise SettingError("recipe", f"{name!r}; the name of a recipe")
    kind = find_recipe(name, folder)
    train = make(TrainSettings, values.get("train", {}), "train.")
    data: Any = make(kind.Data, values.get("data", {}), "data.")
    model: Any = make(kind.Model, values.get("model", {}), "model.")
    if ".py:" in name:
        name = os.path.abspath(Path(folder) / name)
    settings = Settings(data, model, train.batch, train.seed)
    return Experiment(name, kind, settings, train, dict(values.get("tune", {})))


def read_experiment(
    path: str | Path, overrides: Mapping[str, Any] | None = None, data: str = ""
) -> Experiment:
    """Read a configuration file.

    Parameters
    ----------
    path : str or Path
        YAML file. Relative files and folders in it are relative to its folder.
    overrides : mapping, optional
        Values by dotted key that replace those of the file. Relative files and folders among them
        are relative to the current folder.
    data : str
        Folder of other data, or ``synthetic``; that of the file if empty.

    Raises
    ------
    UsageError
        Something is wrong; the error names the file and the key.
    """
    path, overrides = Path(path), dict(overrides or {})
    values = overridden(read_yaml(path), overrides)
    folder = path.parent
    try:
        experiment = make_experiment(values, folder)
        kind = experiment.kind
        resolved = _with_paths(experiment.as_dict(), experiment, overrides, folder)
        if data:
            given = data if data == SYNTHETIC else os.path.abspath(data)
            resolved["data"] = kind.with_data(resolved["data"], given)
        return make_experiment(resolved)
    except SettingError as error:
        is_given = any(error.key.split("[")[0] in (key, f"train.{key}") for key in overrides)
        raise UsageError(f"{'--set ' if is_given else f'{path}: '}{error}") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _with_paths(
    values: dict[str, Any], experiment: Experiment, overrides: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Make relative paths absolute. What does not exist and has no slash may be a name."""
    sections = {
        "data": experiment.settings.data, "model": experiment.settings.model,
        "train": experiment.train,
    }  # fmt: skip
    for section, settings in sections.items():
        for each in fields(settings):
            value = values[section].get(each.name)
            if not each.metadata.get("is_path") or not value or value == SYNTHETIC:
                continue
            is_given = {f"{section}.{each.name}", each.name} & set(overrides)
            here = (Path() if is_given else folder) / value
            if here.exists() or "/" in value or os.sep in value:
                values[section][each.name] = os.path.abspath(here)
    return values


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Settings that differ between two configurations, by dotted key; None where there is none."""
    one, other = flattened(first), flattened(second)
    keys = [*one, *(key for key in other if key not in one)]
    found = {key: (_plain(one, key), _plain(other, key)) for key in keys}
    return {key: pair for key, pair in found.items() if pair[0] != pair[1]}


def _plain(values: Mapping[str, Any], key: str) -> Any:
    value = values.get(key)
    return list(value) if isinstance(value, tuple) else value

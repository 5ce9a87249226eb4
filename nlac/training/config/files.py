"""Read and write configurations as YAML, and settings of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlac._errors import MissingDependency, UsageError
from nlac._output import open_output


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingDependency("PyYAML is not installed: pip install 'nlac[train]'") from error
    return yaml


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Raises
    ------
    UsageError
        It is not valid YAML, holds something else, or has a key twice. The error names the file,
        and the line where there is one.
    """
    yaml = _yaml()

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined,misc]
        """Loader that refuses a key that is there twice, of which YAML keeps the last."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            for i, key in enumerate(keys):
                if key in keys[:i]:
                    line = node.value[i][0].start_mark.line + 1
                    raise UsageError(f"{path}: line {line}: {key} is set twice")
            return super().construct_mapping(node, deep)

    try:
        values = yaml.load(Path(path).read_text(encoding="utf-8"), Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UsageError(f"{path}: not a mapping of settings")
    return values


def write_yaml(path: str | Path, values: Mapping[str, Any]) -> None:
    """Write a mapping; the file appears whole, and replaces an earlier one."""
    text = _yaml().safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    with open_output(path, force=True) as file:
        file.write(text.encode())


def parse_overrides(texts: Sequence[str]) -> dict[str, Any]:
    """Parse settings of the form ``key=value``, with values in YAML.

    Returns
    -------
    dict
        Values by dotted key, for example ``{"model.layers": 12}``.

    Raises
    ------
    UsageError
        A text is of another form.
    """
    yaml = _yaml()
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not all(key.strip().split(".")):
            raise UsageError(f"--set {text}: not of the form key=value, such as model.layers=12")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"--set {text}: the value is not valid YAML") from error
        if found[key.strip()] is None and value.strip() not in ("null", "~", "None"):
            found[key.strip()] = ""
    return found


def overridden(values: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Copy of nested values with some replaced, which dotted keys name.

    Raises
    ------
    UsageError
        A key leads into something that is not a mapping.
    """
    changed: dict[str, Any] = dict(values)
    for key, value in overrides.items():
        *sections, name = key.split(".")
        inner = changed
        for section in sections:
            below = inner.get(section, {})
            if not isinstance(below, Mapping):
                raise UsageError(f"--set {key}: {section} is not a section")
            inner[section] = dict(below)
            inner = inner[section]
        inner[name] = value
    return changed


def flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values by dotted key. Empty mappings stay values."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found |= flattened(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found

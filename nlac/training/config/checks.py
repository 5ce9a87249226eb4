"""Dataclasses from plain values. An error names the key, its value, and what is allowed."""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from nlac._errors import UsageError

T = TypeVar("T")
_NAMES = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}


class SettingError(UsageError):
    """A setting is wrong.

    Parameters
    ----------
    key : str
        Path of the setting, for example ``model.width``.
    text : str
        What is wrong with it.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key, self.text = key, text


def setting(
    default: Any = MISSING,
    allowed: str = "",
    good: Callable[[Any], bool] | None = None,
    *,
    is_path: bool = False,
) -> Any:
    """Field of a dataclass of settings.

    Parameters
    ----------
    default : object
        Value if none is given; the setting is required without it. Lists and dictionaries are
        copied.
    allowed : str
        What values are allowed, as an error says it: "a multiple of 16 from 16 to 320".
    good : callable, optional
        Whether a value of the right type is allowed.
    is_path : bool
        A file or folder, which in a configuration file is relative to that file.
    """
    metadata = {"allowed": allowed, "good": good, "is_path": is_path}
    if isinstance(default, (list, dict)):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def at_least(low: float, default: Any) -> Any:
    """Field of a number that is not less than `low`."""
    return setting(default, f"{low} or more", lambda x: x >= low)


def between(low: float, high: float, default: Any) -> Any:
    """Field of a number from `low` to `high`."""
    return setting(default, f"from {low} to {high}", lambda x: low <= x <= high)


def make(cls: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Make a dataclass of plain values, such as those of a YAML file.

    Integers are taken for floats, and texts such as ``1e-3``, which YAML does not take for numbers.

    Parameters
    ----------
    cls : type
        A dataclass; its annotations are the types of the values.
    values : mapping
        Values by name of the field.
    where : str
        Prefix of keys in errors, for example ``model.``.

    Raises
    ------
    SettingError
        A value is unknown, missing or not allowed.
    """
    known: dict[str, Field[Any]] = {each.name: each for each in fields(cls) if each.init}  # type: ignore[arg-type]
    hints = get_type_hints(cls)
    for name in values:
        if name not in known:
            raise SettingError(f"{where}{name}", _unknown(str(name), list(known)))
    made = {}
    for name, each in known.items():
        if name not in values:
            if each.default is MISSING and each.default_factory is MISSING:
                raise SettingError(f"{where}{name}", "is missing")
            continue
        allowed = each.metadata.get("allowed", "")
        made[name] = value = _converted(hints[name], values[name], f"{where}{name}", allowed)
        good = each.metadata.get("good")
        if good is not None and not good(value):
            raise SettingError(f"{where}{name}", f"{_shown(value)}; {allowed}")
    try:
        return cls(**made)
    except SettingError as error:
        raise SettingError(where + error.key, error.text) from error
    except UsageError as error:
        # a check of the class itself, which begins with the key
        key, colon, text = str(error).partition(": ")
        raise SettingError(f"{where}{key}" if colon else where.rstrip("."), text or key) from error


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown setting{hint} (known: {', '.join(sorted(known)) or 'none'})"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else repr(value)


def _converted(kind: Any, value: Any, key: str, allowed: str) -> Any:
    """Value of the wanted type.

    Raises
    ------
    SettingError
        It is of another one.
    """

    def wrong(name: str) -> SettingError:
        return SettingError(key, f"{value!r}; {allowed or name}")

    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(key, f"{value!r}; a finite number")

    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is Literal:
        if value not in inner:
            choices = ", ".join(map(str, inner))
            raise SettingError(key, f"{_shown(value)}; one of {choices}")
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        (kind,) = (each for each in inner if each is not type(None))
        return _converted(kind, value, key, allowed)
    if origin in (list, tuple):
        if not isinstance(value, (list, tuple)):
            raise wrong("a list")
        parts = [_converted(inner[0], v, f"{key}[{i}]", "") for i, v in enumerate(value)]
        return parts if origin is list else tuple(parts)
    if origin is dict or kind is dict:
        if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
            raise wrong("a mapping")
        part = inner[1] if inner else Any
        return {k: _converted(part, v, f"{key}.{k}", "") for k, v in value.items()}
    if is_dataclass(kind) and isinstance(kind, type):
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise wrong("a mapping of settings")
        return make(kind, value, key + ".")
    return _plain(kind, value, wrong)


def _plain(kind: type, value: Any, wrong: Callable[[str], SettingError]) -> Any:
    if kind is float:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = float(value)
        except (TypeError, ValueError):
            raise wrong(_NAMES[float]) from None
        return number
    if type(value) is not kind:
        raise wrong(_NAMES.get(kind, f"of type {kind.__name__}"))
    return value

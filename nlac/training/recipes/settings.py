"""Settings of models: dataclasses whose fields say what they allow.

    @dataclass(frozen=True, slots=True)
    class TinySettings(ModelSettings):
        width: int = setting(16, "a multiple of 16 from 16 to 320", is_multiple(16, 16, 320))

`TinySettings(width=17)` raises ``width: 17; a multiple of 16 from 16 to 320``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from nlac._errors import UsageError
from nlac.training.config.checks import setting

__all__ = ["ModelSettings", "choice", "multiple", "number", "refused", "setting", "switch"]


def number(default: float, low: float, high: float) -> Any:
    """Field for a number within bounds, both allowed; whole if the default is."""
    return setting(default, f"from {low} to {high}", lambda value: low <= value <= high)


def multiple(default: int, step: int, low: int, high: int) -> Any:
    """Field for a multiple of a step within bounds."""
    allowed = f"a multiple of {step} from {low} to {high}"
    return setting(default, allowed, lambda value: low <= value <= high and value % step == 0)


def choice(default: str, *names: str) -> Any:
    """Field for one of some names."""
    return setting(default, "one of " + ", ".join(names), lambda value: value in names)


def switch(default: bool) -> Any:
    """Field for a truth."""
    return setting(default, "true or false", lambda value: True)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Base of the settings of a model: checks its fields when it is made."""

    def __post_init__(self) -> None:
        for each in fields(self):
            value, kind = getattr(self, each.name), type(each.default)
            allowed, good = each.metadata["allowed"], each.metadata["good"]
            if kind is float and type(value) is int:
                value = float(value)
                object.__setattr__(self, each.name, value)
            if type(value) is not kind or not good(value):
                raise refused(each.name, value, allowed)

    def as_dict(self) -> dict[str, Any]:
        """Values as in a file."""
        return asdict(self)


def refused(name: str, value: object, allowed: str) -> UsageError:
    """Error that names a setting, its value and what is allowed."""
    return UsageError(f"{name}: {value}; {allowed}")

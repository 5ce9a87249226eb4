"""The options of the encoder as keyword arguments of the library's functions."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypedDict, TypeVar

from nlac._arguments import from_keywords
from nlac.codec.encoder.options import (
    Coder,
    Device,
    EncodeOptions,
    OriginSearch,
    PresetName,
    ProfileName,
)

F = TypeVar("F", bound=Callable[..., Any])


class OptionFields(TypedDict, total=False):
    """Types of the keyword arguments that `EncodeOptions` is made of."""

    preset: PresetName
    predictor: str | None
    predictor_options: Mapping[str, object]
    model: str | os.PathLike[str] | None
    device: Device
    coder: Coder
    long_term: bool
    effort: int
    block_seconds: float | Literal["auto"] | None
    profile: ProfileName | None
    entry_seconds: float
    origin: OriginSearch | None
    verify: bool
    threads: int
    memory: int | None


def encode_options(given: Mapping[str, Any]) -> EncodeOptions:
    """Options from keyword arguments.

    Raises
    ------
    UsageError
        There is no such option, or a value does not do.
    """
    return from_keywords(EncodeOptions, given, "option")


def spelled_out(function: F) -> F:
    """Show the options in the signature of a function, where `help` and editors look for them."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    assert parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
    defaults = EncodeOptions()
    shown = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=getattr(defaults, field.name),
            annotation=OptionFields.__annotations__[field.name],
        )
        for field in fields(EncodeOptions)
    ]
    function.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*parameters[:-1], *shown]
    )
    return function

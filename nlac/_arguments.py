"""Numbers and texts that callers give: taken where they are clear, else refused by name."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from nlac._errors import UsageError

T = TypeVar("T")


def from_keywords(kind: type[T], given: Mapping[str, Any], what: str) -> T:
    """Make an instance of a dataclass from keyword arguments.

    Parameters
    ----------
    kind : type
        The dataclass.
    given : mapping
        Names of its fields, and values.
    what : str
        What such an argument is called in a message.

    Raises
    ------
    UsageError
        There is no such argument, or a value does not do.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            raise UsageError(f"no such {what}: {name} (known: {', '.join(known)})")
    return kind(**given)


def whole_number(name: str, value: Any) -> int:
    """A number as int, if it is whole: 48000, ``numpy.int64(48000)`` and 48000.0 are.

    Raises
    ------
    UsageError
        It is no whole number; `name` is told.
    """
    if is_real(value) and value % 1 == 0:
        return int(value)
    raise UsageError(f"{name} {value!r}: a whole number is needed")


def span(start: Any, stop: Any, length: int) -> tuple[int, int]:
    """First frame, and the frame after the last, of `length`, given as in slices.

    Raises
    ------
    UsageError
        One of them is no whole number.
    """
    first = whole_number("start", start)
    last = None if stop is None else whole_number("stop", stop)
    first, last, _step = slice(first, last).indices(length)
    return first, last


def is_real(value: Any) -> bool:
    """Whether something is a number, of Python or of NumPy."""
    return isinstance(value, numbers.Real) and value is not True and value is not False


def is_truth(value: Any) -> bool:
    """Whether something is True or False, of Python or of NumPy."""
    return isinstance(value, bool) or (type(value).__module__ == "numpy" and value.dtype == bool)


def text_fields(tags: Any) -> list[tuple[str, str]]:
    """Names and values of tags, from a mapping or from pairs of name and value.

    A value is a text, or several of them.

    Raises
    ------
    UsageError
        Something else was given; the tag is told.
    """
    wanted = "a mapping of names to texts, or pairs of name and text, is needed"
    if isinstance(tags, Mapping):
        pairs = list(tags.items())
    elif isinstance(tags, (list, tuple)):
        pairs = list(tags)
    else:
        raise UsageError(f"tags of type {type(tags).__name__}: {wanted}")
    fields = []
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise UsageError(f"tags with {pair!r}: {wanted}")
        name, values = pair
        if not isinstance(name, str):
            raise UsageError(f"tag name {name!r}: a text is needed")
        for value in values if isinstance(values, (list, tuple)) else [values]:
            if not isinstance(value, str):
                raise UsageError(
                    f"tag {name}: {value!r} is no text; give str({value!r}) or a list of texts"
                )
            try:
                value.encode()
            except UnicodeEncodeError:
                raise UsageError(f"tag {name}: {value!r} has characters that are no text") from None
            fields.append((name, value))
    return fields

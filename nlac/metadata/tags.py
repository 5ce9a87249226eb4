"""Tags that can be edited: a mapping of names to lists of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence, Sequence
from typing import Any

from nlac._arguments import text_fields
from nlac._errors import UsageError
from nlac.bitstream.items import VENDOR, Tags, tag_name_is_good


class TagValues(MutableSequence[str]):
    """The values of one name, as a list that changes the tags it comes from.

    Parameters
    ----------
    tags : TagEditor
        Where the values are.
    name : str
        Their name.
    """

    def __init__(self, tags: TagEditor, name: str) -> None:
        self._tags = tags
        self._name = name

    def _values(self) -> list[str]:
        return self._tags.values_of(self._name)

    def __len__(self) -> int:
        return len(self._values())

    def __getitem__(self, index: Any) -> Any:
        return self._values()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        values = self._values()
        values[index] = value
        self._tags[self._name] = values

    def __delitem__(self, index: Any) -> None:
        values = self._values()
        del values[index]
        self._tags[self._name] = values

    def insert(self, index: int, value: str) -> None:
        """Insert a value before an index."""
        values = self._values()
        values.insert(index, value)
        self._tags[self._name] = values

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sequence) and not isinstance(other, str):
            return self._values() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._values())


class TagEditor(MutableMapping[str, MutableSequence[str]]):
    """Vorbis comments as a mapping of names to lists of values.

    The case of a name does not matter; names are given out in capitals. Order and spelling of what
    is not changed stay as they are. A text as a value stands for a list of one; to set an empty
    list removes the name.

    Parameters
    ----------
    comments : iterable of (str, str)
        Names and values in order.
    vendor : str
        Text of the vendor.

    Examples
    --------
    >>> tags = TagEditor([("Artist", "one")])
    >>> tags["ARTIST"].append("two")
    >>> tags["title"] = "Night train"
    >>> tags
    {'ARTIST': ['one', 'two'], 'TITLE': ['Night train']}
    """

    def __init__(self, comments: Iterable[tuple[str, str]] = (), vendor: str = VENDOR) -> None:
        self.vendor = vendor
        self._comments = list(comments)

    @classmethod
    def of(cls, tags: Tags) -> TagEditor:
        """Make an editor of parsed tags."""
        return cls(tags.comments, tags.vendor)

    @property
    def comments(self) -> tuple[tuple[str, str], ...]:
        """Names, as they are spelled, and values in order."""
        return tuple(self._comments)

    def to_tags(self) -> Tags:
        """Return the tags as they are now."""
        return Tags(self.vendor, self.comments)

    def values_of(self, name: str) -> list[str]:
        """Values of a name in order; none if it does not occur."""
        key = name.upper()
        return [value for other, value in self._comments if other.upper() == key]

    def add(self, name: str, value: str) -> None:
        """Append a value to those of a name.

        Raises
        ------
        UsageError
            The name is not allowed, or the value is no text.
        """
        self._comments += _checked(name, [value])

    def remove_value(self, name: str, value: str) -> bool:
        """Remove every occurrence of one value of a name; tell whether there was any."""
        key, before = name.upper(), len(self._comments)
        self._comments = [
            each for each in self._comments if each[0].upper() != key or each[1] != value
        ]
        return len(self._comments) != before

    def clear(self) -> None:
        """Remove all."""
        self._comments.clear()

    def __getitem__(self, name: str) -> TagValues:
        if name not in self:
            raise KeyError(name)
        return TagValues(self, name)

    def __setitem__(self, name: str, value: str | Iterable[str]) -> None:
        new = _checked(name, [value] if isinstance(value, str) else list(value))
        key = name.upper()
        places = [at for at, (other, _) in enumerate(self._comments) if other.upper() == key]
        # values stay at their places; more of them follow the last, fewer leave the last ones
        for at, comment in zip(places, new, strict=False):
            self._comments[at] = comment
        if len(new) > len(places):
            end = places[-1] + 1 if places else len(self._comments)
            self._comments[end:end] = new[len(places) :]
        for at in reversed(places[len(new) :]):
            del self._comments[at]

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self[name] = []

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.upper() for name, _ in self._comments))

    def __len__(self) -> int:
        return len({name.upper() for name, _ in self._comments})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(n.upper() == name.upper() for n, _ in self._comments)

    def __repr__(self) -> str:
        return repr(self.to_tags().to_mapping())


def _checked(name: Any, values: list[Any]) -> list[tuple[str, str]]:
    fields = text_fields([(name, values)])
    if not tag_name_is_good(name):
        raise UsageError(f"tag name {name!r} is not printable ASCII without '='")
    return fields

"""Content of the common metadata items (spec 6.2): tags, pictures, recipe."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nlac._arguments import text_fields
from nlac._errors import CorruptStream, UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem

VENDOR = "nlac"


@dataclass(frozen=True, slots=True)
class Tags:
    """Vorbis comments (spec 6.4): a vendor, and ``(name, value)`` pairs in order.

    A name is printable ASCII without ``=``. Case does not matter, and a name may occur several
    times. A value is any text.
    """

    vendor: str = VENDOR
    comments: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_mapping(
        cls, tags: Mapping[str, str | Sequence[str]] | Sequence[tuple[str, str]]
    ) -> Tags:
        """Make tags from a mapping, as ``{"ARTIST": "one", "GENRE": ["two", "three"]}``, or pairs.

        Raises
        ------
        UsageError
            A name or value is not text.
        """
        return cls(comments=tuple(text_fields(tags)))

    def to_mapping(self) -> dict[str, list[str]]:
        """Values keyed by name in capitals, in order of first occurrence."""
        values: dict[str, list[str]] = {}
        for name, value in self.comments:
            values.setdefault(name.upper(), []).append(value)
        return values

    def to_item(self) -> MetadataItem:
        """Return the metadata item.

        Raises
        ------
        UsageError
            A name has a character that is not allowed.
        """
        parts = [_text(self.vendor), struct.pack("<I", len(self.comments))]
        for name, value in self.comments:
            if not tag_name_is_good(name):
                raise UsageError(f"tag name {name!r} is not printable ASCII without '='")
            parts.append(_text(f"{name}={value}"))
        return MetadataItem(c.ITEM_TAGS, b"".join(parts))

    @classmethod
    def from_item(cls, item: MetadataItem) -> Tags:
        """Parse the tags of an item.

        Raises
        ------
        CorruptStream
            A length or a text is invalid.
        """
        fields = _Fields(item, "<")
        vendor = fields.text()
        comments = []
        for _ in range(fields.count(minimum_bytes=4)):
            name, equals, value = fields.text().partition("=")
            if not equals or not tag_name_is_good(name):
                raise CorruptStream("comment without a valid name", path="metadata.tags")
            comments.append((name, value))
        fields.end()
        return cls(vendor, tuple(comments))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture (spec 6.5), laid out as in the picture block of FLAC (big-endian).

    Attributes
    ----------
    picture_type : int
        As in ID3v2 APIC: 3 is the front cover.
    media_type : str
        ASCII, for example ``image/png``.
    description : str
        Any text.
    width, height, depth_bits, colors : int
        Width and height in pixels, bits a pixel, colours of the palette (0 for none).
    data : bytes
        The picture file, byte for byte.
    """

    picture_type: int
    media_type: str
    description: str
    width: int
    height: int
    depth_bits: int
    colors: int
    data: bytes

    def to_item(self) -> MetadataItem:
        """Return the metadata item."""
        media_type = self.media_type.encode("ascii")
        description = self.description.encode()
        sizes = (self.width, self.height, self.depth_bits, self.colors, len(self.data))
        return MetadataItem(
            c.ITEM_PICTURE,
            b"".join(
                (
                    struct.pack(">II", self.picture_type, len(media_type)),
                    media_type,
                    struct.pack(">I", len(description)),
                    description,
                    struct.pack(">5I", *sizes),
                    self.data,
                )
            ),
        )

    @classmethod
    def from_item(cls, item: MetadataItem) -> Picture:
        """Parse the picture of an item.

        Raises
        ------
        CorruptStream
            A length or a text is invalid.
        """
        fields = _Fields(item, ">")
        picture_type = fields.number()
        media_type = fields.text()
        description = fields.text()
        width, height, depth_bits, colors = (fields.number() for _ in range(4))
        data = fields.take(fields.number())
        fields.end()
        return cls(picture_type, media_type, description, width, height, depth_bits, colors, data)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to restore the original file: head, packed samples, tail (spec 6.3).

    Attributes
    ----------
    container : str
        Name of the container in ASCII; it determines the extension of the file.
    packing : bytes
        How samples are packed in the container (spec 6.3.2).
    head_length : int
        Total bytes of the foreign-head items.
    """

    container: str
    packing: bytes
    head_length: int

    def to_item(self) -> MetadataItem:
        """Return the metadata item."""
        name = self.container.encode("ascii")
        return MetadataItem(
            c.ITEM_RECIPE,
            struct.pack("<IB", self.head_length, len(name)) + name + self.packing,
        )

    @classmethod
    def from_item(cls, item: MetadataItem) -> Recipe:
        """Parse the recipe of an item.

        Raises
        ------
        CorruptStream
            A length or a text is invalid.
        """
        fields = _Fields(item, "<")
        head_length = fields.number()
        name = fields.take(fields.take(1)[0])
        try:
            container = name.decode("ascii")
        except UnicodeDecodeError as error:
            raise CorruptStream("container is not ASCII", path="metadata.recipe") from error
        return cls(container, fields.rest(), head_length)


def first_of(items: Iterable[MetadataItem], item_type: int) -> MetadataItem | None:
    """The first item of a type, or None."""
    return next((item for item in items if item.item_type == item_type), None)


def accept_embedded(stream: StreamHeader, items: Iterable[MetadataItem]) -> None:
    """Register the model that is embedded in a stream, if the stream needs it.

    Raises
    ------
    CorruptStream
        The model is not known yet, and the embedded item is not a valid model.
    """
    if stream.model_hash and (data := joined(items, c.ITEM_MODEL)):
        from nlac.predictors.networks.models import accept_model

        accept_model(stream.model_hash, data)


def joined(items: Iterable[MetadataItem], item_type: int) -> bytes:
    """Concatenated content of all items of a type."""
    return b"".join(item.data for item in items if item.item_type == item_type)


class _Fields:
    """Reads the fields of an item in order. Every length is checked before it is used."""

    def __init__(self, item: MetadataItem, byte_order: str) -> None:
        self._data = item.data
        self._path = f"metadata.{item.name}"
        self._number = struct.Struct(byte_order + "I")
        self._position = 0

    def take(self, length: int) -> bytes:
        if length > len(self._data) - self._position:
            raise CorruptStream("a field exceeds the item", path=self._path)
        self._position += length
        return self._data[self._position - length : self._position]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._position)

    def number(self) -> int:
        (value,) = self._number.unpack(self.take(4))
        return int(value)

    def count(self, minimum_bytes: int) -> int:
        """A count of entries that take at least `minimum_bytes` bytes each."""
        count = self.number()
        if count * minimum_bytes > len(self._data) - self._position:
            raise CorruptStream("a field exceeds the item", path=self._path)
        return count

    def text(self) -> str:
        try:
            return self.take(self.number()).decode()
        except UnicodeDecodeError as error:
            raise CorruptStream("text is not UTF-8", path=self._path) from error

    def end(self) -> None:
        if self._position != len(self._data):
            raise CorruptStream("bytes follow the last field", path=self._path)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def tag_name_is_good(name: str) -> bool:
    """Whether a name is one that a tag may have (spec 6.4)."""
    return bool(name) and all(" " <= char <= "}" and char != "=" for char in name)

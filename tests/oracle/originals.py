"""Original files and their names, after sections 6.3, 6.7 and 6.10 of format_spec.md.

Written from the specification alone, to be compared with other decoders. Slow and plain.
"""

from typing import NamedTuple

from oracle.container import (
    EXTENSION,
    FOREIGN_HEAD,
    FOREIGN_TAIL,
    MAX_EXTENSION_BYTES,
    RECIPE,
    Header,
    Item,
    Reader,
    require,
)


class Recipe(NamedTuple):
    """Section 6.3."""

    head_length: int
    width: int
    big_endian: bool
    offset_binary: bool
    shift: int


def read_recipe(content: bytes, header: Header) -> Recipe:
    """Section 6.3."""
    reader = Reader(content)
    head_length = reader.unsigned(4)
    require(reader.raw(reader.unsigned(1)).isascii(), "recipe: name of the container")
    width, flags, shift = reader.unsigned(1), reader.unsigned(1), reader.unsigned(1)
    require(reader.left() == 0, "recipe: bytes behind it")
    require(1 <= width <= 4 and flags < 8 and shift < 8 * width, "recipe: packing")
    require(8 * width - shift == header.bits_per_sample, "recipe: width and shift")
    require(bool(flags & 4) == header.is_float, "recipe: float")
    require(not flags & 4 or not (flags & 2 or shift), "recipe: float packing")
    return Recipe(head_length, width, bool(flags & 1), bool(flags & 2), shift)


def restore_original(items: list[Item], header: Header, channels: list[list[int]]) -> bytes | None:
    """Section 6.3: the original file, or None where there is no recipe."""
    recipes = [item.content for item in items if item.type == RECIPE]
    if not recipes:
        return None
    reader = Reader(recipes[0])
    head_length = reader.unsigned(4)
    require(reader.raw(reader.unsigned(1)).isascii(), "recipe: name of the container")
    head, tail = (
        b"".join(item.content for item in items if item.type == kind)
        for kind in (FOREIGN_HEAD, FOREIGN_TAIL)
    )
    if reader.unsigned(1) == 0:
        from oracle.flac import pack_frames

        require(len(head) == head_length, "recipe: length of the head")
        require(not header.is_float and header.channels <= 8, "recipe: coded frames")
        return head + pack_frames(reader, items, header.bits_per_sample, channels) + tail
    recipe = read_recipe(recipes[0], header)
    require(len(head) == recipe.head_length, "recipe: length of the head")
    size, order = 8 * recipe.width, "big" if recipe.big_endian else "little"
    bias = 1 << (size - 1) if recipe.offset_binary else 0
    packed = [
        (((sample << recipe.shift) + bias) % (1 << size)).to_bytes(recipe.width, order)
        for frame in zip(*channels, strict=True)
        for sample in frame
    ]
    return b"".join([head, *packed, tail])


def original_extension(items: list[Item], container: str) -> str:
    """Section 6.7: the extension of the original file's name; items are those before the blocks."""
    usual = "wav" if container in ("rf64", "bw64") else container
    found = [item.content for item in items if item.type == EXTENSION]
    if not found or len(found[0]) > MAX_EXTENSION_BYTES:
        return usual
    try:
        text = found[0].decode("utf-8")
    except UnicodeDecodeError:
        return usual
    for character in text:
        code = ord(character)
        if character in './\\:*?"<>|' or code < 0x20 or 0x7F <= code <= 0x9F:
            return usual
    return usual if text.startswith(" ") or text.endswith(" ") else text

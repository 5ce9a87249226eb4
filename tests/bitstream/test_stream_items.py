"""Metadata items come back from their bytes, and every field is checked."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.items import Picture, Recipe, Tags
from nlac.bitstream.metadata import (
    MetadataItem,
    parse_item,
    parse_item_header,
    split_item,
    write_item,
)


@given(st.integers(0, 255), st.binary(max_size=300))
def test_item_comes_back(item_type, content):
    item = MetadataItem(item_type, content)
    data = write_item(item, 77)
    head = data[: c.METADATA_HEADER_BYTES]
    header = parse_item_header(head, 77)
    assert header.num_bytes == len(data)
    assert parse_item(header, head, data[len(head) : -4], data[-4:]) == item


def test_item_is_deflated_only_if_smaller():
    plain = write_item(MetadataItem(200, b"ab"), 0)
    packed = write_item(MetadataItem(200, b"ab" * 500), 0)
    assert plain[5] == 0
    assert packed[5] == c.METADATA_FLAG_DEFLATED
    assert len(packed) < 100


def _item_bytes(item_type: int, flags: int, stored: bytes, length: int) -> tuple[bytes, bytes]:
    body = struct.pack("<4sBBII", c.METADATA_TAG, item_type, flags, len(stored), length)
    return body + crc_bytes(crc32(body)), crc_bytes(crc32(stored, crc32(body)))


@pytest.mark.parametrize(
    ("flags", "stored", "length"),
    [(2, b"abc", 3), (0, b"abc", 4), (1, b"abcd", 3), (0, b"", 2**24 + 1), (1, b"", 2**24 + 1)],
)
def test_item_header_out_of_bounds(flags, stored, length):
    head, _crc = _item_bytes(0, flags, stored, length)
    with pytest.raises(CorruptStream, match="out of bounds"):
        parse_item_header(head, 0)


def test_item_that_inflates_to_another_length():
    packed = write_item(MetadataItem(4, bytes(5000)), 0)[18:-4]
    for length in (4999, 5001, 2**24):
        head, crc = _item_bytes(0, 1, packed, length)
        with pytest.raises(CorruptStream, match="inflate"):
            parse_item(parse_item_header(head, 0), head, packed, crc)
    for stored in (packed + b"x", packed[:-1], b"\xff" * 9):
        head, crc = _item_bytes(0, 1, stored, 5000)
        with pytest.raises(CorruptStream, match="inflate"):
            parse_item(parse_item_header(head, 0), head, stored, crc)


def test_split_item_keeps_the_order():
    data = bytes(range(256)) * 9000
    items = split_item(17, data)
    assert [len(item.data) for item in items] == [2**20, 2**20, len(data) - 2**21]
    assert b"".join(item.data for item in items) == data
    assert split_item(17, b"") == []


tag_names = st.text(st.characters(min_codepoint=32, max_codepoint=125), min_size=1).filter(
    lambda name: "=" not in name
)
texts = st.text(st.characters(exclude_categories=("Cs",)))


@given(texts, st.lists(st.tuples(tag_names, texts)))
def test_tags_come_back(vendor, comments):
    tags = Tags(vendor, tuple(comments))
    assert Tags.from_item(tags.to_item()) == tags


def test_tags_are_laid_out_as_vorbis_comments():
    item = Tags("v", (("A", "1"),)).to_item()
    assert item.data == b"\x01\0\0\0v" + b"\x01\0\0\0" + b"\x03\0\0\0A=1"


def test_tags_as_a_mapping():
    tags = Tags.from_mapping({"artist": ["one", "two"], "Title": "three"})
    assert tags.comments == (("artist", "one"), ("artist", "two"), ("Title", "three"))
    assert tags.to_mapping() == {"ARTIST": ["one", "two"], "TITLE": ["three"]}


@pytest.mark.parametrize("name", ["", "a=b", "ä", "a\n"])
def test_tag_names_that_are_refused(name):
    with pytest.raises(UsageError):
        Tags(comments=((name, "x"),)).to_item()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\0\0\0abc",
        b"\0\0\0\0\xff\xff\xff\xff",
        b"\0\0\0\0\x01\0\0\0\x01\0\0\0A",
        b"\0\0\0\0\x01\0\0\0\x02\0\0\0=A",
        b"\x01\0\0\0\xff\0\0\0\0",
        b"\0\0\0\0\0\0\0\0x",
    ],
)
def test_bad_tags(data):
    with pytest.raises(CorruptStream):
        Tags.from_item(MetadataItem(c.ITEM_TAGS, data))


def test_picture_is_laid_out_as_in_flac():
    picture = Picture(3, "image/png", "Hülle", 64, 32, 24, 0, b"\x89PNG")
    item = picture.to_item()
    text = "Hülle".encode()
    assert item.data == (
        struct.pack(">II", 3, 9)
        + b"image/png"
        + struct.pack(">I", len(text))
        + text
        + struct.pack(">5I", 64, 32, 24, 0, 4)
        + b"\x89PNG"
    )
    assert Picture.from_item(item) == picture
    for length in range(len(item.data)):
        with pytest.raises(CorruptStream):
            Picture.from_item(MetadataItem(c.ITEM_PICTURE, item.data[:length]))


def test_recipe_comes_back():
    recipe = Recipe("wav", b"\2\0\0", 44)
    assert Recipe.from_item(recipe.to_item()) == recipe
    for data in (b"", b"\0\0\0\0\5wav", b"\0\0\0\0\1\xff"):
        with pytest.raises(CorruptStream):
            Recipe.from_item(MetadataItem(c.ITEM_RECIPE, data))

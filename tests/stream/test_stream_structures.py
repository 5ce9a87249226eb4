"""Every structure comes back from its bytes, and every field is checked."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import (
    BadMagic,
    ChecksumMismatch,
    CorruptStream,
    TruncatedStream,
    UnsupportedVersion,
    UsageError,
)
from nlac.bitstream import constants as c
from nlac.bitstream.block import (
    BlockHeader,
    parse_block_header,
    payload_is_intact,
    write_block,
    write_block_header,
)
from nlac.bitstream.crc import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, header_num_bytes, parse_header, write_header
from nlac.bitstream.items import Picture, Recipe, Tags
from nlac.bitstream.metadata import (
    MetadataItem,
    parse_item,
    parse_item_header,
    split_item,
    write_item,
)
from nlac.bitstream.trailer import (
    IndexEntry,
    Trailer,
    parse_trailer,
    trailer_num_bytes_from_end,
    write_trailer,
)
from nlac.bitstream.varint import read_varint, varint_num_bytes, write_varint

HEADER = StreamHeader(
    sample_rate=44100,
    channels=2,
    bits_per_sample=16,
    is_float=False,
    channel_mask=3,
    num_frames=1000,
    block_length=400,
    predictor_id=1,
    predictor_parameters=b"abc",
    coder_id=0,
    model_hash=bytes(range(32)),
)

headers = st.builds(
    StreamHeader,
    sample_rate=st.integers(1, 2**32 - 1),
    channels=st.integers(1, 255),
    bits_per_sample=st.integers(1, 32),
    is_float=st.just(False),
    channel_mask=st.integers(0, 2**32 - 1),
    num_frames=st.none() | st.integers(0, 2**63 - 1),
    block_length=st.integers(1, 2**26 // 255),
    predictor_id=st.integers(0, 2**16 - 1),
    predictor_parameters=st.binary(max_size=4096),
    coder_id=st.integers(0, 2),
    model_hash=st.just(b"") | st.binary(min_size=32, max_size=32),
)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3))
def test_varint_comes_back(value, before):
    data = write_varint(value)
    assert read_varint(before + data, len(before)) == (value, len(before) + len(data))
    assert len(data) == varint_num_bytes(value)


@pytest.mark.parametrize("data", [b"\x80\x00", b"\xff" * 9 + b"\x02", b"\xff" * 11])
def test_varint_has_one_form(data):
    with pytest.raises(CorruptStream):
        read_varint(data, 0)


def test_varint_that_ends_early():
    with pytest.raises(TruncatedStream):
        read_varint(b"\x80\x80", 0)


def test_crc_is_the_common_one():
    assert crc32(b"123456789") == crc32(b"89", crc32(b"1234567")) == 0xCBF43926
    assert crc_bytes(0xCBF43926) == b"\x26\x39\xf4\xcb"


@given(headers)
def test_header_comes_back(header):
    data = write_header(header)
    assert len(data) == header.num_bytes == header_num_bytes(data[: c.HEADER_FIXED_BYTES])
    assert parse_header(data + b"more") == header
    assert header.checksum == crc32(data[: -c.CRC_BYTES])


def test_float_header_comes_back():
    header = dataclasses.replace(HEADER, bits_per_sample=32, is_float=True)
    assert parse_header(write_header(header)) == header


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("channels", 0),
        ("bits_per_sample", 0),
        ("bits_per_sample", 33),
        ("is_float", True),
        ("num_frames", 2**63),
        ("block_length", 0),
        ("block_length", 2**25 + 1),
        ("predictor_parameters", bytes(4097)),
        ("coder_id", 3),
        ("model_hash", b"short"),
    ],
)
def test_header_fields_out_of_bounds(field, value):
    with pytest.raises(CorruptStream, match="not allowed"):
        write_header(dataclasses.replace(HEADER, **{field: value}))


@pytest.mark.parametrize(
    ("offset", "code", "value"),
    [
        (5, "B", 2),
        (6, "B", 0),
        (6, "B", 33),
        (7, "B", 0),
        (8, "I", 0),
        (16, "Q", 2**63),
        (24, "I", 0),
        (24, "I", 2**25 + 1),
        (30, "B", 3),
    ],
)
def test_header_fields_out_of_bounds_with_a_right_crc(offset, code, value):
    data = bytearray(write_header(HEADER)[: -c.CRC_BYTES])
    struct.pack_into("<" + code, data, offset, value)
    with pytest.raises(CorruptStream, match="not allowed") as caught:
        parse_header(bytes(data) + crc_bytes(crc32(bytes(data))))
    assert not isinstance(caught.value, ChecksumMismatch)
    assert caught.value.path.startswith("header.")


def test_header_bytes_changed_in_turn():
    data = write_header(HEADER)
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 1
        kind = BadMagic if i < 4 else UnsupportedVersion if i == 4 else CorruptStream
        with pytest.raises(kind):
            parse_header(bytes(bad))


def test_header_cut_short():
    data = write_header(HEADER)
    for length in range(len(data)):
        with pytest.raises((BadMagic, TruncatedStream)):
            parse_header(data[:length])


BLOCK = BlockHeader(block_index=1, first_frame=400, num_frames=300, payload_length=5)


def test_block_comes_back():
    data = write_block(BLOCK, b"12345", HEADER)
    assert len(data) == BLOCK.num_bytes
    assert parse_block_header(data, HEADER, HEADER.checksum) == BLOCK
    assert payload_is_intact(data[: c.BLOCK_HEADER_BYTES], b"12345", data[-4:])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("block_index", 2**20),
        ("block_index", 401),
        ("first_frame", 401),
        ("first_frame", 0),
        ("num_frames", 0),
        ("num_frames", 401),
        ("payload_length", 8 * 300 * 2 + 65537),
    ],
)
def test_block_fields_out_of_bounds(field, value):
    with pytest.raises(CorruptStream, match="not allowed"):
        write_block_header(dataclasses.replace(BLOCK, **{field: value}), HEADER)


def test_block_beyond_the_streams_frames():
    with pytest.raises(CorruptStream, match="first_frame"):
        write_block_header(BlockHeader(2, 700, 301, 5), HEADER)


def test_block_bytes_changed_in_turn():
    data = write_block(BLOCK, b"12345", HEADER)
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 0x10
        head, payload, crc = bytes(bad[:28]), bytes(bad[28:-4]), bytes(bad[-4:])
        if i < 28:
            with pytest.raises(CorruptStream):
                parse_block_header(head, HEADER, HEADER.checksum)
        else:
            assert not payload_is_intact(head, payload, crc)


def test_block_of_another_stream_is_refused():
    other = dataclasses.replace(HEADER, sample_rate=48000)
    with pytest.raises(ChecksumMismatch):
        parse_block_header(write_block(BLOCK, b"12345", other), HEADER, HEADER.checksum)


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
    with pytest.raises(CorruptStream, match="not allowed"):
        parse_item_header(head, 0)


def test_item_that_inflates_to_another_length():
    packed = write_item(MetadataItem(0, bytes(5000)), 0)[18:-4]
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


TRAILER = Trailer(
    header=HEADER,
    num_frames=1000,
    first_block_offset=HEADER.num_bytes,
    index=(IndexEntry(500, 400), IndexEntry(32, 400), IndexEntry(2**32 + 31, 200)),
    pcm_md5=bytes(range(16)),
    original_md5=bytes(range(16, 32)),
    original_length=2**40,
)


def test_trailer_comes_back():
    for trailer in (
        TRAILER,
        dataclasses.replace(TRAILER, original_md5=None, original_length=0),
        dataclasses.replace(
            TRAILER,
            header=dataclasses.replace(HEADER, num_frames=None),
            index=(),
            num_frames=0,
        ),
    ):
        data = write_trailer(trailer)
        assert parse_trailer(data) == trailer
        assert trailer_num_bytes_from_end(data[-12:]) == len(data) == trailer.num_bytes


@pytest.mark.parametrize(
    "changes",
    [
        {"num_frames": 999},
        {"first_block_offset": 0},
        {"index": (IndexEntry(31, 400), IndexEntry(32, 400), IndexEntry(40, 200))},
        {"index": (IndexEntry(50, 401), IndexEntry(32, 399), IndexEntry(40, 200))},
        {"original_md5": None},
        {"num_frames": 400, "index": (IndexEntry(50, 400),)},
    ],
)
def test_trailer_fields_that_contradict(changes):
    with pytest.raises(CorruptStream, match="not allowed"):
        write_trailer(dataclasses.replace(TRAILER, **changes))


def test_trailer_bytes_changed_in_turn():
    data = write_trailer(TRAILER)
    for i in range(len(data)):
        bad = bytearray(data)
        bad[i] ^= 4
        with pytest.raises(CorruptStream):
            parse_trailer(bytes(bad))


@pytest.mark.parametrize(
    ("offset", "code", "value"),
    [(4, "I", 1), (24, "I", 2**20 + 1), (24, "I", 2), (28, "B", 3), (69, "H", 1)],
)
def test_trailer_lengths_that_contradict_with_a_right_crc(offset, code, value):
    data = bytearray(write_trailer(TRAILER))
    struct.pack_into("<" + code, data, offset, value)
    data[-8:-4] = crc_bytes(crc32(bytes(data[:-8])))
    with pytest.raises(CorruptStream):
        parse_trailer(bytes(data))

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
)
from nlac.bitstream import constants as c
from nlac.bitstream.block import (
    BlockHeader,
    parse_block_header,
    payload_is_intact,
    write_block,
    write_block_header,
)
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, header_num_bytes, parse_header, write_header
from nlac.bitstream.index import IndexEntry
from nlac.bitstream.trailer import (
    Trailer,
    parse_trailer,
    trailer_num_bytes_from_end,
    write_trailer,
)
from nlac.entropy.varint import read_varint, varint_num_bytes, write_varint

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
    with pytest.raises(CorruptStream, match="out of bounds"):
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
    with pytest.raises(CorruptStream, match="out of bounds") as caught:
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
    with pytest.raises(CorruptStream, match="out of bounds"):
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
    with pytest.raises(CorruptStream, match="out of bounds"):
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

"""Recovery of streams whose beginning is missing or preceded by others; bounded searches."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from stream_tools import BLOCK, RATE

import nlac
from nlac._errors import FormatError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, parse_header, write_header

GARBAGE = b"RIFF" + bytes(range(256)) + c.MAGIC + b"\1" + c.BLOCK_SYNC + bytes(40)


def recovered(data: bytes):
    out = io.BytesIO()
    result = nlac.decode(data, out, container="raw", recover=True, threads=1)
    back = np.frombuffer(out.getvalue(), "<i2").reshape(-1, 2)
    assert len(back) == result.frames
    return result, back


def blocks_of(stream: bytes) -> list[int]:
    return [i for i in range(len(stream)) if stream.startswith(c.BLOCK_SYNC, i)]


def check(stream: bytes, samples: np.ndarray, data: bytes, missing: int) -> None:
    """Everything comes back but for the blocks of which bytes are among the first `missing`."""
    lost = sum(start < missing for start in blocks_of(stream)) * BLOCK
    result, back = recovered(data)
    assert [(each.start, each.stop) for each in result.lost] == ([(0, lost)] if lost else [])
    assert result.problems
    np.testing.assert_array_equal(back[lost:], samples[lost:])
    assert not back[:lost].any()


def test_any_part_of_the_beginning_is_missing(stream, samples):
    for cut in range(1, blocks_of(stream)[3] + 1):
        check(stream, samples, stream[cut:], cut)
    assert "1 bytes of the stream's beginning are missing" in recovered(stream[1:])[0].problems


@pytest.mark.parametrize("foreign_tail", [True, False])
def test_the_beginning_is_missing_and_headers_are_destroyed(wav, samples, foreign_tail):
    out = io.BytesIO()
    nlac.encode(wav, out, strip_chunks=not foreign_tail, block_seconds=BLOCK / RATE)
    stream = out.getvalue()
    starts = blocks_of(stream)
    for destroyed in range(len(starts)):
        data = bytearray(stream)
        data[starts[destroyed] : starts[destroyed] + c.BLOCK_HEADER_BYTES] = bytes(
            c.BLOCK_HEADER_BYTES
        )
        check(stream, samples, bytes(data[1:]), 1)
        check(stream, samples, GARBAGE + data, 0)
        # and elsewhere something has been put in or taken out
        for start in starts[:destroyed]:
            for moved in (data[:start] + b"?" * 9 + data[start:], data[: start - 1] + data[start:]):
                result, back = recovered(bytes(moved))
                kept = np.ones(len(samples), bool)
                for lost in result.lost:
                    kept[lost.start : lost.stop] = False
                np.testing.assert_array_equal(back[kept], samples[kept])
                assert (~kept).sum() <= BLOCK


def test_garbage_before_and_behind(stream, wav, samples):
    for before, behind in ((GARBAGE, b""), (GARBAGE, b"tag"), (b"n", c.TRAILER_TAG * 50)):
        out = io.BytesIO()
        result = nlac.decode(before + stream + behind, out, recover=True)
        assert out.getvalue() == wav
        assert result.restored
        assert f"the stream begins at byte {len(before)}" in result.problems
        assert not any("are damaged" in problem for problem in result.problems)


def test_places_are_those_in_the_file(stream):
    start = blocks_of(stream)[0]
    data = bytearray(GARBAGE + stream)
    data[len(GARBAGE) + start + 40] ^= 1
    result, _back = recovered(bytes(data))
    stop = blocks_of(stream)[1]
    first, last = len(GARBAGE) + start, len(GARBAGE) + stop - 1
    assert f"bytes {first} to {last} are damaged" in result.problems
    for cut in (1, 30):
        result, _back = recovered(bytes(data[len(GARBAGE) + cut :]))
        assert f"bytes {start - cut} to {stop - 1 - cut} are damaged" in result.problems


def test_only_header_or_trailer_are_left_behind_garbage(stream, samples):
    header = parse_header(stream)
    trailer = stream.rindex(c.TRAILER_TAG)
    start = len(write_header(header))
    # the end is missing, and something stands before
    result, back = recovered(GARBAGE + stream[: trailer + 20])
    np.testing.assert_array_equal(back, samples)
    assert not result.lost
    # the header is destroyed, and something was appended
    result, back = recovered(bytes(start) + stream[start:] + b"more")
    np.testing.assert_array_equal(back, samples)
    # nothing is left but the trailer's copy of the header
    result, back = recovered(bytes(start) + stream[start:-20])
    np.testing.assert_array_equal(back, samples)
    with pytest.raises(FormatError):
        recovered(bytes(start) + stream[start:trailer])


class Counting(io.BytesIO):
    """Counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def false_items(count: int, crc: int) -> bytes:
    """Metadata items that each claim all the rest, with header CRCs that are right."""
    heads = []
    for i in range(count):
        length = min(c.MAX_ITEM_BYTES, 18 * (count - i))
        body = c.METADATA_TAG + struct.pack("<BBII", 200, 0, length, length)
        heads.append(body + crc_bytes(crc32(body, crc)))
    return b"".join(heads)


def false_trailers(count: int, crc: int) -> bytes:
    heads = []
    for i in range(count):
        length = 71 * (count - i)
        blocks = max(0, length - 83) // 5
        heads.append(c.TRAILER_TAG + struct.pack("<IQQIB16x16xQH", length, 0, 0, blocks, 0, 0, 0))
    return b"".join(heads)


def false_blocks(count: int, crc: int) -> bytes:
    heads = []
    for i in range(count):
        body = c.BLOCK_SYNC + struct.pack("<IQII", 0, 0, 2**20, 28 * (count - i) - 14)
        heads.append(body + crc_bytes(crc32(body, crc)))
    return b"".join(heads)


@pytest.mark.parametrize("false", [false_items, false_trailers, false_blocks])
def test_searches_are_linear(monkeypatch, false):
    from nlac.bitstream import location as stream_location
    from nlac.bitstream import scan as scan

    for module in (stream_location, scan):
        monkeypatch.setattr(module, "_SPARE_SEARCH_BYTES", 1 << 16)
    header = StreamHeader(RATE, 1, 16, False, 0, None, 2**20, 1)
    data = write_header(header) + false(2**14, header.checksum) + bytes(100)
    for stream in (data, b"?" + data, data + data):
        file = Counting(stream)
        nlac.decode(file, None, recover=True)
        assert file.count < 12 * len(stream) + 2**21

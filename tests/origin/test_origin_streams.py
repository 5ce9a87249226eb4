"""Streams with origin blocks: parts of them, pipes, damage, repair."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
from lossy_signals import random_granules
from numpy.typing import NDArray
from origin_blocks import EncodeRows, Part, granules_of, origin_stream, within_the_rails, writer

import nlac
from nlac._errors import CorruptStream, NlacError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import parse_header
from nlac.predictors.origin.head import Section

FRAMES, BLOCKS = 1700, 4


def walk(seed: int, frames: int) -> NDArray[np.int32]:
    steps = np.random.default_rng(seed).integers(-99, 100, (2, frames))
    return np.cumsum(steps, axis=1).astype(np.int32)


@pytest.fixture(scope="module", params=["lpc", "cascade"])
def stream(request) -> tuple[bytes, NDArray[np.int16]]:
    """Four blocks, the third without granules, and their samples."""
    blocks = []
    for number in range(BLOCKS):
        section = Section(FRAMES if number == 1 else 1300, 500 * number)
        granules = random_granules(number, granules_of(section), 2, 6)
        missed = np.zeros((2, section.frames), np.int32)
        part, samples = within_the_rails(Part(section, granules, missed), 6, 16)
        parts = [part]
        if number != 1:
            parts.append(Part(Section(FRAMES - section.frames)))
            samples = np.concatenate([samples, walk(number, FRAMES - section.frames)], axis=1)
        blocks.append((parts, walk(9, FRAMES) if number == 2 else samples))
    rows = np.concatenate([samples for _, samples in blocks], axis=1)

    def write_block(channels: NDArray[np.int32], encode: EncodeRows) -> bytes:
        parts, samples = blocks.pop(0)
        if len(blocks) == 1:
            return encode(channels, b"")
        return writer(parts, samples, 6, 16)(channels, encode)

    data = origin_stream(
        rows.T, 16, write_block, predictor=request.param, block_seconds=FRAMES / 8000, threads=1
    )
    return data, rows.T.astype(np.int16)


def places(data: bytes) -> list[int]:
    """Where the payloads of the blocks begin."""
    found, at = [], data.find(c.BLOCK_SYNC)
    while at >= 0:
        found.append(at + c.BLOCK_HEADER_BYTES)
        at = data.find(c.BLOCK_SYNC, at + 4)
    return found


def test_parts_are_decoded_alone(stream):
    data, samples = stream
    assert len(places(data)) == BLOCKS
    for threads in (1, 2):
        np.testing.assert_array_equal(nlac.read(data, threads=threads)[0], samples)
    end = len(samples)
    for start, stop in ((0, 1), (1299, 1301), (1690, 1710), (2000, 5300), (end - 1, end)):
        np.testing.assert_array_equal(nlac.read(data, start, stop)[0], samples[start:stop])
    with nlac.open(io.BytesIO(data)) as file:
        for start in (5200, 100, 3390):
            file.seek(start)
            np.testing.assert_array_equal(file.read(30), samples[start : start + 30])


class Pipe(io.RawIOBase):
    """Bytes that come one after the other, some at a time."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self.data.readinto(memoryview(buffer)[:700])


def test_streams_that_come_through_pipes(stream):
    data, samples = stream
    out = io.BytesIO()
    nlac.decode(Pipe(data), out, container="raw", threads=1)
    assert out.getvalue() == samples.astype("<i2").tobytes()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_damaged_block_takes_no_other_with_it(stream, number):
    data, samples = stream
    bad = bytearray(data)
    bad[places(data)[number] + 300] ^= 1
    with pytest.raises(CorruptStream):
        nlac.read(bytes(bad))
    out = io.BytesIO()
    with contextlib.suppress(CorruptStream):
        nlac.decode(bytes(bad), out, container="raw", recover=True)
    want = samples.copy()
    want[number * FRAMES : (number + 1) * FRAMES] = 0
    assert out.getvalue() == want.astype("<i2").tobytes()


def test_parity_repairs_a_block(stream):
    data, _ = stream
    whole, back = io.BytesIO(), io.BytesIO()
    nlac.protect(data, whole, amount=0.1)
    bad = bytearray(whole.getvalue())
    start = places(data)[1] + 100
    bad[start : start + 60] = bytes(60)
    nlac.repair(bytes(bad), back)
    assert back.getvalue() == whole.getvalue()


def test_damage_whose_checksums_match_is_noticed(stream):
    """Granules of other words are other granules: the MD5 of the samples tells."""
    data, samples = stream
    rng = np.random.default_rng(2)
    body = places(data)[1]
    length = struct.unpack_from("<I", data, body - 8)[0]
    crc = int.from_bytes(data[body - 4 : body], "little")
    assert crc == crc32(data[body - c.BLOCK_HEADER_BYTES : body - 4], parse_header(data).checksum)
    for _ in range(30):
        bad = bytearray(data)
        bad[body + int(rng.integers(40, length))] ^= 1 << int(rng.integers(8))
        end = body + length
        bad[end : end + 4] = crc_bytes(crc32(bytes(bad[body:end]), crc))
        try:
            found, _rate = nlac.read(bytes(bad))
        except NlacError:
            continue
        # the last bits of the words decide nothing
        np.testing.assert_array_equal(found, samples)

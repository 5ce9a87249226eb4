"""Hostile streams: damaged anywhere, with checksums that match again."""

from __future__ import annotations

import contextlib
import io
import struct
import time
from dataclasses import replace

import numpy as np
import pytest
from mutations import mutate
from strategies import RATE, make

import nlac
from nlac._errors import NlacError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import parse_header, write_header

ROUNDS = 120


def stream(kind: str, **options) -> bytes:
    samples = make("music", 900)
    out = io.BytesIO()
    if kind == "float":
        samples = (samples / 32768).astype(np.float32)
    nlac.write(
        out,
        samples,
        RATE,
        bits_per_sample=None if kind == "float" else 16,
        preset="fast",
        block_seconds=300 / RATE,
        coder="rice" if kind == "rice" else "auto",
        **options,
    )
    return out.getvalue()


def with_good_checksums(data: bytes) -> bytes:
    """The same with CRCs of blocks that match, so that the damage reaches the codec."""
    out = bytearray(data)
    try:
        checksum = parse_header(data).checksum
    except NlacError:
        return data
    at = data.find(c.BLOCK_SYNC)
    while at >= 0:
        body = at + c.BLOCK_HEADER_BYTES - c.CRC_BYTES
        if body + c.CRC_BYTES <= len(out):
            (length,) = struct.unpack_from("<I", out, body - 4)
            crc = crc32(bytes(out[at:body]), checksum)
            out[body : body + 4] = crc_bytes(crc)
            end = body + 4 + length
            if end + c.CRC_BYTES <= len(out):
                out[end : end + 4] = crc_bytes(crc32(bytes(out[body + 4 : end]), crc))
        at = data.find(c.BLOCK_SYNC, at + 4)
    return bytes(out)


def with_changed_header(data: bytes, rng: np.random.Generator) -> bytes:
    """Other values in the header, and its CRC made to match."""
    out = bytearray(data)
    length = parse_header(data).num_bytes - c.CRC_BYTES
    for _ in range(int(rng.integers(1, 3))):
        out[int(rng.integers(5, length))] = int(rng.choice([0, 1, 2, 16, 127, 255]))
    out[length : length + 4] = crc_bytes(crc32(bytes(out[:length])))
    return bytes(out)


def use(data: bytes, recover: bool) -> None:
    """All that one can do to a stream; errors are welcome if they are nlac's."""
    works = [
        lambda: nlac.info(data),
        lambda: nlac.read(data, threads=1),
        lambda: nlac.decode(io.BytesIO(data), io.BytesIO(), container="wav", threads=1),
    ]
    if recover:
        works.append(
            lambda: nlac.decode(data, io.BytesIO(), container="raw", recover=True, threads=1)
        )
    for work in works:
        start = time.monotonic()
        with contextlib.suppress(NlacError):
            work()
        assert time.monotonic() - start < 10


@pytest.mark.parametrize("kind", ["integers", "rice", "float"])
def test_mutated_streams(kind):
    data = stream(kind, tags={"title": "x"})
    rng = np.random.default_rng([6, *kind.encode()])
    for number in range(ROUNDS):
        bad = mutate(data, rng, len(data))
        if number % 3 == 1:
            bad = with_changed_header(data, rng)
        # a header that promises much lets recovery write much silence
        use(with_good_checksums(bad) if number % 3 < 2 else bad, recover=number % 3 != 1)


def test_damage_with_matching_checksums_is_still_noticed():
    """The MD5 of the samples, or the codec, finds what the CRCs can't."""
    data = stream("integers")
    samples, _rate = nlac.read(data)
    rng = np.random.default_rng(7)
    first = data.index(c.BLOCK_SYNC) + c.BLOCK_HEADER_BYTES
    for _ in range(60):
        bad = bytearray(data)
        bad[int(rng.integers(first, first + 200))] ^= 1 << int(rng.integers(8))
        try:
            back, _rate = nlac.read(with_good_checksums(bytes(bad)))
        except NlacError:
            continue
        np.testing.assert_array_equal(back, samples)


@pytest.mark.parametrize("container", ["wav", "rf64", "bw64", "w64", "aiff", "aifc", "raw"])
@pytest.mark.parametrize("frames", [0, 1, 2**32, 2**60, 2**62, 2**63 - 1])
def test_absurd_numbers_of_frames(frames, container):
    """A header may promise what no file can hold, and a pipe tells only later."""
    data = stream("integers")
    header = parse_header(data)
    bad = write_header(replace(header, num_frames=frames)) + data[header.num_bytes : -200]
    with pytest.raises(NlacError):
        nlac.decode(with_good_checksums(bad), io.BytesIO(), container=container, threads=1)

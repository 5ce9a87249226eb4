"""Hostile parity: records that lie, with checksums that match; bounded time and memory."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import time
import tracemalloc

import numpy as np
import pytest
from mutations import mutate
from strategies import RATE, make

import nlac
from nlac._errors import NlacError
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.parity.layout import DESCRIPTOR_BYTES

# offsets in a descriptor: index, offset, trailer length, shards, chunk, piece, digest
FIELDS = {5: 4, 9: 8, 17: 4, 21: 2, 23: 2, 25: 4, 29: 4, 33: 32}


@pytest.fixture(scope="module")
def protected() -> bytes:
    out, whole = io.BytesIO(), io.BytesIO()
    nlac.write(out, make("music", 4000), RATE, bits_per_sample=16, preset="fast")
    nlac.protect(out.getvalue(), whole, amount=0.1)
    return whole.getvalue()


def with_lies(data: bytes, rng: np.random.Generator, number: int) -> bytes:
    """The same lie in all descriptors, whose checksums match it."""
    out = bytearray(data)
    lies = []
    for _ in range(number):
        place = int(rng.choice(list(FIELDS)))
        size = FIELDS[place]
        kind = int(rng.integers(4))
        if kind == 0:
            value = rng.bytes(size)
        elif kind == 1:
            value = int(rng.integers(300)).to_bytes(size, "little")
        elif kind == 2:
            value = (1 << int(rng.integers(8 * size))).to_bytes(size, "little")
        else:
            old = int.from_bytes(data[place : place + size], "little")
            value = ((old * 2 + 2) % (1 << (8 * size))).to_bytes(size, "little")
        lies.append((place, value))
    at = data.find(c.PARITY_MARK)
    while at >= 0:
        for place, value in lies:
            out[at + place : at + place + len(value)] = value
        end = at + DESCRIPTOR_BYTES - c.CRC_BYTES
        out[end : end + c.CRC_BYTES] = crc_bytes(crc32(bytes(out[at:end])))
        at = data.find(c.PARITY_MARK, at + 1)
    return bytes(out)


def use(data: bytes) -> None:
    """Repair, with what can be repaired; nothing but errors of nlac, and soon."""
    start = time.monotonic()
    with contextlib.suppress(NlacError):
        out = io.BytesIO()
        nlac.repair(data, out, partial=True)
        assert len(out.getvalue()) < 2 * len(data) + 200_000
    with contextlib.suppress(NlacError):
        nlac.info(data)
    assert time.monotonic() - start < 10


def test_lies_in_descriptors(protected):
    rng = np.random.default_rng(1)
    for number in range(150):
        bad = with_lies(protected, rng, 1 + number % 3)
        if number % 2:
            bad = mutate(bad, rng, len(bad))
        use(bad)


def test_mutated_streams_with_parity(protected):
    rng = np.random.default_rng(2)
    back = 0
    for _ in range(100):
        bad = mutate(protected, rng, len(protected))
        out = io.BytesIO()
        with contextlib.suppress(NlacError):
            nlac.repair(bad, out)
            # whatever is written without an error is the stream
            assert out.getvalue() == protected
            back += 1
    assert back > 60


def test_claims_of_size_take_no_memory(protected):
    """A descriptor of a stream of 4 EB, and one of few shards with a digest that is right."""
    tracemalloc.start()
    try:
        for place, value in ((9, struct.pack("<Q", 2**61)), (21, struct.pack("<H", 1))):
            bad = bytearray(protected)
            at = bad.find(c.PARITY_MARK)
            bad[at + place : at + place + len(value)] = value
            end = at + DESCRIPTOR_BYTES - c.CRC_BYTES
            bad[at + 33 : at + 65] = hashlib.sha256(b"").digest()
            bad[end : end + c.CRC_BYTES] = crc_bytes(crc32(bytes(bad[at:end])))
            # the only one left
            bad = bad[: end + c.CRC_BYTES] + bytes(len(bad) - end - c.CRC_BYTES)
            with pytest.raises(NlacError):
                nlac.repair(bytes(bad), io.BytesIO())
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_very_many_marks(protected):
    start = time.monotonic()
    with contextlib.suppress(NlacError):
        nlac.repair(b"nlac" + c.PARITY_MARK * 200_000, io.BytesIO())
    assert time.monotonic() - start < 10

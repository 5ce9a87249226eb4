"""Damaged headers: the walkers either read them or refuse them, quickly and for good reason."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavmaker import Pipe, aiff, bytes_of, chunk, comm, extensible, fmt, noise, rf64, w64, wav

from nlac._errors import NlacError
from nlac.audio.source import open_source

DATA = bytes_of(noise(60, 2, 16), 2)
BEFORE = chunk(b"LIST", b"INFOISFT\3\0\0\0ab\0") + chunk(b"bext", bytes(31))
SEEDS = [
    wav(fmt(), DATA, before=BEFORE, after=chunk(b"cue ", b"abc")),
    wav(extensible(mask=3), DATA),
    wav(fmt(order=">"), DATA, magic=b"RIFX"),
    rf64(fmt(size=18), DATA, after=chunk(b"LIST", b"INFO")),
    w64(fmt(), DATA),
    aiff(comm(frames=60), DATA, before=chunk(b"MARK", b"abc", order=">"), offset=4),
    aiff(comm(frames=60, compression=b"sowt"), DATA, form=b"AIFC"),
    aiff(comm(frames=60), DATA, comm_last=True),
    b"ID3\4\0\0\0\0\0\5hello" + wav(fmt(), DATA, data_size=0, riff_size=36),
    aiff(comm(), DATA, ssnd_size=0, form_size=0),
]
INTERESTING = [0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFE, 0xFF]
WORDS = [0, 1, 7, 8, 255, 256, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 8]


def drain(data: bytes, *, pipe: bool, **options: Any) -> bool:
    """Read everything; tell whether the bytes could be read, and check them if so."""
    stream: Any = Pipe(data) if pipe else io.BytesIO(data)
    try:
        with open_source(stream, **options) as source:
            if not source.restorable:
                return False
            assert source.packing is not None
            whole = source.head
            while len(samples := source.read(1000)):
                whole += source.packing.pack(samples)
            whole += b"".join(source.tail())
            digest = source.digest
    except NlacError:
        return False
    assert whole == data
    assert digest == hashlib.md5(data).digest()
    return True


def mutate(rng: random.Random, data: bytes) -> bytes:
    # the first four bytes stay: another magic would only be another format
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(4, min(len(out), 180))
        kind = rng.randrange(6)
        if kind == 0:
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[place] = rng.choice(INTERESTING)
        elif kind == 2:
            out[place : place + 4] = struct.pack(rng.choice("<>") + "I", rng.choice(WORDS))
        elif kind == 3:
            del out[place : place + rng.randrange(1, 9)]
        elif kind == 4:
            out[place:place] = rng.randbytes(rng.randrange(1, 9))
        else:
            del out[max(place, 16) :]
            break
    return bytes(out)


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_mutated_files_are_read_or_refused(number: int) -> None:
    rng = random.Random(number)
    read = 0
    for turn in range(400):
        data = mutate(rng, SEEDS[number])
        began = time.monotonic()
        read += drain(
            data, pipe=turn % 2 == 1, ignore_sizes=turn % 5 == 0, full_depth=turn % 3 == 0
        )
        assert time.monotonic() - began < 2
    # most damage is harmless: sizes and counts that a reader need not believe
    assert read > 40


@pytest.mark.parametrize("seed", SEEDS)
def test_every_truncation_is_read_or_refused(seed: bytes) -> None:
    for length in range(min(len(seed), 200)):
        drain(seed[:length], pipe=length % 2 == 1)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"RIFF\0\0\0\0WAVE", b"RF64\xff\xff\xff\xffWAVE", b"FORM\0\0\0\0AIFF"]),
    st.binary(max_size=200),
    st.booleans(),
)
def test_arbitrary_bytes_after_a_magic(magic: bytes, rest: bytes, pipe: bool) -> None:
    drain(magic + rest, pipe=pipe)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_data_in_any_layout_comes_back(data: st.DataObject) -> None:
    samples = data.draw(st.binary(max_size=300))
    tag, bits = data.draw(st.sampled_from([(1, 8), (1, 16), (1, 24), (1, 32), (3, 32)]))
    contents = fmt(tag, data.draw(st.integers(1, 7)), bits=bits)
    before = b"".join(
        chunk(data.draw(st.sampled_from([b"LIST", b"zzzz", b"bext"])), data.draw(st.binary()))
        for _ in range(data.draw(st.integers(0, 2)))
    )
    after = data.draw(st.binary(max_size=50))
    size = data.draw(st.none() | st.integers(0, 400) | st.just(2**32 - 1))
    pipe, ignore = data.draw(st.booleans()), data.draw(st.booleans())
    file = wav(contents, samples, before=before, after=after, data_size=size)
    assert drain(file, pipe=pipe, ignore_sizes=ignore)


def test_memory_does_not_follow_what_headers_claim() -> None:
    claims = [
        wav(fmt(), DATA, data_size=0xFFFFFFF0),
        wav(fmt(), DATA, before=b"JUNK" + struct.pack("<I", 63 << 20)),
        w64(fmt(), DATA, data_size=2**60),
        rf64(fmt(), DATA, sizes=(2**61, 2**61)),
        aiff(comm(frames=2**32 - 1), DATA, ssnd_size=0xFFFFFFF0),
        aiff(comm(frames=60), DATA, comm_last=True, ssnd_size=63 << 20),
    ]
    drain(claims[0], pipe=False)
    tracemalloc.start()
    try:
        for data in claims:
            for pipe in (False, True):
                drain(data, pipe=pipe)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20

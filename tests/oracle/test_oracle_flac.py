"""FLAC frames: both decoders build the same bytes of the same parameters, or refuse them."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
import pytest
from flac_frames import RandomFile, in_ogg, random_file
from hypothesis import given, settings
from hypothesis import strategies as st

import nlac
from nlac._errors import CorruptStream
from nlac.audio.base import Keep
from nlac.audio.flac.frames.pages import parse_packing
from nlac.audio.source import open_source
from oracle.container import Item, Reader, SpecError
from oracle.decoder import decode_stream
from oracle.flac import FRAMES, pack_frames
from oracle.oracle_tools import verdicts


@cache
def files() -> list[RandomFile]:
    return [random_file(40, 16, 2, 4, 40), random_file(44, 5, 1, 6, 30), random_file(51, 32, 3, 3)]


def product(packing: bytes, pieces: list[bytes], file: RandomFile, depth: int) -> bytes | None:
    samples = np.array(file.samples, np.int32).T.copy()
    try:
        packer = parse_packing(packing, pieces, depth, len(file.samples)).packer()
        return b"".join([*packer.pack(samples), *packer.end()])
    except CorruptStream:
        return None


def oracle(packing: bytes, pieces: list[bytes], file: RandomFile, depth: int) -> bytes | None:
    items = [Item(FRAMES, piece) for piece in pieces]
    try:
        return pack_frames(Reader(packing[1:]), items, depth, file.samples)
    except SpecError:
        return None


CHANGES = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), max_size=3)


@settings(max_examples=250)
@given(st.integers(0, 2), CHANGES, st.booleans())
def test_changed_parameters(which: int, changes: list[tuple[int, int]], lengths: bool) -> None:
    file, depth = files()[which], (16, 5, 32)[which]
    content = bytearray(file.content)
    for place, change in changes:
        content[place % (76 if lengths else len(content))] ^= change
    arguments = (b"\0\1\1\0\0\0", [bytes(content)], file, depth)
    assert product(*arguments) == oracle(*arguments)


@cache
def ogg_parts() -> tuple[bytes, list[bytes], RandomFile, bytes]:
    file = random_file(40, 16, 2, 12, 40)
    data = in_ogg(file.data, file.frames, file.lengths, 3)
    with open_source(io.BytesIO(data), keep=Keep.EVERYTHING) as source:
        packing: Any = source.packing
        return packing.to_bytes(), packing.pieces, file, data[len(source.head) :]


@settings(max_examples=100)
@given(CHANGES, CHANGES)
def test_changed_pages(
    changes: list[tuple[int, int]], of_packing: list[tuple[int, int]]
) -> None:
    packing, pieces, file, body = ogg_parts()
    content, head = bytearray(pieces[-1]), bytearray(packing)
    for place, change in changes:
        content[place % len(content)] ^= change
    for place, change in of_packing[:1]:
        head[1 + place % (len(head) - 1)] ^= change
    arguments = (bytes(head), [*pieces[:-1], bytes(content)], file, 16)
    found = product(*arguments)
    assert found == oracle(*arguments)
    if not changes and not of_packing:
        assert found == body


@pytest.mark.parametrize("in_pages", [False, True])
def test_whole_streams(in_pages: bool) -> None:
    file = random_file(46, 12, 2, 5, 40)
    data = in_ogg(file.data, file.frames, file.lengths, 4) if in_pages else file.data
    out = io.BytesIO()
    nlac.encode(data, out, preset="fast")
    assert verdicts(out.getvalue()) == (True, True)
    assert decode_stream(out.getvalue()).original == data

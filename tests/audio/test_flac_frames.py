"""FLAC frames of any parameters: samples, parameters, and the same bytes again."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
from typing import Any

import numpy as np
import pytest
from flac_frames import RandomFile, in_ogg, random_file
from flac_tools import block, comments
from hypothesis import given, settings
from hypothesis import strategies as st
from wavmaker import Pipe

from nlac._errors import CorruptStream, NlacError
from nlac.audio.base import Keep
from nlac.audio.flac.frames import pieces as frame_pieces
from nlac.audio.flac.frames.columns import Column
from nlac.audio.flac.frames.pages import OggFrames
from nlac.audio.flac.frames.pieces import FlacFrames, Piece
from nlac.audio.source import open_source

DEPTHS = [4, 5, 8, 12, 16, 17, 20, 24, 31, 32]
HEAD = 42


def opened(data: bytes, *, pipe: bool = False) -> tuple[Any, Any, bytes]:
    """Source of a file that is read to its end, its samples and its tail."""
    stream: Any = Pipe(data) if pipe else io.BytesIO(data)
    parts = []
    with open_source(stream, keep=Keep.EVERYTHING) as source:
        while len(part := source.read(77)):
            parts.append(part)
        tail = b"".join(source.tail())
    channels = source.format.channels
    return source, np.concatenate([*parts, np.empty((0, channels), np.int32)]), tail


def packed(packing: Any, samples: Any, step: int = 50, *, exact: bool = True) -> bytes:
    packer = packing.packer(exact=exact)
    parts = [
        part
        for start in range(0, len(samples), step)
        for part in packer.pack(samples[start : start + step])
    ]
    return b"".join([*parts, *packer.end()])


def file_of(number: int) -> RandomFile:
    depth = DEPTHS[number % len(DEPTHS)]
    return random_file(number, depth, 1 + number % 8 if number % 3 else 2)


@pytest.mark.parametrize("number", range(30))
def test_random_frames_are_taken_apart_and_put_together(number: int) -> None:
    file = file_of(number)
    tail = b"TAG" + bytes(125) if number % 4 == 0 else b""
    source, samples, rest = opened(file.data + tail, pipe=number % 2 == 1)
    assert source.restorable
    assert source.warnings == []
    assert np.array_equal(samples.T, np.array(file.samples))
    assert source.head == file.data[:HEAD]
    assert rest == tail
    # there is one way to write the parameters of a frame
    assert source.packing.pieces == [file.content]
    assert packed(source.packing, samples) == file.data[HEAD:]


@pytest.mark.skipif(shutil.which("flac") is None, reason="the program flac is not here")
@pytest.mark.parametrize("number", range(20))
def test_libflac_decodes_such_frames_to_the_same_samples(number: int) -> None:
    """The MD5 in the file is that of the samples, so that a test suffices."""
    command = ["flac", "--test", "--silent", "-"]
    done = subprocess.run(command, input=file_of(number).data, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("segments", [1, 4, 255])
@pytest.mark.parametrize("number", [2, 14])
def test_pages(number: int, segments: int) -> None:
    file = random_file(number, 16, 2, 12)
    data = in_ogg(file.data, file.frames, file.lengths, segments)
    source, samples, tail = opened(data, pipe=segments == 4)
    assert isinstance(source.packing, OggFrames)
    assert (source.restorable, source.container, tail) == (True, "oga", b"")
    assert np.array_equal(samples.T, np.array(file.samples))
    assert source.head + packed(source.packing, samples) == data


def test_long_files_have_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from nlac.audio.flac.frames import stream

    file = random_file(5, 16, 2, 30)
    monkeypatch.setattr(stream, "_PIECE_BYTES", 100)
    monkeypatch.setattr(stream, "_WINDOW_BYTES", 400)
    monkeypatch.setattr(stream, "_FRAMES_AT_ONCE", 2)
    monkeypatch.setattr(frame_pieces, "_FRAMES_AT_ONCE", 3)
    source, samples, _tail = opened(file.data)
    assert len(source.packing.pieces) > 5
    for step in (1, 13, 10000):
        assert packed(source.packing, samples, step) == file.data[HEAD:]


def broken(file: RandomFile, *, crc: bool) -> bytes:
    """One frame with a wrong byte: its checksum, or its contents."""
    frames = list(file.frames)
    place = -1 if crc else len(frames[2]) // 2
    frame = bytearray(frames[2])
    frame[place] ^= 0x10
    frames[2] = bytes(frame)
    return file.data[:HEAD] + b"".join(frames)


def test_what_cannot_be_restored_is_told_and_the_metadata_kept() -> None:
    file = random_file(4, 16, 2, 6)
    tags = block(4, comments("TITLE=x"), last=True)
    good = file.data[:4] + b"\0" + file.data[5:HEAD] + tags
    junk = good + b"".join([*file.frames[:3], b"some junk", *file.frames[3:]])
    wrong = good + broken(file, crc=True)[HEAD:]
    place = len(good) + sum(map(len, file.frames[:3]))
    for data, reason in (
        (junk, f"bytes {place} to {place + 8} are no FLAC frame"),
        (wrong, f"the checksum of the FLAC frame at byte {place - len(file.frames[2])} is wrong"),
    ):
        source, samples, tail = opened(data)
        assert not source.restorable
        assert np.array_equal(samples.T, np.array(file.samples))
        assert source.kept_blocks == good[4:]
        assert tail == b""
        assert f"({reason})" in source.warnings[0]
        assert source.warnings[0].startswith("audio only")
    with pytest.raises(NlacError, match=r"is wrong\)|no FLAC frame\)"):
        opened(broken(file, crc=False))


def test_an_id3_tag_is_part_of_the_head() -> None:
    file = random_file(4, 16, 2)
    tag = b"ID3\4\0\0\0\0\0\4abcd"
    source, samples, _tail = opened(tag + file.data)
    assert source.head == tag + file.data[:HEAD]
    assert packed(source.packing, samples) == file.data[HEAD:]


def test_what_exceeds_limits_is_not_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    from nlac.audio.flac import source as flac_source

    monkeypatch.setattr(flac_source, "_MAX_ORIGINAL_BYTES", 100)
    source = opened(random_file(4, 16, 2).data)[0]
    assert not source.restorable
    assert "exceeds the limits of the format" in source.warnings[0]


def test_many_places_that_look_like_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    from nlac.audio.flac.frames import stream

    monkeypatch.setattr(stream, "_MAX_ATTEMPTS", 10)
    file = random_file(4, 16, 2)
    cut = b"".join(frame[: len(frame) // 2] for frame in file.frames)
    with pytest.raises(NlacError, match="is damaged from byte 42 on"):
        opened(file.data[:HEAD] + cut * 5)


def test_other_samples_are_an_error_or_come_as_plain_ones() -> None:
    file = random_file(11, 16, 2, 8)
    samples = np.array(file.samples, np.int32).T.copy()
    packing = FlacFrames([file.content], 16, 2)
    samples[100:300] = np.random.default_rng(1).integers(-32768, 32768, (200, 2))
    with pytest.raises(CorruptStream, match="do not fit"):
        packed(packing, samples)
    data = file.data[:HEAD]
    repaired = packed(packing, samples, exact=False)
    # without an MD5, which is that of the original samples
    source, found, _tail = opened(data[:26] + bytes(16) + repaired)
    assert np.array_equal(found, samples)
    assert source.restorable


def test_parameters_of_another_length_are_an_error() -> None:
    file = random_file(11, 16, 2, 8)
    samples = np.array(file.samples, np.int32).T.copy()
    for wrong in (samples[:-1], np.concatenate((samples, samples))):
        with pytest.raises(CorruptStream, match="another length"):
            packed(FlacFrames([file.content], 16, 2), wrong)
    with pytest.raises(CorruptStream, match="lengths of columns"):
        packed(FlacFrames([file.content[:-1]], 16, 2), samples)
    with pytest.raises(CorruptStream, match="too short"):
        packed(FlacFrames([b""], 16, 2), samples)


def mutated(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 3))):
        place = rng.randrange(4, len(out) if rng.random() < 0.7 else 90)
        if rng.random() < 0.7:
            out[place] ^= 1 << rng.randrange(8)
        elif rng.random() < 0.5:
            del out[place : place + rng.randrange(1, 60)]
        else:
            out[place:place] = rng.randbytes(rng.randrange(1, 60))
    return bytes(out)


@pytest.mark.parametrize("seed", range(2))
def test_mutated_files_come_back_exactly_or_not_at_all(seed: int) -> None:
    rng = random.Random(seed)
    seeds = []
    for number in (4, 13):
        file = random_file(number, 12, 2, 6)
        # without an MD5, so that more of them are taken
        plain = file.data[:26] + bytes(16) + file.data[42:]
        seeds += [plain, in_ogg(plain, file.frames, file.lengths, 4)]
    restored = 0
    for number in range(200):
        data = mutated(rng, seeds[number % 4])
        try:
            source, samples, tail = opened(data)
        except NlacError:
            continue
        if source.restorable:
            restored += 1
            assert source.head + packed(source.packing, samples) + tail == data
    assert restored


HOSTILE = random_file(19, 16, 2, 6)
HOSTILE_SAMPLES = np.array(HOSTILE.samples, np.int32).T.copy()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(76, len(HOSTILE.content) - 1), st.integers(1, 255)),
                min_size=1, max_size=4), st.booleans())  # fmt: skip
def test_hostile_parameters_give_clear_errors_and_bounded_frames(
    changes: list[tuple[int, int]], exact: bool
) -> None:
    content = bytearray(HOSTILE.content)
    for place, change in changes:
        content[place] ^= change
    try:
        data = packed(FlacFrames([bytes(content)], 16, 2), HOSTILE_SAMPLES, exact=exact)
    except CorruptStream:
        return
    assert len(data) <= 1024 * 6 + 16 * len(HOSTILE_SAMPLES)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 75), st.integers(0, 255)), max_size=3),
       st.integers(0, len(HOSTILE.content)))  # fmt: skip
def test_hostile_lengths_of_columns(changes: list[tuple[int, int]], length: int) -> None:
    content = bytearray(HOSTILE.content[:length])
    for place, byte in changes:
        if place < len(content):
            content[place] = byte
    try:
        piece = Piece.parse(bytes(content))
    except CorruptStream:
        return
    assert int(piece.ends[-1]) + 76 == len(content)
    assert len(piece.column(Column.SHAPE)) == len(piece.column(Column.FLAGS))

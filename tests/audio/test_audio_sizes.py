"""Sizes that were never set, and tags in front of a file's own header."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from wavmaker import (
    BIG,
    BOTH,
    DATA,
    SAMPLES,
    UNKNOWN,
    W64_TAIL,
    aiff,
    bytes_of,
    chunk,
    comm,
    fmt,
    noise,
    restore,
    rf64,
    w64,
    wav,
)

import nlac
from nlac._errors import UnsupportedAudio
from nlac.audio.original.chunks import list_chunks
from nlac.audio.source import open_source

OUTER = [0, 36, 4088, UNKNOWN]
LIST = chunk(b"LIST", b"INFO")
ODD = chunk(b"odd1", b"abc") + chunk(b"odd2", b"x" * 70)
W64_LIST = b"levl" + W64_TAIL + struct.pack("<Q", 27) + b"abc" + bytes(5)

# every container with a size of 0 in front of samples, whatever the outermost size
UNFINISHED: dict[str, Callable[[int], bytes]] = {
    "wav": lambda outer: wav(fmt(), DATA, data_size=0, riff_size=outer),
    "rifx": lambda outer: wav(fmt(order=">"), BIG, data_size=0, riff_size=outer, magic=b"RIFX"),
    "rf64": lambda outer: rf64(fmt(), DATA, sizes=(outer, 0)),
    "rf64-0": lambda outer: rf64(fmt(), DATA, sizes=(outer, 0), data_size=0),
    "bw64": lambda outer: rf64(fmt(), DATA, sizes=(outer, 0), magic=b"BW64"),
    "w64-0": lambda outer: w64(fmt(), DATA, data_size=0, riff_size=outer),
    "w64-24": lambda outer: w64(fmt(), DATA, data_size=24, riff_size=outer),
    "aiff-0": lambda outer: aiff(comm(), BIG, ssnd_size=0, form_size=outer),
    "aiff-8": lambda outer: aiff(comm(), BIG, ssnd_size=8, form_size=outer),
    "aifc": lambda outer: aiff(
        comm(compression=b"NONE"), BIG, form=b"AIFC", ssnd_size=8, form_size=outer
    ),
}


@BOTH
@pytest.mark.parametrize("outer", OUTER)
@pytest.mark.parametrize("kind", UNFINISHED)
def test_recordings_that_were_not_finished_are_read_to_their_end(
    kind: str, outer: int, pipe: bool
) -> None:
    got = restore(UNFINISHED[kind](outer), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    # on a pipe this is the usual case
    assert ("no chunk follows" in got.warnings) != pipe


def test_an_unfinished_recording_gives_the_same_stream_from_a_file_and_a_pipe() -> None:
    from wavmaker import Pipe

    for make in UNFINISHED.values():
        data = make(4088)
        streams = [io.BytesIO(), io.BytesIO()]
        nlac.encode(data, streams[0], preset="fast")
        nlac.encode(Pipe(data), streams[1], preset="fast")  # type: ignore[arg-type]
        assert streams[0].getvalue() == streams[1].getvalue()
        assert nlac.info(streams[0]).num_frames == 100


@BOTH
@pytest.mark.parametrize("outer", [None, 0, UNKNOWN])
@pytest.mark.parametrize(
    "after", [b"", LIST, ODD, LIST + ODD, LIST[:9], chunk(b"bext", bytes(100_000))]
)
def test_files_without_samples_stay_so(after: bytes, outer: int | None, pipe: bool) -> None:
    files = [
        wav(fmt(), b"", after=after, riff_size=outer),
        rf64(fmt(), b"", after=after),
        rf64(fmt(), b"", after=after, data_size=0),
    ]
    for data in files:
        got = restore(data, pipe=pipe)
        assert len(got.samples) == 0
        assert got.tail == after


@BOTH
def test_other_files_without_samples_stay_so(pipe: bool) -> None:
    mark = chunk(b"MARK", b"ab", order=">") + chunk(b"wxyz", b"1", order=">")
    for size in (0, 8):
        data = aiff(comm(), b"", ssnd_size=size, after=mark)
        if size == 0:
            # such a chunk has no offset either
            data = data.replace(b"SSND" + bytes(12), b"SSND" + bytes(4))
        got = restore(data, pipe=pipe)
        assert len(got.samples) == 0
        assert got.tail == mark
    for extra in (W64_LIST, W64_LIST[:-5]):
        got = restore(w64(fmt(), b"", after=extra), pipe=pipe)
        assert len(got.samples) == 0
        assert got.tail == extra


@BOTH
def test_a_long_unknown_chunk_is_believed_as_far_as_the_outermost_size_goes(pipe: bool) -> None:
    after = chunk(b"wxyz", bytes(100_000))
    assert len(restore(wav(fmt(), b"", after=after), pipe=pipe).samples) == 0
    assert len(restore(wav(fmt(), b"", after=after, riff_size=4088), pipe=pipe).samples) == 25_002


@BOTH
def test_samples_that_look_like_a_name_are_samples(pipe: bool) -> None:
    samples = bytes_of(np.full((200, 2), 0x4141, np.int32), 2)
    assert len(restore(wav(fmt(), samples, data_size=0), pipe=pipe).samples) == 200


def tag(length: int, flags: int = 0) -> bytes:
    sizes = bytes((length >> shift) & 0x7F for shift in (21, 14, 7, 0))
    footer = b"3DI\4\0" + bytes([flags]) + sizes if flags & 0x10 else b""
    return b"ID3\4\0" + bytes([flags]) + sizes + b"t" * length + footer


@BOTH
@pytest.mark.parametrize("front", [tag(0), tag(11), tag(300, 0x10), tag(10) + tag(20)])
def test_id3_tags_in_front_are_part_of_the_head(front: bytes, pipe: bool) -> None:
    files = [
        wav(fmt(), DATA, after=LIST),
        rf64(fmt(), DATA, after=LIST),
        w64(fmt(), DATA),
        aiff(comm(frames=100), BIG),
        aiff(comm(frames=100, compression=b"NONE"), BIG, form=b"AIFC"),
    ]
    for data in files:
        got = restore(front + data, pipe=pipe)
        assert np.array_equal(got.samples, SAMPLES)
        assert got.source.head.startswith(front)
        assert got.source.warnings == [
            f"an ID3v2 tag of {len(front)} bytes stands in front of the file's own header"
        ]
        stream = io.BytesIO()
        nlac.encode(front + data, stream, preset="fast")
        back = io.BytesIO()
        assert nlac.decode(stream, back).restored
        assert back.getvalue() == front + data


def test_an_id3_tag_alone_is_no_audio() -> None:
    for data in (tag(10), tag(10)[:9], tag(10) + b"text", tag(2**27) + wav(fmt(), DATA)):
        with pytest.raises(UnsupportedAudio):
            open_source(io.BytesIO(data))


@pytest.mark.parametrize("pad", [b"\0", b"Q", b""])
@pytest.mark.parametrize("front", [b"", tag(11)])
@pytest.mark.parametrize("extra", [0, 1, 2])
def test_chunks_are_listed_behind_any_pad_byte(pad: bytes, front: bytes, extra: int) -> None:
    # odd chunks before, between and after; `extra` bytes of an incomplete last frame
    data = bytes_of(noise(101 + extra % 2, 1, 24), 3) + b"x" * extra
    pad = pad if len(data) % 2 else b""
    before = chunk(b"bext", b"abc", pad=False) + (pad or b"")
    contents = fmt(channels=1, bits=24)
    whole = wav(contents, data, before=before, after=pad + ODD + LIST, pad=False)
    names = ["bext", "fmt ", "odd1", "odd2", "LIST"]
    assert names_in(front + whole) == names


def names_in(data: bytes) -> list[str]:
    got = restore(data)
    source = got.source
    assert source.packing is not None
    sound = len(source.packing.pack(got.samples))
    return [c.name for c in list_chunks(source.container, source.head, sound, got.tail)]


def test_chunks_of_every_container_are_listed() -> None:
    assert names_in(rf64(fmt(), DATA, after=LIST)) == ["ds64", "fmt ", "LIST"]
    assert names_in(rf64(fmt(), DATA, after=LIST, data_size=8)) == ["ds64", "fmt ", "LIST"]
    assert names_in(w64(fmt(), DATA[:-2], after=W64_LIST)) == ["fmt ", "levl"]
    mark = chunk(b"MARK", b"abc", order=">")
    assert names_in(aiff(comm(frames=100), BIG, after=mark, offset=3)) == ["COMM", "MARK"]
    assert names_in(aiff(comm(frames=60), BIG, after=mark)) == ["COMM", "MARK"]
    swapped = wav(
        fmt(order=">"), BIG, magic=b"RIFX", after=chunk(b"note", b"abc", order=">") + b"\0"
    )
    assert names_in(swapped) == ["fmt ", "note"]


def test_an_incomplete_frame_is_no_chunk() -> None:
    contents = fmt(channels=40)
    data = bytes(80) + b"LIST" + struct.pack("<I", 4) + b"abcd"
    for size in (UNKNOWN, 160):
        assert names_in(wav(contents, data, data_size=size, pad=False)) == ["fmt "]

"""Raw samples, and the source itself: files, pipes, tails, and what is no audio."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from wavmaker import (
    BIG,
    BOTH,
    DATA,
    SAMPLES,
    Pipe,
    aiff,
    chunk,
    comm,
    fmt,
    noise,
    restore,
    rf64,
    w64,
    wav,
)

from nlac._errors import UnsupportedAudio, UsageError
from nlac.audio.packing import Packing
from nlac.audio.raw import RawSpec
from nlac.audio.source import open_source

# ---- raw -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("encoding", "packing"),
    [
        ("u8", Packing(1, unsigned=True)),
        ("s8", Packing(1)),
        ("s16le", Packing(2)),
        ("s16be", Packing(2, big_endian=True)),
        ("u16le", Packing(2, unsigned=True)),
        ("s24le", Packing(3)),
        ("s24be", Packing(3, big_endian=True)),
        ("s32le", Packing(4)),
        ("s32be", Packing(4, big_endian=True)),
        ("f32le", Packing(4, is_float=True)),
        ("f32be", Packing(4, big_endian=True, is_float=True)),
    ],
)
def test_raw_encodings(encoding: str, packing: Packing, pipe: bool) -> None:
    spec = RawSpec.parse(f"48000,{encoding},2")
    assert spec == RawSpec(48000, encoding, 2)
    samples = noise(55, 2, packing.bits_per_sample)
    if packing.is_float:
        samples = samples.view(np.float32)
    got = restore(packing.pack(samples) + b"\x01", pipe=pipe, raw=spec)
    assert got.source.container == "raw"
    assert got.source.head == b""
    assert got.source.packing == packing
    assert got.samples.tobytes() == samples.tobytes()
    assert got.tail == b"\x01"


@pytest.mark.parametrize(
    "text", ["", "44100", "44100,s16le", "44100,s16le,2,1", "x,s16le,2", "44100,s16,2", "1,s8,-1"]
)
def test_raw_specs_of_wrong_shape(text: str) -> None:
    with pytest.raises(UsageError, match="s16le"):
        RawSpec.parse(text)


@pytest.mark.parametrize("text", ["0,s16le,2", "8000,s16le,0", "8000,f64le,1", "8000,s8,256"])
def test_raw_that_cannot_be_coded(text: str) -> None:
    with pytest.raises(UnsupportedAudio, match="cannot be coded"):
        RawSpec.parse(text)


def test_raw_takes_any_bytes_even_none() -> None:
    assert len(restore(b"", raw=RawSpec.parse("8000,s16le,1")).samples) == 0
    got = restore(wav(fmt(), DATA), raw=RawSpec.parse("8000,u8,1"))
    assert len(got.samples) == 444


# ---- the source itself ---------------------------------------------------------------


def test_paths_are_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(fmt(), DATA))
    with open_source(path) as source:
        assert source.num_frames == source.expected_frames == 100
    with open_source(str(path)) as source:
        assert np.array_equal(source.read(1000), SAMPLES)
    path.write_bytes(b"RIFF")
    with pytest.raises(UnsupportedAudio):
        open_source(path)
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.wav")


def test_a_file_object_is_read_from_where_it_stands_and_left_open() -> None:
    stream = io.BytesIO(b"before" + wav(fmt(), DATA))
    stream.seek(6)
    with open_source(stream) as source:
        assert source.num_frames == 100
        assert source.head.startswith(b"RIFF")
    assert not stream.closed


def test_the_tail_comes_once_and_last() -> None:
    source = open_source(io.BytesIO(wav(fmt(), DATA, after=chunk(b"LIST", b"INFO"))))
    with pytest.raises(UsageError, match="after all of its samples"):
        source.tail()
    source.read(99)
    with pytest.raises(UsageError, match="after all of its samples"):
        source.tail()
    source.read(1)
    assert b"".join(source.tail()) == chunk(b"LIST", b"INFO")
    with pytest.raises(UsageError, match="once"):
        source.tail()
    with pytest.raises(UsageError, match="cannot read"):
        source.read(-1)


def test_a_long_tail_comes_in_pieces() -> None:
    after = chunk(b"JUNK", bytes(3 << 20))
    source = open_source(io.BytesIO(wav(fmt(), DATA, after=after)))
    source.read(100)
    pieces = list(source.tail())
    assert b"".join(pieces) == after
    assert max(map(len, pieces)) <= 1 << 20


def test_a_pipe_tells_what_its_header_announces() -> None:
    source = open_source(Pipe(wav(fmt(), DATA)))  # type: ignore[arg-type]
    assert source.num_frames is None
    assert source.expected_frames == 100


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(8 << 20))
    with open_source(path, raw=RawSpec(8000, "s16le", 1)) as source:
        source.read(1)
        path.write_bytes(bytes(4 << 20))
        with pytest.raises(UnsupportedAudio, match="did another program change it"):
            source.read(8 << 20)


def test_a_header_that_claims_gigabytes_allocates_nothing() -> None:
    before = b"JUNK" + struct.pack("<I", 0xF0000000)
    with pytest.raises(UnsupportedAudio, match="over 64 MiB before the first sample"):
        restore(wav(fmt(), DATA, before=before), pipe=True)
    before = b"JUNK" + struct.pack("<I", 60 << 20)
    with pytest.raises(UnsupportedAudio, match="ends at byte 444 inside the chunk 'JUNK'"):
        restore(wav(fmt(), DATA, before=before)[:444], pipe=True)


def test_absurdly_many_chunks_end() -> None:
    with pytest.raises(UnsupportedAudio, match="65536 chunks"):
        restore(wav(fmt(), DATA, before=chunk(b"JUNK", b"") * 70000))


def test_inputs_that_are_no_audio() -> None:
    with pytest.raises(UnsupportedAudio, match="0 bytes"):
        open_source(io.BytesIO(b""))
    for junk in (b"x", b"hello, this is a text file\n" * 9, bytes(100)):
        with pytest.raises(UnsupportedAudio, match="unknown"):
            open_source(io.BytesIO(junk))
        with pytest.raises(UnsupportedAudio, match="unknown"):
            open_source(Pipe(junk))  # type: ignore[arg-type]


@BOTH
def test_every_cut_of_a_header_is_a_clear_error(pipe: bool) -> None:
    before = chunk(b"LIST", b"INFOab")
    for whole, length in (
        (wav(fmt(), DATA, before=before), 12 + 14 + 24 + 8),
        (rf64(fmt(), DATA), 12 + 36 + 24 + 8),
        (w64(fmt(), DATA), 40 + 40 + 24),
        (aiff(comm(frames=100), BIG), 12 + 26 + 16),
    ):
        assert len(whole) == length + 400
        for cut in range(16, length):
            stream = Pipe(whole[:cut]) if pipe else io.BytesIO(whole[:cut])
            with pytest.raises(UnsupportedAudio, match=r"ends at byte|size is|begins with"):
                open_source(stream)  # type: ignore[arg-type]

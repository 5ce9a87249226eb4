"""The walker of AIFF and AIFF-C."""

from __future__ import annotations

import numpy as np
import pytest
from wavmaker import (
    BIG,
    BOTH,
    SAMPLES,
    UNKNOWN,
    aiff,
    bytes_of,
    chunk,
    comm,
    float_bits,
    noise,
    restore,
)

from nlac._errors import UnsupportedAudio
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing


@BOTH
@pytest.mark.parametrize(("bits", "width"), [(8, 1), (16, 2), (24, 3), (32, 4), (12, 2), (20, 3)])
def test_aiff_depths(bits: int, width: int, pipe: bool) -> None:
    samples = noise(31, 3, bits)
    data = bytes_of(samples.astype(np.int64) << (8 * width - bits), width, "big")
    got = restore(aiff(comm(3, 31, bits), data, after=chunk(b"MARK", b"ab", order=">")), pipe=pipe)
    assert got.source.container == "aiff"
    assert got.source.format == AudioFormat(44100, 3, bits)
    assert np.array_equal(got.samples, samples)
    assert not got.source.warnings


@BOTH
@pytest.mark.parametrize(
    ("compression", "bits", "packing"),
    [
        (b"NONE", 16, Packing(2, big_endian=True)),
        (b"twos", 24, Packing(3, big_endian=True)),
        (b"sowt", 16, Packing(2)),
        (b"sowt", 8, Packing(1)),
        (b"sowt", 24, Packing(3)),
        (b"sowt", 32, Packing(4)),
        (b"raw ", 8, Packing(1, big_endian=True, unsigned=True)),
        (b"in24", 24, Packing(3, big_endian=True)),
        (b"in32", 32, Packing(4, big_endian=True)),
        (b"42ni", 24, Packing(3)),
        (b"23ni", 32, Packing(4)),
        (b"fl32", 32, Packing(4, big_endian=True, is_float=True)),
        (b"FL32", 32, Packing(4, big_endian=True, is_float=True)),
    ],
)
def test_aifc_codings(compression: bytes, bits: int, packing: Packing, pipe: bool) -> None:
    samples = float_bits() if packing.is_float else noise(7, 2, bits)
    contents = comm(2, len(samples), bits, compression=compression)
    got = restore(aiff(contents, packing.pack(samples), form=b"AIFC"), pipe=pipe)
    assert got.source.container == "aifc"
    assert got.source.packing == packing
    assert got.samples.tobytes() == samples.tobytes()


@pytest.mark.parametrize(
    ("compression", "reason"),
    [(b"fl64", "64-bit float"), (b"ulaw", "mu-law"), (b"ima4", "ADPCM"), (b"Zzz\x01", "unknown")],
)
def test_aifc_that_cannot_be_coded_says_why(compression: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        restore(aiff(comm(frames=100, compression=compression), BIG, form=b"AIFC"))


@BOTH
@pytest.mark.parametrize("offset", [0, 1, 8, 512])
def test_aiff_offset_of_the_samples(offset: int, pipe: bool) -> None:
    got = restore(aiff(comm(frames=100), BIG, offset=offset), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert not got.source.warnings


def test_aiff_offset_beyond_the_chunk() -> None:
    with pytest.raises(UnsupportedAudio, match="begin 500 bytes in"):
        restore(aiff(comm(frames=100), b"", offset=500, ssnd_size=100))
    with pytest.raises(UnsupportedAudio, match="4 bytes; 8"):
        restore(aiff(comm(frames=100), BIG, ssnd_size=4))


@BOTH
@pytest.mark.parametrize(("frames", "read"), [(99, 99), (101, 100), (1, 1), (0, 100)])
def test_aiff_counts_that_disagree(frames: int, read: int, pipe: bool) -> None:
    got = restore(aiff(comm(frames=frames), BIG), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES[:read])
    assert ("smaller number" in got.warnings) == (frames > 0)


@BOTH
@pytest.mark.parametrize("size", [0, 8, UNKNOWN])
@pytest.mark.parametrize("frames", [0, UNKNOWN, 100])
def test_aiff_as_pipes_write_it(size: int, frames: int, pipe: bool) -> None:
    data = aiff(comm(frames=frames), BIG, ssnd_size=size, form_size=size)
    assert np.array_equal(restore(data, pipe=pipe).samples, SAMPLES)


@BOTH
def test_aiff_common_chunk_after_the_samples(pipe: bool) -> None:
    got = restore(aiff(comm(frames=100), BIG, comm_last=True), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail[:4] == b"COMM"


def test_aiff_without_common_chunk() -> None:
    data = aiff(comm(frames=100), BIG).replace(b"COMM", b"COMX")
    with pytest.raises(UnsupportedAudio, match="no 'COMM' chunk"):
        restore(data)


@pytest.mark.parametrize("rate", [1, 8000, 44100, 192000, 2**31, 2**32 - 1])
def test_aiff_rates(rate: int) -> None:
    got = restore(aiff(comm(frames=100, rate=rate), BIG))
    assert got.source.format.sample_rate == rate
    assert not got.source.warnings


def test_aiff_rate_that_is_not_whole() -> None:
    got = restore(aiff(comm(frames=100, rate=22254.545454), BIG))
    assert got.source.format.sample_rate == 22255
    assert "22254.5455" in got.warnings


@pytest.mark.parametrize(
    "rate", [bytes(10), b"\xff" * 10, b"\x7f\xff" + bytes(8), b"\xc0\x0e\xac\x44" + bytes(6)]
)
def test_aiff_rates_that_are_none(rate: bytes) -> None:
    contents = comm(frames=100)[:8] + rate
    with pytest.raises(UnsupportedAudio, match="sample rate"):
        restore(aiff(contents, BIG))

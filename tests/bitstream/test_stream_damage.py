"""No damage passes: an error with its place, or exactly the samples that went in."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc

import numpy as np
import pytest
from stream_tools import BLOCK, RATE, Pipe

import nlac
from nlac._errors import CorruptStream, FormatError, NlacError, TruncatedStream
from nlac.bitstream import constants as c
from nlac.bitstream.block import BlockHeader, write_block
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import StreamHeader, parse_header, write_header


def offsets_of(stream: bytes, mark: bytes) -> list[int]:
    return [i for i in range(len(stream)) if stream.startswith(mark, i)]


def check_samples(data: bytes, samples: np.ndarray, lost) -> None:
    """Raw samples are right but for silence in the lost ranges."""
    expected = samples.copy()
    for each in lost:
        expected[each.start : each.stop] = 0
    np.testing.assert_array_equal(np.frombuffer(data, "<i2").reshape(-1, 2), expected)


def test_intact_stream_decodes(stream, wav, samples):
    out = io.BytesIO()
    result = nlac.decode(stream, out)
    assert out.getvalue() == wav
    assert result.restored
    assert result.frames == len(samples)


def test_every_truncation_is_noticed(stream):
    for length in range(len(stream)):
        with pytest.raises(FormatError):
            nlac.decode(stream[:length], None, threads=1)
        with pytest.raises(FormatError):
            nlac.decode(Pipe(stream[:length]), None, threads=1)
        with pytest.raises(FormatError):
            nlac.read(stream[:length])


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_every_changed_byte_is_noticed(stream, samples, flip):
    for i in range(len(stream)):
        bad = bytearray(stream)
        bad[i] ^= flip
        with pytest.raises(FormatError):
            nlac.decode(bytes(bad), None, threads=1)
        try:
            read, _rate = nlac.read(bytes(bad), threads=1)
        except FormatError:
            continue
        # what is not needed for the samples is not looked at when they are read
        np.testing.assert_array_equal(read, samples)


@pytest.mark.parametrize("flip", [0x01, 0xFF])
def test_recovery_tells_exactly_what_is_lost(stream, samples, flip):
    for i in range(len(stream)):
        bad = bytearray(stream)
        bad[i] ^= flip
        out = io.BytesIO()
        result = nlac.decode(bytes(bad), out, container="raw", recover=True, threads=1)
        assert result.problems
        assert result.frames == len(samples)
        check_samples(out.getvalue(), samples, result.lost)
        assert len(result.lost) <= 1
        assert sum(lost.stop - lost.start for lost in result.lost) <= BLOCK


def test_recovery_of_every_truncation(stream, samples):
    first = len(stream)
    for length in range(len(stream)):
        out = io.BytesIO()
        try:
            result = nlac.decode(stream[:length], out, container="raw", recover=True, threads=1)
        except FormatError:
            assert length < 40
            continue
        first = min(first, length)
        assert result.problems
        check_samples(out.getvalue(), samples[: result.frames], result.lost)
    assert first <= 40


def test_errors_tell_the_place(stream):
    start = offsets_of(stream, c.BLOCK_SYNC)[2]
    bad = bytearray(stream)
    bad[start + 40] ^= 1
    with pytest.raises(CorruptStream) as caught:
        nlac.decode(bytes(bad), None)
    error = caught.value
    assert (error.offset_bytes, error.block_index, error.first_frame) == (start, 2, 2 * BLOCK)
    assert error.sample_rate == RATE
    assert f"{2 * BLOCK / RATE:.3f} s" in str(error)
    with pytest.raises(CorruptStream) as caught:
        nlac.read(bytes(bad), 2 * BLOCK, 2 * BLOCK + 1)
    assert (caught.value.offset_bytes, caught.value.block_index) == (start, 2)


def test_truncation_tells_the_place(stream):
    start = offsets_of(stream, c.BLOCK_SYNC)[2]
    with pytest.raises(TruncatedStream) as caught:
        nlac.decode(Pipe(stream[: start + 50]), None)
    assert caught.value.offset_bytes == start + 50
    assert caught.value.block_index == 2


def test_bytes_after_the_trailer(stream, samples, wav):
    with pytest.raises(FormatError):
        nlac.decode(stream + b"TAG", None)
    with pytest.raises(CorruptStream, match="follow the trailer"):
        nlac.decode(Pipe(stream + b"TAG"), None)
    out = io.BytesIO()
    result = nlac.decode(stream + b"TAG", out, recover=True)
    assert out.getvalue() == wav
    assert result.restored
    assert not result.lost
    assert result.problems


@pytest.mark.parametrize("drop", [1, 7, 40])
def test_recovery_finds_blocks_that_have_moved(stream, samples, drop):
    start = offsets_of(stream, c.BLOCK_SYNC)[0]
    for bad in (
        stream[: start + 30] + stream[start + 30 + drop :],
        stream[: start + 30] + bytes(drop) + stream[start + 30 :],
    ):
        out = io.BytesIO()
        result = nlac.decode(bad, out, container="raw", recover=True)
        assert [(lost.start, lost.stop) for lost in result.lost] == [(0, BLOCK)]
        back = np.frombuffer(out.getvalue(), "<i2").reshape(-1, 2)
        np.testing.assert_array_equal(back[BLOCK:], samples[BLOCK:])


def test_recovery_when_a_block_is_missing(stream, samples):
    starts = offsets_of(stream, c.BLOCK_SYNC)
    bad = stream[: starts[1]] + stream[starts[2] :]
    result = nlac.decode(bad, None, recover=True)
    assert [(lost.start, lost.stop) for lost in result.lost] == [(BLOCK, 2 * BLOCK)]
    assert result.md5 is None
    # without an index the neighbours tell
    result = nlac.decode(bad[:-1], None, recover=True)
    assert [(lost.start, lost.stop) for lost in result.lost] == [(BLOCK, 2 * BLOCK)]


def test_recovery_with_several_damages_and_no_index(stream, samples):
    starts = offsets_of(stream, c.BLOCK_SYNC)
    bad = bytearray(stream[:-20])
    bad[starts[0] + 5] ^= 1
    bad[starts[2] + 35] ^= 1
    out = io.BytesIO()
    result = nlac.decode(Pipe(bytes(bad)), out, container="raw", recover=True)
    assert [(lost.start, lost.stop) for lost in result.lost] == [
        (0, BLOCK),
        (2 * BLOCK, 3 * BLOCK),
    ]
    assert result.frames == len(samples)
    assert result.to_dict()["lost"][1]["stop_seconds"] == 3 * BLOCK / RATE


def test_recovery_restores_the_file_with_silence(stream, samples, wav):
    starts = offsets_of(stream, c.BLOCK_SYNC)
    bad = bytearray(stream)
    bad[starts[0] + 35] ^= 1
    out = io.BytesIO()
    result = nlac.decode(bytes(bad), out, recover=True)
    head = wav.index(b"data") + 8
    assert out.getvalue() == wav[:head] + bytes(4 * BLOCK) + wav[head + 4 * BLOCK :]
    assert result.container == "wav"
    assert not result.restored


def test_recovery_of_an_intact_stream(stream, wav):
    out = io.BytesIO()
    result = nlac.decode(stream, out, recover=True)
    assert out.getvalue() == wav
    assert result.restored
    assert result.md5
    assert not result.problems


def test_recovery_of_a_part(stream, samples):
    starts = offsets_of(stream, c.BLOCK_SYNC)
    bad = bytearray(stream)
    bad[starts[0] + 35] ^= 1
    out = io.BytesIO()
    result = nlac.decode(bytes(bad), out, container="raw", recover=True, start=10, stop=-3)
    back = np.frombuffer(out.getvalue(), "<i2").reshape(-1, 2)
    np.testing.assert_array_equal(back[BLOCK - 10 :], samples[BLOCK:-3])
    assert len(result.lost) == 1


def test_header_destroyed_but_copied_in_the_trailer(stream, wav):
    out = io.BytesIO()
    result = nlac.decode(bytes(20) + stream[20:], out, recover=True)
    assert out.getvalue() == wav
    assert result.restored


def test_nothing_to_recover():
    for data in (b"", b"RIFF" + bytes(100), bytes(1000)):
        with pytest.raises(FormatError):
            nlac.decode(data, None, recover=True)


def test_random_mutations_never_crash(stream, samples):
    rng = np.random.default_rng(11)
    for _ in range(400):
        bad = bytearray(stream)
        for _ in range(rng.integers(1, 6)):
            at, length = rng.integers(0, len(bad)), int(rng.integers(1, 30))
            kind = rng.integers(0, 4)
            if kind == 0:
                bad[at : at + length] = rng.bytes(length)
            elif kind == 1:
                del bad[at : at + length]
            elif kind == 2:
                bad[at:at] = bad[at : at + length]
            else:
                bad[at:at] = rng.bytes(length)
        data = bytes(bad)
        try:
            read, _rate = nlac.read(data, threads=1)
            np.testing.assert_array_equal(read, samples)
        except NlacError:
            pass
        try:
            nlac.decode(data, None, threads=1)
            assert data == stream
        except NlacError:
            pass
        with contextlib.suppress(NlacError):
            assert nlac.decode(data, None, recover=True, threads=1).frames <= 4096 * BLOCK


def test_lengths_that_lie_allocate_nothing(stream):
    header = parse_header(stream)
    body = c.BLOCK_SYNC + struct.pack("<IQII", 0, 0, BLOCK, 8 * BLOCK * 2 + 65536)
    item = c.METADATA_TAG + struct.pack("<BBII", 0, 0, 2**24, 2**24)
    tracemalloc.start()
    for lie in (body, item):
        data = stream[: header.num_bytes] + lie + crc_bytes(crc32(lie, header.checksum)) + b"x"
        with pytest.raises(TruncatedStream):
            nlac.decode(Pipe(data), None, threads=1)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_stream_made_to_search_for_ever():
    """Very many false blocks that each claim all the rest: the search is bounded."""
    header = StreamHeader(RATE, 1, 16, False, 0, None, 2**20, 1)
    crc = header.checksum
    data = [write_header(header)]
    count = 2**17
    for i in range(count):
        # each might follow an intact block, and would be read to the end of the stream
        body = c.BLOCK_SYNC + struct.pack("<IQII", 0, 0, 2**20, 28 * (count - i))
        data.append(body + crc_bytes(crc32(body, crc)))
    result = nlac.decode(b"".join(data) + bytes(100), None, recover=True)
    assert result.frames == 2**20
    assert len(result.lost) == 1


def test_a_gap_made_up_to_fill_the_disk():
    header = StreamHeader(RATE, 1, 16, False, 0, None, BLOCK, 1)
    far = BlockHeader(2**19, BLOCK * 2**19, 1, 1)
    near = BlockHeader(2, 2 * BLOCK, 1, 1)
    data = write_header(header) + write_block(far, b"\1", header)
    assert nlac.decode(data, None, recover=True).frames == 0
    data += write_block(near, b"\1", header)
    assert nlac.decode(data, None, recover=True).frames == 2 * BLOCK + 1

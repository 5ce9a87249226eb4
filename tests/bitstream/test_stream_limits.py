"""Limits of memory and output: fewer threads, refusals in time, the same bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import verbatim
from stream_tools import BLOCK, RATE, Pipe

import nlac
from nlac._errors import LimitExceeded, UsageError
from nlac.bitstream import scan as survey
from nlac.bitstream.block import BlockHeader, write_block
from nlac.bitstream.header import StreamHeader, write_header
from nlac.codec.decoder import workers
from nlac.codec.decoder.workers import PROCESS_BYTES, Workers, available_memory
from nlac.codec.encoder.options import EncodeOptions


def header_of(block_length: int, channels: int = 1, num_frames: int | None = None) -> StreamHeader:
    return StreamHeader(RATE, channels, 16, False, 0, num_frames, block_length, 1)


def test_memory_limits_the_threads(monkeypatch):
    header = header_of(10**6, 2)
    block = Workers(1).encoding  # checked without a limit
    assert block(header) == 1
    needed = 2 * 10**6 * workers._ENCODING[False]
    for blocks in (1, 3, 8, 100):
        granted = PROCESS_BYTES + blocks * needed
        assert Workers(8, granted).encoding(header) == min(8, blocks)
        assert Workers(8, granted + needed - 1).encoding(header) == min(8, blocks)
    with pytest.raises(LimitExceeded, match="1000000 frames and 2 channels"):
        Workers(8, PROCESS_BYTES + needed - 1).encoding(header)
    # a short stream has no long blocks
    assert Workers(8, PROCESS_BYTES + needed).encoding(header_of(10**6, 2, 10**5)) == 8
    # without a limit half of what there is, but one block in any case
    monkeypatch.setattr(workers, "available_memory", lambda: 2 * (PROCESS_BYTES + 3 * needed))
    assert Workers(8).encoding(header) == 3
    monkeypatch.setattr(workers, "available_memory", lambda: 1)
    assert Workers(8).encoding(header) == Workers(8).decoding(header) == 1


def test_memory_that_is_no_number():
    for memory in (0, -1, 1.5, "2G"):
        with pytest.raises(UsageError, match="memory"):
            Workers(1, memory)
    with pytest.raises(UsageError, match="threads"):
        Workers(-1)
    assert available_memory() > 1 << 20


def test_memory_does_not_change_the_stream(stream, wav, samples):
    for memory in (None, 1 << 29):
        out = io.BytesIO()
        options = {"block_seconds": BLOCK / RATE, "tags": {"title": "x" * 20}}
        nlac.encode(wav, out, threads=4, memory=memory, **options)
        assert out.getvalue() == stream
        np.testing.assert_array_equal(nlac.read(stream, memory=memory)[0], samples)
        assert nlac.decode(stream, None, memory=memory).restored
        assert nlac.decode(stream, None, memory=memory, recover=True).restored
        assert nlac.decode(stream, None, memory=memory, start=1).frames == len(samples) - 1
        decoder = nlac.Decoder(memory=memory)
        np.testing.assert_array_equal(np.concatenate(decoder.feed(stream)), samples)


def test_too_little_memory_is_told(wav, stream, tmp_path):
    for call in (
        lambda: nlac.encode(wav, tmp_path / "a.nlac", memory=1000),
        lambda: nlac.decode(stream, tmp_path / "a.wav", memory=1000),
        lambda: nlac.decode(stream, tmp_path / "a.wav", memory=1000, recover=True),
        lambda: nlac.read(stream, memory=1000),
        lambda: nlac.Decoder(memory=1000).feed(stream),
    ):
        with pytest.raises(LimitExceeded, match="MiB of memory"):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("preset", "rate", "channels", "frames"),
    [
        ("standard", 44_100, 2, 1_323_000),
        ("standard", 48_000, 8, 1_440_000),
        ("max", 192_000, 2, 11_520_000),
        ("max", 96_000, 8, 5_760_000),
        ("standard", 48_000, 64, 180_000),
        ("standard", 192_000, 8, 1_440_000),
        ("standard", 8_000, 16, 240_000),
        ("high", 2, 255, 4096),
        ("fast", 2**32 - 1, 255, 45_176),
    ],
)
def test_usual_audio_keeps_its_block_length(preset, rate, channels, frames):
    assert EncodeOptions(preset=preset).block_length(rate, channels) == frames
    # and what is asked for is done
    wanted = EncodeOptions(preset=preset, block_seconds=1).block_length(48_000, 64)
    assert wanted == 48_000


def test_output_is_limited(stream, wav, samples, tmp_path):
    target = tmp_path / "a.wav"
    samples_and_tail = 4 * len(samples) + len(wav) - (wav.index(b"data") + 8 + 4 * len(samples))
    for limit in (0, 4 * len(samples) - 1, samples_and_tail - 1):
        for source in (stream, Pipe(stream)):
            with pytest.raises(LimitExceeded, match="max_output"):
                nlac.decode(source, target, max_output=limit)
        with pytest.raises(LimitExceeded, match="max_output"):
            nlac.decode(stream, target, max_output=limit, recover=True)
    with pytest.raises(LimitExceeded, match="max_output"):
        nlac.decode(stream, target, start=3, max_output=4 * (len(samples) - 3) - 1)
    assert list(tmp_path.iterdir()) == []
    assert nlac.decode(stream, target, max_output=samples_and_tail).restored
    nlac.decode(stream, target, start=3, max_output=4 * (len(samples) - 3), force=True)
    for bad in (-1, "5"):
        with pytest.raises(UsageError, match="max_output"):
            nlac.decode(stream, target, max_output=bad)


def gap_of(blocks: int, block_length: int) -> bytes:
    header = header_of(block_length)
    first = BlockHeader(0, 0, 1, 1)
    far = BlockHeader(blocks, 1 + (blocks - 1) * block_length, 1, 1)
    pieces = (write_block(each, b"\1", header) for each in (first, far))
    return write_header(header) + b"".join(pieces)


def test_gaps_that_no_index_confirms(monkeypatch):
    frames = 2 + 3 * 1000
    data = gap_of(4, 1000)
    assert nlac.decode(data, None, recover=True).frames == frames
    assert nlac.decode(data, None, recover=True, max_output=2 * frames).frames == frames
    monkeypatch.setattr(survey, "_SILENCE_BYTES", 2 * frames - 10)
    monkeypatch.setattr(survey, "_SILENCE_FACTOR", 10)
    result = nlac.decode(data, None, recover=True)
    assert result.frames == 1
    assert any("a gap of 3000 frames exceeds the limit" in each for each in result.problems)
    # a larger file may have longer gaps
    assert nlac.decode(data + bytes(1000), None, recover=True).frames == frames
    assert nlac.decode(data, None, recover=True, max_output=2 * frames).frames == frames


def test_gaps_that_could_fill_the_disk():
    result = nlac.decode(gap_of(4096, 2**26), None, recover=True)
    assert result.frames == 1
    # frames that only the header tells
    data = write_header(header_of(2**26, num_frames=2**38))
    result = nlac.decode(data, None, recover=True)
    assert result.frames == 0
    assert any(f"the header has {2**38}" in each for each in result.problems)


def test_arrays_that_do_not_fit_into_memory(stream, monkeypatch):
    from nlac.api import arrays as _arrays

    monkeypatch.setattr(_arrays, "available_memory", lambda: 99)
    with pytest.raises(UsageError, match="53 frames do not fit into memory"):
        nlac.read(stream)


def test_pieces_are_decoded_as_they_are_taken(monkeypatch):
    count = 0
    decode = verbatim.decode_block

    def counted(*arguments):
        nonlocal count
        count += 1
        return decode(*arguments)

    monkeypatch.setattr(verbatim, "decode_block", counted)
    verbatim.install(monkeypatch)
    out = io.BytesIO()
    samples = np.zeros((50 * BLOCK, 1), np.int16)
    nlac.write(out, samples, RATE, block_seconds=BLOCK / RATE, verify=False)
    decoder = nlac.Decoder(threads=2)
    pieces = decoder.pieces(out.getvalue())
    assert len(next(pieces)) == BLOCK
    assert count <= 3
    assert sum(map(len, pieces)) == 49 * BLOCK
    assert decoder.finish() == []

"""Any (start, stop) is the slice of the whole, in every mode and format and by every way."""

from __future__ import annotations

import io

import numpy as np
import pytest
from access_tools import NAMES, RATE, Counting, case
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import nlac
from nlac._ranges import HEAD_BYTES, TAIL_BYTES
from nlac.cli.main import cli


def equal(a, b) -> None:
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def places(frames: int) -> st.SearchStrategy[int]:
    """Indices of a sequence, and some beyond; often those at borders of blocks."""
    borders = [n for block in (100, 128, 256, 300, 512) for n in range(0, frames + 2, block)]
    near = st.builds(int.__add__, st.sampled_from(borders), st.integers(-1, 1))
    return st.one_of(st.integers(-frames - 3, frames + 3), near)


@settings(max_examples=150)
@given(st.data())
def test_any_part_is_the_slice_of_the_whole(data):
    """Complaint (xiph/flac#826, #276, spotify/pedalboard#170): seeking by guessing."""
    stream, samples = case(data.draw(st.sampled_from(NAMES)))
    frames = len(samples)
    bounds = st.none() | places(frames)
    start, stop = data.draw(bounds), data.draw(bounds)
    expected = samples[start:stop]
    equal(nlac.read(stream, start or 0, stop, threads=1)[0], expected)
    with nlac.open(stream, threads=1, cache_bytes=data.draw(st.sampled_from([None, 0, 5000]))) as f:
        equal(f[start:stop], expected)
        step = data.draw(st.integers(-40, 40).filter(bool))
        equal(f[start:stop:step], samples[start:stop:step])
        first, last, _ = slice(start, stop).indices(frames)
        length = max(0, last - first)
        assert f.seek(first) == first
        equal(f.read(length), expected)
        assert f.tell() == first + length
        blocksize = data.draw(st.integers(1, 300))
        overlap = data.draw(st.integers(0, blocksize - 1)) if blocksize > 40 else 0
        pieces = list(f.blocks(blocksize, overlap, start or 0, stop))
        for i, piece in enumerate(pieces):
            begin = i * (blocksize - overlap)
            equal(piece, expected[begin : begin + blocksize])
        # each but the first has something new
        assert len(pieces) < 2 or (len(pieces) - 1) * (blocksize - overlap) + overlap < length
        assert sum(map(len, pieces)) - max(0, len(pieces) - 1) * overlap == length


@pytest.fixture(scope="module")
def stereo(tmp_path_factory):
    path = tmp_path_factory.mktemp("stereo") / "a.nlac"
    path.write_bytes(case("stereo").data)
    return path


@settings(max_examples=25)
@given(st.integers(0, 2053), st.integers(0, 2053))
def test_decoding_a_part(stereo, first, second):
    start, stop = sorted((first, second))
    out = stereo.with_name("part.raw")
    arguments = ["decode", stereo, out, "-f", "-q", "-j1", f"--skip={start}f", f"--until={stop}f"]
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    expected = case("stereo").samples[start:stop].astype("<i2").tobytes()
    assert out.read_bytes() == expected
    written = io.BytesIO()
    nlac.decode(stereo, written, container="raw", start=start, stop=stop, threads=1)
    assert written.getvalue() == expected


@pytest.mark.parametrize("name", NAMES)
def test_whole_files_as_arrays(name):
    stream, samples = case(name)
    with nlac.open(stream, threads=1) as file:
        equal(np.asarray(file), samples)
        equal(np.array([*file]).reshape(samples.shape).astype(samples.dtype), samples)
        assert len(file) == len(samples)
        equal(file[::-1], samples[::-1])
        equal(file[::100_000], samples[::100_000])


def test_frames_far_apart_decode_only_their_blocks(monkeypatch):
    from nlac.codec.decoder import access

    stream = io.BytesIO()
    samples = np.arange(300_000).astype(np.int16)
    nlac.write(stream, samples, RATE, preset="fast", block_seconds=1)
    decoded = []

    def decode_part(block, header, start, stop):
        decoded.append(block.header.block_index)
        return access_decode(block, header, start, stop)

    access_decode = access.decode_part
    monkeypatch.setattr(access, "decode_part", decode_part)
    with nlac.open(stream, threads=1) as file:
        equal(file[5::100_000], samples[5::100_000])
        equal(file[::-130_000], samples[::-130_000])
    assert decoded == [0, 12, 25, 4, 21, 37]


def test_iterated_frames_belong_to_the_caller():
    stream, samples = case("32 bits")
    with nlac.open(stream, threads=1) as file:
        assert file[0] == samples[0]  # the block is kept
        for row in nlac.open(case("verbatim").data, threads=1):
            row[:] = 0
            break
        first = file[:5]
        first[:] = 0
        equal(file[:], samples)


def long_stream() -> tuple[bytes, np.ndarray]:
    samples = np.random.default_rng(2).integers(-(2**15), 2**15, (200_000, 2)).astype(np.int16)
    stream = io.BytesIO()
    nlac.write(stream, samples, RATE, preset="fast", block_seconds=1, verify=False)
    return stream.getvalue(), samples


def test_only_the_bytes_needed_are_asked_for():
    data, samples = long_stream()
    file = Counting(data)
    with nlac.open(file, threads=1) as opened:
        assert file.requests == [HEAD_BYTES, TAIL_BYTES]
        assert opened.info.num_frames == len(samples)
        equal(opened[100_000:100_010], samples[100_000:100_010])
        block = file.requests[2:]
        assert len(block) == 1
        assert 32_000 < block[0] < 32_100
        # blocks beside each other come in one request
        equal(opened[10_000:90_000], samples[10_000:90_000])
        assert len(file.requests) == 4
        # and are kept
        equal(opened[20_000:30_000], samples[20_000:30_000])
        assert len(file.requests) == 4
    short = Counting(case("stereo").data)
    with nlac.open(short, threads=1) as opened:
        equal(opened[:], case("stereo").samples)
    assert short.requests == [len(case("stereo").data)]

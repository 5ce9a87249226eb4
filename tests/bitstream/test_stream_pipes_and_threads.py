"""The same bytes by every way: files, pipes, threads, pieces."""

from __future__ import annotations

import io
import os
import threading

import numpy as np
import pytest
from stream_tools import BLOCK, RATE, Pipe, PipeEnd, make_wav

import nlac
from nlac.codec.encoder.options import EncodeOptions


def encoded(src, **options) -> bytes:
    out = PipeEnd()
    nlac.encode(src, out, block_seconds=BLOCK / RATE, **options)
    return out.data


def test_files_and_pipes_give_the_same_bytes(wav, tmp_path):
    (tmp_path / "a.wav").write_bytes(wav)
    nlac.encode(tmp_path / "a.wav", tmp_path / "a.nlac", block_seconds=BLOCK / RATE)
    stream = (tmp_path / "a.nlac").read_bytes()
    for step in (1, 13, 10**6):
        assert encoded(Pipe(wav, step)) == encoded(wav) == stream
        out = PipeEnd()
        assert nlac.decode(Pipe(stream, step), out).restored
        assert out.data == wav


def test_all_thread_counts_give_the_same_bytes(wav):
    streams = {encoded(io.BytesIO(wav), threads=n) for n in (0, 1, 2, 3, 16)}
    assert len(streams) == 1
    for threads in (0, 1, 2, 16):
        out = io.BytesIO()
        nlac.decode(streams.copy().pop(), out, threads=threads)
        assert out.getvalue() == wav


def test_a_real_pipe(wav):
    read_end, write_end = os.pipe()

    def send():
        with os.fdopen(write_end, "wb") as file:
            nlac.encode(io.BytesIO(wav), file)

    sender = threading.Thread(target=send)
    sender.start()
    out = io.BytesIO()
    with os.fdopen(read_end, "rb") as file:
        result = nlac.decode(file, out)
    sender.join()
    assert out.getvalue() == wav
    assert result.restored


def test_pipe_wav_with_unknown_sizes(samples):
    wav = bytearray(make_wav(samples))
    wav[4:8] = wav[40:44] = b"\xff" * 4
    out = io.BytesIO()
    nlac.decode(encoded(Pipe(bytes(wav))), out)
    assert out.getvalue() == wav


def test_file_cut_short(samples, wav):
    short = wav[:-40]
    data = encoded(io.BytesIO(short))
    out = io.BytesIO()
    nlac.decode(data, out)
    assert out.getvalue() == short
    assert encoded(Pipe(short)) == data


@pytest.mark.parametrize("frames", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK])
@pytest.mark.parametrize("tail", [b"", b"\0", b"odd bytes at the end"])
def test_lengths_about_the_block_edges(frames, tail):
    values = np.random.default_rng(frames).integers(-99, 99, (frames, 1))
    wav = make_wav(values, tail=tail)
    data = encoded(io.BytesIO(wav))
    out = io.BytesIO()
    result = nlac.decode(data, out)
    assert out.getvalue() == wav
    # what follows samples of size 0 is what a recording that was never finished holds
    expected = frames or len(tail) // 2
    assert result.frames == expected
    assert nlac.info(data).num_blocks == -(-expected // BLOCK)
    out = io.BytesIO()
    recovered = nlac.decode(data, out, recover=True)
    assert out.getvalue() == wav
    assert not recovered.problems


def test_tail_of_several_pieces(samples):
    wav = make_wav(samples, tail=np.random.default_rng(1).bytes(2**21 + 7))
    data = encoded(io.BytesIO(wav))
    assert data == encoded(Pipe(wav, 70000))
    out = PipeEnd()
    nlac.decode(Pipe(data, 70000), out)
    assert out.data == wav
    names = [item.name for item in nlac.info(data).metadata]
    assert names == ["recipe", "foreign head"] + ["foreign tail"] * 3


def test_announced_and_unknown_totals(samples):
    known = io.BytesIO()
    nlac.write(known, samples, RATE, block_seconds=BLOCK / RATE)
    encoder = nlac.Encoder(RATE, 2, 16, block_seconds=BLOCK / RATE)
    unknown = encoder.push(samples) + encoder.finish()
    assert len(unknown) == len(known.getvalue())
    assert unknown != known.getvalue()
    for data in (known.getvalue(), unknown):
        assert nlac.info(data).num_frames == len(samples)
        np.testing.assert_array_equal(nlac.read(Pipe(data))[0], samples)


def test_options_are_checked():
    for bad in ({"preset": "x"}, {"coder": "x"}, {"block_seconds": 0.0}, {"threads": -1}):
        with pytest.raises(nlac.UsageError):
            EncodeOptions(**bad)
    with pytest.raises(nlac.UsageError, match="no such option"):
        nlac.encode(io.BytesIO(b""), io.BytesIO(), presset="fast")


def test_block_length_bounds():
    options = EncodeOptions(block_seconds=60)
    assert options.block_length(44100, 2) == 60 * 44100
    assert options.block_length(2**32 - 1, 255) == 2**26 // 255
    assert EncodeOptions(block_seconds=1e-9).block_length(44100, 2) == 1
    assert EncodeOptions().block_length(1, 1) == 4096

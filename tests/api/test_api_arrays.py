"""Arrays in and out: shapes, types, ranges of frames, incremental coding."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_tools import BLOCK, RATE, Pipe, PipeEnd

import nlac

SECONDS = BLOCK / RATE


def written(samples, **options) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, RATE, block_seconds=SECONDS, **options)
    return out.getvalue()


def noise(frames: int, channels: int, bits: int, dtype=np.int32) -> np.ndarray:
    top = 2 ** (bits - 1)
    rng = np.random.default_rng(bits)
    values = rng.integers(-top, top, (frames, channels), dtype=np.int64)
    values[:2] = [[-top], [top - 1]]
    return values.astype(dtype)


@pytest.mark.parametrize("bits", range(1, 33))
def test_every_depth_comes_back_native_and_right_justified(bits):
    samples = noise(50, 3, bits)
    back, rate = nlac.read(written(samples, bits_per_sample=bits))
    assert rate == RATE
    assert back.dtype == (np.int16 if bits <= 16 else np.int32)
    np.testing.assert_array_equal(back, samples)
    assert nlac.info(written(samples, bits_per_sample=bits)).bits_per_sample == bits


@pytest.mark.parametrize(
    ("dtype", "bits"), [(np.int8, 8), (np.int16, 16), (np.dtype(">i2"), 16), (np.int64, 20)]
)
def test_types_that_are_taken(dtype, bits):
    samples = noise(40, 2, bits, dtype)
    data = written(samples, bits_per_sample=None if np.dtype(dtype).itemsize < 4 else bits)
    np.testing.assert_array_equal(nlac.read(data)[0], samples)
    assert nlac.info(data).bits_per_sample == bits


def test_float32_keeps_every_bit():
    bits = np.random.default_rng(0).integers(0, 2**32, (100, 2), dtype=np.uint32)
    bits[:4, 0] = [0x80000000, 0x7F800001, 0xFFC12345, 1]
    samples = bits.view(np.float32)
    back, _rate = nlac.read(written(samples))
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back.view(np.uint32), bits)
    assert nlac.info(written(samples)).is_float


@pytest.mark.parametrize(
    "samples",
    [
        np.full((4, 2), 0.1),
        np.full((4, 2), 1e300),
        np.zeros((4, 2), np.uint8),
        np.zeros((4, 2), np.uint16),
        np.zeros((4, 2), bool),
        np.zeros((4, 2), complex),
        np.zeros((4, 2), np.int32),
        np.zeros((4, 2), np.int64),
        np.zeros((4, 2, 2), np.int16),
        np.zeros((), np.int16),
        np.array([["a"]]),
    ],
)
def test_types_that_are_refused(samples, tmp_path):
    with pytest.raises(nlac.UsageError):
        nlac.write(tmp_path / "a.nlac", samples, RATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("samples", "bits"),
    [
        (np.array([128], np.int16), 8),
        (np.array([-129], np.int16), 8),
        (np.array([2**23], np.int32), 24),
        (np.array([2**31]), 32),
        (np.array([0], np.int16), 33),
        (np.array([0], np.int16), 0),
        (np.array([0], np.float32), 16),
    ],
)
def test_values_that_do_not_fit(samples, bits):
    with pytest.raises(nlac.UsageError):
        written(samples, bits_per_sample=bits)


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (2**32, 1), (8000, 256), (8000, 0)])
def test_formats_that_cannot_be_coded(rate, channels):
    with pytest.raises(nlac.UnsupportedAudio):
        nlac.write(io.BytesIO(), np.zeros((3, channels), np.int16), rate)


def test_mono_has_one_dimension_unless_asked():
    samples = np.arange(70, dtype=np.int16)
    data = written(samples)
    assert data == written(samples[:, None])
    np.testing.assert_array_equal(nlac.read(data)[0], samples)
    np.testing.assert_array_equal(nlac.read(data, always_2d=True)[0], samples[:, None])
    assert [len(b) for b in nlac.blocks(data, 30)] == [30, 30, 10]
    assert next(nlac.blocks(data, 30, always_2d=True)).shape == (30, 1)


def test_floats_of_integers_are_scaled():
    samples = np.array([-(2**23), 0, 2**22, 2**23 - 1], np.int32)
    data = written(samples, bits_per_sample=24)
    for dtype in ("float32", "float64"):
        back, _rate = nlac.read(data, dtype=dtype)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, samples / 2**23)
    assert nlac.read(data, dtype="int32")[0].dtype == np.int32
    for dtype in ("int16", "uint8", "x"):
        with pytest.raises(nlac.UsageError):
            nlac.read(data, dtype=dtype)
    with pytest.raises(nlac.UsageError):
        nlac.read(written(np.zeros(4, np.float32)), dtype="int32")


SAMPLES = noise(5 * BLOCK + 3, 2, 16, np.int16)
positions = st.none() | st.integers(-len(SAMPLES) - 20, len(SAMPLES) + 20)


@settings(deadline=None, max_examples=150)
@given(positions.map(lambda p: p or 0), positions)
def test_any_start_and_stop_equal_the_slice(start, stop):
    expected = SAMPLES[start:stop]
    np.testing.assert_array_equal(nlac.read(DATA[0], start, stop)[0], expected)
    out = io.BytesIO()
    result = nlac.decode(DATA[0], out, start=start, stop=stop, container="raw")
    assert out.getvalue() == expected.tobytes()
    assert result.frames == len(expected)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 100), st.integers(0, 99), positions.map(lambda p: p or 0), positions)
def test_blocks_overlap_and_cover(blocksize, overlap, start, stop):
    overlap = min(overlap, blocksize - 1)
    expected = SAMPLES[start:stop]
    pieces = list(nlac.blocks(DATA[0], blocksize, overlap, start, stop))
    assert all(len(piece) == blocksize for piece in pieces[:-1])
    for first, second in itertools.pairwise(pieces):
        np.testing.assert_array_equal(first[len(first) - overlap :], second[:overlap])
    joined = [pieces[0], *(piece[overlap:] for piece in pieces[1:])] if pieces else [expected]
    np.testing.assert_array_equal(np.concatenate(joined), expected)
    # no piece shows only what the one before has shown
    assert all(len(piece) > overlap for piece in pieces[1:])


DATA: list[bytes] = []


@pytest.fixture(autouse=True)
def _data(_verbatim_codec):
    DATA[:] = [written(SAMPLES)]


def test_bad_overlap():
    with pytest.raises(nlac.UsageError):
        next(nlac.blocks(DATA[0], 10, 10))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 50), max_size=8), st.integers(1, 200))
def test_pieces_equal_the_whole(lengths, step):
    encoder = nlac.Encoder(RATE, 2, 16, num_frames=len(SAMPLES), block_seconds=SECONDS)
    done, data = 0, b""
    for length in lengths:
        data += encoder.push(SAMPLES[done : done + length])
        done = min(len(SAMPLES), done + length)
        assert encoder.num_frames == done
    data += encoder.push(SAMPLES[done:]) + encoder.finish()
    assert data == DATA[0]
    decoder = nlac.Decoder()
    arrays = [a for i in range(0, len(data), step) for a in decoder.feed(data[i : i + step])]
    arrays += decoder.finish()
    np.testing.assert_array_equal(np.concatenate(arrays), SAMPLES)
    assert (decoder.sample_rate, decoder.channels, decoder.bits_per_sample) == (RATE, 2, 16)
    assert not decoder.is_float


def test_encoder_misuse():
    encoder = nlac.Encoder(RATE, 2, 16)
    with pytest.raises(nlac.UsageError):
        encoder.push(np.zeros((3, 1), np.int16))
    with pytest.raises(nlac.UsageError):
        encoder.push(np.zeros((3, 2), np.float32))
    encoder.finish()
    for call in (encoder.finish, lambda: encoder.push(SAMPLES)):
        with pytest.raises(nlac.UsageError):
            call()
    encoder = nlac.Encoder(RATE, 2, 16, num_frames=7)
    encoder.push(SAMPLES[:6])
    with pytest.raises(nlac.UsageError, match="7 frames were announced"):
        encoder.finish()


def test_decoder_notices_damage_and_stays_broken():
    decoder = nlac.Decoder()
    with pytest.raises(nlac.UsageError):
        _ = decoder.sample_rate
    bad = bytearray(DATA[0])
    bad[100] ^= 1
    with pytest.raises(nlac.CorruptStream):
        decoder.feed(bytes(bad))
    with pytest.raises(nlac.CorruptStream):
        decoder.finish()
    decoder = nlac.Decoder()
    decoder.feed(DATA[0][:-1])
    with pytest.raises(nlac.TruncatedStream):
        decoder.finish()
    with pytest.raises(nlac.CorruptStream, match="follow the trailer"):
        nlac.Decoder().feed(DATA[0] + b"x")


def test_pipes_on_both_sides():
    out = PipeEnd()
    nlac.write(out, SAMPLES, RATE, block_seconds=SECONDS)
    assert out.data == DATA[0]
    np.testing.assert_array_equal(nlac.read(Pipe(out.data), -9)[0], SAMPLES[-9:])


def test_read_of_everything_verifies_the_md5(monkeypatch):
    import verbatim

    decode_block = verbatim.decode_block

    def wrong(payload, num_frames, stream):
        samples = decode_block(payload, num_frames, stream)
        samples[0] ^= 1
        return samples

    monkeypatch.setattr(verbatim, "decode_block", wrong)
    verbatim.install(monkeypatch)
    with pytest.raises(nlac.ChecksumMismatch, match="MD5"):
        nlac.read(DATA[0])
    with pytest.raises(nlac.ChecksumMismatch, match="MD5"):
        nlac.decode(DATA[0], None)
    with pytest.raises(nlac.ChecksumMismatch, match="MD5"):
        nlac.Decoder().feed(DATA[0])
    with pytest.raises(nlac.VerifyMismatch):
        written(SAMPLES)
    written(SAMPLES, verify=False)

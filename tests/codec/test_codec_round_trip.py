"""Whatever goes into a block or a stream comes out of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from codec_tools import FLOATS, VERBATIM, code, header_of, size
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import (
    LENGTHS,
    RATE,
    SIGNALS,
    Recording,
    float_patterns,
    joined,
    make,
    recordings,
    short_recordings,
)

import nlac
from nlac._errors import CorruptStream
from nlac.codec.decoder.payload import decode_block

CODERS = st.sampled_from(["auto", "range", "rice"])


@settings(max_examples=80)
@given(recordings(), CODERS, st.booleans())
def test_blocks(recording: Recording, coder, long_term):
    code(recording.samples, recording.bits, coder=coder, long_term=long_term)


@settings(max_examples=30)
@given(recordings(), CODERS)
def test_blocks_of_the_default_preset(recording: Recording, coder):
    code(recording.samples, recording.bits, "standard", coder=coder)


@settings(max_examples=80)
@given(short_recordings(), CODERS)
@example(Recording(np.array([[-(2**31)], [2**31 - 1]], np.int32), 32, "ends"), "range")
@example(Recording(np.array([[-1], [0]], np.int32), 1, "one bit"), "rice")
def test_blocks_of_a_few_samples(recording: Recording, coder):
    code(recording.samples, recording.bits, coder=coder)


@pytest.mark.parametrize("bits", range(1, 33))
def test_every_signal_at_every_depth(bits):
    for number, name in enumerate(sorted(SIGNALS)):
        coder = ("range", "rice")[(bits + number) % 2]
        code(make(name, 300, 2, bits, seed=bits), bits, coder=coder)


@pytest.mark.parametrize("frames", LENGTHS)
def test_every_length(frames):
    for channels in (1, 2):
        code(make("music", frames, channels), preset="standard")
        code(make("noise", frames, channels))


@pytest.mark.parametrize("channels", [*range(1, 9), 32])
def test_many_channels(channels):
    for name in ("music", "related_channels", "flipped_channels", "bursts"):
        code(make(name, 400, channels, 24), 24)


def test_255_channels():
    code(make("related_channels", 300, 255))
    code(make("noise", 3, 255, 32), 32)
    assert size(make("silence", 5000, 255)) < 1000


@pytest.mark.parametrize("preset", ["fast", "standard", "high", "max", "neural"])
def test_every_preset(preset):
    for name in ("music", "repeated_loop", "fractional_grid", "bursts", "silence"):
        code(make(name, 6000), preset=preset)
    code(joined(tuple(sorted(SIGNALS)), 700, 2, 24), 24, preset)


@settings(max_examples=60)
@given(float_patterns())
def test_floats_of_any_bits(samples):
    code(samples, 32)


@settings(max_examples=30)
@given(
    recordings(bits=st.integers(1, 24), lengths=st.sampled_from(LENGTHS[:14])),
    st.sampled_from([2.0**-15, 1 / 32767, 2.0**-140, 1e30, 0.7]),
)
def test_floats_from_integers(recording: Recording, gain):
    code((recording.samples * gain).astype(np.float32), 32)


def test_floats_in_every_preset():
    samples = (make("music", 3000) / 32768).astype(np.float32)
    assert code(samples, 32)[0] == FLOATS
    integers = size(make("music", 3000), preset="standard")
    for preset in ("fast", "standard", "high", "max", "neural"):
        assert size(samples, 32, preset) < 1.05 * integers + 60


@settings(max_examples=40)
@given(
    recordings(lengths=st.sampled_from([0, 1, 2, 3, 99, 100, 101, 257, 500])),
    st.integers(1, 3),
    CODERS,
)
def test_streams_of_several_blocks(recording: Recording, threads, coder):
    samples, bits, _name = recording
    out = io.BytesIO()
    nlac.write(
        out,
        samples,
        RATE,
        bits_per_sample=bits,
        preset="fast",
        coder=coder,
        block_seconds=100 / RATE,
        threads=threads,
    )
    back, rate = nlac.read(out, always_2d=True)
    assert rate == RATE
    np.testing.assert_array_equal(back, samples)
    assert back.dtype == (np.int16 if bits <= 16 else np.int32)
    middle, _ = nlac.read(out, len(samples) // 3, len(samples) // 2, always_2d=True)
    np.testing.assert_array_equal(middle, samples[len(samples) // 3 : len(samples) // 2])


@pytest.mark.parametrize("length", [1, 7, 255, 256, 257])
def test_block_edges(length):
    for frames in (length - 1, length, length + 1, 2 * length, 2 * length + 1):
        samples = make("music", frames)
        out = io.BytesIO()
        nlac.write(
            out, samples, RATE, bits_per_sample=16, preset="fast", block_seconds=length / RATE
        )
        assert nlac.info(out).num_blocks == -(-frames // length)
        np.testing.assert_array_equal(nlac.read(out)[0], samples)


def test_samples_as_they_are():
    """Where nothing helps, the samples are stored plainly: one byte more."""
    samples = make("noise", 500, 2, 16)
    payload = code(samples, 16)
    assert payload[0] == VERBATIM
    assert len(payload) == 1 + 2 * samples.size
    header = header_of(samples, 16)
    for bad in (payload[:-1], payload + b"\0", b"", bytes([9]) + payload[1:]):
        with pytest.raises(CorruptStream):
            decode_block(bad, len(samples), header)


def test_samples_beyond_the_depth_are_refused():
    samples = make("extremes", 40, 1, 12)
    payload = code(samples, 12)
    with pytest.raises(CorruptStream, match="exceeds 11 bits"):
        decode_block(payload, 40, header_of(samples, 11))
    plain = bytes([VERBATIM]) + samples.astype("<i2").tobytes()
    with pytest.raises(CorruptStream, match="exceeds 11 bits"):
        decode_block(plain, 40, header_of(samples, 11))


def test_other_number_of_frames_is_refused():
    samples = make("music", 500)
    payload = code(samples)
    for frames in (1, 250, 700, 5000):
        with pytest.raises(CorruptStream):
            decode_block(payload, frames, header_of(samples))


@pytest.mark.parametrize("rate", [1, 3, 192000, 2**32 - 1])
def test_any_rate(rate):
    samples = make("music", 300)
    out = io.BytesIO()
    nlac.write(out, samples, rate, bits_per_sample=16, preset="fast")
    back, found = nlac.read(out)
    assert found == rate
    np.testing.assert_array_equal(back, samples)

"""The generic loop: what goes in comes out, and bad payloads are told."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.container import Header, Reader, SpecError
from oracle.decoder import attached_tables
from oracle.payload import decode_generic as told_generic

from nlac._errors import CorruptStream, TruncatedStream, UsageError
from nlac.predictors.base import Part, Predictor, scale_index
from nlac.predictors.generic import decode_generic, encode_generic

GOLDEN = "6351ac074b35a62f7486e989d99194d6a94579106b1a55e63e2409b5eee8f1b7"


class Hold(Predictor):
    """Expects the last sample again, or that of the channel before."""

    predictor_id = 0x9000
    name = "hold"

    def __init__(self, parts=((0, 150, 2, 40000), (64, 100, 4, 25536))):
        self.parts = parts

    def start(self, channels, bits_per_sample, sample_rate):
        assert 1 <= bits_per_sample <= 32
        assert sample_rate == 8000
        self.calls = []
        self.last = [0] * channels

    def predict(self, channel):
        self.calls.append(("predict", channel))
        centre = 256 * self.last[channel]
        return [Part(centre + offset, *rest) for offset, *rest in self.parts]

    def update(self, channel, sample):
        assert type(sample) is int
        self.calls.append(("update", channel))
        self.last[channel] = sample


def round_trip(samples, bits, predictor):
    samples = np.asarray(samples, np.int32)
    payload = encode_generic(samples, bits, 8000, predictor)
    calls = predictor.calls
    back = decode_generic(payload, *samples.shape, bits, 8000, predictor)
    assert predictor.calls == calls
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, samples)
    channels, frames = samples.shape
    assert len(payload) <= 8 * (1 + channels) + 7 * channels * frames
    return payload


def extremes(bits):
    return [-(1 << (bits - 1)), (1 << (bits - 1)) - 1]


@pytest.mark.parametrize("bits", [1, 2, 8, 16, 24, 32])
@pytest.mark.parametrize("scale", [0, 100, 176, 300, 607])
def test_every_depth_and_scale(bits, scale):
    rng = np.random.default_rng(bits)
    low, high = extremes(bits)
    samples = rng.integers(low, high, (2, 40), endpoint=True)
    samples[0, 5:9] = low
    samples[1, 5:9] = high
    samples[0, 20:] = 0 if bits > 1 else -1
    round_trip(samples, bits, Hold([(0, scale, scale % 7, 65536)]))
    round_trip(samples, bits, Hold([(0, scale, 0, 60000), (-99, min(scale + 90, 607), 6, 5536)]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 37), (255, 3)])
def test_every_count_of_channels_and_frames(shape):
    samples = np.random.default_rng(4).integers(-500, 500, shape)
    round_trip(samples, 16, Hold())


def test_order_of_calls():
    predictor = Hold()
    round_trip(np.ones((2, 2)), 16, predictor)
    frame = [("predict", 0), ("update", 0), ("predict", 1), ("update", 1)]
    assert predictor.calls == frame * 2


def test_pieces_meet():
    samples = np.cumsum(np.random.default_rng(9).integers(-4, 5, (1, 4097)), axis=1)
    round_trip(samples, 16, Hold([(0, 80, 2, 65536)]))


def test_constant_channels_cost_their_range_only():
    assert len(round_trip(np.full((2, 500), [[7], [-32768]]), 16, Hold())) == 16


def test_music_gets_smaller(stereo):
    payload = round_trip(stereo, 16, Hold())
    assert len(payload) < 0.85 * 2 * stereo.size


def test_middle_between_two_narrow_parts_escapes():
    ends = ((-(2**23), 0, 0, 32768), (2**23, 0, 0, 32768))
    samples = np.zeros((1, 9), np.int32)
    samples[0, ::2] = np.array([-32768, 32767, 1, -2, 99])
    payload = round_trip(samples, 16, Hold(ends))
    assert len(payload) > 8 + 5 * 33 // 8


mixtures = st.lists(
    st.tuples(st.integers(-(2**40), 2**40), st.integers(0, 607), st.integers(0, 6)),
    min_size=1,
    max_size=16,
)


@settings(max_examples=60, deadline=None)
@given(st.data(), mixtures, st.integers(1, 32))
def test_any_mixture_any_samples(data, parts, bits):
    low, high = extremes(bits)
    rows = data.draw(
        st.lists(st.lists(st.integers(low, high), min_size=4, max_size=4), min_size=1, max_size=3)
    )
    weights = [65536 // len(parts)] * len(parts)
    weights[0] += 65536 - sum(weights)

    class Fixed(Hold):
        def predict(self, channel):
            self.calls.append(("predict", channel))
            return [(*part, w) for part, w in zip(parts, weights, strict=True)]

    round_trip(rows, bits, Fixed())


def test_list_of_channels_is_taken():
    channels = [np.arange(5, dtype=np.int32), np.arange(5, dtype=np.int32)[::-1]]
    payload = encode_generic(channels, 8, 8000, Hold())
    assert payload == encode_generic(np.array(channels), 8, 8000, Hold())


def test_samples_that_are_none_are_refused():
    for samples in [np.zeros((1, 2)), np.zeros(3, np.int32), np.zeros((2, 0), np.int32)]:
        with pytest.raises(ValueError, match="int32"):
            encode_generic(samples, 16, 8000, Hold())


def test_broken_contract_is_told():
    for parts in [((0, 900, 0, 65536),), ((0.5, 90, 0, 65536),), ()]:
        with pytest.raises(UsageError, match="predictor hold"):
            encode_generic(np.array([[1, 2]], np.int32), 8, 8000, Hold(parts))


def told(payload, channels, frames, bits, predictor):
    """What the decoder makes of it that knows the specification only."""
    header = Header(False, bits, channels, 8000, 0, frames, frames, 0x9000, 0, b"", b"", b"")
    return told_generic(
        Reader(payload), frames, channels, header, attached_tables(), predictor
    )


def integers():
    """Samples made without a random generator."""
    t = np.arange(400, dtype=np.int64)
    return np.stack([(t * t * 37) % 1999 - 900, (t * 12345) % 65536 - 32768]).astype(np.int32)


def test_golden_payload():
    # the payload is part of the format: it must not change
    payload = encode_generic(integers(), 16, 8000, Hold())
    assert hashlib.sha256(payload).hexdigest() == GOLDEN
    expected = integers()
    np.testing.assert_array_equal(told(payload, *expected.shape, 16, Hold()), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 607), st.integers(0, 607), st.integers(1, 65535))
def test_decoder_from_the_spec_agrees(seed, wide, narrow, weight):
    rng = np.random.default_rng(seed)
    spread = 2.0 ** min(wide / 16 - 4, 29)
    samples = np.clip(rng.normal(0, spread, (2, 25)), -(2**31), 2**31 - 1).astype(np.int32)
    parts = ((0, wide, seed % 7, weight), (300, narrow, seed % 5, 65536 - weight))
    payload = encode_generic(samples, 32, 8000, Hold(parts))
    np.testing.assert_array_equal(told(payload, 2, 25, 32, Hold(parts)), samples)


def test_truncations_and_leftovers_are_told(stereo):
    payload = encode_generic(stereo, 16, 8000, Hold())
    for length in [0, 7, 15]:
        with pytest.raises(TruncatedStream):
            decode_generic(payload[:length], 2, 1500, 16, 8000, Hold())
    for damaged in [payload[:-1], payload[:-12], payload + bytes(3), payload + bytes(8)]:
        with pytest.raises(CorruptStream):
            decode_generic(damaged, 2, 1500, 16, 8000, Hold())
    with pytest.raises(CorruptStream, match="left over"):
        decode_generic(payload, 2, 700, 16, 8000, Hold())
    with pytest.raises(CorruptStream, match="too early"):
        decode_generic(payload, 2, 2**22, 16, 8000, Hold())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), mixtures, st.integers(1, 32))
def test_decoder_from_the_spec_agrees_on_any_mixture(seed, parts, bits):
    """Also where parts lie far out, and where values escape."""
    weights = [65536 // len(parts)] * len(parts)
    weights[0] += 65536 - sum(weights)
    mixed = Hold([(*part, weight) for part, weight in zip(parts, weights, strict=True)])
    samples = np.random.default_rng(seed).integers(*extremes(bits), (3, 12), endpoint=True)
    samples = samples.astype(np.int32)
    samples[1] = samples[1, 0]
    mixed.update = lambda channel, sample: None  # the locations are at their bounds already
    payload = encode_generic(samples, bits, 8000, mixed)
    np.testing.assert_array_equal(decode_generic(payload, 3, 12, bits, 8000, mixed), samples)
    np.testing.assert_array_equal(told(payload, 3, 12, bits, mixed), samples)


@pytest.mark.parametrize("parts", [[(0, 608, 0, 65536)], [(0, 0, 7, 65536)], [(0, 0, 0, 1)], []])
def test_mixture_counts_where_nothing_is_coded(parts):
    payload = encode_generic(np.full((1, 5), 3, np.int32), 8, 8000, Hold())
    with pytest.raises(CorruptStream):
        decode_generic(payload, 1, 5, 8, 8000, Hold(parts))
    with pytest.raises(SpecError):
        told(payload, 1, 5, 8, Hold(parts))


def test_number_of_words():
    """One more than it takes, as an encoder writes, or as many; and none for nothing."""
    ends = struct.pack("<ii", 0, 1)
    zeros = bytes(4)
    for number, frames in ((1, 5), (2, 5), (2, 50), (3, 50)):
        payload = ends + number * zeros
        assert not decode_generic(payload, 1, frames, 8, 8000, Hold()).any()
        assert told(payload, 1, frames, 8, Hold()) == [[0] * frames]
    same = struct.pack("<ii", 7, 7)
    assert told(same, 1, 5, 8, Hold()) == decode_generic(same, 1, 5, 8, 8000, Hold()).tolist()
    for payload, frames in (
        (ends, 5), (ends + 3 * zeros, 5), (ends + zeros, 50), (ends + 4 * zeros, 50),
        (same + zeros, 5), (same + 2 * zeros, 5),
    ):
        with pytest.raises(CorruptStream):
            decode_generic(payload, 1, frames, 8, 8000, Hold())
        with pytest.raises(SpecError):
            told(payload, 1, frames, 8, Hold())


def test_bad_ranges_are_told():
    payload = bytearray(encode_generic(np.array([[1, 2], [-3, 5]], np.int32), 8, 8000, Hold()))
    payload[8:16] = np.array([5, -3], "<i4").tobytes()
    with pytest.raises(CorruptStream, match="above the greatest") as caught:
        decode_generic(bytes(payload), 2, 2, 8, 8000, Hold())
    assert caught.value.path == "ranges[1]"


class Touchy(Hold):
    """Fails on samples that it does not like, as a predictor on damaged data may."""

    def update(self, channel, sample):
        super().update(channel, sample)
        self.scale = 1 // (sample != 13)


def test_predictor_that_fails_on_damaged_samples():
    payload = encode_generic(np.array([[12, 13, 14]], np.int32), 8, 8000, Hold())
    with pytest.raises(CorruptStream, match="ZeroDivisionError"):
        decode_generic(payload, 1, 3, 8, 8000, Touchy())


def test_mutated_payloads_never_crash(stereo):
    rng = np.random.default_rng(7)
    small = stereo[:, :60]
    payload = encode_generic(small, 16, 8000, Hold())
    told = 0
    for _ in range(150):
        damaged = bytearray(payload)
        for _ in range(int(rng.integers(1, 4))):
            damaged[int(rng.integers(len(damaged)))] ^= int(rng.integers(1, 256))
        try:
            back = decode_generic(bytes(damaged), 2, 60, 16, 8000, Hold())
        except CorruptStream:
            told += 1
        else:
            assert back.shape == (2, 60)
    assert told > 10


def test_scale_index():
    for scale in range(64, 600):
        deviation = round(256 * 2 ** (scale / 16 - 4))
        assert scale - 2 <= scale_index(deviation) <= scale
    assert [scale_index(d) for d in (0, 15, 16, 256, 2**60)] == [0, 0, 0, 64, 607]

"""Channels that say nothing new cost next to nothing."""

from __future__ import annotations

import numpy as np
import pytest
from codec_tools import code, header_of, size
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import make

from nlac._errors import CorruptStream, NlacError
from nlac._samples import sample_type
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.channels import split_channels
from nlac.codec.transforms.channels import CODED, CONSTANT, COPY, NEGATED_COPY, ChannelMap
from nlac.entropy.varint import write_varint


def kinds_of(samples: np.ndarray) -> list[int]:
    description, coded = split_channels(samples)
    mapped = ChannelMap(description, 0, samples.shape[1])
    for bits in (32, 16):
        if not np.array_equal(samples, samples.astype(np.int16)) and bits == 16:
            break
        out = np.empty(samples.shape, sample_type(bits))
        # in two pieces, as slices come
        for part in (slice(0, len(samples) // 3), slice(len(samples) // 3, None)):
            mapped.join(np.ascontiguousarray(coded[:, part]), out[part], bits)
        np.testing.assert_array_equal(out, samples)
    return [kind for kind, _number, _offset in mapped.entries]


def test_kinds():
    rng = np.random.default_rng(1)
    first = rng.integers(-1000, 1000, 600)
    other = rng.integers(-1000, 1000, 600)
    samples = np.stack(
        [first, 0 * first + 7, first + 5, -first - 1, other, -other + 300, 4 * first + 3], axis=1
    ).astype(np.int32)
    expected = [CODED, CONSTANT, COPY, NEGATED_COPY, CODED, NEGATED_COPY, CODED]
    assert kinds_of(samples) == expected
    assert size(samples) < size(samples[:, [0, 4, 6]]) + 25


def test_all_constant():
    samples = np.tile(np.array([0, -(2**31), 2**31 - 1, 5], np.int32), (100000, 1))
    assert kinds_of(samples) == [CONSTANT] * 4
    assert size(samples, 32) < 25


def test_a_difference_at_the_very_end_is_seen():
    samples = make("music", 3000, 1).repeat(2, 1)
    samples[-1, 1] += 1
    assert kinds_of(samples) == [CODED, CODED]
    code(samples)


def test_copies_at_full_scale():
    low, high = -(2**31), 2**31 - 1
    x = np.random.default_rng(2).choice([low, high, 0, 1, -1], 500)
    samples = np.stack([x, x, (-x - 1).clip(low, high)], axis=1).astype(np.int32)
    assert kinds_of(samples) == [CODED, COPY, NEGATED_COPY]
    code(samples, 32)


@pytest.mark.parametrize("step", [2, 3, 4096, 2**31])
def test_steps(step):
    low = -(2**31)
    x = low + step * np.random.default_rng(3).integers(0, min(2**32 // step, 50), 400)
    samples = x.astype(np.int32)[:, None]
    assert kinds_of(samples) == [CODED]
    _description, coded = split_channels(samples)
    assert np.ptp(coded) < 50
    code(samples, 32)


def test_identical_and_flipped_stereo_cost_like_mono():
    mono = size(make("identical_channels", 5000, 1))
    assert size(make("identical_channels", 5000, 2)) < mono + 10
    left = make("music", 5000, 1) // 2
    for right in (left, -left, -left - 1, left + 100):
        assert size(np.concatenate([left, right], axis=1)) < size(left) + 10


def test_related_channels_cost_less_than_apart():
    samples = make("related_channels", 12000, 2)
    apart = size(samples[:, :1], preset="standard") + size(samples[:, 1:], preset="standard")
    assert size(samples, preset="standard") < 0.8 * apart


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2**33), st.integers(0, 2**36)),
        min_size=2,
        max_size=2,
    ),
    st.integers(0, 2**32 - 1),
)
def test_any_description(entries, seed):
    """Whatever a stream says of its channels: samples of 32 bits, or an error."""
    data = bytearray()
    for kind, number, offset in entries:
        data += write_varint(kind) + (write_varint(number) if kind else b"") + write_varint(offset)
    coded = np.random.default_rng(seed).integers(-(2**31), 2**31, (2, 20)).astype(np.int32)
    try:
        mapped = ChannelMap(bytes(data), 0, 2)
        whole = np.empty((20, 2), np.int32)
        mapped.join(coded[: mapped.num_coded], whole)
    except CorruptStream:
        return
    narrow = np.empty((20, 2), np.int16)
    if np.array_equal(whole, whole.astype(np.int16)):
        mapped.join(coded[: mapped.num_coded], narrow, 16)
        np.testing.assert_array_equal(narrow, whole)
    else:
        with pytest.raises(CorruptStream, match="exceeds 16 bits"):
            mapped.join(coded[: mapped.num_coded], narrow, 16)


@pytest.mark.parametrize(
    "data",
    [
        bytes([4, 0]),  # unknown kind
        bytes([COPY, 0, 0]),  # of itself
        bytes([COPY, 1, 0]),  # of a later one
        bytes([CODED, 0, 0]),  # step 0
        bytes([CODED]) + write_varint(2**32) + b"\0",
        bytes([CODED, 1]) + write_varint(2**40),
        bytes([CODED]),
        b"",
    ],
)
def test_bad_descriptions(data):
    with pytest.raises(CorruptStream):
        ChannelMap(data, 0, 2)
    payload = bytes([1]) + data + bytes(20)
    with pytest.raises(NlacError):
        decode_block(payload, 10, header_of(np.zeros((10, 2), np.int32)))


def test_sums_beyond_32_bits_are_refused():
    data = bytes([CODED]) + write_varint(2**31) + b"\0"
    mapped = ChannelMap(data, 0, 1)
    with pytest.raises(CorruptStream, match="exceeds 32 bits"):
        mapped.join(np.array([[0, 1]], np.int32), np.empty((2, 1), np.int32))
    with pytest.raises(CorruptStream, match="exceeds 32 bits"):
        ChannelMap(bytes([CONSTANT]) + write_varint(2**33), 0, 1).join(
            np.zeros((0, 3), np.int32), np.empty((3, 1), np.int32)
        )

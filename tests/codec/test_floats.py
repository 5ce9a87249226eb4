"""Floats as integers and side data: exact for every bit pattern, small for real signals."""

from __future__ import annotations

import numpy as np
import pytest
from floats_tools import F32, MUSIC16, MUSIC24, blocks, music
from hypothesis import given, settings
from hypothesis import strategies as st

from nlac.codec.encoder.floats.choice import split
from nlac.codec.transforms.float_kernels import bit_length, float_bits
from nlac.codec.transforms.floats import join


def check(samples):
    """Split and join; returns the integers and the side data."""
    samples = np.ascontiguousarray(samples, F32)
    integers, side = split(samples)
    assert integers.shape == samples.shape
    assert integers.dtype == np.int32
    again = join(integers, side)
    assert again.shape == samples.shape
    assert again.dtype == F32
    np.testing.assert_array_equal(again.view(np.uint32), samples.view(np.uint32))
    return integers, side


@settings(max_examples=150, deadline=None)
@given(blocks)
def test_any_patterns(bits):
    check(bits.view(F32))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-149, 127), st.integers(0, 30), st.integers(1, 2**24))
def test_any_range_of_exponents(seed, middle, spread, mask):
    rng = np.random.default_rng(seed)
    field = (middle + 127 + rng.integers(-spread, spread + 1, (300, 2))).clip(0, 255)
    bits = rng.integers(0, 2**23, field.shape) & mask | field << 23
    bits |= rng.integers(0, 2, field.shape) << 31
    check(bits.astype(np.uint32).view(F32))


@pytest.mark.parametrize(
    ("integers", "scale"),
    [
        (MUSIC16, 2.0**-15),
        (MUSIC24, 2.0**-23),
        (MUSIC16, 1.0),
        (MUSIC16, 2.0**-149),
        (MUSIC16, 2.0**110),
    ],
)
def test_integers_come_back_free(integers, scale):
    found, side = check((integers * scale).astype(F32))
    np.testing.assert_array_equal(found, integers)
    assert len(side) <= 5


@pytest.mark.parametrize(
    "scaled",
    [
        MUSIC16.astype(F32) * F32(0.7 / 32768),
        MUSIC16 / 32767,
        MUSIC16.astype(F32) / F32(32767),
        MUSIC16 * (10 ** (-3 / 20) / 32768),
        MUSIC24 * (0.9 / 2**23),
    ],
)
def test_gain_is_found(scaled):
    found, side = check(scaled)
    source = MUSIC24 if np.abs(found).max() > 32768 else MUSIC16
    np.testing.assert_array_equal(found, source)
    assert len(side) <= 24


def test_two_gains_leave_small_differences():
    scaled = (MUSIC16.astype(F32) * F32(0.7)) * F32(1.234)
    found, side = check(scaled)
    np.testing.assert_array_equal(found, MUSIC16)
    assert len(side) < scaled.size * 2 / 8


def test_mantissas_with_few_bits():
    found, side = check((MUSIC24 * 0.37 / 2**23).astype(np.float16))
    assert np.abs(found).max() < 2**24
    assert len(side) <= 5


def test_noise_costs_its_mantissa_bits():
    rng = np.random.default_rng(3)
    found, side = check(rng.uniform(-1, 1, (20000, 1)))
    # 24 bits of the largest floats, and what is below for the smaller ones
    below = 24 - np.ceil(np.log2(np.abs(found) + 1.0)).mean()
    assert len(side) * 8 / found.size == pytest.approx(below, abs=0.1)


def test_fixed_point_of_32_bits():
    wide = np.rint(MUSIC24 * 2.0**8 + np.random.default_rng(4).integers(0, 256, MUSIC24.shape))
    check(wide.astype(F32) / F32(2**31))


def test_processed_part_does_not_spoil_the_rest():
    samples = (MUSIC16 / 32768).astype(F32)
    whole = check(samples)[0]
    samples[-2000:] *= np.linspace(1, 0, 2000, dtype=F32)[:, None]
    found, side = check(samples)
    np.testing.assert_array_equal(found[:16000], whole[:16000])
    assert len(side) < 2000 * 2 * 3


def test_long_decay_gets_finer_grids():
    wave = music(100000, 16, channels=1) / 32768
    wave *= np.exp2(-np.arange(100000) / 2000)[:, None]
    found, side = check(wave)
    assert np.abs(found[-16000:]).max() > 2**10
    assert len(side) < found.size * 2


def test_negative_zeros_cost_little():
    samples = (MUSIC16 / 32768).astype(F32)
    samples[3000:9000] = -0.0
    found, side = check(samples)
    assert not found[3000:9000].any()
    assert len(side) < 100


def test_frequent_negative_zeros_cost_a_bit():
    rng = np.random.default_rng(5)
    samples = np.copysign(0.0, rng.normal(size=(8000, 1)))
    assert len(check(samples)[1]) < 8000 / 8 + 100


def test_wild_values_repeat_the_integer_before():
    samples = (MUSIC16 / 32768).astype(F32)
    samples[500:900] = np.nan
    samples[1200, 0] = np.inf
    samples.view(np.uint32)[1300:1400, 1] = 0xFF812345
    found, side = check(samples)
    assert (found[500:900] == found[499]).all()
    assert found[1200, 0] == found[1199, 0]
    assert len(side) < 150


def test_equal_channels_stay_equal():
    wave = np.random.default_rng(6).normal(0, 0.1, (5000, 1)).astype(F32)
    found, _ = check(np.hstack([wave, wave]))
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_side_data_longer_than_the_samples():
    bits = np.random.default_rng(8).integers(0, 2**23, (3000, 2), np.uint32) | 0x7F800000
    assert len(check(bits.view(F32))[1]) > 3000 * 2 * 4


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, np.pi, np.nan, 1e-45, -np.inf])
def test_short_blocks(frames, value):
    check(np.full((frames, 2), value, F32))


def test_same_bytes_each_time():
    samples = (MUSIC24 * 0.3 + MUSIC16) / 2**23
    assert check(samples)[1] == check(samples)[1]


@pytest.mark.jit
@settings(max_examples=300, deadline=None)
@given(st.integers(0, 63), st.integers(0, 2**63 - 1), st.integers(-256, 140))
def test_float_bits_rounds_like_ieee(length, seed, exponent):
    magnitude = seed >> (63 - length)
    assert bit_length(magnitude) == magnitude.bit_length() == bit_length(np.int64(magnitude))
    shift = max(magnitude.bit_length() - 24, -149 - exponent, 0)
    kept, rest = divmod(magnitude, 1 << shift)
    kept += 2 * rest > 1 << shift or (2 * rest == 1 << shift and kept % 2 == 1)
    value = float(np.ldexp(float(kept), exponent + shift))
    expected = -1 if value >= 2.0**128 else int(F32(value).view(np.uint32))
    assert float_bits(magnitude, exponent) == expected


def test_bytes_of_the_example():
    samples = np.array([[-1, -1], [1 - 2**-15, 1 - 2**-15], [0.5, 2**-15]], F32)
    assert split(samples)[1] == bytes.fromhex("01 01 F1 FF 08")

"""Floats as integers and side data: exact for every bit pattern, small for real signals."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nlac._errors import CorruptStream
from nlac.codec.floats import join, split
from nlac.codec.floats_steps import bit_length, float_bits

F32 = np.float32
RATE = 44100


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


def music(frames, bits, channels=2, seed=1):
    """Integers of a few decaying partials and some noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(frames)[:, None] / RATE
    wave = sum(
        np.sin(2 * np.pi * f * t + rng.uniform(0, 6, channels)) * np.exp(-t * f / 900) / (i + 2)
        for i, f in enumerate((196.0, 392.5, 589.1, 1180.3))
    )
    wave = wave * 0.6 + rng.normal(0, 1e-3, (frames, channels))
    limit = 2 ** (bits - 1)
    return np.rint(wave * limit).clip(-limit, limit - 1) + 0.0  # no -0.0


MUSIC16 = music(20000, 16)
MUSIC24 = music(20000, 24)

# values of all kinds next to each other, so that contexts change all the time
patterns = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0x80000000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF]),
    st.sampled_from([0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF]),
    st.integers(0x3E000000, 0x3F000000),
    st.integers(-300, 300).map(lambda k: int(F32(k / 256).view(np.uint32))),
)
blocks = st.tuples(st.integers(0, 40), st.integers(1, 3)).flatmap(
    lambda shape: arrays(np.uint32, shape, elements=patterns)
)


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


DAMAGED = {
    "grid": (MUSIC16[:3000] * np.pi / 2**17).astype(F32),
    "gain": (MUSIC16[:3000].astype(F32) * F32(0.7)) * F32(1.234),
    "wild": np.where(MUSIC16[:3000] % 7 == 0, np.nan, MUSIC16[:3000] / 3e5).astype(F32),
    "tiny": (MUSIC16[:3000] * 1e-44).astype(F32),
}
STORED = {name: split(samples) for name, samples in DAMAGED.items()}


def survives(integers, side):
    try:
        samples = join(integers, side)
    except CorruptStream:
        return
    assert samples.shape == integers.shape
    assert samples.dtype == F32


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(DAMAGED)), st.data())
def test_damaged_side_data(name, data):
    integers, side = STORED[name]
    broken = bytearray(side)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(broken) - 1, 40)) | st.integers(0, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    survives(integers, bytes(broken))


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_truncated_side_data_is_noticed(name):
    integers, side = STORED[name]
    for length in {*range(min(len(side), 24)), len(side) - 1, len(side) - 4}:
        with pytest.raises(CorruptStream):
            join(integers, side[:length])
    with pytest.raises(CorruptStream):
        join(integers, side + bytes(8))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(DAMAGED)), st.integers(0, 2**32 - 1))
def test_integers_that_do_not_belong(name, seed):
    integers, side = STORED[name]
    rng = np.random.default_rng(seed)
    survives(rng.integers(-(2**31), 2**31, integers.shape).astype(np.int32), side)
    survives(np.full(integers.shape, -(2**31), np.int32), side)
    survives(np.zeros(integers.shape, np.int32), side)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_any_side_data(side):
    survives(STORED["grid"][0][:200], side)


class SlowDecoder:
    """Decodes side data in the words of the specification, with Python's integers."""

    def __init__(self, integers, side):
        self.planes = [[int(k) for k in row] for row in integers.T]
        self.side = side
        self.at = 0
        self.channels = [self.description(len(row)) for row in self.planes]
        self.words = list(np.frombuffer(side, "<u4", offset=self.at).tolist())
        self.taken = 0
        self.low, self.range = 0, 2**64 - 1
        self.point = self.word() << 32 | self.word()

    def word(self):
        self.taken += 1
        return self.words[self.taken - 1] if self.taken <= len(self.words) else 0

    def number(self, form):
        (value,) = struct.unpack_from(form, self.side, self.at)
        self.at += struct.calcsize(form)
        return value

    def varint(self):
        byte = self.number("B")
        return byte if byte < 128 else byte % 128 + 128 * self.varint()

    def description(self, frames):
        flags = self.number("B")
        if flags & 8:
            return (*self.before[:3], bool(flags & 4))
        gain, grids, runs = (1, 0), (0, 0), []
        if flags & 1:
            gain = self.varint(), self.number("<h")
        if flags & 2:
            grids = self.number("B"), self.number("<h")
            for left in range(self.varint(), -1, -1):
                grid = self.number("<h")
                length = self.varint() + 1 if left else frames - len(runs)
                runs += [None if grid == 32767 else grid] * length
        self.before = gain, grids, runs or [None] * frames, bool(flags & 4)
        return self.before

    def quantile(self):
        return (self.point - self.low) % 2**64 // (self.range >> 24)

    def advance(self, begin, size):
        scale = self.range >> 24
        self.low, self.range = (self.low + scale * begin) % 2**64, scale * size
        if self.range < 2**32:
            self.low, self.range = (self.low << 32) % 2**64, self.range << 32
            self.point = (self.point << 32) % 2**64 | self.word()

    def decision(self, *model):
        p, n = self.models.get(model, (2**23, 0))
        if self.quantile() < p:
            self.advance(0, p)
            self.models[model] = p + (2**24 - 256 - p) // (n + 2), min(n + 1, 126)
            return 0
        self.advance(p, 2**24 - p)
        self.models[model] = p - (p - 256) // (n + 2), min(n + 1, 126)
        return 1

    def uniform(self, bits):
        value = self.quantile() >> (24 - bits)
        self.advance(value << (24 - bits), 1 << (24 - bits))
        return value

    def ones(self, name, limit):
        for count in range(limit):
            if not self.decision(name, count):
                return count
        return limit

    @staticmethod
    def to_float(m, e):
        s = max(m.bit_length() - 24, -149 - e)
        if m == 0 or s > 63:
            return 0
        if s > 0:
            m, r = m >> s, m % (1 << s)
            m += r > 1 << (s - 1) or (r == 1 << (s - 1) and m % 2)
        else:
            m <<= -s
        return (e + s + 149) * 2**23 + m

    def plain(self, k, grid, gain, zeros, floor):
        sign = 2**31 if k < 0 else 0
        if grid is None:
            return sign | self.to_float(abs(k) * gain[0], gain[1])
        if k:
            e = max(grid + abs(k).bit_length() - 24, -149)
            if e >= grid:
                return sign | self.to_float(abs(k), grid)
            b = max(grid - e - max(zeros, floor - e), 0)
            v = 0
            if b:
                v = self.decision("exact", b, self.exact)
                self.exact = 2 * (self.exact % 2) + v
            if v and b > 1:
                f = 2**24 // (2**b - 1)
                v = self.quantile() // f + 1
                self.advance((v - 1) * f, f)
            return sign | self.to_float((abs(k) << (grid - e)) + (v << (grid - e - b)), e)
        inexact = self.decision("zero", self.zero)
        self.zero = 2 * (self.zero % 2) + inexact
        if not inexact:
            return 0
        sign = self.decision("sign", 0 if self.last == 0 else 1 if self.last > 0 else 2) << 31
        j = self.ones("octave", 24)
        if j == 24:
            j += self.uniform(9)
        p = grid - 1 - j
        w = min(p + 149, 23)
        b = max(w - max(zeros, floor - p + w), 0)
        return sign | self.to_float((1 << w) + (self.uniform(b) << (w - b)), p - w)

    def sample(self, k, grid, gain, grids, exceptions):
        before, self.kind = self.kind, 0
        if exceptions and self.decision("plain", before, k == 0):
            if k == 0 and not self.decision("negative zero", before):
                self.kind = 1
                return 2**31
            if grid is None and not self.decision("near", before):
                self.kind = 2
                less = self.decision("delta sign")
                m = self.ones("delta", 7)
                delta = 2**m + self.uniform(m)
                return self.plain(k, grid, gain, *grids) + (-delta if less else delta)
            self.kind = 3
            if self.decision("same"):
                self.stored = self.uniform(16) << 16
                self.stored |= self.uniform(16)
            return self.stored
        return self.plain(k, grid, gain, *grids)

    def decode(self):
        out = []
        for plane, (gain, grids, runs, exceptions) in zip(self.planes, self.channels, strict=True):
            self.models = {}
            self.kind = self.stored = self.last = self.exact = self.zero = 0
            for k, grid in zip(plane, runs, strict=True):
                out.append(self.sample(k, grid, gain, grids, exceptions))
                self.last = k
        assert self.taken - len(self.words) in (0, 1) or not self.words
        return np.array(out, np.uint32).reshape(len(self.planes), -1).T


@settings(max_examples=60, deadline=None)
@given(blocks)
def test_specification_any_patterns(bits):
    integers, side = split(bits.view(F32))
    np.testing.assert_array_equal(SlowDecoder(integers, side).decode().reshape(bits.shape), bits)


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_specification(name):
    np.testing.assert_array_equal(
        SlowDecoder(*STORED[name]).decode(), DAMAGED[name].view(np.uint32)
    )


def test_specification_runs():
    wave = music(36000, 16) / 32768 * np.exp2(-np.arange(36000) / 900)[:, None]
    samples = wave.astype(F32)
    integers, side = split(samples)
    decoder = SlowDecoder(integers, side)
    assert len({*decoder.channels[0][2]}) > 1
    np.testing.assert_array_equal(decoder.decode(), samples.view(np.uint32))


def test_bytes_of_the_example():
    samples = np.array([[-1, -1], [1 - 2**-15, 1 - 2**-15], [0.5, 2**-15]], F32)
    assert split(samples)[1] == bytes.fromhex("01 01 F1 FF 08")

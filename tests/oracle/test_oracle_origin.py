"""Origin blocks in both decoders: of granules at random and at their extremes, of random words."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from origin.lossy_signals import random_granules
from origin_blocks import (
    EncodeRows,
    Part,
    granules_of,
    hostile_granules,
    origin_stream,
    within_the_rails,
    write_origin,
    writer,
)

import nlac
from nlac._errors import CorruptStream
from nlac.bitstream.header import parse_header
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.lpc import slicing
from nlac.predictors.cascade.block import CASCADE
from nlac.predictors.lpc.slices import SLICED
from nlac.predictors.origin.head import Section, write_head
from nlac.predictors.origin.kinds import LAYER3
from oracle import origin, synthesis
from oracle.coding import RangeDecoder
from oracle.container import SpecError, read_stream
from oracle.decisions import logistic_tables
from oracle.decoder import decode_stream
from oracle.granules import layer3_tables, size
from oracle.oracle_tools import told_payload, told_samples
from oracle.origin_tools import PI, cosine, header, product, rounded, sine, told
from oracle.random_plans import random_words
from oracle.synthesis import bounded

UNITY = 1 << 30
BUTTERFLIES = ("-0.6", "-0.535", "-0.33", "-0.185", "-0.095", "-0.041", "-0.0142", "-0.0037")


def window(kind: int, j: int) -> Decimal:
    """w of section 11.24.6."""
    if kind == 3:
        return window(1, 35 - j)
    half = Decimal("0.5")
    if kind == 0 or j < 18:
        return sine(PI / 36 * (j + half))
    if j < 24:
        return Decimal(1)
    return sine(PI / 12 * (j - 18 + half)) if j < 30 else Decimal(0)


def test_logistic_tables_are_those_of_the_formulas():
    logit, chance = logistic_tables()
    with localcontext() as context:
        context.prec = 30
        for i in (*range(20), *range(20, 4076, 61), *range(4076, 4096)):
            odds = (i + Decimal("0.5")) / (4096 - i - Decimal("0.5"))
            assert logit[i] == min(max(rounded(256 * odds.ln()), -2047), 2047)
        for i in (*range(-2048, 2047, 47), -2, -1, 0, 1, 2, 2047):
            assert chance[i + 2048] == rounded(65536 / (1 + (Decimal(-i) / 256).exp()))


def test_layer3_tables_are_those_of_the_formulas():
    tables = layer3_tables()
    for n in range(1, 8207):
        # exact: the numbers 2 m - 1 and 2 m + 1 are on both sides of twice the power
        x = ((n**4).bit_length() - 1) // 3
        m, power = tables.m[n], n**4 << (3 * (31 - x))
        assert (2 * m - 1) ** 3 <= power < (2 * m + 1) ** 3
    for r, f in enumerate(tables.f):
        assert (2 * f - 1) ** 4 <= 1 << (4 * 31 + r) < (2 * f + 1) ** 4
    with localcontext() as context:
        context.prec = 40
        for i in range(128):
            assert tables.cos[i] == rounded(cosine(PI * i / 64), 24)
        for i, c in enumerate(map(Decimal, BUTTERFLIES)):
            root = (1 + c * c).sqrt()
            assert tables.cs[i] == rounded(1 / root, 24)
            assert tables.ca[i] == rounded(c / root, 24)
        expected = [0] * len(tables.im)
        for k in range(18):
            for j in range(36):
                wave = cosine(PI / 72 * (2 * j + 19) * (2 * k + 1))
                for kind in (0, 1, 3):
                    place = (kind * 18 + k) * 36 + j
                    expected[place] = rounded(window(kind, j) * wave, 24)
        for f in range(6):
            for j in range(12):
                wave = cosine(PI / 24 * (2 * j + 7) * (2 * f + 1))
                value = rounded(sine(PI / 12 * (j + Decimal("0.5"))) * wave, 24)
                for u in range(3):
                    expected[(2 * 18 + 3 * f + u) * 36 + 6 + 6 * u + j] = value
        assert list(tables.im) == expected


def test_the_window_is_that_of_the_standard():
    """Some of its decimals; and with itself, shifted by any number of slots, it is orthogonal."""
    win = layer3_tables().win
    known = {1: 0.000015259, 64: 0.003250122, 128: 0.031082153, 256: 1.144989014}
    assert {i: round(abs(win[i]) / 65536, 9) for i in known} == known
    assert all(abs(win[i]) == abs(win[512 - i]) for i in range(1, 512))
    for i in range(32):
        taps = [value / 65536 for value in win[i::32]]
        for later in range(0, 16, 2):
            total = sum(a * b for a, b in zip(taps, taps[later:], strict=False))
            assert abs(total - (0 if later else 2)) < 1e-4


def random_section(rng: np.random.Generator) -> Section:
    shift = int(rng.choice([0, 1727, rng.integers(1728)]))
    gain = int(rng.choice([UNITY >> 1, UNITY << 1, UNITY, rng.integers(UNITY >> 1, UNITY << 1)]))
    return Section(int(rng.integers(1152, 1200)), shift, gain, int(rng.integers(3)))


@pytest.mark.parametrize("seed", range(7))
def test_random_granules(seed):
    """Each table in turn, and one or two channels."""
    rng = np.random.default_rng([seed, 1])
    channels, bits = 1 + seed % 2, (16, 20, 24)[seed % 3]
    parts = []
    for number in range(1 + (seed == 3)):
        section = random_section(rng)
        granules = random_granules(10 * seed + number, granules_of(section), channels, seed)
        shape = (channels, section.frames)
        missed = rng.laplace(0, rng.choice([0.05, 1, 300]), shape)
        parts.append(Part(section, granules, np.rint(missed).astype(np.int32)))
    block, samples = write_origin(parts, seed, bits)
    want = np.concatenate(samples, axis=1)
    stream = header(bits, channels)
    assert np.array_equal(product(block, want.shape[1], stream), want)
    assert np.array_equal(told(block, want.shape[1], stream), want)


@pytest.mark.parametrize("seed", range(5))
def test_extreme_granules(seed, monkeypatch):
    """The oracle asserts the widths of the text; lines, subband samples and samples are clipped."""
    reached: dict[float, int] = {}

    def noted(value: int, bound: float) -> int:
        reached[bound] = max(reached.get(bound, 0), abs(value))
        return bounded(value, bound)

    monkeypatch.setattr(synthesis, "bounded", noted)
    rng = np.random.default_rng([seed, 2])
    channels, bits = 1 + (seed > 0), (16, 24)[seed % 2]
    section = random_section(rng)
    granules = hostile_granules(rng, granules_of(section), channels)
    missed = rng.choice([0, 1, -1, 2**24, -(2**24)], (channels, section.frames))
    block, samples = write_origin([Part(section, granules, missed.astype(np.int32))], 0, bits)
    stream = header(bits, channels)
    assert np.array_equal(product(block, section.frames, stream), samples[0])
    assert np.array_equal(told(block, section.frames, stream), samples[0])
    # subband samples before they are clipped, and sums of the filter bank
    assert reached[39] > 1 << 33
    assert reached[38] > 1 << 36
    made = samples[0] - missed
    assert abs(made).max() == 1 << (bits - 1)
    assert size(8206, 19, layer3_tables().f) == 1 << 32


def test_random_words():
    """Words of no encoder: both decode the same samples of them, or both refuse them."""
    decoded = 0
    for seed in range(6):
        rng = np.random.default_rng([seed, 3])
        channels, bits, table = int(rng.integers(1, 3)), 16 + 4 * (seed % 3), int(rng.integers(7))
        section, stream = Section(1152, 5 * seed), header(bits, channels)
        words = random_words(rng, 12000)
        coder = RangeDecoder(words.tolist())
        own = origin.Section(section.frames, section.shift, section.gain, section.rounding)
        try:
            (rows,) = origin.decode_sections(
                coder, origin.LOSSY[0], [own], table, channels, bits
            )
        except SpecError:
            with pytest.raises(CorruptStream):
                product(write_head(LAYER3, table, [section], words), section.frames, stream)
            continue
        decoded += 1
        block = write_head(LAYER3, table, [section], words[: coder.taken])
        assert np.array_equal(product(block, section.frames, stream), rows)
        for wrong in (words[: coder.taken - 3], words[: coder.taken + 1]):
            with pytest.raises(CorruptStream):
                product(write_head(LAYER3, table, [section], wrong), section.frames, stream)
    assert 3 <= decoded < 6


def made_parts(bits: int, first: int) -> tuple[list[Part], np.ndarray]:
    """Sections of two channels without granules, with them, without, twice with them; samples."""
    rng = np.random.default_rng(bits)
    parts, rows = [], []
    for number, frames in enumerate([first, 1300, 200, 1152, 1152]):
        if number in (0, 2):
            parts.append(Part(Section(frames)))
            rows.append(np.cumsum(rng.integers(-99, 100, (2, frames)), axis=1))
            continue
        section = Section(frames, 300 * number, int(UNITY * 0.7), number % 3)
        granules = random_granules(number, granules_of(section), 2, 6)
        missed = np.rint(rng.laplace(0, 0.1, (2, frames))).astype(np.int32)
        part, samples = within_the_rails(Part(section, granules, missed), 6, bits)
        parts.append(part)
        rows.append(samples)
    return parts, np.concatenate(rows, axis=1).astype(np.int32)


@pytest.mark.parametrize(
    ("predictor", "bits", "entries"), [("lpc", 16, 0), ("lpc", 24, 0.13), ("cascade", 20, 0)]
)
def test_streams(predictor, bits, entries, monkeypatch, cascade_alone):
    """The block of the sections without granules is of any kind, in slices too."""
    monkeypatch.setattr(slicing, "_ONE_IN", 1)
    parts, samples = made_parts(bits, 2100 if entries else 200)
    kinds = []

    def write_block(channels: np.ndarray, encode: EncodeRows) -> bytes:
        def noted(rows: np.ndarray, before: bytes) -> bytes:
            coded = encode(rows, before)
            kinds.append(coded[0])
            return coded

        return writer(parts, samples, 6, bits)(channels, noted)

    data = origin_stream(samples.T, bits, write_block, predictor=predictor, entry_seconds=entries)
    assert kinds == [SLICED if entries else CASCADE if predictor == "cascade" else 0]
    assert np.array_equal(nlac.read(data)[0], samples.T)
    assert np.array_equal(told_samples(decode_stream(data)), samples.T)


def test_changed_blocks():
    """Heads, words and the block of the other sections: both refuse them, or tell the same."""
    section = Section(1152, 0)
    granules = random_granules(4, granules_of(section), 1, 6)
    granules.values[:] //= 3
    missed = np.zeros((1, 1152), np.int32)
    part, made = within_the_rails(Part(section, granules, missed), 6, 16)
    samples = np.concatenate([made, np.arange(90, dtype=np.int32)[None] % 17], axis=1)
    work = writer([part, Part(Section(90))], samples, 6, 16)
    data = origin_stream(samples.T, 16, work, predictor="lpc")
    parsed = read_stream(data)
    payload, stream = parsed[2][0].payload, parse_header(data)
    start = payload.index(bytes([7, 0, 6, 2]))
    rng, same = np.random.default_rng(8), 0
    for number in range(48):
        changed = bytearray(payload)
        # fields, then words and the other block
        low, high = (start, start + 16) if number < 40 else (start + 20, len(payload))
        for place in rng.integers(low, high, 1 + number % 2):
            changed[place] ^= 1 << int(rng.integers(8))
        try:
            found = told_payload(bytes(changed), samples.shape[1], stream)
        except SpecError:
            with pytest.raises(CorruptStream):
                decode_block(bytes(changed), samples.shape[1], stream)
            continue
        same += 1
        assert np.array_equal(decode_block(bytes(changed), samples.shape[1], stream), found)
    assert 0 < same < 40

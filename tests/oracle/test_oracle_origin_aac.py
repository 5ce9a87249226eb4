"""Origin blocks of AAC in both decoders: of frames at random and at their extremes, of words."""

from __future__ import annotations

import sys
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from origin.aac_random import random_frames
from origin_blocks import Part, frames_of, origin_stream, within_the_rails, write_origin, writer

import nlac
from nlac._errors import CorruptStream
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.head import Section, write_head
from nlac.predictors.origin.kinds import AAC
from nlac.predictors.origin.lossy import AAC as FRAMES
from oracle import aac_sizes, aac_synthesis, origin
from oracle.aac_synthesis import lim
from oracle.aac_tables import aac_tables, edges
from oracle.coding import RangeDecoder, clip
from oracle.container import SpecError
from oracle.decoder import decode_stream
from oracle.granules import layer3_tables
from oracle.oracle_tools import told_samples
from oracle.origin_tools import PI, cosine, header, product, rounded, sine, told
from oracle.random_plans import random_words

UNITY = 1 << 30
HALF = Decimal("0.5")


def bessel(x: Decimal) -> Decimal:
    """The modified Bessel function of order 0."""
    term = total = Decimal(1)
    for k in range(1, 60):
        term *= x * x / (4 * k * k)
        total += term
    return total


def kbd(count: int, alpha: int, places: list[int]) -> list[int]:
    """Some places of the slope of a KBD window."""
    sums, total = [], Decimal(0)
    for n in range(count + 1):
        root = (1 - (Decimal(2 * n) / count - 1) ** 2).sqrt()
        total += bessel(PI * alpha * root)
        sums.append(total)
    return [rounded((sums[n] / total).sqrt(), 24) for n in places]


def test_tables_are_those_of_the_formulas():
    tables = aac_tables()
    with localcontext() as context:
        context.prec = 40
        for slopes, count, alpha in ((tables.sl, 1024, 4), (tables.ss, 128, 6)):
            places = [*range(0, count, count // 32), 1, count - 1]
            for n in places:
                assert slopes[0][n] == rounded(sine(PI * (n + HALF) / (2 * count)), 24)
            assert [slopes[1][n] for n in places] == kbd(count, alpha, places)
        for j in (0, 1, *range(2, 256, 23), 255):
            angle = PI * j / 256
            assert [row[j] for row in tables.turn] == [
                rounded(cosine(angle), 24), rounded(sine(angle), 24),
            ]  # fmt: skip
        for pair, count, factor in (
            (tables.tl, 512, Decimal(1)), (tables.tm, 512, HALF.sqrt()), (tables.ts, 64, 1),
        ):  # fmt: skip
            for k in (0, 1, *range(2, count, count // 16), count - 1):
                angle = PI * (8 * k + 1) / (16 * count)
                assert [row[k] for row in pair] == [
                    rounded(factor * cosine(angle), 24), rounded(factor * sine(angle), 24),
                ]  # fmt: skip
        for resolution, h in ((3, 4), (4, 8)):
            for i in range(-h, h):
                value = sine(PI * i / (2 * h - 1 if i >= 0 else 2 * h + 1))
                assert tables.sin[resolution][i] == rounded(value, 28)
    assert tables.sl[3] == [0] * 448 + list(tables.ss[1]) + [1 << 24] * 448


def test_bands_rise_to_all_lines():
    for table in range(7):
        for short in (False, True):
            ends = edges(table, short)
            assert all(a < b for a, b in pairwise(ends))
            assert all(each % 4 == 0 for each in ends)


def random_section(rng: np.random.Generator, frames: int) -> Section:
    shift = int(rng.choice([0, 2047, rng.integers(2048)]))
    gain = int(rng.choice([UNITY >> 1, UNITY << 1, UNITY, rng.integers(UNITY >> 1, UNITY << 1)]))
    return Section(frames, shift, gain, int(rng.integers(3)))


@pytest.mark.parametrize("seed", range(14))
def test_random_frames(seed):
    """Each table twice, with one and two channels; two sections once."""
    rng = np.random.default_rng([seed, 11])
    table, channels, bits = seed % 7, 1 + (seed + seed // 7) % 2, (16, 20, 24)[seed % 3]
    parts = []
    for number in range(1 + (seed == 3)):
        section = random_section(rng, 2048 + 30 * seed)
        frames = random_frames(10 * seed + number, frames_of(section), channels, table)
        shape = (channels, section.frames)
        missed = rng.laplace(0, rng.choice([0.05, 1, 300]), shape)
        parts.append(Part(section, frames, np.rint(missed).astype(np.int32)))
    block, samples = write_origin(parts, table, bits)
    want = np.concatenate(samples, axis=1)
    stream = header(bits, channels)
    assert np.array_equal(product(block, want.shape[1], stream), want)
    assert np.array_equal(told(block, want.shape[1], stream), want)


def test_extreme_frames(monkeypatch):
    """The oracle asserts the widths of the text; every clip acts."""
    beyond: set[tuple[str, int]] = set()
    shifts: set[int] = set()

    def noted(x: int, n: int) -> int:
        if abs(x) > 1 << n:
            beyond.add((sys._getframe(1).f_code.co_name, n))
        return lim(x, n)

    def clipped(value: int, low: int, high: int) -> int:
        shifts.add(value)
        return clip(value, low, high)

    monkeypatch.setattr(aac_synthesis, "lim", noted)
    monkeypatch.setattr(aac_sizes, "clip", clipped)
    for seed in range(6):
        rng = np.random.default_rng([seed, 12])
        channels, bits = 1 + (seed > 0), (16, 24)[seed % 2]
        section = random_section(rng, 2048)
        frames = random_frames(seed, frames_of(section), channels, seed, hostile=True)
        missed = rng.choice([0, 1, -1, 2**24, -(2**24)], (channels, section.frames))
        part = Part(section, frames, missed.astype(np.int32))
        block, (samples,) = write_origin([part], seed, bits)
        stream = header(bits, channels)
        assert np.array_equal(product(block, section.frames, stream), samples)
        assert np.array_equal(told(block, section.frames, stream), samples)
        assert abs(samples - missed).max() == 1 << (bits - 1)
    assert {(name, n) for name, n in beyond if name != "<listcomp>"} == {
        ("join_channels", 33), ("run_filter", 33),
    }  # fmt: skip
    assert ("<listcomp>", 36) in beyond or ("transform", 36) in beyond
    assert min(shifts) < 1
    assert max(shifts) > 61


def test_the_largest_product_of_a_size_has_room():
    f = aac_synthesis.gains(2 * UNITY)
    largest = max(range(1, 8207), key=layer3_tables().m.__getitem__)
    assert aac_sizes.size(largest, -121, f) == 3
    assert aac_sizes.size(8206, 139, f) == 1 << 32


def some_words(rng: np.random.Generator, frames: int, channels: int, table: int) -> np.ndarray:
    """Words that are those of plain frames up to some place."""
    plain = random_frames(int(rng.integers(99)), frames, channels, table)
    plain.filters[:] = plain.reflections[:] = 0
    coder = SectionCoder.encoder(FRAMES, 9000 * frames)
    coder.units(plain, table)
    words = coder.words
    kept = int(rng.integers(len(words)))
    return np.concatenate([words[:kept], random_words(rng, 24000)])


def test_random_words():
    """Words of no encoder: both decode the same samples of them, or both refuse them."""
    decoded = 0
    for seed in range(16):
        rng = np.random.default_rng([seed, 13])
        channels, bits, table = 1 + seed % 2, 16 + 4 * (seed % 3), int(rng.integers(7))
        section, stream = Section(2048, 5 * seed), header(bits, channels)
        words = some_words(rng, frames_of(section), channels, table)
        coder = RangeDecoder(words.tolist())
        own = origin.Section(section.frames, section.shift, section.gain, section.rounding)
        try:
            (rows,) = origin.decode_sections(coder, origin.LOSSY[1], [own], table, channels, bits)
        except SpecError:
            with pytest.raises(CorruptStream):
                product(write_head(AAC, table, [section], words), section.frames, stream)
            continue
        decoded += 1
        block = write_head(AAC, table, [section], words[: coder.taken])
        assert np.array_equal(product(block, section.frames, stream), rows)
        longer = write_head(AAC, table, [section], words[: coder.taken + 1])
        with pytest.raises(CorruptStream):
            product(longer, section.frames, stream)
    assert 3 <= decoded < 16


def test_a_stream():
    """Sections without frames around one with them."""
    rng = np.random.default_rng(14)
    section = Section(2048, 300, int(UNITY * 0.7), 1)
    frames = random_frames(5, frames_of(section), 2, 6)
    missed = np.rint(rng.laplace(0, 0.1, (2, section.frames))).astype(np.int32)
    part, made = within_the_rails(Part(section, frames, missed), 6, 16)
    around = [np.cumsum(rng.integers(-99, 100, (2, n)), axis=1) for n in (200, 150)]
    samples = np.concatenate([around[0], made, around[1]], axis=1).astype(np.int32)
    parts = [Part(Section(200)), part, Part(Section(150))]
    work = writer(parts, samples, 6, 16)
    data = origin_stream(samples.T, 16, work, predictor="lpc")
    assert np.array_equal(nlac.read(data)[0], samples.T)
    assert np.array_equal(told_samples(decode_stream(data)), samples.T)

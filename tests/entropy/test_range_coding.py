"""The range coder: three of them (kernel, plain Python, constriction), one language."""

from __future__ import annotations

import constriction
import numpy as np
import pytest
from coder_tools import (
    kernel_takes,
    kernel_words,
    plain_takes,
    plain_words,
    random_intervals,
    straddling_intervals,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from nlac._errors import CorruptStream, TruncatedStream
from nlac.entropy.range_coder import (
    TOTAL,
    RangeDecoder,
    RangeEncoder,
    decode_symbols,
    encode_bulk,
    encode_symbols,
)

GOLDEN = "000000ff feff800c 8e33f6ac a25d5aef fdf4ad2d 27c17544 02ea0ae4"


def agree(intervals: np.ndarray) -> np.ndarray:
    words = plain_words(intervals)
    np.testing.assert_array_equal(kernel_words(intervals), words)
    np.testing.assert_array_equal(encode_bulk(intervals), words)
    assert plain_takes(words, intervals)
    assert kernel_takes(words, intervals)
    return words


@pytest.mark.jit
@pytest.mark.parametrize("count", [0, 1, 2, 3, 1000])
def test_random_streams_agree(count):
    rng = np.random.default_rng(count)
    for _ in range(30 if count < 10 else 3):
        agree(random_intervals(rng, count))


@pytest.mark.jit
def test_streams_that_straddle_the_carry_agree():
    rng = np.random.default_rng(5)
    for patience in (0.5, 0.9, 0.99, 1.0):
        for _ in range(20):
            agree(straddling_intervals(rng, int(rng.integers(2, 120)), patience))


def test_straddling_streams_hold_words_back_both_ways():
    rng = np.random.default_rng(6)
    outcomes = set()
    longest = 0
    for _ in range(200):
        encoder = RangeEncoder()
        for c, f in straddling_intervals(rng, 40, 0.93).tolist():
            before = encoder._held, len(encoder._words), encoder._first
            encoder.encode(c, f)
            longest = max(longest, encoder._held)
            if before[0] and len(encoder._words) > before[1]:
                outcomes.add(encoder._words[before[1]] - before[2])
    assert outcomes == {0, 1}  # without and with a carry
    assert longest > 5


@pytest.mark.jit
def test_golden_words():
    rows = [(0, 1), (TOTAL - 1, 1), (1 << 23, 1 << 22), (12345, 678), (0, TOTAL), (7, 7 << 20)]
    intervals = np.array(rows * 3, np.int64)
    words = plain_words(intervals)
    np.testing.assert_array_equal(kernel_words(intervals), words)
    assert [f"{word:08x}" for word in words] == GOLDEN.split()
    assert plain_takes(words, intervals)


def test_nothing_coded_is_no_word():
    assert len(RangeEncoder().finish()) == 0
    assert len(encode_bulk(np.zeros((0, 2), np.int64))) == 0
    RangeDecoder([]).finish()


def test_plain_coder_refuses_what_is_no_interval():
    for c, f in [(-1, 5), (0, 0), (5, -1), (TOTAL - 3, 4), (0, TOTAL + 1)]:
        with pytest.raises(ValueError, match="no interval"):
            RangeEncoder().encode(c, f)
        with pytest.raises(ValueError, match="intervals"):
            encode_bulk([(0, 5), (c, f)])


def test_raw_bits():
    encoder = RangeEncoder()
    values = [(0, 0), (1, 1), (0xFFFF, 16), (0x12345, 17), (0xDEADBEEF, 32), (5, 3)]
    for value, count in values:
        encoder.encode_raw(value, count)
    decoder = RangeDecoder(encoder.finish())
    assert [decoder.decode_raw(count) for _, count in values] == [value for value, _ in values]
    decoder.finish()


def test_words_that_end_too_early_or_too_late_are_refused():
    rng = np.random.default_rng(8)
    intervals = random_intervals(rng, 50)
    words = plain_words(intervals)
    with pytest.raises(CorruptStream, match="left over"):
        plain_takes(np.append(words, words[:2]), intervals)
    decoder = RangeDecoder(words[:4])
    with pytest.raises(TruncatedStream, match="too early"):  # noqa: PT012
        while True:
            decoder.advance(decoder.decode(), 1)
    with pytest.raises(CorruptStream, match="outside"):
        RangeDecoder([2**32 - 1] * 3).decode()


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_symbols_through_constriction_and_plain(data):
    size = data.draw(st.integers(1, 9))
    weights = data.draw(st.lists(st.integers(1, 1000), min_size=size, max_size=size))
    frequencies = [1 + w for w in weights]
    frequencies[-1] += TOTAL - sum(frequencies)
    symbols = data.draw(st.lists(st.integers(0, size - 1), max_size=60))
    words = encode_symbols(symbols, frequencies)
    np.testing.assert_array_equal(decode_symbols(words, len(symbols), frequencies), symbols)
    starts = np.cumsum([0, *frequencies])
    if size > 1:
        plain = plain_words(np.array([(starts[s], frequencies[s]) for s in symbols]).reshape(-1, 2))
        np.testing.assert_array_equal(plain, words)


def test_bulk_is_read_by_constriction():
    frequencies = np.array([1, 2, 3, 1000, TOTAL - 1006])
    starts = np.cumsum(frequencies) - frequencies
    symbols = np.random.default_rng(2).integers(0, 5, 300)
    words = encode_bulk(np.stack([starts[symbols], frequencies[symbols]], axis=1))
    np.testing.assert_array_equal(decode_symbols(words, 300, frequencies), symbols)
    model = constriction.stream.model.Categorical((frequencies - 1.0) / 7, perfect=False)
    decoder = constriction.stream.queue.RangeDecoder(words)
    np.testing.assert_array_equal(decoder.decode(model, 300), symbols)


def test_symbols_refuse_bad_words_and_tables():
    with pytest.raises(ValueError, match="frequencies"):
        encode_symbols([0], [TOTAL - 1])
    with pytest.raises(ValueError, match="frequencies"):
        encode_symbols([0], [TOTAL, 0])
    with pytest.raises(ValueError, match="symbols"):
        encode_symbols([2], [1, TOTAL - 1])
    with pytest.raises(CorruptStream, match="outside"):
        decode_symbols([2**32 - 1] * 3, 3, [1, TOTAL - 1])
    words = encode_symbols([0, 0, 0, 0, 1], [1, TOTAL - 1])
    with pytest.raises(CorruptStream, match="left over"):
        decode_symbols(words, 2, [1, TOTAL - 1])
    with pytest.raises(CorruptStream, match="left over"):
        decode_symbols(words, 2, [TOTAL])

"""Side information of lpc blocks: symbols, integers and the whole layout."""

from __future__ import annotations

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlac._errors import CorruptStream
from nlac.entropy.side_coder import (
    ALPHABET,
    EDGE,
    MAX_SYMBOL_SCALE,
    SideReader,
    SideWriter,
    histogram_frequencies,
    laplace_frequencies,
    low_bits_of,
)
from nlac.predictors.lpc.parameters import LONG_FRAMES, ORDERS, PAD, UNIT, LpcParameters
from nlac.predictors.lpc.side_info import (
    MAX_DELAY,
    MAX_INITIAL_SCALE,
    MAX_SHIFT,
    MIN_SHIFT,
    read_parameters,
    write_parameters,
)

TOTAL = 1 << 24


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 12), max_size=50), min_size=1, max_size=4),
    st.lists(
        st.tuples(
            st.lists(st.integers(-(2**19), 2**19 - 1), max_size=30), st.integers(0, 16 * 28 - 1)
        ),
        max_size=4,
    ),
)
def test_what_goes_in_comes_out(fields, groups):
    writer = SideWriter()
    heads = [writer.symbols(np.array(field, np.int64)) for field in fields]
    integers = [value for values, _ in groups for value in values]
    stretches = [len(values) for values, _ in groups], [scale for _, scale in groups]
    writer.integers(np.array(integers, np.int64), *stretches)
    reader = SideReader(*writer.finish())
    for field, head in zip(fields, heads, strict=True):
        assert head[0] == len(head) - 1
        assert reader.symbols(len(field), head[1:]).tolist() == field
    assert reader.integers(*stretches).tolist() == integers


@pytest.mark.parametrize("scale", [0, 1, 63, 64, 127, 128, 200, 300, MAX_SYMBOL_SCALE])
def test_frequencies_are_whole(scale):
    frequencies = laplace_frequencies(scale)
    assert len(frequencies) == ALPHABET
    assert frequencies.sum() == TOTAL
    assert frequencies.min() >= 1
    assert np.argmax(frequencies) in (EDGE, EDGE + 1)


@pytest.mark.parametrize("weights", [[1, 1], [255, 0, 1], [0] * 30 + [255, 7], [9] * 255])
def test_histograms_are_whole(weights):
    frequencies = histogram_frequencies(np.array(weights, np.int64))
    assert frequencies.sum() == TOTAL
    assert frequencies.min() >= 1


def test_models_have_the_frequencies_that_they_are_given():
    """A float model of constriction must not round any of them."""
    rng = np.random.default_rng(1)
    for frequencies in (
        laplace_frequencies(0),
        laplace_frequencies(211),
        histogram_frequencies(rng.integers(0, 256, 255)),
    ):
        values = rng.integers(0, len(frequencies), 300)
        intervals = np.stack([np.cumsum(frequencies) - frequencies, frequencies], axis=1)
        weights = (frequencies - 1).astype(np.float64)
        model = constriction.stream.model.Categorical(weights, perfect=False)
        coder = constriction.stream.queue.RangeEncoder()
        coder.encode(values.astype(np.int32), model)
        # the same words from integer intervals alone
        from nlac.entropy.range_coder import RangeEncoder

        plain = RangeEncoder()
        for value in values.tolist():
            plain.encode(*intervals[value].tolist())
        np.testing.assert_array_equal(coder.get_compressed(), plain.finish())


def test_few_large_integers_escape():
    values = np.array([0, 1, -1, 2**23 - 1, -(2**23), 5], np.int64)
    writer = SideWriter()
    writer.integers(values, [len(values)], [16])
    words, raw = writer.finish()
    assert len(raw) == 2
    np.testing.assert_array_equal(SideReader(words, raw).integers([6], [16]), values)
    with pytest.raises(CorruptStream, match="ends too early"):
        SideReader(words, raw[:1]).integers([6], [16])


def test_wide_integers_keep_their_low_bits():
    scale = 16 * 15
    assert low_bits_of(scale) == 8
    values = np.random.default_rng(2).integers(-60000, 60000, 500)
    writer = SideWriter()
    writer.integers(values, [500], [scale])
    np.testing.assert_array_equal(SideReader(*writer.finish()).integers([500], [scale]), values)


def test_empty_and_bad_histograms():
    reader = SideReader(np.zeros(0, np.uint32), np.zeros(0, np.uint32))
    assert reader.symbols(3, b"").tolist() == [0, 0, 0]
    assert reader.symbols(0, b"\0\0").tolist() == []
    assert reader.symbols(2, b"\0\0\7").tolist() == [2, 2]
    with pytest.raises(CorruptStream, match="empty histogram"):
        reader.symbols(1, b"\0\0")


def random_layout(seed: int) -> tuple[LpcParameters, int]:
    """A layout with everything in it, and its number of value sets."""
    rng = np.random.default_rng(seed)
    channels, frames = int(rng.integers(1, 4)), int(rng.integers(1, 5000))
    reference = rng.integers(-1, channels, channels)
    reference[reference == np.arange(channels)] = -1
    delay = rng.integers(0, MAX_DELAY + 1, channels)
    total = frames + int(delay.max())
    starts = [0]
    while starts[-1] < total:
        starts.append(min(total, starts[-1] + (UNIT << int(rng.integers(0, 5)))))
    count = len(starts) - 1
    last = np.minimum(np.array(starts[:-1]) + PAD - LONG_FRAMES[-1], total)
    new = rng.integers(LONG_FRAMES[-1], np.maximum(last, LONG_FRAMES[-1]) + 1)
    lag = np.where((rng.random(count) < 0.6) & (total > LONG_FRAMES[-1]), new, 0)
    shape = (count, channels)
    order = rng.choice(ORDERS, shape)
    long_order = rng.choice(LONG_FRAMES, shape) * (lag > 0)[:, None]
    long_order *= np.where(reference >= 0, 2, 1)
    lengths = np.stack([order, long_order], axis=-1)
    places = (np.cumsum(lengths.ravel()) - lengths.ravel()).reshape(lengths.shape)
    sets = int(rng.integers(1, 256))
    spread = rng.choice([2, 300, 2**15])
    layout = LpcParameters(
        frames,
        reference.astype(np.int64),
        delay.astype(np.int64),
        np.array(starts, np.int64),
        order.astype(np.int64),
        rng.integers(MIN_SHIFT, MAX_SHIFT + 1, shape),
        places[..., 0].astype(np.int64),
        lag.astype(np.int64),
        long_order.astype(np.int64),
        places[..., 1].astype(np.int64),
        rng.integers(0, sets, shape),
        np.rint(rng.laplace(0, spread, int(lengths.sum())).clip(-(2**19), 2**19 - 1)).astype(int),
        np.int64(1) << rng.integers(0, MAX_INITIAL_SCALE + 1, channels),
    )
    return layout, sets


@pytest.mark.parametrize("seed", range(25))
def test_layouts_there_and_back(seed):
    layout, sets = random_layout(seed)
    data = write_parameters(layout)
    channels = len(layout.reference)
    back, end = read_parameters(b"abc" + data + b"d", 3, layout.frames, channels, sets)
    assert end == 3 + len(data)
    for name, first, second in zip(LpcParameters._fields, layout, back, strict=True):
        np.testing.assert_array_equal(second, first, err_msg=name)
    for array in back[1:]:
        assert array.flags.c_contiguous


@pytest.mark.parametrize("seed", range(6))
def test_every_spoilt_byte_of_a_layout(seed):
    """An error, or a layout that is within all bounds."""
    layout, sets = random_layout(seed)
    channels = len(layout.reference)
    data = write_parameters(layout)
    rng = np.random.default_rng(seed)
    heads = list(range(min(len(data), 160)))
    others = rng.integers(0, len(data), 40).tolist()
    for place in heads + others:
        bad = bytearray(data)
        bad[place] ^= int(rng.integers(1, 256))
        try:
            found, _end = read_parameters(bytes(bad), 0, layout.frames, channels, sets)
        except CorruptStream:
            continue
        check_bounds(found, sets)


def check_bounds(layout: LpcParameters, sets: int) -> None:
    """All that the compiled loops rely on."""
    total = layout.frames + int(layout.delay.max())
    assert layout.starts[0] == 0
    assert layout.starts[-1] == total
    assert np.all(np.diff(layout.starts) > 0)
    own = np.arange(len(layout.reference))
    assert np.all((layout.reference >= -1) & (layout.reference < len(own)))
    assert not np.any(layout.reference == own)
    assert np.all((layout.delay >= 0) & (layout.delay <= MAX_DELAY))
    assert np.all((layout.value_set >= 0) & (layout.value_set < sets))
    assert np.all((layout.shift >= MIN_SHIFT) & (layout.shift <= MAX_SHIFT))
    assert np.all(np.isin(layout.order, ORDERS))
    width = np.where(layout.reference >= 0, 2, 1)
    assert np.all(np.isin(layout.long_order // width, LONG_FRAMES))
    used = layout.long_order.any(axis=1)
    reach = layout.starts[:-1] + PAD - LONG_FRAMES[-1]
    assert np.all((layout.lag[used] >= LONG_FRAMES[-1]) & (layout.lag[used] <= reach[used]))
    lengths = np.stack([layout.order, layout.long_order], axis=-1).ravel()
    assert lengths.sum() == len(layout.coefficients)
    places = np.stack([layout.offset, layout.long_offset], axis=-1).ravel()
    np.testing.assert_array_equal(places, np.cumsum(lengths) - lengths)
    limit = np.int64(1) << (15 + np.minimum(layout.shift, 8))
    each = np.repeat(np.repeat(limit.ravel(), 2), lengths)
    assert np.all(np.abs(layout.coefficients.astype(np.int64)) <= each)


@pytest.mark.parametrize("seed", range(3))
def test_every_truncation_of_a_layout(seed):
    layout, sets = random_layout(seed)
    data = write_parameters(layout)
    for length in [*range(min(len(data), 80)), *range(80, len(data), 97), len(data) - 1]:
        with pytest.raises(CorruptStream):
            read_parameters(data[:length], 0, layout.frames, len(layout.reference), sets)

"""Value sets: found where they are, worth what they promise, and refused when spoilt."""

from __future__ import annotations

import math

import numpy as np
import pytest
from codec_tools import bits_a_sample, code, parts_of, size
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import make

from nlac._errors import CorruptStream
from nlac.codec.encoder.value_sets import search as value_search
from nlac.entropy.bitmap import read_bitmap, write_bitmap
from nlac.entropy.value_kernels import ValueSetEntry, boundary, rank_near, set_table, value
from nlac.entropy.value_sets import (
    GRID,
    GRID_BITS,
    LIST,
    PLAIN,
    ValueSet,
    listed,
    plain,
    read_sets,
    write_sets,
)

CODERS = ("range", "rice")


def quantised(frames: int, amplitude: float, seed: int = 1) -> np.ndarray:
    """Noise about a slow wave, in whole steps."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(frames) * 0.02) * amplitude * 3
    return np.rint(wave + rng.normal(0, amplitude, frames)).astype(np.int64)


def column(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int32)[:, None]


def kinds_of(samples: np.ndarray, bits: int = 16) -> set[int]:
    payload = code(samples, bits)
    sets, _layout = parts_of(payload, samples.shape[1], len(samples))
    return {entry.kind for entry in sets}


@pytest.mark.parametrize("step", [1.5, 2.153, 7.3, 251.3, 461.5])
@pytest.mark.parametrize("coder", CODERS)
def test_fractional_grid_costs_like_its_source(step, coder):
    """Scaling after quantising must add no bits but the few of the grid itself."""
    k = quantised(20000, 12 if step > 100 else 40)
    scaled = column(np.floor(k * step + 0.37))
    payload = code(scaled, 24, coder=coder)
    sets, _layout = parts_of(payload, 1, len(k))
    assert [entry.kind for entry in sets] == [GRID]
    assert sets[0].step / 2**GRID_BITS == pytest.approx(step, rel=1e-3)
    assert len(payload) < 1.02 * size(column(k), coder=coder) + 40
    # as loud, but with all values: what the step would cost without a grid
    rng = np.random.default_rng(1)
    all_values = column(np.floor((k + rng.random(len(k))) * step))
    gain = 8 * (size(all_values, 24, coder=coder) - len(payload)) / len(k)
    assert gain > 0.9 * np.log2(step) - 0.05


def test_empty_low_bits_cost_nothing():
    for bits in (1, 4, 12):
        k = quantised(8000, 3)
        wide = column((k << bits) + 3)
        assert kinds_of(wide, 24) == {PLAIN}  # the step is the channel's
        assert size(wide, 24) <= size(column(k), 24) + 3


def test_low_bits_of_one_channel_only():
    rng = np.random.default_rng(5)
    k = rng.integers(-300, 300, (6000, 2))
    both = k * np.array([64, 1])
    assert size(both.astype(np.int32)) <= size(k.astype(np.int32)) + 3


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("step", [2, 3, 16])
def test_whole_steps_in_some_segments(step, coder):
    k = quantised(32768, 30)
    partly = k.copy()
    partly[8192:24576] *= step
    payload = code(column(partly), coder=coder)
    sets, layout = parts_of(payload, 1, len(k))
    assert {entry.kind for entry in sets} == {PLAIN, GRID}
    assert {entry.step >> GRID_BITS for entry in sets if entry.kind == GRID} == {step}
    assert len(np.unique(layout.value_set)) == 2
    assert len(payload) < 1.02 * size(column(k), coder=coder) + 100


def test_fractional_grid_in_a_stretch():
    rng = np.random.default_rng(6)
    k = quantised(5 * 32768, 40)
    x = np.floor((k + rng.random(len(k))) * 3.7)
    everywhere = size(column(x))
    x[32768 : 4 * 32768] = np.floor(k * 3.7 + 0.23)[32768 : 4 * 32768]
    sets, layout = parts_of(code(column(x), coder="range", entry_seconds=0), 1, len(x))
    assert sorted(entry.kind for entry in sets) == [PLAIN, GRID]
    assert np.count_nonzero(np.diff(layout.value_set[:, 0])) == 2
    # not all of the stretch: its ends need not fall on the ends of segments
    assert size(column(x)) < everywhere - 0.85 * 3 * 32768 * np.log2(3.7) / 8


@pytest.mark.parametrize("coder", CODERS)
def test_sparse_histogram_becomes_a_list(coder):
    """Companded audio: 256 values, far apart where it is loud."""
    rng = np.random.default_rng(7)
    k = np.clip(np.rint(rng.normal(0, 40, 30000)), -127, 127)
    companded = column(np.sign(k) * np.rint(np.expm1(np.abs(k) / 127 * np.log(256)) * 127))
    payload = code(companded, coder=coder)
    sets, _layout = parts_of(payload, 1, len(k))
    assert [entry.kind for entry in sets] == [LIST]
    assert len(sets[0].values) == len(np.unique(companded))
    # the entropy of independent values is what it can't go below
    counts = np.unique(companded, return_counts=True)[1] / len(k)
    entropy = -float(counts @ np.log2(counts))
    # samples spoilt by one off the list, so that there are no gaps to know of
    full = size(companded + column(rng.integers(-1, 2, len(k))), coder=coder) * 8 / len(k)
    found = len(payload) * 8 / len(k)
    assert entropy < found < full - 0.3


def test_gained_recording():
    """8 bits stretched over the range of 16, as in a recording made too quiet."""
    k = quantised(20000, 20).clip(-128, 127)
    stretched = column(np.rint(k * 255.7 + 0.11))
    assert kinds_of(stretched) == {GRID}
    assert size(stretched) < 1.01 * size(column(k), 8) + 40


@pytest.mark.parametrize("coder", CODERS)
def test_clipping_limits_are_used(coder):
    """Where a wave is clipped, samples cost next to nothing: no value lies beyond."""
    rng = np.random.default_rng(8)
    wave = 2000 * np.sin(np.arange(20000) * 0.01) + rng.normal(0, 20, 20000)
    hard = column(np.rint(wave.clip(-1000, 1000)))
    sweep = column(np.rint(3000 * np.sin(np.arange(3000) * 0.01)))
    both = np.concatenate([hard, sweep])
    plain, limited, alone = (size(x, coder=coder, long_term=False) for x in (both, hard, sweep))
    assert limited + alone < (0.9 if coder == "range" else 0.96) * plain
    # bits that the noise has where it is not clipped; a Rice code takes a bit at least elsewhere
    free = np.count_nonzero(np.abs(wave) < 1000)
    needed = free * math.log2(20 * math.sqrt(2 * math.pi * math.e))
    needed += len(wave) - free if coder == "rice" else 0
    assert 8 * size(hard, coder=coder) < (1.21 if coder == "range" else 1.28) * needed


def test_square_wave_costs_a_decision_a_sample():
    rng = np.random.default_rng(9)
    x = column(np.where(rng.random(20000) < 0.5, -20000, 20000))
    assert bits_a_sample(x) < 1.08


def test_ordinary_audio_has_no_sets():
    for name in ("music", "noise", "sine"):
        x = make(name, 20000, 1, 10)
        sets, _layout = parts_of(code(x, 10, coder="range"), 1, len(x))
        assert [entry.kind for entry in sets] == [PLAIN]
        assert (sets[0].first, sets[0].last) <= (-1, 1023)


def test_search_refuses_what_is_no_grid():
    rng = np.random.default_rng(10)
    for x in (
        rng.integers(-3000, 3000, 5000),
        np.rint(rng.normal(0, 50, 5000)).astype(np.int64),
        np.floor(rng.integers(-900, 900, 5000) * 2.5 + rng.integers(0, 2, 5000)).astype(np.int64),
        np.arange(10),
        np.zeros(100, np.int64),
    ):
        assert value_search.grid_of(x) is None


@settings(max_examples=60)
@given(
    st.floats(1.3, 900), st.floats(-100, 100), st.integers(0, 999), st.sampled_from([15, 40, 300])
)
@example(2.153, 0.0, 0, 40)
@example(461.5, 0.5, 1, 15)
def test_every_grid_that_is_proposed_holds_all_samples(step, offset, seed, amplitude):
    k = quantised(4000, amplitude, seed)
    x = np.floor(k * step + offset).astype(np.int64)
    found = value_search.grid_of(x)
    if found is None:
        return
    ranks = found.ranks_of(x)
    assert ranks is not None
    np.testing.assert_array_equal((found.step * ranks + found.offset) >> GRID_BITS, x)
    assert (ranks.min(), ranks.max()) == (found.first, found.last)


def value_sets() -> st.SearchStrategy[ValueSet]:
    """Value sets of all kinds."""
    ends = st.integers(-(2**20), 2**20)
    lists = st.lists(st.integers(-3000, 3000), min_size=1, max_size=60, unique=True)
    return st.one_of(
        st.builds(lambda low, span: plain(low, low + span), ends, st.integers(0, 2**20)),
        st.builds(
            lambda low, span, step, offset: ValueSet(GRID, low, low + span, step, offset),
            st.integers(-2000, 2000),
            st.integers(0, 4000),
            st.integers(1 << GRID_BITS, 1 << 33),
            st.integers(-(1 << 30), 1 << 30),
        ),
        lists.map(lambda values: listed(np.array(sorted(values), np.int64))),
    )


@settings(max_examples=80)
@given(st.lists(value_sets(), min_size=1, max_size=5))
def test_bytes_of_sets(sets):
    data = write_sets(sets)
    back, end = read_sets(b"xy" + data + b"z", 2)
    assert end == 2 + len(data)
    assert len(back) == len(sets)
    for first, second in zip(sets, back, strict=True):
        assert first.kind == second.kind
        assert (first.first, first.last) == (second.first, second.last)
        assert (first.step, first.offset) == (second.step, second.offset)
        np.testing.assert_array_equal(first.values, second.values)


@settings(max_examples=150)
@given(st.lists(value_sets(), min_size=1, max_size=3), st.data())
def test_changed_bytes_of_sets(sets, data):
    packed = bytearray(write_sets(sets))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        back, _end = read_sets(bytes(packed), 0)
    except CorruptStream:
        return
    # whatever is accepted can be used: every value fits 32 bits, every list is bounded
    for entry in back:
        assert entry.first <= entry.last
        ends = [entry.first, entry.last]
        if entry.kind == GRID:
            ends = [(entry.step * rank + entry.offset) >> GRID_BITS for rank in ends]
        elif entry.kind == LIST:
            ends = [int(entry.values[0]), int(entry.values[-1])]
        assert max(map(abs, ends)) <= 2**32
    set_table(back)


@pytest.mark.jit
@settings(max_examples=60)
@given(value_sets(), st.data())
def test_ranks_and_boundaries(entry, data):
    """In the compiled steps: ranks ascend with values, and halfway is where they change."""
    table = set_table([entry])
    addresses = table.values.ctypes.data, table.ranks.ctypes.data
    cells = ValueSetEntry(*table.rows[0].tolist(), *addresses)
    rank = data.draw(st.integers(entry.first, entry.last))
    x = value(cells, rank)
    assert rank_near(cells, x << 8) == rank
    if rank > entry.first:
        edge = boundary(cells, rank)
        below = value(cells, rank - 1)
        assert 2 * edge == 256 * (below + x)
        for y, near in ((edge, rank), (edge - 1, rank - 1)):
            assert rank_near(cells, y) == near
    assert entry.ranks_of(np.array([x])).tolist() == [rank]


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 600), st.sampled_from([0.01, 0.3, 0.5, 0.99]))
def test_bitmaps(seed, count, share):
    bits = (np.random.default_rng(seed).random(count) < share).astype(np.uint8)
    data = write_bitmap(bits)
    np.testing.assert_array_equal(read_bitmap(data, count), bits)
    with pytest.raises(CorruptStream):
        read_bitmap(data + b"\0", count)


def test_regular_bitmaps_are_short():
    assert len(write_bitmap(np.ones(5000, np.uint8))) < 60
    assert len(write_bitmap((np.arange(5000) % 2).astype(np.uint8))) < 60

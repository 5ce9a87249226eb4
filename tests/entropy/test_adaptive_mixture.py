"""Entropy model of the cascade: every value comes back, and frequencies are what they must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixture_tools import decode, encode

from nlac.entropy.adaptive_mixture.model import ESCAPE, mixture_cumulative, mixture_prepare
from nlac.entropy.adaptive_mixture.state import (
    MAX_LOCATIONS,
    MixtureCell,
    mixture_shared,
    mixture_state,
)
from nlac.entropy.value_kernels import set_table
from nlac.entropy.value_sets import GRID, ValueSet, listed, plain
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address

pytestmark = pytest.mark.jit


def value_of(entry: ValueSet, ranks: np.ndarray) -> np.ndarray:
    if entry.kind == GRID:
        return (entry.step * ranks + entry.offset) >> 24
    return ranks if entry.kind == 0 else entry.values[ranks]


def round_trip(entry: ValueSet, ranks: np.ndarray, locations: np.ndarray, initial: int = 1 << 16):
    """Encode and decode; returns the bits spent, and the state that both end with."""
    sets = set_table([entry])
    low, high = value_of(entry, np.array([entry.first, entry.last])).tolist()
    locations = np.clip(locations, low << 8, high << 8).astype(np.int64).reshape(len(ranks), -1)
    locations = np.ascontiguousarray(locations)
    shared = mixture_shared(locations.shape[1])
    words = np.zeros(2 * len(ranks) + 8, np.uint32)
    raw = np.zeros(2 * len(ranks) + 8, np.uint32)
    # a channel whose reference is itself: what its last error was turns the shares twice
    first, second = (mixture_state(np.array([initial]), locations.shape[1], [0]) for _ in "ab")
    coded = np.zeros((len(ranks), 2), np.int64)
    num_words, num_raw = encode(shared, first, sets, locations, ranks, words, raw, coded)
    assert coded[:, 1].min() > 0
    assert coded[:, 0].min() >= 0
    assert coded.sum(axis=1).max() <= 1 << 24
    found, taken = np.zeros_like(ranks), np.zeros_like(coded)
    words, raw = words[:num_words].copy(), raw[:num_raw].copy()
    assert decode(shared, second, sets, locations, found, words, raw, taken) == len(ranks)
    assert np.array_equal(found, ranks)
    assert np.array_equal(taken, coded)
    return 32 * (num_words + num_raw), second


SETS = {
    "16 bit": plain(-(2**15), 2**15 - 1),
    "32 bit": plain(-(2**31), 2**31 - 1),
    "one bit": plain(0, 1),
    "one value": plain(7, 7),
    "fractional grid": ValueSet(GRID, -9000, 9000, int(2.153 * 2**24), -(3 << 22)),
    "wide grid": ValueSet(GRID, -3, 4, 2**29 << 24, 0),
    "list": listed(np.array([-(2**17), -300, -299, -5, 0, 1, 2, 77, 3000, 2**17 - 2])),
    "dense list": listed(np.flatnonzero(np.arange(4000) % 7 != 3) - 1500),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("count", [1, 3, MAX_LOCATIONS])
def test_random_ranks_at_random_locations(name, count):
    entry = SETS[name]
    rng = np.random.default_rng(len(name) + count)
    frames = 3000
    ranks = rng.integers(entry.first, entry.last + 1, frames)
    reach = 8 * abs(value_of(entry, np.array([entry.first, entry.last]))).max() * 256
    round_trip(entry, ranks, rng.integers(-reach, reach + 1, (frames, count)))


@pytest.mark.parametrize("name", SETS)
def test_good_locations_whose_scale_jumps(name):
    entry = SETS[name]
    rng = np.random.default_rng(5)
    frames = 6000
    middle = (entry.first + entry.last) / 2
    spread = (entry.last - entry.first) * 2.0 ** (-rng.integers(0, 33, 12).repeat(500))
    ranks = np.rint(middle + rng.laplace(0, 1, frames) * spread)
    ranks = np.clip(ranks, entry.first, entry.last).astype(np.int64)
    noise = rng.normal(0, 1, (frames, 4)) * np.array([0, 10, 500, 1e6])
    round_trip(entry, ranks, (value_of(entry, ranks)[:, None] * 256 + noise).astype(np.int64))


@pytest.mark.parametrize("initial", [0, 1, 1 << 44])
def test_square_waves_and_silence_of_all_widths(initial):
    for bits in (2, 8, 16, 24, 32):
        entry = plain(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        wave = np.where(np.arange(2000) % 40 < 20, entry.first, entry.last)
        wave[500:1500] = 0
        # locations that are always at the other end, and such that always hit
        round_trip(entry, wave, np.stack([wave * 256, -wave * 256], axis=1), initial)


def test_what_is_foreseen_costs_little():
    ranks = np.random.default_rng(1).integers(-30000, 30000, 4000)
    bits, _ = round_trip(SETS["16 bit"], ranks, ranks * 256)
    assert bits < 0.2 * len(ranks)


numbers = st.integers(-(2**31), 2**31 - 1)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_samples_at_any_locations(data):
    low, high = sorted((data.draw(numbers), data.draw(numbers)))
    count = data.draw(st.integers(1, MAX_LOCATIONS))
    near = st.integers(low, high)
    ranks = np.array(data.draw(st.lists(near, min_size=1, max_size=40)))
    seed = data.draw(st.integers(0, 2**20))
    rng = np.random.default_rng(seed)
    off = rng.normal(0, 2.0 ** rng.integers(0, 42, (len(ranks), count)))
    round_trip(plain(low, high), ranks, ranks[:, None] * 256 + off.astype(np.int64))


@kernel
def _below(shared, rows, locations, edges, found):
    common, state, at = address(shared), address(rows), address(locations)
    mixture_prepare(common, state, at)
    for i in range(len(edges)):
        found[i] = mixture_cumulative(common, state, edges[i], MixtureCell.SLOTS)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**20), exponent=st.integers(0, 38))
def test_frequencies_below_a_boundary_never_fall(seed, exponent):
    rng = np.random.default_rng(seed)
    entry = plain(-(2**31), 2**31 - 1)
    spread = 2.0**exponent
    samples = np.clip(rng.laplace(0, spread / 256, 300), entry.first, entry.last).astype(np.int64)
    locations = (rng.normal(0, spread, (300, 3))).astype(np.int64)
    _, state = round_trip(entry, samples, locations)
    edges = np.sort(rng.laplace(0, 4 * spread, 3000).astype(np.int64))
    edges = np.concatenate([[-(1 << 40)], np.clip(edges, -(1 << 40), 1 << 40), [1 << 40]])
    found = np.zeros_like(edges)
    _below(mixture_shared(3), state, np.clip(locations[-1], -(2**39), 2**39), edges, found)
    assert np.diff(found).min() >= 0
    assert found[0] >= 0
    assert found[-1] <= ESCAPE


@pytest.mark.parametrize("name", SETS)
def test_random_bits_decode_to_something_or_are_refused(name):
    entry = SETS[name]
    sets = set_table([entry])
    ends = value_of(entry, np.array([entry.first, entry.last])) * 256
    rng = np.random.default_rng(3)
    for _ in range(20):
        state = mixture_state(np.array([1 << int(rng.integers(0, 45))]), 4, [0])
        locations = rng.integers(ends[0], ends[1] + 1, (200, 4))
        words, raw = rng.integers(0, 2**32, (2, 300), np.uint32)
        ranks, taken = np.full(200, entry.first), np.zeros((200, 2), np.int64)
        found = decode(mixture_shared(4), state, sets, locations, ranks, words, raw, taken)
        assert ranks.min() >= entry.first
        assert ranks.max() <= entry.last
        assert taken[:found, 1].min(initial=1) > 0

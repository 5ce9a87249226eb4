"""Soft value sets: found where values cluster, near what they hold, and refused when spoilt."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlac
from nlac._errors import CorruptStream
from nlac.codec.encoder.lpc import block
from nlac.codec.encoder.value_sets.choice import alternatives, find_sets
from nlac.codec.encoder.value_sets.soft import find_soft
from nlac.codec.encoder.value_sets.soft_kernels import cluster, cluster_windows
from nlac.entropy import soft_sets
from nlac.entropy.value_kernels import load_set, rank_near, set_table
from nlac.entropy.value_sets import LIST, PLAIN, SOFT, read_sets, soft, write_sets
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address

FRAMES = 40_000
WEIGHTS = st.binary(min_size=32, max_size=32).map(lambda b: bytes(max(x, 1) for x in b))
STEPS = st.integers(soft_sets.MIN_STEP + 1, soft_sets.MAX_STEP - 1)


def plain_signal(seed: int = 1) -> np.ndarray:
    """A slow wave under noise: a recording of 13 bits."""
    rng = np.random.default_rng(seed)
    wave = 2500 * np.sin(np.arange(FRAMES) * 0.013) * np.sin(np.arange(FRAMES) * 0.0004)
    return np.rint(wave + rng.normal(0, 60, FRAMES)).astype(np.int64)


def amplified(gain: float, width: float, seed: int = 1) -> tuple[np.ndarray, float]:
    """The signal amplified and dithered, and the bits of its dither, given the phase."""
    x = plain_signal(seed)
    dither = np.random.default_rng(9).uniform(-width / 2, width / 2, FRAMES)
    y = np.floor(x * gain + dither + 0.5).astype(np.int64)
    rest, bits = y - np.floor(x * gain).astype(np.int64), 0.0
    for phase in range(16):
        part = rest[np.floor(x * gain % 1 * 16) == phase]
        counts = np.unique(part, return_counts=True)[1]
        bits -= float((counts * np.log2(counts / max(1, len(part)))).sum())
    return y, bits


def size(x: np.ndarray, preset: str) -> int:
    """Bytes of a stream, which reads back."""
    out = io.BytesIO()
    nlac.write(out, x[:, None].astype(np.int16), 44100, preset=preset)
    np.testing.assert_array_equal(nlac.read(out.getvalue())[0], x)
    return len(out.getvalue())


@pytest.mark.parametrize("preset", ["standard", "high"])
@pytest.mark.parametrize(("gain", "width"), [(4.683, 1.0), (6.683, 1.6), (5.022, 2.4)])
def test_dithered_gain_costs_the_signal_and_its_dither(gain, width, preset):
    y, dither = amplified(gain, width)
    oracle = size(plain_signal(), preset) + dither / 8
    # what every value costs that the encoder takes for equally likely
    plain_cost = size(plain_signal(), preset) + FRAMES * np.log2(gain) / 8
    assert size(y, preset) - oracle < 0.25 * (plain_cost - oracle)


def test_gain_is_found_to_a_thousandth():
    y, _ = amplified(6.683, 1.6)
    found = find_soft(y.astype(np.int32))
    assert found is not None
    assert found.entry.step / (1 << 24) == pytest.approx(6.683, rel=1e-3)
    assert found.stretches == [(0, FRAMES)]


def test_only_the_stretch_that_clusters_gets_the_set():
    y, _ = amplified(6.683, 1.0)
    other = np.rint(plain_signal(2) * 6.7 + np.random.default_rng(3).normal(0, 4, FRAMES))
    both = np.concatenate([other, y]).astype(np.int32)
    found = find_soft(both)
    assert found is not None
    ((begin, end),) = found.stretches
    assert abs(begin - FRAMES) <= 8192
    assert end == 2 * FRAMES


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nothing_is(seed):
    rng = np.random.default_rng(seed)
    smooth = np.rint(plain_signal(seed) * 5 + rng.normal(0, 20, FRAMES)).astype(np.int32)
    assert find_soft(smooth) is None
    assert find_soft(rng.integers(-900, 900, FRAMES).astype(np.int32)) is None
    assert find_soft(np.repeat(smooth[:40], 1000)) is None


def test_blocks_are_also_coded_without_what_they_might_not_need():
    y, _ = amplified(4.683, 1.0)
    tried = alternatives(y[None].astype(np.int32))
    kinds = [{entry.kind for entry in found.sets} for found in tried]
    assert SOFT in kinds[0]
    assert SOFT not in kinds[1]
    assert {PLAIN} == kinds[-1] or LIST not in kinds[-1]


def test_exact_copies_cost_no_more_than_without(monkeypatch):
    """What repeats is predicted to a fraction of a step: there a soft set would only cost."""
    repeated = np.tile(amplified(6.683, 1.0)[0][:4000], 20)
    assert find_soft(repeated.astype(np.int32)) is not None
    found = size(repeated, "standard")
    monkeypatch.setattr(block, "alternatives", lambda x: [find_sets(x, soft=False)])
    assert found <= size(repeated, "standard")


@given(st.integers(-(2**31), 2**31 - 400), st.integers(0, 300), STEPS, WEIGHTS)
def test_boundaries_ascend_and_stay_near(first, span, step, weights):
    edges = soft_sets.boundaries(first, first + span, step, weights)
    assert len(edges) == span + 2
    assert np.all(np.diff(edges) >= 8)
    reach = soft_sets.reach_of(step)
    plain_edges = (np.arange(first, first + span + 2) << 8) - 128
    assert np.abs(edges - plain_edges).max() < 256 * (2 * reach + 2) * (2 * reach + 2)


@given(st.integers(-3000, 3000), st.integers(0, 300), STEPS, WEIGHTS)
def test_sets_read_back(first, span, step, weights):
    entry = soft(first, first + span, step, weights)
    ((back,), at) = read_sets(write_sets([entry]), 0)
    assert at == len(write_sets([entry]))
    assert (back.kind, back.first, back.last, back.step) == (SOFT, first, first + span, step)
    assert back.weights == weights
    np.testing.assert_array_equal(back.values, entry.values)


def spoilt(step: int, weights: bytes, span: int = 100) -> bytes:
    """Bytes of a set that no encoder writes."""
    from nlac.entropy.varint import write_signed, write_varint

    head = write_varint(1) + write_varint(SOFT) + write_signed(-50) + write_varint(span)
    return head + write_varint(step) + weights


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (spoilt(1 << 24, bytes([1] * 32)), "step"),
        (spoilt(1 << 30, bytes([1] * 32)), "step"),
        (spoilt(5 << 24, bytes([1] * 31)), "weight"),
        (spoilt(5 << 24, bytes([1] * 31 + [0])), "weight"),
        (spoilt(5 << 24, bytes([1] * 32), 1 << 18), "too wide"),
    ],
)
def test_spoilt_sets_are_refused(data, what):
    with pytest.raises(CorruptStream, match=what):
        read_sets(data, 0)


@kernel
def _ranks_near(table, locations, out):
    entry = load_set(address(table.rows), address(table.values), address(table.ranks))
    for i in range(len(locations)):
        out[i] = rank_near(entry, locations[i])


@pytest.mark.jit
@settings(max_examples=12)
@given(WEIGHTS, STEPS, st.integers(0, 2**32 - 1))
def test_ranks_are_found_however_far_boundaries_have_moved(weights, step, seed):
    entry = soft(-300, 1500, step, weights)
    random = np.random.default_rng(seed)
    places = random.integers(-600 << 8, 1800 << 8, 300)
    found = np.empty(300, np.int64)
    _ranks_near(set_table([entry]), places, found)
    inner = np.asarray(entry.values)[1:1801]
    assert np.array_equal(found, -300 + np.searchsorted(inner, places, side="right"))


def test_sums_of_phasors() -> None:
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 50, 3000).astype(np.float64)
    frequencies = np.array([0.0, 0.125, 0.3, 0.4999])
    steps, sums = 2 * np.pi * frequencies, np.empty((2, 4))
    cluster(counts, np.cos(steps), np.sin(steps), sums[0], sums[1])
    wanted = np.exp(1j * np.outer(steps, np.arange(3000))) @ counts
    np.testing.assert_allclose(sums[0] + 1j * sums[1], wanted, atol=1e-6)


def test_sums_of_windows() -> None:
    samples = np.random.default_rng(6).integers(-50, 50, 1000).astype(np.int32)
    turns, sums = np.arange(100) * 0.7, np.empty((2, 4))
    cluster_windows(samples, -50, np.cos(turns), np.sin(turns), 300, sums[0], sums[1])
    pieces = [samples[begin : begin + 300] for begin in (0, 300, 600, 900)]
    wanted = [np.exp(0.7j * (piece + 50.0)).sum() for piece in pieces]
    np.testing.assert_allclose(sums[0] + 1j * sums[1], wanted)

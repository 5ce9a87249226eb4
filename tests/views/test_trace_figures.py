"""Curves of bits, weights and histograms of spans."""

from __future__ import annotations

import json

import numpy as np
import pytest
from trace_tools import dithered, encoded, listed, music, traced

import nlac
from nlac.views.trace import open_trace
from nlac.views.trace.record import bin_edges

pytestmark = pytest.mark.usefixtures("cascade_alone")
HOW = [{"preset": "fast", "coder": "rice"}, {}, {"preset": "high"}, {"preset": "neural"}]


def test_bins_hold_every_residual_once():
    edges = bin_edges()
    assert np.all(np.diff(edges) > 0)
    assert list(edges[np.abs(edges) < 4]) == [-3, -2, -1, 0, 1, 2, 3]
    assert edges[0] < -(2**33)
    assert edges[-1] > 2**33
    # the same to both sides of 0
    np.testing.assert_array_equal(edges[::-1], 1 - edges)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_histogram_counts_residuals(how):
    samples = np.concatenate([music(9000), 64 * (music(9000, seed=2) // 64)])
    with traced(samples, block_seconds=1.125, **how) as trace:
        histogram = trace.histogram(500, 17_000)
        residuals = trace.residual(500, 17_000)
        for c in range(2):
            counts, _ = np.histogram(residuals[:, c], histogram.edges)
            np.testing.assert_array_equal(histogram.counts[c], counts)
        assert json.loads(json.dumps(histogram.as_dict()))["counts"]


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("make", [lambda: music(40_000), lambda: dithered(40_000)])
def test_models_expect_what_comes(how, make):
    """Within what a few hundred looks tell; Rice codes are coarse."""
    with traced(make(), 44100, **how) as trace:
        histogram = trace.histogram()
        counts, expected = histogram.counts.sum(axis=0), histogram.expected.sum(axis=0)
        assert expected.sum() == pytest.approx(counts.sum(), rel=0.01)
        far = np.abs(counts - expected).sum() / counts.sum()
        assert far < (0.4 if "coder" in how else 0.12)


def test_steps_and_lists_have_their_values_alone():
    """Where no sample can be, nothing is expected."""
    with traced(listed(6000)) as trace:
        histogram = trace.histogram()
        assert histogram.counts.sum() == 6000
        assert histogram.expected.sum() == pytest.approx(6000, rel=1e-3)
    loud = 256 * (music(9000) // 256)
    with traced(loud) as trace:
        histogram = trace.histogram()
        (inside,) = np.flatnonzero(histogram.edges == 0)
        assert trace.blocks[0].channels[0].step == 256
        assert histogram.expected[:, inside].sum() > 0
        assert np.all(histogram.expected[:, inside + 1 : inside + 20] == 0)


def test_quiet_passages_cost_less_where_they_are():
    samples = music(24_000)
    samples[8000:16_000] //= 64
    with traced(samples) as trace:
        whole = trace.trace(step=4000)
        assert whole.bits.shape == (2, 6)
        assert whole.bits[:, 2:4].max() < whole.bits[:, [0, 1, 4, 5]].min() - 3
        part = trace.trace(4000, 12_000, step=4000)
        np.testing.assert_allclose(part.bits, whole.bits[:, 1:3], rtol=1e-5)
        assert trace.trace().bits.shape == (2, 1000)


def test_copies_cost_nothing():
    a = music(4000, 1)[:, 0]
    with traced(np.stack([a, -a], 1)) as trace:
        bits = trace.trace(step=100).bits
        assert bits[0].min() > 1
        assert not bits[1].any()
        np.testing.assert_array_equal(trace.residual()[:, 0], -trace.residual()[:, 1])


@pytest.mark.parametrize("how", HOW[2:], ids=str)
def test_weights_sum_to_1(how):
    with traced(music(5000), block_seconds=0.3, **how) as trace:
        found = trace.trace(1000, 4000).weights
        assert {each.channel for each in found} == {0, 1}
        for each in found:
            np.testing.assert_allclose(each.values.sum(axis=1), 1, rtol=1e-4)
            assert each.values.min() > 0
            assert len(each.starts) == len(each.values)
            assert ("network" in each.names) == (how["preset"] == "neural")
        assert found[0].starts[0] == 0
        assert max(each.starts[-1] for each in found) < 4000
        assert set(found[0].names) >= {"final combiner 1", "stages"}


def test_lpc_has_no_mixture():
    with traced(music(5000)) as trace:
        assert trace.trace().weights == []


@pytest.mark.parametrize("how", HOW, ids=str)
def test_all_goes_to_json(how):
    with traced(music(3000), **how) as trace:
        found = json.loads(json.dumps(trace.trace(10, 2000).as_dict()))
        assert set(found) == {
            "start", "stop", "step", "blocks", "segments", "bits", "totals", "weights", "histogram",
            "origin",
        }  # fmt: skip
        assert found["totals"][0]["rest"] > 0


def test_damage_is_placed_where_samples_are_bad():
    """The checksums match, but the words are another signal's."""
    data = bytearray(encoded(music(20_000), block_seconds=1.0))
    with open_trace(bytes(data)) as trace:
        at = int(trace._reader.block(1).offset) + 100
    data[at] ^= 4
    with open_trace(bytes(data)) as trace:
        assert len(trace.residual(0, 8000)) == 8000
        for ask in (trace.trace, trace.residual, trace.histogram, trace.units):
            with pytest.raises(nlac.CorruptStream) as caught:
                ask(7000, 9000)
            assert caught.value.block_index == 1
            assert caught.value.first_frame == 8000
        assert len(trace.residual(16_000)) == 4000

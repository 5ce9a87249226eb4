"""Predictions, residuals and costs of samples: whatever coded them, they add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strategies import joined, make
from tiny_networks import tiny_network
from trace_tools import dithered, encoded, lagging, listed, music, traced, upsampled

import nlac
from nlac.predictors.base import Part, Predictor
from nlac.predictors.networks.models import Model
from nlac.predictors.neural.block import CodedForward
from nlac.predictors.registry import register
from nlac.views.trace import StreamTrace, open_trace
from nlac.views.trace.block import trace_block
from nlac.views.trace.coded import CodedLpc, parse_block

LPC = [{"preset": "fast", "coder": "rice"}, {"preset": "fast", "coder": "range"}, {}]
ADAPTIVE = [{"preset": "high"}, {"preset": "neural"}]
HOW = LPC + ADAPTIVE
pytestmark = pytest.mark.usefixtures("cascade_alone")


def bodies(trace: StreamTrace) -> list[object]:
    """Parsed bodies of all blocks."""
    found = []
    for index in range(len(trace.blocks)):
        with trace._parsed(index) as coded:
            found.append(coded.body)
    return found


def check(data: bytes) -> StreamTrace:
    """Whether all adds up; returns the open stream."""
    trace = open_trace(data)
    samples, predictions, residuals = trace.samples(), trace.prediction(), trace.residual()
    assert samples.dtype == predictions.dtype == residuals.dtype == np.int64
    decoded = np.asarray(nlac.read(data, always_2d=True)[0])
    if decoded.dtype == np.float32:
        units = trace.units()
        known = ~np.isnan(units)
        # low bits of mantissas are not among the integers
        assert np.all(np.abs(samples * units - decoded)[known] <= units[known])
        assert np.array_equal(samples[~known], decoded.view(np.int32)[~known])
    else:
        np.testing.assert_array_equal(samples, decoded)
    np.testing.assert_array_equal(predictions + residuals, samples)
    whole = trace.trace(step=7)
    _check_bits(trace, whole)
    channels, points = whole.bits.shape
    assert (channels, points) == (decoded.shape[1], -(-len(decoded) // 7))
    return trace


def _check_bits(trace, whole):
    """Against the words in the payload, and the curve against the totals."""
    for body, bits in zip(bodies(trace), whole.totals, strict=True):
        assert 0 <= bits.rest <= bits.total
        if body is None or not hasattr(body, "words"):
            continue
        coded = 32 * (len(body.words) + len(body.raw))
        assert -1 <= coded - bits.samples <= 128 + 0.001 * bits.frames * trace.header.channels
    with trace._parsed(0) as coded:
        if coded.opened.phases == 1:
            sizes = np.full(whole.bits.shape[1], 7)
            sizes[-1] = trace.frames - 7 * (len(sizes) - 1)
            total = sum(each.samples for each in whole.totals)
            assert float((whole.bits * sizes).sum()) == pytest.approx(total, rel=1e-5, abs=1)


@pytest.mark.parametrize("how", [*HOW, {"preset": "max"}, {"predictor": "cnn"}], ids=str)
def test_every_predictor(how):
    """`cnn` is the shipped one, behind RLS predictors."""
    with check(encoded(music(9000), 44100, **how)) as trace:
        residuals, samples = trace.residual(), trace.samples()
        # it predicts, and what it missed is not all noise of rounding
        assert np.abs(residuals).mean() < np.abs(samples).mean() / 4
        assert np.abs(residuals).mean() > 20


@pytest.mark.parametrize("samples", [music(9000, 3), lagging(5000), listed(3000)], ids=len)
def test_networks_behind_windows(samples, monkeypatch, tmp_path):
    monkeypatch.setattr("nlac.predictors.networks.models._added", {})
    path = tmp_path / "made.nlacm"
    path.write_bytes(Model(tiny_network("gru"), {"name": "made", "front": "lpc"}).to_bytes())
    data = encoded(samples, predictor="gru", model=path)
    with check(data) as trace:
        assert isinstance(bodies(trace)[0], CodedForward)
        assert {each.predictor for each in trace.blocks} == {"gru"}
        assert {each.order is None for each in trace.segments()} == {False}
        names = {name for each in trace.trace().weights for name in each.names}
        assert names == {"online network", "network", "stages", "windows"}


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("list", lambda: listed(4000)),
        ("grid", lambda: np.floor(music(4000, 1) * 2.5).astype(np.int16)),
        ("soft", lambda: dithered(20_000)),
    ],
)
def test_value_sets(kind, make, how):
    with check(encoded(make(), **how)) as trace:
        if how.get("coder") != "rice":
            assert kind in {each.kind for block in trace.blocks for each in block.value_sets}


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize(
    "names",
    [
        ("slow_square", "noise"),
        ("quiet_noise", "extremes", "silence"),
        ("impulses", "clipped", "ramp"),
        ("repeated_loop", "fractional_grid", "empty_low_bits"),
        ("identical_channels", "related_channels", "heavy_tails"),
    ],
)
def test_hard_signals(names, how):
    for bits in (1, 16, 32):
        frames, channels = (1500, 3) if how in LPC else (500, 2)
        samples = joined(names, frames, channels, bits)
        check(encoded(samples, bits_per_sample=bits, block_seconds=0.3, **how)).close()


@pytest.mark.parametrize("how", HOW, ids=str)
def test_floats(how):
    floats = (music(4000) / 32768).astype(np.float32)
    check(encoded(floats, **how)).close()
    check(encoded(floats * np.float32(0.7321), **how)).close()
    rough = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    check(encoded(np.concatenate([floats, rough]), block_seconds=0.25, **how)).close()


def test_floats_have_units():
    floats = (music(4000) / 32768).astype(np.float32)
    with open_trace(encoded(floats)) as trace:
        assert set(np.unique(trace.units())) == {1 / 32768}
        assert np.array_equal((trace.samples() * trace.units()).astype(np.float32), floats)
        assert np.abs(trace.residual() * trace.units())[50:].max() < 0.1
    with traced(music(100)) as trace:
        assert np.all(trace.units(3, 50) == np.ones((47, 2)))


@pytest.mark.parametrize("how", HOW, ids=str)
def test_phases(how):
    held = np.repeat(music(4001, 2), 3, axis=0)[1:]
    for samples in (held, (held / 32768).astype(np.float32)):
        with check(encoded(samples, **how)) as trace:
            assert trace.blocks[0].phases == 3
            assert {each.phase for each in trace.segments()} == {0}
            bits = trace.trace(step=1).bits
            # only one of three frames costs anything
            assert np.count_nonzero(bits.any(axis=0)) <= -(-len(held) // 3)


def test_phases_that_are_coded():
    lines = np.interp(np.arange(8000) / 2, np.arange(4000), music(4000, 1)[:, 0])
    check(encoded(np.floor(lines)[:, None].astype(np.int16))).close()


@pytest.mark.parametrize("how", HOW, ids=str)
def test_channels_that_lag_and_prefilters(how):
    with check(encoded(lagging(6000), **how)) as trace:
        assert any(each.delay or each.reference is not None for each in trace.blocks[0].channels)
    frames = 1000 if how in ADAPTIVE else 40_000
    with check(encoded(upsampled(frames), 44100, bits_per_sample=24, **how)) as trace:
        if how not in ADAPTIVE:
            assert any(each.prefilter for each in trace.blocks[0].channels)


@pytest.mark.parametrize("how", LPC, ids=str)
def test_slices(how):
    with check(encoded(make("music", 60_000).astype(np.int16), block_seconds=30, **how)) as trace:
        body = bodies(trace)[0]
        assert isinstance(body, CodedLpc)
        assert body.sliced is not None
        assert len(trace.blocks[0].slices) > 1


def test_slices_with_prefilters():
    samples = upsampled(240_000, 1)
    with check(encoded(samples, bits_per_sample=24, block_seconds=30, preset="fast")) as trace:
        (block,) = trace.blocks
        assert block.channels[0].prefilter
        assert len(block.slices) > 1


def test_constant_and_verbatim_blocks():
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, (2000, 2)).astype(np.int16)
    silence = np.full((2000, 2), -3, np.int16)
    with check(encoded(np.concatenate([silence, noise]), block_seconds=0.25)) as trace:
        assert [each.mode for each in trace.blocks] == ["integers", "verbatim"]
        assert not trace.residual(0, 2000).any()
        assert np.all(trace.trace(0, 2000).bits == 0)
        assert np.all(trace.trace(2000, 4000).bits == 16)
        assert not trace.prediction(2000).any()


class Holding(Predictor):
    """Expects the last sample again."""

    predictor_id = 0x9001
    name = "holding"

    def start(self, channels, bits_per_sample, sample_rate):
        self.last = [0] * channels

    def predict(self, channel):
        centre = 256 * self.last[channel]
        return [Part(centre, 190, 2, 40000), Part(centre + 512, 230, 4, 25536)]

    def update(self, channel, sample):
        self.last[channel] = sample


@pytest.fixture
def holding(monkeypatch):
    monkeypatch.setattr("nlac.predictors.registry._registered", {})
    register(Holding)


@pytest.mark.usefixtures("holding")
def test_predictors_of_third_parties():
    samples = music(1200, 1)
    with check(encoded(samples, predictor="holding", block_seconds=0.125)) as trace:
        block, weights = trace.blocks[0], trace.trace().weights
        assert (block.predictor, block.coder) == ("holding", "range")
        assert trace.segments() == []
        x = samples[:, 0].astype(int)
        # the mean of the locations, which is 0.78 above the last sample
        means = np.minimum(x[:999] + 1, x[:1000].max())
        np.testing.assert_array_equal(trace.prediction(1, 1000)[:, 0], means)
        assert weights[0].names == ["part 1", "part 2"]
        assert weights[0].values == pytest.approx(np.array([[40000, 25536]]) / 65536)


def test_one_frame():
    for how in HOW:
        check(encoded(music(1), **how)).close()


def test_spans_are_parts_of_the_whole():
    with traced(music(20_000), block_seconds=1.0) as trace:
        whole = trace.residual()
        np.testing.assert_array_equal(trace.residual(7990, 16_010), whole[7990:16_010])
        part = trace.trace(7990, 16_010)
        np.testing.assert_array_equal(part.residual(), whole[7990:16_010])
        np.testing.assert_array_equal(part.prediction(8000, 8003), trace.prediction()[8000:8003])
        assert [each.index for each in part.blocks] == [0, 1, 2]
        assert trace.residual(5, 5).shape == (0, 2)
        with pytest.raises(nlac.UsageError, match="at least one"):
            trace.trace(5, 5)
        with pytest.raises(nlac.UsageError, match="step 0"):
            trace.trace(step=0)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_payloads_of_strangers(how):
    """Checksums that match say nothing: what is damaged is refused, or adds up."""
    random = np.random.default_rng(11)
    with traced(music(1500, 3), **how) as trace:
        block, refused = trace._reader.block(0), 0
        for trial in range(120):
            payload = bytearray(block.payload)
            for place in random.integers(0, 60 if trial % 2 else len(payload), 2):
                payload[place] ^= 1 << int(random.integers(8))
            spoilt = replace(block, payload=bytes(payload))
            try:
                found = trace_block(parse_block(spoilt, trace.header))
            except nlac.CorruptStream:
                refused += 1
            else:
                assert np.isfinite(found.coded_bits)
                assert len(found.samples) == 1500
        assert refused > 60

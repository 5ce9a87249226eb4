"""Blocks and segments, from headers and side information."""

from __future__ import annotations

import json

import numpy as np
import pytest
from trace_tools import encoded, music, traced

import nlac
from nlac.predictors.lpc.block import open_sliced, read_coder, read_side_info
from nlac.views.trace import open_trace


def test_blocks_fill_the_stream_and_account_for_its_bytes():
    data = encoded(music(20_000), block_seconds=1.0)
    with open_trace(data) as trace, nlac.open(data) as file:
        assert trace.frames == len(file)
        at = 0
        for i, block in enumerate(trace.blocks):
            assert (block.index, block.start, block.mode) == (i, at, "integers")
            assert block.predictor == "lpc"
            at += block.frames
        assert at == trace.frames
        assert sum(block.bytes for block in trace.blocks) < len(data)
        assert trace.blocks[0].bits_per_sample == 4 * trace.blocks[0].bytes / 8000
        json.dumps([block.as_dict() for block in trace.blocks])


@pytest.mark.parametrize(
    ("preset", "options", "predictor", "coder"),
    [
        ("fast", {"coder": "rice"}, "lpc", "rice"),
        ("fast", {"coder": "range"}, "lpc", "range"),
        ("high", {}, "cascade", "range"),
        ("neural", {}, "gru", "range"),
    ],
)
@pytest.mark.usefixtures("cascade_alone")
def test_predictor_and_coder(preset, options, predictor, coder):
    with traced(music(6000), 44100, preset=preset, **options) as trace:
        (block,) = trace.blocks
        assert (block.predictor, block.coder) == (predictor, coder)
        has_cascade = preset in ("high", "neural")
        assert (block.cascade is not None) == has_cascade
        if has_cascade:
            assert block.cascade["rls"][0]["order"] > 0


def test_channel_roles():
    a = music(4000, 1)[:, 0].astype(np.int32)
    samples = np.stack([a, np.full_like(a, 7), a, -a, 4 * a + 1], 1).astype(np.int16)
    with traced(samples) as trace:
        (block,) = trace.blocks
        assert [c.role for c in block.channels] == [
            "coded", "constant", "copy", "negated copy", "coded",
        ]  # fmt: skip
        assert block.channels[1].offset == 7
        assert (block.channels[2].source, block.channels[3].source) == (0, 0)
        assert block.channels[4].step in (1, 4)
        assert {each.channel for each in trace.segments()} == {0, 4}


def test_verbatim_noise():
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, (300, 1)).astype(np.int16)
    with traced(noise) as trace:
        (block,) = trace.blocks
        assert (block.mode, block.predictor, block.coder) == ("verbatim", "", "")
        assert [c.role for c in block.channels] == ["verbatim"]
        assert trace.segments() == []


def test_floats_and_phases_and_value_sets():
    with traced((music(3000) / 32768).astype(np.float32)) as trace:
        assert trace.blocks[0].mode == "floats"
    held = np.repeat(music(4000, 1), 2, axis=0)
    with traced(held) as trace:
        (block,) = trace.blocks
        assert block.mode == "integer phases"
        assert (block.phases, len(block.channels)) == (2, 2)
    values = np.sort(np.random.default_rng(3).choice(20_000, 60, replace=False)) - 10_000
    listed = values[np.random.default_rng(4).integers(0, 60, (6000, 1))].astype(np.int16)
    with traced(listed) as trace:
        (block,) = trace.blocks
        assert [each.kind for each in block.value_sets] == ["list"]
        assert block.value_sets[0].count == 60
        assert {each.value_set for each in trace.segments()} == {"list"}


def test_a_repetition_shows_its_lag():
    length = 5000
    loop = np.random.default_rng(5).normal(size=length) * 3000
    samples = np.round(np.tile(loop, 8))[:, None].astype(np.int16)
    for preset in ("standard", "high"):
        with traced(samples, preset=preset) as trace:
            lags = [each.lag for each in trace.segments() if each.start > 2 * length]
            assert lags, preset
            assert set(lags) - {0} <= {length * k for k in range(1, 8)}
            assert max(lags) > 0
            with_lag = sum(each.frames for each in trace.segments() if each.lag)
            assert with_lag > len(samples) // 3


def test_segments_are_those_that_the_encoder_wrote():
    samples = music(30_000)
    with traced(samples, preset="standard") as trace:
        block = trace._reader.block(0)
        (view,) = trace.blocks
        at, channels = 1 + 6, 2
        sliced = open_sliced(block.payload, at, len(samples), channels, 0)
        if sliced is None:
            _, after = read_coder(block.payload, at, 0)
            _, _, p, _ = read_side_info(block.payload, after, len(samples), channels)
            order = [0, 1]
        else:
            p, order = sliced.parameters, sliced.order
            assert view.slices == tuple(each.start for each in sliced.table.slices)
        for c, place in enumerate(order):
            own = [each for each in trace.segments() if each.channel == place]
            assert own[0].start == 0
            assert sum(each.frames for each in own) == len(samples)
            for each in own:
                k = int(np.searchsorted(p.starts, each.start + p.delay[c], "right")) - 1
                assert (each.order, each.shift) == (p.order[k, c], p.shift[k, c])
                assert each.lag in (0, p.lag[k])


def test_a_span_has_the_segments_that_it_touches():
    with traced(music(20_000), block_seconds=1.0) as trace:
        every = trace.segments()
        some = trace.segments(9000, 9001)
        assert some == [e for e in every if e.start <= 9000 < e.start + e.frames]
        assert trace.segments(5, 5) == []
        with pytest.raises(nlac.UsageError, match="frames 5 to 20001"):
            trace.segments(5, 20_001)
    with pytest.raises(nlac.UsageError, match="closed"):
        trace.block(0)


def test_damage_is_placed():
    data = bytearray(encoded(music(20_000), block_seconds=1.0))
    with open_trace(bytes(data)) as trace:
        at = int(trace._reader.block(1).offset) + 100
    data[at] ^= 4
    with open_trace(bytes(data)) as trace:
        trace.block(0)
        with pytest.raises(nlac.CorruptStream) as caught:
            trace.block(1)
        assert (caught.value.block_index, caught.value.first_frame) == (1, 8000)
        with pytest.raises(nlac.CorruptStream):
            _ = trace.blocks

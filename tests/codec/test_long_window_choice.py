"""Long windows are tried only where estimates promise something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlac.codec.encoder.analysis import BlockAnalysis, analyse_block
from nlac.codec.encoder.lpc import block as encoder
from nlac.codec.encoder.lpc.segmentation import analyse, estimated_bits, sample_spans
from nlac.codec.encoder.options import EncodeOptions
from nlac.predictors.lpc.parameters import SPAN

FRAMES = 3 * SPAN + 700
SETTINGS = encoder.settings_of(EncodeOptions())


@pytest.fixture(scope="module")
def block() -> BlockAnalysis:
    rng = np.random.default_rng(1)
    noise = np.cumsum(rng.normal(0, 30, (2, FRAMES)), axis=1)
    samples = (noise - noise.mean(axis=1, keepdims=True)).astype(np.int32)
    analysed = analyse_block(samples, replace(SETTINGS.analysis, long_term=False))
    return replace(analysed, long_window_gain=1.0)


def test_estimate_is_that_of_the_search(block: BlockAnalysis) -> None:
    bits: list[float] = []
    _, reference, delay = block.inter_channel
    given = block.delayed(), FRAMES, reference, delay, block.lags
    searched = *given, SETTINGS.segmentations[1], None
    analyse(*searched, bits)
    assert len(bits) == 4
    assert estimated_bits(*searched, [1, 3]) == [bits[1], bits[3]]


def test_spans_of_estimates() -> None:
    assert sample_spans(SPAN - 1) == []
    assert sample_spans(SPAN) == [0]
    assert sample_spans(80 * SPAN) == [13, 40, 66]


@pytest.mark.parametrize(("more", "searches"), [(0.059, 2), (0.061, 1)])
def test_hopeless_searches_are_left_out(
    block: BlockAnalysis, monkeypatch: pytest.MonkeyPatch, more: float, searches: int
) -> None:
    own: list[float] = []
    _, reference, delay = block.inter_channel
    analyse(
        block.delayed(), FRAMES, reference, delay, block.lags, SETTINGS.segmentations[0], None, own
    )
    estimate = [own[i] + more * 2 * SPAN for i in sample_spans(FRAMES)]
    monkeypatch.setattr(encoder, "estimated_bits", lambda *arguments: estimate)
    assert len(list(encoder.candidate_parameters(block, SETTINGS))) == searches

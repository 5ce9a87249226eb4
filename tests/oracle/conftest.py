"""Blocks of the cascade with parameters, references and lags of a test's choice."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

import nlac
from nlac.codec.encoder import cascade
from nlac.codec.encoder.analysis import AnalysisSettings, BlockAnalysis, analyse_block
from nlac.codec.encoder.inter_channel import InterChannelOrder
from nlac.predictors.cascade.parameters import CascadeParameters

Writer = Callable[..., bytes]


@pytest.fixture
def write_cascade(monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Write a stream of the cascade; the encoder's own choices are made for it."""

    def write(
        samples: np.ndarray,
        bits: int,
        parameters: CascadeParameters,
        lags: Sequence[int] = (),
        all_experts: bool = True,
        references: Sequence[int] | None = None,
    ) -> bytes:
        def analysed(channels: np.ndarray, search: AnalysisSettings) -> BlockAnalysis:
            block = analyse_block(channels, search)
            spans = np.zeros_like(block.lags)
            spans[: len(lags)] = lags
            inter_channel = block.inter_channel
            if references is not None:
                count = len(channels)
                order, delay = np.arange(count), np.zeros(count, np.int64)
                inter_channel = InterChannelOrder(order, np.array(references), delay)
            gain = np.inf if all_experts else 0.0
            return replace(block, inter_channel=inter_channel, lags=spans, long_window_gain=gain)

        parameters.check()
        settings = cascade.CascadeSettings(parameters)
        monkeypatch.setattr(cascade, "settings_of", lambda _options: settings)
        monkeypatch.setattr(cascade, "analyse_block", analysed)
        stream = io.BytesIO()
        nlac.write(
            stream, samples, 44100, bits_per_sample=bits, predictor="cascade", block_seconds=60.0
        )
        return stream.getvalue()

    return write

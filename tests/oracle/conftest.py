"""Blocks of the cascade with parameters and lags of a test's choice."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest

import nlac
from nlac.codec import block_codec, cascade_block
from nlac.predictors.cascade_parameters import CascadeParameters

Writer = Callable[..., bytes]


@pytest.fixture
def write_cascade(monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Write a stream: what the cascade has, the lag of each span, and all experts or few."""

    def write(
        samples: np.ndarray,
        bits: int,
        parameters: CascadeParameters,
        lags: Sequence[int] = (),
        all_experts: bool = True,
    ) -> bytes:
        parameters.check()
        settings = cascade_block.CascadeSettings(parameters)
        monkeypatch.setattr(block_codec, "_cascade_settings", lambda _options: settings)
        found = np.array(lags, np.int64)
        monkeypatch.setattr(cascade_block, "find_lags", lambda *_arguments: found)
        # no block promises as little
        monkeypatch.setattr(cascade_block, "_LONG_GAIN", -1.0 if all_experts else np.inf)
        stream = io.BytesIO()
        nlac.write(
            stream, samples, 44100, bits_per_sample=bits, predictor="cascade", block_seconds=60.0
        )
        return stream.getvalue()

    return write

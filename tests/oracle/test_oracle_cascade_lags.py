"""Blocks of the cascade with earlier occurrences, decoded by what the specification says.

The lags are those that the test tells the encoder: they begin, change, end and begin again sooner
than any that it would find.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlac.codec.encoder.presets import CASCADES
from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters
from oracle.decoder import decode_stream

# small enough for some thousand samples; the windows around the lag differ in length
FIRST = RlsParameters(order=4, cross_order=2, forgetting=8, period=4, ltp_taps=1)
OPTIONAL = RlsParameters(order=2, cross_order=1, forgetting=7, period=2, ltp_taps=2, optional=True)
NEAR = RlsParameters(order=3, cross_order=3, forgetting=9, period=8)
SMALL = CascadeParameters(6, (FIRST, OPTIONAL), (), (6,), 64)
THREE = replace(SMALL, batch=4, rls=(FIRST, OPTIONAL, NEAR), final_combiners=(6, 8))


def loop(frames: int, channels: int, length: int, noise: int, bits: int) -> np.ndarray:
    """A few bars of the same, as wide as the bits allow."""
    rng = np.random.default_rng(length)
    bar = np.cumsum(rng.normal(0, 1, (length, channels)) + rng.normal(0, 1, (length, 1)), axis=0)
    samples = np.tile(bar / np.abs(bar).max(), (-(-frames // length), 1))[:frames]
    top = (1 << (bits - 1)) - 1 - noise
    samples = np.rint(top * samples).astype(np.int32)
    return samples + rng.integers(-noise, noise + 1, samples.shape).astype(np.int32)


def check(stream: bytes, samples: np.ndarray) -> None:
    decoded = decode_stream(stream)
    assert np.array_equal(np.array(decoded.frames).T, samples)


@pytest.mark.parametrize("noise", [0, 9])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_channels(write_cascade, channels, noise):
    samples = loop(2000, channels, 150, noise, 8)
    stream = write_cascade(samples, 8, THREE, [150])
    check(stream, samples)
    if not noise:
        assert len(stream) < len(write_cascade(samples, 8, THREE, [0]))


def test_shortest_lag_with_a_wide_window(write_cascade):
    wide = (replace(FIRST, ltp_taps=32), replace(OPTIONAL, ltp_taps=3))
    samples = loop(1200, 2, 128, 2, 8)
    check(write_cascade(samples, 8, replace(SMALL, rls=wide), [128]), samples)


def test_optional_expert_without_a_window(write_cascade):
    rls = (replace(FIRST, ltp_taps=0), replace(OPTIONAL, ltp_taps=0))
    samples = loop(1400, 2, 200, 1, 5)
    check(write_cascade(samples, 5, replace(SMALL, rls=rls), [200]), samples)


def test_lag_changes(write_cascade):
    samples = loop(16384 + 300, 2, 300, 1, 3)
    check(write_cascade(samples, 3, SMALL, [300, 1500]), samples)


def test_lag_ends_and_begins_again(write_cascade):
    samples = loop(32768 + 300, 1, 300, 1, 3)
    check(write_cascade(samples, 3, SMALL, [600, 0, 300]), samples)


@pytest.mark.parametrize(("preset", "channels"), [("high", 2), ("max", 1)])
def test_presets(write_cascade, preset, channels):
    samples = loop(1100, channels, 380, 1, 6)
    check(write_cascade(samples, 6, CASCADES[preset], [380], False), samples)


def test_few_experts_without_the_first(write_cascade):
    rls = (replace(FIRST, order=80), NEAR, OPTIONAL)
    samples = loop(1200, 2, 150, 1, 5)
    check(write_cascade(samples, 5, replace(SMALL, rls=rls), [150], False), samples)

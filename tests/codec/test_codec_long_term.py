"""Long-term prediction: what was heard before needs hardly any bits."""

from __future__ import annotations

import numpy as np
import pytest
from codec_tools import code, parts_of, size
from strategies import fit, make

PRESETS = ("fast", "standard", "high", "max", "neural")


def loop(length: int, times: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    """A loud passage with noise in it, repeated to the sample."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 900, (length, channels)).cumsum(axis=0) * 0.2
    noise += rng.normal(0, 200, noise.shape)
    return np.tile(fit(noise, 16), (times, 1))


@pytest.mark.parametrize("preset", PRESETS)
def test_exact_repetition(preset):
    samples = loop(11025, 4)
    with_it = size(samples, preset=preset)
    without = size(samples, preset=preset, long_term=False)
    once = size(samples[:11025], preset=preset)
    assert with_it < 0.5 * without
    assert with_it < 1.9 * once


@pytest.mark.parametrize("coder", ["range", "rice"])
def test_coders(coder):
    samples = loop(11025, 4, 1)
    assert size(samples, coder=coder) < 0.65 * size(samples, coder=coder, long_term=False)


def test_repetition_with_a_voice_over_it():
    samples = loop(16000, 4).astype(np.float64)
    rng = np.random.default_rng(2)
    phase = np.cumsum(0.11 + rng.normal(0, 0.002, len(samples)))
    voice = 400 * np.sin(phase)[:, None] + rng.normal(0, 8, samples.shape)
    samples = fit(samples + voice, 16)
    gain = size(samples, preset="standard", long_term=False) - size(samples, preset="standard")
    # three of four passages fall from the loop's noise to what lies over it
    assert 8 * gain / (0.75 * samples.size) > 1.5


def test_repetition_at_another_level():
    samples = loop(16000, 2).astype(np.float64)
    samples[16000:] *= 0.5
    samples = fit(samples, 16)
    assert size(samples, preset="standard") < 0.75 * size(
        samples, preset="standard", long_term=False
    )


def test_lag_is_the_period():
    samples = loop(12000, 5)
    _sets, layout = parts_of(code(samples, preset="standard", coder="range"), 2, len(samples))
    later = layout.lag[layout.starts[:-1] >= 16384]
    assert len(later)
    assert np.all(later % 12000 == 0)
    assert np.all(later > 0)


def test_nothing_is_found_in_what_does_not_repeat():
    for name in ("noise", "music", "sine"):
        samples = make(name, 40000)
        assert size(samples, preset="standard") <= 1.002 * size(
            samples, preset="standard", long_term=False
        )


def test_switched_off():
    samples = loop(12000, 3)
    payload = code(samples, long_term=False, coder="range")
    _sets, layout = parts_of(payload, 2, len(samples))
    assert not layout.lag.any()
    assert not layout.long_order.any()


@pytest.mark.parametrize("period", [320, 333, 400, 1024, 5000])
def test_any_period_comes_back(period):
    for channels in (1, 2, 3):
        code(loop(period, 40_000 // period, channels), preset="standard")

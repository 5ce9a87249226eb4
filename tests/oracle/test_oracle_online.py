"""Blocks with an online network, decoded by a decoder that only the specification has made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlac.codec.encoder import cascade
from nlac.codec.encoder.presets import CASCADES
from nlac.entropy.value_sets import PLAIN, ValueSet
from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters
from oracle.cascade_online import OnlineNetwork
from oracle.decoder import decode_stream

FEW = CascadeParameters(
    3, (RlsParameters(8, 4, 6, 1), RlsParameters(4, 2, 8, 2)), (), (7, 5, 9), 1, (33,)
)
LOUDEST = replace(FEW, online=(16,))
FRAMES = 500


def signal(name: str, channels: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(len(name) + channels)
    top = 2 ** (bits - 1)
    if name == "walk":
        steps = rng.normal(0, top / 200, (FRAMES, channels)) + rng.normal(0, top / 90, (FRAMES, 1))
        return np.rint(np.cumsum(steps, 0)).clip(-top, top - 1).astype(np.int32)
    if name == "extremes":
        return rng.choice([-top, top - 1], (FRAMES, channels)).astype(np.int32)
    x = rng.integers(-top, top, (FRAMES, channels))
    x[: FRAMES // 3] >>= bits - 2  # nearly silent, then loud, then silent
    x[2 * FRAMES // 3 :] = 0
    return x.astype(np.int32)


@pytest.fixture
def learnt(monkeypatch):
    """The networks that a decoder has run."""
    networks = []
    made = OnlineNetwork.__init__

    def watched(self, *arguments):
        made(self, *arguments)
        networks.append(self)

    monkeypatch.setattr(OnlineNetwork, "__init__", watched)
    return networks


@pytest.mark.parametrize("parameters", [FEW, LOUDEST], ids=["usual", "largest step"])
@pytest.mark.parametrize("name", ["walk", "extremes", "bursts"])
@pytest.mark.parametrize(("channels", "bits"), [(1, 16), (2, 16), (2, 24), (2, 32), (3, 8)])
def test_samples_come_back(write_cascade, learnt, name, channels, bits, parameters):
    samples = signal(name, channels, bits)
    stream = write_cascade(samples, bits, parameters)
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)
    assert learnt
    assert all(any(network.v) and any(network.linear) for network in learnt)


@pytest.mark.parametrize("online", [(), (33,)])
def test_value_sets_of_different_ranges(write_cascade, monkeypatch, online):
    """What is learned are errors of predictions that the set in force has clipped."""
    rng = np.random.default_rng(1)
    samples = np.where(np.arange(2500) // 9 % 2, 640, -640) + rng.integers(-3, 4, 2500)
    samples[1024:] = rng.integers(-20000, 20000, 2500 - 1024)

    def assign(_found, ordered, _delay, starts):
        parts = ordered[0, :1024], ordered[0, 1024:]
        sets = [ValueSet(PLAIN, int(part.min()), int(part.max())) for part in parts]
        return sets, np.minimum(starts[:-1, None] // 1024, 1)

    monkeypatch.setattr(cascade, "assign_sets", assign)
    parameters = replace(FEW, online=online)
    stream = write_cascade(samples[:, None].astype(np.int32), 16, parameters)
    assert np.array_equal(np.array(decode_stream(stream).frames)[0], samples)


@pytest.mark.parametrize("references", [[1, 0], [-1, 0], [1, -1]])
def test_either_channel_first(write_cascade, references):
    samples = signal("walk", 2, 16)
    stream = write_cascade(samples, 16, FEW, references=references)
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)


@pytest.mark.parametrize("preset", ["high", "neural"])
def test_behind_whole_cascades(write_cascade, preset):
    samples = signal("walk", 2, 16)[:120]
    parameters = replace(CASCADES[preset], online=(33,))
    stream = write_cascade(samples, 16, parameters, all_experts=False)
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)

"""The search for a block's cascade: never a larger block, nothing out of range."""

from __future__ import annotations

import io
from dataclasses import fields

import numpy as np
import pytest
from test_codec_recordings import DATA, load

import nlac
from nlac import EncodeOptions
from nlac._errors import UsageError
from nlac.codec.encoder import cascade_tuning as cascade_search
from nlac.codec.encoder.analysis import AnalysisSettings, analyse_block
from nlac.codec.encoder.cascade import make_side_info
from nlac.codec.encoder.cascade_tuning import Tuning, hint, tune
from nlac.codec.encoder.choice import choose_predictor
from nlac.codec.encoder.options import MAX_EFFORT
from nlac.codec.encoder.presets import CASCADES
from nlac.predictors.cascade.loops import encode_samples
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.side_info import SideInfo


def encoded(samples: np.ndarray, rate: int, bits: int, **options) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, rate, bits_per_sample=bits, **options)
    return out.getvalue()


@pytest.mark.parametrize("effort", range(1, MAX_EFFORT + 1))
@pytest.mark.parametrize(
    "name", ["channels.flac", "hires.flac", "loop.wav", "music.flac", "speech.flac"]
)
def test_recordings(name, effort):
    """They come back, and are no larger than without a search."""
    samples, rate, bits = load(DATA / name)
    samples = samples[:20000]
    data = encoded(samples, rate, bits, preset="high", effort=effort)
    assert len(data) <= len(encoded(samples, rate, bits, preset="high"))
    np.testing.assert_array_equal(nlac.read(data, always_2d=True)[0], samples)


@pytest.mark.usefixtures("cascade_alone")
@pytest.mark.parametrize("preset", ["high", "max"])
def test_speech_shrinks(preset):
    """Where the preset's memories are kept, which do not suit it: at a usual rate."""
    samples, _rate, bits = load(DATA / "speech.flac")
    sizes = [
        len(encoded(samples[:40000], 44100, bits, preset=preset, effort=effort))
        for effort in (0, 2, 3)
    ]
    assert sizes[1] < 0.998 * sizes[0]
    assert sizes[2] <= sizes[1]


def test_threads():
    samples, rate, bits = load(DATA / "music.flac")
    once, again = (
        encoded(
            samples[:30000], rate, bits, preset="high", effort=1, block_seconds=0.2,
            threads=threads,
        )
        for threads in (1, 3)
    )  # fmt: skip
    assert once == again


@pytest.mark.parametrize("by", [-1000, -9, -1, 0, 1, 9, 1000])
@pytest.mark.parametrize("parameters", CASCADES.values())
def test_tunings_stay_in_range(parameters, by):
    samples, _rate, _bits = load(DATA / "speech.flac")
    block = analyse_block(np.ascontiguousarray(samples[:3000].T), AnalysisSettings())
    side_info = make_side_info(block, parameters)
    tuning = Tuning(**{field.name: by for field in fields(Tuning)})
    tried, p = tuning.apply(side_info, parameters)
    p.check()
    assert all(-8 <= unit <= 24 for unit in tried.history_shift)
    assert (tried, p) == (side_info, parameters) or by
    assert encode_samples(tried, p, block.ordered) is not None


def test_the_least_effort_sees_the_middle(monkeypatch):
    """With its lags and value sets, but without lags that reach before it."""
    rng = np.random.default_rng(4)
    bar = rng.normal(0, 2000, (1, 50000)).astype(np.int32)
    samples = np.tile(bar, (1, 12))
    side_info = make_side_info(analyse_block(samples, AnalysisSettings()), CASCADES["high"])
    assert side_info.schedule.lag.any()
    seen: list[tuple[SideInfo, np.ndarray]] = []

    def encode(tried: SideInfo, _p: CascadeParameters, part: np.ndarray):
        seen.append((tried, part))
        return np.zeros(1), np.zeros(1)

    monkeypatch.setattr(cascade_search, "encode_samples", encode)
    assert tune(side_info, CASCADES["high"], samples, 1) == (side_info, CASCADES["high"])
    part = seen[0][1]
    begin = next(
        at for at in range(0, 600000, 16384) if np.array_equal(samples[:, at:][:, :9], part[:, :9])
    )
    assert part.shape[1] == 150000
    assert 200000 < begin < 240000
    np.testing.assert_array_equal(part, samples[:, begin : begin + 150000])
    schedule = seen[0][0].schedule
    assert schedule.frames == 150000
    assert len(schedule.lag) == -(-150000 // 16384)
    assert np.all(schedule.lag < 16384 * (1 + np.arange(len(schedule.lag))))
    assert schedule.lag.any()
    assert len(schedule.value_set) == -(-150000 // 1024)


@pytest.mark.parametrize("effort", [-1, MAX_EFFORT + 1])
def test_effort_has_a_range(effort):
    with pytest.raises(UsageError, match="effort"):
        EncodeOptions(preset="high", effort=effort)


def test_lpc_has_none():
    with pytest.raises(UsageError, match="lpc takes no effort"):
        choose_predictor(EncodeOptions(effort=1))


@pytest.mark.parametrize(
    ("gains", "chosen"),
    [({1: 0.01}, 1), ({-1: 0.01}, -1), ({1: 0.0005, -1: 0.0004}, 0), ({1: -0.1, -1: -0.1}, 0)],
    ids=["longer", "shorter", "too little", "worse"],
)
def test_hints_follow_short_trials(monkeypatch, gains, chosen):
    """A sixteenth of the block tells how fast RLS predictors forget, if it gains enough."""
    samples = np.random.default_rng(2).integers(-99, 99, (1, 16 * 16384)).astype(np.int32)
    block = analyse_block(samples, AnalysisSettings())
    parameters = CASCADES["max"]
    side_info = make_side_info(block, parameters)
    lengths = []

    def coded(_side_info, tried, part):
        lengths.append(part.shape[1])
        more = tried.rls[0].forgetting - parameters.rls[0].forgetting
        return b"", bytes(round(1e6 * (1 - gains.get(more, 0))))

    monkeypatch.setattr(cascade_search, "encode_samples", coded)
    found = hint(side_info, parameters, block.ordered)
    assert found == Tuning(forgetting=chosen).apply(side_info, parameters)[1]
    assert set(lengths) == {16384}
    lengths.clear()
    short = np.ascontiguousarray(block.ordered[:, :-1])
    assert hint(side_info, parameters, short) == parameters
    assert not lengths

"""The repetition benchmark: its clips repeat as they should, and its tables are whole."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
BAR = 16 * 5400


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")


def test_clips_repeat_where_nothing_keeps_them_from_it(benchmarks):
    from sequencer import KINDS, make

    bars = {}
    for name, kind in KINDS.items():
        clip = make(kind, 16.0)
        assert clip.shape == (16 * 44100, 2)
        assert 10_000 < np.abs(clip.astype(int)).max() < 32767
        bars[name] = clip[3 * BAR : 4 * BAR], clip[7 * BAR : 8 * BAR]
    np.testing.assert_array_equal(*bars.pop("whole"))
    for name, (one, other) in bars.items():
        assert not np.array_equal(one, other), name
    noise = np.abs(np.subtract(*bars["dither"], dtype=int))
    assert noise.max() <= 4


def test_clips_are_those_of_their_seed_and_recordings(benchmarks, tmp_path):
    from sequencer import KINDS, make

    kind = KINDS["voice-limiter"]
    first = make(kind, 2.0)
    np.testing.assert_array_equal(make(kind, 2.0), first)
    assert not np.array_equal(make(kind, 2.0, seed=2), first)
    for name in "ab":
        wave = np.random.default_rng(len(name)).normal(0, 0.1, 3000)
        soundfile.write(tmp_path / f"{name}.wav", wave, 44100)
    others = {make(kind, 2.0, samples=tmp_path).tobytes(), first.tobytes()}
    others.add(make(kind, 2.0, voice=tmp_path / "a.wav").tobytes())
    assert len(others) == 3


@pytest.mark.parametrize("mode", [[], ["--blocks", "10"]])
def test_tables(benchmarks, mode, monkeypatch, capsys):
    import repetition

    arguments = ["--seconds", "1", "--kind", "whole", "--preset", "fast", *mode]
    monkeypatch.setattr(sys, "argv", ["repetition.py", *arguments])
    repetition.main()
    lines = capsys.readouterr().out.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| whole")
    if mode:
        assert lines[3].startswith("| to decode a block")

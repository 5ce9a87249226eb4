"""No words lead a kernel out of its arrays: it checks no index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aac_random import random_frames
from lossy_signals import random_granules
from origin_blocks import hostile_granules

import nlac
from nlac._errors import CorruptStream
from nlac.entropy.binary_decisions import DecisionState
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.lossy import AAC, LAYER3, Lossy
from nlac.predictors.origin.output import PLACES, Output

GUARD = 4096
INTERPRETED = Path(__file__).with_name("bounds_interpreted.py")


@pytest.mark.parametrize("kind", ["layer3", "aac"])
def test_every_index_of_decisions_at_random(kind):
    package = str(Path(nlac.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(INTERPRETED), kind],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": package},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, *near = map(int, done.stdout.split())
    assert count > 100_000
    # escapes have room that nothing needs; chance leaves out a few others
    assert min(near) >= 1
    assert sum(reached < 3 for reached in near) <= 4


def guarded(coder: SectionCoder) -> list[np.ndarray]:
    """Let a coder's contexts and weights lie amid others, which are returned."""
    around = []
    arrays = []
    for array in coder._state[1:]:
        wide = np.concatenate([array[:1].repeat(GUARD), array, array[:1].repeat(GUARD)])
        around += [wide[:GUARD], wide[-GUARD:]]
        arrays.append(wide[GUARD:-GUARD])
    coder._state = DecisionState(coder._state.coder, *arrays)
    return around


def random_words(rng: np.random.Generator) -> np.ndarray:
    words = rng.integers(0, 2**32, 9000, dtype=np.uint32)
    words[rng.random(len(words)) < rng.choice([0, 0.01, 0.1])] = rng.choice([0, 2**32 - 1])
    return words[: int(rng.choice([0, 1, 50, 9000]))]


def some_units(rng: np.random.Generator, lossy: Lossy, channels: int, table: int) -> Any:
    """Three granules or frames, plain or at their extremes."""
    hostile, seed = bool(rng.integers(2)), int(rng.integers(100))
    if lossy is AAC:
        return random_frames(seed, 3, channels, table, hostile)
    return hostile_granules(rng, 3, channels) if hostile else random_granules(seed, 3, channels)


@pytest.mark.parametrize("lossy", [LAYER3, AAC], ids=["layer3", "aac"])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_around_the_contexts_changes(seed, lossy):
    """Words at random and of extreme granules; whatever comes of them can be synthesised."""
    rng = np.random.default_rng(seed)
    refused = 0
    for number in range(30):
        channels, table = int(rng.integers(1, 3)), int(rng.integers(7))
        words = random_words(rng)
        if number % 3 == 0:
            given = some_units(rng, lossy, channels, table)
            encoder = SectionCoder(lossy, np.zeros(40000, np.uint32), False)
            around = guarded(encoder)
            encoder.units(given, table)
            encoder.residuals(rng.integers(-(2**24), 2**24, (channels, 99), np.int32),
                              rng.integers(0, PLACES, (channels, 99)).astype(np.uint8))  # fmt: skip
            assert all((guard == guard[0]).all() for guard in around)
            words = encoder.words.copy()
            words[int(rng.integers(len(words)))] ^= np.uint32(1 << int(rng.integers(32)))
        decoder = SectionCoder(lossy, words, True)
        around = guarded(decoder)
        units, length = lossy.empty(3, channels), 2 * lossy.kind.lines
        refused += not decoder.units(units, table)
        _, places = lossy.synthesise(units, table, Output(1 << 31, 2, 24), 100, length)
        assert places.max() < PLACES
        residuals = np.zeros((channels, length), np.int32)
        decoder.residuals(residuals, places)
        assert abs(residuals.astype(np.int64)).max() <= 2**25 + 17
        assert all((guard == guard[0]).all() for guard in around)
        try:
            decoder.finish()
        except CorruptStream:
            refused += 1
    assert refused

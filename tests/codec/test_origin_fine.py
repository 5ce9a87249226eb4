"""Finely quantised and clipped Layer III granules are told from what was never coded."""

from __future__ import annotations

import numpy as np
import pytest
from layer3_maker import coded, music

from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.layer3 import recover as recovery
from nlac.codec.encoder.origin.layer3.fine_grid import find_fine_grid
from nlac.codec.encoder.origin.layer3.recover import recover
from nlac.codec.encoder.origin.layer3.stretch import fit, length_of
from nlac.predictors.origin.granules import SHORT, table_of

RATE = 44100
TABLE = table_of(RATE)
VARIANCE = 1 / 12


def fine(channels, seed, trim):
    """Samples of granules with steps of about 2, and the truth; hardly any line is zero."""
    made = coded(music(channels, 90_000, seed, loudness=8000.0), RATE, seed, coarseness=0.02)
    return np.clip(np.rint(made.samples[:, trim:]), -32768, 32767).astype(np.int32), made.granules


@pytest.mark.parametrize("channels", [1, 2])
def test_the_grid_of_fine_steps_is_found(channels):
    samples, _ = fine(channels, 3, 1000)
    grid = find_fine_grid(samples, TABLE, RATE, 16)
    assert grid is not None
    assert grid.offset == (-1000) % 576


@pytest.mark.parametrize("seed", range(4))
def test_no_grid_where_there_was_none(seed):
    samples = np.rint(music(2, 100_000, seed)).astype(np.int32)
    assert find_fine_grid(samples, TABLE, RATE, 16) is None


def test_nothing_is_found_in_nothing():
    assert find_fine_grid(np.zeros((1, 50_000), np.int32), TABLE, RATE, 16) is None


def test_fine_values_are_recovered():
    samples, _ = fine(1, 4, 700)
    (section,) = recover(samples, RATE)
    assert section.end - section.begin > 0.95 * samples.shape[1]


@pytest.mark.parametrize(("trim", "right"), [(576, True), (700, False)])
def test_evidence_is_for_the_right_grid_alone(trim, right):
    samples, truth = fine(2, 5, trim)
    length = length_of(12)
    found = fit(
        samples[:, 5760 : 5760 + length].astype(float), np.zeros((2, length), np.int8),
        (0, length), VARIANCE, TABLE,
    )  # fmt: skip
    inner = slice(2, -3)
    if right:
        assert (found.evidence[inner] > 0.4).all()
        assert found.clear[inner].all()
        first = (5760 + trim) // 576
        same = found.granules.values[inner] == truth.values[first + 2 : first + 9]
        assert same.mean() > 0.95
    else:
        assert (found.evidence[inner] < 0).all()


def test_short_blocks_whose_lines_are_denser_are_found():
    samples, truth = fine(1, 8, 576)
    length = length_of(100)
    found = fit(
        samples[:, :length].astype(float), np.zeros((1, length), np.int8), (0, length), VARIANCE,
        TABLE,
    )  # fmt: skip
    short = truth.types[1:101, 0] == SHORT
    assert short[5:-5].sum() > 3
    assert np.mean(found.granules.types[5:-5, 0][short[5:-5]] == SHORT) > 0.9


def test_gains_are_searched_a_bounded_number_of_times(monkeypatch):
    searched = []
    monkeypatch.setattr(recovery, "find_level", lambda *_: None)
    monkeypatch.setattr(recovery, "search_level", lambda *given: searched.append(given))
    samples = np.zeros((1, 24 * RATE), np.int32)
    search = recovery._GranuleSearch(samples, RATE, TABLE, 16)
    search.find_level(0, 24 * RATE, Grid(0, 5.0))
    assert not searched
    for _ in range(2):
        search.find_level(0, 24 * RATE, Grid(0, 20.0))
    assert len(searched) == 1
    for offset in range(9):
        search.find_level(0, 24 * RATE, Grid(offset, 20.0))
    assert len(searched) == 2

"""Where windows are taken, and how scores stand out from those beside them."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.codec.encoder.origin.aac import grid_scores as aac
from nlac.codec.encoder.origin.grids import GridSearch, steadiest
from nlac.codec.encoder.origin.layer3 import grid_scores as layer3
from nlac.codec.encoder.origin.layer3.filter_bank import lines_of, project
from nlac.codec.encoder.origin.layer3.tables import bank
from nlac.predictors.origin.granules import LONG

GRIDS = 64


def search(rows, **options) -> GridSearch:
    """A search whose windows have the scores given, in turn."""
    turn = iter(rows)
    settings = {"window": 600, "likely": 5.0, "hopeless": {}, "loud_first": False, **options}
    return GridSearch(scores=lambda window: next(turn), **settings)


def scores(rng, *peaks):
    found = rng.normal(0, 0.1, (1, GRIDS))
    for peak in peaks:
        found[0, peak] -= 2.0
    return found


def noise(rng, length=40_000):
    return np.rint(rng.normal(0, 1000, (1, length))).astype(np.int32)


def test_a_narrow_peak_stands_out_and_a_slope_does_not():
    rng = np.random.default_rng(1)
    slope = 3.0 * np.cos(2 * np.pi * np.arange(GRIDS) / GRIDS)
    # of windows that all begin at multiples of the number of grids
    samples = np.tile(noise(rng, 10 * GRIDS), 100)
    for peaks in ((20,), ()):
        rows = [scores(rng, *peaks) + slope for _ in range(12)]
        grid = search(rows, window=10 * GRIDS).find(samples, 44100, 16)
        assert (grid is None) == (not peaks)


def test_another_grid_than_some():
    rng = np.random.default_rng(4)
    # all windows begin at multiples of the number of grids
    samples = np.tile(noise(rng, 10 * GRIDS), 121)
    for without, offset in (((), 20), ((20,), 45), ((20, 45), None), ((18,), 45)):
        rows = [scores(rng, 20, 20, 45) for _ in range(12)]
        grid = search(rows, window=10 * GRIDS).find(samples, 44100, 16, without)
        assert (None if grid is None else grid.offset) == offset


def test_what_is_hopeless_ends_soon():
    rng = np.random.default_rng(2)
    rows = iter([scores(rng) for _ in range(2)])
    assert search(rows, hopeless={2: 9.0}).find(noise(rng), 44100, 16) is None
    assert next(rows, None) is None


def test_steadiest_windows_are_loud_and_not_clipped():
    samples = np.zeros((2, 10_000), np.int32)
    assert steadiest(samples, 0, 5000, 1000, 0)[0] == -1
    rng = np.random.default_rng(3)
    samples[:] = np.rint(rng.normal(0, 1000, samples.shape))
    samples[:, :3000] *= 50
    np.clip(samples, -32768, 32767, out=samples)
    changes, start = steadiest(samples, 0, 8000, 1000, 0)
    assert start >= 3000
    assert changes > 0
    assert steadiest(samples << 8, 0, 8000, 1000, 8) == (changes, start)


@pytest.mark.jit
def test_layer3_scores_are_those_of_the_filter_bank():
    rng = np.random.default_rng(4)
    samples = np.rint(rng.normal(0, 500, layer3.WINDOW))
    found = layer3.grid_scores(samples.astype(np.float32), 12, layer3.slides())
    for offset in (0, 33, 575):
        given = samples[offset : offset + 32 * (54 + 15)]
        slots = np.zeros((54, 32))
        project(given, slots, bank())
        lines = np.empty(576)
        total = []
        for granule in range(layer3.GRANULES):
            lines_of(slots[18 * granule : 18 * granule + 36], LONG, lines, bank())
            total.append(np.log2(np.abs(lines[12 * 18 : (12 + layer3.SCORED) * 18]) + 0.5))
        assert found[offset] == pytest.approx(np.mean(total), abs=0.02)


@pytest.mark.jit
def test_aac_scores_are_those_of_the_transform():
    rng = np.random.default_rng(5)
    samples = np.rint(rng.normal(0, 500, aac.WINDOW))
    found = aac.grid_scores(samples.astype(np.float32), 60, aac.slides())
    places = np.arange(2048)
    lines = np.arange(60, 60 + aac.SCORED)
    basis = np.cos(np.pi / 1024 * (places + 512.5) * (lines[:, None] + 0.5)) * (2 / 1024) ** 0.5
    basis *= np.sin(np.pi / 2048 * (places + 0.5))
    for offset in (0, 700):
        total = [
            np.log2(np.abs(basis @ samples[begin : begin + 2048]) + 0.5)
            for begin in (offset, offset + 1024)
        ]
        assert found[0, offset] == pytest.approx(np.mean(total), abs=0.02)

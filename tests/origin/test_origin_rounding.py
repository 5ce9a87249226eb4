"""Values that rounding hid are found by what samples beyond half a step tell."""

from __future__ import annotations

import numpy as np
import pytest
from layer3_maker import coded, music

from nlac.codec.encoder.origin.box import beyond
from nlac.codec.encoder.origin.layer3.filter_bank import add_lines, shape_of, unproject
from nlac.codec.encoder.origin.layer3.granule_fit import samples_of
from nlac.codec.encoder.origin.layer3.rounding.refinement import refine
from nlac.codec.encoder.origin.layer3.tables import SUPPORT, bank, ladder, layout
from nlac.predictors.origin.granules import LINES, NO_STEP, SHORT, Granules, bands_of, table_of

RATE = 44100
TABLE = table_of(RATE)
DEAR = ladder()._replace(bits=ladder().bits * 1.5)


def rounded(seed, channels=2):
    """Granules of fine steps, and what rounding their samples missed."""
    signal = music(channels, 40_000, seed, loudness=2000.0)
    truth = coded(signal, RATE, seed, coarseness=0.01).granules
    # the finest steps are about those of the samples
    truth.steps[truth.steps != NO_STEP] -= 2
    exact = samples_of(truth, TABLE)
    return truth, np.rint(exact), exact


def refined(given, samples, rails=None, budget=100_000):
    """What becomes of granules; their errors, and the number of moves."""
    found = Granules(*(each.copy() for each in given))
    errors = samples - samples_of(found, TABLE)
    rails = np.zeros(errors.shape, np.int8) if rails is None else rails
    moves = refine(
        errors, rails, 1.0, *found, budget, layout(TABLE), ladder(), DEAR, bank()
    )  # fmt: skip
    return found, errors, moves


def fine_places(truth, rng, count):
    """Places of values whose neighbours are about a step of the samples away."""
    bands = np.stack([bands_of(TABLE).long, bands_of(TABLE).short])
    unit = ladder().unit
    places = []
    for g, c, i in np.argwhere(np.abs(truth.values) < 3).tolist():
        kind = int(truth.types[g, c])
        step = int(truth.steps[g, c, bands[int(kind == SHORT), i]])
        if step != NO_STEP and 0.7 < unit[kind] * 2.0 ** (step / 4) < 1.3:
            places.append((g, c, i))
    assert len(places) > count
    return [places[at] for at in rng.choice(len(places), count, replace=False)]


@pytest.mark.parametrize("channels", [1, 2])
def test_true_values_are_left_alone(channels):
    truth, samples, _ = rounded(1, channels)
    found, _, moves = refined(truth, samples)
    assert moves == 0
    assert all(np.array_equal(one, other) for one, other in zip(found, truth, strict=True))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_values_that_are_off_by_one_are_found(channels, seed):
    truth, samples, _ = rounded(seed, channels)
    rng = np.random.default_rng(seed)
    wrong = Granules(*(each.copy() for each in truth))
    for place in fine_places(truth, rng, 25):
        wrong.values[place] += rng.choice([-1, 1])
    found, errors, moves = refined(wrong, samples)
    assert moves >= 20
    left = np.count_nonzero((found.values != truth.values).any(axis=2))
    assert left <= 2, left
    # errors have followed the values
    assert np.allclose(errors, samples - samples_of(found, TABLE), atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_bands_with_another_step_are_found(seed):
    truth, samples, _ = rounded(seed)
    wrong = Granules(*(each.copy() for each in truth))
    unit, long, changed = ladder().unit[0], bands_of(TABLE).long, []
    for g in range(2, truth.length - 2, 3):
        # the band whose nearest values of a coarser step are off by about one
        off = {}
        for c, band in np.ndindex(2, 12):
            step = int(truth.steps[g, c, band])
            if truth.types[g, c] != SHORT and step != NO_STEP:
                lines = (
                    unit * 2.0 ** (step / 4) * np.abs(truth.values[g, c, long == band]) ** (4 / 3)
                )
                coarser = unit * 2.0 ** ((step + 2) / 4)
                near = np.rint((lines / coarser) ** 0.75)
                off[c, band] = np.sqrt(np.sum((near ** (4 / 3) * coarser - lines) ** 2)), near
        for (c, band), (miss, near) in off.items():
            if 0.8 < miss < 2.0 and near.any():
                values = truth.values[g, c, long == band]
                wrong.values[g, c, long == band] = np.sign(values) * near
                wrong.steps[g, c, band] += 2
                changed.append((g, c, band))
                break
    assert len(changed) >= 3, len(changed)
    found, _, _ = refined(wrong, samples)
    right = sum(found.steps[place] == truth.steps[place] for place in changed)
    assert right >= 0.7 * len(changed), (right, len(changed))
    missed = np.abs(samples - samples_of(found, TABLE)) > 0.5
    before = np.abs(samples - samples_of(wrong, TABLE)) > 0.5
    assert np.count_nonzero(missed) < 0.3 * np.count_nonzero(before)
    # all of a channel's steps stay even, or odd
    for g, c in np.ndindex(found.length, 2):
        used = found.steps[g, c][found.steps[g, c] != NO_STEP]
        assert len({int(step) & 1 for step in used}) <= 1


def test_nothing_is_done_without_a_budget():
    truth, samples, _ = rounded(2)
    wrong = Granules(*(each.copy() for each in truth))
    for place in fine_places(truth, np.random.default_rng(0), 30):
        wrong.values[place] += 1
    _, _, few = refined(wrong, samples, budget=1)
    _, _, many = refined(wrong, samples)
    assert few < many


def test_what_is_beyond_a_rail_is_no_error():
    truth, samples, _ = rounded(3)
    top = np.quantile(samples, 0.98)
    clipped = np.minimum(samples, top)
    assert np.count_nonzero(clipped != samples) > 100
    rails = np.where(samples >= top, 1, 0).astype(np.int8)
    found, _, moves = refined(truth, clipped, rails)
    assert moves == 0
    assert np.array_equal(found.values, truth.values)


@pytest.mark.jit
@pytest.mark.parametrize(
    ("error", "rail", "far"),
    [(0.5, 0, 0.0), (0.705, 0, 0.2), (-0.705, 0, -0.2), (-3.0, 1, 0.0), (3.0, -1, 0.0),
     (0.705, 1, 0.2)],
)  # fmt: skip
def test_how_far_an_error_is_outside(error, rail, far):
    assert beyond(error, rail, 0.0) == pytest.approx(far)


@pytest.mark.jit
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize(("begin", "end"), [(0, 1), (17, 19), (300, 340), (570, 576)])
def test_the_shape_of_few_lines_is_that_of_all(kind, begin, end):
    lines = np.zeros(LINES)
    lines[begin:end] = np.random.default_rng(begin + kind).normal(size=end - begin)
    slots, whole, shape = np.zeros((36, 32)), np.zeros(SUPPORT), np.empty(SUPPORT)
    add_lines(lines, kind, slots, bank())
    unproject(slots, whole, bank())
    shape_of(lines, begin, end, kind, shape, bank())
    assert np.allclose(shape, whole, atol=1e-12)

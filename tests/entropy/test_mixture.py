"""Mixtures: the cumulative function against exact arithmetic, and no zero where none may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlac.entropy import distributions as distribution
from nlac.entropy.distributions import MAX_SCALE, REACH, ROW, SHAPES, TAIL, cumulative_at
from nlac.entropy.mixtures import ESCAPE, FULL_WEIGHT, Mixture
from nlac.entropy.range_coder import TOTAL
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address
from nlac.predictors import base

parts = st.tuples(
    st.integers(-(2**20), 2**20), st.integers(0, MAX_SCALE), st.integers(0, 6), st.integers(1, 50)
)
mixtures = st.lists(parts, min_size=1, max_size=16)


def weighted(rows):
    """Parts whose weights sum to what they must."""
    total = sum(weight for *_, weight in rows)
    shares = [max(1, weight * FULL_WEIGHT // total) for *_, weight in rows]
    shares[shares.index(max(shares))] += FULL_WEIGHT - sum(shares)
    return [(*row[:3], share) for row, share in zip(rows, shares, strict=True)]


@kernel
def _cumulative(cumulative, shape, distance, mantissa, shift):
    return cumulative_at(address(cumulative), shape * ROW, distance, mantissa, shift)


@pytest.mark.jit
def test_one_part_is_the_kernels_cumulative_function():
    tables = distribution.tables()
    rng = np.random.default_rng(1)
    for _ in range(2000):
        scale, shape = int(rng.integers(0, MAX_SCALE + 1)), int(rng.integers(0, SHAPES))
        location = int(rng.integers(-(2**35), 2**35))
        spread = 2.0 ** (scale / 16 - 4) * 256 * 9
        edge = location + int(rng.normal(0, spread))
        expected = _cumulative(
            tables.cumulative, shape, edge - location, tables.down[scale & 15], 7 + (scale >> 4)
        )
        assert Mixture([(location, scale, shape, FULL_WEIGHT)]).below(edge) == expected - TAIL


def test_constants_of_the_layers_agree():
    assert base.MAX_SCALE == MAX_SCALE
    assert base.MAX_SHAPE == SHAPES - 1
    assert base.FULL_WEIGHT == FULL_WEIGHT


def test_table_cells_hold_what_the_proof_needs():
    tables = distribution.tables()
    rows = tables.cumulative.reshape(SHAPES, ROW)
    assert np.diff(rows).min() == 8
    assert set(rows[:, 0]) == {TAIL}
    assert set(rows[:, -1]) == {TOTAL - TAIL}
    assert tables.down.min() == 34219


@settings(max_examples=60, deadline=None)
@given(mixtures, st.integers(-3000, 3000), st.integers(1, 300))
def test_intervals_fill_everything_and_find_inverts_them(rows, low, span):
    mixture = Mixture(weighted(rows))
    first, last = low >> mixture.low_bits, (low + span) >> mixture.low_bits
    at = 0
    for number in range(first, last + 1):
        c, f = mixture.interval(number, first, last)
        assert c == at
        assert f >= 0
        for quantile in {c, c + f // 2, c + f - 1} if f else ():
            assert mixture.find(quantile, first, last) == number
        at = c + f
    assert at == ESCAPE


@settings(max_examples=150, deadline=None)
@given(mixtures, st.integers(-400, 400))
def test_no_zero_where_the_proof_says_so(rows, offset):
    rows = weighted(rows)
    mixture = Mixture(rows)
    k = mixture.low_bits
    # around the heaviest part, which most of the weight may share or not
    centre, scale, *_ = max(rows, key=lambda row: row[3])
    step = max(1, int(2.0 ** (scale / 16 - 4) / 16 / 2**k))
    number = (centre >> (8 + k)) + offset * step
    first, last = -(2**50), 2**50
    left, right = (number << (8 + k)) - 128, ((number + 1) << (8 + k)) - 128
    finest = max(10, min(row[1] >> 4 for row in rows))
    down = distribution.tables().down.tolist()
    sure = 0
    for location, scale, _, weight in rows:
        shift = 7 + (scale >> 4)
        ends = [((edge - location) * down[scale & 15]) >> shift for edge in (left, right)]
        if ends[0] >= -REACH and ends[1] <= REACH:
            sure += weight * (2 >> max(0, (scale >> 4) - finest))
    if sure >= FULL_WEIGHT:
        assert mixture.interval(number, first, last)[1] > 0


@pytest.mark.parametrize("shape", range(SHAPES))
def test_no_zero_in_the_window_of_one_part(shape):
    for scale in [0, 15, 100, 159, 160, 175, 176, 191, 300, MAX_SCALE]:
        mixture = Mixture([(0, scale, shape, FULL_WEIGHT)])
        k = mixture.low_bits
        reach = int(16 * 2.0 ** (scale / 16 - 4) / 2**k) - 1
        numbers = np.unique(np.linspace(-reach, reach - 1, 4097).astype(np.int64)).tolist()
        if reach < 1:
            numbers = [0]
        counts = [mixture.interval(n, -(2**60), 2**60)[1] for n in numbers]
        assert min(counts) >= 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "0 parts"),
        ([(0, 5, 0, 1)] * 17, "17 parts"),
        ([(0, 5, 0, 65535)], "sum to 65535"),
        ([(0, 5, 0, 65536), (0, 5, 0, 0)], "not positive"),
        ([(0, 5, 0, 65537), (0, 5, 0, -1)], "not positive"),
        ([(0, -1, 0, 65536)], "scale -1"),
        ([(0, 608, 0, 65536)], "scale 608"),
        ([(0, 5, 7, 65536)], "shape 7"),
        ([(2**40 + 1, 5, 0, 65536)], "location"),
        ([(0, 5, 0)], "unpack"),
    ],
)
def test_bad_parts_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        Mixture(rows)


def test_floats_are_refused_and_numpy_integers_are_not():
    with pytest.raises(TypeError):
        Mixture([(0.0, 5, 0, 65536)])
    wide = Mixture([tuple(np.array([2**40, 607, 6, 65536], np.int64))])
    assert wide.below(-(2**39)) == Mixture([(2**40, 607, 6, 65536)]).below(-(2**39))
    assert type(wide.below(0)) is int

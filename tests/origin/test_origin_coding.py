"""Granules and residuals come back from their words, and only from all of them."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lossy_signals import random_granules

from nlac._errors import CorruptStream
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.granules import Granules, empty_granules
from nlac.predictors.origin.lossy import LAYER3
from nlac.predictors.origin.output import PLACES

HASHES = {
    ("nlac.predictors.origin", "layer3.bin"):
        "27b66dfcf6d5ca4df145c7c897bb74a78e1a9db5a5cdeb6f3d75963b9e12d695",
    ("nlac.predictors.origin.aac", "aac.bin"):
        "bc8091e8d78f38ef62c3c1431f6f32a90fa185ca59e803e795de64044ba28d18",
    ("nlac.entropy", "logistic.bin"):
        "3ec5b130dac2d9d6e240158f2bc15fd5c654eb845c2c87f3b99c0e22b7001da0",
}  # fmt: skip


@pytest.mark.parametrize("place", HASHES)
def test_tables_are_those_of_the_format(place):
    data = files(place[0]).joinpath(place[1]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == HASHES[place]


def _same(first: Granules, second: Granules) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32), count=st.integers(1, 9), channels=st.integers(1, 2),
    table=st.integers(0, 6), size=st.sampled_from([0.1, 1.0, 300.0, 2.0**24]),
)  # fmt: skip
def test_sections_come_back(seed, count, channels, table, size):
    rng = np.random.default_rng(seed)
    granules = random_granules(seed, count, channels, table)
    shape = (channels, 576 * count)
    residuals = np.clip(np.rint(rng.laplace(0, size, shape)), -(2**24), 2**24).astype(np.int32)
    places = rng.integers(0, PLACES, shape).astype(np.uint8)
    coder = SectionCoder.encoder(LAYER3, 4 * residuals.size + 4000)
    for _ in range(2):
        assert coder.units(granules.part(0, count), table)
        coder.residuals(residuals.copy(), places)
    words = coder.words.copy()

    decoder = SectionCoder(LAYER3, words, True)
    for _ in range(2):
        again = empty_granules(count, channels)
        assert decoder.units(again, table)
        assert _same(again, granules)
        found = np.zeros_like(residuals)
        decoder.residuals(found, places)
        assert np.array_equal(found, residuals)
    assert len(words) <= decoder.finish() <= len(words) + 2


def test_no_room_is_noticed():
    coder = SectionCoder(LAYER3, np.zeros(20, np.uint32), False)
    coder.units(random_granules(1, 3, 2), 0)
    assert coder.is_full
    with pytest.raises(CorruptStream):
        coder.finish()


def test_steps_of_both_parities_do_not_come_back():
    granules = random_granules(3, 1, 1)
    granules.steps[0, 0, :3] = -50, -51, -50
    coder = SectionCoder.encoder(LAYER3, 4000)
    coder.units(granules, 0)
    assert granules.steps[0, 0, 1] != -51

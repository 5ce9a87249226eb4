"""Damaged side data of floats is refused, or gives other floats; never worse."""

from __future__ import annotations

import numpy as np
import pytest
from floats_tools import DAMAGED, F32, STORED
from hypothesis import given, settings
from hypothesis import strategies as st

from nlac._errors import CorruptStream
from nlac.codec.transforms.floats import join


def survives(integers, side):
    try:
        samples = join(integers, side)
    except CorruptStream:
        return
    assert samples.shape == integers.shape
    assert samples.dtype == F32


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(sorted(DAMAGED)), st.data())
def test_damaged_side_data(name, data):
    integers, side = STORED[name]
    broken = bytearray(side)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, min(len(broken) - 1, 40)) | st.integers(0, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    survives(integers, bytes(broken))


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_truncated_side_data_is_noticed(name):
    integers, side = STORED[name]
    for length in {*range(min(len(side), 24)), len(side) - 1, len(side) - 4}:
        with pytest.raises(CorruptStream):
            join(integers, side[:length])
    with pytest.raises(CorruptStream):
        join(integers, side + bytes(8))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(DAMAGED)), st.integers(0, 2**32 - 1))
def test_integers_that_do_not_belong(name, seed):
    integers, side = STORED[name]
    rng = np.random.default_rng(seed)
    survives(rng.integers(-(2**31), 2**31, integers.shape).astype(np.int32), side)
    survives(np.full(integers.shape, -(2**31), np.int32), side)
    survives(np.zeros(integers.shape, np.int32), side)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_any_side_data(side):
    survives(STORED["grid"][0][:200], side)

"""Parity by a second program, which only the specification has made."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest

import nlac
from oracle import parity
from oracle.container import SpecError, read_stream

ROOT = Path(__file__).parents[2]
GOLDEN = (ROOT / "tests/golden/v1/parity.nlac").read_bytes()


def test_example_of_the_specification():
    text = (ROOT / "format_spec.md").read_text(encoding="utf-8")
    line = re.search(r"^For example a\^16 is .*$", text, re.MULTILINE)
    assert line is not None
    numbers = [int(word, 16) for word in re.findall(r"0x([0-9A-F]{4})", line[0])]
    raised, x, doubled, left, right, product, *word = numbers
    assert parity.to_the(2, 16) == raised
    assert parity.times(x, 2) == doubled
    assert parity.times(left, right) == product
    assert [parity.power_sum(word, j) for j in range(2)] == [0, 0]


def test_frozen_parity():
    parity.check(GOLDEN)
    bad = bytearray(GOLDEN)
    bad[-300] ^= 1
    with pytest.raises(SpecError):
        parity.check(bytes(bad))


@pytest.mark.parametrize(("frames", "amount"), [(0, 0.02), (200, 0.01), (1500, 0.2)])
def test_what_is_written(frames, amount):
    out = io.BytesIO()
    samples = np.random.default_rng(1).integers(-9, 9, (frames, 2)).astype(np.int16)
    nlac.write(out, samples, 8000, preset="fast")
    protected = io.BytesIO()
    nlac.protect(out.getvalue(), protected, amount=amount)
    parity.check(protected.getvalue())
    read_stream(protected.getvalue())


def test_both_programs_repair_the_same():
    bad = bytearray(GOLDEN)
    bad[700:740] = bytes(40)
    found = parity.repair(bytes(bad))
    out = io.BytesIO()
    nlac.repair(bytes(bad), out)
    assert out.getvalue() == GOLDEN
    damage = parity.locate(GOLDEN)
    assert found == damage.protected

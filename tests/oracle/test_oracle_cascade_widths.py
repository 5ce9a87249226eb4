"""Channels of very different widths: exact integers show what leaves 64 bits, and where.

The second decoder asserts the bounds of 11.17.5 wherever there are any. The tests here watch the
one place where there are none, the factorisation, which is modulo 2^64.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlac.predictors.cascade.parameters import CascadeParameters, RlsParameters, StageParameters
from oracle import cascade_solve
from oracle.decoder import decode_stream

FRAMES = 330
# longest memory, longest batches, least load, largest step: what brings the largest numbers
LOUD = CascadeParameters(
    6,
    (RlsParameters(8, 4, 13, 1, loading=28), RlsParameters(3, 2, 7, 1)),
    ((StageParameters(32, 32, 24), StageParameters(64, 0, 24)),),
    (13,),
    1,
    (16,),
)
QUICK = replace(LOUD, batch=3, rls=(RlsParameters(8, 4, 4, 1, loading=28), LOUD.rls[1]))
LOW, HIGH = -(2**31), 2**31 - 1


def wide(name: str) -> np.ndarray:
    """32 bits."""
    rng = np.random.default_rng(7)
    times = np.arange(FRAMES)
    if name == "noise":
        return rng.integers(LOW, HIGH + 1, FRAMES)
    if name == "square":
        return np.where(times // 7 % 2, HIGH, LOW)
    if name == "lowest":  # but for what makes it a channel of its own
        return np.where(times % 90, LOW, HIGH)
    quiet = rng.integers(-2, 3, FRAMES)
    return np.where(times < 100, rng.choice([LOW, HIGH], FRAMES), quiet)


def narrow(name: str, other: np.ndarray) -> np.ndarray:
    """Few bits."""
    if name == "top":
        return other >> 29
    return np.random.default_rng(8).integers(-1, 1, FRAMES) * (1 if name == "one bit" else 12)


@pytest.fixture
def wrapped(monkeypatch):
    """Values that were beyond 64 bits."""
    values, wrap = [], cascade_solve.wrap

    def watched(value: int, bits: int) -> int:
        result = wrap(value, bits)
        if bits == 64 and result != value:
            values.append(value)
        return result

    monkeypatch.setattr(cascade_solve, "wrap", watched)
    return values


def pair(few: str, many: str) -> np.ndarray:
    x = wide(many)
    return np.stack([narrow(few, x), x], axis=1).astype(np.int32)


@pytest.mark.parametrize("parameters", [LOUD, QUICK], ids=["long", "short"])
@pytest.mark.parametrize("few", ["top", "one bit", "four bits"])
@pytest.mark.parametrize("many", ["noise", "square", "lowest"])
def test_a_wide_reference(write_cascade, wrapped, many, few, parameters):
    samples = pair(few, many)
    stream = write_cascade(samples, 32, parameters, references=[1, 0])
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)
    assert not wrapped


def test_what_is_left_of_covariances_is_rounding(write_cascade, wrapped):
    """Both decoders wrap alike where silence has left a matrix that no samples can have."""
    samples = pair("top", "fallen silent")
    stream = write_cascade(samples, 32, QUICK, references=[1, 0])
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)
    assert wrapped


@pytest.mark.parametrize("bits", [18, 19, 20, 24])
def test_widths_about_that_of_products(write_cascade, bits):
    """A prediction of either channel from the other has to know both shifts."""
    rng = np.random.default_rng(bits)
    x = np.cumsum(rng.normal(0, 2.0 ** (bits - 6), FRAMES)).clip(1 - 2**bits, 2**bits - 1)
    y = x / 2 ** (bits - 17) + rng.normal(0, 2, FRAMES)
    samples = np.rint(np.stack([x, y], axis=1)).astype(np.int32)
    stream = write_cascade(samples, 32, QUICK, references=[1, 0])
    assert np.array_equal(np.array(decode_stream(stream).frames).T, samples)

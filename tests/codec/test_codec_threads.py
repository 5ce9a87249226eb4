"""The bytes depend on nothing but samples and options."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from strategies import RATE, SIGNALS, joined, make

import nlac

ROOT = Path(__file__).resolve().parents[2]


def encoded(samples: np.ndarray, threads: int, preset="standard", **options) -> bytes:
    out = io.BytesIO()
    nlac.write(
        out,
        samples,
        RATE,
        bits_per_sample=None if samples.dtype == np.float32 else 24,
        preset=preset,
        block_seconds=0.5,
        threads=threads,
        **options,
    )
    return out.getvalue()


@pytest.mark.parametrize("preset", ["fast", "standard", "high", "max", "neural"])
def test_threads(preset):
    samples = joined(tuple(sorted(SIGNALS)), 2500, 2, 24)
    once = encoded(samples, 1, preset)
    for threads in (2, 8):
        assert encoded(samples, threads, preset) == once
    for threads in (1, 2, 8):
        back, _rate = nlac.read(once, threads=threads)
        np.testing.assert_array_equal(back, samples)


def test_threads_with_floats():
    samples = (joined(("music", "sine", "noise"), 5000, 2, 24) / 2**23).astype(np.float32)
    assert encoded(samples, 1) == encoded(samples, 8)


def test_verification_changes_nothing():
    samples = make("music", 9000, 2, 24)
    assert encoded(samples, 1, verify=False) == encoded(samples, 1)


def test_other_work_in_between_changes_nothing():
    samples = make("repeated_loop", 20000, 2, 24)
    before = encoded(samples, 2)
    for name in ("noise", "sparse_histogram", "fractional_grid"):
        encoded(make(name, 5000, 5, 24), 2)
    assert encoded(samples, 2) == before


@pytest.mark.usefixtures("cascade_alone")
@pytest.mark.parametrize("preset", ["fast", "standard", "max"])
def test_memory_not_written_yet_has_no_influence(preset):
    """What the search reads it must have written: freed memory holds other numbers each time."""
    for name in ("related_channels", "clipped"):
        samples = make(name, 20000, 2, 24)
        found = set()
        for fill in (0.0, 1e3, -1e300, np.nan):
            # arrays of many sizes, freed at once: the next ones get the same memory
            for count in (4, 36, 37, 2000, 4624, 70000):
                np.full((count, 8), fill)
            found.add(encoded(samples, 1, preset, verify=False))
        assert len(found) == 1


PROGRAM = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
from test_codec_threads import encoded
from strategies import make
print(hashlib.sha256(encoded(make("music", 9000, 2, 24), 3)).hexdigest())
"""


def test_a_fresh_process_writes_the_same():
    """No cache that this process has filled has any influence, nor has the seed of hashes."""
    expected = hashlib.sha256(encoded(make("music", 9000, 2, 24), 1)).hexdigest()
    places = [str(Path(nlac.__file__).parents[1]), str(ROOT / "tests"), str(ROOT / "tests/codec")]
    for seed in ("0", "77"):
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM, *places],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        assert found.stdout.strip() == expected

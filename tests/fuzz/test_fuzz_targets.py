"""Every parser gets damaged inputs, and those that it could not bear once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mutations import mutate
from targets import TARGETS, use

FAILURES = Path(__file__).resolve().parent / "failures"
ROUNDS = 200
# slow targets get a part of the rounds
SHARES = {"stream": 8, "array": 8, "parity": 8, "manifest": 2, "configuration": 2,
          "flac-frames": 2, "slices": 2}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_target_bears_damage(target):
    seeds = TARGETS[target].seeds()
    for seed in seeds:
        TARGETS[target].use(seed)
    rng = np.random.default_rng([8, *target.encode()])
    share = SHARES.get(target, 1)
    for number in range(ROUNDS // share):
        use(target, mutate(seeds[number % len(seeds)], rng))
    for length in range(0, min(64, len(seeds[0])), share):
        use(target, seeds[0][:length])


def test_what_was_found_once_is_borne():
    for path in sorted(FAILURES.glob("*/*")):
        use(path.parent.name, path.read_bytes())
    assert {path.parent.name for path in FAILURES.glob("*/*")} <= TARGETS.keys()

"""Decode random bits with kernels that are plain Python, and look at every context and set.

To be run with NUMBA_DISABLE_JIT=1; it prints how many decisions it saw, and for each kind of them
how many of its six contexts came to within a tenth of their end.
"""

from __future__ import annotations

import bisect

import numpy as np

from nlac.entropy.binary_decisions import decision_tables, decisions_of, new_state
from nlac.predictors.origin import residuals, spectra, steps
from nlac.predictors.origin.granules import MAX_STEP, MIN_STEP, NO_STEP, bands_of, empty_granules
from nlac.predictors.origin.synthesis import PLACES
from nlac.predictors.origin.tables import layer3_tables

# format_spec.md, 11.24.3: where sets and contexts of each kind of decision begin
SETS = [0, 864, 880, 883, 884, 908, 940, 942, 1004, 1484, 1496, 1514]
CONTEXTS = [
    [0, 11520, 34560, 57600, 88320, 107520],
    [148992, 149008, 149392, 149424, 149456, 149840],
    [150000, 150060, 150072, 150087, 150090, 150138],
    [150144, 150146, 150150, 150158, 150162, 150163],
    [150192, 150816, 150828, 151296, 151608, 151656],
    [151734, 152534, 153782, 155462, 156814, 157070],
    [160970, 161070, 161112, 161190, 161359, 161361],
    [163311, 166411, 171371, 173975, 184453, 184577],
    [185569, 186049, 187649, 188129, 189153, 189313],
    [189697, 189721, 190681, 190721, 190729, 190777],
    [191257, 191977, 192697, 207097, 207169, 207457],
    [207889, 207921, 209201, 209233, 209265, 209297],
]
STARTS = [*(start for row in CONTEXTS for start in row), 209329]


class Dice:
    """Decides by chance, how often for a 1 changes with each kind of decision and granule."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.chances = np.zeros(len(SETS))
        self.highest = np.zeros((len(SETS), 6), np.int64)
        self.count = 0
        self.turn()

    def turn(self) -> None:
        self.chances = self.rng.choice([0.02, 0.3, 0.5, 0.7, 0.98], len(SETS))

    def decide(self, _decisions: object, _bit: int, _rate: int, number: int, *places: int) -> int:
        assert 0 <= number < 1545
        kind = bisect.bisect_right(SETS, number) - 1
        for i, place in enumerate(places):
            start = CONTEXTS[kind][i]
            assert start <= place < STARTS[6 * kind + i + 1], (kind, i, place)
            self.highest[kind, i] = max(self.highest[kind, i], place - start)
        self.count += 1
        return np.int64(self.rng.random() < self.chances[kind])

    def raw_bits(self, _decisions: object, _value: int, count: int) -> np.int64:
        return np.int64(self.rng.integers(0, 1 << int(count)))


def patched(dice: Dice) -> None:
    for module in (steps, spectra, residuals):
        module.decide = dice.decide
    spectra.raw_bits = residuals.raw_bits = dice.raw_bits


def run_granules(dice: Dice, table: int, channels: int) -> None:
    """Three granules, of which each has other chances."""
    granules = empty_granules(3, channels)
    code_steps = steps.code_steps

    def turned(*arguments: object) -> np.int64:
        dice.turn()
        return code_steps(*arguments)

    spectra.code_steps = turned
    state = new_state(1, 1)
    decisions = decisions_of(state, np.zeros(1, np.uint32), decision_tables())
    spectra.code_granules(decisions, granules, bands_of(table), layer3_tables())
    spectra.code_steps = code_steps
    # what the synthesis takes as indices and shifts
    has_step = granules.steps != NO_STEP
    assert granules.steps[has_step].min(initial=0) >= MIN_STEP
    assert granules.steps[has_step].max(initial=0) <= MAX_STEP
    assert abs(granules.values.astype(int)).max() <= 8206
    assert granules.types.max() <= 3
    assert granules.mid_side.max() <= 1


def run_residuals(dice: Dice) -> None:
    dice.turn()
    found = np.zeros((2, 150), np.int32)
    places = dice.rng.integers(0, PLACES, found.shape).astype(np.uint8)
    means = dice.rng.choice([0, 1 << 12, 1 << 32], (2, 2)).astype(np.int64)
    residuals.code_residuals(
        None, spectra.SPECTRUM_CONTEXTS, spectra.SPECTRUM_SETS, found, places, means
    )


def main() -> None:
    dice = Dice(1)
    patched(dice)
    for number in range(10):
        run_granules(dice, number % 7, 1 + number % 3 % 2)
        for _ in range(10):
            run_residuals(dice)
    ends = np.array(STARTS[1:]).reshape(-1, 6) - np.array(CONTEXTS)
    print(dice.count, *(dice.highest >= 0.9 * ends - 1).sum(axis=1))


if __name__ == "__main__":
    main()

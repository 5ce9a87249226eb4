"""Decode random bits with kernels that are plain Python, and look at every context and set.

To be run with NUMBA_DISABLE_JIT=1 and the name of a kind of lossy stream; it prints how many
decisions it saw, and for each kind of them how many of its six contexts came to within a tenth of
their end.
"""

from __future__ import annotations

import bisect
import sys
from typing import Any, NamedTuple

import numpy as np

from nlac.entropy.binary_decisions import decision_tables, new_state
from nlac.predictors.origin import block_types, lines, lossy, residuals, spectra, steps
from nlac.predictors.origin.aac import frames as aac_frames
from nlac.predictors.origin.aac import noise, side_info
from nlac.predictors.origin.aac import spectra as aac_spectra
from nlac.predictors.origin.granules import MAX_STEP, MIN_STEP, NO_STEP
from nlac.predictors.origin.output import PLACES
from nlac.predictors.origin.tables import layer3_tables


class Layout(NamedTuple):
    """Where sets and contexts of each kind of decision begin, as the specification has it."""

    lossy: lossy.Lossy
    sets: list[int]
    contexts: list[list[int]]
    all_sets: int
    all_contexts: int


# format_spec.md, 11.24.3
RESIDUALS = [
    [185569, 186049, 187649, 188129, 189153, 189313],
    [189697, 189721, 190681, 190721, 190729, 190777],
    [191257, 191977, 192697, 207097, 207169, 207457],
    [207889, 207921, 209201, 209233, 209265, 209297],
]
LAYER3 = Layout(
    lossy.LAYER3,
    [0, 864, 880, 883, 884, 908, 940, 942, 1004, 1484, 1496, 1514],
    [
        [0, 11520, 34560, 57600, 88320, 107520],
        [148992, 149008, 149392, 149424, 149456, 149840],
        [150000, 150060, 150072, 150087, 150090, 150138],
        [150144, 150146, 150150, 150158, 150162, 150163],
        [150192, 150816, 150828, 151296, 151608, 151656],
        [151734, 152534, 153782, 155462, 156814, 157070],
        [160970, 161070, 161112, 161190, 161359, 161361],
        [163311, 166411, 171371, 173975, 184453, 184577],
        *RESIDUALS,
    ],
    1545,
    209329,
)
# 11.25 and 11.25.2
AAC = Layout(
    lossy.AAC,
    [
        0, 864, 880, 883, 884, 885, 888, 889, 890, 914, 946, 948, 1010, 1011, 1012,
        1013, 1493, 1505, 1523,
    ],
    [
        [0, 11520, 34560, 57600, 88320, 119040],
        [192768, 192784, 193168, 193200, 193232, 193616],
        [193632, 193692, 193704, 193719, 193722, 193770],
        [193776, 193778, 193782, 193785, 193786, 193792],
        [193800, 193808, 193824, 193827, 193851, 193853],
        [193856, 193931, 193946, 194711, 194726, 194879],
        [194882, 194913, 194944, 194995, 195199, 195200],
        [195236, 195238, 195254, 195257, 195263, 195279],
        [195280, 195904, 195916, 196384, 196696, 196744],
        [196822, 197622, 198870, 200550, 201902, 202158],
        [206058, 206158, 206200, 206278, 206447, 206449],
        [208399, 211499, 216459, 219063, 229541, 229665],
        [230657, 230661, 230865, 230873, 230875, 230926],
        [230932, 230934, 230938, 230939, 230940, 230941],
        [230943, 230974, 231005, 231056, 231260, 231261],
        *([start + 45728 for start in row] for row in RESIDUALS),
    ],
    1554,
    255057,
)  # fmt: skip


class Dice:
    """Decides by chance, how often for a 1 changes with each kind of decision and granule."""

    def __init__(self, layout: Layout, seed: int) -> None:
        self.layout = layout
        self.rng = np.random.default_rng(seed)
        self.starts = [*(start for row in layout.contexts for start in row), layout.all_contexts]
        self.highest = np.zeros((len(layout.sets), 6), np.int64)
        self.count = 0
        self.turn()

    def turn(self) -> None:
        self.chances = self.rng.choice([0.02, 0.3, 0.5, 0.7, 0.98], len(self.layout.sets))

    def decide(self, _decisions: object, _bit: int, _rate: int, number: int, *places: int) -> int:
        assert 0 <= number < self.layout.all_sets
        kind = bisect.bisect_right(self.layout.sets, number) - 1
        for i, place in enumerate(places):
            start = self.starts[6 * kind + i]
            assert start <= place < self.starts[6 * kind + i + 1], (kind, i, place)
            self.highest[kind, i] = max(self.highest[kind, i], place - start)
        self.count += 1
        return np.int64(self.rng.random() < self.chances[kind])

    def raw_bits(self, _decisions: object, _value: int, count: int) -> np.int64:
        return np.int64(self.rng.integers(0, 1 << int(count)))


def patch(dice: Dice) -> None:
    """Let the dice decide; its chances change with every granule and channel."""
    for module in (steps, spectra, block_types, lines, residuals, side_info, noise):
        module.decide = dice.decide
    for module in (lines, residuals, aac_spectra, side_info, noise):
        module.raw_bits = dice.raw_bits
    code_steps = steps.code_steps

    def turned(*arguments: object) -> np.int64:
        dice.turn()
        return code_steps(*arguments)

    spectra.code_steps = aac_spectra.code_steps = turned


def run_units(dice: Dice, table: int, channels: int) -> None:
    own = dice.layout.lossy
    units = own.empty(3, channels)
    state = new_state(1, 1)
    own.run(
        state, np.zeros(1, np.uint32), decision_tables(), units, own.bands_of(table),
        layer3_tables().sizes,
    )  # fmt: skip
    check(units)


def check(units: Any) -> None:
    """What the synthesis takes as indices and shifts."""
    assert abs(units.values.astype(int)).max() <= 8206
    if hasattr(units, "mid_side"):
        given = units.steps[units.steps != NO_STEP]
        assert given.min(initial=0) >= MIN_STEP
        assert given.max(initial=0) <= MAX_STEP
        assert max(units.types.max(), 3 * units.mid_side.max()) <= 3
        return
    given = units.steps[units.steps != aac_frames.NO_STEP]
    assert given.min(initial=0) >= aac_frames.MIN_STEP
    assert given.max(initial=0) <= aac_frames.MAX_STEP
    assert max(units.sequences.max(), units.stereo.max(), 3 * units.shapes.max()) <= 3
    first, end, order, direction, resolution = np.moveaxis(units.filters, -1, 0)
    some = order > 0
    assert (first[some] < end[some]).all()
    assert (order <= aac_frames.MAX_ORDER).all()
    assert ((resolution[some] == 3) | (resolution[some] == 4)).all()
    assert direction.max() <= 1
    assert units.noise.max() <= 1
    three = units.reflections[some & (resolution == 3)]
    assert three.min(initial=0) >= -4
    assert three.max(initial=0) <= 3


def run_residuals(dice: Dice) -> None:
    own = dice.layout.lossy
    dice.turn()
    found = np.zeros((2, 150), np.int32)
    places = dice.rng.integers(0, PLACES, found.shape).astype(np.uint8)
    means = dice.rng.choice([0, 1 << 12, 1 << 32], (2, 2)).astype(np.int64)
    residuals.code_residuals(None, own.contexts, own.sets, found, places, means)


def main() -> None:
    dice = Dice({"layer3": LAYER3, "aac": AAC}[sys.argv[1]], 1)
    patch(dice)
    for number in range(10):
        run_units(dice, number % 7, 1 + number % 3 % 2)
        for _ in range(10):
            run_residuals(dice)
    ends = np.diff(dice.starts).reshape(-1, 6)
    print(dice.count, *(dice.highest >= 0.9 * ends - 1).sum(axis=1))


if __name__ == "__main__":
    main()

"""Granules and samples for tests of origin blocks."""

from __future__ import annotations

import numpy as np

from nlac.predictors.origin.granules import (
    SHORT,
    Granules,
    bands_of,
    empty_granules,
)

# block types that may follow each other
_NEXT = {0: (0, 1), 1: (2,), 2: (2, 3), 3: (0, 1)}


def random_granules(seed: int, count: int, channels: int, table: int = 0) -> Granules:
    """Granules like those of music: louder in low bands, with holes, all block types, pairs."""
    rng = np.random.default_rng(seed)
    granules = empty_granules(count, channels)
    bands = bands_of(table)
    kind = [0] * channels
    for g in range(count):
        if channels == 2:
            granules.mid_side[g] = rng.integers(2)
        for c in range(channels):
            choices = _NEXT[kind[c]]
            kind[c] = int(choices[0] if rng.random() < 0.8 else rng.choice(choices))
            granules.types[g, c] = kind[c]
            band_of = bands.short if kind[c] == SHORT else bands.long
            parity = int(rng.integers(2))
            level = int(rng.integers(-30, -20))
            for b in range(band_of.max() + 1):
                lines = np.flatnonzero(band_of == b)
                if rng.random() < 0.1:
                    continue
                step = 2 * (level + int(rng.integers(-2, 3))) + parity
                size = 12.0 / (1 + lines[0] / 20)
                values = np.rint(rng.laplace(0, size, len(lines)))
                if rng.random() < 0.01:
                    values[0] = rng.integers(-8206, 8207)
                    step -= 20
                granules.steps[g, c, b] = step
                granules.values[g, c, lines] = values
    return granules

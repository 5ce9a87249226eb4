"""Random prefilters, and random phases, in both decoders."""

from __future__ import annotations

import numpy as np
import pytest

from nlac._errors import CorruptStream
from nlac.predictors.prefilter import (
    PREFILTERED,
    Prefilter,
    decode_prefiltered,
    write_prefilters,
)
from oracle.container import Reader, SpecError
from oracle.prefilter import decode_prefiltered as decode_again

FRAMES = 60


def random_block(seed: int) -> tuple[bytes, np.ndarray]:
    """Prefilters of two channels, and residuals that they may turn into anything."""
    random = np.random.default_rng(seed)
    filters, first = [], random.integers(-(2**31), 2**31, (2, FRAMES)).astype(np.int32)
    errors = random.integers(-(2**20), 2**20, (2, FRAMES)).astype(np.int32)
    for c in range(2):
        # channels of four taps are decoded by loops of their own, alone and in pairs
        short = seed % 3 == 0 or (seed % 3 == 1 and c == 1)
        taps = 4 if short else int(random.choice([0, *range(2, 35)]))
        shift = int(random.integers(0, 25))
        scale = int(random.integers(1, 1 << min(shift + 2, 25)))
        weights = random.integers(-scale, scale + 1, taps) // max(taps // 4, 1)
        filters.append(Prefilter(shift, weights))
        first[c] >>= random.integers(0, 31)
        errors[c, :taps] = 0
    return bytes([PREFILTERED]) + write_prefilters(filters, first), errors


@pytest.mark.parametrize("part", range(4))
def test_random_prefilters(part):
    restored = refused = 0
    for seed in range(50 * part, 50 * part + 50):
        data, errors = random_block(seed)
        if seed % 5 == 4:
            # one byte spoilt
            place = seed % len(data)
            data = data[:place] + bytes([data[place] ^ (1 << seed % 7)]) + data[place + 1 :]
            if data[0] != PREFILTERED:
                continue
        rows = errors.tolist()
        try:
            told = decode_again(Reader(data), FRAMES, 2, lambda _, rows=rows: rows)
        except SpecError:
            refused += 1
            with pytest.raises(CorruptStream):
                decode_prefiltered(data, 0, FRAMES, 2, lambda *_, e=errors: e.copy())
            continue
        restored += 1
        out = decode_prefiltered(data, 0, FRAMES, 2, lambda *_, e=errors: e.copy())
        assert out.tolist() == told
    assert restored > 5
    assert refused > 5

"""Made-up plans of lpc blocks, and words to follow them, which no encoder has a part in."""

from __future__ import annotations

import numpy as np

from nlac.entropy.value_sets import GRID, ValueSet, listed, plain, soft, write_sets
from nlac.entropy.varint import write_varint
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.side_info import write_parameters

ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
FAR = (0, 4, 8, 16, 32)


def random_sets(rng: np.random.Generator) -> list[ValueSet]:
    """Value sets of every kind and width; those of one value too."""
    base, span = int(rng.integers(-3000, 3000)), (1 << int(rng.integers(1, 18))) - 1
    steps = rng.integers(1, int(rng.choice([3, 40, 900])), int(rng.integers(2, 500)))
    step = int((1 << 24) * 2.0 ** rng.uniform(0, 9))
    short = int((1 << 24) * 2.0 ** rng.uniform(0.01, 5.9))
    weights = rng.choice([1, 2, 90, 255], 32, p=rng.dirichlet([0.5] * 4)).astype(np.uint8)
    low = int(rng.choice([-(1 << 31), base, (1 << 31) - 3000]))
    return [
        plain(-(1 << 15), (1 << 15) - 1),
        plain(base, base + span),
        plain(-(1 << 31), (1 << 31) - 1),
        ValueSet(GRID, -(1 << 9), (1 << 9) - 1, step, int(rng.integers(-(1 << 40), 1 << 40))),
        listed(base + np.cumsum(steps)),
        listed(np.array([base])),
        plain(base, base),
        ValueSet(GRID, 7, 7, step, 0),
        soft(base, base + min(span, 5000), short, weights.tobytes()),
        soft(low, low + int(rng.integers(0, 2999)), short, weights.tobytes()),
    ]


def random_block(
    seed: int, most: int = 499, shortest: int = 256, least: int = 20
) -> tuple[bytes, int, int]:
    """A plan as bytes, its frames (least to most) and channels; shortest is that of a segment."""
    rng = np.random.default_rng(seed)
    channels, frames = int(rng.integers(1, 4)), int(rng.integers(least, most + 1))
    reference = rng.integers(-1, channels, channels)
    reference[reference == np.arange(channels)] = -1
    delay = rng.choice([0, 0, 1, 17, 64], channels)
    total = frames + int(delay.max())
    starts = [0]
    while starts[-1] < total:
        starts.append(min(total, starts[-1] + (shortest << int(rng.integers(0, 3)))))
    shape = (len(starts) - 1, channels)
    reach = np.minimum(np.array(starts[:-1]) + 992, total)
    lag = np.where(reach >= 32, rng.integers(32, np.maximum(reach, 32) + 1), 0)
    lag[rng.random(shape[0]) < 0.3] = 0
    far = rng.choice(FAR, shape) * (lag > 0)[:, None] * np.where(reference >= 0, 2, 1)
    order = rng.choice(ORDERS, shape)
    lengths = np.stack([order, far], axis=-1)
    places = (np.cumsum(lengths.ravel()) - lengths.ravel()).reshape(lengths.shape)
    shift = rng.integers(4, 20, shape)
    # the sum of each window's coefficients stays about 1: predictions neither die nor explode
    spread = 2.0 ** np.repeat(shift.ravel(), lengths.sum(axis=-1).ravel())
    spread /= np.repeat(np.maximum(lengths.sum(axis=-1).ravel(), 1), lengths.sum(axis=-1).ravel())
    weights = np.rint(rng.laplace(0, 1, len(spread)) * spread * rng.choice([0.1, 0.3, 1]))
    limit = 1 << (15 + np.minimum(shift.ravel(), 8))
    limit = np.repeat(limit, lengths.sum(axis=-1).ravel())
    sets = random_sets(rng)
    layout = LpcParameters(
        frames,
        reference.astype(np.int64),
        delay.astype(np.int64),
        np.array(starts, np.int64),
        order.astype(np.int64),
        shift.astype(np.int64),
        places[..., 0],
        lag.astype(np.int64),
        far.astype(np.int64),
        places[..., 1],
        rng.choice(rng.choice(len(sets), 3), shape).astype(np.int64),
        np.clip(weights, -limit, limit - 1).astype(np.int64),
        np.int64(1) << rng.integers(0, 45 if rng.random() < 0.1 else 14, channels),
    )
    numbers = [int(rng.integers(2)), *rng.permutation(channels).tolist()]
    head = b"".join(map(write_varint, numbers)) + write_sets(sets) + write_parameters(layout)
    return head, frames, channels


def random_words(rng: np.random.Generator, count: int) -> np.ndarray:
    """Words of the range coder: now and then those of a tail, where values escape."""
    words = rng.integers(0, 2**32, count, dtype=np.uint32)
    words[rng.random(count) < rng.choice([0, 0.02, 0.2])] = rng.choice([0, 2**32 - 1])
    return words

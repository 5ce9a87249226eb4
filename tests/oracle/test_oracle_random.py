"""Blocks made of random words: what is likely comes often, and what no encoder chooses comes too.

Nearly any words decode to something, since a range coder gives random bits the distribution that
it decodes with. So a made-up plan, with words for the oracle to take as many from as it
needs, is a block that either decoder must read alike; no encoder has a part in it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nlac._errors import CorruptStream
from nlac.bitstream.varint import write_varint
from nlac.codec.lpc_block import decode_lpc as decode_product
from nlac.codec.lpc_side import write_layout
from nlac.codec.value_sets import GRID, ValueSet, listed, plain, write_sets
from nlac.predictors.layout import Layout
from oracle.coding import BitString, RangeDecoder
from oracle.container import Reader, SpecError
from oracle.decoder import attached_tables
from oracle.lpc import Plan, decode_lpc, decode_samples, read_plan

ORDERS = (0, 2, 4, 10, 18, 34, 66, 130, 258)
FAR = (0, 4, 8, 16, 32)
BLOCKS = 120
WANTED = (
    "near 130", "near 258", "far 4", "far 8", "far 16", "far 32", "far 64", "delay 17",
    "kind 0", "kind 1", "kind 2", "one value", "shift 4", "shift 19",
)
SPARE = 1000  # words behind those that are likely to be needed

Samples = list[list[int]]


def random_sets(rng: np.random.Generator) -> list[ValueSet]:
    """Value sets of every kind and width; those of one value too."""
    base, span = int(rng.integers(-3000, 3000)), (1 << int(rng.integers(1, 18))) - 1
    steps = rng.integers(1, int(rng.choice([3, 40, 900])), int(rng.integers(2, 500)))
    step = int((1 << 24) * 2.0 ** rng.uniform(0, 9))
    return [
        plain(-(1 << 15), (1 << 15) - 1),
        plain(base, base + span),
        plain(-(1 << 31), (1 << 31) - 1),
        ValueSet(GRID, -(1 << 9), (1 << 9) - 1, step, int(rng.integers(-(1 << 40), 1 << 40))),
        listed(base + np.cumsum(steps)),
        listed(np.array([base])),
        plain(base, base),
        ValueSet(GRID, 7, 7, step, 0),
    ]


def random_block(seed: int) -> tuple[bytes, int, int]:
    """A plan as bytes, its frames and channels."""
    rng = np.random.default_rng(seed)
    channels, frames = int(rng.integers(1, 4)), int(rng.integers(20, 500))
    reference = rng.integers(-1, channels, channels)
    reference[reference == np.arange(channels)] = -1
    delay = rng.choice([0, 0, 1, 17, 64], channels)
    total = frames + int(delay.max())
    starts = [0]
    while starts[-1] < total:
        starts.append(min(total, starts[-1] + (256 << int(rng.integers(0, 3)))))
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
    layout = Layout(
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
    head = b"".join(map(write_varint, numbers)) + write_sets(sets) + write_layout(layout)
    return head, frames, channels


def random_words(rng: np.random.Generator, count: int) -> np.ndarray:
    """Words of the range coder: now and then those of a tail, where values escape."""
    words = rng.integers(0, 2**32, count, dtype=np.uint32)
    words[rng.random(count) < rng.choice([0, 0.02, 0.2])] = rng.choice([0, 2**32 - 1])
    return words


def completed(
    head: bytes, frames: int, channels: int, seed: int
) -> tuple[bytes, Samples | None, Plan]:
    """The whole block, its samples if the oracle could go through it, and its plan."""
    rng = np.random.default_rng([seed, 1])
    plan = read_plan(Reader(head), frames, channels, attached_tables())
    count = 3 * frames * channels + SPARE
    words = random_words(rng, count)
    # few ones keep Rice codes within the set, runs of them reach their escape
    share = rng.choice([0, 0.1, 0.3, 0.5]) if plan.coder else 0.5
    bits = np.packbits(rng.random(32 * count) < share).view(np.uint32)
    bits[rng.random(count) < rng.choice([0, 0.01])] = 2**32 - 1
    coder, string = RangeDecoder(words.tolist()), BitString(bits.tobytes())
    taken = used = count
    samples = None
    try:
        samples = decode_samples(plan, frames, attached_tables(), coder, string)
        taken, used = coder.taken, -(-string.used // 32)
    except SpecError:
        pass
    tail = bits[:used].astype("<u4").tobytes()
    if plan.coder == 0:
        tail = write_varint(taken) + words[:taken].astype("<u4").tobytes() + tail
    return head + tail, samples, plan


def test_random_blocks():
    seen: Counter[str] = Counter()
    for seed in range(BLOCKS):
        head, frames, channels = random_block(seed)
        block, told, plan = completed(head, frames, channels, seed)
        if told is None:
            with pytest.raises(CorruptStream):
                decode_product(block, 0, frames, channels)
            continue
        np.testing.assert_array_equal(decode_product(block, 0, frames, channels), told)
        if seed % 5 == 0:
            again = decode_lpc(Reader(block), frames, channels, plan.coder + 1, attached_tables())
            assert again == told
        seen.update(reached(plan))
        for changed in (block[:-4], block + bytes(4)):
            with pytest.raises(CorruptStream):
                decode_product(changed, 0, frames, channels)
    # what streams made of music do not reach
    for coder in (0, 1):
        for what in WANTED:
            assert seen[f"{what} coder {coder}"], (what, coder, seen)


def reached(plan: Plan) -> set[str]:
    """What a block has in it."""
    found = {f"delay {place.delay}" for place in plan.places}
    for segment in plan.segments:
        for part in segment.parts:
            found |= {f"near {part.order}", f"far {part.far}", f"kind {part.values.kind}"}
            found.add(f"shift {part.shift}")
            if part.values.first == part.values.last:
                found.add("one value")
    return {f"{what} coder {plan.coder}" for what in found}


def test_changed_plans():
    """Both refuse a block, or both read the same in it."""
    rng = np.random.default_rng(9)
    for seed in range(8):
        head, frames, channels = random_block(seed)
        block = completed(head, frames, channels, seed)[0]
        for _ in range(12):
            changed = bytearray(block)
            changed[int(rng.integers(len(head)))] ^= 1 << int(rng.integers(8))
            try:
                product = decode_product(bytes(changed), 0, frames, channels).tolist()
            except CorruptStream:
                product = None
            try:
                told = decode_lpc(Reader(bytes(changed)), frames, channels, 0, attached_tables())
            except SpecError:
                told = None
            assert product == told

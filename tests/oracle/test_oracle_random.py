"""Blocks made of random words: what is likely comes often, and what no encoder chooses comes too.

Nearly any words decode to something, since a range coder gives random bits the distribution that
it decodes with. So a made-up plan, with words for the oracle to take as many from as it
needs, is a block that either decoder must read alike; no encoder has a part in it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from lpc_blocks import decode_lpc as decode_product

from nlac._errors import CorruptStream
from nlac.entropy.varint import write_varint
from oracle.coding import BitString, RangeDecoder
from oracle.container import Reader, SpecError
from oracle.decoder import attached_tables
from oracle.lpc import Plan, decode_lpc, decode_samples, read_plan
from oracle.random_plans import random_block, random_words

BLOCKS = 120
WANTED = (
    "near 130", "near 258", "far 4", "far 8", "far 16", "far 32", "far 64", "delay 17",
    "kind 0", "kind 1", "kind 2", "one value", "shift 4", "shift 19",
)
SPARE = 1000  # words behind those that are likely to be needed

Samples = list[list[int]]


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

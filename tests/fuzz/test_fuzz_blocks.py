"""Hostile payloads: only an error or samples come out, soon, and the same each time."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from mutations import block, mutate, origin_block, outcome
from strategies import make

from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.codec.decoder.parts import decode_intact, open_slices
from nlac.codec.encoder.lpc import slicing

ROUNDS = 150


def blocks() -> dict[str, tuple[np.ndarray, int, dict[str, str]]]:
    """Samples, bits and options of blocks of every kind."""
    music = make("music", 1500)
    floats = (music / 32768).astype(np.float32)
    odd = (music / 32767 * 0.7).astype(np.float32)
    patterns = odd.copy()
    patterns.view(np.uint32)[::31] = np.random.default_rng(1).integers(0, 2**32, (49, 2))
    mixed = (make("music", 900, 2, 24) / 2**24).astype(np.float32)
    mixed += np.random.default_rng(2).normal(0, 1e-6, mixed.shape).astype(np.float32)
    loop = make("repeated_loop", 3500)
    return {
        "range": (music, 16, {"coder": "range"}),
        "rice": (music, 16, {"coder": "rice"}),
        "long-term": (loop, 16, {"coder": "range"}),
        "long-term rice": (loop, 16, {"coder": "rice"}),
        "grid": (make("fractional_grid", 1500, 2, 24, seed=3), 24, {}),
        "list": (make("sparse_histogram", 2500, 1, 16), 16, {}),
        "channels": (make("flipped_channels", 900, 6, 24), 24, {}),
        "full scale": (make("extremes", 700, 2, 32), 32, {"coder": "range"}),
        "verbatim": (make("noise", 100, 2, 12), 12, {}),
        "floats": (floats, 32, {}),
        "gained floats": (odd, 32, {}),
        "mixed floats": (mixed, 32, {}),
        "patterns": (patterns, 32, {}),
        "generic": (music[:120], 16, {"predictor": "example-sign"}),
    }


@pytest.mark.parametrize("name", list(blocks()))
def test_mutated_payloads(name, plugin):
    samples, bits, options = blocks()[name]
    payload, header = block(samples, bits, **options)
    frames = len(samples)
    assert outcome(payload, frames, header) == samples.tobytes()
    rng = np.random.default_rng([5, *name.encode()])
    refused = 0
    for number in range(ROUNDS // (4 if name == "generic" else 1)):
        bad = mutate(payload, rng)
        asked = int(rng.integers(1, 3 * frames)) if number % 20 == 0 else frames
        start = time.monotonic()
        first = outcome(bad, asked, header)
        assert time.monotonic() - start < 5
        refused += isinstance(first, str)
        if number % 4 == 0:
            # nothing that was in memory by chance shows in what comes out
            assert outcome(bad, asked, header) == first
    assert refused


@pytest.mark.parametrize(
    ("name", "head", "rounds"),
    [("origin", bytes([7, 0, 6, 4]), 3 * ROUNDS), ("origin-aac", bytes([7, 1, 4, 1]), ROUNDS)],
)
def test_mutated_origins(name, head, rounds):
    """Fields, words and the block behind them; then words that are random altogether."""
    payload, header, frames = origin_block(name)
    rng, refused = np.random.default_rng(10), 0
    begin = payload.index(head) + 30
    for number in range(rounds):
        bad = mutate(payload, rng, (60, len(payload))[number % 2])
        if number % 3 == 2:
            noise = rng.bytes(int(rng.integers(len(payload) - begin)))
            bad = payload[:begin] + noise + payload[begin + len(noise) :]
        asked = int(rng.integers(1, 3 * frames)) if number % 20 == 0 else frames
        start = time.monotonic()
        first = outcome(bad, asked, header)
        assert time.monotonic() - start < 5
        refused += isinstance(first, str)
        if number % 4 == 0:
            assert outcome(bad, asked, header) == first
    # a change of the words makes other samples, seldom those that no stream may hold
    assert refused > rounds // 3


@pytest.mark.parametrize("coder", ["range", "rice"])
def test_mutated_slices(coder, monkeypatch):
    """Tables, side information and slices are changed, and the checksum before the slices fits."""
    monkeypatch.setattr(slicing, "_ONE_IN", 1)
    samples = make("music", 4200)
    payload, header = block(samples, 16, coder=coder, entry_seconds=0.03, preset="fast")
    frames, rng, refused = len(samples), np.random.default_rng(8), 0
    opened = open_slices(payload, frames, header)
    assert opened is not None
    assert outcome(payload, frames, header) == samples.tobytes()
    place = opened.block.table.side_end
    for _ in range(ROUNDS):
        head, rest = mutate(payload[:place], rng, 60), payload[place + 4 :]
        if rng.random() < 0.3:
            rest = mutate(rest, rng)
        bad = head + crc_bytes(crc32(head)) + rest
        first = outcome(bad, frames, header)
        assert outcome(bad, frames, header) == first
        refused += isinstance(first, str)
        for part in decode_intact(bad, frames, header, len(bad)):
            assert part.start + len(part.samples) <= frames
    assert refused


@pytest.mark.parametrize("name", ["range", "rice", "long-term", "mixed floats", "generic"])
def test_every_truncation(name, plugin):
    samples, bits, options = blocks()[name]
    payload, header = block(samples[:300], bits, **options)
    for length in range(0, len(payload), 1 if name != "generic" else 7):
        assert isinstance(outcome(payload[:length], len(samples[:300]), header), str)
    # one word more may pass: a decoder reads that far
    for extra in (b"\0", bytes(12), b"\1" * 9):
        assert isinstance(outcome(payload + extra, len(samples[:300]), header), str)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes(seed, plugin):
    rng = np.random.default_rng(seed)
    headers = [block(make("music", 50, 2), 16)[1], block(np.ones((50, 2), np.float32), 32)[1]]
    for number in range(300):
        data = bytes([1 + number % 2]) + rng.bytes(int(rng.integers(0, 200)))
        outcome(data, 50, headers[number % 2])


def test_memory_is_bounded_by_the_frames():
    """A short payload can't make the decoder take more than the samples do."""
    payload, header = block(make("music", 2000), 16, coder="range")
    rng = np.random.default_rng(9)
    most = 0
    tracemalloc.start()
    try:
        for _ in range(40):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            outcome(mutate(payload, rng), 2000, header)
            most = max(most, tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    # lists of values have a constant bound of their own, of some 30 MB
    assert most < 64 << 20

"""The code by itself: arithmetic, code words, sizes."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream import constants as c
from nlac.kernels.memory import address
from nlac.parity import field, protecting
from nlac.parity.decoding import decode_columns
from nlac.parity.layout import ParityLayout, parse_descriptor, write_descriptor
from nlac.parity.protecting import Parity
from nlac.parity.source import Extent, Source


def times(x: int, y: int) -> int:
    result = 0
    while y:
        result ^= x if y & 1 else 0
        x <<= 1
        x ^= field.POLYNOMIAL if x > field.ORDER else 0
        y >>= 1
    return result


def random_symbols(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 16, shape).astype(np.uint16)


@pytest.mark.jit
def test_products_and_inverses():
    logs, powers = field.tables()
    assert len(set(powers[: field.ORDER].tolist())) == field.ORDER
    for x, y in random_symbols(300, 2).tolist():
        assert field.multiply(x, y, logs, powers) == times(x, y)
        assert times(x, field.inverse(x, logs, powers)) == 1
    assert field.multiply(0, 5, logs, powers) == field.multiply(5, 0, logs, powers) == 0


def test_folding_is_horners_rule():
    rows = random_symbols(3, 2 * field.TILE)
    sums = np.zeros((30, 2 * field.TILE), np.uint16)
    field.fold(sums, rows, len(rows))
    for j in (0, 1, 2, 12, 13, 24, 25, 29):
        factor = int(field.tables()[1][j])
        for column in (0, 5, field.TILE, 2 * field.TILE - 1):
            value = 0
            for row in rows[:, column].tolist():
                value = times(value, factor) ^ row
            assert sums[j, column] == value


@pytest.mark.jit
@pytest.mark.parametrize(("steps", "rest"), [(0, 1), (0, 12), (3, 7)])
def test_vector_loop_is_the_plain_one(steps, rest):
    rows = random_symbols(4, field.TILE, seed=steps)
    sums = random_symbols(field.TILE)

    @field.kernel
    def vectors(sums, rows, steps, rest):
        field.fold_rows(address(sums), address(rows), 2 * field.TILE, len(rows), steps, rest)

    @field.kernel
    def plain(sums, rows, steps, rest):
        field.plain_fold_rows(address(sums), address(rows), 2 * field.TILE, len(rows), steps, rest)

    fast, slow = sums.copy(), sums.copy()
    vectors(fast, rows, steps, rest)
    plain(slow, rows, steps, rest)
    np.testing.assert_array_equal(fast, slow)


def code_words(data: int, parity: int, columns: int = field.TILE) -> np.ndarray:
    """Random code words, one a column."""
    rows = random_symbols(data, columns, seed=data)
    sums = np.zeros((parity, columns), np.uint16)
    field.fold(sums, rows, data)
    field.fold(sums, np.zeros((parity, columns), np.uint16), parity)
    shards = np.zeros_like(sums)
    matrix = field.solver(np.arange(parity - 1, -1, -1))
    field.multiply_matrix(shards, matrix, sums, *field.tables())
    return np.concatenate([rows, shards])


def decode(words: np.ndarray, parity: int, suspects: np.ndarray, trials: list[int]) -> int:
    """Correct words in place; returns how many failed."""
    sums = np.zeros((parity, words.shape[1]), np.uint16)
    field.fold(sums, words, len(words))
    columns, places, values = results = np.zeros((3, sums.size), np.int64)
    positions = len(words) - 1 - suspects.astype(np.int64)
    number, failed = decode_columns(
        sums, positions, np.array(trials), *field.tables(), *results
    )
    words[len(words) - 1 - places[:number], columns[:number]] ^= values[:number].astype(np.uint16)
    return failed


@pytest.mark.parametrize(("data", "parity"), [(300, 12), (50, 4), (7, 5), (3, 1), (1, 2)])
def test_every_mixture_of_errors_and_erasures_that_the_code_promises(data, parity):
    words = code_words(data, parity)
    for erased in range(min(parity, data) + 1):
        rng = np.random.default_rng(erased)
        wrong = rng.permutation(data + parity)[: erased + (parity - erased) // 2]
        bad = words.copy()
        bad[wrong] ^= rng.integers(1, 1 << 16, (len(wrong), words.shape[1])).astype(np.uint16)
        others = np.setdiff1d(np.arange(data + parity), wrong[:erased])
        suspects = np.concatenate([wrong[:erased], others])
        assert decode(bad, parity, suspects, [erased]) == 0
        np.testing.assert_array_equal(bad, words)


def test_too_many_errors_are_noticed_but_for_chance():
    words = code_words(200, 8)
    bad = words.copy()
    bad[10:15] ^= random_symbols(5, words.shape[1], seed=3) | 1
    failed = decode(bad, 8, np.arange(208), [0])
    assert failed > 0.9 * words.shape[1]
    # places that are not suspected are never touched
    bad = words.copy()
    bad[10:15] ^= 1
    assert decode(bad, 8, np.arange(20, 40), [0, 3]) == words.shape[1]
    np.testing.assert_array_equal(bad[15:], words[15:])


@pytest.mark.parametrize("amount", [0.01, 0.02, 0.05, 0.1, 0.2])
def test_sizes_keep_what_is_promised(amount):
    for exponent in np.arange(2.0, 11.1, 0.3):
        layout = ParityLayout.choose(int(10**exponent), 120, amount)
        layout.verify()
        assert layout.burst_bytes >= 0.75 * amount * layout.total_bytes - 8
        assert layout.num_bytes <= layout.offset // c.PARITY_SHARE + c.PARITY_SPARE_BYTES
        if layout.offset >= 10**7:
            assert layout.num_bytes < 1.3 * amount * layout.offset
        assert layout.item_offset(layout.num_pieces + 1) == layout.offset + layout.num_bytes


@pytest.mark.parametrize("amount", [0.0, 0.0099, 0.21, -1.0, float("nan")])
def test_amounts_out_of_bounds(amount):
    with pytest.raises(UsageError, match="1 to 20 %"):
        ParityLayout.choose(1000, 100, amount)


def test_descriptors():
    layout = ParityLayout.choose(100_000, 120, 0.02)
    data = write_descriptor(layout, 2)
    assert parse_descriptor(data) == (layout, 2)
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= 1
        assert parse_descriptor(bytes(bad)) is None
    with pytest.raises(CorruptStream, match=r"parity\.index"):
        parse_descriptor(write_descriptor(layout, layout.num_pieces + 1))
    for field_name, value in [
        ("offset", 33),
        ("trailer_bytes", 70),
        ("data_shards", 0),
        ("data_shards", 40_000),
        ("parity_shards", 0),
        ("parity_shards", 257),
        ("chunk_bytes", 65),
        ("piece_bytes", 2**20 + 2),
        ("data_shards", 20),
    ]:
        with pytest.raises(CorruptStream, match=r"parity\."):
            write_descriptor(replace(layout, **{field_name: value}), 0)


def test_large_streams_are_coded_strip_by_strip_to_the_same_parity(monkeypatch):
    data = np.random.default_rng(5).bytes(70_001)
    layout = ParityLayout.choose(69_900, 101, 0.05)

    def items() -> bytes:
        source = Source(io.BytesIO(data), len(data), [Extent(0, len(data), 0)])
        parity = Parity(source, layout, lambda done: None)
        assert parity.layout.digest == source.digest()
        return b"".join(parity.items(7))

    whole = items()
    assert len(whole) == layout.num_bytes
    monkeypatch.setattr(protecting, "_STRIP_BYTES", 1)
    monkeypatch.setattr(protecting, "_ROWS_BYTES", 1000)
    monkeypatch.setattr(protecting, "_MEMORY_BYTES", 0)
    assert items() == whole

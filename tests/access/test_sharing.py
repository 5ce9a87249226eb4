"""Blocks that an open file keeps, threads that share it, pickles and copies."""

from __future__ import annotations

import copy
import io
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from access_tools import RATE, case

import nlac
from nlac._errors import UsageError
from nlac.codec.decoder import parts
from nlac.codec.decoder.access import SpanCache
from nlac.codec.decoder.blocks import Span

BLOCK = 512


class Watch:
    """Stands in the place of `decode_part` and notes the calls."""

    def __init__(self, monkeypatch) -> None:
        self._decode = parts.decode_part
        self.calls: list[tuple[int, int, int]] = []
        monkeypatch.setattr(parts, "decode_part", self)

    def __call__(self, block, header, start, stop):
        self.calls.append((block.header.block_index, start, stop))
        return self._decode(block, header, start, stop)


def span(frames: int) -> Span:
    return Span(9, np.zeros((frames, 1), np.int32))


def test_the_span_unused_for_longest_goes_first():
    cache: SpanCache[str] = SpanCache(100)
    for block in "abc":
        cache.keep(block, span(8))
    assert cache.num_bytes == 96
    assert cache.find("a", 9, 17) is not None
    cache.keep("d", span(8))
    assert [cache.find(block, 9, 17) is None for block in "abcd"] == [False, True, False, False]
    cache.keep("d", span(2))
    assert cache.num_bytes == 72
    cache.keep("e", span(26))  # more than there is room for
    assert cache.find("e", 9, 10) is None
    assert cache.num_bytes == 72


def test_what_is_missing_is_all_of_a_block_at_the_second_visit():
    cache: SpanCache[str] = SpanCache(100)
    assert cache.missing("a", 10, 12, 50) == (10, 12)
    cache.keep("a", Span(9, np.arange(4, dtype=np.int32)[:, None]))
    found = cache.find("a", 10, 12)
    assert found is not None
    assert found.tolist() == [[1], [2]]
    assert cache.find("a", 8, 10) is cache.find("a", 12, 14) is None
    assert cache.missing("a", 8, 10, 50) == (0, 50)
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 5
    again = pickle.loads(pickle.dumps(cache))
    assert again.find("a", 10, 12) is None
    again.keep("a", span(26))  # as little room as before
    assert again.num_bytes == 0


@pytest.mark.parametrize(("cache_bytes", "decoded"), [(None, 5), (0, 10), (2 * BLOCK * 4, 10)])
def test_blocks_are_kept_within_the_bound(monkeypatch, cache_bytes, decoded):
    watch = Watch(monkeypatch)
    stream, samples = case("stereo")
    with nlac.open(stream, threads=1, cache_bytes=cache_bytes) as file:
        for _ in range(2):
            np.testing.assert_array_equal(file[:], samples)
        assert len(watch.calls) == decoded
        if cache_bytes is not None:
            assert file._frames._cache.num_bytes <= cache_bytes
    for bad in (-1, "1G", 1.5):
        with pytest.raises(UsageError, match="cache_bytes"):
            nlac.open(stream, cache_bytes=bad)


def test_small_reads_one_after_the_other_decode_each_block_once(monkeypatch):
    watch = Watch(monkeypatch)
    stream, samples = case("stereo")
    with nlac.open(stream, threads=1) as file:
        parts = []
        while len(part := file.read(100)):
            parts.append(part)
    np.testing.assert_array_equal(np.concatenate(parts), samples)
    assert [call[0] for call in watch.calls] == [0, 1, 2, 3, 4]


def test_a_block_may_be_decoded_in_part(monkeypatch):
    """Where blocks have places to begin at; the second visit decodes all of one."""
    stream, samples = case("stereo")
    calls = []

    def decode_part(block, header, start, stop):
        calls.append((block.header.block_index, start, stop))
        first = max(0, start - 50)
        return Span(first, whole(block, header, start, stop).samples[first : stop + 20].copy())

    whole = parts.decode_part
    monkeypatch.setattr(parts, "decode_part", decode_part)
    with nlac.open(stream, threads=1) as file:
        for start, stop in ((600, 700), (560, 715), (690, 1100), (0, 2053), (520, 530)):
            np.testing.assert_array_equal(file[start:stop], samples[start:stop])
    assert calls == [
        (1, 88, 188), (1, 0, 512), (2, 0, 76), (0, 0, 512), (2, 0, 512), (3, 0, 512), (4, 0, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("cache_bytes", [None, 0, 5000])
def test_threads_read_different_places(cache_bytes):
    stream, samples = case("stereo")
    with nlac.open(io.BytesIO(stream), threads=2, cache_bytes=cache_bytes) as file:

        def look(seed: int) -> None:
            rng = np.random.default_rng(seed)
            for _ in range(25):
                first, last = sorted(rng.integers(0, len(samples) + 1, 2))
                np.testing.assert_array_equal(file[first:last], samples[first:last])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(look, range(4)))


def test_threads_decode_at_the_same_time(monkeypatch):
    meeting = threading.Barrier(2, timeout=30)

    class Meet(Watch):
        def __call__(self, block, header, start, stop):
            meeting.wait()
            return super().__call__(block, header, start, stop)

    Meet(monkeypatch)
    stream, samples = case("stereo")
    with nlac.open(stream, threads=1) as file, ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda first: file[first : first + 10], (0, 1000)))
    np.testing.assert_array_equal(parts, [samples[:10], samples[1000:1010]])


def test_two_threads_decode_a_block_once(monkeypatch):
    stream, samples = case("stereo")
    with nlac.open(stream, threads=1) as file:

        class Wait(Watch):
            def __call__(self, block, header, start, stop):
                # until the other thread waits for this block
                end = time.monotonic() + 30
                while file._frames._busy[0][1] < 2 and time.monotonic() < end:
                    time.sleep(0.001)
                return super().__call__(block, header, start, stop)

        watch = Wait(monkeypatch)
        with ThreadPoolExecutor(2) as pool:
            for part in pool.map(lambda _: file[:10], range(2)):
                np.testing.assert_array_equal(part, samples[:10])
        assert len(watch.calls) == 1
        assert file._frames._busy == {}


def test_a_failed_read_does_not_move_the_file():
    stream = bytearray(case("stereo").data)
    stream[len(stream) // 2] ^= 1
    with nlac.open(bytes(stream), threads=1) as file:
        file.seek(100)
        with pytest.raises(nlac.CorruptStream):
            file.read()
        assert file.tell() == 100


def test_pickles_and_copies_stand_where_the_file_stood(tmp_path):
    stream, samples = case("stereo")
    path = tmp_path / "a.nlac"
    path.write_bytes(stream)
    with nlac.open(path, threads=1, cache_bytes=1000) as file:
        file.seek(700)
        for again in (copy.copy(file), copy.deepcopy(file), pickle.loads(pickle.dumps(file))):
            with again:
                assert again.tell() == 700
                assert again._cache_bytes == 1000
                np.testing.assert_array_equal(again.read(5), samples[700:705])
        assert file.tell() == 700


def test_lengths_of_blocks_by_what_the_file_is_for():
    samples = np.zeros(2 * 61 * RATE, np.int16)

    def block_length(**options) -> int:
        stream = io.BytesIO()
        nlac.write(stream, samples, RATE, preset="fast", verify=False, **options)
        return nlac.info(stream).block_length

    assert block_length() == 30 * RATE
    assert block_length(block_seconds="auto") == block_length(profile="archive") == 60 * RATE
    assert block_length(profile="dataset") == 3 * RATE
    assert block_length(profile="edit", block_seconds="auto") == RATE
    for bad in ({"profile": "x"}, {"block_seconds": "x"}, {"profile": "edit", "block_seconds": 2}):
        with pytest.raises(UsageError):
            block_length(**bad)

"""The ordered map: order, bounds, errors, and nobody waits for a running kernel."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from nlac import _parallel
from nlac._parallel import Later, ordered_map
from nlac.audio.format import AudioFormat
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.stream import StreamEncoder, make_header


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads):
    def slow_first(number):
        time.sleep(0.002 * (number % 3 == 0))
        return number * number

    assert list(ordered_map(slow_first, range(40), threads)) == [n * n for n in range(40)]


def test_nothing_at_all():
    assert list(ordered_map(str, [], 3)) == []


def test_calls_run_off_the_main_thread():
    (thread,) = ordered_map(lambda _: threading.current_thread(), [0], 1)
    assert thread is not threading.current_thread()
    assert thread.daemon


@pytest.mark.parametrize("threads", [1, 4])
def test_arguments_are_taken_no_further_than_needed(threads):
    taken = []

    def arguments():
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered_map(str, arguments(), threads)
    for done in range(50):
        next(results)
        assert len(taken) <= done + 1 + threads
    results.close()


@pytest.mark.parametrize("threads", [1, 3])
def test_the_rest_of_a_call_gives_its_result_in_order(threads):
    def halves(number):
        return Later(lambda: number * number) if number % 3 else -number

    expected = [n * n if n % 3 else -n for n in range(40)]
    assert list(ordered_map(halves, range(40), threads)) == expected


def test_calls_that_wait_go_before_the_rest_of_others():
    queued, last = threading.Event(), threading.Event()

    def halves(number):
        if number == 2:
            last.set()
        else:
            assert queued.wait(30)
        # at once, both threads would wait for the third call
        return Later(lambda: (last.wait(30), number))

    # the calling thread ticks while it waits for the first result, after it has queued all calls
    results = list(ordered_map(halves, range(3), 2, tick=queued.set))
    assert results == [(True, 0), (True, 1), (True, 2)]


def test_a_rest_that_does_not_wait_follows_at_once():
    steps = []

    def halves(number):
        steps.append(number)
        return Later(lambda: steps.append(number) or number, waits=False)

    assert list(ordered_map(halves, range(3), 1)) == [0, 1, 2]
    assert steps == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("blocks", "threads", "late"),
    [(3, 2, [0, 1]), (4, 2, []), (5, 2, [2, 3]), (2, 3, []), (7, 4, [0, 1, 2, 3]), (9, 1, [])],
)
def test_the_last_full_round_is_verified_beside_the_round_after(blocks, threads, late):
    options = EncodeOptions(threads=threads)
    encoder = StreamEncoder(make_header(AudioFormat(8000, 1, 16), options, 1), options)
    length = encoder.header.block_length
    encoder.header = replace(encoder.header, num_frames=blocks * length - 5)
    encoder._threads = threads
    waiting = encoder._verified_late()
    assert [n for n in range(blocks) if n * length in waiting] == late


def test_without_threads_the_caller_does_all_of_a_call(monkeypatch):
    monkeypatch.setattr(_parallel, "_started", lambda work: False)
    results = ordered_map(lambda n: Later(lambda: (n, threading.current_thread())), range(3), 2)
    assert list(results) == [(n, threading.current_thread()) for n in range(3)]


def test_an_error_in_the_rest_comes_at_its_place():
    def halves(number):
        return Later(lambda: 12 // (number - 3))

    results = ordered_map(halves, range(9), 2)
    assert [next(results) for _ in range(3)] == [-4, -6, -12]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_an_error_comes_at_its_place():
    def fail(number):
        if number == 3:
            raise ValueError("three")
        return number

    results = ordered_map(fail, range(100), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_leaving_does_not_wait():
    release = threading.Event()
    results = ordered_map(lambda number: number and release.wait(30), range(9), 2)
    assert next(results) == 0
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 5
    release.set()

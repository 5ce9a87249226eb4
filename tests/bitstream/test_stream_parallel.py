"""The ordered map: order, bounds, errors, and nobody waits for a running kernel."""

from __future__ import annotations

import threading
import time

import pytest

from nlac._parallel import ordered_map


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

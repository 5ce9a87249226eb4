"""Progress: of one block, of all that are being coded, and as callers are told of it."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest

import nlac
from nlac import _parallel, _progress
from nlac._parallel import ordered_map
from nlac._progress import Gauge, Meter, current_meter


def test_passes_share_a_block():
    meter = Meter(1000, 2)
    assert meter.fraction == 0
    cell = meter.start_pass(1000)
    cell[0] = 500
    assert meter.fraction == 0.25
    cell[0] = 2000  # a delayed channel ends later
    assert meter.fraction == 0.5
    cell = meter.start_pass(1000)
    assert meter.fraction == 0.5
    cell[0] = 1000
    assert meter.fraction == 1


def test_a_pass_over_a_part_counts_as_that_part():
    meter = Meter(1000, 2)
    for done in (0.125, 0.25, 0.375, 0.5):
        meter.start_pass(250)[0] = 250
        assert meter.fraction == pytest.approx(done)
    meter.start_pass(1000)[0] = 1000
    assert meter.fraction == pytest.approx(1)


def test_more_passes_than_were_expected_share_what_is_left():
    meter = Meter(100, 1.5)
    seen = []
    for _ in range(5):
        meter.start_pass(100)[0] = 100
        seen.append(meter.fraction)
    assert seen == sorted(set(seen))
    assert seen[-1] < 1


def test_steps_never_go_back():
    meter = Meter(100, 2)
    meter.step()
    first = meter.fraction
    assert 0 < first < 0.1
    meter.start_pass(100)[0] = 50
    second = meter.fraction
    assert first < second < 0.6
    meter.reach(0.1)
    assert meter.fraction == second
    meter.reach(0.9)
    assert meter.fraction == 0.9


def test_a_gauge_adds_up_blocks_in_flight():
    told = []
    gauge = Gauge(told.append)
    gauge.tick()
    with gauge.block(1000) as meter:
        assert current_meter() is meter
        meter.start_pass(1000)[0] = 400

        def other() -> None:
            with gauge.block(100) as second:
                assert current_meter() is second
                second.start_pass(100)[0] = 50
                gauge.tick()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        gauge.tick()
        gauge.tick()
    assert current_meter() is not meter
    gauge.tick()
    assert told == [450, 500, 1100]


def test_the_waiting_thread_ticks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_parallel, "_SLEEP_SECONDS", 0.001)
    ticked = threading.Event()
    callers = set()

    def tick() -> None:
        callers.add(threading.current_thread())
        ticked.set()

    # each call ends only after a tick
    assert list(ordered_map(lambda x: (ticked.wait(30), x)[1], [1, 2], 2, tick)) == [1, 2]
    assert callers == {threading.current_thread()}


def samples(frames: int = 30_000) -> np.ndarray:
    wave = 9000 * np.sin(np.arange(frames) / 20)
    return (wave + np.random.default_rng(1).normal(0, 300, frames)).astype(np.int16)


@pytest.mark.parametrize("preset", ["high", "neural"])
def test_loops_tell_where_they_are(monkeypatch: pytest.MonkeyPatch, preset: str):
    cells = []
    start_pass = Meter.start_pass

    def noted(meter: Meter, frames: int) -> np.ndarray:
        cells.append(start_pass(meter, frames))
        return cells[-1]

    monkeypatch.setattr(Meter, "start_pass", noted)
    stream = io.BytesIO()
    nlac.write(stream, samples(), 8000, preset=preset)
    # encoded and verified: the last piece of 1024 frames begins at 29696
    assert [int(cell[0]) for cell in cells] == [29_696] * 2
    cells.clear()
    nlac.read(stream)
    assert [int(cell[0]) for cell in cells] == [29_696]


@pytest.mark.parametrize("preset", ["standard", "high"])
@pytest.mark.parametrize("threads", [1, 3])
def test_callers_are_told_inside_blocks(
    monkeypatch: pytest.MonkeyPatch, tmp_path, preset: str, threads: int
):
    import soundfile

    monkeypatch.setattr(_parallel, "_SLEEP_SECONDS", 0.0002)
    wav, stream = tmp_path / "in.wav", io.BytesIO()
    soundfile.write(wav, samples(), 8000)
    told: list[tuple[int, int | None]] = []

    def check(least: int, total: int) -> None:
        assert told[0] == (0, total)
        assert told[-1] == (total, total)
        numbers = [done for done, _ in told]
        assert numbers == sorted(numbers)
        assert len(numbers) >= least
        told.clear()

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    options = {"threads": threads, "progress": progress}
    nlac.encode(wav, stream, preset=preset, **options)
    inside = preset == "high"
    check(6 if inside else 3, 30_000)
    nlac.decode(stream.getvalue(), None, **options)
    check(5 if inside else 2, 30_000)
    nlac.decode(stream.getvalue(), io.BytesIO(), start=10_000, stop=20_000, **options)
    check(5 if inside else 2, 10_000)
    nlac.decode(stream.getvalue(), None, recover=True, **options)
    check(5 if inside else 2, 30_000)


def test_blocks_without_a_gauge_need_none():
    assert current_meter() is not current_meter()
    gauge = _progress.silent_gauge()
    with gauge.block(10):
        gauge.tick()

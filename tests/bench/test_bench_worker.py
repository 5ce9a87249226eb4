from __future__ import annotations

import time
from pathlib import Path

import numba
import pytest
from bench_tools import python_peer, write_tone

from nlac._errors import UsageError
from nlac.bench import worker
from nlac.bench.results import summarise
from nlac.bench.run import run_bench
from nlac.bench.worker import NlacConfig, parse_config


@pytest.mark.parametrize(
    ("text", "label", "options"),
    [
        ("fast", "nlac fast", {"preset": "fast"}),
        (
            "max:long-term=no,coder=rice,block_seconds=0.5,threads=2",
            "nlac max long-term=no coder=rice block_seconds=0.5 threads=2",
            {
                "preset": "max",
                "long_term": False,
                "coder": "rice",
                "block_seconds": 0.5,
                "threads": 2,
            },
        ),
        ("fast:verify", "nlac fast verify", {"preset": "fast", "verify": True}),
    ],
)
def test_presets_with_options(text: str, label: str, options: dict[str, object]) -> None:
    assert parse_config(text) == NlacConfig(label, tuple(options.items()))


@pytest.mark.jit
def test_a_run_in_which_a_kernel_was_compiled_does_not_count() -> None:
    @numba.njit  # type: ignore[untyped-decorator]
    def kernel(x: int) -> int:
        return x + 1

    runs: list[float] = []

    def action() -> None:
        runs.append(time.perf_counter())
        kernel(len(runs))

    timing = worker.time_action(action, repeat=1)
    assert len(runs) == 2
    assert timing.wall_s < runs[1] - runs[0]


def test_the_best_of_several_runs_counts() -> None:
    lengths = iter([0.05, 0.01, 0.03])
    timing = worker.time_action(lambda: time.sleep(next(lengths)), repeat=3)
    assert 0.01 <= timing.wall_s < 0.03
    assert timing.cpu_s < 0.01


def test_peak_memory_is_that_of_the_action() -> None:
    def take(mebibytes: int) -> int:
        timing = worker.time_action(lambda: bytearray(b"x" * (mebibytes << 20)), repeat=1)
        assert timing.rss is not None
        return timing.rss

    # where the system cannot forget an earlier peak, nothing is told instead
    if worker.time_action(lambda: None, repeat=1).rss is not None:
        large = take(200)
        assert large - take(20) > 150 << 20


def test_nlac_codes_a_file_and_gives_it_back(tmp_path: Path) -> None:
    source, coded, back = (tmp_path / name for name in ("a.wav", "a.nlac", "b.wav"))
    write_tone(source, channels=2)
    enc, dec = worker.code_file(source, coded, back, {"preset": "fast"}, repeat=2)
    assert back.read_bytes() == source.read_bytes()
    assert 0 < coded.stat().st_size < source.stat().st_size
    assert enc.cpu_s > 0
    assert dec.cpu_s > 0


def test_a_run_with_presets_and_peers(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    results = run_bench(tmp_path, presets=("fast",), peers=[python_peer("copy")])
    assert [(row.codec, row.ok) for row in results.rows] == [("nlac fast", True), ("copy", True)]
    assert results.codecs[0].version.startswith("nlac ")
    assert summarise(results, "copy")[0].enc_speed


def test_a_preset_that_does_not_exist_ends_the_run(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav")
    for preset in ("none", "fast:no_such_option=3"):
        with pytest.raises(UsageError):
            run_bench(tmp_path, presets=(preset,), peers=())

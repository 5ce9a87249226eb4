"""A real Dask cluster on this machine: a scheduler and two workers, any of which may die."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch_tools import LATIN, MANIFEST, Trial, listing, wav_bytes

import nlac
from nlac._errors import MissingDependency, UsageError
from nlac.batch.engines import DaskEngine, EngineLost, open_engine

distributed = pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: SIGKILL is of POSIX")
COPIES = 50


class Cluster:
    """A scheduler and its workers, as the documentation starts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.engine = f"dask://127.0.0.1:{self.port}"
        self.scheduler = self.start_scheduler()
        self.workers = [self.start_worker() for _ in range(2)]

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        return self._start("scheduler", "--host", "127.0.0.1", "--port", self.port)

    def start_worker(self) -> subprocess.Popen[bytes]:
        address = f"tcp://127.0.0.1:{self.port}"
        return self._start("worker", address, "--nthreads", "1", "--no-nanny")

    def _start(self, *args: str) -> subprocess.Popen[bytes]:
        package = str(Path(nlac.__file__).parents[1])
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *args, "--no-dashboard"],
            cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {
                "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")]),
                "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
            },
        )  # fmt: skip

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture
def many(tmp_path: Path) -> Trial:
    trial = Trial(tmp_path)
    # copies: each worker would load its compiled loops for a second or two to encode
    for number in range(COPIES):
        (trial.root / f"{number}.txt").write_bytes(bytes(20_000))
    # the one that is encoded comes last
    (trial.root / LATIN).write_bytes(wav_bytes(100))
    return trial


@contextlib.contextmanager
def after(trial: Trial, files: int, happen: object) -> Iterator[None]:
    """Arrange for something to happen when a number of files is copied, and others are not."""
    assert callable(happen)
    copied: list[int] = []

    def watch() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                if (trial.out / MANIFEST).read_bytes().count(b'"copied"') >= files:
                    happen()
                    copied.append((trial.out / MANIFEST).read_bytes().count(b'"copied"'))
                    return
            time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()
    (number,) = copied
    assert files <= number < COPIES


def check(trial: Trial) -> None:
    assert trial.check().counts["ok"] == COPIES + 1
    trial.restore()
    assert listing(trial.back) == listing(trial.root)


def test_a_worker_is_killed_in_mid_run_and_the_scheduler_killed_and_started_again(
    cluster: Cluster, many: Trial
) -> None:
    def restart() -> None:
        cluster.stop()
        cluster.scheduler = cluster.start_scheduler()
        cluster.workers = [cluster.start_worker()]

    with after(many, 5, cluster.workers[0].kill), after(many, 15, restart):
        report = many.run(open_engine(cluster.engine))
    assert report.exit_codes <= {0}
    assert (report.counts["copied"], report.counts["encoded"]) == (COPIES, 1)
    check(many)


def test_a_scheduler_that_stays_away_ends_the_run_and_the_next_goes_on(
    cluster: Cluster, many: Trial
) -> None:
    with after(many, 5, cluster.stop), pytest.raises(EngineLost, match="goes on from there"):
        many.run(DaskEngine(cluster.engine, patience=0.5))
    report = many.run()
    assert report.counts["unchanged"] >= 5
    assert report.counts.total() - report.counts["folder"] == COPIES + 1
    check(many)


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("dask", "dask://", "ray://x:1", "tcp://127.0.0.1:8786"):
        with pytest.raises(UsageError, match="no engine"):
            open_engine(wrong)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependency, match=r"nlac\[dask\]"):
        open_engine("dask://server:8786")

"""A small tree of all sorts, an engine in this process, and comparisons of trees."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nlac.batch import back
from nlac.batch.engines import Engine
from nlac.batch.manifest import Record
from nlac.batch.plan import Settings
from nlac.batch.report import Report
from nlac.batch.run import run
from nlac.batch.selection import Selection

MANIFEST = "nlac-batch.jsonl"
LATIN = os.fsdecode(b"latin\xe9.wav")


def wav_bytes(frames: int = 300, seed: int = 1) -> bytes:
    """A mono WAV of 16 bits."""
    noise = np.random.default_rng(seed).normal(0, 300, frames).astype("<i2").tobytes()
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    chunks = b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(noise)) + noise
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def make_tree(root: Path) -> None:
    """Recordings and other files in folders, with names that are hard to handle."""
    files = {
        "a.wav": wav_bytes(seed=1),
        "Émile & co/x.wav": wav_bytes(seed=2),
        "Émile & co/x.wave": wav_bytes(seed=3),
        "Émile & co/x.wav.nlac": b"no stream, but called like the output of its neighbour",
        "Émile & co/notes.txt": b"text",
        "line\nbreak/b.wav": wav_bytes(seed=4),
        "._a.wav": b"\0\5\x16\7attributes",
        ".t.0123abcd.part": b"called like a temporary file",
        "empty.bin": b"",
        LATIN: wav_bytes(seed=5),
        "n" * 246 + ".wav": wav_bytes(seed=6),
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (root / "hollow/inner").mkdir(parents=True)
    (root / "link.wav").symlink_to("a.wav")
    (root / "loop").symlink_to(".")
    (root / "dangling").symlink_to("nowhere")
    (root / "Émile & co/notes.txt").chmod(0o600)
    for number, (folder, _, names) in enumerate(os.walk(root, topdown=False)):
        for name in [*sorted(names), "."]:
            stamp = 10**18 + number * 1000 + len(name)
            os.utime(Path(folder, name), ns=(stamp, stamp), follow_symlinks=False)


def listing(root: Path) -> dict[str, tuple[Any, ...]]:
    """Kind, permissions, time of modification and content of everything in a tree."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder, folders, names in os.walk(root):
        for name in [*names, *folders, "."]:
            path = Path(folder, name)
            status = path.lstat()
            facts = (status.st_mode & 0o777, status.st_mtime_ns)
            key = os.path.relpath(path, root)
            if path.is_symlink():
                found[key] = ("link", status.st_mtime_ns, os.readlink(path))
            elif path.is_dir():
                found[key] = ("folder", *facts)
            else:
                found[key] = (*facts, path.read_bytes())
    return found


class Here:
    """An engine in this process, one job at a time."""

    broken: tuple[type[BaseException], ...] = ()
    is_here = True
    width = 1

    def __init__(self) -> None:
        self.pool: Executor | None = None

    def start(self) -> Executor:
        self.pool = ThreadPoolExecutor(1)
        return self.pool

    def is_lost(self) -> bool:
        return False

    def stop(self, *, at_once: bool) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=at_once)


class Scripted(Executor):
    """An executor that runs calls at once, with what a test makes of them."""

    def __init__(self, behave: Callable[[Callable[..., Any], str], Any]) -> None:
        self._behave = behave

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(self._behave(fn, *args))
        except Exception as error:
            future.set_exception(error)
        return future


class Trial:
    """A tree, its output, and what to do with them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.out = folder / "out"
        self.back = folder / "back"
        self.root.mkdir()
        self.told: list[Record] = []

    def run(self, engine: Engine | None = None, **changes: Any) -> Report:
        self.told = []
        chosen = {name: changes.pop(name, ()) for name in ("include", "exclude")}
        names = changes.pop("names", None)
        settings = Settings(self.root, self.out, {"preset": "fast"}, **changes)
        selection = Selection(self.root, self.out, **chosen, names=names)
        return run(settings, selection, engine or Here(), self.told.append)

    def check(self) -> Report:
        self.told = []
        return back.check(self.out, Here(), on_record=self.told.append)

    def restore(self, **options: Any) -> Report:
        self.told = []
        return back.restore(self.out, self.back, Here(), on_record=self.told.append, **options)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / MANIFEST).read_bytes().splitlines()]

    def reasons(self) -> dict[str, str | None]:
        """Reasons of what was told, by source."""
        return {record.source: record.reason for record in self.told if record.reason}

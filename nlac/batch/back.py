"""From the output of a batch: the proof that everything is there, and the tree itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from nlac._errors import FormatError, NlacError, UsageError, exit_code
from nlac._leftovers import find_leftovers, is_temporary_name
from nlac._log import logger
from nlac.batch.engines import Engine
from nlac.batch.jobs import Job
from nlac.batch.manifest import KEPT, Manifest, Record, check_event, load
from nlac.batch.paths import MANIFEST_NAME, Inside
from nlac.batch.report import Report
from nlac.batch.run import OnProgress, OnRecord
from nlac.batch.schedule import Finished, Schedule


def check(
    out: Path,
    engine: Engine,
    memory: int | None = None,
    on_record: OnRecord = lambda record: None,
    on_progress: OnProgress = lambda *done: None,
) -> Report:
    """Prove the output of a batch against its manifest.

    Every stream is decoded, and the SHA-256 of what would be restored is compared with that of
    the source; copies are compared likewise. Files of which the manifest knows nothing are told.
    What is damaged is recorded in the manifest, so that the next run makes it anew; nothing else
    is written.

    Raises
    ------
    UsageError
        There is no manifest.
    FormatError
        The manifest is damaged.
    """
    manifest = load(out)
    work = _Back(manifest, engine, memory, on_record, on_progress)
    try:
        report = work.check(out)
    finally:
        # its lock is shared; an interrupted check has found something, too
        manifest.close()
        recorded = _record_found(out, manifest, work.found)
    report.recorded = recorded
    return report


def restore(
    out: Path,
    tree: Path,
    engine: Engine,
    *,
    force: bool = False,
    memory: int | None = None,
    on_record: OnRecord = lambda record: None,
    on_progress: OnProgress = lambda *done: None,
) -> Report:
    """Give back the tree that a batch encoded: names, contents, times, permissions, folders, links.

    A file that is there already with the right content is left, so that an interrupted run can be
    repeated.

    Parameters
    ----------
    out : Path
        The output of the batch.
    tree : Path
        Where to; it is made.
    engine : Engine
        Where the decoding is done; it is started and stopped.
    force : bool
        Replace other files that are there.

    Raises
    ------
    UsageError
        There is no manifest, or `tree` lies in `out`.
    FormatError
        The manifest is damaged.
    """
    source, target = os.path.realpath(out), os.path.realpath(tree)
    if target == source or target.startswith(os.path.join(source, "")):
        raise UsageError(f"{tree}: lies in {out}; restore to another folder")
    with load(out) as manifest:
        return _Back(manifest, engine, memory, on_record, on_progress).restore(out, tree, force)


class _Back:
    def __init__(
        self,
        manifest: Manifest,
        engine: Engine,
        memory: int | None,
        on_record: OnRecord,
        on_progress: OnProgress,
    ) -> None:
        self._manifest = manifest
        self._records = sorted(manifest.records.values(), key=lambda record: record.source)
        self._engine = engine
        self._memory = memory
        self._on_record = on_record
        self._on_progress = on_progress
        self._report = Report()
        self.found: dict[str, Record] = {}
        self._done = [0, 0]
        self._all = [0, 0]
        if manifest.torn:
            logger.warning(f"{manifest.path}: a killed run left its last line unfinished")

    def check(self, out: Path) -> Report:
        begin = time.perf_counter()
        inside = Inside(out)
        self._work(self._jobs("check", inside, lambda record: ""))
        for record in self._records:
            if record.state in ("failed", "left"):
                self._tell(record)
        self._tell_unknown(out)
        self._report.seconds = time.perf_counter() - begin
        return self._report

    def restore(self, out: Path, tree: Path, force: bool) -> Report:
        begin = time.perf_counter()
        tree.mkdir(parents=True, exist_ok=True)
        for path in find_leftovers(tree, recursive=True, min_age=0):
            path.unlink(missing_ok=True)
        inside = Inside(tree)
        folders = [record for record in self._records if record.state == "folder"]
        for record in folders:
            self._try(record, lambda record: _make_folder(inside, record))
        jobs = self._jobs("restore", Inside(out), lambda record: _target(inside, record))
        self._work([replace(job, force=force) for job in jobs])
        # links come last: nothing is written through them
        for record in self._records:
            if record.state == "link":
                self._try(record, lambda record: _make_link(inside, record, force))
            elif record.state in ("failed", "left"):
                self._tell(record)
        # what was written in a folder has changed its time; inner ones first
        for record in sorted(folders, key=lambda record: -record.source.count("/")):
            self._try(record, lambda record: _finish_folder(inside, record))
        self._report.seconds = time.perf_counter() - begin
        return self._report

    def _jobs(self, kind: str, outputs: Inside, place: Callable[[Record], str]) -> Iterator[Job]:
        from nlac import __version__

        for record in self._records:
            if record.state not in KEPT:
                continue
            try:
                yield Job(
                    kind,
                    record.source,
                    place(record),
                    str(record.output),
                    os.path.abspath(outputs.place(str(record.output))),
                    size=record.size,
                    mtime_ns=record.mtime_ns,
                    mode=record.mode,
                    sha256=record.sha256,
                    pcm_md5=record.pcm_md5,
                    state=record.state,
                    restorable=bool(record.restorable),
                    version=__version__,
                )
            except (NlacError, OSError) as error:
                self._tell(_failed(record, error))

    def _work(self, jobs: Iterable[Job]) -> None:
        listed = list(jobs)
        self._all = [sum(job.size for job in listed), len(listed)]
        if listed and self._engine.is_here:
            threads = max(1, self._engine.width // len(listed))
            listed = [replace(job, threads=threads) for job in listed]
        schedule = Schedule(self._engine, 2, self._turn, self._memory)
        finished = False
        try:
            schedule.run(listed)
            finished = True
        finally:
            self._engine.stop(at_once=not finished)
        if schedule.fatal:
            raise OSError(f"stopped, for the tree can't be written: {schedule.fatal}")

    def _turn(self, finished: Finished, begun: list[Job]) -> None:
        for job, outcome in finished:
            self._done[0] += job.size
            self._done[1] += 1
            record = replace(
                self._manifest.records[job.source],
                state=outcome.state,
                seconds=outcome.seconds,
                exit_code=outcome.exit_code,
                reason=outcome.reason,
                warnings=outcome.warnings,
            )
            self.found[job.source] = record
            self._tell(record)
        self._on_progress(*self._done, *self._all)

    def _tell(self, record: Record) -> None:
        self._report.count(record)
        self._on_record(record)

    def _try(self, record: Record, work: Callable[[Record], None]) -> None:
        try:
            work(record)
        except (NlacError, OSError) as error:
            self._tell(_failed(record, error))

    def _tell_unknown(self, out: Path) -> None:
        known = {record.output for record in self._records}
        for folder, _, names in os.walk(out):
            below = os.path.relpath(folder, out)
            for name in names:
                path = name if below == os.curdir else f"{Path(below).as_posix()}/{name}"
                if path in known or path == MANIFEST_NAME:
                    continue
                left = is_temporary_name(name)
                reason = "unfinished, left by a killed run" if left else "not in the manifest"
                self._tell(Record(path, "unknown", reason=reason))


def _record_found(out: Path, before: Manifest, found: dict[str, Record]) -> int:
    """Record which outputs are damaged, or no longer are; return how many are damaged.

    An output that another batch has made anew since it was checked is left out.
    """
    news = {
        source: record
        for source, record in found.items()
        if record.state == "failed" or source in before.damaged
    }
    if not news:
        return 0
    recorded = 0
    try:
        with load(out, writable=True) as manifest:
            for source, record in news.items():
                if manifest.records.get(source) != before.records[source]:
                    continue
                manifest.append(check_event(record))
                recorded += record.state == "failed"
    except (NlacError, OSError) as error:
        logger.warning(f"{before.path}: what was found could not be recorded: {error}")
    return recorded


def _failed(record: Record, error: Exception) -> Record:
    reason = getattr(error, "strerror", None) or str(error)
    return replace(record, state="failed", exit_code=exit_code(error), reason=reason)


def _target(inside: Inside, record: Record) -> str:
    """Place of a restored file; audio that can't be written in its own format becomes WAV."""
    from nlac.audio.sinks.suffixes import container_for

    path = inside.place(record.source)
    path.parent.mkdir(parents=True, exist_ok=True)
    place = os.path.abspath(path)
    if record.state == "encoded" and not record.restorable and container_for(place) is None:
        place += ".wav"
    return place


def _make_folder(inside: Inside, record: Record) -> None:
    place = inside.place(record.source)
    if record.source != "." and place.is_symlink():
        raise FormatError(f"{place}: a symbolic link in the place of a folder")
    place.mkdir(parents=True, exist_ok=True)
    # files are yet to be written there, whatever its permissions will be
    place.chmod(record.mode & 0o777 | 0o700)


def _make_link(inside: Inside, record: Record, force: bool) -> None:
    place = inside.place(record.source)
    target = str(record.target)
    if not (place.is_symlink() and os.readlink(place) == target):
        if force and place.is_symlink():
            place.unlink()
        place.symlink_to(target)
    # manifests of before have no times of links
    if record.mtime_ns and os.utime in os.supports_follow_symlinks:
        os.utime(place, ns=(record.mtime_ns, record.mtime_ns), follow_symlinks=False)


def _finish_folder(inside: Inside, record: Record) -> None:
    place = inside.place(record.source)
    if place.is_symlink() and record.source != ".":
        return
    place.chmod(record.mode & 0o777)
    os.utime(place, ns=(record.mtime_ns, record.mtime_ns))

"""Encode a tree, journalling every file, so that a run that was killed goes on where it was."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlac._errors import NlacError, UsageError, exit_code
from nlac._leftovers import find_leftovers
from nlac._log import logger
from nlac._output import sync_folder
from nlac.batch.engines import Engine
from nlac.batch.jobs import Job, Outcome
from nlac.batch.manifest import FORMAT, KEPT, Manifest, Record, now
from nlac.batch.paths import MANIFEST_NAME, Inside, path_fields
from nlac.batch.plan import Plan, Planner, Settings
from nlac.batch.report import Report
from nlac.batch.schedule import Finished, Schedule
from nlac.batch.selection import Entry, Selection, check_trees

# told of every file: its record, and what was done where that is no state
OnRecord = Callable[[Record], None]
# bytes and files done, bytes and files in all
OnProgress = Callable[[int, int, int, int], None]


def plan_only(settings: Settings, selection: Selection) -> Plan:
    """Tell what a run would do; nothing is written.

    Raises
    ------
    UsageError
        The trees can't be those of a batch.
    """
    from nlac import __version__

    check_trees(settings.root, settings.out)
    if not (settings.out / MANIFEST_NAME).exists():
        return Planner(settings, {}, {}, set(), set(), __version__).plan(selection.entries())
    with Manifest(settings.out, writable=False) as manifest:
        _check_root(manifest, settings)
        return _planner(settings, manifest).plan(selection.entries())


def run(
    settings: Settings,
    selection: Selection,
    engine: Engine,
    on_record: OnRecord = lambda record: None,
    on_progress: OnProgress = lambda *done: None,
) -> Report:
    """Encode a tree into another, or go on with that.

    Parameters
    ----------
    settings : Settings
        What to do.
    selection : Selection
        With which files.
    engine : Engine
        Where; it is started and stopped.
    on_record : callable
        Called with the record of each file, as soon as it is in the manifest.
    on_progress : callable
        Called several times a second with bytes and files done, and those in all.

    Returns
    -------
    Report

    Raises
    ------
    UsageError
        The trees can't be those of a batch, or the tree is not that of the manifest.
    Busy
        Another batch is working on the output.
    FormatError
        The manifest is damaged.
    EngineLost
        The cluster can't be reached any more.
    OSError
        The output can't be written: the disk is full.
    """
    # before anything is made: options or the list of files may be wrong
    predictor = _predictor(settings.options)
    check_trees(settings.root, settings.out)
    entries = list(selection.entries())
    settings.out.mkdir(parents=True, exist_ok=True)
    with Manifest(settings.out, writable=True) as manifest:
        job = _Run(settings, predictor, manifest, engine, on_record, on_progress)
        return job.run(entries)


def _planner(settings: Settings, manifest: Manifest) -> Planner:
    from nlac import __version__

    return Planner(
        settings, manifest.records, manifest.begun, manifest.deleted, manifest.damaged, __version__
    )


def _predictor(given: dict[str, Any]) -> str:
    """Name of the predictor that files will be encoded with.

    Raises
    ------
    UsageError
        The options are wrong, or contradict each other.
    """
    from nlac.api.options import encode_options
    from nlac.api.parity.protecting import check_amount
    from nlac.metadata.padding import checked_padding

    coding = {key: value for key, value in given.items() if key != "exact"}
    padding, amount = coding.pop("padding", None), coding.pop("protect", None)
    if padding is not None:
        checked_padding(padding)
    if amount is not None:
        check_amount(amount)
    options = encode_options(coding)
    if options.predictor or options.model or options.effort or options.coder != "auto":
        # presets alone are right, and to look for more would load the compiler
        from nlac.codec.encoder.choice import choose_predictor, wanted_predictor

        choose_predictor(options)
        return wanted_predictor(options)
    return options.predictor_name


class _Run:
    def __init__(
        self,
        settings: Settings,
        predictor: str,
        manifest: Manifest,
        engine: Engine,
        on_record: OnRecord,
        on_progress: OnProgress,
    ) -> None:
        self._settings = settings
        self._manifest = manifest
        self._engine = engine
        self._on_record = on_record
        self._on_progress = on_progress
        self._report = Report()
        self._predictor = predictor
        self._done = [0, 0]
        self._all = [0, 0]
        self._folders: set[str] = set()

    def run(self, entries: Iterable[Entry]) -> Report:
        from nlac import __version__

        begin = time.perf_counter()
        settings, manifest = self._settings, self._manifest
        _check_root(manifest, settings)
        for path in find_leftovers(settings.out, recursive=True, min_age=0):
            logger.info(f"{path}: removed, a killed run left it unfinished")
            path.unlink(missing_ok=True)
        plan = _planner(settings, manifest).plan(entries)
        manifest.append(_run_event(settings, __version__))
        self._make_folders(plan.records)
        manifest.add(*plan.records)
        for record in plan.records:
            self._tell(record)
        self._report.counts["unchanged"] += len(plan.kept)
        self._all = [sum(job.size for job in plan.jobs), len(plan.jobs)]
        self._work(self._sized(plan.jobs))
        self._report.seconds = time.perf_counter() - begin
        manifest.append({"event": "end", "time": now(), **self._report.to_dict()})
        return self._report

    def _sized(self, jobs: list[Job]) -> list[Job]:
        """Give each file more than one thread where there are fewer files than cores."""
        if not jobs or not self._engine.is_here:
            return jobs
        threads = max(1, self._engine.width // len(jobs))
        return [replace(job, threads=threads) for job in jobs] if threads > 1 else jobs

    def _work(self, jobs: list[Job]) -> None:
        schedule = Schedule(self._engine, self._settings.retries, self._turn, self._settings.memory)
        at_once = True
        try:
            schedule.run(jobs)
            at_once = False
        finally:
            in_hand = schedule.in_hand
            self._engine.stop(at_once=at_once)
            # workers of a cluster complete what they have in hand
            _remove_partial(schedule.killed + (in_hand if self._engine.is_here else []))
        if schedule.fatal:
            raise OSError(
                f"stopped, for the output can't be written: {schedule.fatal}; "
                "the same command goes on from here"
            )

    def _turn(self, finished: Finished, begun: list[Job]) -> None:
        """Journal what has finished and what begins, in one go, and act upon it."""
        records = []
        for job, outcome in finished:
            self._done[0] += job.size
            self._done[1] += 1
            if outcome.state == "proved":
                known = self._manifest.records[job.source]
                records.append(replace(known, bytes=outcome.bytes, attempts=job.attempts))
            else:
                records.append(outcome.record(job, self._predictor))
        events: list[dict[str, Any]] = [
            {"event": "file", **record.to_dict()}
            for record, (_, outcome) in zip(records, finished, strict=True)
            if outcome.state != "proved"
            or record != self._manifest.records[record.source]
            or record.source in self._manifest.damaged
        ]
        for job in begun:
            self._make_folder_of(job)
            events.append(_begin_event(job))
        before = [self._manifest.records.get(job.source) for job, _ in finished]
        self._manifest.append(*events)
        for (job, outcome), record, former in zip(finished, records, before, strict=True):
            if outcome.state == "proved":
                self._report.counts["proved"] += 1
            else:
                self._tell(record)
                self._remove_former(former, record)
            if self._settings.delete_source and outcome.state in KEPT | {"proved"}:
                self._delete(job, outcome, record)
        self._on_progress(*self._done, *self._all)

    def _tell(self, record: Record) -> None:
        self._report.count(record)
        self._on_record(record)

    def _remove_former(self, known: Record | None, record: Record) -> None:
        """Remove an output in whose place another has come."""
        if known is None or record.state not in KEPT or known.output in (None, record.output):
            return
        with contextlib.suppress(OSError, NlacError):
            Inside(self._settings.out).place(str(known.output)).unlink()

    def _delete(self, job: Job, outcome: Outcome, record: Record) -> None:
        """Delete a source, once the disk has its output and the line of the manifest."""
        why = None
        if record.state == "encoded" and not record.restorable:
            why = "only its audio could come back"
        elif not _is_same(job.place, outcome):
            why = "it is no longer the file that was read"
        if why is not None:
            logger.warning(f"{job.source} is kept, for {why}")
            return
        try:
            sync_folder((self._settings.out / str(record.output)).parent)
            event = {"event": "deleted", "time": now(), **path_fields("source", job.source)}
            self._manifest.append(event)
            if not _is_same(job.place, outcome):
                logger.warning(f"{job.source} is kept, for it was written to just now")
                return
            os.unlink(job.place)
        except OSError as error:
            logger.error(f"{job.source} could not be deleted: {error.strerror}")
            self._report.exit_codes.add(exit_code(error))
            return
        self._report.counts["deleted"] += 1

    def _make_folders(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.state == "folder" and record.source != ".":
                place = self._settings.out / record.source
                place.mkdir(parents=True, exist_ok=True)
                # who may not look into the one may not look into the other
                place.chmod(record.mode & 0o777 | 0o700)

    def _make_folder_of(self, job: Job) -> None:
        for place in (job.output_place, job.copy_place):
            folder = os.path.dirname(place)
            if place and folder not in self._folders:
                os.makedirs(folder, exist_ok=True)
                self._folders.add(folder)


def _begin_event(job: Job) -> dict[str, Any]:
    event: dict[str, Any] = {"event": "begin", "time": now(), **path_fields("source", job.source)}
    if job.output:
        event |= path_fields("output", job.output)
    if job.copy:
        event |= path_fields("copy", job.copy)
    return event


def _run_event(settings: Settings, version: str) -> dict[str, Any]:
    return {
        "event": "run",
        "format": FORMAT,
        "time": now(),
        "nlac": version,
        **path_fields("root", os.path.realpath(settings.root)),
        "options": settings.options,
        "audio_only": settings.audio_only,
        "others": settings.others,
    }


def _check_root(manifest: Manifest, settings: Settings) -> None:
    """Refuse to mix two trees in one output, whose files would pass for changed ones.

    Raises
    ------
    UsageError
        The runs before had another tree.
    """
    if manifest.run is None or settings.moved:
        return
    now = path_fields("root", os.path.realpath(settings.root))
    if any(manifest.run.get(key) != value for key, value in now.items()):
        raise UsageError(
            f"{settings.out} is the output of {manifest.run.get('root')}, and not of "
            f"{settings.root}; if that tree has moved, --moved says so"
        )


def _is_same(place: str, outcome: Outcome) -> bool:
    try:
        status = os.lstat(place)
    except OSError:
        return False
    now = (status.st_ino, status.st_size, status.st_mtime_ns)
    return now == (outcome.inode, outcome.size, outcome.mtime_ns)


def _remove_partial(jobs: list[Job]) -> None:
    """Remove what workers left that were ended in the middle of a file."""
    places = {place for job in jobs for place in (job.output_place, job.copy_place) if place}
    for folder in {Path(place).parent for place in places}:
        with contextlib.suppress(OSError, NlacError):
            for path in find_leftovers(folder, min_age=0):
                path.unlink(missing_ok=True)

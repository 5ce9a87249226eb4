"""What a run has to do: the tree as it is, compared with the manifest and the outputs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nlac._errors import FormatError, OutputExists
from nlac.batch.jobs import Job
from nlac.batch.manifest import KEPT, Record
from nlac.batch.paths import Inside, folded, folds_case, is_kept_name, output_paths
from nlac.batch.selection import Entry


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do.

    Parameters
    ----------
    root, out : Path
        The tree of recordings, and the output.
    options : dict
        Arguments of `nlac.encode`.
    audio_only : bool
        Encode files of which only the audio could come back.
    others : str
        What becomes of files that are not encoded: ``"copy"``, ``"link"``, ``"leave"``.
    update : bool
        Encode again what has changed since.
    force : bool
        Replace files in the output that no batch wrote.
    delete_source : bool
        Delete sources that are proved to be in the output.
    retries : int
        How often a file that failed for a passing reason is tried again.
    memory : int or None
        Bytes for all files together.
    moved : bool
        The tree has another place than in the runs before.
    """

    root: Path
    out: Path
    options: dict[str, Any] = field(default_factory=dict)
    audio_only: bool = False
    others: str = "copy"
    update: bool = False
    force: bool = False
    delete_source: bool = False
    retries: int = 2
    memory: int | None = None
    moved: bool = False


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Parameters
    ----------
    jobs : list of Job
        For workers.
    records : list of Record
        What is known already: folders, links, what can't be read. Those that are as they were
        are left out.
    kept : list of Record
        Files that are done, and have not changed.
    """

    jobs: list[Job] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    kept: list[Record] = field(default_factory=list)


class Planner:
    """Makes the plan of a run.

    Parameters
    ----------
    settings : Settings
        What was asked for.
    records : dict of str to Record
        Those of the manifest.
    begun : dict of str to tuple of str
        Outputs that an earlier run may have left.
    deleted : set of str
        Sources that were deleted.
    damaged : set of str
        Sources whose output a check has found damaged.
    version : str
        Version of nlac.
    """

    def __init__(
        self,
        settings: Settings,
        records: dict[str, Record],
        begun: dict[str, tuple[str, ...]],
        deleted: set[str],
        damaged: set[str],
        version: str,
    ) -> None:
        self._settings = settings
        self._records = records
        self._damaged = damaged
        self._version = version
        self._fold = folded if folds_case(settings.out) else str
        owners = [(path, source) for source, paths in begun.items() for path in paths]
        owners += [(each.output, source) for source, each in records.items() if each.output]
        self._owner = {self._fold(path): source for path, source in owners}
        self._ours = set(self._owner)
        # folders whose time of modification is that of a deletion
        self._emptied = {os.path.dirname(path) or "." for path in deleted}
        self._inside = Inside(settings.out)
        self._names: set[str] = set()

    def plan(self, entries: Iterable[Entry]) -> Plan:
        """Compare a tree with what is known of it."""
        found = list(entries)
        self._names = {self._fold(entry.path) for entry in found}
        plan = Plan()
        for entry in found:
            if entry.kind == "file":
                self._plan_file(entry, plan)
            elif self._is_new(record := _plain_record(entry)):
                plan.records.append(record)
        return plan

    def _is_new(self, record: Record) -> bool:
        known = self._records.get(record.source)
        if known is None or known.state != record.state or record.state == "failed":
            return True
        changed = (known.mtime_ns, known.mode) != (record.mtime_ns, record.mode)
        if record.state == "folder":
            return changed and self._settings.update and record.source not in self._emptied
        if (known.target, known.reason) != (record.target, record.reason):
            return True
        return record.state == "link" and changed and self._settings.update

    def _plan_file(self, entry: Entry, plan: Plan) -> None:
        known = self._records.get(entry.path)
        same = known is not None and (known.size, known.mtime_ns) == (entry.size, entry.mtime_ns)
        if known is not None and known.state in KEPT:
            if not same and not self._settings.update:
                reason = "changed since it was stored; --update stores it again"
                plan.records.append(_failure(entry, reason, OutputExists.exit_code))
                return
            is_done = same and not self._may_be_encoded_now(entry, known)
            if is_done and not self._plan_known(entry, known, plan):
                return
        elif self._settings.others == "leave" and not entry.is_audio:
            record = replace(_plain_record(entry), size=entry.size)
            if not (same and known is not None and known.state == "left"):
                plan.records.append(record)
            else:
                plan.kept.append(known)
            return
        try:
            plan.jobs.append(self._new_job(entry, known))
        except (OutputExists, FormatError) as error:
            plan.records.append(_failure(entry, str(error), error.exit_code))

    def _may_be_encoded_now(self, entry: Entry, known: Record) -> bool:
        """Tell whether an audio file that was kept as it is should be tried again."""
        return entry.is_audio and known.state != "encoded" and self._settings.audio_only

    def _plan_known(self, entry: Entry, known: Record, plan: Plan) -> bool:
        """Plan for a file that has not changed; tell whether it must be done anew."""
        assert known.output is not None
        try:
            status = os.lstat(self._inside.place(known.output))
        except (OSError, FormatError):
            return True
        is_sound = status.st_size == known.bytes and known.source not in self._damaged
        if is_sound and not self._settings.delete_source:
            plan.kept.append(known)
        else:
            plan.jobs.append(self._proof(entry, known))
        return False

    def _new_job(self, entry: Entry, known: Record | None) -> Job:
        others = self._settings.others
        kind = "encode" if entry.is_audio else others
        output = self._allocate(entry.path, known, encoded=True) if entry.is_audio else ""
        copy = self._allocate(entry.path, known, encoded=False) if others != "leave" else ""
        return self._job(kind, entry, output=output, copy=copy)

    def _proof(self, entry: Entry, known: Record) -> Job:
        assert known.output is not None
        is_encoded = known.state == "encoded"
        return self._job(
            "prove",
            entry,
            output=known.output,
            copy="" if is_encoded else known.output,
            sha256=known.sha256,
            pcm_md5=known.pcm_md5,
            state=known.state,
            restorable=bool(known.restorable),
            reads_source=self._settings.delete_source,
        )

    def _job(self, kind: str, entry: Entry, *, output: str, copy: str, **facts: Any) -> Job:
        settings = self._settings
        return Job(
            kind,
            entry.path,
            os.path.abspath(settings.root / entry.path),
            output,
            os.path.abspath(self._inside.place(output)) if output else "",
            copy,
            os.path.abspath(self._inside.place(copy)) if copy else "",
            entry.size,
            entry.mtime_ns,
            entry.mode,
            settings.others,
            settings.audio_only,
            settings.options,
            version=self._version,
            **facts,
        )

    def _allocate(self, source: str, known: Record | None, *, encoded: bool) -> str:
        """Choose the output of a file: no other source has it, now or in the manifest.

        Raises
        ------
        OutputExists
            Something that no batch wrote is in its place.
        """
        state = known.state if known is not None else ""
        if known is not None and known.output and (state == "encoded") == encoded:
            return known.output
        for path in output_paths(source, encoded=encoded):
            key = self._fold(path)
            taken = self._owner.get(key, source) != source or is_kept_name(path)
            # a file of the tree that has the very name is to keep it
            if not taken and (path == source or key not in self._names):
                break
        self._owner[key] = source
        if (
            key not in self._ours
            and not self._settings.force
            and os.path.lexists(self._inside.place(path))
        ):
            raise OutputExists(f"{path} exists in the output, and no batch wrote it; --force")
        return path


def _plain_record(entry: Entry) -> Record:
    facts: dict[str, Any] = {"mtime_ns": entry.mtime_ns, "mode": entry.mode}
    if entry.kind == "folder":
        return Record(entry.path, "folder", **facts)
    if entry.kind == "link":
        return Record(entry.path, "link", mtime_ns=entry.mtime_ns, target=entry.detail)
    if entry.kind == "special":
        return Record(entry.path, "left", reason="a pipe, socket or device", **facts)
    if entry.kind == "file":
        return Record(entry.path, "left", **facts)
    return Record(entry.path, "failed", exit_code=1, reason=entry.detail)


def _failure(entry: Entry, reason: str, code: int) -> Record:
    return Record(
        entry.path, "failed", size=entry.size, mtime_ns=entry.mtime_ns, mode=entry.mode,
        reason=reason, exit_code=code,
    )  # fmt: skip

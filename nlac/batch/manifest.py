"""The manifest of a batch: a line of JSON for everything that happens, in ``nlac-batch.jsonl``.

It is only ever appended to, under a lock that the system takes back however a run ends. Of a line
that a killed run left unfinished nothing is kept. `docs/batch.md` describes the lines.
"""

from __future__ import annotations

import base64
import errno
import importlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlac._errors import UNEXPECTED, FormatError, NlacError, OutputExists, UsageError
from nlac._log import logger
from nlac._output import sync_folder
from nlac.batch.paths import MANIFEST_NAME, path_fields, read_path

FORMAT = "nlac-batch/1"
# states of files whose bytes are in the output tree
KEPT = frozenset({"encoded", "copied", "linked"})
_STATES = KEPT | {"folder", "link", "left", "failed"}
_MAX_LINE_BYTES = 1 << 24
_MAX_NUMBER = (1 << 63) - 1
# the most that a number may be; times of modification may also be negative
_NUMBERS = {
    "size": _MAX_NUMBER, "mtime_ns": _MAX_NUMBER, "mode": 0o7777, "bytes": _MAX_NUMBER,
    "attempts": _MAX_NUMBER,
}  # fmt: skip
_EXIT_CODES = (0, 1, 2, 3, 4, 5, UNEXPECTED)


@dataclass(frozen=True, slots=True)
class Record:
    """What became of a file, folder or link; `docs/batch.md` describes the fields."""

    source: str
    state: str
    output: str | None = None
    size: int = 0
    mtime_ns: int = 0
    mode: int = 0
    sha256: str | None = None
    pcm_md5: str | None = None
    bytes: int = 0
    ratio: float | None = None
    restorable: bool | None = None
    predictor: str | None = None
    preset: str | None = None
    seconds: float = 0.0
    attempts: int = 1
    exit_code: int = 0
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    target: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return fields of JSON; what is not known is null."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        told["warnings"] = list(self.warnings)
        for key in ("source", "output", "target"):
            if told[key] is not None:
                told |= path_fields(key, told[key])
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Record:
        """Read fields of JSON.

        Raises
        ------
        ValueError
            They are not those of a record.
        """
        known = {field.name: told[field.name] for field in fields(cls) if field.name in told}
        known["source"] = read_path(told, "source")
        known["output"] = read_path(told, "output")
        if told.get("target") is not None:
            # a link may lead anywhere; it is made, never followed
            known["target"] = _link_target(told)
        known["warnings"] = tuple(map(str, told.get("warnings") or ()))
        if known["source"] is None or known.get("state") not in _STATES:
            raise ValueError("no record of a file")
        for key, most in _NUMBERS.items():
            value = known.get(key, 0)
            least = -most if key == "mtime_ns" else 0
            if not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{key} is no number of that kind")
        if known.get("exit_code", 0) not in _EXIT_CODES:
            raise ValueError("exit_code is none")
        known["seconds"] = float(known.get("seconds", 0.0))
        if known["state"] in KEPT and (known["output"] is None or not _is_sha256(told)):
            raise ValueError("a file without its output or SHA-256")
        if known["state"] == "link" and known.get("target") is None:
            raise ValueError("a link without its target")
        return cls(**known)


class Busy(NlacError):
    """Another batch is working on the output."""

    exit_code = OutputExists.exit_code


class Manifest:
    """The manifest of an output tree, opened and locked.

    Parameters
    ----------
    out : Path
        The output tree.
    writable : bool
        Whether lines will be appended; a torn last line is removed then.

    Attributes
    ----------
    records : dict of str to Record
        The last record of each source; of those in the output, the last that put them there.
    begun : dict of str to tuple of str
        Outputs that a source may have left which was begun and not finished.
    deleted : set of str
        Sources that were deleted.
    damaged : set of str
        Sources whose output a check has found damaged, and that were not stored anew since.
    run : dict or None
        The line of the latest run.
    torn : int
        Bytes of a torn last line.

    Raises
    ------
    FormatError
        A line in the middle is damaged.
    Busy
        Another batch works there.
    """

    def __init__(self, out: Path, *, writable: bool) -> None:
        self.path = out / MANIFEST_NAME
        self.records: dict[str, Record] = {}
        self.begun: dict[str, tuple[str, ...]] = {}
        self.deleted: set[str] = set()
        self.damaged: set[str] = set()
        self.run: dict[str, Any] | None = None
        self.torn = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND if writable else os.O_RDONLY
        is_new = not self.path.exists()
        self._descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _lock(self._descriptor, self.path, shared=not writable)
            self._read()
            if writable and self.torn:
                os.ftruncate(self._descriptor, self._end)
                logger.info(f"{self.path}: removed the unfinished last line of a killed run")
            if is_new:
                sync_folder(out)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file, which gives back its lock."""
        os.close(self._descriptor)

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def append(self, *events: Mapping[str, Any]) -> None:
        """Append lines, and wait until they are on the disk.

        Raises
        ------
        OSError
            They could not be written; none of them is there then.
        """
        if not events:
            return
        data = b"".join(json.dumps(event).encode() + b"\n" for event in events)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, self._end)
            raise OSError(error.errno, error.strerror, os.fspath(self.path)) from error
        self._end += len(data)
        for event in events:
            self._apply(event)

    def add(self, *records: Record) -> None:
        """Append the records of files."""
        self.append(*({"event": "file", **record.to_dict()} for record in records))

    def _read(self) -> None:
        self._end = 0
        for number, line in enumerate(_lines(self._descriptor), 1):
            rest = os.fstat(self._descriptor).st_size - self._end
            if not line.endswith(b"\n") and len(line) == rest:
                self.torn = rest
                break
            try:
                event = json.loads(line)
                if number == 1 and event.get("format") != FORMAT:
                    raise ValueError(f"it is not {FORMAT}")
                self._apply(event)
            except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
                raise FormatError(
                    f"{self.path}: line {number}, byte {self._end}: not a line of a manifest "
                    f"({error})"
                ) from error
            self._end += len(line)

    def _apply(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "run":
            self.run = dict(event)
        elif kind == "file":
            record = Record.from_dict(event)
            known = self.records.get(record.source)
            # what was stored before stays stored where it fails to be stored anew
            if known is None or known.state not in KEPT or record.state not in ("failed", "left"):
                self.records[record.source] = record
                self.damaged.discard(record.source)
            self.begun.pop(record.source, None)
            self.deleted.discard(record.source)
        elif kind == "begin":
            source = _source(event)
            outputs = (read_path(event, "output"), read_path(event, "copy"))
            self.begun[source] = tuple(path for path in outputs if path is not None)
        elif kind == "deleted":
            self.deleted.add(_source(event))
        elif kind == "check":
            if event["state"] not in ("ok", "failed"):
                raise ValueError("a check without its result")
            if event["state"] == "failed":
                self.damaged.add(_source(event))
            else:
                self.damaged.discard(_source(event))
        elif kind != "end":
            raise ValueError(f"unknown event {kind!r}")


def load(out: Path, *, writable: bool = False) -> Manifest:
    """Open the manifest of an output tree that must have one.

    Raises
    ------
    UsageError
        There is none.
    """
    if not (out / MANIFEST_NAME).is_file():
        raise UsageError(f"{out}: has no {MANIFEST_NAME}, so it is not the output of a batch")
    return Manifest(out, writable=writable)


def check_event(record: Record) -> dict[str, Any]:
    """Return the line that tells what a check found of an output."""
    return {
        "event": "check",
        "time": now(),
        **path_fields("source", record.source),
        "state": record.state,
        "exit_code": record.exit_code,
        "reason": record.reason,
    }


def now() -> str:
    """Return the time as lines have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _source(event: Mapping[str, Any]) -> str:
    source = read_path(event, "source")
    if source is None:
        raise ValueError("no source")
    return source


def _link_target(told: Mapping[str, Any]) -> str:
    data = told.get("target_bytes")
    raw = os.fsencode(told["target"]) if data is None else base64.b64decode(data, validate=True)
    if b"\0" in raw:
        raise ValueError("target holds a NUL byte")
    return os.fsdecode(raw)


def _is_sha256(told: Mapping[str, Any]) -> bool:
    value = told.get("sha256")
    return isinstance(value, str) and len(value) == 64


def _lines(descriptor: int) -> Iterator[bytes]:
    """Lines of a file from its beginning, the last one possibly without its end."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        while line := file.readline(_MAX_LINE_BYTES):
            yield line


def _lock(descriptor: int, path: Path, *, shared: bool) -> None:
    if os.name != "posix":
        return
    fcntl = importlib.import_module("fcntl")
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise Busy(f"another batch is working on {path.parent}") from error
        logger.warning(f"{path}: its file system knows no locks; see that no second batch runs")

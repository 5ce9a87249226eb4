"""What ``nlac batch`` tells: a line a file, progress over files and bytes, and the sums."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from nlac._errors import NlacError
from nlac._log import logger
from nlac.cli import _console

if TYPE_CHECKING:
    from nlac.batch.manifest import Record
    from nlac.batch.report import Report
    from nlac.batch.run import OnProgress

_ENDS = {
    "copied": "copied", "linked": "linked", "left": "left out", "ok": "ok", "restored": "restored",
    "link": "a symbolic link, recorded",
}  # fmt: skip


class BatchReport:
    """Tells of a batch, in lines for people or in JSON.

    Parameters
    ----------
    as_json : bool
        An object a line for each file, and one for the sums.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def tell(self, record: Record) -> None:
        """Tell what became of a file."""
        if self._as_json:
            click.echo(json.dumps({"event": "file", **record.to_dict()}))
        elif record.state in ("failed", "unknown") or record.exit_code:
            self._tell_failure(record)
        elif record.state != "folder":
            name = shown(record.source)
            if record.reason and record.state in ("copied", "linked", "left"):
                reason = _console.wording(NlacError(record.reason), None)
                _beside_bar(logger.warning, f"{name}: {_ENDS[record.state]}: {reason}")
            else:
                _beside_bar(_console.say, f"{name}{_text(record)}")
            for warning in record.warnings:
                _beside_bar(logger.warning, f"{name}: {warning}")

    def _tell_failure(self, record: Record) -> None:
        reason = _console.wording(NlacError(record.reason or record.state), None)
        tries = f" ({record.attempts} tries)" if record.attempts > 1 else ""
        tell = logger.error if record.exit_code else logger.warning
        _beside_bar(tell, f"{shown(record.source)}: {reason}{tries}")

    def finish(self, report: Report) -> int:
        """Tell the sums; return the exit code."""
        code = 0
        for each in report.exit_codes:
            code = _console.gravest(code, each)
        if self._as_json:
            sums = {"event": "end", "exit_code": code, **report.to_dict()}
            if report.recorded:
                sums["recorded"] = report.recorded
            click.echo(json.dumps(sums))
            return code
        counts = {name: count for name, count in sorted(report.counts.items()) if count}
        folders = counts.pop("folder", 0)
        parts = [f"{count} {name}" for name, count in counts.items()]
        if folders:
            parts.append(f"{folders} folders")
        text = ", ".join(parts) or "nothing to do"
        if report.bytes_in:
            ratio = 100 * report.bytes_out / report.bytes_in
            text += f"; {report.bytes_in:,} -> {report.bytes_out:,} bytes ({ratio:.2f} %)"
        if report.recorded:
            text += "; recorded, and the next batch makes anew what failed"
        _console.say(f"{text}; {report.seconds:.1f} s")
        return code

    @contextmanager
    def progress(self) -> Iterator[OnProgress]:
        """Show bytes, files and time left while the context lasts; on a terminal only."""
        if _console.is_quiet() or not sys.stderr.isatty():
            yield lambda *done: None
            return
        with _console.progress_bar("batch", unit="B") as bar:
            assert bar is not None

            def show(num_bytes: int, files: int, all_bytes: int, all_files: int) -> None:
                bar(num_bytes, all_bytes, f"file {files}/{all_files}")

            yield show


def shown(path: str) -> str:
    """Return a path as it can be printed: without line breaks, and in what bytes are characters."""
    text = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _text(record: Record) -> str:
    if record.state == "encoded":
        facts = [f"{100 * record.ratio:.2f} %"] if record.ratio else []
        facts.append(f"{record.seconds:.2f} s")
        facts.append("verified" if record.restorable else "audio only, verified")
        return f" -> {shown(str(record.output))}: {', '.join(facts)}"
    text = f": {_ENDS.get(record.state, record.state)}"
    return f"{text}, {record.reason}" if record.reason else text


def _beside_bar(tell: object, text: str) -> None:
    assert callable(tell)
    if not sys.stderr.isatty():
        tell(text)
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():
        tell(text)

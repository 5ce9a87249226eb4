"""One file after the other: what became of each, as text or JSON, and of all of them.

A command's work on a file raises what went wrong, and `Passed` where there was nothing to do.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from nlac._errors import CorruptStream, exit_code
from nlac.cli import _console
from nlac.cli._files import PIPE, Input, Passed


@dataclass(frozen=True, slots=True)
class Done:
    """A file that was worked on.

    Parameters
    ----------
    output : str
        Path of its output, ``"-"`` for stdout.
    text : str
        What to tell people of it, after the names.
    bytes_in, bytes_out : int or None
        Length of input and output; None where that is not known.
    facts : dict
        What to tell in JSON besides.
    exit_code : int
        0, unless there is something wrong all the same.
    """

    output: str
    text: str
    bytes_in: int | None
    bytes_out: int | None
    facts: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0


def failure_facts(error: BaseException, name: str) -> dict[str, Any]:
    """Return what JSON tells of a file that failed."""
    facts: dict[str, Any] = {
        "ok": False,
        "exit_code": exit_code(error),
        "error": type(error).__name__,
        "message": _console.wording(error, name),
    }
    if isinstance(error, CorruptStream):
        facts |= {
            "offset_bytes": error.offset_bytes,
            "block_index": error.block_index,
            "first_frame": error.first_frame,
        }
    return facts


def tell_failure(
    source: Input,
    error: Exception,
    *,
    as_json: bool,
    stdout_is_data: bool = False,
    **facts: Any,
) -> int:
    """Tell of a file that failed, with `facts` in JSON; returns the exit code."""
    if not as_json:
        return _console.report_error(error, str(source))
    line = {"file": source.path, **facts, **failure_facts(error, str(source))}
    click.echo(json.dumps(line), err=stdout_is_data)
    return exit_code(error)


def each_input(
    inputs: Sequence[Input], as_json: bool, work: Callable[[Input], object]
) -> int:
    """Do work that tells of a file itself; an error ends the file, and is told as JSON if asked.

    Returns
    -------
    int
        The gravest exit code.
    """
    code = 0
    for source in inputs:
        try:
            work(source)
        except Exception as error:
            if _console.ends_the_run(error):
                raise
            code = _console.gravest(code, tell_failure(source, error, as_json=as_json))
    return code


def file_size(path: str) -> int | None:
    """Length of a regular file in bytes; None of anything else."""
    return os.path.getsize(path) if path != PIPE and os.path.isfile(path) else None


class Batch:
    """Does one file after the other, and tells of it.

    Parameters
    ----------
    verb : str
        What is done to files, as in "3 encoded".
    as_json : bool
        Tell in JSON, an object a line.
    stdout_is_data : bool
        Whether stdout carries an output, so that all is told on stderr.
    """

    def __init__(self, verb: str, *, as_json: bool, stdout_is_data: bool) -> None:
        self._verb = verb
        self._as_json = as_json
        self._stdout_is_data = stdout_is_data
        self._counts: Counter[str] = Counter()
        self._bytes_in = self._bytes_out = 0
        self._code = 0

    def run(self, inputs: Sequence[Input], work: Callable[[Input], Done]) -> int:
        """Do the work; an error, whatever it is, ends the file, not the run.

        Returns
        -------
        int
            The gravest exit code.
        """
        begin = time.perf_counter()
        for source in inputs:
            try:
                self._tell_done(source, work(source))
            except Passed as passed:
                self._tell_passed(source, passed)
            except Exception as error:
                if _console.ends_the_run(error):
                    raise
                self._tell_failure(source, error)
        if len(inputs) > 1 and not self._as_json:
            self._say(self._summary(len(inputs), time.perf_counter() - begin))
        return self._code

    def _tell_done(self, source: Input, done: Done) -> None:
        self._counts["failed" if done.exit_code else self._verb] += 1
        self._code = _console.gravest(self._code, done.exit_code)
        if done.bytes_in is not None and done.bytes_out is not None:
            self._bytes_in += done.bytes_in
            self._bytes_out += done.bytes_out
        if self._as_json:
            facts = {"bytes_in": done.bytes_in, "bytes_out": done.bytes_out, **done.facts}
            if done.exit_code:
                facts["exit_code"] = done.exit_code
            self._object(source, done.output, ok=not done.exit_code, **facts)
        else:
            to = "stdout" if done.output == PIPE else done.output
            names = f"{source} -> {to}" if to != str(source) else to
            self._say(f"{names}: {done.text}")

    def _tell_passed(self, source: Input, passed: Passed) -> None:
        self._counts["skipped" if passed.why != "dry run" else f"to be {self._verb}"] += 1
        if self._as_json:
            self._object(source, passed.output, ok=True, skipped=passed.why)
        else:
            names = f"{source} -> {passed.output}" if passed.output != str(source) else str(source)
            self._say(f"{names}: {passed}")

    def _tell_failure(self, source: Input, error: Exception) -> None:
        self._counts["failed"] += 1
        code = tell_failure(
            source, error, as_json=self._as_json, stdout_is_data=self._stdout_is_data, output=None
        )
        self._code = _console.gravest(self._code, code)

    def _object(self, source: Input, output: str, **facts: Any) -> None:
        line = json.dumps({"file": source.path, "output": output, **facts})
        click.echo(line, err=self._stdout_is_data)

    def _say(self, text: str) -> None:
        _console.say(text, stdout_is_data=self._stdout_is_data)

    def _summary(self, number: int, seconds: float) -> str:
        parts = ", ".join(f"{count} {word}" for word, count in sorted(self._counts.items()))
        text = f"{number} files: {parts}"
        if self._bytes_in:
            ratio = 100 * self._bytes_out / self._bytes_in
            text += f"; {self._bytes_in:,} -> {self._bytes_out:,} bytes ({ratio:.2f} %)"
        return f"{text}; {seconds:.1f} s"

"""Options that all commands have which write a file for each file read."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

import click

from nlac._errors import UsageError
from nlac._urls import is_url
from nlac.cli._batch import tell_failure
from nlac.cli._files import PIPE, Input, Outputs, find_inputs, writes_to_stdout
from nlac.cli.options.bundles import (
    bundled,
    force_option,
    json_option,
    mtime_option,
    output_option,
)
from nlac.cli.options.search import search_options


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What `output_options` were given."""

    output: str | None
    force: bool
    recursive: bool
    include: tuple[str, ...]
    preserve_mtime: bool
    skip_existing: bool
    update: bool
    dry_run: bool
    as_json: bool

    def __post_init__(self) -> None:
        if self.force + self.skip_existing + self.update > 1:
            raise UsageError("-f, --skip-existing and --update exclude each other")

    def find(
        self, names: Sequence[str], output: str | None, suffixes: frozenset[str]
    ) -> tuple[list[Input], Outputs]:
        """Find the inputs, and what gives each of them its output.

        Parameters
        ----------
        names, output
            As `split_arguments` tells them apart.
        suffixes : frozenset of str
            File name extensions of what is taken from folders.
        """
        inputs = find_inputs(
            names, recursive=self.recursive, include=self.include, suffixes=suffixes
        )
        _check_present(inputs, output, self.as_json)
        existing = "skip" if self.skip_existing else "update" if self.update else "refuse"
        many = self.recursive or len(inputs) > 1
        outputs = Outputs(output, many, self.force, existing, self.dry_run)
        _check_repeated(inputs)
        return inputs, outputs

    def finish(self, source: Input, path: str) -> None:
        """Give a complete output its input's time of modification, if that is wanted."""
        if self.preserve_mtime:
            _copy_mtime(source, path)


# of all commands that write a file for each file read
output_options = bundled(
    OutputOptions,
    output_option("Output file or folder; a folder if there are several inputs; - is stdout."),
    force_option,
    click.option("--skip-existing", is_flag=True, help="Skip inputs whose output exists."),
    click.option(
        "--update", is_flag=True, help="Replace outputs older than their input, skip others."
    ),
    click.option(
        "-n", "--dry-run", is_flag=True, help="Write nothing; tell what would be written."
    ),
    json_option,
    search_options,
    mtime_option("Give the output the input's time of modification."),
)


def _check_present(inputs: Sequence[Input], output: str | None, as_json: bool) -> None:
    """End the run before anything is written where an input is missing.

    What was meant as the name of an output may be among them.
    """
    missing = [
        each
        for each in inputs
        if not (each.is_pipe or is_url(each.path) or os.path.exists(each.path))
    ]
    for each in missing:
        error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), each.path)
        to_stdout = writes_to_stdout(inputs, output)
        code = tell_failure(each, error, as_json=as_json, stdout_is_data=to_stdout, output=None)
    if missing:
        raise click.exceptions.Exit(code)


def _check_repeated(inputs: Sequence[Input]) -> None:
    """Refuse an input that would be worked on twice, for the same output.

    Raises
    ------
    UsageError
        It is there twice, however it is spelled.
    """
    seen: set[tuple[str, str]] = set()
    for each in inputs:
        path = each.path if each.is_pipe or is_url(each.path) else os.path.abspath(each.path)
        if (path, each.folder) in seen:
            raise UsageError(f"{each} is named twice")
        seen.add((path, each.folder))


def _copy_mtime(source: Input, path: str) -> None:
    """Give an output the time of modification of its input, where both are files."""
    if path != PIPE and os.path.isfile(source.path) and os.path.isfile(path):
        status = os.stat(source.path)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

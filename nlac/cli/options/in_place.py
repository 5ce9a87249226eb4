"""Options of commands that replace nlac files, unless they are given an output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nlac.cli._files import PIPE, Input, Outputs, find_inputs
from nlac.cli.options.bundles import (
    bundled,
    force_option,
    json_option,
    mtime_option,
    output_option,
)
from nlac.cli.options.search import search_options

Times = tuple[int, int]


@dataclass(frozen=True, slots=True)
class InPlaceOptions:
    """What `in_place_options` were given."""

    output: str | None
    force: bool
    recursive: bool
    include: tuple[str, ...]
    preserve_mtime: bool
    as_json: bool

    def find(self, names: Sequence[str]) -> tuple[list[Input], Outputs]:
        """Find the inputs, and what gives each of them its output where ``-o`` was given."""
        inputs = find_inputs(
            names,
            recursive=self.recursive,
            include=self.include,
            suffixes=frozenset({".nlac"}),
        )
        return inputs, Outputs(self.output, self.recursive or len(inputs) > 1, self.force)

    def place(self, outputs: Outputs, source: Input) -> str:
        """Return the path of an output; that of the input itself where it is replaced."""
        if self.output is None:
            return source.path
        name = "stdin.nlac" if source.is_pipe else Path(source.path).name
        return outputs.place(source, name)

    def times(self, source: Input) -> Times | None:
        """Return the times of an input, before it is replaced; None if they do not matter."""
        if not self.preserve_mtime or not os.path.isfile(source.path):
            return None
        status = os.stat(source.path)
        return status.st_atime_ns, status.st_mtime_ns

    def finish(self, times: Times | None, path: str) -> None:
        """Give a complete output the times of its input."""
        if times is not None and path != PIPE and os.path.isfile(path):
            os.utime(path, ns=times)


# of all commands that replace nlac files
in_place_options = bundled(
    InPlaceOptions,
    output_option("Output file or folder, instead of replacing the input; - is stdout."),
    force_option,
    json_option,
    search_options,
    mtime_option("Leave the time of modification as it is."),
)

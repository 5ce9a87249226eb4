"""Which files a command reads, and where it writes.

Names on the command line become `Input` objects; an `Outputs` object gives each
of them its place and refuses what would destroy something.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

import click

from nlac._descriptors import is_for_writing, own_descriptor
from nlac._errors import OutputExists, UsageError
from nlac._names import AUDIO_SUFFIXES
from nlac._urls import is_url, join_url, open_url, url_exists, url_name
from nlac.bitstream.constants import MAGIC
from nlac.cli import _streams
from nlac.cli.options.search import search

PIPE = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read.

    Parameters
    ----------
    path : str
        Its path or URL; ``"-"`` is standard input.
    folder : str
        Its place below the folder that was searched; empty when it was named itself.
    """

    path: str
    folder: str = ""

    def __str__(self) -> str:
        return "stdin" if self.is_pipe else self.path

    @property
    def is_pipe(self) -> bool:
        """Whether this is standard input."""
        return self.path == PIPE

    @property
    def stem(self) -> str:
        """What an output is called by."""
        if is_url(self.path):
            return Path(url_name(self.path)).stem or "audio"
        return "stdin" if self.is_pipe else Path(self.path).stem

    def file(self) -> str | BinaryIO:
        """Return the path, or standard input as a binary file."""
        return _streams.binary_input() if self.is_pipe else self.path

    @contextmanager
    def open(self) -> Iterator[BufferedReader]:
        """Open the file, or give standard input."""
        if self.is_pipe:
            yield cast(BufferedReader, _streams.binary_input())
        elif is_url(self.path):
            with open_url(self.path) as remote:
                yield cast(BufferedReader, remote)
        else:
            with open(self.path, "rb") as file:
                yield file


def find_inputs(
    names: Sequence[str], *, recursive: bool, include: Sequence[str], suffixes: frozenset[str]
) -> list[Input]:
    """Turn names on the command line into files, searching folders where asked to.

    Parameters
    ----------
    names : sequence of str
        Files, folders, ``"-"``.
    recursive : bool
        Whether folders are searched; a folder is an error otherwise.
    include : sequence of str
        Patterns for the files taken from folders, whose case does not matter; empty: judge by
        `suffixes`.
    suffixes : frozenset of str
        File name extensions with the dot, in lower case.
    """
    found: list[Input] = []
    for name in (PIPE if own_descriptor(name) == 0 else name for name in names):
        if name == PIPE or not Path(name).is_dir():
            found.append(Input(name))
        elif recursive:
            found += [Input(*each) for each in search(name, include, suffixes)]
        else:
            raise UsageError(f"{name}: is a folder; -r takes the files in it")
    if not found:
        raise UsageError(f"no file to read was found in {', '.join(names)}")
    if sum(each.is_pipe for each in found) > 1:
        raise UsageError("standard input (-) can be read only once")
    return found


def writes_to_stdout(inputs: Sequence[Input], output: str | None) -> bool:
    """Tell whether the output of one of the inputs is standard output.

    Parameters
    ----------
    inputs : sequence of Input
        The inputs.
    output : str or None
        Where they go, as in `Outputs`.
    """
    return output == PIPE or (output is None and any(each.is_pipe for each in inputs))


def split_arguments(
    names: Sequence[str], output: str | None, is_output: Callable[[str], bool]
) -> tuple[list[str], str | None]:
    """Tell inputs from an output that was given as the last argument.

    Parameters
    ----------
    names : sequence of str
        The arguments.
    output : str or None
        What ``-o`` gave; then all of `names` are inputs.
    is_output : callable
        Judges the second of two arguments.
    """
    inputs = list(names)
    if output is None and len(inputs) == 2:
        number = own_descriptor(inputs[1])
        to_write = inputs[1] == PIPE or (number is not None and is_for_writing(number))
        if to_write or is_output(inputs[1]):
            output = inputs.pop()
    if output is not None and own_descriptor(output) == 1:
        output = PIPE
    return inputs, output


class Passed(Exception):
    """A file was left alone on purpose.

    Parameters
    ----------
    output : str
        Its output.
    why : str
        The word for it in JSON: ``"exists"``, ``"newer"`` or ``"dry run"``.
    text : str
        The same for people.
    """

    def __init__(self, output: str, why: str, text: str) -> None:
        super().__init__(text)
        self.output = output
        self.why = why


@dataclass(slots=True)
class Outputs:
    """Gives each input its output.

    Parameters
    ----------
    output : str or None
        File, folder or ``"-"``; None: beside the input.
    many : bool
        Whether there are several inputs, so that `output` is a folder.
    force : bool
        Whether files may be replaced.
    existing : str
        What becomes of an existing file that may not be replaced: ``"refuse"`` it, ``"skip"``
        it, or ``"update"`` it if it is older than its input.
    dry_run : bool
        Whether nothing is to be written at all.
    """

    output: str | None
    many: bool
    force: bool
    existing: str = "refuse"
    dry_run: bool = False
    _written: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.many and self.output == PIPE:
            raise UsageError("several inputs can't go to standard output; use -o FOLDER")
        if self.many and self.output is not None and Path(self.output).is_file():
            raise UsageError(f"-o {self.output} is a file; several inputs need a folder")
        if self.many and self.output is not None and _looks_like_a_file(self.output):
            raise UsageError(
                f"-o {self.output} looks like a file, and several inputs need a folder; "
                f"-o {self.output}/ insists"
            )

    @property
    def is_folder(self) -> bool:
        """Whether `output` is a folder, there already or to be made."""
        return self.output not in (None, PIPE) and (
            self.many or str(self.output).endswith(("/", os.sep)) or Path(str(self.output)).is_dir()
        )

    def is_pipe(self, source: Input) -> bool:
        """Whether the output for an input is standard output."""
        return writes_to_stdout([source], self.output)

    def is_named(self, source: Input) -> bool:
        """Whether the output for an input needs no name of its own."""
        return self.is_pipe(source) or (self.output is not None and not self.is_folder)

    def place(self, source: Input, name: str) -> str:
        """Return where the output of an input goes, and make its folder.

        Parameters
        ----------
        source : Input
            The input.
        name : str
            File name of the output, where the user named none.

        Raises
        ------
        OutputExists
            If the file exists and may not be replaced, or was written by this very run.
        UsageError
            If it is the input itself, or stdout is a terminal.
        Passed
            If the input is to be left alone, because of its output or in a dry run.
        """
        path = self._place(source, name)
        if self.dry_run:
            verb = "replaced" if path != PIPE and os.path.isfile(path) else "written"
            raise Passed(path, "dry run", f"would be {verb}")
        return path

    def _place(self, source: Input, name: str) -> str:
        if self.is_pipe(source):
            if sys.stdout.isatty() and not (self.force or self.dry_run):
                raise UsageError("refusing to write binary data to a terminal; -f insists")
            return PIPE
        if is_url(self.output):
            return self._place_by_url(source, name, str(self.output))
        if self.is_folder:
            folder = Path(str(self.output), source.folder)
            if not self.dry_run:
                folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
        elif self.output is not None:
            path = Path(self.output)
        elif is_url(source.path):
            path = Path(name)
        elif own_descriptor(source.path) is not None:
            raise UsageError(f"{source} has no name to call its output by; -o names that")
        else:
            path = Path(source.path).with_name(name)
        self._check(source, path)
        return str(path)

    def _place_by_url(self, source: Input, name: str, output: str) -> str:
        url = join_url(output, source.folder, name) if self.is_folder else output
        if url in self._written:
            raise OutputExists(f"{url} was just written from {self._written[url]}")
        if self.existing == "update":
            raise UsageError("--update compares times of files, which URLs do not have")
        if not self.force and url_exists(url):
            if self.existing == "skip":
                raise Passed(url, "exists", "exists, skipped")
            raise OutputExists(f"{url} exists; -f replaces it")
        self._written[url] = str(source)
        return url

    def _check(self, source: Input, path: Path) -> None:
        if own_descriptor(path) is not None:
            # opened by the caller, who knows what it is
            return
        if not (path.absolute().parent.is_dir() or (self.dry_run and self.is_folder)):
            raise UsageError(f"the folder {path.parent} does not exist; -o {path.parent}/ makes it")
        if path.exists() and not path.is_file():
            # a device or named pipe: nothing can be lost
            return
        is_file = not (source.is_pipe or is_url(source.path))
        if is_file and path.exists() and path.samefile(source.path):
            raise UsageError(f"the output would replace the input itself ({path})")
        real = os.path.realpath(path)
        if real in self._written:
            raise OutputExists(f"{path} was just written from {self._written[real]}")
        if path.is_file() and not self.force:
            self._pass_existing(source, path)
        self._written[real] = str(source)

    def _pass_existing(self, source: Input, path: Path) -> None:
        """Raise unless an existing output is to be replaced because it is old."""
        if self.existing == "refuse":
            raise OutputExists(f"{path} exists; -f replaces it")
        if self.existing == "skip":
            raise Passed(str(path), "exists", "exists, skipped")
        is_file = os.path.isfile(source.path)
        if not is_file or path.stat().st_mtime_ns >= os.stat(source.path).st_mtime_ns:
            raise Passed(str(path), "newer", "is not older, skipped")


def _looks_like_a_file(output: str) -> bool:
    if output.endswith(("/", os.sep)) or Path(output).is_dir():
        return False
    return Path(output).suffix.lower() in AUDIO_SUFFIXES | {".nlac", ".raw", ".pcm"}


def sink(path: str) -> str | BinaryIO:
    """Return a path as it is, and ``"-"`` as standard output in binary."""
    return _streams.binary_output() if path == PIPE else path


def _add_models(ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]) -> None:
    if paths:
        from nlac.predictors.networks.models import open_model

        for path in paths:
            open_model(path)


def model_option(command: Callable[..., object]) -> Callable[..., object]:
    """Add the option by which a decoder is given models that it would not find."""
    return click.option(
        "--model",
        metavar="PATH",
        multiple=True,
        expose_value=False,
        callback=_add_models,
        help="A model that streams of cnn or gru may need; may be repeated.",
    )(command)


def is_stream(path: str) -> bool:
    """Tell whether a regular file begins like an nlac stream.

    Of a named pipe nothing is read, for it could not be put back, nor of a URL.
    """
    if is_url(path) or (os.path.exists(path) and not os.path.isfile(path)):
        return False
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC

"""What the user sees: messages, warnings, progress, colour, and the gravest exit code.

Everything here goes to stderr, except what `say` prints when stdout is free.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

import click

from nlac._errors import UNEXPECTED, exit_code
from nlac._log import logger
from nlac.cli import _interrupt
from nlac.cli._limits import check_address_space

F = TypeVar("F", bound=Callable[..., Any])


class Progress(Protocol):
    """Shows how far a job is: done, in all, and a remark if there is something to it."""

    def __call__(self, done: int, total: int | None, /, remark: str = "") -> None:
        """Show it."""


# from harmless to grave: damage must not hide behind a file that was merely in the way
_GRAVITY = (0, 5, 2, 1, 4, 3, UNEXPECTED)
# the library's words for what the command line calls otherwise
_OPTIONS = (
    r"(?<![-\w])(audio_only|ignore_sizes|block_seconds|entry_seconds|strip_chunks|max_output"
    r"|reencode)\b|\b(?:raw|cuesheet)="
)
_TRACES = logging.Formatter()
_COLOURS = {logging.ERROR: "red", logging.WARNING: "yellow"}


def verbosity_options(command: F) -> F:
    """Add ``-q`` and ``-v`` to a command; they take effect before it runs."""
    quiet = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=lambda ctx, param, value: _set_level(ctx, -1) if value else None,
        help="Say nothing but errors.",
    )
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=lambda ctx, param, value: _set_level(ctx, value) if value else None,
        help="Say more; twice: say all, and show where an error arose.",
    )
    return quiet(verbose(command))


def _set_level(ctx: click.Context, level: int) -> None:
    if ctx.meta.get("nlac.level", level) * level < 0:
        raise click.UsageError("-q and -v contradict each other.", ctx)
    ctx.meta["nlac.level"] = level
    levels = {-1: logging.ERROR, 1: logging.INFO}
    logger.setLevel(levels.get(level, logging.DEBUG))


def is_quiet() -> bool:
    """Tell whether ``-q`` was given."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and ctx.meta.get("nlac.level", 0) < 0


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        label = record.levelname.lower()
        style = _COLOURS.get(record.levelno)
        if style and _colourful():
            label = click.style(label, fg=style, bold=True)
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + _TRACES.formatException(record.exc_info)
        # where nobody can be told, the exit code has to do
        with suppress(OSError):
            click.echo(f"nlac: {label}: {text}", err=True)


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Show on stderr what the package logs: warnings and errors, until ``-v`` asks for more."""
    before = logger.level, logger.propagate
    handler = _StderrHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def _colourful() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def say(message: str, *, stdout_is_data: bool = False) -> None:
    """Print a result: on stdout, or on stderr where stdout carries data; with ``-q`` not at all."""
    if not is_quiet():
        click.echo(message, err=stdout_is_data)


def say_beside_bar(message: str) -> None:
    """Print a result on stdout while a progress bar is on the screen."""
    from tqdm import tqdm

    with tqdm.external_write_mode():
        say(message)


def report_error(error: BaseException, name: str | None = None) -> int:
    """Print an error with the file that it concerns, and return its exit code."""
    message = wording(error, name)
    logger.error(f"{name}: {message}" if name else message)
    logger.debug("this error arose here:", exc_info=error)
    return exit_code(error)


def report_wrong_use(error: click.ClickException) -> int:
    """Print what click has to say, as other errors are printed, and return its exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    text = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        text = f"no such option: {error.option_name}"
        if error.possibilities:
            import difflib

            (closest,) = difflib.get_close_matches(error.option_name, error.possibilities, 1, 0)
            text += f"; did you mean {closest}?"
    ctx = getattr(error, "ctx", None)
    where = f" ({ctx.command_path} --help tells more)" if ctx is not None else ""
    logger.error(f"{text[:1].lower()}{text[1:]}{where}")
    return error.exit_code


def wording(error: BaseException, name: str | None) -> str:
    """Return what to tell of an error, in the words of the command line."""
    if isinstance(error, OSError) and error.strerror:
        elsewhere = error.filename is not None and os.fspath(error.filename) != name
        return f"{error.strerror}: {error.filename}" if elsewhere else error.strerror
    if isinstance(error, MemoryError):
        return str(error) or "not enough memory; fewer threads (-j) or shorter blocks need less"
    text = re.sub(
        _OPTIONS, lambda match: "--" + match[0].rstrip("=").replace("_", "-"), str(error)
    )
    if exit_code(error) == UNEXPECTED:
        said = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return f"unexpected {said}; this is a fault of nlac, please report it (-vv shows where)"
    return text or type(error).__name__


def ends_the_run(error: Exception) -> bool:
    """Tell whether an error concerns the whole run, and not only the file of the moment."""
    return (
        isinstance(
            error, (BrokenPipeError, click.ClickException, click.Abort, click.exceptions.Exit)
        )
        # what comes up after a signal is no fault of the file
        or _interrupt.happened()
    )


def gravest(first: int, second: int) -> int:
    """Return the graver of two exit codes."""
    return max(first, second, key=_GRAVITY.index)


def each_file(names: list[Any], work: Callable[[Any], int | None]) -> int:
    """Do one file after the other; an error, whatever it is, ends the file, not the run.

    Parameters
    ----------
    names : list
        The files; ``str()`` gives the name for messages.
    work : callable
        Takes one of `names`; returns an exit code, or None for 0.

    Returns
    -------
    int
        The gravest exit code.
    """
    code = 0
    for name in names:
        try:
            code = gravest(code, work(name) or 0)
        except Exception as error:
            if ends_the_run(error):
                raise
            code = gravest(code, report_error(error, str(name)))
    return code


def _columns() -> int | None:
    """Width of the terminal as it tells; None if it does not."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):
        return None


@contextmanager
def progress_bar(
    title: str, unit: str = " frames", first: int = 0
) -> Iterator[Progress | None]:
    """Show a progress bar while the context lasts; on a terminal only.

    What was done before, `first`, counts neither for the speed nor for the time left.

    Yields
    ------
    callable or None
        ``progress(done, total)``, in `unit`; None where nothing is to be shown.
    """
    if is_quiet() or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    # some terminals, such as those of expect, call themselves 0 columns wide: no bar fits there
    width = 80 if _columns() == 0 else None
    # short jobs come and go without a bar
    with tqdm(
        desc=title, unit=unit, unit_scale=True, leave=False, delay=0.5,
        dynamic_ncols=width is None, ncols=width, initial=first,
    ) as bar:  # fmt: skip

        def progress(done: int, total: int | None, /, remark: str = "") -> None:
            bar.total = total
            if remark:
                bar.set_postfix_str(remark, refresh=False)
            bar.update(done - bar.n)

        yield progress


def before_coding() -> None:
    """See that there is memory to code in, and arrange for a line when kernels need compiling.

    Raises
    ------
    MemoryError
        A limit is too low; libraries would end the process in the middle of an output.
    """
    check_address_space()
    if is_quiet() or not sys.stderr.isatty():
        return
    from nlac.kernels.jit import when_compiling
    from nlac.kernels.mode import MODE, Mode

    if MODE is not Mode.JIT:
        return
    from nlac.kernels.cache import cache_folder

    def announce() -> None:
        often = "once" if cache_folder() else "each time, for no cache folder can be written"
        click.echo(f"nlac: compiling for this machine ({often}); this takes a while ...", err=True)

    when_compiling(announce)

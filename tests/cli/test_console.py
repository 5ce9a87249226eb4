"""Messages, progress and colour, with and without a terminal."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator

import click
import pytest

from nlac._errors import CorruptStream, NotRestorable, OutputExists
from nlac._log import logger
from nlac.cli import _console
from nlac.kernels import jit as _kernels


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def terminal() -> Iterator[Terminal]:
    with contextlib.redirect_stderr(Terminal()) as screen:
        yield screen


def test_progress_on_a_terminal() -> None:
    with terminal() as screen, _console.progress_bar("song.wav") as progress:
        assert progress is not None
        progress(0, 1000)
        time.sleep(0.55)
        progress(500, 1000)
    assert "song.wav:  50%" in screen.getvalue()


def test_progress_on_a_terminal_without_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "_columns", lambda: 0)
    with terminal() as screen, _console.progress_bar("song.wav") as progress:
        assert progress is not None
        progress(0, 1000)
        time.sleep(0.55)
        progress(500, 1000)
    assert "song.wav:  50%" in screen.getvalue()


def test_short_jobs_show_none() -> None:
    with terminal() as screen, _console.progress_bar("song.wav") as progress:
        assert progress is not None
        progress(1000, 1000)
    assert "song.wav" not in screen.getvalue()


def test_no_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with _console.progress_bar("song.wav") as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.jit
def test_compiling_is_told_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kernels, "when_compiling", lambda announce: announce())
    with terminal() as screen:
        _console.before_coding()
    assert "compiling" in screen.getvalue()


def test_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    with terminal() as screen, _console.logging_to_stderr():
        logger.error("bad")
        monkeypatch.setenv("NO_COLOR", "1")
        logger.error("plain")
    coloured, plain = screen.getvalue().splitlines()
    assert "\x1b[" in coloured
    assert plain == "nlac: error: plain"


def test_no_colour_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with _console.logging_to_stderr():
        logger.warning("odd")
        logger.info("not told")
    assert capsys.readouterr().err == "nlac: warning: odd\n"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (FileNotFoundError(2, "No such file", "a.wav"), 1, "a.wav: No such file"),
        (PermissionError(13, "Permission denied", "dir"), 1, "a.wav: Permission denied: dir"),
        (OutputExists("b exists"), 5, "a.wav: b exists"),
        (NotRestorable("try audio_only"), 1, "a.wav: try --audio-only"),
        (MemoryError(), 1, "a.wav: not enough memory; fewer threads"),
        (CorruptStream("bad", offset_bytes=9, block_index=2), 3, "a.wav: bad (at byte 9, block 2)"),
    ],
)
def test_errors(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with _console.logging_to_stderr():
        assert _console.report_error(error, "a.wav") == code
    assert capsys.readouterr().err.startswith(f"nlac: error: {text}")


def test_no_error_of_a_file_ends_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    done = []

    def work(name: str) -> None:
        done.append(name)
        if name == "deep.nlac":
            raise RecursionError("too deep")
        if name == "end.nlac":
            raise EOFError

    with _console.logging_to_stderr():
        assert _console.each_file(["deep.nlac", "end.nlac", "good.nlac"], work) == 70
    assert done == ["deep.nlac", "end.nlac", "good.nlac"]
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("nlac: error: deep.nlac: unexpected RecursionError: too deep; ")
    assert second.startswith("nlac: error: end.nlac: unexpected EOFError; ")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, BrokenPipeError, click.Abort, click.exceptions.Exit]
)
def test_what_ends_the_run(error: type[BaseException]) -> None:
    def work(name: str) -> None:
        raise error

    with pytest.raises(error):
        _console.each_file(["a.nlac", "b.nlac"], work)


def test_gravest() -> None:
    assert _console.gravest(0, 5) == 5
    assert _console.gravest(5, 1) == 1
    assert _console.gravest(3, 5) == 3
    assert _console.gravest(4, 1) == 4
    assert _console.gravest(3, 70) == 70
    assert _console.gravest(0, 0) == 0

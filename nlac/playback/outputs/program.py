"""Programs that play what comes through a pipe."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import BinaryIO, cast

from nlac._errors import PlayerError
from nlac._files import ForwardWriter
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.wav import WavSink
from nlac.playback.outputs.base import OutputFormat

_ALSA = {"int16": "S16_LE", "int32": "S32_LE", "float32": "FLOAT_LE"}


def _sox(form: OutputFormat) -> list[str]:
    encoding = "floating-point" if form.dtype == "float32" else "signed-integer"
    return [
        *("-q", "-t", "raw", "-r", str(form.sample_rate), "-c", str(form.channels)),
        *("-b", str(form.bits), "-e", encoding, "-L", "-"),
    ]


# arguments of each program, in the order in which they are looked for
_ARGUMENTS: dict[str, Callable[[OutputFormat], list[str]]] = {
    "ffplay": lambda form: ["-nodisp", "-autoexit", "-loglevel", "error", "-f", "wav", "-i", "-"],
    "mpv": lambda form: ["--no-video", "--no-terminal", "--gapless-audio=yes", "-"],
    "aplay": lambda form: [
        *("-q", "-t", "raw", "-f", _ALSA[form.dtype]),
        *("-r", str(form.sample_rate), "-c", str(form.channels), "-"),
    ],
    # it reads what libsndfile reads; only later versions take raw samples
    "pw-play": lambda form: ["-"],
    "play": _sox,
}
PROGRAMS = tuple(_ARGUMENTS)
# they are told the format by a header
_WITH_HEADER = ("ffplay", "mpv", "pw-play")


def installed() -> str | None:
    """The first of `PROGRAMS` that is installed, or None."""
    return next((name for name in PROGRAMS if shutil.which(name)), None)


class ProgramOutput:
    """A program that plays.

    Parameters
    ----------
    form : OutputFormat
        What will be written.
    name : str
        One of `PROGRAMS`.

    Raises
    ------
    PlayerError
        It can't be started.
    """

    def __init__(self, form: OutputFormat, name: str) -> None:
        self._form = form
        self._name = name
        self._written = 0
        self._begin = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [name, *_ARGUMENTS[name](form)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )
        except OSError as error:
            raise PlayerError(f"{name}: {error.strerror}") from error
        assert self._process.stdin is not None
        self._pipe = self._process.stdin
        if name in _WITH_HEADER:
            fmt = AudioFormat(
                form.sample_rate, form.channels, form.bits, is_float=form.dtype == "float32"
            )
            # a pipe, of a length that nobody knows
            WavSink(cast(BinaryIO, ForwardWriter(cast(BinaryIO, self._pipe))), fmt, "wav", None)

    def write(self, data: bytes) -> None:
        """Play bytes; see `Output.write`."""
        self._put(data)
        self._written += len(data) // self._form.frame_bytes

    def _put(self, data: bytes) -> None:
        try:
            self._pipe.write(data)
            self._pipe.flush()
        except OSError as error:
            self.stop()
            raise PlayerError(
                f"{self._name} ended before the sound did (status {self._process.returncode}); "
                "it may have found no sound device"
            ) from error

    def heard(self) -> int:
        """Frames that have been heard, by the clock: the program does not tell."""
        passed = int((time.monotonic() - self._begin) * self._form.sample_rate)
        return min(self._written, passed)

    def end(self) -> None:
        """Close the pipe."""
        with contextlib.suppress(OSError):
            self._pipe.close()

    def has_ended(self) -> bool:
        """Whether the program has; see `Output.has_ended`."""
        status = self._process.poll()
        if status:
            raise PlayerError(f"{self._name} failed (status {status})")
        return status is not None

    def stop(self) -> None:
        """Be silent at once, and close."""
        self._process.kill()
        self.end()
        self._process.wait()


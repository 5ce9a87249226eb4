"""The program ``flac`` as a decoder of FLAC files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from typing import BinaryIO, cast

from nlac._errors import MissingDependency, UnsupportedAudio
from nlac._typing import Samples
from nlac.audio.base import AudioSource
from nlac.audio.flac.metadata import FlacInfo

_PROGRAM = "flac"
# its messages on damage begin so; the rest are banners and warnings of what was left out on purpose
_FAULTS = ("ERROR", "error code", "FLAC__")


def find_program() -> str | None:
    """Return the path of the program ``flac``, or None."""
    return shutil.which(_PROGRAM)


def fault_in(messages: bytes, code: int) -> str:
    """Return what the program said was wrong, or else its exit code."""
    lines = messages.decode(errors="replace").splitlines()
    faults = [line for line in lines if any(word in line for word in _FAULTS)]
    return faults[0].strip("-: *") if faults else f"exit code {code}"


class ProgramDecoder:
    """Samples of a FLAC file from the program ``flac``.

    The file must tell neither length nor MD5: the program then writes samples without
    padding, however many there are.

    Parameters
    ----------
    file : binary file object
        A real file, at its beginning.
    info : FlacInfo
        Format of the samples.

    Raises
    ------
    MissingDependency
        The program is not there.
    """

    def __init__(self, file: BinaryIO, info: FlacInfo) -> None:
        program = find_program()
        if program is None:
            kind = f"{info.bits_per_sample} bits" + ("" if info.md5 else " without MD5")
            raise MissingDependency(
                f"a FLAC file of {kind} is decoded by the program flac, which is not on PATH; "
                "install it, or convert the file to WAV"
            )
        self._program = program
        self._file = file
        self._info = info
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._source: AudioSource | None = None

    def read(self, frames: int) -> Samples:
        """Return up to `frames` frames, fewer only at the end.

        Raises
        ------
        UnsupportedAudio
            The program found damage.
        """
        if self._source is None:
            self._source = self._start()
        samples = self._source.read(frames)
        if len(samples) < frames:
            self._end(self._source)
        return samples

    def close(self) -> None:
        """End the program."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._messages.close()

    def _start(self) -> AudioSource:
        from nlac.audio.source import open_source

        self._process = subprocess.Popen(
            [self._program, "--decode", "--silent", "--stdout", "-"],
            stdin=self._file,
            stdout=subprocess.PIPE,
            stderr=self._messages,
        )
        try:
            source = open_source(cast(BinaryIO, self._process.stdout), ignore_sizes=True)
        except UnsupportedAudio as error:
            raise self._failure() from error
        found = source.format
        if (found.channels, found.bits_per_sample, found.is_float) != (
            self._info.channels,
            self._info.bits_per_sample,
            False,
        ):
            raise UnsupportedAudio(
                f"flac decodes {found.channels} channels of {found.bits_per_sample} bits from a "
                f"file that announces {self._info.channels} of {self._info.bits_per_sample}"
            )
        return source

    def _end(self, source: AudioSource) -> None:
        assert self._process is not None
        if any(source.tail()) or self._process.wait():
            raise self._failure()

    def _failure(self) -> UnsupportedAudio:
        """What the program said, as an error."""
        assert self._process is not None
        self._process.wait()
        self._messages.seek(0)
        said = fault_in(self._messages.read(1 << 16), self._process.returncode)
        return UnsupportedAudio(f"the FLAC file is damaged (flac says: {said})")

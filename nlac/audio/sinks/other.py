"""Write formats of libsndfile (FLAC, CAF, AU and more) that hold the samples exactly."""

from __future__ import annotations

import tempfile
from typing import Any, BinaryIO

import numpy as np

from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import AnyArray, Samples
from nlac.audio._libsndfile import GuardedFile, load_soundfile
from nlac.audio.format import AudioFormat
from nlac.audio.packing import container_bytes, left_justified
from nlac.audio.reader import PIECE_BYTES
from nlac.audio.sinks.base import Sink, check_shape, write_all

_SUBTYPES = {
    1: ("PCM_S8", "PCM_U8"),
    2: ("PCM_16",),
    3: ("PCM_24",),
    4: ("PCM_32",),
}


class SoundfileSink(Sink):
    """A file that libsndfile writes.

    libsndfile needs to seek: for a pipe, or a file that does not stand at its beginning, it
    writes a temporary file, which `finish` copies.

    Parameters
    ----------
    file : binary file object
        Where to.
    fmt : AudioFormat
        What the samples are.
    container : str
        libsndfile's name of the format, in lower case.

    Raises
    ------
    UsageError
        If there is no such format.
    UnsupportedAudio
        If it cannot hold such samples exactly.
    """

    def __init__(self, file: BinaryIO, fmt: AudioFormat, container: str) -> None:
        soundfile = load_soundfile()
        self.format = fmt
        # libsndfile writes whole bytes only
        self.bits_per_sample = 8 * container_bytes(fmt.bits_per_sample)
        # the package asserts that all was written
        self._errors = (soundfile.SoundFileError, TypeError, ValueError, AssertionError)
        self._out = file
        major = container.upper()
        if container != container.lower() or major not in soundfile.available_formats():
            raise UsageError(f"unknown audio format {container!r}")
        subtype = _exact_subtype(soundfile, major, fmt)
        in_place = file.seekable() and file.tell() == 0
        copy: BinaryIO | None = None if in_place else tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._copy = copy
        self._guard = GuardedFile(copy or file)
        try:
            self._file: Any = soundfile.SoundFile(
                self._guard,
                "w",
                samplerate=fmt.sample_rate,
                channels=fmt.channels,
                format=major,
                subtype=subtype,
            )
        except (*self._errors, OverflowError) as error:
            if self._copy is not None:
                self._copy.close()
            self._guard.check()
            raise UnsupportedAudio(
                f"{major} cannot hold {fmt.channels} channels at {fmt.sample_rate} Hz; "
                "choose another container"
            ) from error

    def write(self, samples: Samples) -> None:
        """Append frames; see `Sink.write`."""
        fmt = self.format
        check_shape(samples, fmt)
        if fmt.is_float:
            if samples.dtype != np.float32:
                raise UnsupportedAudio(f"float32 samples are needed here, not {samples.dtype}")
            data: AnyArray = np.ascontiguousarray(samples)
        else:
            data = left_justified(samples, fmt.bits_per_sample)
        try:
            self._file.write(data)
        except self._errors as error:
            self._guard.check()
            raise OSError(f"libsndfile could not write: {error}") from error
        self._guard.check()

    def finish(self) -> None:
        """Let libsndfile complete the file; see `Sink.finish`."""
        self._file.close()
        self._guard.check()
        if self._copy is not None:
            with self._copy:
                self._copy.seek(0)
                while piece := self._copy.read(PIECE_BYTES):
                    write_all(self._out, piece)

    def close(self) -> None:
        """Close libsndfile's handle and the temporary file; see `Sink.close`."""
        self._file.close()
        if self._copy is not None:
            self._copy.close()


def _exact_subtype(soundfile: Any, major: str, fmt: AudioFormat) -> str:
    wanted = ("FLOAT",) if fmt.is_float else _SUBTYPES[container_bytes(fmt.bits_per_sample)]
    available = soundfile.available_subtypes(major)
    for subtype in wanted:
        if subtype in available:
            return subtype
    kind = "32-bit float" if fmt.is_float else f"{fmt.bits_per_sample}-bit"
    raise UnsupportedAudio(
        f"{major} (as libsndfile writes it) cannot hold {kind} samples exactly; choose another "
        "container, such as wav or caf"
    )

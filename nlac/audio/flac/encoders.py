"""FLAC output by the program ``flac``, which keeps depths that libsndfile rounds up."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from typing import BinaryIO

from nlac._errors import UnsupportedAudio
from nlac._typing import Samples
from nlac.audio.flac.metadata import MD5_PLACE
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing, container_bytes
from nlac.audio.reader import PIECE_BYTES
from nlac.audio.sinks.base import Sink, write_all
from nlac.audio.sinks.wav import WavSink

_PROGRAM = "flac"
# its messages on faults begin so; the rest are banners and warnings of what was left out on purpose
_FAULTS = ("ERROR", "error code", "FLAC__")


def find_program() -> str | None:
    """Return the path of the program ``flac``, or None."""
    return shutil.which(_PROGRAM)


def _fault_in(messages: bytes, code: int) -> str:
    """What the program said was wrong, or else its exit code."""
    lines = messages.decode(errors="replace").splitlines()
    faults = [line for line in lines if any(word in line for word in _FAULTS)]
    return faults[0].strip("-: *") if faults else f"exit code {code}"


def suits_program(fmt: AudioFormat) -> bool:
    """Tell whether the program is there, and keeps a depth that libsndfile does not."""
    bits = fmt.bits_per_sample
    is_odd = bits % 8 != 0 or bits == 32
    return not fmt.is_float and 4 <= bits <= 32 and is_odd and find_program() is not None


class ProgramSink(Sink):
    """A FLAC file of any depth from 4 to 32 bits (flac before 1.4: 24).

    The samples go to a temporary WAV file, which `finish` has encoded.

    Parameters
    ----------
    file : binary file object
        Where to.
    fmt : AudioFormat
        What the samples are: integers.
    block_length : int
        Samples of a FLAC frame.
    """

    def __init__(self, file: BinaryIO, fmt: AudioFormat, block_length: int) -> None:
        self._block_length = block_length
        self._out = file
        self.bits_per_sample = fmt.bits_per_sample
        self._packing = Packing(container_bytes(fmt.bits_per_sample))
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._wav: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._inner = WavSink(self._wav, fmt, "wav", None)

    def write(self, samples: Samples) -> None:
        """Append frames; see `Sink.write`."""
        self._inner.write(samples)
        self._md5.update(self._packing.pack(samples))

    def finish(self) -> None:
        """Encode the samples; see `Sink.finish`.

        Raises
        ------
        UnsupportedAudio
            If FLAC cannot hold them.
        """
        self._inner.finish()
        self._wav.flush()
        self._wav.seek(0)
        # lax: any rate and depth; without a channel map any number of channels needs no mask
        options = ["--silent", "--lax", "--channel-map=none", "--no-seektable"]
        options += [f"--blocksize={self._block_length}", "--stdout", "-"]
        with self._wav, tempfile.TemporaryFile() as packed:
            done = subprocess.run(
                [find_program() or "flac", *options],
                stdin=self._wav,
                stdout=packed,
                stderr=subprocess.PIPE,
                check=False,
            )
            if done.returncode:
                fault = _fault_in(done.stderr, done.returncode)
                raise UnsupportedAudio(
                    f"FLAC cannot hold this (flac says: {fault}); choose another container"
                )
            # into a pipe the program writes no MD5
            packed.seek(MD5_PLACE)
            packed.write(self._md5.digest())
            packed.seek(0)
            while piece := packed.read(PIECE_BYTES):
                write_all(self._out, piece)

    def close(self) -> None:
        """Remove the temporary file; see `Sink.close`."""
        self._wav.close()

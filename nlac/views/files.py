"""Recordings in files of other formats: plain samples, FLAC, and what libsndfile reads."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UnsupportedAudio
from nlac.audio._libsndfile import load_soundfile
from nlac.audio.base import AudioSource
from nlac.audio.packing import Packing
from nlac.audio.source import open_source
from nlac.views.base import PIECE_FRAMES, Recording

_FLAC_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


def open_file(path: str) -> Recording:
    """Open an audio file that is no nlac stream; see `nlac.views.recording.open_recording`."""
    with open(path, "rb") as stream, open_source(cast(BinaryIO, stream)) as source:
        packing, frames = source.packing, source.num_frames
        if isinstance(packing, Packing) and frames is not None:
            return _PlainRecording(path, source, packing, frames)
        sought = _sought(path, source)
        if sought is not None:
            return _SoundfileRecording(path, source, sought)
        return _DecodedRecording(path, source)


class _FileRecording(Recording):
    """A file that is read from one place at a time.

    Parameters
    ----------
    path : str
        Its path.
    source : AudioSource
        What tells its format.
    frames : int
        Its length.
    """

    def __init__(self, path: str, source: AudioSource, frames: int) -> None:
        super().__init__(path, source.container, source.format, frames, os.path.getsize(path))
        # seeking and reading go together
        self._lock = threading.Lock()


class _PlainRecording(_FileRecording):
    """Samples that lie in their file one after the other."""

    def __init__(self, path: str, source: AudioSource, packing: Packing, frames: int) -> None:
        super().__init__(path, source, frames)
        self._packing = packing
        self._begin = len(source.head)
        self._file = self._stack.enter_context(open(path, "rb"))  # noqa: SIM115

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        frame_bytes = self._packing.bytes_per_sample * self.channels
        with self._lock:
            self._file.seek(self._begin + start * frame_bytes)
            data = self._file.read((stop - start) * frame_bytes)
        if len(data) < (stop - start) * frame_bytes:
            raise UnsupportedAudio(
                f"{self.path} ends before frame {stop}: did another program change it?"
            )
        samples = self._packing.unpack(data, self.channels, first_frame=start)
        return self._given_out(samples)


class _SoundfileRecording(_FileRecording):
    """A file in which libsndfile finds every frame exactly."""

    def __init__(self, path: str, source: AudioSource, file: Any) -> None:
        super().__init__(path, source, int(file.frames))
        self._file = file
        self._stack.callback(file.close)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        kind = "float32" if self.is_float else "int32"
        try:
            with self._lock:
                self._file.seek(start)
                samples = self._file.read(stop - start, dtype=kind, always_2d=True)
        except (RuntimeError, ValueError) as error:
            raise UnsupportedAudio(
                f"{self.path} is damaged after frame {start}: {error}"
            ) from error
        if len(samples) < stop - start:
            raise UnsupportedAudio(f"{self.path} is damaged after frame {start + len(samples)}")
        if not self.is_float:
            # libsndfile gives integers left-justified
            samples >>= np.int32(32 - self.bits_per_sample)
        return self._given_out(samples)


class _DecodedRecording(_FileRecording):
    """A file that can be decoded only as a whole: its samples lie in a temporary file."""

    def __init__(self, path: str, source: AudioSource) -> None:
        super().__init__(path, source, 0)
        self._file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        try:
            while len(samples := source.read(PIECE_FRAMES)):
                self._file.write(np.ascontiguousarray(self._given_out(samples)).tobytes())
                self.frames += len(samples)
        except BaseException:
            self.close()
            raise

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        frame_bytes = self.dtype.itemsize * self.channels
        with self._lock:
            self._file.seek(start * frame_bytes)
            data = bytearray(self._file.read((stop - start) * frame_bytes))
        return np.frombuffer(data, self.dtype).reshape(-1, self.channels)


def _sought(path: str, source: AudioSource) -> Any:
    """Libsndfile's handle of a file of which it finds all frames exactly, or None."""
    # the length of lossy files is an estimate; in Ogg, places are
    if source.num_frames is None or source.container == "oga":
        return None
    soundfile = load_soundfile()
    try:
        file = soundfile.SoundFile(path)
    except (RuntimeError, TypeError, ValueError):
        return None
    bits = source.format.bits_per_sample
    # of FLAC, depths between those of whole bytes come as others
    same_depth = source.container != "flac" or _FLAC_BITS.get(file.subtype) == bits
    if same_depth and file.frames == source.num_frames:
        return file
    file.close()
    return None

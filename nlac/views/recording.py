"""Samples of any audio file at any place: nlac streams, WAV and its like, FLAC, and the rest."""

from __future__ import annotations

import os
import tempfile
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UnsupportedAudio, UsageError
from nlac._files import open_input
from nlac._typing import Samples
from nlac.api.arrays import SampleFormat, from_samples, output_dtype
from nlac.api.file import NlacFile
from nlac.audio._libsndfile import load_soundfile
from nlac.audio.base import AudioSource
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing
from nlac.audio.source import open_source
from nlac.bitstream.constants import MAGIC

# frames that are decoded at a time where a file must be decoded as a whole
_PIECE = 1 << 16
_FLAC_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


class Recording(ABC):
    """An audio file to take samples from, by several threads if need be.

    Parameters
    ----------
    path : str
        Where it was opened; empty for what has no place.
    container : str
        ``"nlac"``, ``"wav"``, ``"flac"`` and so on.
    fmt : AudioFormat
        What its samples are.
    frames : int
        Its length in frames.
    num_bytes : int or None
        Length of the file; None where it has none.
    """

    def __init__(
        self, path: str, container: str, fmt: AudioFormat, frames: int, num_bytes: int | None
    ) -> None:
        self.path = path
        self.container = container
        self.sample_rate = fmt.sample_rate
        self.channels = fmt.channels
        self.bits_per_sample = fmt.bits_per_sample
        self.is_float = fmt.is_float
        self.frames = frames
        self.num_bytes = num_bytes
        self._format = SampleFormat(fmt.bits_per_sample, fmt.is_float)
        self._stack = ExitStack()

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples: int16, int32 or float32."""
        return output_dtype(self._format, None)

    @property
    def full_scale(self) -> float:
        """The value that stands for 1.0: 2 to the power of the bits without the sign, or 1."""
        return 1.0 if self.is_float else 2.0 ** (self.bits_per_sample - 1)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Exact samples of a span.

        Parameters
        ----------
        start, stop : int
            First frame, and the frame after the last; what lies outside of the recording is
            left out.

        Returns
        -------
        ndarray, shape (frames, channels)
            int16 up to 16 bits, int32 above, right-justified; or float32.

        Raises
        ------
        CorruptStream
            A block that is needed is damaged.
        UnsupportedAudio
            A file of another format is damaged.
        """
        start = min(max(start, 0), self.frames)
        stop = min(max(stop, start), self.frames)
        if start == stop:
            return np.empty((0, self.channels), self.dtype)
        return self._read(start, stop)

    def read_float(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples of a span as float32, full scale being 1.0."""
        samples = self.read(start, stop)
        if self.is_float:
            return samples
        # the division by a power of two is exact
        return samples.astype(np.float32) / np.float32(self.full_scale)

    @abstractmethod
    def _read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples of a span that is not empty and inside of the recording."""

    def _given_out(self, samples: Samples) -> NDArray[Any]:
        return from_samples(samples, self._format, self.dtype, always_2d=True)

    def close(self) -> None:
        """Close what was opened here."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class StreamRecording(Recording):
    """An nlac stream: only the blocks that are touched are decoded.

    Parameters
    ----------
    file : NlacFile
        The opened stream.
    path : str
        Where it was opened, if anywhere.
    owned : bool
        Whether `close` closes the stream.
    """

    def __init__(self, file: NlacFile, path: str = "", *, owned: bool = False) -> None:
        fmt = AudioFormat(
            file.sample_rate,
            file.channels,
            file.bits_per_sample,
            is_float=file.is_float,
            channel_mask=file.channel_mask,
        )
        super().__init__(path, "nlac", fmt, file.frames, file.info.num_bytes)
        self.file = file
        if owned:
            self._stack.enter_context(file)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        samples: NDArray[Any] = self.file[start:stop]
        return samples.reshape(-1, self.channels)


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
            while len(samples := source.read(_PIECE)):
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


def open_recording(path: str | os.PathLike[str]) -> Recording:
    """Open an audio file to take samples from at any place.

    Parameters
    ----------
    path : path
        An nlac stream (a URL does, too), or any file that `nlac.encode` reads: WAV and its like
        and FLAC without a detour; of lossy files, and where the decoder cannot seek exactly, all
        is decoded to a temporary file first.

    Returns
    -------
    Recording
        A context manager.

    Raises
    ------
    FormatError
        A damaged nlac stream.
    UnsupportedAudio
        No audio that can be read.

    Examples
    --------
    >>> with open_recording("take.wav") as recording:      # doctest: +SKIP
    ...     second = recording.read(48_000, 96_000)
    """
    name = os.fspath(path)
    with open_input(name) as opened:
        if opened.read(len(MAGIC)) == MAGIC:
            return StreamRecording(NlacFile(name), name, owned=True)
    if not os.path.isfile(name):
        raise UsageError(f"{name}: audio of other formats is read from files only")
    with open(name, "rb") as stream, open_source(cast(BinaryIO, stream)) as source:
        packing, frames = source.packing, source.num_frames
        if isinstance(packing, Packing) and frames is not None:
            return _PlainRecording(name, source, packing, frames)
        sought = _sought(name, source)
        if sought is not None:
            return _SoundfileRecording(name, source, sought)
        return _DecodedRecording(name, source)


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

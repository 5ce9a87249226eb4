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
from nlac.api.render import audio_format
from nlac.audio._libsndfile import load_soundfile
from nlac.audio.base import AudioSource
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing
from nlac.audio.source import open_source
from nlac.bitstream.constants import MAGIC
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import FrameReader
from nlac.codec.decoder.workers import Workers

# frames that are decoded at a time where a file must be decoded as a whole
_PIECE = 1 << 16
# frames between places at which to begin, where any place does
_RUN_FRAMES = 1 << 20
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
    def borders(self) -> NDArray[np.int64]:
        """Frames at which decoding best begins, in ascending order, and the length."""
        return np.append(np.arange(0, self.frames, _RUN_FRAMES), self.frames)

    def around(self, frame: int) -> tuple[int, NDArray[Any]]:
        """Some samples around a frame, as many as come at no further cost.

        Returns
        -------
        first_frame : int
            Where they begin.
        samples : ndarray, shape (frames, channels)
        """
        start = max(0, frame - _PIECE // 2)
        return start, self.read(start, start + _PIECE)

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


class ArrayRecording(Recording):
    """Samples at hand.

    Parameters
    ----------
    samples : ndarray, shape (frames, channels)
        Integers of any width, or float32.
    sample_rate : int
        Frames a second.
    bits_per_sample : int
        Valid bits of integers.
    """

    def __init__(self, samples: NDArray[Any], sample_rate: int, bits_per_sample: int = 16) -> None:
        is_float = samples.dtype.kind == "f"
        bits = 32 if is_float else bits_per_sample
        fmt = AudioFormat(sample_rate, samples.shape[1], bits, is_float=is_float)
        super().__init__("", "array", fmt, len(samples), None)
        self._samples = samples

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples: that of the array."""
        return self._samples.dtype

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return self._samples[start:stop]


class StreamRecording(Recording):
    """An nlac stream: only the blocks, or the slices of blocks, that are touched are decoded.

    Parameters
    ----------
    reader : IndexedReader
        The stream.
    frames : FrameReader
        What decodes its frames.
    path : str
        Where it was opened, if anywhere.
    """

    def __init__(self, reader: IndexedReader, frames: FrameReader, path: str = "") -> None:
        fmt = audio_format(reader.header)
        super().__init__(path, "nlac", fmt, reader.num_frames, reader.num_bytes)
        self.reader = reader
        self._frames = frames

    @property
    def borders(self) -> NDArray[np.int64]:
        """First frames of the blocks, and the length."""
        first_frame = self.reader.first_frame
        return np.array([first_frame(i) for i in range(self.reader.num_blocks + 1)], np.int64)

    def around(self, frame: int) -> tuple[int, NDArray[Any]]:
        """The slice that a frame is in, or the block where it has no slices."""
        first, samples = self._frames.around(frame)
        return first, self._given_out(samples)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        result = np.empty((stop - start, self.channels), self.dtype)
        done = 0
        for samples in self._frames.pieces(start, stop):
            result[done : done + len(samples)] = self._given_out(samples)
            done += len(samples)
        return result


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
    with ExitStack() as stack:
        opened = stack.enter_context(open_input(name, seekable=True))
        if opened.read(len(MAGIC)) == MAGIC:
            opened.seek(0)
            reader = IndexedReader(opened)
            recording = StreamRecording(reader, FrameReader(reader, Workers(), None), name)
            recording._stack.push(stack.pop_all())
            return recording
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

"""One recording at the rate and with the channels of a dataset, in float."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from nlac._errors import MissingDependency, UnsupportedAudio
from nlac._typing import Samples
from nlac.training.data.decoding import Decoded, open_audio
from nlac.training.data.levels import FloatSamples

_IN_MEMORY_BYTES = 1 << 27


@dataclass(frozen=True, slots=True)
class Converted:
    """A recording at the rate of a dataset.

    Attributes
    ----------
    samples : (frames, channels) float32
        Full scale is 1.0. Long recordings are memory maps of a temporary file.
    rate, channels, bits, frames : int
        What the file holds.
    sha256 : str
        SHA-256 of its signed little-endian interleaved PCM, in whole bytes a sample.
    """

    samples: FloatSamples
    rate: int
    channels: int
    bits: int
    frames: int
    sha256: str


def convert(path: Path, rate: int, channels: int, *, resample: bool = True) -> Converted:
    """Read a recording, mix its channels and resample it.

    Parameters
    ----------
    path : Path
        Any audio file.
    rate : int
        Frames a second of the result.
    channels : {1, 2}
        1: the mean of all channels. 2: a mono recording has the same samples twice.
    resample : bool
        False: a recording of another rate is an error.

    Returns
    -------
    Converted
        A file of `rate` gives its samples unchanged. Others have
        ``round(frames * rate / its rate)`` frames, half rounded up.

    Raises
    ------
    UnsupportedAudio
        The file is empty, damaged, of another rate or with other channels than wanted, or has a
        sample that is not a number.
    MissingDependency
        ffmpeg or the package soxr is needed and missing.
    """
    with open_audio(path) as audio:
        if audio.rate != rate and not resample:
            raise UnsupportedAudio(f"its rate is {audio.rate} Hz, not {rate}")
        if audio.channels > 2 and channels == 2:
            raise UnsupportedAudio(f"it has {audio.channels} channels, which only mono mixes")
        digest = hashlib.sha256()
        counted = _Counted()
        floats = _floats(audio, digest.update, counted)
        with _Collected() as collected:
            for piece in _resampled(_mixed(floats, channels), audio.rate, rate, channels):
                collected.append(piece)
            if not counted.frames:
                raise UnsupportedAudio("it has no samples")
            wanted = counted.frames
            if audio.rate != rate:
                wanted = (2 * counted.frames * rate + audio.rate) // (2 * audio.rate)
            samples = collected.samples(wanted, channels)
        return Converted(
            samples, audio.rate, audio.channels, audio.bits, counted.frames, digest.hexdigest()
        )


class _Counted:
    """Frames that have been read."""

    frames = 0


def _floats(
    audio: Decoded, update: Callable[[bytes], None], counted: _Counted
) -> Iterator[FloatSamples]:
    """Samples with full scale at 1.0; integers of up to 24 bits exactly."""
    width = 4 if audio.is_float else (audio.bits + 7) // 8
    scale = np.float32(1.0 if audio.is_float else 2.0 ** (1 - audio.bits))
    for piece in audio.pieces:
        update(_pcm_bytes(piece, width))
        values: FloatSamples = piece.astype(np.float32) * scale
        if audio.is_float and not (finite := np.isfinite(values)).all():
            frame, channel = (int(at) for at in np.argwhere(~finite)[0])
            what = "NaN" if np.isnan(values[frame, channel]) else "infinity"
            raise UnsupportedAudio(f"{what} at frame {counted.frames + frame}, channel {channel}")
        counted.frames += len(piece)
        yield values


def _pcm_bytes(piece: Samples, width: int) -> bytes:
    words = np.ascontiguousarray(piece).astype(piece.dtype.newbyteorder("<"), copy=False)
    data: NDArray[np.uint8] = words.view(np.uint8).reshape(-1, piece.dtype.itemsize)
    return data[:, :width].tobytes()


def _mixed(floats: Iterator[FloatSamples], channels: int) -> Iterator[FloatSamples]:
    for piece in floats:
        if piece.shape[1] == channels:
            yield piece
        elif channels == 1:
            yield piece.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
        else:
            yield np.repeat(piece, channels, axis=1)


def _resampled(
    floats: Iterator[FloatSamples], source: int, target: int, channels: int
) -> Iterator[FloatSamples]:
    if source == target:
        yield from floats
        return
    soxr = load_soxr()
    stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality="VHQ")
    for piece in floats:
        yield stream.resample_chunk(piece)
    yield stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)


def load_soxr() -> Any:
    """Import the package soxr.

    Raises
    ------
    MissingDependency
        It is not installed.
    """
    try:
        import soxr
    except ImportError as error:
        raise MissingDependency("resampling needs soxr: pip install 'nlac[train]'") from error
    return soxr


class _Collected:
    """Pieces of a recording: in memory at first, in a temporary file when they get many."""

    def __init__(self) -> None:
        self._pieces: list[FloatSamples] = []
        self._num_bytes = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, piece: FloatSamples) -> None:
        self._pieces.append(piece)
        self._num_bytes += piece.nbytes
        if self._file is not None or self._num_bytes > _IN_MEMORY_BYTES:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
            for each in self._pieces:
                self._file.write(np.ascontiguousarray(each).data)
            self._pieces.clear()

    def samples(self, frames: int, channels: int) -> FloatSamples:
        """All samples, cut or filled with silence to a number of frames."""
        if self._file is not None:
            self._file.truncate(4 * frames * channels)
            self._file.flush()
            # the map holds the file when it is closed
            return np.memmap(self._file, np.float32, "r", shape=(frames, channels))
        found = np.concatenate(self._pieces) if self._pieces else np.zeros((0, channels))
        missing = max(0, frames - len(found))
        whole: FloatSamples = np.pad(found[:frames], ((0, missing), (0, 0))).astype(
            np.float32, copy=False
        )
        return whole

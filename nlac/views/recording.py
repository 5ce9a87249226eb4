"""Samples of any audio file at any place: nlac streams, WAV and its like, FLAC, and the rest."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import UsageError
from nlac._files import open_input
from nlac.api.file import NlacFile, opened_stream
from nlac.api.render import audio_format
from nlac.bitstream.constants import MAGIC
from nlac.views.base import ArrayRecording, Recording
from nlac.views.files import open_file

__all__ = ["ArrayRecording", "Recording", "StreamRecording", "open_recording"]


class StreamRecording(Recording):
    """An nlac stream: only the blocks, or the slices of blocks, that are touched are decoded.

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
        self._reader, self._frames = opened_stream(file)
        fmt = audio_format(self._reader.header)
        super().__init__(path, "nlac", fmt, file.frames, self._reader.num_bytes)
        self.file = file
        if owned:
            self._stack.enter_context(file)

    @property
    def borders(self) -> NDArray[np.int64]:
        """First frames of the blocks, and the length."""
        first_frame = self._reader.first_frame
        return np.array([first_frame(i) for i in range(self._reader.num_blocks + 1)], np.int64)

    def around(self, frame: int) -> tuple[int, NDArray[Any]]:
        """The slice that a frame is in, or the block where it has no slices."""
        first, samples = self._frames.around(frame)
        return first, self._given_out(samples)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        samples: NDArray[Any] = self.file[start:stop]
        return samples.reshape(-1, self.channels)


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
    return open_file(name)

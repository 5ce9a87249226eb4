"""What is played: files, the part of each, and its gain."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac._log import logger
from nlac.api.file import opened_stream
from nlac.audio.format import AudioFormat
from nlac.bitstream.items import Tags
from nlac.metadata.replay_gain import GainFilter
from nlac.playback.outputs.base import OutputFormat
from nlac.views.recording import StreamRecording, open_recording


class Track:
    """A file that is played. Several threads may use it.

    Parameters
    ----------
    path : path
        Any file that `open_recording` takes.
    gain : {"track", "album", "off"}
        Which gain of the tags is applied; the track's where there is none of the album. None
        is where the tags have none.

    Attributes
    ----------
    start, stop : int
        First frame to play, and the frame after the last.
    gain_db : float or None
        Gain that is applied, in decibels: no more than the peak allows.
    """

    def __init__(self, path: str | os.PathLike[str], gain: str = "off") -> None:
        self.path = os.fspath(path)
        self.recording = open_recording(path)
        self.start, self.stop = 0, self.recording.frames
        self._filter = None if gain == "off" else self._gain(gain)
        self.gain_db = None if self._filter is None else self._filter.decibels

    @property
    def form(self) -> OutputFormat:
        """How an output gets the samples."""
        recording = self.recording
        return OutputFormat.of(
            recording.sample_rate,
            recording.channels,
            recording.bits_per_sample,
            recording.is_float,
        )

    def read(self, start: int, stop: int) -> bytes:
        """Samples of a span for an output; exactly those of the file where there is no gain."""
        samples: NDArray[Any] = self.recording.read(start, stop)
        if self._filter is not None:
            samples = self._filter.apply(samples)
        return self.form.pack(samples, self.recording.bits_per_sample)

    def prepare(self, frame: int) -> None:
        """Have the block of a stream decoded that holds a frame, if it is to come."""
        if frame < self.stop and isinstance(self.recording, StreamRecording):
            self.recording.read(frame, frame + 1)

    def next_block(self, frame: int) -> int:
        """First frame of the block after that of a frame; the length if there is none."""
        if not isinstance(self.recording, StreamRecording) or frame >= self.recording.frames:
            return self.recording.frames
        reader, _frames = opened_stream(self.recording.file)
        return reader.first_frame(reader.block_of_frame(frame) + 1)

    def close(self) -> None:
        """Close the file."""
        self.recording.close()

    def _gain(self, kind: str) -> GainFilter | None:
        from nlac.metadata.files import read_file_tags

        try:
            tags = Tags(comments=read_file_tags(self.path).comments).to_item()
        except NlacError as error:
            # they may need a package that is not installed; sound does not
            logger.info(f"{self.path}: {error}")
            return None
        recording = self.recording
        fmt = AudioFormat(
            recording.sample_rate,
            recording.channels,
            recording.bits_per_sample,
            recording.is_float,
        )
        for each in dict.fromkeys((kind, "track")):
            try:
                return GainFilter([tags], fmt, each)
            except UsageError as error:
                logger.info(f"{self.path}: {error}")
        return None

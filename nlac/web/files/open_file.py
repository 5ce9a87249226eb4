"""A file that the page looks at: its samples, pictures, trace, and itself as WAV."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac.audio.format import AudioFormat
from nlac.playback.original import OriginalFile
from nlac.views.peaks import Overview
from nlac.views.recording import Recording, StreamRecording, open_recording
from nlac.web.files.refs import Kind
from nlac.web.files.tracing import PATIENCE_SECONDS, Tracing
from nlac.web.files.wav import WavView


class OpenFile:
    """A file that is looked at.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    tag : str
        Changes with the file.
    recording : Recording
        Its samples.
    """

    def __init__(self, path: Path, tag: str) -> None:
        self.path, self.tag = path, tag
        self.users = 0
        self.gone = False
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self.recording: Recording = self._stack.enter_context(open_recording(path))
        self._overview: Overview | None = None
        self._tracing: Tracing | None = None

    @property
    def overview(self) -> Overview:
        """Its waveform and spectrogram; all of them are gathered in the background."""
        with self._lock:
            if self._overview is None:
                overview, stop = Overview(self.recording), threading.Event()
                thread = threading.Thread(
                    target=_fill, args=(overview, stop), name="nlac-overview", daemon=True
                )
                # in this order: the thread ends before the recording is closed
                self._stack.callback(thread.join, PATIENCE_SECONDS)
                self._stack.callback(stop.set)
                thread.start()
                self._overview = overview
            return self._overview

    @property
    def tracing(self) -> Tracing:
        """What the stream says about itself.

        Raises
        ------
        UsageError
            It is no nlac file.
        """
        if not self.is_stream:
            raise UsageError("only nlac files have blocks, predictions and residuals")
        with self._lock:
            if self._tracing is None:
                self._tracing = Tracing(self.path, self.recording)
                self._stack.callback(self._tracing.close)
            return self._tracing

    @property
    def is_stream(self) -> bool:
        """Whether it is an nlac stream."""
        return isinstance(self.recording, StreamRecording)

    def wav(self, kind: Kind = "original") -> OriginalFile | WavView:
        """The recording as a WAV file, the original one if there is one; or a part of it.

        Raises
        ------
        UsageError
            Only nlac files have predictions and residuals.
        """
        if kind != "original":
            tracing, fmt = self.tracing, self.format()
            lowest = -(1 << fmt.bits_per_sample - 1)

            def read(start: int, stop: int) -> NDArray[Any]:
                values = tracing.read(start, stop, kind)
                # what was far from its prediction may not fit the samples' depth
                return values if fmt.is_float else np.clip(values, lowest, -lowest - 1)

            return WavView(fmt, self.recording.frames, read)
        if isinstance(self.recording, StreamRecording):
            original = OriginalFile(self.recording.file)
            exact = original.exact and self.recording.file.info.container == "wav"
            return original if exact else original.wav()
        return WavView(self.format(), self.recording.frames, self.recording.read)

    def format(self) -> AudioFormat:
        """What the samples are."""
        one = self.recording
        return AudioFormat(one.sample_rate, one.channels, one.bits_per_sample, one.is_float, 0)

    def close(self) -> None:
        """Close it."""
        self._stack.close()


def _fill(overview: Overview, stop: threading.Event) -> None:
    # of a damaged file what is intact is shown; who asks for the rest is told
    # or it was closed meanwhile
    with suppress(NlacError, OSError, ValueError):
        overview.fill(stop)

"""What `nlac analyze` tells of a file: facts, peaks and spectrograms, and what streams say."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from nlac._errors import NlacError, UnsupportedAudio
from nlac.views.columns import Peaks
from nlac.views.naming import display_name
from nlac.views.peaks import Overview
from nlac.views.recording import Recording, StreamRecording, open_recording
from nlac.views.streams import StreamView, view_stream

Progress = Callable[[int, int | None], None]

# name of the stream that is the file itself
OWN = "this stream"


@dataclass(slots=True)
class Analysis:
    """A file that has been looked at.

    Attributes
    ----------
    name : str
        Name of the file, for display.
    recording : Recording
        The file, open.
    overview : Overview
        Peaks and spectra of all of it.
    streams : dict of str to StreamView
        Streams of its samples by their names: the file itself, if it is one, and that of a preset.
    damage : list of str
        What could not be decoded.
    """

    name: str
    recording: Recording
    overview: Overview
    streams: dict[str, StreamView] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Facts about the file, plain values."""
        one = self.recording
        tags = dict(one.file.info.tags) if isinstance(one, StreamRecording) else {}
        return {
            "name": self.name,
            "bytes": one.num_bytes,
            "sample_rate": one.sample_rate,
            "channels": one.channels,
            "bits_per_sample": one.bits_per_sample,
            "is_float": one.is_float,
            "frames": one.frames,
            "seconds": one.seconds,
            "format": one.container,
            "tags": tags,
        }

    def peaks(self, columns: int) -> Peaks:
        """Peaks of the whole recording."""
        return self.overview.peaks(0, self.recording.frames, columns)

    def as_dict(self, columns: int) -> dict[str, Any]:
        """All that is known as plain values, peaks in so many columns."""
        return {
            **self.facts(),
            "peak_dbfs": self.peak_decibels(),
            "not_finite": self.not_finite(),
            "peaks": self.peaks(columns).as_dict(),
            "streams": {name: each.as_dict() for name, each in self.streams.items()},
            "damage": self.damage,
        }

    def peak_decibels(self) -> list[float | None]:
        """Largest finite value of each channel in dB below full scale; None of silence."""
        if self.overview.levels is not None:
            largest = self.overview.levels.largest()
        else:
            peaks = self.peaks(1)
            ends = zip(peaks.low[:, 0].tolist(), peaks.high[:, 0].tolist(), strict=True)
            largest = [max(-low, high) / self.recording.full_scale for low, high in ends]
        return [20 * math.log10(each) if each > 0 else None for each in largest]

    def not_finite(self) -> list[int]:
        """How many values of each channel are infinite or no numbers."""
        levels = self.overview.levels
        return [0] * self.recording.channels if levels is None else levels.not_finite()


def analyze(
    path: str | os.PathLike[str],
    *,
    against: str | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Look at an audio file.

    Parameters
    ----------
    path : path
        An nlac stream, or any file that `nlac.encode` reads.
    against : str, optional
        Encode it with this preset, to a temporary file, to look at that, too.
    progress : callable, optional
        ``progress(done, total)`` of the encoding, in frames.

    Returns
    -------
    Analysis
        Close its recording in the end.

    Raises
    ------
    FormatError, UnsupportedAudio
        The file cannot be read, or holds no samples. Of a stream with damaged blocks, the others
        are shown.
    """
    recording = open_recording(path)
    try:
        if not recording.frames:
            raise UnsupportedAudio(f"{os.fspath(path)}: holds no samples")
        overview = Overview(recording)
        overview.fill()
        damage = [display_name(text) for text in overview.damage]
        found = Analysis(display_name(Path(path).name), recording, overview, damage=damage)

        def tell(error: NlacError) -> None:
            if str(error) not in damage:
                damage.append(str(error))

        if isinstance(recording, StreamRecording):
            try:
                found.streams[OWN] = view_stream(path, tell)
            except NlacError as error:
                tell(error)
        if against is not None:
            found.streams[against] = _encoded(recording, against, progress)
    except BaseException:
        recording.close()
        raise
    return found


def _encoded(recording: Recording, preset: str, progress: Progress | None) -> StreamView:
    """What a stream says of the samples when a preset encodes them."""
    from nlac.api.stream_encoder import Encoder

    with tempfile.TemporaryDirectory(prefix="nlac-") as folder:
        path = Path(folder) / "against.nlac"
        with open(path, "w+b") as file:
            encoder = Encoder(
                sample_rate=recording.sample_rate,
                channels=recording.channels,
                bits_per_sample=recording.bits_per_sample,
                is_float=recording.is_float,
                # one that is unknown is refused
                preset=cast(Any, preset),
            )
            for start in range(0, recording.frames, 1 << 20):
                file.write(encoder.push(recording.read(start, start + (1 << 20))))
                if progress is not None:
                    progress(min(start + (1 << 20), recording.frames), recording.frames)
            file.write(encoder.finish())
        return view_stream(path)

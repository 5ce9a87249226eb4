"""Waveform and spectrogram of a whole recording at once, exact as soon as it has been decoded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac._parallel import ordered_map
from nlac.codec.decoder.workers import available_cores
from nlac.views.base import Recording, SilencedRecording
from nlac.views.columns import (
    FINE_FRAMES,
    Peaks,
    PeakStore,
    column_edges,
    peaks_of,
    plain,
)
from nlac.views.levels import LevelStore
from nlac.views.spectra import SpectrumStore
from nlac.views.spectrogram import check_picture, spectrogram

# frames that are seen, or not
PIECE_FRAMES = 1 << 16
# frames that are decoded at once for a picture; beyond, it shows what is known
_DIRECT_FRAMES = 1 << 20
# places to look at first, at most
_SPREAD = 256


class Stop(Protocol):
    """An event of `threading` or `multiprocessing`."""

    def is_set(self) -> bool:
        """Whether to stop."""


class Overview:
    """Peaks and spectra of a recording, which a thread may gather while others ask for pictures.

    Parameters
    ----------
    recording : Recording
        The recording, which stays open as long as this is used.

    Attributes
    ----------
    damage : list of str
        What could not be decoded, as far as that was tried; it stays unknown, and where single
        samples are asked for, silence stands for it.
    levels : LevelStore or None
        Of floats, how loud what has been seen is, and how much of it is not finite.

    Examples
    --------
    >>> overview = Overview(recording)                     # doctest: +SKIP
    >>> stop = threading.Event()                           # doctest: +SKIP
    >>> threading.Thread(target=overview.fill, args=(stop,)).start()   # doctest: +SKIP
    >>> overview.peaks(0, recording.frames, 1000).exact    # doctest: +SKIP
    False
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.damage: list[str] = []
        self._source = SilencedRecording(recording, self._note)
        frames, channels = recording.frames, recording.channels
        self._peaks = PeakStore(frames, channels, recording.dtype)
        self._spectra = SpectrumStore(frames, channels, recording.sample_rate)
        # decoding begins at borders; pieces between edges are seen or not
        self._borders = recording.borders
        self._edges = _cut(self._borders)
        self._seen = np.zeros(len(self._edges) - 1, np.bool_)
        self._known = self._seen.copy()
        self.levels = LevelStore(channels, self._edges) if recording.is_float else None
        self._guard = threading.Lock()
        # pieces that were asked for last and are not known: they come first
        self._wanted: range | None = None

    @property
    def progress(self) -> float:
        """Share of the recording that has been seen, 0 to 1."""
        return float(self._seen.mean()) if len(self._seen) else 1.0

    def fill(self, stop: Stop | None = None) -> None:
        """Go through the recording until all of it has been seen.

        Slices that are spread evenly come first, then what was asked for last, then the rest. What
        is damaged is left out.

        Parameters
        ----------
        stop : event, optional
            Ends the work early once it is set; calling again goes on.
        """

        def ended() -> bool:
            return stop is not None and stop.is_set()

        def look(frame: int) -> None:
            if not ended():
                self._see_around(frame)

        if not self._seen.any():
            for _ in ordered_map(look, self._spread(), available_cores()):
                pass
        for run in self._runs():
            if ended():
                return
            self._see(run)

    def glance(self, places: int) -> None:
        """See so many slices, spread evenly."""
        for frame in islice(self._spread(), places):
            self._see_around(frame)

    def peaks(self, start: int, stop: int, columns: int) -> Peaks:
        """Peaks of the columns of a span; see `nlac.views.columns.column_edges` for their borders.

        Up to a million frames are decoded for it. Of longer spans the answer covers what has been
        seen by now, which is a few slices at least.
        """
        recording = self.recording
        edges = column_edges(start, stop, columns, recording.frames)
        first, last = int(edges[0]), int(edges[-1])
        if first == last:
            return peaks_of(np.empty((1, recording.channels), recording.dtype)[:0], edges[:1])
        fine = last - first < FINE_FRAMES * (len(edges) - 1)
        if fine or (last - first <= _DIRECT_FRAMES and not self._all(self._seen, first, last)):
            samples, gaps = self._source.read_around_gaps(first, last)
            return peaks_of(samples, edges, first).without(gaps)
        self._look(first, last)
        # before the peaks: what comes meanwhile does not count
        complete = self._all(self._seen, first, last)
        exact = self._all(self._known, first, last)
        return self._peaks.peaks(edges, exact, complete)

    def samples(self, start: int, stop: int) -> NDArray[Any]:
        """Single samples of a span, shape (channels, frames)."""
        return self._source.read(start, stop).T

    def as_dict(self, start: int, stop: int, columns: int) -> dict[str, Any]:
        """Plain values for JSON: samples if there are no more than columns, else peaks."""
        start = min(max(start, 0), self.recording.frames)
        stop = min(max(stop, start), self.recording.frames)
        if stop - start <= columns:
            samples = plain(self.samples(start, stop))
            return {"start": start, "stop": stop, "samples": samples}
        return {**self.peaks(start, stop, columns).as_dict(), "progress": self.progress}

    def spectrogram(
        self, start: int, stop: int, width: int, height: int, channel: int = 0
    ) -> NDArray[np.uint8]:
        """Spectrogram as `nlac.views.spectrogram.spectrogram` makes it.

        Of long spans, columns come from the spectra that have been gathered; where none has been
        yet, from the nearest. Where the recording is damaged there is silence in the end.
        """
        check_picture(self.recording.channels, start, stop, width, height, channel)
        if stop - start <= _DIRECT_FRAMES:
            return spectrogram(self._source, start, stop, width, height, channel)
        self._look(start, stop)
        complete = self._all(self._seen, start, stop)
        return self._spectra.picture(start, stop, width, height, channel, complete)

    def _all(self, flags: NDArray[np.bool_], start: int, stop: int) -> bool:
        """Whether all pieces that a span touches have a flag."""
        pieces = self._pieces(start, stop)
        return bool(flags[pieces.start : pieces.stop].all())

    def _look(self, start: int, stop: int) -> None:
        """See some of a span of which nothing has been seen, and ask for the rest of it."""
        pieces = self._pieces(start, stop)
        seen = self._seen[pieces.start : pieces.stop]
        if seen.all():
            return
        with self._guard:
            self._wanted = pieces
        if not seen.any():
            self._see_around((start + stop) // 2)

    def _pieces(self, start: int, stop: int) -> range:
        """Numbers of the pieces that a span touches."""
        first, last = np.searchsorted(self._edges[1:], (start, stop - 1), side="right").tolist()
        return range(first, min(last + 1, len(self._seen)))

    def _runs(self) -> Iterator[range]:
        """Pieces that have not been seen and follow each other, in the order to see them."""
        while not self._seen.all():
            with self._guard:
                wanted, self._wanted = self._wanted, None
            pieces = wanted or range(len(self._seen))
            missing = np.flatnonzero(~self._seen[pieces.start : pieces.stop]) + pieces.start
            if not len(missing):
                continue
            begin = int(missing[0])
            # so that blocks are decoded as a whole, and two at a time
            border = np.searchsorted(self._borders, self._edges[begin], side="right") + 1
            limit = self._borders[min(border, len(self._borders) - 1)]
            end = min(int(np.searchsorted(self._edges, limit)), pieces.stop)
            seen = np.flatnonzero(self._seen[begin:end])
            yield range(begin, begin + int(seen[0]) if len(seen) else end)
            with self._guard:
                # until all of it has been seen, or another is asked for
                self._wanted = self._wanted or wanted

    def _spread(self) -> Iterator[int]:
        """Frames all over the recording, any few of the first of them spread about evenly.

        One in a block at most: for the second, all of the block would be decoded.
        """
        count = min(len(self._borders) - 1, _SPREAD)
        # bits in reverse count through them in ever finer steps
        bits = max(1, (count - 1).bit_length())
        for i in range(1 << bits):
            turn = int(f"{i:0{bits}b}"[::-1], 2)
            if turn < count:
                block = turn * (len(self._borders) - 1) // count
                yield int(self._borders[block] + self._borders[block + 1]) // 2

    def _see_around(self, frame: int) -> None:
        """See a frame, and all that has to be decoded for it."""
        try:
            start, samples = self.recording.around(frame)
        except NlacError as error:
            self._tell(self._pieces(frame, frame + 1), error)
            return
        # whole pieces only count as seen
        stop = start + len(samples)
        first, last = np.searchsorted(self._edges, (start, stop + 1)).tolist()
        self._take(start, samples, range(first, max(first, last - 1)))

    def _see(self, pieces: range) -> None:
        """Decode pieces that follow each other."""
        start, stop = int(self._edges[pieces.start]), int(self._edges[pieces.stop])
        try:
            samples = self.recording.read(start, stop)
        except NlacError as error:
            inner = self._borders[(self._borders > start) & (self._borders < stop)]
            if not len(inner):
                self._tell(pieces, error)
                return
            # the one beside it may be intact
            middle = int(np.searchsorted(self._edges, inner[len(inner) // 2]))
            self._see(range(pieces.start, middle))
            self._see(range(middle, pieces.stop))
            return
        self._take(start, samples, pieces)

    def _take(self, start: int, samples: NDArray[Any], pieces: range) -> None:
        """Take samples, in which some pieces are whole."""
        self._peaks.add(start, samples)
        self._spectra.add(start, samples, self.recording.full_scale)
        if self.levels is not None:
            self.levels.add(start, samples, pieces)
        self._known[pieces.start : pieces.stop] = True
        self._seen[pieces.start : pieces.stop] = True

    def _tell(self, pieces: range, error: NlacError) -> None:
        """Go on without what is damaged."""
        self._note(error)
        self._seen[pieces.start : pieces.stop] = True

    def _note(self, error: NlacError) -> None:
        with self._guard:
            if str(error) not in self.damage:
                self.damage.append(str(error))


def _cut(borders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Borders, and places in between, so that none are further apart than 65536 frames."""
    steps = [np.arange(start, stop, PIECE_FRAMES) for start, stop in pairwise(borders.tolist())]
    return np.concatenate([*steps, borders[-1:]])

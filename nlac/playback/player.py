"""Plays tracks one after the other: without a gap where their format is the same."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from nlac.playback.ahead import Ahead
from nlac.playback.outputs.base import Output, OutputFormat
from nlac.playback.tracks import Track

_SEEK_SECONDS = 10
# commands are looked for as often
_STEPS_A_SECOND = 10
# while nothing is written
_WAIT_SECONDS = 0.05
# a key that asks for the track before goes to the beginning of this one, if it is further on
_RESTART_SECONDS = 3


class Command(Enum):
    """What whoever listens may ask for."""

    PAUSE = "pause"
    FORWARD = "forward"
    BACK = "back"
    NEXT = "next"
    PREVIOUS = "previous"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Place:
    """A frame of a track; the track after the last is the end."""

    track: int
    frame: int


class Player:
    """Plays tracks.

    Parameters
    ----------
    tracks : sequence of Track
        What to play.
    open_output : callable
        Opens what plays samples of a format.
    commands : Queue
        What whoever listens asks for.
    show : callable
        ``show(place, paused)`` is called a few times a second with what is heard.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        open_output: Callable[[OutputFormat], Output],
        commands: queue.Queue[Command],
        show: Callable[[Place, bool], None] = lambda place, paused: None,
    ) -> None:
        self._tracks = tracks
        self._open_output = open_output
        self._commands = commands
        self._show = show
        self._output: Output | None = None
        self._form: OutputFormat | None = None
        # of the output that is open: frames written, and what was written from which of them on
        self._written = 0
        self._marks: list[tuple[int, Place]] = []
        self._shown = -1
        self._ahead = Ahead()
        self._coming: Place | None = None

    def run(self) -> None:
        """Play to the end, or until the commands say so.

        Raises
        ------
        PlayerError
            The output fails.
        CorruptStream
            A track is damaged.
        """
        place = self._beginning(0)
        try:
            while True:
                waits = self._must_end(place)
                if waits and self._has_ended():
                    if place.track == len(self._tracks):
                        return
                elif not waits:
                    self._decode_ahead(place)
                    place = self._play(place)
                try:
                    command = self._commands.get(waits, _WAIT_SECONDS)
                except queue.Empty:
                    continue
                place = self._obey(command, place)
        except BaseException:
            self._stop()
            raise
        finally:
            self._ahead.end()

    def _must_end(self, place: Place) -> bool:
        """Whether what was written must be heard before more is written: the format changes."""
        if place.track == len(self._tracks):
            return True
        return self._output is not None and self._tracks[place.track].form != self._form

    def _has_ended(self) -> bool:
        """Whether all that was written has been heard; the output is closed then."""
        if self._output is None:
            return True
        self._output.end()
        if self._output.has_ended():
            self._output = None
            for _first, place in self._marks:
                # short tracks may have come and gone unseen
                if place.track > self._shown:
                    self._tell(place)
            return True
        self._tell(self._heard(self._marks[-1][1]))
        return False

    def _play(self, place: Place) -> Place:
        """Write some frames to the output; returns what comes next."""
        track = self._tracks[place.track]
        form = track.form
        if self._output is None:
            self._output, self._form = self._open_output(form), form
            self._written, self._marks = 0, []
        end = min(track.stop, place.frame + max(1, form.sample_rate // _STEPS_A_SECOND))
        if not self._marks or self._marks[-1][1].track != place.track:
            self._marks.append((self._written, place))
        if place.frame < end:
            self._output.write(track.read(place.frame, end))
            self._written += end - place.frame
        self._tell(self._heard(place))
        if end < track.stop:
            return Place(place.track, end)
        return self._beginning(place.track + 1)

    def _decode_ahead(self, place: Place) -> None:
        """Have the block that follows decoded meanwhile: one that takes long would make a gap."""
        track = self._tracks[place.track]
        coming = Place(place.track, track.next_block(place.frame))
        if coming.frame >= track.stop:
            coming = self._beginning(place.track + 1)
        if coming != self._coming and coming.track < len(self._tracks):
            self._coming = coming
            self._ahead.do(partial(self._tracks[coming.track].prepare, coming.frame))

    def _heard(self, default: Place) -> Place:
        """What is heard at the moment, as far as the output tells."""
        if self._output is None or not self._marks:
            return default
        heard = self._output.heard()
        first, place = next(
            (mark for mark in reversed(self._marks) if mark[0] <= heard), self._marks[0]
        )
        return Place(place.track, place.frame + max(0, heard - first))

    def _obey(self, command: Command, place: Place) -> Place:
        """Carry out a command; returns what is to be played next."""
        heard = self._heard(place)
        self._stop()
        if command is Command.QUIT:
            return Place(len(self._tracks), 0)
        if command is Command.PAUSE:
            return self._wait(heard)
        track = self._tracks[heard.track]
        step = _SEEK_SECONDS * track.form.sample_rate
        if command is Command.NEXT:
            return self._beginning(heard.track + 1)
        if command is Command.FORWARD:
            if heard.frame + step >= track.stop:
                return self._beginning(heard.track + 1)
            return Place(heard.track, heard.frame + step)
        if command is Command.BACK:
            return Place(heard.track, max(track.start, heard.frame - step))
        is_further = heard.frame - track.start > _RESTART_SECONDS * track.form.sample_rate
        return self._beginning(heard.track if is_further else max(0, heard.track - 1))

    def _wait(self, place: Place) -> Place:
        """Be silent until the next command."""
        self._tell(place, paused=True)
        command = self._commands.get()
        return place if command is Command.PAUSE else self._obey(command, place)

    def _beginning(self, track: int) -> Place:
        """Where a track begins; the end if there is none."""
        return Place(track, self._tracks[track].start if track < len(self._tracks) else 0)

    def _tell(self, place: Place, *, paused: bool = False) -> None:
        self._shown = place.track
        self._show(place, paused)

    def _stop(self) -> None:
        """Close the output at once."""
        output, self._output = self._output, None
        if output is not None:
            output.stop()

"""``nlac play``."""

from __future__ import annotations

import json
import queue
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import UsageError
from nlac._names import AUDIO_SUFFIXES
from nlac.cli import _console, _files
from nlac.cli.options.search import search_options
from nlac.cli.options.times import Position, position_option

if TYPE_CHECKING:
    from nlac.playback.player import Command, Place
    from nlac.playback.tracks import Track

# as nlac.playback.choice tries them
_PLAYERS = ("device", "ffplay", "mpv", "aplay", "pw-play", "play")


@click.command("play")
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option(
    "--player", type=click.Choice(_PLAYERS),
    help="What plays: a sound device, or a program. Without it the first of these that is there.",
)  # fmt: skip
@click.option("--device", metavar="NAME", help="Sound device, by number or part of its name.")
@click.option("--list", "list_devices", is_flag=True, help="List the sound devices.")
@click.option(
    "--start", metavar="TIME", callback=position_option,
    help="Begin at this time of the first file: 90, 1:30.5, 441000f, -10 before the end.",
)  # fmt: skip
@click.option(
    "--until", metavar="TIME", callback=position_option,
    help="End at this time of the last file; +10: ten seconds after --start.",
)  # fmt: skip
@click.option(
    "--gain", type=click.Choice(("track", "album", "off")), default="track", show_default=True,
    help="ReplayGain, where tags have it, no more than the peak allows; off: the exact samples.",
)  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line for each file, or device."
)
@search_options
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    player: str | None,
    device: str | None,
    list_devices: bool,
    start: Position | None,
    until: Position | None,
    gain: str,
    as_json: bool,
    recursive: bool,
    include: tuple[str, ...],
) -> int:
    """Play audio files: nlac files, and all that nlac encode reads.

    Files of the same sample rate, channels and depth follow each other without a gap.
    On a terminal, space pauses, the arrows left and right seek by ten seconds, n and
    p go to the next and the previous file, q ends. Without a sound device (PortAudio
    and pip install 'nlac[play]'), the first of ffplay, mpv, aplay, pw-play and play
    (SoX) that is installed plays.

    \b
    Examples:
      nlac play album/*.nlac
      nlac play --start 1:30 --until +10 song.nlac
      nlac play --gain off --player aplay song.nlac
      nlac play --list
    """
    if list_devices:
        return _list(as_json)
    if not files:
        raise UsageError("no file to play")
    inputs = _files.find_inputs(
        files, recursive=recursive, include=include, suffixes=AUDIO_SUFFIXES | {".nlac"}
    )
    if any(each.is_pipe for each in inputs):
        raise UsageError("standard input can't be sought in; nlac decode - - gives it to a player")
    from nlac.playback.choice import choose_output
    from nlac.playback.player import Player

    _console.before_coding()
    name, open_output = choose_output(player, device)
    with ExitStack() as stack:
        tracks: list[Track] = []

        def add(source: _files.Input) -> None:
            from nlac.playback.tracks import Track

            tracks.append(Track(source.path, gain))
            stack.callback(tracks[-1].close)

        code = _console.each_file(inputs, add)
        if not tracks:
            return code
        _cut(tracks, start, until)
        commands: queue.Queue[Command] = queue.Queue()
        screen = _Screen(tracks, name, as_json)
        from nlac.cli.playing.keys import listening

        with listening(commands) as has_keys:
            screen.begin(has_keys)
            running = Player(tracks, open_output, commands, screen.show)
            try:
                running.run()
            finally:
                screen.end()
    return code


def _cut(tracks: list[Track], start: Position | None, until: Position | None) -> None:
    """Play only a part of the first and of the last track."""
    first, last = tracks[0], tracks[-1]
    if start is not None:
        first.start = start.resolve(first.form.sample_rate, first.stop)
    if until is not None:
        skip = first.start if first is last else 0
        last.stop = until.resolve(last.form.sample_rate, last.stop, skip)
    if first.start > first.stop or last.start > last.stop:
        raise UsageError("--until lies before --start")


def _list(as_json: bool) -> int:
    from nlac.playback.outputs.device import devices

    for each in devices():
        if as_json:
            click.echo(json.dumps(each))
        else:
            default = ", the default" if each["default"] else ""
            click.echo(
                f"{each['number']}: {each['name']} ({each['channels']} channels, "
                f"{each['sample_rate']:.0f} Hz{default})"
            )
    return 0


class _Screen:
    """Tells what is played: a line for each file, and on a terminal where it is."""

    def __init__(self, tracks: list[Track], player: str, as_json: bool) -> None:
        self._tracks = tracks
        self._player = player
        self._as_json = as_json
        self._told = -1
        self._width = 0
        self._moves = sys.stderr.isatty() and not _console.is_quiet()

    def begin(self, has_keys: bool) -> None:
        """Tell which keys there are."""
        if has_keys and self._moves:
            from nlac.cli.playing.keys import HELP

            click.echo(HELP, err=True)

    def show(self, place: Place, paused: bool) -> None:
        """Tell where it is."""
        track = self._tracks[place.track]
        if place.track != self._told:
            self._told = place.track
            self._tell(track)
        if self._moves:
            rate = track.form.sample_rate
            state = ", paused" if paused else ""
            line = f"{_time(place.frame / rate)} of {_time(track.stop / rate)}{state}"
            click.echo(f"\r{line:{self._width}}", err=True, nl=False)
            self._width = len(line)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            click.echo(f"\r{'':{self._width}}\r", err=True, nl=False)
            self._width = 0

    def _tell(self, track: Track) -> None:
        self.end()
        rate, gain = track.form.sample_rate, track.gain_db
        if self._as_json:
            facts: dict[str, Any] = {
                "file": track.path,
                "player": self._player,
                "start_seconds": track.start / rate,
                "stop_seconds": track.stop / rate,
                "gain_db": gain,
            }
            click.echo(json.dumps(facts))
            return
        told = "" if gain is None else f", {gain:+.2f} dB"
        length = _time((track.stop - track.start) / rate)
        _console.say(f"{track.path}: {length} ({self._player}{told})")


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"

"""Keys on a terminal that command the player."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import sys
import threading
from collections.abc import Iterator

from nlac.playback.player import Command

HELP = "space pauses, arrows seek, n and p change the track, q ends"
_KEYS = {
    b" ": Command.PAUSE,
    b"\x1b[C": Command.FORWARD,
    b"\x1b[D": Command.BACK,
    b"\x1bOC": Command.FORWARD,
    b"\x1bOD": Command.BACK,
    b"n": Command.NEXT,
    b"\x1b[B": Command.NEXT,
    b"p": Command.PREVIOUS,
    b"\x1b[A": Command.PREVIOUS,
    b"q": Command.QUIT,
}


@contextlib.contextmanager
def listening(commands: queue.Queue[Command]) -> Iterator[bool]:
    """Put commands into a queue as keys are pressed, while the context lasts.

    Yields
    ------
    bool
        Whether there is a terminal whose keys are heard.
    """
    try:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, termios.error):
        yield False
        return
    ended = threading.Event()
    # Ctrl-C stays a signal
    tty.setcbreak(descriptor)
    thread = threading.Thread(target=_listen, args=(descriptor, commands, ended), daemon=True)
    thread.start()
    try:
        yield True
    finally:
        ended.set()
        thread.join(1)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _listen(descriptor: int, commands: queue.Queue[Command], ended: threading.Event) -> None:
    while not ended.is_set():
        if not select.select([descriptor], [], [], 0.1)[0]:
            continue
        typed = os.read(descriptor, 64)
        if not typed:
            return
        for command in parse(typed):
            commands.put(command)


def parse(typed: bytes) -> Iterator[Command]:
    """Yield the commands in what was typed; other keys mean nothing."""
    while typed:
        key = next((key for key in _KEYS if typed.startswith(key)), None)
        if key is not None:
            yield _KEYS[key]
        typed = typed[len(key or typed[:1]) :]

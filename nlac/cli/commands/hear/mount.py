"""``nlac mount``."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

import click

from nlac._log import logger
from nlac.cli import _console
from nlac.cli.options.sizes import size_option


@click.command("mount")
@click.argument("archive", metavar="ARCHIVE")
@click.argument("mountpoint", metavar="MOUNTPOINT")
@click.option(
    "--foreground/--background", default=True, show_default=True,
    help="Answer until Ctrl-C or unmounting, or leave that to a process of its own.",
)  # fmt: skip
@click.option("--log", metavar="FILE", help="Append to FILE, too, what is told of damage.")
@click.option(
    "--cache", "cache_bytes", metavar="SIZE", default="256M", show_default=True,
    callback=size_option, help="Decoded audio to keep in memory at most.",
)  # fmt: skip
@click.option(
    "--open-files", metavar="N", type=click.IntRange(1), default=64, show_default=True,
    help="Files of ARCHIVE to keep open at most.",
)  # fmt: skip
@click.option(
    "--allow-other", is_flag=True,
    help="Let other users read, too, as far as permissions let them (user_allow_other in "
    "/etc/fuse.conf is needed).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each event.")
@_console.verbosity_options
def command(
    archive: str,
    mountpoint: str,
    foreground: bool,
    log: str | None,
    cache_bytes: int,
    open_files: int,
    allow_other: bool,
    as_json: bool,
) -> None:
    """Show an archive as a folder in which each nlac file is the original file.

    song.nlac appears as song.wav (or .aiff, whatever it was), byte for byte, so that
    every player and editor opens it; FLAC files appear as WAV. Other files appear as
    they are. Nothing can be written. Seeking decodes only what is touched. Where a
    stream is damaged, reading fails, and the rest of it is read all the same.

    Needs FUSE: fuse3, and the package mfusepy (pip install 'nlac[mount]').

    \b
    Examples:
      nlac mount archive /mnt/audio
      nlac mount --background --log damage.log archive /mnt/audio
      fusermount3 -u /mnt/audio
    """
    from nlac.mount.mounting import Mount

    _console.before_coding()
    if log is not None:
        handler = logging.FileHandler(log)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s: %(message)s"))
        logger.addHandler(handler)

    def tell(event: str, **facts: Any) -> None:
        if as_json:
            click.echo(json.dumps({"event": event, **facts}))
            sys.stdout.flush()

    def mounted() -> None:
        tell("mounted", archive=mount.archive, mountpoint=mount.mountpoint)
        if foreground and not as_json:
            _console.say(
                f"{archive} is at {mountpoint}; Ctrl-C unmounts it", stdout_is_data=True
            )
        if foreground:
            threading.Thread(target=_show, args=(mount, ended), daemon=True).start()

    ended = threading.Event()
    mount = Mount(
        archive, mountpoint, cache_bytes=cache_bytes, max_open=open_files,
        allow_other=allow_other, when_mounted=mounted,
    )  # fmt: skip
    if not foreground and not as_json:
        # the process in the background has no terminal
        _console.say(
            f"{archive} is at {mountpoint}; fusermount3 -u unmounts it", stdout_is_data=True
        )
    sys.stdout.flush()
    try:
        mount.serve(background=not foreground)
    finally:
        ended.set()
    activity = mount.activity
    tell(
        "unmounted", requests=activity.requests, bytes=activity.num_bytes, damaged=activity.damaged
    )
    if not as_json:
        _console.say(
            f"unmounted: {activity.requests} requests, {activity.num_bytes} bytes read"
            + (f", {activity.damaged} damaged places" if activity.damaged else ""),
            stdout_is_data=True,
        )


def _show(mount: Any, ended: threading.Event) -> None:
    """Show on a terminal how much is read, until it ends."""
    with _console.progress_bar("read", "B") as progress:
        while progress is not None and not ended.wait(1):
            activity = mount.activity
            progress(activity.num_bytes, None, remark=f"{activity.handles} open")

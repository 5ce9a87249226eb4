"""``nlac thumbnail``."""

from __future__ import annotations

from contextlib import ExitStack

import click

from nlac._log import logger
from nlac._output import open_output
from nlac.cli import _console


@click.command("thumbnail")
@click.argument("file", metavar="FILE")
@click.argument("picture", metavar="PNG")
@click.option(
    "-s", "--size", metavar="PIXELS", type=click.IntRange(16, 4096), default=256, show_default=True,
    help="Width; the height is half of it.",
)  # fmt: skip
@_console.verbosity_options
def command(file: str, picture: str, size: int) -> None:
    """Draw a small waveform of an audio file, as file managers show it.

    PNG is replaced if it exists. Where a file is damaged, the waveform has a gap.
    nlac integrate makes file managers call this.

    \b
    Examples:
      nlac thumbnail song.nlac song.png
      nlac thumbnail -s 512 song.wav song.png
    """
    from nlac.views.naming import naming
    from nlac.views.output.thumbnail import thumbnail
    from nlac.views.recording import open_recording

    _console.before_coding()
    damage: dict[str, None] = {}
    with ExitStack() as stack:
        with naming(file):
            recording = stack.enter_context(open_recording(file))
        data = thumbnail(recording, size, tell=lambda error: damage.setdefault(str(error)))
    for text in damage:
        logger.warning(f"{file}: {text}; the picture has a gap there")
    with open_output(picture, force=True) as output:
        output.write(data)

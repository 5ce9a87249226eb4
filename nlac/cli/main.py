"""The command group, and what becomes of errors: ``nlac COMMAND ...``.

Nothing heavy is imported here: ``nlac --help`` must answer at once. A command's
module is imported when that command is called or its help is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from nlac._errors import NlacError
from nlac.cli import _configuration, _console, _interrupt, _streams
from nlac.cli._suggest import SuggestingGroup

# a section of the help for each folder of commands
SECTIONS = {
    "files": {
        "encode": "Make nlac files from audio files.",
        "decode": "Restore the original files, or write the audio in another format.",
        "info": "Show what nlac and other audio files hold.",
        "test": "Check files for damage.",
        "compare": "Compare the samples of two audio files.",
        "analyze": "Look into a file: waveform, spectrogram, blocks and bits.",
    },
    "archive": {
        "batch": "Encode a whole tree, resumably, by a manifest; check and restore it.",
        "join": "Join nlac files without a gap, and without encoding them again.",
        "cue": "Show, export, import and remove the cue sheets of nlac files.",
        "gain": "Measure loudness, and write ReplayGain tags.",
        "tag": "List and edit tags, pictures and kept chunks.",
        "protect": "Add parity to nlac files, against damage.",
        "repair": "Restore damaged nlac files by their parity.",
    },
    "hear": {
        "serve": "Show a web page to encode, see, hear and compare recordings.",
        "play": "Play audio files, without a gap between them.",
        "mount": "Show an archive as a folder of the original files.",
        "thumbnail": "Draw a small waveform, as file managers show it.",
    },
    "research": {
        "model": "Look at models of the predictors cnn and gru, check them, make them.",
        "data": "Make datasets of recordings, for training, and show what they hold.",
        "train": "Train a model: a recipe, its data, its loss.",
        "runs": "List, show, compare and plot training runs.",
        "tune": "Search for good settings of a recipe.",
        "eval": "Compare predictors on the same samples: runs, linear prediction, the codec.",
        "generate": "Make audio with a trained model.",
        "continue": "Go on with a recording, as a trained model would.",
        "bench": "Compare presets and other codecs on a folder of audio.",
    },
    "setup": {
        "doctor": "Check this installation.",
        "selftest": "Code generated signals in every mode and depth, and compare.",
        "config": "Show the configuration file, and check it.",
        "integrate": "Install man pages, completions, and the file type for desktops.",
        "completion": "Print the completion script for a shell.",
        "help": "Show the help of nlac, or of a command.",
    },
}
TITLES = {
    "files": "Files",
    "archive": "Archives",
    "hear": "See and hear",
    "research": "Research",
    "setup": "Installation",
}
COMMANDS = {name: folder for folder, names in SECTIONS.items() for name in names}

EXIT_CODES = """
\b
Exit codes:
  0    all is well
  1    some file could not be read, coded or written, or is no nlac stream
  2    wrong use of the command line
  3    a damaged stream, or audio that does not match its checksum
  4    a version, predictor or optional package that is missing here
  5    the output exists (-f overwrites)
  6    the recordings that nlac compare was given differ
  70   a fault of nlac itself
  130  interrupted

Of several files' codes the gravest is given: 70, 3, 4, 1, 2, 5, in this order.

Every option can be set by an environment variable: NLAC_ENCODE_PRESET=high
stands for `nlac encode --preset high`. Defaults of options can be kept in a
configuration file; `nlac config path` tells where.
"""


class CommandGroup(SuggestingGroup):
    """A group that imports a command's module when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = f"nlac.cli.commands.{COMMANDS[cmd_name]}.{cmd_name}"
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        for folder, commands in SECTIONS.items():
            with formatter.section(TITLES[folder]):
                formatter.write_dl(list(commands.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run, turn every error into a message and an exit code, and exit."""
        extra["standalone_mode"] = False
        with _console.logging_to_stderr():
            try:
                code = self._run(args, *rest, **extra)
            except click.ClickException as error:
                code = _console.report_wrong_use(error)
            except (click.Abort, KeyboardInterrupt):
                _interrupt.leave()
            except BrokenPipeError:
                # the reader of our output has gone: there is nothing to say
                _streams.discard_output()
                code = 1
            except (NlacError, OSError, MemoryError) as error:
                code = _console.report_error(error)
            code = _flushed(code if isinstance(code, int) else 0)
        sys.exit(code)

    def _run(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **extra)
        except Exception as error:
            if _interrupt.happened():
                raise KeyboardInterrupt from error
            raise


def _flushed(code: int) -> int:
    """Write out what is left for stdout; returns the exit code, that of an error if it fails."""
    try:
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        failed = 1
    except OSError as error:
        # most often that was told of the file whose turn it was
        failed = code or _console.report_error(error, "stdout")
    _streams.discard_output()
    return code or failed


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from nlac import __version__

        click.echo(f"nlac {__version__}")
        ctx.exit()


@click.group(
    cls=CommandGroup,
    epilog=EXIT_CODES,
    context_settings={
        "auto_envvar_prefix": "NLAC",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option(
    "--config", metavar="FILE", help="Defaults of options, instead of the user's own file of them."
)
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """Lossless audio compression: exact files back, the same bits everywhere.

    \b
    Examples:
      nlac encode song.wav             writes song.nlac
      nlac decode song.nlac            writes song.wav, byte for byte as it was
      nlac encode *.wav -o packed/     writes packed/*.nlac
      nlac test packed/*.nlac
    """
    # whoever asks for help, or mends the file, needs what it says the least
    if ctx.invoked_subcommand in (None, "help", "config", "completion"):
        return
    path = _configuration.configuration_path(config)
    sections = _configuration.read_sections(path, must_exist=bool(config))
    if sections:
        only = ctx.invoked_subcommand
        ctx.default_map = _configuration.defaults_of(sections, ctx, path, only)

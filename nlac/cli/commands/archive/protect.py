"""``nlac protect``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from nlac._errors import UsageError
from nlac.cli import _console, _details, _files
from nlac.cli._batch import Batch, Done
from nlac.cli._kinds import check_editable, check_stream
from nlac.cli.options.amounts import amount_option
from nlac.cli.options.in_place import InPlaceOptions, in_place_options

if TYPE_CHECKING:
    from nlac import ProtectResult
    from nlac.api.results.parity import ParityInfo


@click.command("protect")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--amount",
    metavar="PERCENT",
    callback=amount_option,
    help="Parity relative to the stream, 1% to 20%; by default 2%, or what a file has if that is "
    "more. A burst of damage of three quarters of it is repaired, wherever it lies.",
)
@click.option("--remove", is_flag=True, help="Take the parity away instead.")
@in_place_options
@_console.verbosity_options
def command(
    files: tuple[str, ...], options: InPlaceOptions, amount: float | None, remove: bool
) -> int:
    """Add parity to nlac files, by which nlac repair restores damaged bytes.

    The files are replaced by ones with the same audio and metadata and with parity
    behind them; programs that know no parity skip it. All checksums are verified
    first. A file that has as much parity already, and intact, is left alone; without
    --amount also one that has more.

    \b
    Examples:
      nlac protect song.nlac
      nlac protect -r archive --amount 5%
      nlac protect song.nlac -o safe.nlac
      nlac protect --remove song.nlac
      nlac encode song.wav --protect 2%         adds parity while encoding
    """
    inputs, outputs = options.find(files)
    _console.before_coding()

    def protect_one(source: _files.Input) -> Done:
        import nlac

        in_place = options.output is None
        if in_place:
            check_editable(source.path, "; -o names an output")
        with source.open() as file:
            check_stream(source, file)
        path = options.place(outputs, source)
        if in_place and source.is_pipe:
            raise UsageError("standard input needs an output; -o names it")
        times = options.times(source)
        begin = time.perf_counter()
        with _console.progress_bar(str(source), " bytes") as progress:
            result = nlac.protect(
                source.file(),
                None if in_place else _files.sink(path),
                amount=amount,
                remove=remove,
                # whether an existing output may go has been settled by now
                force=options.force or not in_place,
                progress=progress,
            )
        _details.tell_time(str(source), time.perf_counter() - begin)
        if in_place and not result.changed:
            raise _files.Passed(path, "unchanged", _kept(result, amount))
        options.finish(times, path)
        return Done(path, _told(result), result.bytes_in, result.bytes_out, result.to_dict())

    to_stdout = options.output == _files.PIPE
    batch = Batch("done", as_json=options.as_json, stdout_is_data=to_stdout)
    return batch.run(inputs, protect_one)


def _kept(result: ProtectResult, amount: float | None) -> str:
    if result.parity is None or amount is not None:
        return "nothing to do"
    return f"parity of {_share(result, result.parity):.3g} % is kept; --amount replaces it"


def _share(result: ProtectResult, parity: ParityInfo) -> float:
    """Per cent of the stream without its parity."""
    return 100 * parity.num_bytes / (result.bytes_out - parity.num_bytes)


def _told(result: ProtectResult) -> str:
    if result.parity is None:
        return f"{result.bytes_out:,} bytes without parity"
    share = _share(result, result.parity)
    return (
        f"{result.parity.num_bytes:,} bytes of parity ({share:.2f} %), for "
        f"{result.parity.burst_bytes:,} damaged bytes in a row"
    )

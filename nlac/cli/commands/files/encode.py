"""``nlac encode``."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from nlac._errors import MissingDependency, UnsupportedAudio, UsageError
from nlac._log import logger
from nlac._names import AUDIO_SUFFIXES, FOREIGN_SUFFIXES
from nlac._urls import is_url
from nlac.cli import _console, _deletion, _details, _files, _limits
from nlac.cli._batch import Batch, Done
from nlac.cli.options.amounts import amount_option
from nlac.cli.options.output import OutputOptions, output_options
from nlac.cli.options.sizes import memory_option, padding_size
from nlac.cli.options.tags import given_pictures, given_tags, tag_options
from nlac.cli.options.times import BLOCK_SECONDS
from nlac.cli.tracks.options import sheet_options
from nlac.codec.encoder.options import ENTRY_SECONDS, MAX_EFFORT

if TYPE_CHECKING:
    from nlac import EncodeResult

@click.command("encode")
@click.argument("files", metavar="IN... [OUT]", nargs=-1, required=True)
@click.option(
    "--preset",
    type=click.Choice(["fast", "standard", "high", "max", "neural"]),
    default="standard",
    show_default=True,
    help="Speed against size.",
)
@click.option("--predictor", metavar="NAME", help="Predictor to use instead of the preset's.")
@click.option("--model", metavar="PATH|NAME", help="Model for cnn or gru; it tells the predictor.")
@click.option(
    "--embed-model", is_flag=True, help="Embed the model, for decoders that do not have it."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the networks of cnn and gru run while encoding; auto is the GPU if PyTorch "
    "finds one, but the CPU for gru. The bytes are the same.",
)
@click.option(
    "-j",
    "--threads",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Threads; 0 (the default) takes all cores. The bytes are the same for every N.",
)
@memory_option
@click.option("--no-verify", is_flag=True, help="Don't decode what was encoded to compare it.")
@click.option(
    "--coder",
    type=click.Choice(["auto", "range", "rice"]),
    default="auto",
    show_default=True,
    help="Entropy coder; auto chooses for each block. Only lpc (fast, standard) has rice.",
)
@click.option(
    "--effort",
    metavar="N",
    type=click.IntRange(0, MAX_EFFORT),
    default=0,
    show_default=True,
    help=f"Search for a better cascade for each block, up to {MAX_EFFORT}: high, max, neural.",
)
@click.option(
    "--origin",
    type=click.Choice(["auto", "off"]),
    help="Whether to look for the MP3 or AAC that the audio was decoded from, and to store what "
    "that held: far fewer bytes, the same audio. By default, high, max and neural do.",
)
@click.option("--no-long-term", is_flag=True, help="Don't look for sound that occurred before.")
@click.option(
    "--block-seconds",
    metavar="S|auto",
    type=BLOCK_SECONDS,
    help="Length of a block instead of the preset's; auto is that of --profile, or of archive.",
)
@click.option(
    "--profile",
    type=click.Choice(["archive", "dataset", "edit"]),
    help="What the file is for: smallest size (blocks of 60 s), crops at random places (3 s), or "
    "cutting (1 s).",
)
@sheet_options("Keep this cue sheet, as it is; it must be right, and there must be one input only.")
@tag_options
@click.option(
    "--picture",
    "pictures",
    metavar="SPEC",
    multiple=True,
    help="Add a picture: PNG, JPEG, GIF or WebP; FILE, or TYPE|MEDIA TYPE|DESCRIPTION|SIZE|FILE "
    "as in flac.",
)
@click.option(
    "--padding",
    callback=padding_size,
    metavar="SIZE",
    help="Room for tags that are edited later; by default 1/4096 of the audio, up to 4K.",
)
@click.option(
    "--protect",
    metavar="PERCENT",
    callback=amount_option,
    help="Add parity against damage, 1% to 20% of the stream; see nlac protect.",
)
@click.option(
    "--entry-seconds",
    metavar="S",
    type=click.FloatRange(0),
    default=ENTRY_SECONDS,
    show_default=True,
    help="Time between entry points, where decoding can begin inside a block of lpc; 0: none.",
)
@click.option(
    "--strip-chunks",
    is_flag=True,
    help="Keep the audio only, without the rest of the original file.",
)
@click.option(
    "--audio-only",
    is_flag=True,
    help="Accept files that can't come back byte for byte (CAF, MP3 ...), for their audio.",
)
@click.option(
    "--exact/--no-exact",
    default=True,
    help="Whether FLAC files shall come back byte for byte, or only their audio and metadata "
    "blocks, in about 0.5 % fewer bytes.",
)
@click.option(
    "--raw",
    metavar="RATE,FORMAT,CHANNELS",
    help="The input has no header: 44100,s16le,2 (u8, s16le, s24be, s32le, f32le ...).",
)
@click.option(
    "--ignore-sizes",
    is_flag=True,
    help="Read to the end of the file, whatever sizes its header tells.",
)
@click.option(
    "--suffix",
    default=".nlac",
    show_default=True,
    help="Extension of outputs that are named after their input.",
)
@click.option("--delete-input", is_flag=True, help="Delete each input once its output is verified.")
@output_options
@_console.verbosity_options
def command(
    files: tuple[str, ...],
    options: OutputOptions,
    suffix: str,
    device: str,
    delete_input: bool,
    tags: tuple[str, ...],
    tags_from_files: tuple[str, ...],
    pictures: tuple[str, ...],
    **settings: Any,
) -> int:
    """Make nlac files from audio files.

    WAV (with RF64, BW64 and W64), AIFF, AIFF-C, FLAC and raw files come back byte
    for byte when they are decoded, and this is verified. Of CAF, AU and other
    files only the audio can be kept, which --audio-only accepts. The name - is
    standard input or output.

    \b
    Examples:
      nlac encode song.wav                      to song.nlac
      nlac encode song.wav packed.nlac --preset high
      nlac encode *.wav -o packed/              to packed/*.nlac
      nlac encode -r recordings -o packed --include '*.wav'
      sox in.flac -t wav - | nlac encode - out.nlac
      nlac encode --raw 48000,s24le,6 take.pcm take.nlac
      nlac encode master.wav -T TITLE='Night train' -T DATE=2024 --picture cover.jpg
      nlac encode master.wav --protect 2%       with parity, for nlac repair
    """
    if device == "cuda" and importlib.util.find_spec("torch") is None:
        raise MissingDependency("--device cuda needs PyTorch: pip install 'nlac[neural]'")
    if delete_input and settings["no_verify"]:
        raise UsageError("--delete-input needs the verification that --no-verify turns off")
    if delete_input and any(map(is_url, files)):
        raise UsageError("--delete-input deletes files, not what is behind a URL")
    if not suffix.startswith(".") or suffix.lower() in FOREIGN_SUFFIXES:
        raise UsageError(f"--suffix {suffix} won't do; it is an extension such as .nlac")
    names, output = _files.split_arguments(files, options.output, _is_output)
    if output is not None and Path(output).suffix.lower() in FOREIGN_SUFFIXES:
        raise UsageError(
            f"{output}: would be an nlac stream under a foreign extension; call it .nlac"
        )
    if settings["cuesheet"] is not None and len(names) > 1:
        raise UsageError("--cuesheet is that of one recording, and there are several inputs")
    if delete_input and output == _files.PIPE:
        raise UsageError("--delete-input needs an output file, which - is not")
    inputs, outputs = options.find(names, output, AUDIO_SUFFIXES)
    if not options.dry_run:
        # the libraries of the interface need memory as well
        _console.before_coding()
        _limits.spare_threads()
    arguments = _api_options(device=device, **settings)
    arguments["tags"] = given_tags(tags, tags_from_files)
    arguments["pictures"] = given_pictures(pictures)
    if not options.dry_run:
        _details.tell_options(arguments)

    def encode_one(source: _files.Input) -> Done:
        if arguments["raw"] is None and not source.is_pipe and _files.is_stream(source.path):
            # before its own place is taken for an output that exists
            raise UnsupportedAudio("is an nlac stream already; decode it to encode it anew")
        path = outputs.place(source, source.stem + suffix)
        with source.open() as file:
            read = _deletion.identity(file) if delete_input and not source.is_pipe else None
            result, done = _encode(source, file, path, arguments)
        options.finish(source, path)
        if delete_input:
            _deletion.delete_input(source, read, path, result)
        return done

    to_stdout = _files.writes_to_stdout(inputs, output) and not options.dry_run
    batch = Batch("encoded", as_json=options.as_json, stdout_is_data=to_stdout)
    return batch.run(inputs, encode_one)


def _is_output(name: str) -> bool:
    """Judge the second of two arguments: an output, unless there is a file to encode."""
    path = Path(name)
    return path.suffix.lower() == ".nlac" or not path.is_file() or _files.is_stream(name)


def _api_options(
    *, raw: str | None, no_verify: bool, no_long_term: bool, **options: Any
) -> dict[str, Any]:
    """Turn options of the command line into arguments of `nlac.encode`."""
    spec = None
    if raw is not None:
        from nlac.audio.raw import RawSpec

        spec = RawSpec.parse(raw)
    return options | {
        "raw": spec,
        "verify": not no_verify,
        "long_term": not no_long_term,
    }


def _encode(
    source: _files.Input, file: BinaryIO, path: str, arguments: dict[str, Any]
) -> tuple[EncodeResult, Done]:
    import nlac

    begin = time.perf_counter()
    with _console.progress_bar(str(source)) as progress:
        # whether an existing output may go has been settled by now
        result = nlac.encode(file, _files.sink(path), force=True, progress=progress, **arguments)
    seconds = time.perf_counter() - begin
    _details.tell_stream(str(source), path)
    _details.tell_time(str(source), seconds)
    for warning in result.warnings:
        logger.warning(f"{source}: {warning}")
    facts = [f"{100 * result.ratio:.2f} %"]
    if result.frames:
        samples = result.frames * result.channels
        facts.append(f"{8 * result.bytes_out / samples:.3f} bits/sample")
        facts.append(f"{result.seconds / seconds:.1f}x real time")
    facts.append(f"MD5 {result.md5}")
    facts.append("verified" if result.verified else "not verified")
    if not result.restorable:
        facts.append("audio only")
    told = result.to_dict() | {"wall_seconds": round(seconds, 3)}
    return result, Done(path, ", ".join(facts), result.bytes_in, result.bytes_out, told)

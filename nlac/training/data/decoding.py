"""Decode any audio file: by nlac itself, by libsndfile, or by the program ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from nlac._errors import MissingDependency, UnsupportedAudio
from nlac._typing import Samples
from nlac.audio._libsndfile import load_soundfile
from nlac.audio.base import AudioSource
from nlac.audio.source import open_source
from nlac.bitstream.constants import MAGIC

PIECE_FRAMES = 1 << 18

# what folders are searched for: what is read here, and by libsndfile
_READ = (
    "wav wave bwf rf64 bw64 w64 aif aiff aifc afc flac caf au snd ogg oga opus mp3 voc nlac sph "
    "nist iff svx paf sf ircam mat4 mat5 pvf xi htk sds avr mpc2k"
)
# and by ffmpeg only
_BY_FFMPEG = "m4a m4b aac wma ape wv tta tak ac3 eac3 dts mka spx mpc amr mp2 weba dsf dff ra shn"
SUFFIXES = frozenset(f".{name}" for name in f"{_READ} {_BY_FFMPEG}".split())


@dataclass(frozen=True, slots=True)
class Decoded:
    """An audio file that is being read.

    Attributes
    ----------
    rate, channels, bits : int
        Frames a second, samples of a frame, valid bits (32 of float).
    is_float : bool
        Whether samples are float32 with full scale at 1.0.
    pieces : iterator of (frames, channels) int32 or float32
        The samples; integers are right-justified.
    """

    rate: int
    channels: int
    bits: int
    is_float: bool
    pieces: Iterator[Samples]


@contextmanager
def open_audio(path: Path) -> Iterator[Decoded]:
    """Open an audio file for reading.

    nlac streams and the formats of `nlac.audio` are read exactly. Other files that libsndfile
    knows come as float, and what is left goes through the program ffmpeg.

    Raises
    ------
    UnsupportedAudio
        The file is empty, damaged, or of a format that nothing here can read.
    FormatError
        It is a damaged nlac stream.
    MissingDependency
        Only ffmpeg could read the file, and it is not on PATH.
    """
    with open(path, "rb") as file:
        head = file.read(len(MAGIC))
    if head == MAGIC:
        with _open_stream(path) as found:
            yield found
        return
    if not head:
        raise UnsupportedAudio("the file is empty (0 bytes)")
    try:
        source = open_source(path)
    except UnsupportedAudio as error:
        with _open_foreign(path, error) as found:
            yield found
        return
    with source:
        yield _decoded(source, _pieces_of(source))


@contextmanager
def _open_stream(path: Path) -> Iterator[Decoded]:
    from nlac.api.file import NlacFile

    with NlacFile(path, threads=1) as file:
        pieces = (np.asarray(piece) for piece in file.blocks(PIECE_FRAMES, always_2d=True))
        bits = file.bits_per_sample
        yield Decoded(file.sample_rate, file.channels, bits, file.is_float, pieces)


def _decoded(source: AudioSource, pieces: Iterator[Samples]) -> Decoded:
    form = source.format
    return Decoded(form.sample_rate, form.channels, form.bits_per_sample, form.is_float, pieces)


def _pieces_of(source: AudioSource) -> Iterator[Samples]:
    for warning in source.warnings:
        if "truncated" in warning:
            raise UnsupportedAudio(warning.removesuffix("?"))
    while len(samples := source.read(PIECE_FRAMES)):
        yield samples


@contextmanager
def _open_foreign(path: Path, refusal: UnsupportedAudio) -> Iterator[Decoded]:
    """Open what the walkers refuse: companded or compressed WAV, and the formats of ffmpeg."""
    soundfile = load_soundfile()
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, TypeError, ValueError):
        with _open_by_ffmpeg(path, refusal) as found:
            yield found
        return
    with file:
        pieces = file.blocks(PIECE_FRAMES, dtype="float32", always_2d=True)
        yield Decoded(int(file.samplerate), int(file.channels), 32, True, pieces)


@contextmanager
def _open_by_ffmpeg(path: Path, refusal: UnsupportedAudio) -> Iterator[Decoded]:
    program = shutil.which("ffmpeg")
    if program is None:
        if path.suffix.lower().lstrip(".") in _BY_FFMPEG.split():
            raise MissingDependency(
                f"{path.suffix} files are read by the program ffmpeg, which is not on PATH; "
                "install it, or convert the file to WAV or FLAC"
            )
        raise UnsupportedAudio(
            f"{_short(refusal)}; the program ffmpeg, which reads more formats, is not on PATH"
        )
    # `file:` lest a name be taken for an option or an address; `-xerror` lest damage be skipped
    command = [program, "-v", "error", "-nostdin", "-xerror", "-i", f"file:{path}",
               "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav", "-"]  # fmt: skip
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            yield _from_pipe(process, said)
        finally:
            process.kill()


def _from_pipe(process: subprocess.Popen[bytes], said: BinaryIO) -> Decoded:
    def fail() -> UnsupportedAudio:
        process.wait()
        said.seek(0)
        lines = said.read(1 << 16).decode(errors="replace").strip().splitlines()
        reason = lines[-1].rpartition(": ")[2] if lines else f"exit code {process.returncode}"
        return UnsupportedAudio(f"no audio that ffmpeg could read: {reason}")

    try:
        source = open_source(cast(BinaryIO, process.stdout), ignore_sizes=True)
    except UnsupportedAudio as error:
        raise fail() from error

    def pieces() -> Iterator[Samples]:
        # a pipe tells no length: nothing can be said to be truncated
        yield from _pieces_of(source)
        if process.wait():
            raise fail()

    return _decoded(source, pieces())


def _short(error: UnsupportedAudio) -> str:
    """What is wrong, without the advice that only suits the command `encode`."""
    return str(error).partition("; if these are")[0]

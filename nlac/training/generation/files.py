"""Audio files around a model: what it begins with, and what it has made."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlac._errors import MissingDependency, NlacError, UnsupportedAudio, UsageError
from nlac._output import open_output
from nlac._typing import F64, AnyArray
from nlac.api.writing import write
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import open_sink
from nlac.training.data.conversion import convert

SUFFIXES = (".wav", ".flac", ".mp3", ".nlac")
_BITS = 16


def check_output(path: str | Path) -> None:
    """See that a file of this name can be written, before there is anything to write.

    Raises
    ------
    UsageError
        It is standard output, a folder, in a folder that does not exist, or its extension is none
        of those that are known.
    MissingDependency
        MP3 needs the program ffmpeg, which is not on PATH.
    """
    suffix = Path(path).suffix.lower()
    if str(path) == "-":
        raise UsageError("-: audio that is made goes to a file; name one, such as out.wav")
    if Path(path).is_dir():
        raise UsageError(f"{path} is a folder; name a file, such as {Path(path) / 'out.wav'}")
    if suffix not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        told = f"extension {suffix} is not one of" if suffix else "the name needs an extension:"
        raise UsageError(f"{path}: {told} {known}")
    if not Path(path).parent.is_dir():
        raise UsageError(f"{path}: the folder {Path(path).parent} does not exist")
    if suffix == ".mp3":
        _ffmpeg(path)


def write_audio(path: str | Path, samples: AnyArray, rate: int, *, force: bool = False) -> None:
    """Write audio of 16 bits; the file appears whole.

    Parameters
    ----------
    path : str or Path
        Its extension tells the format: WAV, FLAC, MP3 (by the program ffmpeg) or nlac.
    samples : (times,) or (times, channels) float array
        In -1 to 1; what is beyond is clipped.
    rate : int
        Frames a second.
    force : bool
        Replace an existing file.

    Raises
    ------
    UsageError, MissingDependency
        As for `check_output`.
    OutputExists
        The file exists, and `force` is False.
    """
    check_output(path)
    path = Path(path)
    frames = as_frames(samples)
    container = path.suffix.lower().removeprefix(".")
    if container == "nlac":
        write(path, frames.astype(np.int16), rate, force=force)
        return
    data = _mp3(path, frames, rate) if container == "mp3" else contained(frames, rate, container)
    with open_output(path, force=force) as file:
        file.write(data)


def as_frames(samples: AnyArray) -> NDArray[np.int32]:
    """Integers of 16 bits, (times, channels), of samples in -1 to 1; what is beyond is clipped."""
    limit = 2 ** (_BITS - 1)
    scaled = np.rint(np.asarray(samples, np.float64) * limit)
    frames: NDArray[np.int32] = np.clip(scaled, -limit, limit - 1).astype(np.int32)
    return frames.reshape(len(scaled), -1)


def contained(frames: AnyArray, rate: int, container: str, bits: int = _BITS) -> bytes:
    """Bytes of an audio file.

    Parameters
    ----------
    frames : (times, channels) integer array
        Samples.
    rate : int
        Frames a second.
    container : str
        ``wav``, or another one of `nlac.audio.sinks.choice.open_sink`.
    bits : int
        Bits of a sample.
    """
    out = io.BytesIO()
    form = AudioFormat(rate, frames.shape[1], bits)
    with open_sink(out, form, container, len(frames)) as sink:
        sink.write(np.asarray(frames, np.int32))
        sink.finish()
    return out.getvalue()


def _ffmpeg(path: str | Path) -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        raise MissingDependency(
            f"{path}: MP3 is written by the program ffmpeg, which is not on PATH; install it, or "
            "write WAV or FLAC"
        )
    return program


def _mp3(path: Path, frames: AnyArray, rate: int) -> bytes:
    # the header of an MP3 file is written last, so a pipe would not do
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.mp3"
        # without tags of its version, the same samples give the same bytes
        command = [_ffmpeg(path), "-v", "error", "-nostdin", "-f", "wav", "-i", "pipe:0",
                   "-q:a", "2", "-flags", "+bitexact", "-fflags", "+bitexact",
                   str(made)]  # fmt: skip
        done = subprocess.run(
            command, input=contained(frames, rate, "wav"), capture_output=True, check=False
        )
        if done.returncode or not made.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise OSError(f"ffmpeg wrote no MP3: {said[-1] if said else done.returncode}")
        return made.read_bytes()


def read_audio(path: str | Path, rate: int, channels: int = 1) -> F64:
    """Read a recording at the rate of a model.

    Parameters
    ----------
    path : str or Path
        Any audio file, see `nlac.training.data.decoding`.
    rate : int
        Frames a second of the result.
    channels : {1, 2}
        Channels of the result.

    Returns
    -------
    (times, channels) float64 array
        Full scale is 1.0.

    Raises
    ------
    UnsupportedAudio
        It cannot be read, or has no samples; the error names it.
    MissingDependency
        ffmpeg or soxr is needed and missing.
    """
    try:
        return np.array(convert(Path(path), rate, channels).samples, np.float64)
    except NlacError as error:
        raise _named(error, path) from error


def _named(error: NlacError, path: str | Path) -> NlacError:
    kind = type(error) if isinstance(error, MissingDependency) else UnsupportedAudio
    return kind(f"{path}: {error}")

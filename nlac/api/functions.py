"""The public functions of the library.

`read`, `write`, `open`, `blocks` and `info` are here, in terms of arrays; `encode` and
`decode`, in terms of files, in `nlac.api.encoding` and `nlac.api.decoding`. Arrays have shape
(frames, channels); a frame is one sample of every channel. Integers are native and
right-justified: 24-bit audio comes in int32 with values from -8388608 to 8388607.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from numpy.typing import NDArray

from nlac._arguments import span, whole_number
from nlac._errors import UsageError
from nlac._files import ReadFile, WriteFile
from nlac.api.arrays import DType
from nlac.api.decoding import Progress, decode
from nlac.api.file import NlacFile
from nlac.api.results.coding import DecodeResult
from nlac.api.results.stream import StreamInfo

if TYPE_CHECKING:
    from nlac.api.given import PictureLike, TagMapping
    from nlac.api.options import OptionFields
    from nlac.api.writer import NlacWriter
    from nlac.editing.file import EditableFile

__all__ = ["add_model", "blocks", "info", "open", "read", "register_mimetype", "test"]


def read(
    file: ReadFile,
    start: int = 0,
    stop: int | None = None,
    *,
    frames: int = -1,
    dtype: DType | None = None,
    always_2d: bool = False,
    fill_value: float | None = None,
    out: NDArray[Any] | None = None,
    threads: int = 0,
    memory: int | None = None,
) -> tuple[NDArray[Any], int]:
    """Read an nlac file, or a part of it.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object
        What to read. A file object that can seek is read from its beginning.
    start, stop : int
        First frame, and the frame after the last; negative from the end, as in slices.
    frames : int
        How many frames to read, instead of `stop`; negative for all.
    dtype : {"int16", "int32", "float32", "float64"}, optional
        Type of the result, as a name or a type of NumPy. None gives the samples as they
        are stored: int16 up to 16 bits, int32 above, or float32. Integers asked for as float
        are divided by ``2**(bits_per_sample - 1)``, so that full scale is 1.0; of more than
        24 bits, float32 does not hold them exactly.
    always_2d : bool
        Shape (frames, 1) for mono as well, instead of (frames,).
    fill_value : number, optional
        What follows the end of the file, so that exactly `frames` frames come.
    out : ndarray, optional
        Where to put the samples, as many as it holds; its type counts instead of `dtype`. The
        part of it that holds samples is returned.
    threads : int
        Blocks decoded at a time; 0 takes all cores.
    memory : int, optional
        Bytes of memory to use at most for decoding: fewer threads run where more would be
        needed. None takes half of what is available.

    Returns
    -------
    samples : ndarray, shape (frames, channels), or (frames,) for mono
    sample_rate : int
        Frames a second.

    Raises
    ------
    FormatError
        No nlac file, or a damaged one. Of a whole file the MD5 of the samples is verified
        besides every block's checksum.

    Examples
    --------
    >>> samples, sample_rate = nlac.read("take.nlac", start=-48_000)   # doctest: +SKIP
    """
    with NlacFile(file, threads=threads, memory=memory) as opened:
        frames = whole_number("frames", frames)
        if frames >= 0 and stop is not None:
            raise UsageError("frames and stop: only one of them tells where to end")
        first, last = span(start, stop, opened.frames)
        opened.seek(first)
        if stop is not None:
            frames = max(0, last - first)
        elif frames < 0 and out is None:
            frames = opened.frames - first
        samples = opened.read(
            frames, dtype=dtype, always_2d=always_2d, fill_value=fill_value, out=out
        )
        return samples, opened.sample_rate


@overload
def open(
    file: ReadFile,
    mode: Literal["r"] = "r",
    *,
    threads: int = 0,
    memory: int | None = None,
    cache_bytes: int | None = None,
) -> NlacFile: ...
@overload
def open(
    file: str | PathLike[str],
    mode: Literal["r+"],
    *,
    padding: int | None = None,
    preserve_mtime: bool = False,
    threads: int = 0,
    memory: int | None = None,
) -> EditableFile: ...
@overload
def open(
    file: WriteFile,
    mode: Literal["w"],
    *,
    sample_rate: int,
    channels: int,
    bits_per_sample: int,
    is_float: bool = False,
    channel_mask: int = 0,
    num_frames: int | None = None,
    tags: TagMapping | None = None,
    pictures: Sequence[PictureLike] = (),
    force: bool = False,
    **options: Unpack[OptionFields],
) -> NlacWriter: ...
def open(
    file: Any, mode: str = "r", **arguments: Any
) -> NlacFile | EditableFile | NlacWriter:
    """Open an nlac file.

    Parameters
    ----------
    file : path, URL, binary file object, or (to read) bytes-like
        The file.
    mode : {"r", "r+", "w"}
        ``"r"`` gives an `NlacFile` to read from, ``"w"`` an `NlacWriter`, and ``"r+"`` an
        `EditableFile`, whose tags and pictures can be changed.
    **arguments
        Those of the class.

    Examples
    --------
    >>> with nlac.open("take.nlac") as file:      # doctest: +SKIP
    ...     file.seek(48_000)
    ...     second = file.read(48_000)
    """
    if mode == "r":
        return NlacFile(file, **arguments)
    if mode == "r+":
        from nlac.editing.file import EditableFile

        return EditableFile(file, **arguments)
    if mode == "w":
        from nlac.api.writer import NlacWriter

        return NlacWriter(file, **arguments)
    raise UsageError(f"mode {mode!r}: 'r', 'r+' or 'w'")


def blocks(
    file: ReadFile,
    blocksize: int,
    overlap: int = 0,
    start: int = 0,
    stop: int | None = None,
    *,
    dtype: DType | None = None,
    always_2d: bool = False,
    threads: int = 0,
    memory: int | None = None,
) -> Iterator[NDArray[Any]]:
    """Go through an nlac file in pieces; memory does not depend on its length.

    Parameters
    ----------
    file, start, stop, dtype, always_2d, threads, memory
        As in `read`.
    blocksize : int
        Frames of a piece; the last has what is left.
    overlap : int
        Frames that each piece has in common with the one before.

    Yields
    ------
    ndarray, shape (frames, channels), or (frames,) for mono
    """
    with NlacFile(file, threads=threads, memory=memory) as opened:
        yield from opened.blocks(blocksize, overlap, start, stop, dtype=dtype, always_2d=always_2d)


def test(
    file: ReadFile,
    *,
    threads: int = 0,
    memory: int | None = None,
    progress: Progress | None = None,
) -> DecodeResult:
    """Check an nlac file: decode all of it, write nothing, and compare every checksum and MD5.

    Parameters
    ----------
    file : path, URL, bytes-like or binary file object
        What to check; a pipe does.
    threads, memory, progress
        As in `decode`.

    Returns
    -------
    DecodeResult
        With the MD5 of the samples; `restored` tells that the original file would come back.

    Raises
    ------
    FormatError
        No nlac file, or a damaged one, with the place of the damage.
    """
    return decode(file, None, threads=threads, memory=memory, progress=progress)


def info(file: ReadFile) -> StreamInfo:
    """Facts about an nlac file; no audio is decoded.

    Raises
    ------
    BadMagic
        No nlac file; the text tells what it is, where that can be told.
    FormatError
        Its header, metadata or trailer are damaged.
    """
    with NlacFile(file) as opened:
        return opened.info


def add_model(file: str | PathLike[str]) -> str:
    """Make a model of `cnn` or `gru` known to this process, so that streams can be decoded with it.

    Needed only for models that are neither shipped, nor embedded in the stream, nor in the folder
    that ``NLAC_MODELS`` names.

    Parameters
    ----------
    file : path
        Model file (``.nlacm``).

    Returns
    -------
    str
        Its hash, as `info` tells it of streams.

    Raises
    ------
    UsageError
        There is no such file.
    CorruptStream
        It is no model, a damaged one, or one whose sums could overflow.
    """
    from nlac.predictors.networks.models import open_model

    return open_model(file).hash.hex()


def register_mimetype() -> None:
    """Make the module `mimetypes` know nlac files in this process.

    Importing nlac does not: `mimetypes` would read the system's tables then, which takes longer
    than the import.

    Examples
    --------
    >>> import mimetypes, nlac
    >>> nlac.register_mimetype()
    >>> mimetypes.guess_type("song.nlac")
    ('audio/x-nlac', None)
    """
    import mimetypes

    mimetypes.add_type("audio/x-nlac", ".nlac")

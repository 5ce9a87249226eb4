"""The public functions of the library.

`read`, `write`, `open`, `blocks` and `info` are here, in terms of arrays; `encode` and
`decode`, in terms of files, in `nlac.api.encoding` and `nlac.api.decoding`. Arrays have shape
(frames, channels); a frame is one sample of every channel. Integers are native and
right-justified: 24-bit audio comes in int32 with values from -8388608 to 8388607.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlac._errors import UsageError
from nlac._files import ReadFile, WriteFile
from nlac.api.arrays import DType, sample_format
from nlac.api.file import NlacFile
from nlac.api.results import StreamInfo

if TYPE_CHECKING:
    from nlac.api.encoding import TagMapping
    from nlac.api.writer import NlacWriter
    from nlac.bitstream.items import Picture

__all__ = ["add_model", "blocks", "info", "open", "read", "write"]


def read(
    file: ReadFile,
    start: int = 0,
    stop: int | None = None,
    *,
    dtype: DType | None = None,
    always_2d: bool = False,
    threads: int = 0,
    memory: int | None = None,
) -> tuple[NDArray[Any], int]:
    """Read an nlac file, or a part of it.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        What to read. A file object that can seek is read from its beginning.
    start, stop : int
        First frame, and the frame after the last; negative from the end, as in slices.
    dtype : {"int16", "int32", "float32", "float64"}, optional
        Type of the result. None gives the samples as they are stored: int16 up to 16
        bits, int32 above, or float32. Integers asked for as float are divided by
        ``2**(bits_per_sample - 1)``, so that full scale is 1.0; of more than 24 bits,
        float32 does not hold them exactly.
    always_2d : bool
        Shape (frames, 1) for mono as well, instead of (frames,).
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
        first, last, _step = slice(start, stop).indices(opened.frames)
        opened.seek(first)
        samples = opened.read(max(0, last - first), dtype=dtype, always_2d=always_2d)
        return samples, opened.sample_rate


def write(
    file: WriteFile,
    samples: ArrayLike,
    sample_rate: int,
    *,
    bits_per_sample: int | None = None,
    channel_mask: int = 0,
    tags: TagMapping | None = None,
    pictures: Sequence[Picture] = (),
    force: bool = False,
    **options: Any,
) -> None:
    """Write an array as an nlac file.

    Parameters
    ----------
    file : path or binary file object
        Where to; a pipe does. A path appears only when everything went well.
    samples : array_like, shape (frames, channels), or (frames,) for mono
        Right-justified integers, or float32.
    sample_rate : int
        Frames a second.
    bits_per_sample : int, optional
        Valid bits of integers, 1 to 32. int8 and int16 have 8 and 16 unless this says
        otherwise; for int32 and int64 it must be given, since they hold audio of any
        depth. Values that do not fit are refused. float64 and unsigned integers are
        refused: whether to round or to shift them is not for a lossless codec to guess.
    channel_mask : int
        Speaker positions as in WAVE; 0 if not given.
    tags : mapping of str to str or sequence of str, optional
        Vorbis comments.
    pictures : sequence of Picture
        Pictures.
    force : bool
        Replace an existing file.

    Other Parameters
    ----------------
    **options
        Fields of `EncodeOptions`.

    Raises
    ------
    UsageError
        The array is not of such a shape or type, or has values that do not fit.
    OutputExists
        There is such a file, and not `force`.

    Examples
    --------
    >>> nlac.write("take.nlac", samples, 48_000, bits_per_sample=24)   # doctest: +SKIP
    """
    array = np.asarray(samples)
    if array.ndim not in (1, 2):
        raise UsageError(f"array of shape {array.shape}: (frames, channels) is needed")
    fmt = sample_format(array, bits_per_sample)
    from nlac.api.writer import NlacWriter

    with NlacWriter(
        file,
        sample_rate,
        1 if array.ndim == 1 else array.shape[1],
        fmt.bits_per_sample,
        is_float=fmt.is_float,
        channel_mask=channel_mask,
        num_frames=len(array),
        tags=tags,
        pictures=pictures,
        force=force,
        **options,
    ) as opened:
        opened.write(array)


@overload
def open(
    file: ReadFile, mode: Literal["r"] = "r", *, threads: int = 0, memory: int | None = None
) -> NlacFile: ...
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
    pictures: Sequence[Picture] = (),
    force: bool = False,
    **options: Any,
) -> NlacWriter: ...
def open(file: Any, mode: str = "r", **arguments: Any) -> NlacFile | NlacWriter:
    """Open an nlac file.

    Parameters
    ----------
    file : path, binary file object, or (to read) bytes-like
        The file.
    mode : {"r", "w"}
        ``"r"`` gives an `NlacFile` to read from, ``"w"`` an `NlacWriter`.
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
    if mode == "w":
        from nlac.api.writer import NlacWriter

        return NlacWriter(file, **arguments)
    raise UsageError(f"mode {mode!r}: 'r' or 'w'")


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


def info(file: ReadFile) -> StreamInfo:
    """Facts about an nlac file; no audio is decoded.

    Raises
    ------
    FormatError
        No nlac file, or its header, metadata or trailer are damaged.
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

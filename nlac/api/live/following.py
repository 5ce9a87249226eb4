"""``nlac.follow``: decode a stream while another process writes it."""

from __future__ import annotations

from nlac._arguments import is_real
from nlac._errors import UsageError
from nlac._files import ReadFile, WriteFile, check_distinct, open_input
from nlac._urls import is_url
from nlac.api.decoding import Decoding, Progress
from nlac.api.results.coding import DecodeResult
from nlac.codec.decoder.growing import read_growing
from nlac.codec.decoder.sequential import SequentialDecoder
from nlac.codec.decoder.workers import Workers


def follow(
    src: ReadFile,
    dst: WriteFile | None,
    *,
    timeout: float | None = None,
    container: str | None = None,
    threads: int = 0,
    memory: int | None = None,
    max_output: int | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> DecodeResult:
    """Decode a stream that grows, block by block as they come, to its trailer.

    The writer must write the file under its name from the first byte on, as ``nlac encode - -``
    does into a redirection or a pipe; `nlac.encode` to a path shows the file only when it is
    complete.

    Parameters
    ----------
    src : path or binary file object
        The growing file, or a pipe. A file object that can seek is read from its beginning.
    dst : path, URL, binary file object or None
        As in `decode`. Samples reach a file object as soon as their block is decoded; a path
        appears at the end.
    timeout : float, optional
        Seconds without a new byte after which the writer is taken for dead. None waits for ever.
    container, threads, memory, max_output, force, progress
        As in `decode`.

    Returns
    -------
    DecodeResult

    Raises
    ------
    TruncatedStream
        No byte came within `timeout`, or a pipe was closed, before the trailer.
    FormatError
        The stream is damaged.
    UsageError
        `src` is something that cannot grow, or `timeout` is no positive number.

    Examples
    --------
    >>> nlac.follow("live.nlac", sys.stdout.buffer, container="wav")     # doctest: +SKIP
    """
    if isinstance(src, (bytes, bytearray, memoryview)) or is_url(src):
        raise UsageError("only files and pipes can grow; what is complete, decode takes")
    if timeout is not None and not (is_real(timeout) and timeout > 0):
        raise UsageError(f"timeout {timeout!r}: a positive number of seconds")
    check_distinct(src, dst)
    workers = Workers(threads, memory)
    with open_input(src) as file:
        elements = read_growing(file, None if timeout is None else float(timeout))
        decoder = SequentialDecoder(file, workers, elements)
        job = Decoding(file, dst, container, workers, max_output, None, force, progress)
        return job.whole(decoder)

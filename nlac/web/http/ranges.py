"""Answers with the bytes of a file that is made while it is read, or parts of it (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from anyio import to_thread
from fastapi import HTTPException, Request, Response
from starlette.responses import StreamingResponse

from nlac._errors import NlacError

# decoded for a client at a time, who may have gone by the next
_PIECE_BYTES = 1 << 18
# what is silent at least, where a file is damaged
_SILENT_BYTES = 1 << 12


def range_response(
    request: Request,
    size: int,
    read_at: Callable[[int, int], bytes],
    *,
    media_type: str,
    tag: str,
    download_name: str = "",
    close: Callable[[], None] | None = None,
) -> Response:
    """Answer a request for a file, or for one range of it.

    Parameters
    ----------
    request : Request
        GET or HEAD; a header ``Range`` with several ranges is answered with the whole file.
    size : int
        Bytes of the file.
    read_at : callable
        ``read_at(offset, count)`` gives bytes, on another thread.
    media_type : str
        Type of the file.
    tag : str
        Changes with the file.
    download_name : str
        Name under which browsers save it, instead of showing it.
    close : callable, optional
        Called when no more is read.

    Raises
    ------
    HTTPException
        416: the range lies outside.
    """
    try:
        start, stop, partial = _wanted(request, size, f'"{tag}"')
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{tag}"',
            "Cache-Control": "no-cache",
            "Content-Length": str(stop - start),
        }
        if partial:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        if download_name:
            plain = re.sub(r'[^ -~]|["\\]', "_", download_name)
            headers["Content-Disposition"] = (
                f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(download_name)}"
            )
        code = 206 if partial else 200
        if request.headers.get("if-none-match") == f'"{tag}"' and not partial:
            code, headers["Content-Length"] = 304, "0"
        if request.method == "HEAD" or code == 304:
            if close is not None:
                close()
            return Response(status_code=code, headers=headers, media_type=media_type)
    except BaseException:
        if close is not None:
            close()
        raise
    pieces = _pieces(start, stop, read_at, close)
    return StreamingResponse(pieces, code, headers=headers, media_type=media_type)


async def _pieces(
    start: int,
    stop: int,
    read_at: Callable[[int, int], bytes],
    close: Callable[[], None] | None,
) -> AsyncIterator[bytes]:
    try:
        while start < stop:
            piece = await to_thread.run_sync(read_at, start, min(_PIECE_BYTES, stop - start))
            if not piece:
                raise OSError("the file is shorter than it was")
            yield piece
            start += len(piece)
    finally:
        if close is not None:
            close()


def _wanted(request: Request, size: int, tag: str) -> tuple[int, int, bool]:
    """First byte, the one after the last, and whether that is a part of the file."""
    text = request.headers.get("range", "")
    only_if = request.headers.get("if-range")
    match = re.fullmatch(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", text, re.ASCII)
    if match is None or match[0] == "bytes=-" or (only_if is not None and only_if != tag):
        return 0, size, False
    first, last = match[1], match[2]
    if not first and not last:
        return 0, size, False
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start = int(first)
        stop = min(size, int(last) + 1) if last else size
    if start >= stop:
        raise HTTPException(
            416, f"the file has {size} bytes", headers={"Content-Range": f"bytes */{size}"}
        )
    return start, stop, True


def with_silence(
    read_at: Callable[[int, int], bytes], silence: bytes
) -> Callable[[int, int], bytes]:
    """Return a way to read a file of samples in which silence stands for what is damaged.

    Parameters
    ----------
    read_at : callable
        As for `range_response`; raises NlacError where the file is damaged.
    silence : bytes
        The byte of silence.
    """

    def read(offset: int, count: int) -> bytes:
        try:
            return read_at(offset, count)
        except NlacError:
            if count <= _SILENT_BYTES:
                return silence * count
        half = count // 2
        return read(offset, half) + read(offset + half, count - half)

    return read

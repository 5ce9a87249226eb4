"""Compression of what is text; audio is sent as it is, for players ask for parts of it."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_AUDIO = ("/api/audio", "/api/download", "/audio/", "/api/library/cover")


class TextCompressor:
    """ASGI middleware: gzip for all but audio and pictures.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressing = GZipMiddleware(app, minimum_size=1024, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        plain = scope["type"] != "http" or scope["path"].startswith(_AUDIO)
        await (self._plain if plain else self._compressing)(scope, receive, send)

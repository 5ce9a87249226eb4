"""Who may ask, and what a page may do: checks and headers around the application.

A server on the loopback interface is reached by every page that the user's browser shows. So the
host's name must be one of ours (no other name was made to point here), and what changes something
must come from our own page.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlac.web.settings import Settings

COOKIE = "nlac-token"
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """ASGI middleware: host, origin, token, headers.

    Parameters
    ----------
    app : ASGI application
    settings : Settings
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        # cookies are those of a host, whatever its port: another server's must not be replaced
        mark = hashlib.sha256(settings.token.encode()).hexdigest()[:8]
        self._cookie = f"{COOKIE}-{mark}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        token = self._settings.token
        given = self._given(scope, headers) if token else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    out.setdefault(name, value)
                if token and given == "address":
                    out.append(
                        "Set-Cookie", f"{self._cookie}={token}; Path=/; HttpOnly; SameSite=Strict"
                    )
            await send(message)

        refusal = self._refusal(scope, headers, given)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers, given: str) -> Response | None:
        host = _host(headers.get("host", ""))
        if self._settings.hosts and host not in self._settings.hosts:
            return JSONResponse(
                {"detail": "this server is not known under that name; ask it as localhost"}, 421
            )
        if scope["method"] not in _SAFE:
            origin, site = headers.get("origin"), headers.get("sec-fetch-site")
            foreign = origin is not None and _host(origin.partition("://")[2]) != host
            if foreign or site in ("cross-site", "same-site"):
                return JSONResponse({"detail": "a page of another site may not ask this"}, 403)
        if self._settings.token and not given:
            reason = "the address needs ?token=..., as `nlac serve` printed it"
            challenge = {"WWW-Authenticate": "Bearer"}
            if "text/html" in headers.get("accept", ""):
                return PlainTextResponse(f"nlac: {reason}\n", 401, challenge)
            return JSONResponse({"detail": reason}, 401, challenge)
        return None

    def _given(self, scope: Scope, headers: Headers) -> str:
        """Where the right token was given: in the address, a header or a cookie; empty if not."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        kind, _, value = headers.get("authorization", "").partition(" ")
        places = [
            ("header", value.strip() if kind.lower() == "bearer" else ""),
            *(("cookie", value) for value in self._cookies(headers.get("cookie", ""))),
            ("address", query.get("token", [""])[-1]),
        ]
        token = self._settings.token.encode()
        for place, value in places:
            if hmac.compare_digest(value.encode(), token):
                return place
        return ""

    def _cookies(self, text: str) -> list[str]:
        """Values of our cookie; Python's parser gives up at what other programs may have set."""
        parts = (part.strip().partition("=") for part in text.split(";"))
        return [value for name, _, value in parts if name == self._cookie]


def _host(name: str) -> str:
    """A host's name in lower case, without its port and brackets."""
    if name.startswith("["):
        return name[1:].partition("]")[0].lower()
    return name.partition(":")[0].lower()

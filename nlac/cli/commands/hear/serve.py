"""``nlac serve``."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import re
import signal
import socket
from pathlib import Path
from typing import Any

import click

from nlac._errors import MissingDependency, NlacError, UsageError
from nlac._log import logger
from nlac.cli import _console, _interrupt
from nlac.cli.options.sizes import size_option

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command("serve")
@click.argument("folder", metavar="[FOLDER]", required=False, type=FOLDER)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="N",
    help="Port to listen on; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="Address to listen on; 0.0.0.0 for all of this machine's. Who asks from another "
    "machine needs the token that is printed.",
)  # fmt: skip
@click.option("--token", metavar="TEXT", help="The token, instead of a random one.")
@click.option("--models", type=FOLDER, metavar="DIR", help="Models and runs to show and to try.")
@click.option(
    "--runs", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Training runs to show; new ones are made there.",
)  # fmt: skip
@click.option("--data", type=FOLDER, metavar="DIR", help="Prepared datasets to train on.")
@click.option("--stream", is_flag=True, help="Serve FOLDER's recordings to players, too.")
@click.option(
    "--upload-limit", callback=size_option, default="4G", show_default=True, metavar="SIZE",
    help="Largest file that is taken.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", type=click.IntRange(0), default=0, metavar="N",
    help="Encodings at a time; 0, the default, as many as there are cores.",
)  # fmt: skip
@_console.verbosity_options
def command(
    folder: Path | None, port: int, host: str, token: str | None, models: Path | None,
    runs: Path | None, data: Path | None, stream: bool, upload_limit: int, jobs: int,
) -> None:  # fmt: skip
    """Show a web page to encode, see, hear and compare recordings.

    With FOLDER the page has it as a library; nothing in it is changed. Files that are
    dropped on the page are kept in a temporary folder, which goes away with the server.
    With --stream, VLC, mpv and browsers play the library: /audio/PATH.wav, /audio/PATH.flac
    and the playlist /audio.m3u8.

    Only this machine can reach the page, unless --host says otherwise. Ctrl-C ends it.

    \b
    Examples:
      nlac serve
      nlac serve archive --port 8080
      nlac serve archive --host 0.0.0.0 --stream
      nlac serve --models models --runs runs
    """
    if missing := [
        name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None
    ]:
        raise MissingDependency(f"{', '.join(missing)} not installed: pip install 'nlac[web]'")
    if stream and folder is None:
        raise UsageError("--stream needs FOLDER")
    local = host in _LOOPBACK
    if token is not None and not re.fullmatch(r"[A-Za-z0-9._~-]{3,200}", token):
        raise UsageError("--token: at least three letters, digits or any of . _ ~ -")
    if token is None and not local:
        import secrets

        token = secrets.token_urlsafe(12)
    listener = _listen(host, port)
    import uvicorn

    from nlac.codec.decoder.workers import available_cores
    from nlac.web.app import create_app
    from nlac.web.settings import Settings

    app = create_app(
        Settings(
            folder=folder, models=models, runs=runs, data=data, stream=stream,
            upload_limit_bytes=upload_limit, workers=jobs or available_cores(),
            hosts=_LOOPBACK if local else (), token=token or "",
        )
    )  # fmt: skip
    # an address that stands for all of this machine's is no use on another
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{name}]" if ":" in name else name
    address = f"http://{shown}:{listener.getsockname()[1]}/"
    if token:
        address += f"?token={token}"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _console.say(f"the page is at {address} (Ctrl-C ends it)")

    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False,
        # pages keep connections open for news of jobs
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Server(config)
    logs = logging.getLogger("uvicorn.error")
    logs.propagate = False
    logs.addHandler(_Faults(server))
    hang_up = getattr(signal, "SIGHUP", None)
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        # as the others, of which uvicorn knows
        signal.signal(hang_up, lambda number, frame: setattr(server, "should_exit", True))
    # the usual way to end it
    with contextlib.suppress(KeyboardInterrupt):
        server.run([listener])
    _console.say("ended")
    # threads that follow a block would be waited for
    _interrupt.end(0)


class _Faults(logging.Handler):
    """Tell of faults of the server in a line, and with ``-vv`` where they arose."""

    def __init__(self, server: Any) -> None:
        super().__init__(logging.WARNING)
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one, unless it is a connection that the end of the server cut."""
        cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        if self._server.should_exit or cancelled:
            return
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            logger.warning("%s", record.getMessage())
            return
        if isinstance(error.__cause__, NlacError):
            # found when a part had been sent: the client sees that the rest is missing
            logger.warning("a file could not be sent to its end: %s", error.__cause__)
            return
        shown = logger.isEnabledFor(logging.DEBUG)
        logger.error(
            "a request failed by a fault of nlac itself: %s: %s (-vv shows where)",
            type(error).__name__, error, exc_info=record.exc_info if shown else None,
        )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    """Open the socket, before anything slow."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"can't listen on {host}, port {port}: {reason}") from None
    return listener

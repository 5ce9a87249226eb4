"""The application of `nlac serve`."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware

import nlac
from nlac._errors import LimitExceeded, MissingDependency, NlacError
from nlac.web.answers import About
from nlac.web.http.compression import TextCompressor
from nlac.web.http.page import PageFiles
from nlac.web.http.security import Guard
from nlac.web.research.shelves import Shelves
from nlac.web.routes import (
    audio,
    compare,
    generation,
    jobs,
    library,
    runs,
    training,
    uploads,
    views,
)
from nlac.web.settings import Settings
from nlac.web.state import make_state

# what the system says, and how it is answered
_CODES = {
    errno.EACCES: 403, errno.EPERM: 403, errno.ENOENT: 404, errno.ENOSPC: 507, errno.EDQUOT: 507,
}  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings : Settings
        What to serve, and to whom.

    Returns
    -------
    FastAPI
        An ASGI application, for one process. Its temporary files go away when it shuts down.
    """
    state = make_state(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await to_thread.run_sync(state.close)

    app = FastAPI(
        title="nlac",
        version=nlac.__version__,
        description="Encode, look at, hear and compare recordings; train and try models.",
        lifespan=lifespan,
        # the pages that FastAPI has for its description load scripts from other hosts
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        middleware=[Middleware(Guard, settings=settings), Middleware(TextCompressor)],
    )
    app.state.nlac = state
    app.add_exception_handler(NlacError, _explain)
    app.add_exception_handler(RequestValidationError, _explain_request)
    app.add_exception_handler(OSError, _explain_system)
    for part in (uploads, jobs, library, views, compare, audio):
        app.include_router(part.make_router(state))
    shelves = Shelves(settings)
    for research in (runs, generation, training):
        app.include_router(research.make_router(state, shelves))
    app.include_router(PageFiles().router())
    _add_about(app, settings)
    return app


def _add_about(app: FastAPI, settings: Settings) -> None:

    @app.get("/api/about", tags=["server"])
    def about() -> About:
        """What this server can do."""
        return About(
            version=nlac.__version__,
            presets=jobs.presets(),
            peers=list(jobs.peers()),
            folder=None if settings.folder is None else settings.folder.resolve().name,
            upload_limit_bytes=settings.upload_limit_bytes,
            models=settings.models is not None or settings.runs is not None,
            training=settings.runs is not None,
            stream=settings.stream,
        )


def _explain(request: Request, error: Exception) -> JSONResponse:
    """Answer with what is wrong with a file."""
    code = 422
    if isinstance(error, MissingDependency):
        code = 501
    elif isinstance(error, LimitExceeded):
        code = 413
    return JSONResponse({"detail": str(error)}, code)


def _explain_system(request: Request, error: Exception) -> JSONResponse:
    """Answer with what the system says of a file or the disk."""
    assert isinstance(error, OSError)
    code = _CODES.get(error.errno or 0, 500)
    reason = error.strerror or type(error).__name__
    if code == 507:
        return JSONResponse({"detail": "there is no room in the server's temporary folder"}, code)
    return JSONResponse({"detail": f"the file can't be read: {reason}"}, code)


def _explain_request(request: Request, error: Exception) -> JSONResponse:
    """Answer with what is wrong with a request, in one line."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return JSONResponse({"detail": f"{place}: {first['msg']}" if place else first["msg"]}, 422)

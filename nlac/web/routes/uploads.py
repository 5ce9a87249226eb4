"""Files that the client sends."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Query, Request, Response

from nlac._errors import NlacError
from nlac.web.answers import Facts, Problem, Uploaded
from nlac.web.files.facts import facts_of
from nlac.web.files.refs import Audio, missing
from nlac.web.files.store import Entry
from nlac.web.state import State

_MOST_NAME_BYTES = 180


def make_router(state: State) -> APIRouter:
    """Routes of uploads, and of facts about any audio."""
    router = APIRouter(prefix="/api", tags=["files"])

    @router.post(
        "/uploads",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            }
        },
        responses={413: {"model": Problem}, 422: {"model": Problem}},
    )
    async def upload(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=1024)]
    ) -> Uploaded:
        """Take a file, as the body of the request."""
        limit = min(state.settings.upload_limit_bytes, state.store.room())
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        entry = state.store.new()
        entry.pins += 1
        try:
            clean = clean_name(name)
            await _receive(request, entry, clean, limit)
            entry.name = clean
            audio = Audio(f"upload:{entry.id}", entry.folder / clean, clean)
            facts = await to_thread.run_sync(facts_of, audio)
        except BaseException as error:
            state.store.discard(entry)
            if isinstance(error, NlacError):
                reason = f"{clean}: this is no audio: {_for_page(error)}"
                raise HTTPException(422, reason) from error
            raise
        finally:
            entry.pins -= 1
        await to_thread.run_sync(state.store.measure, entry)
        return Uploaded(ref=audio.ref, name=clean, bytes=facts.bytes, facts=facts)

    @router.delete(
        "/uploads/{upload_id}",
        status_code=204,
        responses={404: {"model": Problem}, 409: {"model": Problem}},
    )
    def remove(upload_id: str) -> Response:
        """Forget an upload."""
        entry = state.store.find(upload_id)
        if entry is None or not entry.name:
            raise missing(f"upload:{upload_id}")
        if entry.pins:
            raise HTTPException(409, f"{entry.name} is being encoded; stop that first")
        state.store.discard(entry)
        return Response(status_code=204)

    @router.get("/facts", responses={404: {"model": Problem}, 422: {"model": Problem}})
    def facts(ref: Annotated[str, Query(max_length=4096)]) -> Facts:
        """What is known of a recording."""
        return facts_of(state.refs.find(ref))

    return router


def clean_name(name: str) -> str:
    """Return a file's name without folders and without what file systems do not take."""
    last = PurePath(name.replace("\\", "/")).name
    last = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', "_", last).strip(". ")
    stem, suffix = PurePath(last).stem, PurePath(last).suffix
    while len((stem + suffix).encode()) > _MOST_NAME_BYTES:
        stem, suffix = stem[: len(stem) - 1], suffix[:16]
    return stem + suffix or "audio"


def _for_page(error: Exception) -> str:
    """What is wrong with a file, without the advice for programs."""
    return str(error).partition("; if these are samples without a header")[0]


async def _receive(request: Request, entry: Entry, name: str, limit: int) -> None:
    """Write the body to a file of the entry."""
    count = 0
    with open(entry.folder / name, "wb") as file:
        async for piece in request.stream():
            count += len(piece)
            if count > limit:
                raise _too_large(limit)
            if piece:
                await to_thread.run_sync(file.write, piece)
            entry.num_bytes = count


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the file is too large: {limit / 1e6:,.1f} MB are taken at most")

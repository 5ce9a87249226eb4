"""The library: a table of recordings, their covers, and commands for what changes files."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

import nlac
from nlac.web.answers import Problem
from nlac.web.files.listing import Library, Recording
from nlac.web.files.refs import missing
from nlac.web.state import State

_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
# types of pictures that browsers show and that can hold no script
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp")
Column = Literal["path", "bytes", "saved", "seconds", "title", "artist", "album", "predictor"]
Ref = Annotated[str, Query(max_length=4096)]


class LibraryRow(BaseModel):
    """A recording of the library."""

    ref: str
    path: str
    bytes: int
    original_bytes: int | None
    seconds: float | None
    sample_rate: int | None
    channels: int | None
    bits_per_sample: int | None
    title: str
    artist: str
    album: str
    predictor: str
    damaged: str | None = Field(description="What is wrong with the file, as far as headers tell")
    has_cover: bool


class LibraryPage(BaseModel):
    """A part of the library's table, and figures of all that was found."""

    rows: list[LibraryRow]
    total: int
    bytes: int = Field(description="Of all nlac files that were found")
    original_bytes: int = Field(description="Of what they were made of")


class Command(BaseModel):
    """A command to copy."""

    what: str
    command: str


def make_router(state: State) -> APIRouter:
    """Routes of the library."""
    router = APIRouter(prefix="/api", tags=["library"])
    folder = state.settings.folder
    library = None if folder is None else Library(folder)

    @router.get("/library", responses=_NOT_FOUND)
    def table(
        query: Annotated[str, Query(max_length=500)] = "",
        sort: Column = "path",
        order: Literal["up", "down"] = "up",
        offset: Annotated[int, Query(ge=0, le=1 << 40)] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> LibraryPage:
        """Recordings in which all words of the query occur, in some order."""
        if library is None:
            raise missing("library")
        words = query.casefold().split()
        found = [
            one for one in library.recordings() if all(word in one.text for word in words)
        ]
        found.sort(key=lambda one: _key(one, sort), reverse=order == "down")
        streams = [one for one in found if one.original_bytes is not None]
        return LibraryPage(
            rows=[_row(one) for one in found[offset : offset + limit]],
            total=len(found),
            bytes=sum(one.num_bytes for one in streams),
            original_bytes=sum(one.original_bytes or 0 for one in streams),
        )

    @router.get(
        "/library/cover",
        response_class=Response,
        responses={200: {"content": {"image/*": {}}}, **_NOT_FOUND},
    )
    def cover(ref: Ref) -> Response:
        """Front cover of a recording, or its first picture."""
        with nlac.open(state.refs.find(ref).path) as file:
            pictures = [one for one in file.pictures if one.media_type in _PICTURES]
        if not pictures:
            raise missing(f"cover of {ref}")
        front = next((one for one in pictures if one.picture_type == 3), pictures[0])
        return Response(front.data, media_type=front.media_type)

    @router.get("/library/commands", responses=_NOT_FOUND)
    def commands(ref: Ref) -> list[Command]:
        """Commands to test, protect and repair a recording. They are run by the user."""
        audio = state.refs.find(ref)
        kind, _, relative = ref.partition(":")
        name = relative if kind == "library" else audio.name
        word = shlex.quote(name if not name.startswith("-") else f"./{name}")
        if audio.path.suffix.lower() != ".nlac":
            return [Command(what="encode", command=f"nlac encode {word}")]
        return [
            Command(what="test for damage", command=f"nlac test {word}"),
            Command(what="restore the original", command=f"nlac decode {word}"),
            Command(what="add parity against damage", command=f"nlac protect {word}"),
            Command(what="repair by parity", command=f"nlac repair {word}"),
            Command(
                what="save what is intact", command=f"nlac decode --recover {word}"
            ),
        ]

    return router


def _key(one: Recording, column: Column) -> tuple[bool, Any]:
    """Key to sort by; what has no value comes last."""
    value: Any
    if column == "saved":
        value = 1 - one.num_bytes / one.original_bytes if one.original_bytes else None
    elif column == "bytes":
        value = one.num_bytes
    else:
        value = getattr(one, column)
        value = value.casefold() if isinstance(value, str) else value
    return value is None, 0 if value is None else value


def _row(one: Recording) -> LibraryRow:
    return LibraryRow(
        ref=f"library:{one.path}", path=one.path, bytes=one.num_bytes,
        original_bytes=one.original_bytes, seconds=one.seconds, sample_rate=one.sample_rate,
        channels=one.channels, bits_per_sample=one.bits_per_sample, title=one.title,
        artist=one.artist, album=one.album, predictor=one.predictor,
        damaged=one.damaged or None, has_cover=one.has_cover,
    )  # fmt: skip

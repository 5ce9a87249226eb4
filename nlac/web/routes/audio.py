"""Audio to listen to and to save: exact bytes, in ranges."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request, Response

from nlac._names import AUDIO_SUFFIXES
from nlac.bitstream.constants import MAGIC
from nlac.web.answers import Problem
from nlac.web.files.listing import Library
from nlac.web.files.refs import Kind, missing
from nlac.web.http.ranges import range_response, with_silence
from nlac.web.state import State

if TYPE_CHECKING:
    from nlac.web.files.open_file import OpenFile

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/wav": {}}},
    206: {"content": {"audio/wav": {}}},
    404: {"model": Problem},
    416: {"model": Problem},
    422: {"model": Problem},
}
_PLAYLIST: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/vnd.apple.mpegurl": {}}}
}
Ref = Annotated[str, Query(max_length=4096)]


def make_router(state: State) -> APIRouter:
    """Routes of audio."""
    router = APIRouter(tags=["audio"])

    @router.head("/api/audio", include_in_schema=False)
    @router.get("/api/audio", response_class=Response, responses=_RESPONSES)
    def listen(request: Request, ref: Ref, kind: Kind = "original") -> Response:
        """The recording as a WAV file, or its prediction or residual alone."""
        return _answer(request, state, state.files.take(state.refs.find(ref)), kind)

    @router.head("/api/download", include_in_schema=False)
    @router.get(
        "/api/download",
        response_class=Response,
        responses={**_RESPONSES, 200: {"content": {"application/octet-stream": {}}}},
    )
    def download(
        request: Request, ref: Ref, what: Literal["stream", "original"] = "stream"
    ) -> Response:
        """A file as it is, or the original that an nlac file restores."""
        audio = state.refs.find(ref)
        if what == "stream" or not _is_stream(audio.path):
            return _whole(request, audio.path, audio.name)
        from nlac.playback.original import OriginalFile

        original = OriginalFile(audio.path)
        if not original.exact:
            # of FLAC, and of what has no original: known only as a whole
            original.close()
            return _whole(request, *state.renderings.file(audio))
        return range_response(
            request, original.size, original.read_at, media_type="application/octet-stream",
            tag=f"o{audio.path.stat().st_mtime_ns:x}", close=original.close,
            download_name=PurePath(audio.name).stem + PurePath(original.name).suffix,
        )  # fmt: skip

    if state.settings.stream and state.settings.folder is not None:
        _add_players(router, state, Library(state.settings.folder))
    return router


def _add_players(router: APIRouter, state: State, library: Library) -> None:
    """Routes for players of other programs."""

    @router.get("/audio.m3u8", response_class=Response, responses=_PLAYLIST, tags=["players"])
    def playlist(request: Request) -> Response:
        """A playlist of the library, for VLC, mpv and the like."""
        token = f"?token={quote(state.settings.token)}" if state.settings.token else ""
        lines = ["#EXTM3U"]
        recordings = library.recordings()
        stems = Counter(str(PurePath(one.path).with_suffix("")) for one in recordings)
        for one in recordings:
            if one.damaged:
                continue
            title = " - ".join(filter(None, (one.artist, one.title))) or one.path
            stem = str(PurePath(one.path).with_suffix(""))
            # of several with one name, each by all of it
            name = stem if stems[stem] == 1 else one.path.removesuffix(".wav")
            lines.append(f"#EXTINF:{round(one.seconds or -1)},{' '.join(title.split())}")
            lines.append(f"{request.base_url}audio/{quote(name)}.wav{token}")
        return Response("\n".join(lines) + "\n", media_type="application/vnd.apple.mpegurl")

    @router.head("/audio/{path:path}", include_in_schema=False)
    @router.get(
        "/audio/{path:path}", response_class=Response, responses=_RESPONSES, tags=["players"]
    )
    def play(request: Request, path: str) -> Response:
        """A recording of the library as .wav or .flac, whatever it is kept as."""
        suffix = PurePath(path).suffix.lower()
        if suffix not in (".wav", ".flac"):
            raise missing(path)
        stem = path[: -len(suffix)]
        others = (f"{stem}{end}" for end in sorted(AUDIO_SUFFIXES))
        for name in (path, stem, f"{stem}.nlac", *others):
            try:
                audio = state.refs.find(f"library:{name}")
            except HTTPException:
                continue
            if suffix == ".wav":
                return _answer(request, state, state.files.take(audio), "original")
            if audio.path.suffix.lower() == ".flac":
                return _whole(request, audio.path, "", media_type="audio/flac")
            if _is_stream(audio.path):
                made, _ = state.renderings.file(audio, ".flac")
                return _whole(request, made, "", media_type="audio/flac")
        raise missing(path)


def _answer(request: Request, state: State, file: OpenFile, kind: Kind) -> Response:
    """A WAV file of an open file, which is given back when it is sent."""
    try:
        view = file.wav(kind)
    except BaseException:
        state.files.give_back(file)
        raise
    # to be heard: what is damaged is told by the views, and by what saves files
    silence = b"\x80" if file.recording.bits_per_sample <= 8 else b"\0"
    return range_response(
        request, view.size, with_silence(view.read_at, silence), media_type="audio/wav",
        tag=f"{kind[0]}{file.tag}", close=lambda: state.files.give_back(file),
    )  # fmt: skip


def _whole(
    request: Request, path: Path, name: str, media_type: str = "application/octet-stream"
) -> Response:
    """A file of the disk."""
    status = path.stat()
    file = open(path, "rb")  # noqa: SIM115 - closed by the response

    def read_at(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return range_response(
        request, status.st_size, read_at, media_type=media_type, close=file.close,
        tag=f"{status.st_mtime_ns:x}-{status.st_size:x}", download_name=name,
    )  # fmt: skip


def _is_stream(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC

"""The files of the page, which are kept in memory and cached by browsers until they change."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path

from fastapi import APIRouter, Response

import nlac.views
from nlac.web.files.refs import missing

# what is of the page alone, and what draws the self-contained pages of `nlac analyze`, too
FOLDERS = (Path(__file__).parents[1] / "static", Path(nlac.views.__file__).parent / "static")
_LONG = "public, max-age=31536000, immutable"


class PageFiles:
    """All files of the page, by name.

    Attributes
    ----------
    mark : str
        Part of their addresses, which changes when one of them does.
    """

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        for folder in FOLDERS:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    self._files[path.relative_to(folder).as_posix()] = path.read_bytes()
        digest = hashlib.sha256()
        for name, data in sorted(self._files.items()):
            digest.update(f"{name} {len(data)} ".encode() + data)
        self.mark = digest.hexdigest()[:12]

    def router(self) -> APIRouter:
        """Routes of the page and of its files."""
        router = APIRouter(include_in_schema=False)
        index = self._files["index.html"].replace(
            b'"static/', f'"static/{self.mark}/'.encode()
        )  # fmt: skip

        @router.head("/")
        @router.get("/")
        def page() -> Response:
            return Response(
                index, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"}
            )

        @router.head("/static/{mark}/{name:path}")
        @router.get("/static/{mark}/{name:path}")
        def file(mark: str, name: str) -> Response:
            data = self._files.get(name)
            if data is None:
                raise missing(name)
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            if name.endswith(".js"):
                # as the system's table may not know
                kind = "text/javascript; charset=utf-8"
            caching = _LONG if mark == self.mark else "no-cache"
            return Response(data, media_type=kind, headers={"Cache-Control": caching})

        return router

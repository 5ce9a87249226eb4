"""The server and the browser are started once, and every test has a page of its own."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import compress, crc32

import pytest
from browser_tools import DATA, FLAGS, LOOP, Shown, chromium, serving


def png() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = compress(bytes([0, 200, 80, 60]))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each) for each in ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: an nlac file that has tags and a cover, one that is damaged, and a FLAC file."""
    import nlac

    folder = tmp_path_factory.mktemp("library")
    cover = tmp_path_factory.mktemp("pictures") / "cover.png"
    cover.write_bytes(png())
    (folder / "Sets").mkdir()
    nlac.encode(
        LOOP, folder / "loop.nlac", threads=1, pictures=[cover],
        tags={"TITLE": "Loop & <b>bold</b>", "ARTIST": "Mika"},
    )  # fmt: skip
    stream = (folder / "loop.nlac").read_bytes()
    (folder / "Sets" / "broken.nlac").write_bytes(stream[: len(stream) // 2])
    (folder / "Sets" / "music.flac").write_bytes((DATA / "music.flac").read_bytes())
    return folder


@pytest.fixture(scope="session")
def base(browser: Any, library: Path) -> Iterator[str]:
    """Address of a running server."""
    with serving(folder=library) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def show(browser: Any, base: str) -> Iterator[Callable[..., Shown]]:
    """Make pages; in the end it is checked what they did."""
    made: list[Shown] = []

    def make(base: str = base, **given: Any) -> Shown:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **given})
        # the first use of a kernel may compile it
        context.set_default_timeout(60_000)
        shown = Shown(context.new_page(), base)
        shown.watch()
        made.append(shown)
        return shown

    yield make
    for shown in made:
        shown.page.context.close()
        shown.check()


@pytest.fixture
def shown(show: Callable[..., Shown]) -> Shown:
    """A page."""
    return show()

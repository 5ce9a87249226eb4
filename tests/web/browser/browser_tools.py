"""A server in a thread and a page in Chromium, for tests of what the browser shows."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

DATA = Path(__file__).parents[2] / "data"
LOOP = DATA / "loop.wav"
UPLOAD_LIMIT_BYTES = 2_000_000
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str:
    """Path of Chromium; without it the test is skipped."""
    pytest.importorskip("playwright", reason="needs playwright")
    pytest.importorskip("fastapi", reason="needs the extra web")
    pytest.importorskip("uvicorn", reason="needs the extra web")
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("needs Chromium")


@contextmanager
def serving(port: int = 0, **given: Any) -> Iterator[int]:
    """Run the server until the block ends; its port is told."""
    import uvicorn

    from nlac.web.app import create_app
    from nlac.web.settings import Settings

    settings = Settings(upload_limit_bytes=UPLOAD_LIMIT_BYTES, **given)
    config = uvicorn.Config(
        create_app(settings), port=port, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)


def until(page: Any, expression: str, argument: Any = None, seconds: float = 60.0) -> None:
    """Wait until an expression is true in a page, whose policy forbids Playwright's way to wait."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"never true: {expression}"
        page.wait_for_timeout(50)


@dataclass
class Shown:
    """A page, and what it did.

    Attributes
    ----------
    page : playwright page
    base : str
        Address of the server.
    requests : list of str
        What it asked for.
    complaints : list of str
        Errors on the console, and of scripts.
    forgiven : tuple of str
        Parts of complaints that are expected.
    """

    page: Any
    base: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def watch(self) -> None:
        """Note requests and complaints from now on."""
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error} {error.stack}"))
        self.page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type == "error" else 0,
        )

    def check(self) -> None:
        """No request may have left the host, and nothing may have gone wrong."""
        host = urlsplit(self.base).netloc
        others = [url for url in self.requests if urlsplit(url).netloc not in ("", host)]
        assert not others, others
        wrong = [
            text for text in self.complaints if not any(part in text for part in self.forgiven)
        ]
        assert not wrong, wrong

    def open(self, place: str = "") -> Any:
        """Open a place of the page; returns the page."""
        self.page.goto(f"{self.base}/#/{place}")
        return self.page

    def send(self, path: Path) -> None:
        """Choose a file of this machine."""
        self.page.set_input_files("input[type=file] >> nth=0", path)

    def encode(self, *presets: str) -> None:
        """Encode what is open with presets, and wait until all is there."""
        page = self.page
        for box in page.query_selector_all("fieldset input[type=checkbox]"):
            name = box.get_attribute("value")
            if name and name != "on":
                box.set_checked(name in presets)
        if beside := page.query_selector("text=beside"):
            beside.query_selector("input").uncheck()
        page.click("text=Encode")
        until(page, "n => document.querySelectorAll('td .ok').length === n", len(presets))

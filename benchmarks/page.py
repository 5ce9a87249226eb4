"""The page of `nlac serve` beside an empty FastAPI application: start, load, first paint.

    python benchmarks/page.py [--rounds N]

Needs `nlac[web]`, Playwright, and Chromium (``--chromium``, by default the one on PATH). Times are
the least of the rounds; what counts are ratios of the page to the empty one.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

EMPTY = """
import sys
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return "<!doctype html><html lang=en><title>empty</title><body><h1>empty</h1></body></html>"


uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
FIGURES = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const ready = performance.getEntriesByName('ready')[0];
  const loaded = performance.getEntriesByType('navigation')[0].loadEventEnd;
  return {paint: paint ? paint.startTime : 0, ready: ready ? ready.startTime : loaded};
}"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[float]:
    """Run a server; gives the seconds until it answered."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    answer.read()
                break
            except OSError:
                time.sleep(0.005)
        yield time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait()


def load(browser: object, url: str, wants_mark: bool) -> dict[str, float]:
    """Load a page twice in a new context, and return figures of both."""
    context = browser.new_context()  # type: ignore[attr-defined]
    page = context.new_page()
    figures: dict[str, float] = {}
    for number in ("first", "second"):
        requests: list[object] = []

        def note(request: object, requests: list[object] = requests) -> None:
            requests.append(request)

        page.on("requestfinished", note)
        page.goto(url, wait_until="load")
        # the page's policy forbids what Playwright's wait_for_function does
        while wants_mark and not page.evaluate("performance.getEntriesByName('ready').length"):
            time.sleep(0.005)
        page.wait_for_load_state("networkidle")
        told = page.evaluate(FIGURES)
        figures[f"{number} paint"] = told["paint"]
        figures[f"{number} ready"] = told["ready"]
        page.remove_listener("requestfinished", note)
        # what comes from the browser's cache has no headers
        sizes = [size for size in map(_bytes, requests) if size > 0]
        figures[f"{number} requests"] = len(sizes)
        figures[f"{number} kB"] = sum(sizes) / 1000
    context.close()
    return figures


def _bytes(request: object) -> int:
    sizes = request.sizes()  # type: ignore[attr-defined]
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    best: dict[str, dict[str, float]] = {"nlac": {}, "empty": {}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium, args=FLAGS)
        for _ in range(arguments.rounds):
            for name in best:
                port = free_port()
                command = {
                    "nlac": [sys.executable, "-P", "-m", "nlac", "serve", "--port", str(port)],
                    "empty": [sys.executable, "-c", EMPTY, str(port)],
                }[name]
                with running(command, port) as start:
                    url = f"http://127.0.0.1:{port}/"
                    figures = {"start": 1000 * start, **load(browser, url, name == "nlac")}
                for key, value in figures.items():
                    best[name][key] = min(value, best[name].get(key, value))
        browser.close()
    print("| figure | nlac | empty page | ratio |\n| --- | ---: | ---: | ---: |")
    for key, value in best["nlac"].items():
        other = best["empty"][key]
        ratio = f"{value / other:.2f}" if other else ""
        print(f"| {key} | {value:.1f} | {other:.1f} | {ratio} |")


if __name__ == "__main__":
    main()

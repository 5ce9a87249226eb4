"""A file is sent, encoded, proved and given back; what cannot be is said in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_tools import LOOP, UPLOAD_LIMIT_BYTES, Shown, serving, until

import nlac


def saved(page: Any, name: str, folder: Path) -> bytes:
    """Bytes of what a link downloads."""
    with page.expect_download() as download:
        page.get_by_role("link", name=name, exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def test_a_sent_file_is_encoded_and_comes_back(shown: Shown, tmp_path: Path) -> None:
    page = shown.open()
    shown.send(LOOP)
    page.wait_for_selector("h1:text-is('loop.wav')")
    assert "44.1 kHz, stereo, 16 bits" in page.inner_text("main")
    shown.encode("fast", "standard")
    rows = page.locator("table tbody tr")
    assert rows.count() == 2
    coded = saved(page, "Download fast as .nlac", tmp_path)
    assert f"{len(coded):,}" in rows.nth(0).inner_text()
    assert "same file" in rows.nth(0).inner_text()
    back = tmp_path / "back.wav"
    nlac.decode(coded, back, threads=1)
    assert back.read_bytes() == LOOP.read_bytes()
    back.unlink()
    given = saved(page, "Download the original, decoded from standard", tmp_path)
    assert given == LOOP.read_bytes()


def test_progress_is_seen_and_kept_over_a_reload(shown: Shown) -> None:
    page = shown.open()
    shown.send(LOOP)
    page.wait_for_selector("h1:text-is('loop.wav')")
    page.evaluate("""
        window.seen = [];
        new MutationObserver(() => {
            for (const bar of document.querySelectorAll("td progress")) seen.push(bar.value);
        }).observe(document.body, { childList: true, subtree: true });
    """)
    shown.encode("fast")
    assert page.evaluate("seen.length") > 0
    assert "fast:" in page.inner_text("#live")
    page.reload()
    page.wait_for_selector("td .ok")
    assert page.locator("table tbody tr").count() == 1


def test_links_and_buttons_stay_in_place_while_rows_come(shown: Shown) -> None:
    page = shown.open()
    shown.send(LOOP)
    page.wait_for_selector("h1:text-is('loop.wav')")
    page.evaluate("""
        window.links = new Set();
        window.states = 0;
        window.listen = document.querySelector("[aria-label='Listen to'] button");
        new MutationObserver(() => {
            const link = document.querySelector("[aria-label='Download fast as .nlac']");
            if (link) { links.add(link); states++; }
        }).observe(document.body, { childList: true, subtree: true });
    """)
    shown.encode("fast", "standard", "high")
    until(page, "document.querySelectorAll('[aria-label=\"Listen to\"] button').length === 3")
    assert page.evaluate("[links.size, states > 1, listen.isConnected]") == [1, True, True]


def test_dropping_a_file_sends_it(shown: Shown) -> None:
    page = shown.open()
    page.wait_for_selector(".drop")
    data = page.evaluate_handle(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
            return data;
        }""",
        list(LOOP.read_bytes()[:44] + bytes(4000)),
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(".drop", kind, {"dataTransfer": data})
    page.wait_for_selector("h1:text-is('dropped.wav')")


def test_names_are_text(shown: Shown, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.wav"
    shutil.copy(LOOP, tmp_path / name)
    page = shown.open()
    page.route("**/api/facts*", lambda route: rename(route, name))
    shown.send(tmp_path / name)
    page.wait_for_selector("h1:has-text('onerror')")
    assert page.locator("main img").count() == 0


def rename(route: Any, name: str) -> None:
    """Let the server tell a name that it would have changed."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "name": name})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no audio at all" * 9, "no audio"),
        (bytes(UPLOAD_LIMIT_BYTES + 1), "takes files up to 2.0 MB"),
    ],
)
def test_what_cannot_be_taken_is_refused(
    shown: Shown, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "text.wav").write_bytes(content)
    shown.forgiven = ("422",)
    page = shown.open()
    shown.send(tmp_path / "text.wav")
    alert = page.wait_for_selector("#alerts .alert")
    assert message in alert.inner_text()
    assert "text.wav" in alert.inner_text()
    page.click("text=Close")
    assert page.locator("#alerts .alert").count() == 0
    page.wait_for_selector(".drop")


def test_a_damaged_stream_is_told(shown: Shown, library: Path) -> None:
    shown.forgiven = ("422",)
    page = shown.open()
    shown.send(library / "Sets" / "broken.nlac")
    assert "no end mark" in page.wait_for_selector("#alerts .alert").inner_text()


def test_a_server_that_stops_is_told_and_found_again(show: Callable[..., Shown]) -> None:
    with serving() as port:
        shown = show(f"http://127.0.0.1:{port}")
        shown.forgiven = ("ERR_CONNECTION_REFUSED", "404", "422")
        page = shown.open()
        shown.send(LOOP)
        page.wait_for_selector("h1:text-is('loop.wav')")
        page.wait_for_load_state("networkidle")
    page.click("text=Encode")
    assert "does not answer" in page.wait_for_selector("#alerts .alert").inner_text()
    with serving(port):
        page.wait_for_selector("#alerts .alert:has-text('no longer here')")
        page.wait_for_selector(".drop")
        assert "answers again" in page.inner_text("#live")

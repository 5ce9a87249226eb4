"""Library and comparison; keyboard, phone, colours, and what a first load costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser_tools import LOOP, Shown, until

NARROW = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def names(page: Any) -> list[str]:
    """Names in the library's table."""
    rows = page.locator("tbody tr th")
    return [text.splitlines()[0] for text in rows.all_inner_texts()]


def test_library_is_searched_sorted_and_opened(shown: Shown) -> None:
    page = shown.open("library")
    page.wait_for_selector("tbody tr")
    assert names(page) == ["Loop & <b>bold</b>", "broken.nlac", "music.flac"]
    assert "3 recordings" in page.inner_text("main")
    until(page, "document.querySelector('img.cover').naturalWidth === 1")
    assert "saved" in page.inner_text("main")
    assert "damaged: " in page.inner_text("tbody")
    page.get_by_role("button", name="size").click()
    page.wait_for_selector("th[aria-sort=ascending]:has-text('size')")
    page.get_by_role("button", name="size").click()
    page.wait_for_selector("th[aria-sort=descending]:has-text('size')")
    until(page, "document.querySelector('tbody th').innerText.startsWith('music')")
    page.get_by_label("Search the library").fill("mika")
    until(page, "document.querySelectorAll('tbody th').length === 1")
    page.reload()
    page.wait_for_selector("tbody th")
    assert names(page) == ["Loop & <b>bold</b>"]
    page.get_by_role("link", name="Loop").click()
    page.wait_for_selector("h1:text-is('loop.nlac')")


def test_what_changes_files_is_a_command_to_copy(show: Callable[..., Shown]) -> None:
    shown = show(permissions=["clipboard-read", "clipboard-write"])
    page = shown.open("library")
    page.get_by_role("button", name="Commands for broken.nlac").click()
    page.get_by_role("button", name="Copy: nlac repair Sets/broken.nlac").click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "nlac repair Sets/broken.nlac"


def test_equal_recordings_are_told_so(shown: Shown) -> None:
    page = shown.open("compare?a=library:loop.nlac")
    page.wait_for_selector("h2:text-is('loop.nlac')")
    page.set_input_files("input[type=file] >> nth=1", LOOP)
    page.wait_for_selector("h2:text-is('The same samples')")


def test_differences_are_found_and_shown(shown: Shown, tmp_path: Any) -> None:
    data = bytearray(LOOP.read_bytes())
    data[44 + 4 * 100_000] ^= 64
    (tmp_path / "other.wav").write_bytes(data)
    page = shown.open("compare?a=library:loop.nlac")
    page.wait_for_selector("h2:text-is('loop.nlac')")
    page.set_input_files("input[type=file] >> nth=1", tmp_path / "other.wav")
    page.wait_for_selector("h2:text-is('They differ')")
    facts = page.inner_text("section[aria-label=Result]")
    assert "frame 100,000, channel 1" in facts
    assert "Largest difference\n64, " in facts
    page.wait_for_selector("[data-lane=wave-difference] figcaption:has-text('peak')")
    page.get_by_role("button", name="show").click()
    page.wait_for_selector(".lanes-readout:has-text('frame 100,000'):has-text('difference L')")
    page.wait_for_selector("canvas[aria-label^='Spectrum of first, second, difference']")


def test_page_is_used_with_the_keyboard_alone(shown: Shown) -> None:
    page = shown.open()
    page.wait_for_selector(".drop")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """(one => one.ariaLabel ?? one.innerText)(document.activeElement)"""
            )
            if focused == name:
                width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
                assert width != "0px"  # focus is seen
                return
        pytest.fail(f"no {name}")

    tab_to("Choose a file")
    chosen = []
    page.on("filechooser", lambda chooser: chosen.append(chooser))
    for _ in range(20):
        # Chromium opens no chooser while it believes that the last one is open
        page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        if chosen:
            break
    chosen[0].set_files(LOOP)
    page.wait_for_selector("h1:text-is('loop.wav')")
    tab_to("Encode")
    page.keyboard.press("Enter")
    page.wait_for_selector("td .ok")
    tab_to("Cursor in time")
    page.keyboard.press("End")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    until(page, "document.querySelector('audio[data-key=original]').currentTime > 0.1")
    page.keyboard.press(" ")
    until(page, "document.querySelector('audio[data-key=original]').paused")


def test_everything_has_a_name(shown: Shown) -> None:
    page = shown.open("file?ref=library:loop.nlac")
    page.wait_for_selector("[data-lane=weights]")
    nameless = page.evaluate("""[...document.querySelectorAll("button, a, input, select")]
        .filter(one => one.checkVisibility())
        .filter(one => !(one.innerText || one.ariaLabel || one.labels?.length))
        .map(one => one.outerHTML)""")
    assert nameless == []
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize(
    "place", ["file", "file?ref=library:loop.nlac", "library", "compare?a=library:loop.nlac"]
)
def test_page_fits_a_phone(show: Callable[..., Shown], place: str) -> None:
    page = show(**NARROW).open(place)
    page.wait_for_selector("main section")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_fingers_zoom(show: Callable[..., Shown]) -> None:
    shown = show(**NARROW)
    page = shown.open("file?ref=library:loop.nlac")
    page.wait_for_selector("figcaption:has-text('waveform, peak')")
    page.evaluate("""() => {
        const stack = document.querySelector(".lanes-stack");
        const left = stack.getBoundingClientRect().left;
        const send = (type, pointerId, x) => stack.dispatchEvent(new PointerEvent(type,
            { pointerId, clientX: left + x, pointerType: "touch", bubbles: true }));
        send("pointerdown", 1, 150); send("pointerdown", 2, 170);
        send("pointermove", 1, 60); send("pointermove", 2, 260);
        send("pointerup", 1, 60); send("pointerup", 2, 260);
    }""")
    until(page, "parseFloat(document.querySelector('.lanes-range i').style.width) < 15")


def test_theme_follows_the_system_until_it_is_chosen(show: Callable[..., Shown]) -> None:
    page = show(color_scheme="dark").open("library")
    page.wait_for_selector("tbody tr")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(20, 21, 26)"
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(colour) == "rgb(251, 250, 247)"
    page.reload()
    page.wait_for_selector("tbody tr")
    assert page.evaluate(colour) == "rgb(251, 250, 247)"


def test_first_load_is_small(shown: Shown) -> None:
    page = shown.open()
    page.wait_for_selector(".drop")
    page.wait_for_load_state("networkidle")
    assert len(shown.requests) < 10
    entries = 'performance.getEntriesByType("resource")'
    assert page.evaluate(f"{entries}.reduce((sum, one) => sum + one.transferSize, 0)") < 60_000
    policy = page.request.get(shown.base).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy

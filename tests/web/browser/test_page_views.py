"""Pictures on one time axis: zoom, numbers, sound at the same position."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browser_tools import LOOP, Shown, until

import nlac

RATE, FRAMES = 44_100, 141_120


@pytest.fixture
def loop(shown: Shown) -> Shown:
    """A page that shows the loop of the library, which is an nlac file."""
    page = shown.open("file?ref=library:loop.nlac")
    page.wait_for_selector(".lanes canvas")
    page.wait_for_selector("figcaption:has-text('residual, peak')")
    return shown


def seen(page: Any) -> str:
    """What the pictures say of the cursor."""
    return page.inner_text(".lanes-readout >> nth=0")


def spans(shown: Shown, what: str) -> list[int]:
    """Lengths of the spans that were asked for."""
    found = []
    for url in shown.requests:
        address = urlsplit(url)
        if address.path == f"/api/{what}":
            query = parse_qs(address.query)
            found.append(int(query["stop"][0]) - int(query["start"][0]))
    return found


def test_lanes_show_what_is_inside_and_say_it_in_words(loop: Shown) -> None:
    page = loop.page
    assert page.locator("[data-lane]").evaluate_all("all => all.map(one => one.dataset.lane)") == [
        "repetition", "wave-original", "spectrogram-0", "spectrogram-1", "bits", "structure",
        "orders", "sets", "weights", "wave-residual",
    ]  # fmt: skip
    page.wait_for_selector("figcaption:has-text('where this was before: 2.00 s')")
    page.wait_for_selector("li:has-text('Bits a sample over time; on average')", state="attached")
    words = page.inner_text("ul[aria-label='What the pictures show']")
    for part in ("Waveform".lower(), "Repetition: ", "spectrogram L", "Bits a sample", "1 blocks"):
        assert part in words
    drawn = """one => one.getContext("2d").getImageData(0, 0, one.width, one.height)
        .data.some(value => value)"""
    assert all(page.locator(".lane canvas").nth(k).evaluate(drawn) for k in range(6))
    page.wait_for_selector("canvas[aria-label^='Histogram of the residuals']")


def test_zoom_reaches_single_samples(loop: Shown, library: Path) -> None:
    page = loop.page
    samples = nlac.read(library / "loop.nlac")[0]
    page.focus(".lanes-stack")
    page.keyboard.press("Home")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    for _ in range(16):
        page.keyboard.press("+")
    until(page, "parseFloat(document.querySelector('.lanes-range i').style.width) < 0.02")
    frame = int(page.get_attribute(".lanes-stack", "aria-valuenow"))
    left, right = (f"{value:,}".replace("-", "\u2212") for value in samples[frame].tolist())
    page.wait_for_selector(f".lanes-readout:has-text('L {left}, R {right}')")
    assert f"frame {frame:,}" in page.get_attribute(".lanes-stack", "aria-valuetext")
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    assert spans(loop, "peaks")[-1] == FRAMES


def test_wheel_zooms_with_control_and_else_scrolls_the_page(loop: Shown) -> None:
    page = loop.page
    box = page.locator("[data-lane=wave-original]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    assert spans(loop, "peaks")[-1] == FRAMES
    assert page.evaluate("scrollY") > 0
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -700)
    page.keyboard.up("Control")
    page.wait_for_timeout(400)
    assert spans(loop, "peaks")[-1] < FRAMES / 2
    page.get_by_role("button", name="Whole file").click()
    page.wait_for_timeout(300)
    assert spans(loop, "peaks")[-1] == FRAMES


def test_pointer_tells_numbers_and_selects(loop: Shown) -> None:
    page = loop.page
    box = page.locator("[data-lane=spectrogram-0] canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    page.wait_for_selector(".lanes-readout:has-text('kHz')")
    said = seen(page)
    assert said.startswith("0:02.4")
    assert "dB" in said
    assert "was before: 2.00 s" in said
    assert "order" in said
    assert "block 0" in said
    assert "bits" in said
    assert page.locator(".lanes-mark.before").is_visible()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    page.mouse.up()
    assert "selected 800 ms" in seen(page) or "selected 0.80 s" in seen(page)
    page.get_by_role("button", name="Zoom to the selection").click()
    page.wait_for_timeout(300)
    assert spans(loop, "peaks")[-1] == pytest.approx(FRAMES / 4, rel=0.02)


def test_sound_plays_from_any_point_and_changes_at_the_same_position(loop: Shown) -> None:
    page = loop.page
    current = "key => document.querySelector(`audio[data-key=${key}]`)"
    until(page, f"({current})('original').readyState >= 1")
    duration = page.evaluate(f"({current})('original').duration")
    assert duration == pytest.approx(FRAMES / RATE, abs=1e-3)
    box = page.locator("[data-lane=wave-original] canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 20)
    assert page.evaluate(f"({current})('original').currentTime") == pytest.approx(1.6, abs=0.01)
    page.get_by_role("button", name="Play").click()
    until(page, f"({current})('original').currentTime > 1.7")
    page.get_by_role("button", name="residual", exact=True).click()
    until(page, f"!({current})('residual').paused && ({current})('original').paused")
    times = [page.evaluate(f"({current})('{key}').currentTime") for key in ("original", "residual")]
    assert times[1] == pytest.approx(times[0], abs=0.4)
    page.get_by_role("button", name="Pause").click()
    head = page.evaluate(
        "new DOMMatrix(getComputedStyle(document.querySelector('.head')).transform).e"
    )
    at = page.evaluate(f"({current})('residual').currentTime")
    assert head / box["width"] * FRAMES / RATE == pytest.approx(at, abs=0.1)


def test_prediction_and_residual_add_up_to_the_original(loop: Shown, library: Path) -> None:
    start, stop = 100_000, 100_200
    rows = {}
    for kind in ("original", "prediction", "residual"):
        answer = loop.page.request.get(
            f"{loop.base}/api/peaks?ref=library:loop.nlac&start={start}&stop={stop}&columns=400"
            f"&kind={kind}"
        )
        rows[kind] = np.array(answer.json()["samples"])
    assert np.array_equal(rows["prediction"] + rows["residual"], rows["original"])
    assert np.array_equal(rows["original"].T, nlac.read(library / "loop.nlac")[0][start:stop])


def test_streams_of_a_job_are_drawn_and_can_be_looked_into(shown: Shown) -> None:
    page = shown.open()
    shown.send(LOOP)
    page.wait_for_selector("h1:text-is('loop.wav')")
    assert page.locator("[data-lane=bits]").count() == 0
    shown.encode("fast", "high")
    page.wait_for_selector("[data-lane=bits] figcaption:has-text('high')")
    page.wait_for_selector("figcaption:has-text('no mixture in these blocks')")
    page.get_by_label("Stream to look into").select_option("high")
    page.wait_for_selector("[data-lane=weights] figcaption:has-text('combiner')")

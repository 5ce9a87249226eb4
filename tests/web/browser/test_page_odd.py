"""Recordings and answers that are out of the ordinary are told as what they are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser_tools import LOOP, Shown, serving, until

import nlac

RATE = 44_100


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings that are empty, silent, not finite, wide, of other depths, and oddly named."""
    folder = tmp_path_factory.mktemp("odd")

    def write(name: str, samples: Any, bits: int = 16, **tags: str) -> None:
        nlac.write(folder / name, samples, RATE, bits_per_sample=bits, tags=tags, threads=1)

    ramp = np.arange(-16_384, 16_384, dtype=np.int16)[:, None]
    write("ramp16.nlac", ramp)
    write("ramp24.nlac", ramp.astype(np.int32) << 8, 24)
    write("empty.nlac", ramp[:0])
    write("silent.nlac", np.zeros_like(ramp))
    write("wide.nlac", np.zeros((2000, 12), np.int16))
    write("tiny\u202eabc.nlac", ramp[:3], ARTIST="Incomprehensibilities" * 4)
    floats = np.full((20_000, 1), 0.5, np.float32)
    floats[5000:15_000] = np.inf
    write("odd.nlac", floats, 32)
    return folder


@pytest.fixture(scope="module")
def odd_base(browser: Any, odd: Path) -> Iterator[str]:
    """Address of a server that shows these."""
    with serving(folder=odd) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page_of(show: Callable[..., Shown], odd_base: str) -> Callable[..., Any]:
    """Open a place of a page of that server."""

    def make(place: str, **given: Any) -> Any:
        shown = show(odd_base, **given)
        # what is refused on purpose
        shown.forgiven = ("404", "422")
        return shown.open(place)

    return make


def test_levels_are_those_of_each_format(page_of: Callable[..., Any]) -> None:
    page = page_of("compare?a=library:ramp16.nlac&b=library:ramp24.nlac")
    for key in "ab":
        page.wait_for_selector(f"[data-lane=wave-{key}] figcaption:has-text('peak \u22126.0 dBFS')")


def test_an_empty_recording_has_no_samples(page_of: Callable[..., Any]) -> None:
    page = page_of("file?ref=library:empty.nlac")
    page.wait_for_selector("figcaption:has-text('waveform: no samples')")
    assert page.locator(".lanes").bounding_box()["height"] < 400
    assert page.inner_text(".lanes-readout >> nth=0") == "no samples"


def test_silence_has_no_predictor_and_no_value_set(page_of: Callable[..., Any]) -> None:
    page = page_of("file?ref=library:silent.nlac")
    page.wait_for_selector("[data-lane=orders] figcaption:text-is('predictor order: none')")
    page.wait_for_selector("[data-lane=sets] figcaption:text-is('value sets: none')")


def test_what_is_not_finite_is_told(page_of: Callable[..., Any]) -> None:
    page = page_of("file?ref=library:odd.nlac")
    page.wait_for_selector("figcaption:has-text('waveform, peak not finite')")
    box = page.locator("[data-lane=wave-original] canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.wait_for_selector(".lanes-readout:has-text('mono not finite')")


def test_spectrograms_of_the_first_channels_say_so(page_of: Callable[..., Any]) -> None:
    page = page_of("file?ref=library:wide.nlac")
    page.wait_for_selector("figcaption:has-text('the first 8 of 12 channels')")


def test_a_phone_holds_long_names_and_small_files(page_of: Callable[..., Any]) -> None:
    page = page_of("library", viewport={"width": 390, "height": 844})
    cell = page.locator("td[data-label=artist]:has-text('Incomp')")
    cell.wait_for()
    assert cell.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert page.locator("td[data-label=saved]:text-is('larger')").count()
    isolated = "getComputedStyle(document.querySelector('tbody th bdi')).unicodeBidi"
    assert page.evaluate(isolated) == "isolate"


def test_damage_is_short_beside_the_picture_and_told_in_full_below(
    page_of: Callable[..., Any],
) -> None:
    texts = ["block 3 at byte 70,001: its checksum is wrong", "block 5 ends early"]
    asked = []

    def damage(route: Any) -> None:
        answer = route.fetch()
        body = answer.json()
        asked.append(route.request.url)
        half = len(body["low"][0]) // 2
        for row in (*body["low"], *body["high"]):
            row[:half] = [None] * half
        known = [k >= half for k in range(len(body["low"][0]))]
        route.fulfill(response=answer, json={
            **body, "exact": False, "progress": 1.0, "known": known, "damage": texts,
        })  # fmt: skip

    page = page_of("library")
    page.route(re.compile("/api/peaks.*kind=original"), damage)
    page.evaluate("location.hash = '#/file?ref=library:ramp16.nlac'")
    lane = page.locator("[data-lane=wave-original]")
    lane.locator("figcaption:text-is('waveform, peak \u22126.0 dBFS, "
                 "silent where it is damaged (2 places)')").wait_for()  # fmt: skip
    assert lane.locator(".lane-more").inner_text() == "; ".join(texts)
    drawn = """one => [0.25, 0.75].map(share => one.getContext("2d").getImageData(
        share * one.width, 0, 4, one.height / 2 - 4).data.some(value => value))"""
    # the ramp is low in its first half
    lower = drawn.replace("0, 4, one.height / 2 - 4", "one.height / 2 + 4, 4, one.height / 2 - 4")
    assert lane.locator("canvas").evaluate(lower)[0] is False
    assert lane.locator("canvas").evaluate(drawn)[1] is True
    page.wait_for_timeout(2000)
    assert len(asked) <= 3  # it never gets exact


def test_a_file_that_changes_or_goes_is_told(page_of: Callable[..., Any], odd: Path) -> None:
    shutil.copy(odd / "ramp16.nlac", odd / "changing.nlac")
    page = page_of("file?ref=library:changing.nlac")
    page.wait_for_selector("figcaption:has-text('waveform, peak')")
    zoom = page.get_by_role("button", name="Zoom in")
    page.route("**/api/peaks*", lambda route: route.fulfill(status=422, json={"detail": "moved"}))
    shutil.copy(odd / "silent.nlac", odd / "changing.nlac")
    zoom.click()
    page.wait_for_selector("#alerts .alert:has-text('This file has changed')")
    page.unroute("**/api/peaks*")
    (odd / "changing.nlac").unlink()
    zoom.click()
    page.wait_for_selector("#alerts .alert:has-text('not in the folder any more')")


def test_a_missing_token_is_told(show: Callable[..., Shown]) -> None:
    with serving(token="secret") as port:
        shown = show(f"http://127.0.0.1:{port}")
        shown.forgiven = ("401",)
        page = shown.page
        page.goto(f"{shown.base}/?token=secret#/file")
        page.wait_for_selector(".drop")
        page.context.clear_cookies()
        page.evaluate("location.hash = '#/compare'")
        page.wait_for_selector("#alerts .alert:has-text('with its token')")
        page.set_input_files("input[type=file] >> nth=0", LOOP)
        until(page, "document.querySelector('#alerts').innerText.includes('nlac serve printed')")

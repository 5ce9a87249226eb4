"""docs/modules.svg is what tools/draw_modules.py makes of the sources."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools/draw_modules.py"))


def test_picture_is_up_to_date(tool):
    drawn = (ROOT / "docs/modules.svg").read_text(encoding="utf-8")
    assert drawn == tool["draw"](), "run python tools/draw_modules.py"


def test_picture_has_every_folder_and_import(tool):
    picture = ElementTree.fromstring((ROOT / "docs/modules.svg").read_text(encoding="utf-8"))
    modules, edges = tool["read_package"]()
    names = [text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "name"]
    assert names == sorted(modules)
    titles = {path.findtext(f"{SVG}title") for path in picture.iter(f"{SVG}path")} - {None}
    assert titles == {f"{a} imports {b}: {count}" for (a, b), count in edges.items()}


def test_folders_stand_above_what_they_import(tool):
    edges = Counter({("top", "low"): 3, ("top", "one"): 1, ("one", "two"): 1, ("two", "one"): 1,
                     ("two", "low"): 2})  # fmt: skip
    floors = tool["floors_of"](["low", "one", "top", "two"], edges)
    assert floors == {"low": 0, "one": 1, "two": 1, "top": 2}

"""The examples of the documents run as they are written, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "docs/api.md"]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def examples(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page, tmp_path, monkeypatch):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/data").symlink_to(ROOT / "tests/data", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    found = examples(page)
    assert found
    names: dict[str, object] = {}
    for number, example in enumerate(found):
        exec(compile(example, f"{page}, example {number}", "exec"), names)


def pages() -> list[Path]:
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
    return sorted(found)


@pytest.mark.parametrize("page", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_modules_that_the_readme_names_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("## Reading the code")[1]
    folder = ""
    named = re.findall(r"`((?:nlac/[\w/]*)?\w+\.py)`", text.split("## Documents")[0])
    assert named
    for name in named:
        # a bare name lies beside the one before it
        if "/" in name:
            folder = name.rpartition("/")[0]
        path = ROOT / (name if "/" in name else f"{folder}/{name}")
        assert path.is_file(), name


def test_the_index_names_every_page():
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert name == "index.md" or f"({name})" in index, name

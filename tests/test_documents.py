"""Files that documents name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
FOLDERS = "benchmarks|docs|findings|nlac|recipes|scripts|tests|tools|training"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`|\bpython ((?:{FOLDERS})/[\w./-]+)")
# in the changelog, and as an example of a name
FORMER = {"CHANGELOG.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_named_files_exist(page):
    if page.name in FORMER:
        return
    text = page.read_text(encoding="utf-8")
    for match in PATH.finditer(text):
        name = match.group(1) or match.group(2)
        # capitals stand for a name of one's own
        if not re.search(r"[A-Z]{4}", name.removesuffix("README.md")):
            assert (ROOT / name).exists(), name

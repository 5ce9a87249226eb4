"""Names of tracks: titles become safe names of files, and templates that are wrong are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlac._errors import UsageError
from nlac.api.tracks.naming import NameTemplate, distinct, safe_name

NAMES = {
    "": "_", ".": "_", "..": "_", "  ": "_", "...And": "And", "a/b\\c": "a_b_c", "Nul": "_Nul",
    "com1.x": "_com1.x", "a\0b\n": "a_b_", "ends. ": "ends", "con artist": "con artist",
    "x" * 500: "x" * 200, "é" * 300: "é" * 100, "\ud800": "_", 'a"*?<>|:': "a_______",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_are_safe(text: str) -> None:
    assert safe_name(text) == NAMES[text]


@given(st.text(max_size=300))
def test_no_title_leads_out_of_the_folder(text: str) -> None:
    name = NameTemplate("{title}").fill({"title": text})
    assert name == Path(name).name
    assert name not in ("", ".", "..")
    assert not set(name) & set('/\\:*?"<>|\0')
    assert len(name.encode()) <= 201


def test_equal_names_get_numbers() -> None:
    assert distinct(["a", "A", "b", "a"]) == ["a", "A (2)", "b", "a (3)"]
    assert distinct(["a", "a (2)", "a"]) == ["a", "a (2)", "a (3)"]


@pytest.mark.parametrize(
    "template",
    ["{x}", "{title.__class__}", "{0}", "{title", "}", "{track:99999d}", "a/{title}", "..\\x"],
)
def test_wrong_templates(template: str) -> None:
    with pytest.raises(UsageError, match="name "):
        NameTemplate(template)

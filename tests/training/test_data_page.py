"""The examples of docs/data.md run as they are written, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac.training.data import augment

PAGE = Path(__file__).resolve().parents[2] / "docs/data.md"


def test_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(augment, "_KNOWN", dict(augment._KNOWN))
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) >= 3
    # dataclasses look for the module that they are defined in
    names: dict[str, object] = {"__name__": __name__}
    for number, example in enumerate(found):
        exec(compile(example, f"{PAGE.name}, example {number}", "exec"), names)


def test_augmentations_are_those_of_the_table():
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == list(augment._KNOWN)

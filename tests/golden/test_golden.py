"""Streams that were written once decode for ever, and are written the same again."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import make_golden
import numpy as np
import pytest

import nlac
from nlac.predictors import registry

pytestmark = pytest.mark.every_mode

FOLDER = Path(__file__).resolve().parent
VERSIONS = sorted(path.parent for path in FOLDER.glob("v*/manifest.json"))


def rows() -> list[Any]:
    found = []
    for folder in VERSIONS:
        for row in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
            found.append(pytest.param(folder, row, id=f"{folder.name}-{row['name']}"))
    return found


@pytest.fixture(autouse=True)
def _plugin(monkeypatch):
    """The example package, installed as far as Python can tell."""
    monkeypatch.setattr(sys, "path", [str(make_golden.PLUGIN), *sys.path])
    monkeypatch.setattr(registry, "_registered", {})


def test_manifests_are_complete():
    assert [folder.name for folder in VERSIONS] == ["v1"]
    total = 0
    for folder in VERSIONS:
        named = {row["name"] for row in json.loads((folder / "manifest.json").read_text("utf-8"))}
        assert named == {path.stem for path in folder.glob("*.nlac")}
        total += sum(path.stat().st_size for path in folder.glob("*.nlac"))
    assert named == set(make_golden.CASES)
    assert total < 200_000


@pytest.mark.parametrize(("folder", "row"), rows())
def test_stream_decodes_as_ever(folder, row):
    data = (folder / f"{row['name']}.nlac").read_bytes()
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert data[4] == int(folder.name[1:])
    info = nlac.info(data)
    assert (info.channels, info.bits_per_sample, info.is_float) == (
        row["channels"],
        row["bits"],
        row["float"],
    )
    samples, _rate = nlac.read(data, always_2d=True)
    assert samples.shape == (row["frames"], row["channels"])
    assert make_golden.pcm_md5(samples, row["bits"]) == row["pcm_md5"]
    if row["frames"] > 20:
        part, _rate = nlac.read(data, 7, 19, always_2d=True)
        np.testing.assert_array_equal(part.view(np.uint8), samples[7:19].view(np.uint8))
    if row["original_sha256"]:
        out = io.BytesIO()
        nlac.decode(data, out)
        assert hashlib.sha256(out.getvalue()).hexdigest() == row["original_sha256"]


@pytest.mark.parametrize(("folder", "row"), rows())
def test_stream_is_written_again(folder, row):
    """The same samples come of it anyhow; the same bytes where the choice of them is exact."""
    if folder.name != f"v{make_golden.FORMAT_VERSION}":
        return
    data = make_golden.CASES[row["name"]]()
    if row["exact"]:
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
    samples, _rate = nlac.read(data, always_2d=True)
    assert make_golden.pcm_md5(samples, row["bits"]) == row["pcm_md5"]

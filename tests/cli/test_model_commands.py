"""``nlac model``, and models on the way to encode and decode."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import nlac
from nlac.predictors.networks import models as model
from nlac.predictors.networks.models import Model

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))
from tiny_networks import tiny_network

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def _own_models(monkeypatch):
    monkeypatch.setattr(model, "_added", {})


@pytest.fixture
def made(tmp_path) -> Path:
    path = tmp_path / "mine.nlacm"
    path.write_bytes(
        Model(tiny_network("gru"), {"name": "mine", "front": "rls", "licence": "MIT"}).to_bytes()
    )
    return path


def test_model_info(call: Call, made: Path):
    text = call("model", "info", made).stdout
    digest = Model.read(made).hash.hex()
    for part in (digest, "gru", "20 inputs, linear 16, gru 12, linear 4", "licence"):
        assert part in text
    facts = json.loads(call("model", "info", "--json", made).stdout)
    assert (facts["hash"], facts["predictor"], facts["inputs"]) == (digest, "gru", 20)
    assert call("model", "info", "absent").exit_code == 2


def test_model_verify(call: Call, made: Path):
    assert "mine.nlacm: good" in call("model", "verify", made).stdout
    data = bytearray(made.read_bytes())
    data[60] ^= 1
    made.write_bytes(data)
    done = call("model", "verify", made)
    assert done.exit_code == 3
    assert "mine.nlacm" in done.stderr


def test_models_travel_by_file_name_and_stream(
    call: Call, wav: Path, made: Path, monkeypatch: pytest.MonkeyPatch
):
    options = ["--predictor", "gru", "--model", made]
    assert call("encode", wav, "a.nlac", *options).exit_code == 0
    assert call("encode", wav, "b.nlac", *options, "--embed-model").exit_code == 0
    assert call("encode", wav, "c.nlac", "--predictor", "gru", "--model", "mine").exit_code == 2
    model._added.clear()
    done = call("decode", "a.nlac", "-o", "x.wav")
    assert done.exit_code == 4
    assert Model.read(made).hash.hex() in done.stderr
    assert "NLAC_MODELS" in done.stderr
    assert call("test", "a.nlac").exit_code == 4
    assert call("decode", "b.nlac", "-o", "b.wav").exit_code == 0
    model._added.clear()
    assert call("test", "a.nlac", "--model", made).exit_code == 0
    model._added.clear()
    assert call("decode", "a.nlac", "-o", "a.wav", "--model", made).exit_code == 0
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes() == wav.read_bytes()
    monkeypatch.setenv("NLAC_MODELS", str(made.parent))
    model._added.clear()
    assert call("encode", wav, "c.nlac", "--predictor", "gru", "--model", "mine").exit_code == 0
    assert json.loads(call("info", "--json", "c.nlac").stdout)["predictor"] == "gru"


def test_shipped_models_are_documented_and_enough(call: Call, wav: Path):
    manual = Path(__file__).parents[2] / "docs/cli.md"
    section = manual.read_text(encoding="utf-8").split("\n## model\n")[1]
    table = re.findall(r"^\| `(\S+)` \| `(\w+)`", section.split("\n## ")[0], re.MULTILINE)
    shipped = {path.stem for path in (Path(nlac.__file__).parent / "models").glob("*.nlacm")}
    assert {name for name, _ in table} == shipped
    for name, predictor in table:
        assert call("encode", wav, f"{name}.nlac", "--model", name).exit_code == 0
        assert json.loads(call("info", "--json", f"{name}.nlac").stdout)["predictor"] == predictor


def test_model_list(call: Call, made: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NLAC_MODELS", str(made.parent))
    rows = [json.loads(line) for line in call("model", "list", "--json").stdout.splitlines()]
    shipped = {path.stem for path in (Path(nlac.__file__).parent / "models").glob("*.nlacm")}
    assert {row["model"] for row in rows} == shipped | {"mine"}
    (mine,) = (row for row in rows if row["model"] == "mine")
    assert mine["hash"] == Model.read(made).hash.hex()
    assert (mine["predictor"], mine["front"], mine["licence"]) == ("gru", "rls", "MIT")
    lines = call("model", "list").stdout.splitlines()
    assert lines[0].split() == [
        "model", "predictor", "front", "weights", "bytes", "licence", "date",
    ]  # fmt: skip
    assert len(lines) == len(rows) + 1

"""``nlac model`` and ``nlac train``, and models on the way to encode and decode."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import wav_bytes
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


def test_training_needs_its_packages(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.yaml").write_text("corpus: .\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = call("train", "a.yaml")
    assert done.exit_code == 4
    assert "nlac[train]" in done.stderr


def test_train_and_export(call: Call, tmp_path: Path):
    for package in ("torch", "safetensors", "yaml"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = ["file\tcategory\tsplit"]
    for name in ("train", "valid"):
        (corpus / f"{name}.wav").write_bytes(wav_bytes(20000))
        rows.append(f"{name}.wav\tmusic\t{name}")
    (corpus / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "run.yaml").write_text(
        "corpus: corpus\nwidth: 16\ndepth: 1\nseconds: 0.2\npool: 1\nbatch: 2\nlength: 256\n"
        "burn_in: 8\nsteps: 4\nvalid_every: 2\nvalid_crops: 1\n"
    )
    done = call("train", "run.yaml")
    assert done.exit_code == 0, done.stderr
    assert "step 2, " in done.stdout
    assert "run: 4 steps" in done.stdout
    assert "going on at step 4" in call("train", "run.yaml").stdout
    assert call("model", "export", "run", "new.onnx").exit_code == 2
    assert call("model", "export", "run", "new.nlacm").exit_code == 0
    assert call("model", "export", "run", "new.nlacm").exit_code == 5
    assert call("model", "verify", "new.nlacm").exit_code == 0

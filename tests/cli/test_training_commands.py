"""``nlac train``, ``nlac runs`` and ``nlac tune``."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import wav_bytes
from click.testing import Result

Call = Callable[..., Result]
RECIPE = Path(__file__).parents[1] / "training/tiny_recipe.py"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    for package in ("torch", "safetensors", "yaml"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    path = tmp_path / "tiny.yaml"
    path.write_text(
        f"recipe: {RECIPE}:tiny\n"
        "train: {steps: 4, batch: 4, valid_every: 2, log_every: 1, threads: 1}\n"
    )
    return path


def test_training_needs_its_packages(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.yaml").write_text("corpus: .\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for command in ("train", "tune"):
        done = call(command, "a.yaml")
        assert done.exit_code == 4
        assert "nlac[train]" in done.stderr


def test_train_and_go_on(call: Call, tiny: Path):
    done = call("train", tiny)
    assert done.exit_code == 0, done.stderr
    for part in ("4 steps", "3 recordings (CC0-1.0)", "step 2, ", "best at step"):
        assert part in done.stdout
    assert Path("runs/tiny/checkpoints/best.safetensors").is_file()
    # the same command, and --resume
    done = call("train", tiny, "--set", "train.steps=6")
    assert "from step 4 to step 6" in done.stdout
    done = call("train", "--resume", "runs/tiny", "--set", "train.steps=8")
    assert "from step 6 to step 8" in done.stdout
    done = call("train", "--resume", "runs/tiny", "--set", "model.width=8")
    assert done.exit_code == 2
    assert "model.width was 16, now 8" in done.stderr
    assert "train.steps" in done.stderr
    # elsewhere, with other settings
    done = call("train", tiny, "--set", "model.width=8", "-o", "runs/narrow", "-q")
    assert done.exit_code == 0
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either CONFIG.yaml or --resume RUN"),
        (["tiny.yaml", "--resume", "."], "give either CONFIG.yaml or --resume RUN"),
        (["--resume", "."], "no run, for it has no config.yaml"),
        (["tiny.yaml", "--set", "model.width=17"], "--set model.width: 17; a multiple of 8"),
        (["tiny.yaml", "--set", "width"], "not of the form key=value"),
        (["tiny.yaml", "--device", "tpu"], "device: tpu; auto, cpu, cuda or cuda:N"),
        (["tiny.yaml", "--device", "cpu", "--gpu-id", "1"], "contradict each other"),
        (["tiny.yaml", "--set", "train.batch=3", "--set", "train.accumulate=2"], "divisor"),
    ],
)
def test_wrong_use_is_told(call: Call, tiny: Path, arguments: list[str], message: str):
    done = call("train", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr


def test_devices_of_the_environment(call: Call, tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUDIO_DEVICE", "none")
    assert "device: none" in call("train", tiny).stderr
    assert call("train", tiny, "--device", "cpu").exit_code == 0


def test_networks_of_the_codec_are_trained_and_exported(call: Call, tmp_path: Path, tiny: Path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    rows = ["file\tcategory\tsplit\tlicence"]
    for name in ("train", "valid"):
        (corpus / f"{name}.wav").write_bytes(wav_bytes(20000))
        rows.append(f"{name}.wav\tmusic\t{name}\tCC BY-NC-SA 4.0")
    (corpus / "MANIFEST.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "run.yaml").write_text(
        "corpus: corpus\nwidth: 16\ndepth: 1\nseconds: 0.2\npool: 1\nbatch: 2\nlength: 256\n"
        "burn_in: 8\nsteps: 4\nvalid_every: 2\nvalid_crops: 1\n"
    )
    done = call("train", "run.yaml")
    assert done.exit_code == 0, done.stderr
    assert "than without the network" in done.stdout
    assert call("model", "export", "runs/run", "new.onnx").exit_code == 2
    assert call("model", "export", "runs/run", "new.nlacm").exit_code == 0
    assert call("model", "export", "runs/run", "new.nlacm").exit_code == 5
    assert call("model", "verify", "new.nlacm").exit_code == 0
    card = json.loads(call("model", "info", "--json", "new.nlacm").stdout)["card"]
    assert card["licence"] == "CC BY-NC-SA 4.0"
    # without a corpus: other recordings, or the built-in set
    (corpus / "MANIFEST.tsv").unlink()
    quick = ["--set", "steps=1", "--set", "pool=1", "--set", "categories=[speech]"]
    for data in ("corpus", "synthetic"):
        done = call("train", "run.yaml", "--data", data, "-o", f"runs/{data}", *quick)
        assert done.exit_code == 0, done.stderr
    assert call("train", tiny).exit_code == 0
    done = call("model", "export", "runs/tiny", "no.nlacm")
    assert done.exit_code == 2
    assert "recipe" in done.stderr


def test_runs(call: Call, tiny: Path):
    done = call("runs", "list")
    assert done.exit_code == 2
    assert "runs: no such folder" in done.stderr
    for width in (8, 16):
        done = call("train", tiny, "-o", f"runs/w{width}", "--set", f"model.width={width}")
        assert done.exit_code == 0
    lines = call("runs", "list").stdout.splitlines()
    assert lines[0].split()[:4] == ["run", "recipe", "state", "step"]
    assert sorted(line.split()[:4] for line in lines[1:]) == [
        [str(Path("runs") / name), "tiny", "finished", "4"] for name in ("w16", "w8")
    ]
    listed = call("runs", "list", "runs", "--json", "--sort", "run").stdout.splitlines()
    rows = [json.loads(line) for line in listed]
    results = json.loads(Path("runs/w8/results/metrics.json").read_text())["results"]
    assert rows[1]["best"] == results["loss"]
    shown = call("runs", "show", "runs/w8").stdout
    for part in ("CC0-1.0", "checkpoints/best.safetensors", "width", "finished"):
        assert part in shown
    facts = json.loads(call("runs", "show", "runs/w16", "--json").stdout)
    assert facts["config"]["model"]["width"] == 16
    table = json.loads(call("runs", "compare", "runs/w8", "runs/w16", "--json").stdout)
    assert table["model.width"] == {"runs/w8": 8, "runs/w16": 16}
    assert "model.order" not in table
    assert "results.loss" in table
    assert "model.width" in call("runs", "compare", "runs").stdout
    assert call("runs", "compare", "runs/w8").exit_code == 2
    assert call("runs", "list", ".", "--sort", "best").exit_code == 0


def test_runs_are_plotted(call: Call, tiny: Path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert call("train", tiny).exit_code == 0
    assert call("runs", "plot", "-o", "a.png").exit_code == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert call("runs", "plot", "-o", "a.png").exit_code == 5
    assert call("runs", "plot", "-o", "a.svg", "--figure", "absolute").exit_code == 0
    assert Path("a.svg").read_text().startswith("<?xml")
    done = call("runs", "plot", "-o", "b.png", "--figure", "none")
    assert done.exit_code == 2
    assert "no figure none in these runs; there are absolute, loss" in done.stderr


def test_runs_need_no_torch(process: Callable, tiny: Path, call: Call):
    assert call("train", tiny).exit_code == 0
    (Path("torch.py")).write_text("raise ImportError('torch was imported')\n")
    for words in (["list"], ["show"], ["list", "--json"]):
        done = process("runs", *words)
        assert done.returncode == 0, done.stderr


def test_tune(call: Call, tiny: Path):
    pytest.importorskip("optuna", reason="Optuna is not installed")
    assert "tune: is missing" in call("tune", tiny).stderr
    tiny.write_text(
        tiny.read_text() + "tune: {space: {train.rate: {from: 1e-3, to: 1e-1, log: true}}}\n"
    )
    done = call("tune", tiny, "--trials", "3")
    assert done.exit_code == 0, done.stderr
    for part in ("3 trials to do, 1 at a time", "trial 2: train.rate=", "best: trial "):
        assert part in done.stdout
    assert "what mattered: train.rate 100 %" in done.stdout
    assert Path("tunes/tiny/importance.png").is_file()
    done = call("tune", tiny, "--trials", "4")
    assert "1 trials to do" in done.stdout
    assert call("train", "tunes/tiny/best.yaml").exit_code == 0
    assert len(call("runs", "list", "tunes").stdout.splitlines()) == 5
    assert call("tune", tiny, "--set", "train.steps=5").exit_code == 2
